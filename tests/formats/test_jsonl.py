"""JSON Lines, one parcel per line: a wrong type is reported and never costs the parcel."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from manifests import FEWER, Read, read, read_text, same, save

from riskscore.errors import ManifestError
from riskscore.formats import jsonl
from riskscore.schema import MAX_ITEMS, tables_from_records


def lines(folder: Path, *records: Any, **options: Any) -> Read:
    text = "".join((r if isinstance(r, str) else json.dumps(r, ensure_ascii=False)) + "\n" for r in records)
    return read_text(folder, text, "manifest.jsonl", **options)


def test_a_nested_parcel(tmp_path: Path) -> None:
    result = lines(
        tmp_path,
        {
            "parcel_id": "P1",
            "sender": {"name": "Ana Uzorak", "country": "Njemačka"},
            "dims_cm": {"length": 10, "width": "5,5", "height": 2.5},
            "route": {"transit_countries": ["DE", "rs"]},
            "declared_at": "2026-01-05T10:00:00Z",
            "documents": [{"type": "licence", "number": "L-1", "verification": {"status": "confirmed"}}],
            "observations": [],
            "items": [
                {"seq": 2, "description": "šal", "value": "5 KM", "marks": ["ptb"]},
                {"seq": 1, "description": "čizme", "hs_code": 640340, "quantity": "2"},
            ],
        },
    )
    assert result.problems == []
    assert result.column("sender.country") == ["DE"]
    assert (result.column("dims_cm.length"), result.column("dims_cm.width")) == ([10.0], [5.5])
    assert result.column("route.transit_countries") == [["DE", "RS"]]
    assert result.column("documents")[0][0]["verification.status"] == "confirmed"
    assert result.column("observations") == [[]]
    assert result.column("handling_codes") == [None]
    assert result.items.select(
        "item_no", "item.description", "item.hs_code", "item.quantity", "item.currency"
    ).rows() == [
        (0, "čizme", "640340", 2.0, None),
        (1, "šal", None, None, "BAM"),
    ]


def test_the_same_parcel_as_over_http(tmp_path: Path) -> None:
    record = {
        "parcel_id": "P1",
        "sender": {"name": "Ana Uzorak", "country": "DE"},
        "gross_mass_kg": 1.5,
        "handling_codes": [],
        "route": {"transit_countries": ["RS"]},
        "documents": [{"type": "permit", "number": "7"}],
        "screening": [],
        "items": [{"description": "shoes", "quantity": 2.0}, {"description": "toy"}],
    }
    result = lines(tmp_path, record)
    expected = tables_from_records([record])
    assert result.parcels.equals(expected.parcels)
    assert result.items.equals(expected.items)


def test_numbers_and_texts_change_places(tmp_path: Path) -> None:
    text = (
        '{"parcel_id": 12345678901234567890123, "waybill": 17, "item_id": 1.50, "sender": {"postcode": 71000.0}, '
        '"gross_mass_kg": "1,5", "total_value": 1.234, "items": [{"hs_code": 9303.20, "value": "1,25"}]}'
    )
    result = lines(tmp_path, text)
    assert result.ids == ["12345678901234567890123"]
    assert (result.column("waybill"), result.column("item_id")) == (["17"], ["1.50"])
    assert result.column("sender.postcode") == ["71000.0"]
    assert (result.column("gross_mass_kg"), result.column("total_value")) == ([1.5], [1.234])
    assert (result.column("item.hs_code"), result.column("item.value")) == (["9303.20"], [1.25])


def test_a_json_number_is_never_taken_for_thousands(tmp_path: Path) -> None:
    result = lines(
        tmp_path, {"parcel_id": "A", "gross_mass_kg": "0,5"}, {"parcel_id": "B", "gross_mass_kg": 1.234},
        {"parcel_id": "C", "gross_mass_kg": "1.234"},
    )  # fmt: skip
    assert result.column("gross_mass_kg") == [0.5, 1.234, 1234.0]


def test_wrong_types_are_unknown_and_reported(tmp_path: Path) -> None:
    result = lines(
        tmp_path,
        '{"parcel_id": "P1", "sender": "Ana", "gross_mass_kg": true, "total_value": NaN, "postage": -Infinity, '
        '"waybill": ["W"], "channel": 5, "route": {"transit_countries": "DE|XX", "mode": {}}, "documents": 7, '
        '"handling_codes": {"a": 1}, "observations": ["retaped", 5, null, {}], "dims_cm": [1, 2], '
        '"items": [{"description": {"en": "x"}}, 5, {"value": [1]}, {"quantity": "two", "description": "ok"}, null]}',
    )
    assert result.ids == ["P1"]
    assert {p["field"] for p in result.problems} == {
        "sender",
        "gross_mass_kg",
        "total_value",
        "postage",
        "waybill",
        "channel",
        "route.transit_countries",
        "route.mode",
        "documents",
        "handling_codes",
        "observations",
        "observations[3]",
        "dims_cm",
        "items[0].description",
        "items[1]",
        "items[2].value",
        "items[3].quantity",
        "items[4]",
    }
    assert result.reasons("yes") == []
    assert result.column("observations") == [["retaped"]]
    assert result.items.select("item_no", "item.description").rows() == [(0, None), (1, None), (2, "ok")]
    unreadable = result.column("unreadable")[0]
    assert unreadable == sorted(unreadable, key=unreadable.index)
    assert {"sender.name", "item.description", "item.value", "item.quantity", "dims_cm.length"} <= set(unreadable)
    assert all("[" not in path for path in unreadable)


def test_items_that_are_no_list(tmp_path: Path) -> None:
    result = lines(
        tmp_path, {"parcel_id": "A", "items": "shoes"}, {"parcel_id": "B", "items": {"description": "x"}},
        {"parcel_id": "C", "items": None}, {"parcel_id": "D", "items": [{}, {"description": " "}]}, {"parcel_id": "E"},
    )  # fmt: skip
    assert result.column("item.description") == ["x"]
    assert [(p["parcel_id"], p["field"]) for p in result.problems] == [("A", "items"), ("B", "items")]
    assert result.column("unreadable") == [["item.description"], ["item.description"], [], [], []]


def test_flat_keys_are_understood(tmp_path: Path) -> None:
    result = lines(tmp_path, {"parcel_id": "A", "sender.country": "DE", "description": "x", "item.hs_code": "95"})
    assert result.column("sender.country") == ["DE"]
    assert result.items.select("item.description", "item.hs_code").rows() == [("x", "95")]


def test_keys_are_matched_without_case(tmp_path: Path) -> None:
    record = {"Parcel_ID": "A", "Sender": {"Country": "DE"}, "Items": [{"Description": "x"}], "ROUTE": 5}
    result = lines(tmp_path, record, record | {"Parcel_ID": "B"})
    assert result.column("sender.country") == ["DE", "DE"]
    assert result.column("item.description") == ["x", "x"]
    assert result.column("unreadable") == [["route.origin_country"]] * 2


def test_lines_that_are_rejected(tmp_path: Path) -> None:
    result = lines(
        tmp_path,
        {"parcel_id": "A"},
        "not json",
        "",
        "[1, 2]",
        "5",
        '"text"',
        "null",
        {"sender": {"name": "Ana Uzorak"}},
        {"parcel_id": None},
        {"parcel_id": ""},
        {"parcel_id": ["A"]},
        {"parcel_id": "A", "waybill": "second"},
        '{"parcel_id": "B"} trailing',
        '{"parcel_id": "C"',
        {"parcel_id": " A "},
        {"parcel_id": "D"},
    )
    assert result.ids == ["A", "D"]
    assert (result.counts.rows_read, result.counts.rows_rejected) == (15, 13)
    assert result.lines("yes") == [2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]
    assert result.reasons("yes").count("parcel_id already seen on line 1") == 2
    assert result.reasons("yes").count("no parcel_id") == 4
    assert result.column("waybill") == [None, None]


def test_unknown_keys_are_noted_once(tmp_path: Path) -> None:
    record = {"colour": "red", "sender": {"shoe_size": 42, "name": "Ana Uzorak"}, "items": [{"smell": 1}]}
    result = lines(tmp_path, {"parcel_id": "A", **record}, {"parcel_id": "B", **record})
    assert result.notes == [
        "encoding utf-8",
        "unknown column colour ignored",
        "unknown column sender.shoe_size ignored",
        "unknown column items.smell ignored",
    ]


def test_a_mapping_names_their_keys(tmp_path: Path) -> None:
    record = {"REF": "A", "consignor": {"land": "DE"}, "items": [{"CONTENTS": "x"}]}
    mapping = {"parcel_id": "ref", "sender.country": "consignor.land", "item.description": "items.CONTENTS"}
    result = lines(tmp_path, record, mapping=mapping)
    assert (result.ids, result.column("sender.country")) == (["A"], ["DE"])
    assert result.column("item.description") == ["x"]
    assert lines(tmp_path, record, mapping={**mapping, "item.description": "CONTENTS"}).items.height == 1
    with pytest.raises(ManifestError, match="'RFE', which is not in the file"):
        lines(tmp_path, record, mapping={"parcel_id": "RFE"})


def test_files_without_a_parcel(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="no line can be read as a parcel"):
        lines(tmp_path, "{broken", "also broken}")
    with pytest.raises(ManifestError, match="no line can be read as a parcel"):
        lines(tmp_path, {"parcel_id": None})
    with pytest.raises(ManifestError, match=r"no parcel_id column\. Columns found: ref.*--map parcel_id=ref"):
        lines(tmp_path, {"ref": "A"})
    with pytest.raises(ManifestError, match="one JSON object per line"):
        read_text(tmp_path, '{\n  "parcel_id": "A"\n}\n', "pretty.json")


@pytest.mark.parametrize("bomb", ["[" * 200_000, '{"a":' * 200_000, '{"parcel_id":"X","items":' + "[" * 200_000])
def test_deep_nesting_is_a_rejected_line(tmp_path: Path, bomb: str) -> None:
    result = lines(tmp_path, {"parcel_id": "A"}, bomb)
    assert (result.ids, result.lines("yes")) == (["A"], [2])


def test_nesting_below_the_limit_is_only_a_wrong_type(tmp_path: Path) -> None:
    deep = "[" * 500 + "]" * 500
    result = lines(tmp_path, f'{{"parcel_id": "A", "waybill": {deep}, "junk": {deep}}}')
    assert (result.ids, result.column("unreadable")) == (["A"], [["waybill"]])


def test_half_surrogates_and_control_characters(tmp_path: Path) -> None:
    result = lines(
        tmp_path, '{"parcel_id": "A\\ud800", "\\udfff": 1, "items": [{"description": "a\\u0000b\tc\\ud83d"}]}'
    )
    assert result.ids == ["A?"]
    assert result.column("item.description") == ["a\0b\tc?"]


def test_repeated_keys_and_huge_numbers(tmp_path: Path) -> None:
    digits = "9" * 5_000
    result = lines(tmp_path, f'{{"parcel_id": "A", "parcel_id": "B", "total_value": {digits}, "waybill": {digits}}}')
    assert result.ids == ["B"]
    assert result.column("waybill") == [digits]
    assert result.reasons() == ["not a finite number"]


def test_more_items_than_a_parcel_may_have(tmp_path: Path) -> None:
    record = {"parcel_id": "A", "items": [{"description": f"item {n}"} for n in range(MAX_ITEMS + 2)]}
    result = lines(tmp_path, record)
    assert result.items.height == MAX_ITEMS
    assert result.reasons() == ["the parcel has 10,001 items; those after 9,999 are not read"]
    assert result.column("unreadable") == [["item.description"]]


def test_a_line_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl, "MAX_LINE", 1_000)
    result = lines(tmp_path, {"parcel_id": "A"}, {"parcel_id": "B", "waybill": "x" * 5_000}, {"parcel_id": "C"})
    assert (result.ids, result.lines("yes")) == (["A", "C"], [2])


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1250"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    text = '{"parcel_id": "A", "description": "dječija obuća"}\r\n{"parcel_id": "B", "description": "čizme"}\r\n'
    result = read_text(tmp_path, text.encode(encoding), "manifest.jsonl")
    assert result.column("item.description") == ["dječija obuća", "čizme"]


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8) | st.sampled_from(["1,5", "DE", "x"]),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(
    [
        "sender",
        "items",
        "documents",
        "route",
        "gross_mass_kg",
        "waybill",
        "currency",
        "declared_at",
        "junk",
        "description",
    ]
)
INNER = st.sampled_from(["name", "country", "type", "description", "value", "transit_countries", "valid_to", "seq"])
RECORD = st.dictionaries(
    KEYS,
    JSON | st.dictionaries(INNER, JSON, max_size=3) | st.lists(st.dictionaries(INNER, JSON, max_size=3), max_size=3),
)


@FEWER
@given(records=st.lists(st.tuples(st.sampled_from(["A", "B", "C", "D"]), RECORD), min_size=1, max_size=6))
def test_any_json_under_any_key_leaves_the_parcel(
    tmp_path_factory: pytest.TempPathFactory, records: list[tuple[str, dict[str, Any]]]
) -> None:
    text = "\n".join(json.dumps({**record, "parcel_id": name}) for name, record in records)
    path = save(tmp_path_factory.mktemp("any"), text, "manifest.jsonl")
    result = read(path)
    assert result.ids == list(dict.fromkeys(name for name, _ in records))
    assert same(result, read(path, batch_rows=1))
