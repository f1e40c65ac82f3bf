"""Sender and recipient: what holds together, what does not, and what nobody can tell."""

from __future__ import annotations

from itertools import product
from typing import Any

import polars as pl
import pytest
from factory import AS_OF, Record, fired, in_cyrillic, parcel, tables, the_engine

from riskscore.business_numbers import _SCHEMES, unsound
from riskscore.features import FEATURES, build_facts
from riskscore.goods_text import read_goods
from riskscore.normalise import normalise
from riskscore.schema import BY_PATH


def values(name: str, *parcels: Record) -> list[Any]:
    """A feature of some parcels."""
    engine = the_engine()
    typed = normalise(tables(*parcels), engine.reference, AS_OF)
    goods = read_goods(typed.items["item.description"].fill_null("").to_list(), engine.lexicon)
    return build_facts(typed, goods, engine.trade, AS_OF, frozenset({name})).parcels[name].to_list()


def two(sender: Record | None = None, recipient: Record | None = None, **more: Any) -> Record:
    return {**parcel(**more), "sender": sender or {}, "recipient": recipient or {}}


NAMED = {"name": "Lejla Vjetrić"}
GRAZ = {"country": "AT", "postcode": "8010"}
RS = {"country": "RS"}
DE_TO_BA = {"route.origin_country": "DE", "route.destination_country": "BA"}


@pytest.mark.parametrize(
    ("name", "nested", "expected"),
    [
        ("party_stop_word", two({"name": "N/A"}), True),
        ("party_stop_word", two({"name": "---"}), True),
        ("party_stop_word", two({"name": "xxxx"}), True),
        ("party_stop_word", two({"name": "хххх"}), True),  # Cyrillic
        ("party_stop_word", two({"name": "Xx"}), None),
        ("party_stop_word", two({"name": "Xx"}, NAMED), False),
        ("party_stop_word", two({"company": "Unknown Pleasures Records"}, NAMED), False),
        ("party_stop_word", two(NAMED, {"company": "Mala Munja d.o.o.", "city": "непознато"}), True),
        ("party_stop_word", two({"name": "李"}, {"name": "Ó"}), False),  # short names are names
        ("party_stop_word", two(), None),
        ("party_placeholder", two({"name": "Qwertz"}), True),
        ("party_placeholder", two({"name": "Ime Prezime"}), True),
        ("party_placeholder", two(NAMED, {**NAMED, "street": "Musterstraße 1"}), True),
        ("party_placeholder", two(NAMED, {**NAMED, "email": "asdf@asdf.com"}), True),
        ("party_placeholder", two(NAMED, {**NAMED, "email": "info@abc.net"}), False),
        ("party_placeholder", two(NAMED, {**NAMED, "email": "lejla@example.com"}), False),
        ("party_placeholder", two(NAMED, {**NAMED, "email": "not an address"}), False),
        ("party_placeholder", two({"email": "lejla@example.com"}), None),
        ("postcode_conflict", two({"country": "BA", "postcode": "710"}), True),
        ("postcode_conflict", two({"country": "BA", "postcode": "71000"}), None),  # the recipient's is unknown
        ("postcode_conflict", two({"country": "BA", "postcode": "71000"}, GRAZ), False),
        ("postcode_conflict", two({"country": "BA", "postcode": "75000", "city": "Mostar"}), True),
        ("postcode_conflict", two({"country": "VA", "postcode": "1"}, GRAZ), None),
        ("postcode_conflict", two({"country": "BA", "postcode": "n/a"}, GRAZ), None),
        ("delivery_place", two(None, {"street": "Breza 4"}), "street"),
        ("delivery_place", two(None, {"street": "BP 114"}), "po_box"),
        ("delivery_place", two(None, {"street": "Paketomat 3"}), "locker"),
        ("delivery_place", two(None, {"company": "Virtual Office 4"}), "forwarder"),
        ("delivery_place", two(None, {"company": "Mala Munja d.o.o."}), None),
        ("delivery_place", two({"street": "BP 114"}), None),  # where the sender lives is another question
        ("contact_conflict", two({"country": "DE", "phone": "+90 212 5550123"}, route__origin_country="BG"), True),
        ("contact_conflict", two({"country": "DE", "phone": "+90 212 5550123"}, route__origin_country="DE"), None),
        ("contact_conflict", two({"country": "DE", "phone": "+90 212 5550123"}, route__origin_country="TR"), None),
        ("contact_conflict", two({"country": "XK", "phone": "+381 38 555012"}, route__origin_country="AL"), None),
        ("contact_conflict", two({"country": "DE", "phone": "0212 5550123"}, route__origin_country="BG"), None),
        (
            "contact_conflict",
            two({"country": "DE", "phone": "+493055"}, {"country": "BA", "phone": "+49 30 555012"}, **DE_TO_BA),
            False,  # both live where the route begins and ends
        ),
        ("posted_far_away", two({"country": "BA", "postcode": "71000"}, route__posting_office="Mostar"), True),
        ("posted_far_away", two({"country": "BA", "postcode": "71000"}, route__posting_office="Тузла"), False),
        ("posted_far_away", two({"country": "BA", "postcode": "71000"}, route__posting_office="Hamburg"), None),
        ("posted_far_away", two({"country": "RS", "postcode": "211101"}, route__posting_office="Beograd"), None),
        ("posted_far_away", two({"country": "BA"}, route__posting_office="Mostar"), None),
        ("business_number_unsound", two({"id_number": "HR 1234 567 0001"}), True),
        ("business_number_unsound", two({"id_number": "12345670005", "country": "HR"}), None),
        ("business_number_unsound", two({"id_number": "HR12345670005"}, {"id_number": "RS100120000"}), False),
        ("business_number_unsound", two({"id_number": "HR12345670005"}, {"id_number": "100120000", **RS}), False),
        ("business_number_unsound", two({"id_number": "0101990123456", "country": "MK"}), None),  # a personal number
        ("business_number_unsound", two({"id_number": "12345670001", "country": "DE"}), None),
        ("sent_to_oneself", two({"account_id": "AC-1"}, {"account_id": "AC-1 "}), True),
        ("sent_to_oneself", two({"account_id": "AC-1"}, {"account_id": "AC-2"}), False),
        ("sent_to_oneself", two({"phone": "+387 61 555 123"}, {"phone": "0038761555123"}), True),
        ("sent_to_oneself", two({"phone": "112"}, {"phone": "112"}), None),
        (
            "sent_to_oneself",
            two(
                {"street": "Ulica plavih lipa 4", "postcode": "71 000", "country": "BA"},
                {"street": "Улица плавих липа 4", "postcode": "71000", "country": "BA"},
            ),
            True,
        ),
        ("sent_to_oneself", two({"name": "Lejla Vjetrić"}, {"name": "Lejla Vjetrić"}), None),
        ("sent_to_oneself", two({"account_id": "AC-1"}, {"email": "a@example.org"}), None),
        ("crosses_border", parcel(**DE_TO_BA), True),
        ("crosses_border", parcel(**{**DE_TO_BA, "route.origin_country": "BA"}), False),
        ("crosses_border", parcel(route__origin_country="BA"), None),
        ("canine_suspect", parcel(screening=[{"method": "canine", "result": "suspect"}]), True),
        ("canine_suspect", parcel(screening=[{"method": "xray", "result": "suspect"}]), False),
        ("canine_suspect", parcel(), None),
        ("image_or_trace_suspect", parcel(screening=[{"result": "suspect"}]), True),  # by what is not said
        ("image_or_trace_suspect", parcel(screening=[{"method": "canine", "result": "suspect"}]), False),
    ],
)  # fmt: skip
def test_value(name: str, nested: Record, expected: Any) -> None:
    assert values(name, nested) == [expected]


