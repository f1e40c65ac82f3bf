"""The reference tables: what they say, and what is wrong with a bad one."""

from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path

import pytest

from riskscore.errors import SopError
from riskscore.keys import fold_key
from riskscore.places import default_sops
from riskscore.reference import TABLES, Reference, load_reference


@pytest.fixture(scope="module")
def reference() -> Reference:
    return load_reference(default_sops())


@pytest.fixture
def sops(tmp_path: Path) -> Path:
    """A copy of the tables that a test may spoil."""
    shutil.copytree(default_sops() / "tables", tmp_path / "tables")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("BiH", "BA"),
        ("bih", "BA"),
        ("Bosna i Hercegovina", "BA"),
        ("Босна и Херцеговина", "BA"),
        ("Bosnia & Herzegovina", "BA"),
        ("Bosnia and Herzegovina", "BA"),
        ("Njemačka", "DE"),
        ("Nemačka", "DE"),
        ("NEMACKA", "DE"),
        ("Немачка", "DE"),
        ("Deutschland", "DE"),
        ("DEU", "DE"),
        ("de", "DE"),
        ("Almanya", "DE"),
        ("UK", "GB"),
        ("Engleska", "GB"),
        ("SAD", "US"),
        ("USA", "US"),
        ("U.S.A.", "US"),
        ("Türkiye", "TR"),
        ("Turska", "TR"),
        ("Makedonija", "MK"),
        ("Северна Македонија", "MK"),
        ("Kosovo", "XK"),
        ("Kosova", "XK"),
        ("XKX", "XK"),
        ("Ελλάδα", "GR"),
        ("Magyarország", "HU"),
        ("Россия", "RU"),
        ("Czech Republic", "CZ"),
        ("Hong Kong", "HK"),
        ("Côte d'Ivoire", "CI"),
    ],
)
def test_countries_are_found_as_people_write_them(reference: Reference, name: str, code: str) -> None:
    assert reference.countries[fold_key(name)] == code


@pytest.mark.parametrize("name", ["Republika Srpska", "Kongo", "Sveti Martin", "Bavaria", ""])
def test_regions_and_shared_names_are_no_country(reference: Reference, name: str) -> None:
    assert fold_key(name) not in reference.countries


def test_country_codes_are_iso_and_kosovo(reference: Reference) -> None:
    assert len(reference.country_codes) == 250
    assert {"BA", "RS", "ME", "MK", "XK"} <= reference.country_codes
    assert not {"UK", "EU", "YU", "AN", "ZZ"} & reference.country_codes
    assert set(reference.countries.values()) == reference.country_codes
    assert all(reference.countries[code.lower()] == code for code in reference.country_codes)


def test_currencies_hold_the_region_and_two_that_are_gone(reference: Reference) -> None:
    assert {"EUR", "BAM", "RSD", "MKD", "ALL", "TRY", "USD", "HRK", "DEM", "BGN"} <= reference.currencies
    assert "EURO" not in reference.currencies


def test_the_tariff_covers_arms_and_explosives_at_six_digits(reference: Reference) -> None:
    with (default_sops() / "tables" / "hs2022.csv").open(encoding="utf-8") as file:
        codes = {row["code"] for row in csv.DictReader(file)}
    prefixes = set(reference.tariff["prefix"])
    assert {code for code in codes if code[:2] == "93"} <= prefixes
    assert {code for code in codes if code[:4] in ("3601", "3602", "3603", "3604")} <= prefixes
    withdrawn = {"930610"}
    assert {prefix for prefix in prefixes if prefix[:6] not in codes and prefix[:4] not in codes} <= withdrawn


def test_a_lane_can_be_free_at_origin_and_licensed_at_destination(reference: Reference) -> None:
    need = {
        (row["jurisdiction"], row["goods_class"], row["direction"]): row["licence_needed"]
        for row in reference.licences.iter_rows(named=True)
    }
    assert need["DE", "alarm", "export"] == "no"
    assert need["BA", "alarm", "import"] == "yes"
    assert ("HR", "alarm", "import") not in need  # nobody has read that law: unknown, not free


def test_what_needs_a_licence_names_who_grants_it(reference: Reference) -> None:
    rows = list(reference.licences.iter_rows(named=True))
    assert [row for row in rows if row["licence_needed"] == "yes" and not row["authority"]] == []
    assert [row for row in rows if "general knowledge; " in row["source"] and row["confidence"] == "high"] == []


@pytest.mark.parametrize("name", TABLES)
def test_no_table_carries_marks_of_other_documents(name: str) -> None:
    text = (default_sops() / "tables" / f"{name}.csv").read_text("utf-8")
    assert not re.search(r"\[(?:F\d+|K|unsure|proposal)", text)


@pytest.mark.parametrize(
    ("table", "spoil", "fault"),
    [
        ("tariff", ("firearm_part,part", "firearm_parts,part"), "hs_class is none of"),
        ("licences", (",high,", ",certain,"), "confidence is none of high, medium, low"),
        ("density", (",0.5,", ",0,"), "max_kg_per_litre does not read as it should"),
        ("hs2022", ("930200,WCO HS 2022,2022-01-01", "930200,,2022-01-01"), "source is empty"),
        ("countries", ("2025-03-13", "March"), "date does not read as it should"),
        ("exchange_rates", ("USD,1.0389,2024-12-31", "USD,1.0389,2023-12-29"), "stand there twice"),
        ("exchange_rates", ("USD,1.0389", "QQQ,1.0389"), "QQQ is not in currencies.csv"),
        ("units", ("adet,pieces", "adet,kg,tr,x,2026-01-01\nadet,pieces"), "'adet' stands for more than one class"),
        ("currencies", ("code,name", "iso,name"), "column code is missing"),
    ],
)
def test_a_spoilt_table_is_refused_with_the_reason(sops: Path, table: str, spoil: tuple[str, str], fault: str) -> None:
    path = sops / "tables" / f"{table}.csv"
    text = path.read_text("utf-8")
    assert spoil[0] in text
    path.write_text(text.replace(*spoil, 1), "utf-8")
    with pytest.raises(SopError, match=f"{table}.csv: .*{re.escape(fault)}"):
        load_reference(sops)


def test_all_faults_are_told_at_once_with_their_lines(sops: Path) -> None:
    (sops / "tables" / "density.csv").unlink()
    path = sops / "tables" / "licences.csv"
    lines = path.read_text("utf-8").splitlines()
    lines[4] = lines[4].replace(",yes,", ",maybe,")
    path.write_text("\n".join(lines), "utf-8")
    with pytest.raises(SopError) as error:
        load_reference(sops)
    assert [fault for fault in error.value.faults if fault.startswith("tables/density.csv: cannot be read")]
    assert "tables/licences.csv: line 5: licence_needed is none of yes, no" in error.value.faults
