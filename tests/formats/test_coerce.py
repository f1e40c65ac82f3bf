"""Values are read generously; what cannot be read is unknown, reported, and listed on its parcel."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from manifests import read_text

from riskscore.schema import BY_PATH, FIELDS


def one(folder: Path, path: str, raw: str) -> tuple[Any, list[str]]:
    """Read one value of one field; returns it and the paths that could not be read."""
    escaped = raw.replace('"', '""')
    result = read_text(folder, f'parcel_id;{path}\nP1;"{escaped}"\n')
    values = result.column(path)
    assert [p["field"].split("[")[0] for p in result.problems] == [path] * len(result.problems)
    return (values[0] if values else None), result.column("unreadable")[0]


@pytest.mark.parametrize(
    ("path", "raw", "value"),
    [
        ("channel", " POSTAL ", "postal"),
        ("stage", "pre loading", "pre_loading"),
        ("stage", "Pre-Arrival", "pre_arrival"),
        ("declaration_form", "cn22", "CN22"),
        ("declaration_form", "none", "none"),
        ("procedure", "h7", "H7"),
        ("sender.country", "Njemačka", "DE"),
        ("sender.country", "BOSNA  I HERCEGOVINA", "BA"),
        ("sender.country", "de", "DE"),
        ("sender.country", "XK", "XK"),
        ("currency", "eur", "EUR"),
        ("currency", "KM", "BAM"),
        ("currency", "€", "EUR"),
        ("currency", "$", "USD"),
        ("currency", "£", "GBP"),
        ("item.hs_code", " 9303.20 ", "9303.20"),
        ("item_id", "\tRR473124829DE ", "RR473124829DE"),
        ("sender.email", " ana@example.com", "ana@example.com"),
        ("sender.name", " Ana Uzorak ", " Ana Uzorak "),
        ("sender.name", "None", "None"),
        ("sender.name", "-", "-"),
        ("item.description", " kožna  torba\t", " kožna  torba\t"),
        ("item.description", "n/a", "n/a"),
        ("item.description", "?", "?"),
        ("route.transit_countries", "DE| Njemačka |rs", ["DE", "DE", "RS"]),
        ("handling_codes", " ELI |EAP||", ["ELI", "EAP"]),
        ("observations", "Retaped|two labels", ["retaped", "two_labels"]),
        ("item.marks", "ptb", ["ptb"]),
    ],
)
def test_readable(tmp_path: Path, path: str, raw: str, value: Any) -> None:
    assert one(tmp_path, path, raw) == (value, [])


@pytest.mark.parametrize(
    ("path", "raw", "value"),
    [
        ("channel", "pigeon", None),
        ("sender.country", "Atlantis", None),
        ("sender.country", "ZZ", None),
        ("currency", "EURO", None),
        ("currency", "12", None),
        ("route.transit_countries", "DE|Atlantis", ["DE"]),
        ("observations", "nervous", None),
        ("documents", "licence 12", None),
        ("documents", "5", None),
        ("item.quantity", "many", None),
    ],
)
def test_unreadable(tmp_path: Path, path: str, raw: str, value: Any) -> None:
    assert one(tmp_path, path, raw) == (value, [path])


@pytest.mark.parametrize(
    "word", ["", " ", "n/a", "N/A", "null", "NULL", "None", "nan", "NaN", "-", "--", "?", " null "]
)
@pytest.mark.parametrize("path", [f.path for f in FIELDS if f.path in (
    "sender.city", "sender.country", "channel", "declared_at", "total_value", "booking.redirects", "currency",
    "route.transit_countries", "documents", "booking.account_opened_on", "item.hs_code", "item.value")])  # fmt: skip
def test_missing_words_are_missing_and_no_fault(tmp_path: Path, path: str, word: str) -> None:
    assert one(tmp_path, path, word) == (None, [])


def test_only_blanks_are_missing_where_people_write_freely(tmp_path: Path) -> None:
    result = read_text(tmp_path, "parcel_id;description;sender.name\nP1;  ;\nP2;null;none\n")
    assert result.column("item.description") == ["null"]
    assert result.column("sender.name") == [None, "none"]


def test_documents_are_json_text(tmp_path: Path) -> None:
    text = (
        '[{"type": "Licence", "number": 12.50, "issuer_country": "Njemačka", "quantity": "2,5", '
        '"valid_from": "05.01.2026", "verification": {"status": "CONFIRMED", "at": "2026-01-05T10:00:00Z"}}, '
        '{"type": "other", "verification.by": "Ana Uzorak"}]'
    )
    value, unreadable = one(tmp_path, "documents", text)
    assert unreadable == []
    assert value[0] == {
        "type": "licence",
        "number": "12.50",
        "issuer_country": "DE",
        "holder": None,
        "goods_class": None,
        "quantity": 2.5,
        "valid_from": date(2026, 1, 5),
        "valid_to": None,
        "verification.status": "confirmed",
        "verification.by": None,
        "verification.at": datetime(2026, 1, 5, 10, tzinfo=UTC),
    }
    assert (value[1]["type"], value[1]["verification.by"]) == ("other", "Ana Uzorak")


def test_one_document_needs_no_list_and_an_empty_list_is_one(tmp_path: Path) -> None:
    assert one(tmp_path, "screening", '{"method": "xray", "result": "clear"}')[0] == [
        {"method": "xray", "result": "clear", "at": None, "reference": None}
    ]
    assert one(tmp_path, "screening", "[]") == ([], [])


def test_faults_inside_documents_name_their_place(tmp_path: Path) -> None:
    text = '[{"type": "licence"}, 7, {"type": "paper", "number": [true], "valid_to": "never", "colour": "red"}]'
    escaped = text.replace('"', '""')
    result = read_text(tmp_path, f'parcel_id;documents\nP1;"{escaped}"\nP2;\n')
    assert [(p["field"], p["raw"]) for p in sorted(result.problems, key=lambda p: p["field"])] == [
        ("documents[1]", "7"),
        ("documents[2].number", "[true]"),
        ("documents[2].type", "paper"),
        ("documents[2].valid_to", "never"),
    ]
    assert result.column("unreadable") == [["documents"], []]
    assert [d["type"] for d in result.column("documents")[0]] == ["licence", None]
    assert "unknown key documents.colour ignored" in result.notes


def test_deeply_nested_json_text_is_unreadable_and_no_crash(tmp_path: Path) -> None:
    assert one(tmp_path, "documents", "[" * 100_000) == (None, ["documents"])


def test_an_unreadable_value_never_costs_the_parcel(tmp_path: Path) -> None:
    closed = [f.path for f in FIELDS if f.kind not in ("text", "list") and not f.of_item]
    result = read_text(tmp_path, f"parcel_id;{';'.join(closed)}\nP1" + ";\x01!" * len(closed) + "\n")
    assert result.ids == ["P1"]
    assert result.column("unreadable") == [closed]
    assert [p["rejected"] for p in result.problems] == ["no"] * len(closed)


@given(raw=st.text(max_size=30), path=st.sampled_from([f.path for f in FIELDS if f.path != "parcel_id"]))
def test_any_text_in_any_field_leaves_a_typed_value_or_a_report(
    tmp_path_factory: pytest.TempPathFactory, raw: str, path: str
) -> None:
    raw = raw.encode("utf-8", "replace").decode().replace("\r", "").replace("\n", "")
    value, unreadable = one(tmp_path_factory.mktemp("any"), path, raw)
    if BY_PATH[path].kind == "text":
        assert unreadable == []
    elif value is None and raw.strip().lower() not in ("", "n/a", "null", "none", "nan", "-", "--", "?"):
        # A list of nothing but separators and missing words states nothing either.
        assert unreadable == [path] or BY_PATH[path].kind == "list"
