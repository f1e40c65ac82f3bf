"""Postcodes, calling codes and party words: what the tables say, and what is wrong with a bad one."""

from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path

import polars as pl
import pytest
from factory import ROOT, the_engine

from riskscore.address_rules import MEANINGS, TABLES, AddressRules, compact, digits_abroad, load_address_rules
from riskscore.errors import SopError
from riskscore.keys import fold_key
from riskscore.reference import load_reference


@pytest.fixture(scope="module")
def rules() -> AddressRules:
    return the_engine().reference.addresses


@pytest.fixture
def sops(tmp_path: Path) -> Path:
    """A copy of the tables that a test may spoil."""
    shutil.copytree(ROOT / "sops" / "tables", tmp_path / "tables")
    return tmp_path


def rows(name: str) -> list[dict[str, str]]:
    with (ROOT / "sops" / "tables" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def formed(rules: AddressRules, country: str, postcode: str) -> bool | None:
    typed = pl.DataFrame({"postcode": [postcode]}).select(compact(pl.col("postcode"))).item()
    return None if typed is None else re.fullmatch(rules.postcode[country], typed) is not None


@pytest.mark.parametrize(
    ("country", "postcode"),
    [
        ("BA", "71000"),
        ("BA", "BA-71 000"),
        ("DE", "01067"),
        ("DE", "1067"),  # a spreadsheet dropped the zero
        ("DE", "D-10115"),
        ("AT", "1010"),
        ("CH", "CH-8001"),
        ("NL", "3011 AA"),
        ("NL", "3011"),
        ("GB", "LS1 4AP"),
        ("GB", "SW1A 1AA"),
        ("GB", "sw1a"),
        ("SE", "111 20"),
        ("PL", "31-001"),
        ("US", "60601-1234"),
        ("RS", "11000"),
        ("RS", "111101"),
        ("CN", "518000"),
        ("XK", "10000"),
    ],
)
def test_a_postcode_has_the_form_of_its_country(rules: AddressRules, country: str, postcode: str) -> None:
    assert formed(rules, country, postcode)


@pytest.mark.parametrize(
    ("country", "postcode"),
    [
        ("BA", "7100"),
        ("BA", "710000"),
        ("AT", "10115"),
        ("CN", "51800"),
        ("GB", "12345"),
        ("NL", "301 AA"),
        ("SI", "10000"),
    ],
)
def test_another_form_is_seen(rules: AddressRules, country: str, postcode: str) -> None:
    assert formed(rules, country, postcode) is False


@pytest.mark.parametrize("typed", ["n/a", "-", "", "ВАРШАВА"])
def test_what_has_no_digit_is_no_postcode(rules: AddressRules, typed: str) -> None:
    assert formed(rules, "BA", typed) is None


@pytest.mark.parametrize(
    ("phone", "digits"),
    [
        ("+387 61 555 123", "38761555123"),
        ("00387/61-555-123", "38761555123"),
        ("+49 (0)30 23125 123", "4903023125123"),
        ("061 555 123", None),
        ("555123", None),
        ("+", None),
        ("call me", None),
    ],
)
def test_only_a_number_in_international_form_tells_its_country(phone: str, digits: str | None) -> None:
    assert pl.DataFrame({"phone": [phone]}).select(digits_abroad(pl.col("phone"))).item() == digits


def test_no_calling_code_begins_another_one(rules: AddressRules) -> None:
    """Else the shorter one would be read for the longer one."""
    codes = {call.split("|")[1] for call in rules.calls}
    assert not [(a, b) for a in codes for b in codes if a != b and b.startswith(a)]


def test_the_countries_of_the_region_and_its_neighbours_are_known(rules: AddressRules) -> None:
    assert {"BA", "RS", "ME", "HR", "SI", "MK", "XK", "AL", "DE", "AT", "CH", "TR", "CN", "US"} <= set(rules.postcode)
    assert len(rules.postcode) >= 45
    assert set(rules.postcode) == rules.called
    assert set(rules.postcode) <= the_engine().reference.country_codes


def test_a_word_is_found_in_both_scripts(rules: AddressRules) -> None:
    for word in ("nepoznato", "непознато", "Isto kao gore", "Исто као горе", "N/A", "wie oben", "Bilinmiyor"):
        assert fold_key(word) in rules.whole["stop"]
    for address in ("Поштански претинац 7", "Postanski pretinac 7", "p.p. 12", "п. п. 12", "P.O.Box 5", "PO BOX12"):
        assert re.search(rules.within["po_box"], fold_key(address)), address


@pytest.mark.parametrize(
    "street", ["Postgasse 8", "Boxberger Weg 3", "Pretinačka 5", "Ulica PP brigade", "Lockerbie Road 4"]
)
def test_streets_are_no_boxes(rules: AddressRules, street: str) -> None:
    assert not [m for m, pattern in rules.within.items() if re.search(pattern, fold_key(street))]


def test_the_words_are_of_many_languages_and_no_name_is_among_them() -> None:
    words = rows("party_words")
    assert {row["meaning"] for row in words} == set(MEANINGS)
    assert len({row["language"] for row in words}) > 12
    people = ("Max Mustermann", "John Doe", "Petar Petrović", "Mustafa", "Ana")
    assert not {fold_key(row["word"]) for row in words} & {fold_key(name) for name in people}


@pytest.mark.parametrize(
    ("table", "spoil", "fault"),
    [
        ("postcodes", (r"BA,,\d{5},387", r"BA,,\d{5},"), "line 2: calling_codes is empty"),
        ("postcodes", (r"BA,,\d{5},387", r"BA,,(\d{5},387"), "line 2: form is no regular expression"),
        ("postcodes", (r"BA,,\d{5},387", r"Bosnia,,\d{5},387"), "line 2: country does not read as it should"),
        ("postcodes", (r"BA,Sarajevo,71", r"BA,Sarajevo,[7]1"), "the form of a town begins with its first digit"),
        ("postcodes", (r"BA,Sarajevo,", r"QQ,Sarajevo,"), "QQ has a town but no row of its own"),
        ("postcodes", (r"BA,Mostar,", "BA,SARAJEVO,"), "SARAJEVO stands there twice"),
        ("party_words", ("n/a,stop", "!?,stop"), "'!?' has neither letter nor digit"),
        ("party_words", ("n/a,stop", "n/a #,stop"), "a number can follow only a word inside an address"),
        ("party_words", ("n/a,stop", "asdf,stop"), "means placeholder here and stop above"),
        ("party_words", ("n/a,stop", "n/a,halt"), "meaning is none of"),
    ],
)
def test_a_spoilt_table_is_refused_with_the_reason(sops: Path, table: str, spoil: tuple[str, str], fault: str) -> None:
    path = sops / "tables" / f"{table}.csv"
    text = path.read_text("utf-8")
    assert spoil[0] in text
    path.write_text(text.replace(*spoil, 1), "utf-8")
    none, faults = load_address_rules(sops)
    assert none is None
    assert [f for f in faults if f.startswith(f"tables/{table}.csv: ") and fault in f], faults


def test_the_faults_of_these_tables_are_told_with_all_others(sops: Path) -> None:
    for name in TABLES:
        (sops / "tables" / f"{name}.csv").unlink()
    (sops / "tables" / "density.csv").unlink()
    with pytest.raises(SopError) as error:
        load_reference(sops)
    for name in (*TABLES, "density"):
        assert [f for f in error.value.faults if f.startswith(f"tables/{name}.csv: cannot be read")], name
