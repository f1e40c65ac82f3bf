"""The example manifests: what is committed is what the generator makes, the same in every format."""

from __future__ import annotations

import csv
import importlib
import json
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from riskscore.schema import BY_PATH, csv_header

EXAMPLES = Path(__file__).parents[1] / "examples"
NUMBERS = {"number", "integer"}
FROM_TEXT: dict[str, Callable[[str], Any]] = {
    "date": date.fromisoformat,
    "records": json.loads,
    "list": lambda text: text.split("|"),
}
WRONG_CHECK_DIGITS = 4  # honest slips among the ordinary parcels


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the generator writes now."""
    before = list(sys.path)
    sys.path.insert(0, str(EXAMPLES))
    try:
        generator = importlib.import_module("make_examples")
        folder = tmp_path_factory.mktemp("examples")
        generator.write_all(folder, *generator.make())
        again = generator.make()
    finally:
        sys.path[:] = before
    assert again == generator.make(), "the generator must not remember its last run"
    return folder


def plain(path: str, value: Any) -> Any:
    """One cell as a number, a time, a date, a parsed record or text, whatever file it was read from."""
    if value is None or value == "":
        return None
    kind = BY_PATH[path].kind
    if kind in NUMBERS:
        return float(value)
    if kind == "timestamp":
        time = datetime.fromisoformat(value) if isinstance(value, str) else value
        return time.replace(tzinfo=UTC)
    return FROM_TEXT[kind](value) if isinstance(value, str) and kind in FROM_TEXT else value


def plain_rows(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    cells = [{path: plain(path, value) for path, value in row.items()} for row in rows]
    return [{path: value for path, value in row.items() if value is not None} for row in cells]


def flat_members(prefix: str, record: dict[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in record.items():
        flat |= flat_members(f"{prefix}{key}.", value) if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat


@pytest.fixture(scope="module")
def csv_rows() -> list[dict[str, Any]]:
    with (EXAMPLES / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return plain_rows(list(csv.DictReader(file)))


@pytest.fixture(scope="module")
def expected() -> dict[str, dict[str, str]]:
    with (EXAMPLES / "expected.csv").open(encoding="utf-8", newline="") as file:
        return {row["parcel_id"]: row for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def courier_rows() -> list[dict[str, str]]:
    with (EXAMPLES / "courier_cp1250.csv").open(encoding="cp1250", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


@pytest.mark.parametrize(
    "name", ["manifest.csv", "manifest.jsonl", "expected.csv", "courier_cp1250.csv", "courier_map.txt"]
)
def test_committed_text_is_what_the_generator_makes(made: Path, name: str) -> None:
    assert (EXAMPLES / name).read_bytes() == (made / name).read_bytes()


def test_committed_tables_are_what_the_generator_makes(made: Path) -> None:
    assert pl.read_parquet(EXAMPLES / "manifest.parquet").equals(pl.read_parquet(made / "manifest.parquet"))
    assert read_workbook(EXAMPLES / "manifest.xlsx") == read_workbook(made / "manifest.xlsx")


def read_workbook(path: Path) -> list[dict[str, Any]]:
    return pl.read_excel(path, infer_schema_length=None).to_dicts()


def test_columns_are_ours_in_order_and_each_is_used(csv_rows: list[dict[str, Any]]) -> None:
    header = (EXAMPLES / "manifest.csv").read_text(encoding="utf-8").split("\n", 1)[0].split(",")
    assert header == [path for path in csv_header() if path in header]
    assert set(header) == {path for row in csv_rows for path in row}


def test_parquet_holds_the_same_rows(csv_rows: list[dict[str, Any]]) -> None:
    assert plain_rows(pl.read_parquet(EXAMPLES / "manifest.parquet").to_dicts()) == csv_rows


def test_workbook_holds_the_same_rows(csv_rows: list[dict[str, Any]]) -> None:
    rows = plain_rows(read_workbook(EXAMPLES / "manifest.xlsx"))
    assert rows == csv_rows
    assert any(row.get("item.hs_code", "").startswith("0") for row in rows), "leading zeros of HS codes are kept"


def test_json_lines_hold_the_same_parcels(csv_rows: list[dict[str, Any]]) -> None:
    rows = []
    for line in (EXAMPLES / "manifest.jsonl").read_text(encoding="utf-8").splitlines():
        parcel = json.loads(line)
        items = parcel.pop("items")
        rows += [{**flat_members("", parcel), **flat_members("item.", item)} for item in items]
    assert plain_rows(rows) == csv_rows


def test_rows_of_one_parcel_agree_and_add_up(csv_rows: list[dict[str, Any]]) -> None:
    parcels: dict[str, list[dict[str, Any]]] = {}
    for row in csv_rows:
        parcels.setdefault(row["parcel_id"], []).append(row)
    assert len(parcels) == 600
    assert {1, 2, 3, 4, 5} == {len(rows) for rows in parcels.values()}
    for rows in parcels.values():
        heads = [{path: value for path, value in row.items() if not path.startswith("item.")} for row in rows]
        assert all(head == heads[0] for head in heads)
        assert [row["item.seq"] for row in rows] == [*range(1, len(rows) + 1)]
        assert sum(row["item.value"] for row in rows) == pytest.approx(heads[0]["total_value"], abs=0.005)
        assert 0.5 <= sum(row["item.net_mass_kg"] for row in rows) / heads[0]["gross_mass_kg"] < 1


def test_week_and_identifiers(csv_rows: list[dict[str, Any]]) -> None:
    ids = [row["parcel_id"] for row in csv_rows if row["item.seq"] == 1]
    assert ids == [f"BX-2026-{number:06d}" for number in range(1, 601)]
    for row in csv_rows:
        assert datetime(2026, 11, 9, tzinfo=UTC) <= row["declared_at"] < datetime(2026, 11, 16, tzinfo=UTC)
        assert row["decide_by"] > row["declared_at"]
        assert ("item_id" in row) == (row["channel"] == "postal")


def test_s10_check_digits_hold_but_for_a_few_ordinary_parcels(
    csv_rows: list[dict[str, Any]], expected: dict[str, dict[str, str]]
) -> None:
    s10 = {row["parcel_id"]: row["item_id"] for row in csv_rows if "item_id" in row}
    assert len(set(s10.values())) == len(s10)
    wrong = [parcel_id for parcel_id, identifier in s10.items() if not check_digit_holds(identifier)]
    assert len(wrong) == WRONG_CHECK_DIGITS
    assert {expected[parcel_id]["why"] for parcel_id in wrong} == {"ordinary goods"}


def check_digit_holds(identifier: str) -> bool:
    weighted = sum(int(d) * w for d, w in zip(identifier[2:10], (8, 6, 4, 2, 3, 5, 9, 7), strict=True))
    return {10: 0, 11: 5}.get(11 - weighted % 11, 11 - weighted % 11) == int(identifier[10])


def test_check_digit_rule_itself() -> None:
    """Worked examples of the S10 standard: an ordinary one and both special cases."""
    assert all(check_digit_holds(s10) for s10 in ("RR473124829DE", "RR100000140DE", "RR100000025DE"))
    assert not check_digit_holds("RR473124828DE")


def test_expected_lists_every_parcel_once(csv_rows: list[dict[str, Any]], expected: dict[str, dict[str, str]]) -> None:
    assert list(expected) == list(dict.fromkeys(row["parcel_id"] for row in csv_rows))
    lines = (EXAMPLES / "expected.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(expected) + 1
    counts = pl.Series([row["expected"] for row in expected.values()]).value_counts().rows()
    assert dict(counts) == {"flag": 14, "clear": 586}


def test_readme_tables_name_each_parcel_that_is_not_ordinary(
    csv_rows: list[dict[str, Any]], expected: dict[str, dict[str, str]]
) -> None:
    readme = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    told = {line.split(" | ")[0].removeprefix("| "): line for line in readme.splitlines() if line.startswith("| BX-")}
    special = {key: row for key, row in expected.items() if row["why"] != "ordinary goods"}
    assert set(told) == set(special)
    assert all(row["why"] in told[key] for key, row in special.items())
    for row in csv_rows:
        assert row["parcel_id"] not in told or row["item.description"] in told[row["parcel_id"]]


def test_people_are_reachable_only_at_example_addresses(csv_rows: list[dict[str, Any]]) -> None:
    emails = {row[path] for row in csv_rows for path in ("sender.email", "recipient.email") if path in row}
    assert emails
    assert {email.split("@")[1] for email in emails} == {"example.com", "example.org"}


def test_no_two_parties_share_a_telephone_number(csv_rows: list[dict[str, Any]]) -> None:
    owners: dict[str, set[str]] = {}
    for row in csv_rows:
        for role in ("sender", "recipient"):
            if f"{role}.phone" in row:
                owners.setdefault(row[f"{role}.phone"], set()).add(row[f"{role}.name"])
    assert all(len(names) == 1 for names in owners.values())


def test_courier_file_is_as_couriers_write_them(courier_rows: list[dict[str, str]]) -> None:
    raw = (EXAMPLES / "courier_cp1250.csv").read_bytes()
    assert raw.count(b"\n") == raw.count(b"\r\n") == len(courier_rows) + 1
    with pytest.raises(UnicodeDecodeError):
        raw.decode("utf-8")
    assert {"Njemačka", "Kina"} <= {row["DRZAVA_POSILJAOCA"] for row in courier_rows}
    assert all("," in row["BRUTO_KG"] and "." not in row["BRUTO_KG"] for row in courier_rows)


def test_courier_file_tells_the_same_about_its_parcels(
    csv_rows: list[dict[str, Any]], courier_rows: list[dict[str, str]], expected: dict[str, dict[str, str]]
) -> None:
    ours = {(row["parcel_id"], row["item.seq"]): row for row in csv_rows}
    for row in courier_rows:
        same = ours[row["BROJ_POSILJKE"], float(row["REDNI_BROJ"])]
        assert row["OPIS_ROBE"] == same["item.description"]
        assert row["TARIFNI_BROJ"].replace(" ", "") == same.get("item.hs_code", "").replace(".", "")
        assert float(row["BRUTO_KG"].replace(",", ".")) == same["gross_mass_kg"]
        assert float(row["VRIJEDNOST"].replace(",", ".")) == same["item.value"]
        declared_at = datetime.strptime(row["DATUM_PRIJEMA"], "%d.%m.%Y %H:%M").replace(tzinfo=UTC)
        assert declared_at == same["declared_at"]
    ids = {row["BROJ_POSILJKE"] for row in courier_rows}
    assert len(courier_rows) == sum(row["parcel_id"] in ids for row in csv_rows), "no item is lost"
    assert 100 <= len(ids) <= 140
    assert sum(expected[parcel_id]["expected"] == "flag" for parcel_id in ids) >= 5


def test_courier_map_names_our_fields_and_its_columns(courier_rows: list[dict[str, str]]) -> None:
    lines = (EXAMPLES / "courier_map.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line for line in lines if not line.startswith("#")]
    mapping = dict(pair.split("=") for pair in pairs)
    assert set(mapping) <= set(csv_header())
    assert set(courier_rows[0]) - set(mapping.values()) == {"SALTER"}
    readme = (EXAMPLES / "README.md").read_text(encoding="utf-8").splitlines()
    assert f"--map {','.join(pairs)}" in readme