FORMS = {
    "at.uid": "ATU123400{:02}",
    "be.vat": "BE01234567{:02}",
    "de.vat": "DE1234000{:02}",
    "dk.cvr": "DK123400{:02}",
    "fr.tva": "FR{:02}123456782",
    "gr.vat": "EL1234500{:02}",
    "hr.oib": "HR123456700{:02}",
    "it.iva": "IT123456700{:02}",
    "nl.btw": "NL1234500{:02}B01",
    "pl.nip": "PL12345000{:02}",
    "pt.nif": "PT1234500{:02}",
    "si.ddv": "SI123400{:02}",
    "rs.pib": "RS1001200{:02}",
    "me.pib": "ME021200{:02}",
    "mk.edb": "MK40301234500{:02}",
}


def test_every_scheme_has_a_validator_that_tells_right_from_wrong() -> None:
    """Of a hundred numbers that differ in two digits only some are sound."""
    assert FORMS.keys() == _SCHEMES.keys() - {"im"}
    for scheme, form in FORMS.items():
        numbers = [form.format(digit) for digit in range(100)]
        bad = pl.DataFrame({"n": numbers}).select(unsound(pl.col("n"), pl.lit(None, pl.String))).to_series().to_list()
        assert set(bad) == {True, False}, scheme


@pytest.mark.parametrize(
    ("number", "bad"), [("IM1234567890", False), ("IM123456789", True), ("IM12345678901", True), ("IM12", None)]
)
def test_an_ioss_number_has_ten_digits(number: str, bad: bool | None) -> None:
    assert pl.DataFrame({"n": [number]}).select(unsound(pl.col("n"), pl.lit("CN"))).item() is bad


def test_a_short_name_a_single_name_and_any_script_are_names() -> None:
    names = [
        "Li",
        "李四",
        "O",
        "Σοφία",
        "محمد",
        "Suharto",
        "Nguyễn Văn A",
        "Ђорђе",
        "A. B.",
        "Max Mustermann",
        "John Doe",
    ]
    pairs = [two({"name": a}, {"name": b}) for a, b in product(names, names)]
    for feature in ("party_stop_word", "party_placeholder"):
        assert not any(values(feature, *pairs)), feature


def test_the_words_count_in_both_scripts() -> None:
    for word in ("isto kao gore", "nepoznato", "bez adrese", "ime i prezime", "vaša adresa"):
        assert fired(two({"name": word}, NAMED)) == fired(two({"name": in_cyrillic(word)}, NAMED)) != set()


def test_a_file_without_parties_says_nothing() -> None:
    """Names that were removed to protect people are no absence of the sender's making."""
    for procedure in ("F43", "H7", "H1"):
        assert "SR-01" not in fired(parcel("Shoes", procedure=procedure, declaration_form="CN23"))


def test_no_party_feature_reads_a_name_but_to_see_whether_it_is_one() -> None:
    reading = {
        f.name
        for f in FEATURES.values()
        if {
            r.rpartition(".")[2]
            for r in f.reads
            if r in BY_PATH and r.split(".")[0] in ("sender", "recipient", "payer")
        }
        & {"name", "company"}
    }
    assert reading == {"lone_words", "party_stop_word", "party_placeholder", "delivery_place"}
