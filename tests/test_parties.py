"""How parties are understood and met again."""

from __future__ import annotations

import polars as pl
import pytest

from riskscore.parties import emails, party_keys, phones, postcodes
from riskscore.schema import parcel_schema


@pytest.mark.parametrize(
    ("number", "country", "read"),
    [
        ("061 123 456", "BA", "+38761123456"),
        ("+387 61/123-456", None, "+38761123456"),
        ("00387 61 123 456", None, "+38761123456"),
        ("0038761123456", "DE", "+38761123456"),
        ("044 123 456", "XK", "+38344123456"),
        ("0532 123 45 67", "TR", "+905321234567"),
        ("061 123 456", None, None),
        ("061 123 456", "ZZ", None),
        ("12", "BA", None),
        ("no phone", "BA", None),
        ("", "BA", None),
        (None, "BA", None),
    ],
)
def test_phones_are_read_with_the_country_as_default(number: str | None, country: str | None, read: str | None) -> None:
    found = phones(pl.Series("sender.phone", [number], pl.String), pl.Series([country], dtype=pl.String))
    assert found.to_list() == [read]
    assert found.name == "sender.phone"


def test_the_same_digits_in_two_countries_are_two_phones_and_rows_keep_their_order() -> None:
    typed = pl.Series(["061 123 456", None, "061 123 456", "061 123 456"])
    found = phones(typed, pl.Series(["BA", "BA", "RS", "BA"]))
    assert found.to_list() == ["+38761123456", None, "+38161123456", "+38761123456"]


@pytest.mark.parametrize(
    ("address", "read"),
    [
        (" Ana.Anic@Example.COM ", "Ana.Anic@example.com"),
        ("ana+shop@mail.example.com", "ana+shop@mail.example.com"),
        ("ana@пример.example", "ana@пример.example"),
        ("ana@example", None),
        ("ana@@example.com", None),
        ("ana@-example.com", None),
        ("@example.com", None),
        ("ana anic@example.com", None),
        ("n/a", None),
        ("", None),
        ("a" * 250 + "@example.com", None),
        (None, None),
    ],
)
def test_emails_are_trimmed_and_refused_when_malformed(address: str | None, read: str | None) -> None:
    assert emails(pl.Series([address], dtype=pl.String)).to_list() == [read]


def test_postcodes_lose_blanks_and_small_letters() -> None:
    typed = pl.Series("postcode", ["71 000", " sw1a 1aa", "D-10115", "  ", None])
    assert postcodes(typed).to_list() == ["71000", "SW1A1AA", "D-10115", None, None]


def parcels(*rows: dict[str, str]) -> pl.DataFrame:
    return pl.DataFrame([{"parcel_id": f"P{i}", **row} for i, row in enumerate(rows)], schema=parcel_schema())


def test_one_person_spelt_three_ways_is_one_key() -> None:
    keys = party_keys(
        parcels(
            {"sender.name": "Đorđe Izmišljenović", "sender.postcode": "71 000", "sender.country": "BA"},
            {"sender.name": "DJORDJE IZMISLJENOVIC", "sender.postcode": "71000"},
            {"sender.name": "Ђорђе Измишљеновић", "sender.postcode": "71000 "},
            {"sender.name": "Đorđe Izmišljenović", "sender.postcode": "78000"},
        ),
        "sender",
    )
    assert keys["name"].to_list() == ["djordje izmisljenovic|71000"] * 3 + ["djordje izmisljenovic|78000"]


def test_keys_hold_what_the_declaration_says_and_no_more() -> None:
    full = {
        "recipient.name": " ",
        "recipient.company": "Primjer d.o.o.",
        "recipient.street": "Izmišljena ul. 5",
        "recipient.city": "Sarajevo",
        "recipient.postcode": "71000",
        "recipient.country": "BA",
        "recipient.phone": "061/123-456",
        "recipient.email": "Info@Example.com",
        "recipient.account_id": " K-77 ",
    }
    without_postcode = {**full, "recipient.postcode": ""}
    keys = party_keys(parcels(full, without_postcode, {"recipient.street": "Izmišljena ul. 5"}, {}), "recipient")
    assert keys.row(0, named=True) == {
        "name": "primjer d o o|71000",
        "phone": "+38761123456",
        "email": "info@example.com",
        "address": "izmisljena ul 5|71000",
        "account": "K-77",
    }
    assert keys["name"].to_list()[1:] == [None, None, None]
    assert keys["address"].to_list()[1:] == ["izmisljena ul 5|sarajevo", None, None]
    assert keys.row(3) == (None, None, None, None, None)


def test_the_parties_of_no_parcels_are_none() -> None:
    assert party_keys(parcels(), "payer").height == 0
