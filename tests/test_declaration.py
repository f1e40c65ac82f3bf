"""A single parcel over HTTP is strict; what is itself a sign is never refused."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from factory import ROOT, item, manifest, parcel, set_path
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from riskscore.declaration import dotted, json_schema, parcel_model, valid_record
from riskscore.reference import Reference
from riskscore.schema import BY_PATH, FIELDS, MAX_ITEMS

SCHEMA = ROOT / "docs" / "parcel.schema.json"


@pytest.fixture(scope="module")
def model(reference: Reference) -> type[BaseModel]:
    return parcel_model(reference.country_codes, reference.currencies)


def read(model: type[BaseModel], nested: Any) -> BaseModel:
    return model.model_validate_json(nested if isinstance(nested, bytes) else orjson.dumps(nested))


def bad_paths(model: type[BaseModel], nested: Any) -> set[str]:
    """Paths that a declaration is refused for; none when it is read."""
    try:
        read(model, nested)
    except ValidationError as error:
        return {dotted(e["loc"]) for e in error.errors()}
    return set()


def with_field(path: str, value: Any) -> dict[str, Any]:
    nested: dict[str, Any] = {"parcel_id": "P-1"}
    if path.startswith("item."):
        nested["items"] = [{path.removeprefix("item."): value}]
    else:
        set_path(nested, path, value)
    return nested


def named(path: str) -> str:
    return path.replace("item.", "items[0].") if path.startswith("item.") else path


LONG = "x" * 100_000
# Free text, and codes whose badness is itself a sign (contract 1): strings, never 422.
ANY_TEXT = [
    "",
    " ",
    "x",
    "not a code",
    "0",
    "RR473124828DE",
    "9302.00",
    "+387 0",
    "a@b",
    "<script>",
    "\u200b\u202e",
    "\x00",
    "銃",
    LONG,
    "null",
]
TEXTS = [f.path for f in FIELDS if f.kind == "text" and f.path != "parcel_id"]


@pytest.mark.parametrize("path", TEXTS)
def test_text_is_never_refused(model: type[BaseModel], path: str) -> None:
    for value in ANY_TEXT:
        assert bad_paths(model, with_field(path, value)) == set(), value[:20]


def test_the_signs_of_the_contract_are_text() -> None:
    for path in (
        "item_id",
        "item.hs_code",
        "sender.phone",
        "recipient.email",
        "item.description",
        "un_number",
        "waybill",
        "item.unit",
    ):
        assert BY_PATH[path].kind == "text"
    assert {f.path for f in BY_PATH["documents"].fields if f.kind == "text"} >= {"number", "holder", "goods_class"}


@pytest.mark.parametrize("field", ["number", "holder", "goods_class"])
def test_text_in_a_document_is_never_refused(model: type[BaseModel], field: str) -> None:
    for value in ANY_TEXT:
        assert bad_paths(model, {"parcel_id": "P-1", "documents": [{field: value}]}) == set()


@pytest.mark.parametrize("path", ["item.marks", "handling_codes"])
def test_marks_and_codes_are_text(model: type[BaseModel], path: str) -> None:
    assert bad_paths(model, with_field(path, ["ptb", "unheard of", ""])) == set()
    assert bad_paths(model, with_field(path, [])) == set()


WRONG: dict[str, list[Any]] = {
    "text": [5, 5.5, True, ["x"], {"x": 1}],
    "number": ["5", "5,5", -1, -0.5, True, [5], 1e13, "heavy", {"kg": 5}],
    "integer": ["5", 5.5, -1, True, 10**10],
    "timestamp": [
        "yesterday",
        "2026-11-16",
        "2026-11-16T08:00:00",
        "16.11.2026",
        1763280000,
        True,
        "2026-13-01T00:00:00Z",
        "1763280000",
        "",
    ],
    "date": ["16.11.2026", "2026-11-31", 20261116, True, "2026-11-16T08:00:00Z", "today", "", "1763280000"],
    "choice": ["nonsense", "", "AIR", 5, True, ["air"]],
    "country": ["ZZ", "de", "DEU", "Germany", "", "D", 5, "UK"],
    "currency": ["XXQ", "eur", "€", "", "EURO", 5],
    "list": ["CAO", {"a": 1}, [5], [None], [["x"]], 5],
    "records": ["licence", {}, ["licence"], [5], [None], 5],
}


@pytest.mark.parametrize("field", [f for f in FIELDS if f.path != "parcel_id"], ids=lambda f: f.path)
def test_a_bad_field_is_refused_with_its_path(model: type[BaseModel], field: Any) -> None:
    for value in WRONG[field.kind]:
        paths = bad_paths(model, with_field(field.path, value))
        assert paths, (field.path, value)
        assert all(p.startswith(named(field.path)) for p in paths), paths


RIGHT: dict[str, list[Any]] = {
    "text": ["x"],
    "number": [0, 5, 5.5, 1e12, 1e-9],
    "integer": [0, 5, 10**9],
    "timestamp": ["2026-11-16T08:00:00Z", "2026-11-16T08:00:00+01:00", "2026-11-16T08:00:00.123456-09:30"],
    "date": ["2026-11-16", "2000-02-29"],
    "country": ["DE", "BA", "XK"],
    "currency": ["EUR", "BAM"],
    "list": [[]],
    "records": [[], [{}]],
}


@pytest.mark.parametrize("field", [f for f in FIELDS if f.path != "parcel_id"], ids=lambda f: f.path)
def test_a_good_field_is_read_and_null_is_unknown(model: type[BaseModel], field: Any) -> None:
    for value in [*RIGHT.get(field.kind, field.choices), None]:
        assert bad_paths(model, with_field(field.path, value)) == set(), value


@pytest.mark.parametrize(
    ("nested", "paths"),
    [
        ({}, {"parcel_id"}),
        ({"parcel_id": None}, {"parcel_id"}),
        ({"parcel_id": ""}, {"parcel_id"}),
        ({"parcel_id": "  "}, {"parcel_id"}),
        ({"parcel_id": 5}, {"parcel_id"}),
        ({"parcel_id": "x" * 201}, {"parcel_id"}),
        ({"parcel_id": "P-1", "colour": "red"}, {"colour"}),
        ({"parcel_id": "P-1", "sender": {"nationality": "XX"}}, {"sender.nationality"}),
        ({"parcel_id": "P-1", "sender": "Ana"}, {"sender"}),
        ({"parcel_id": "P-1", "sender": []}, {"sender"}),
        ({"parcel_id": "P-1", "items": {}}, {"items"}),
        ({"parcel_id": "P-1", "items": [None]}, {"items[0]"}),
        ({"parcel_id": "P-1", "items": [{}, {"descripton": "x"}]}, {"items[1].descripton"}),
        ({"parcel_id": "P-1", "items": [{"value": -1}, {"quantity": "2"}]}, {"items[0].value", "items[1].quantity"}),
        ({"parcel_id": "P-1", "documents": [{}, {"type": "paper"}]}, {"documents[1].type"}),
        (
            {"parcel_id": "P-1", "documents": [{"verification": {"status": "yes"}}]},
            {"documents[0].verification.status"},
        ),
        ({"parcel_id": "P-1", "screening": [{"method": "xray", "result": "maybe"}]}, {"screening[0].result"}),
        ({"parcel_id": "P-1", "observations": ["retaped", "nervous"]}, {"observations[1]"}),
        ({"parcel_id": "P-1", "route": {"transit_countries": ["DE", "ZZ"]}}, {"route.transit_countries[1]"}),
        ({"parcel_id": "P-1", "item.description": "Shoes"}, {"item.description"}),
        ([], {"(body)"}),
        ("P-1", {"(body)"}),
        (None, {"(body)"}),
    ],
)
def test_what_is_refused_and_where(model: type[BaseModel], nested: Any, paths: set[str]) -> None:
    assert bad_paths(model, nested) == paths


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"{'parcel_id': 1}",
        b"\xff",
        b'{"parcel_id": "P", "gross_mass_kg": NaN}',
        b'{"parcel_id": "\\ud800"}',
        b'{"parcel_id": "P", "gross_mass_kg": 1e999}',
        b"[" * 3000,
    ],
)
def test_no_json_is_refused_and_never_a_traceback(model: type[BaseModel], raw: bytes) -> None:
    with pytest.raises(ValidationError):
        read(model, raw)


def test_the_number_of_items_is_limited(model: type[BaseModel]) -> None:
    assert bad_paths(model, {"parcel_id": "P-1", "items": [{}] * MAX_ITEMS}) == set()
    assert bad_paths(model, {"parcel_id": "P-1", "items": [{}] * (MAX_ITEMS + 1)}) == {"items"}


def test_all_faults_are_named_at_once(model: type[BaseModel]) -> None:
    nested = {"gross_mass_kg": -1, "sender": {"country": "ZZ"}, "items": [{"quantity": "x"}], "extra": 1}
    assert bad_paths(model, nested) == {"parcel_id", "gross_mass_kg", "sender.country", "items[0].quantity", "extra"}


def test_every_example_is_a_declaration(model: type[BaseModel]) -> None:
    for nested in manifest():
        assert bad_paths(model, nested) == set(), nested["parcel_id"]


@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["parcel_id", "items", "sender", "route", "documents", "name", "description", "dims_cm", "x"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=8,
    )
)
def test_any_json_is_read_or_refused_with_paths(reference: Reference, nested: Any) -> None:
    strict = parcel_model(reference.country_codes, reference.currencies)
    assert all(bad_paths(strict, json.dumps(nested).encode()))


def test_a_record_keeps_what_was_said(reference: Reference) -> None:
    nested = parcel(
        item("Shoes", hs_code="6403.99"),
        sender__country="BA",
        documents=[{"type": "licence", "verification": {"status": "refuted"}}],
    )
    found = valid_record(nested, reference, "P-1")
    assert found["parcel_id"] == "P-1"
    assert found["sender"]["country"] == "BA"
    assert found["items"][0]["hs_code"] == "6403.99"
    assert found["documents"][0]["verification"]["status"] == "refuted"
    assert found["gross_mass_kg"] is None
    with pytest.raises(ValueError, match=r"items\[0\]\.hs_code"):
        valid_record(parcel(item(hs_code=5)), reference, "P-1")


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ((), "(body)"),
        (("items", 0, "hs_code"), "items[0].hs_code"),
        (("sender", "country"), "sender.country"),
        ((3,), "[3]"),
    ],
)
def test_a_location_as_a_path(location: tuple[int | str, ...], path: str) -> None:
    assert dotted(location) == path


# -- JSON Schema -------------------------------------------------------------------------------------------------------


def test_the_committed_schema_is_the_generated_one(reference: Reference) -> None:
    generated = json_schema(reference.country_codes, reference.currencies)
    assert SCHEMA.read_text("utf-8") == generated, "docs/parcel.schema.json is stale: write json_schema(…) into it"


def test_the_schema_names_every_field() -> None:
    schema = json.loads(SCHEMA.read_text("utf-8"))

    def resolve(part: dict[str, Any]) -> dict[str, Any]:
        while True:
            if "anyOf" in part:
                part = next(p for p in part["anyOf"] if p.get("type") != "null")
            elif "$ref" in part:
                part = schema["$defs"][part["$ref"].split("/")[-1]]
            else:
                return part

    def walk(path: str) -> dict[str, Any]:
        part = schema
        for name in path.split("."):
            part = resolve(part)
            part = resolve(part["items"]) if part.get("type") == "array" else part
            part = part["properties"][name]
        return part

    for field in FIELDS:
        place = field.path.replace("item.", "items.") if field.of_item else field.path
        assert walk(place).get("description") == field.doc, field.path
        for member in field.fields:
            assert walk(f"{place}.{member.path}")["description"] == member.doc
    assert schema["required"] == ["parcel_id"]
    assert schema["additionalProperties"] is False
