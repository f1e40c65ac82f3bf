"""Evidence names a place, its value as declared, and the words in it."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from factory import Record, assessed, document, get_path, item, parcel
from hypothesis import given
from hypothesis import strategies as st

from riskscore.conditions import NORMALISED
from riskscore.evidence import as_text, fields_behind
from riskscore.features import FEATURES
from riskscore.lexicon import CONCEPTS
from riskscore.schema import BY_PATH, MAX_ITEMS


def reason(nested: Record, key: str) -> Record:
    return next(r for r in document(nested)["reasons"] if r["key"] == key)


def evidence(nested: Record, key: str) -> list[tuple[str, str | None, str | None]]:
    """Place, words and concept of the evidence of one reason."""
    return [
        (e["path"], None if e["value"] is None else e["value"][e["start"] : e["end"]], e["concept"])
        for e in reason(nested, key)["evidence"]
    ]


def as_declared(value: Any, path: str) -> str:
    """How a declared value reads as text."""
    if isinstance(value, list):
        return "|".join(
            v["type"] if isinstance(v, dict) and "type" in v else v["method"] if isinstance(v, dict) else v
            for v in value
        )
    if isinstance(value, int | float):
        return str(float(value)).removesuffix(".0")
    return str(value)


def check_evidence(nested: Record, entry: Record) -> None:
    """Contract 2: a half-open span of code points of the raw value at the path."""
    declared = get_path(nested, entry["path"])
    if entry["value"] is None:
        assert declared is None
        assert entry["start"] is None
        assert entry["end"] is None
        return
    if (
        BY_PATH[entry["path"].split("[")[0].replace("items", "item") + entry["path"].partition("]")[2]].kind
        == "timestamp"
    ):
        assert entry["value"].endswith("Z")
    else:
        assert entry["value"] == as_declared(declared, entry["path"])
    assert 0 <= entry["start"] <= entry["end"] <= len(entry["value"])
    assert entry["concept"] is None or entry["concept"] in CONCEPTS
    if entry["concept"] is not None:
        assert entry["start"] < entry["end"]


def test_words_as_the_sender_typed_them() -> None:
    nested = parcel(item("Двије лијепе ПУШКЕ, нове"))
    assert evidence(nested, "GD-01") == [("items[0].description", "ПУШКЕ", "firearm")]


def test_the_item_that_speaks_is_named() -> None:
    nested = parcel("Cotton T-shirt", "Revolver", "Socks")
    assert evidence(nested, "GD-01") == [("items[1].description", "Revolver", "firearm")]


def test_every_item_that_speaks_is_named() -> None:
    nested = parcel("Revolver", "Socks", "Pistol")
    assert [(path, words) for path, words, _ in evidence(nested, "GD-01")] == [
        ("items[0].description", "Revolver"),
        ("items[2].description", "Pistol"),
    ]


def test_only_the_item_for_which_the_whole_condition_holds_speaks() -> None:
    """GD-01 leaves airsoft out: its words are no evidence beside a real one."""
    nested = parcel("Airsoft pistol, spring", "Revolver")
    assert [path for path, *_ in evidence(nested, "GD-01")] == ["items[1].description"]


def test_a_code_is_shown_as_typed() -> None:
    assert ("items[0].hs_code", "9302.00", None) in evidence(parcel(item(hs_code="9302.00")), "HS-01")
    assert ("items[0].hs_code", " 9302 00 ", None) in evidence(parcel(item(hs_code=" 9302 00 ")), "HS-01")


def test_a_figure_shows_what_it_is_made_from() -> None:
    nested = parcel("Shoes", gross_mass_kg=2, measured_mass_kg=2.75)
    assert sorted(evidence(nested, "VW-06")) == [("gross_mass_kg", "2", None), ("measured_mass_kg", "2.75", None)]


def test_absence_is_evidence_without_a_value() -> None:
    nested = parcel("Lovačka puška", direction="import", route__origin_country="RS", route__destination_country="BA")
    entries = reason(nested, "DL-01")["evidence"]
    missing = next(e for e in entries if e["path"] == "documents")
    assert (missing["value"], missing["start"], missing["end"], missing["concept"]) == (None, None, None, None)
    assert {"route.destination_country", "items[0].description"} <= {e["path"] for e in entries}


def test_words_stand_instead_of_the_whole_value() -> None:
    """Where a text hit and the whole description both count, the words are shown, once."""
    for nested in (parcel("Lovačka puška", route__destination_country="BA"), parcel("Revolver, revolver")):
        for entry in document(nested)["reasons"]:
            seen = [(e["path"], e["start"], e["end"], e["concept"]) for e in entry["evidence"]]
            assert len(seen) == len(set(seen)), entry["key"]
            spoken = {e["path"] for e in entry["evidence"] if e["concept"]}
            assert not [e for e in entry["evidence"] if e["path"] in spoken and e["concept"] is None]


def test_many_items_do_not_flood_a_sum() -> None:
    nested = parcel(*(item(f"Shoes {n}", net_mass_kg=1) for n in range(50)), gross_mass_kg=10)
    for r in document(nested)["reasons"]:
        entries = [e for e in r["evidence"] if e["path"].endswith("net_mass_kg")]
        assert len(entries) <= 5
    assert any(e["path"].endswith("net_mass_kg") for r in document(nested)["reasons"] for e in r["evidence"])


def test_the_last_item_of_the_longest_declaration() -> None:
    items = [item(quantity=1)] * (MAX_ITEMS - 1)
    nested = parcel(*items, item("Revolver"))
    assert evidence(nested, "GD-01") == [(f"items[{MAX_ITEMS - 1}].description", "Revolver", "firearm")]


def test_spans_count_code_points() -> None:
    nested = parcel(item("🎁🎁 e\u0301te\u0301 pistol 👨‍👩‍👧"))
    (entry,) = reason(nested, "GD-01")["evidence"]
    assert entry["value"][entry["start"] : entry["end"]] == "pistol"


def test_evidence_of_examples(examples: tuple[Record, ...], example_documents: list[Record]) -> None:
    seen = 0
    for nested, assessment in zip(examples, example_documents, strict=True):
        for entry in assessment["reasons"]:
            if entry["kind"] == "cap":
                assert entry["evidence"] == []
            for part in entry["evidence"]:
                check_evidence(nested, part)
                seen += 1
    assert seen > 200


@given(
    st.lists(
        st.one_of(
            st.text(max_size=12), st.sampled_from(["Revolver", "ПУШКА", "p1stol", "gift", "9x19", "Glock\u200b 19"])
        ),
        max_size=4,
    )
)
def test_evidence_of_any_text(pieces: list[str]) -> None:
    text = " ".join(pieces)
    nested = parcel(item(text), item(text[::-1], hs_code=text[:8]), waybill=text)
    for entry in document(nested)["reasons"]:
        for part in entry["evidence"]:
            check_evidence(nested, part)


def test_company_does_not_change_evidence(examples: tuple[Record, ...], example_documents: list[Record]) -> None:
    flagged = [n for n, d in enumerate(example_documents) if d["reasons"]][:12]
    for n in flagged:
        alone = document(examples[n])
        assert [r["evidence"] for r in alone["reasons"]] == [r["evidence"] for r in example_documents[n]["reasons"]]


def test_no_evidence_at_all() -> None:
    """Of a parcel of which nothing is known, evidence is only what is not stated."""
    structs = assessed(parcel()).ledger.evidence
    assert len(structs.line) == len(structs.structs)
    assert structs.structs.field("value").null_count == len(structs.structs)


# -- fields behind a name ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*FEATURES, *NORMALISED, "informative_words"])
def test_every_name_leads_to_declared_fields(name: str) -> None:
    behind = fields_behind(name)
    assert behind or name in ("unreadable_values", "contradictory_values", "last_item_no"), name
    assert set(behind) <= set(BY_PATH)
    assert len(behind) == len(set(behind))


def test_a_value_in_euro_shows_all_that_it_was_made_from() -> None:
    """Without a total the items' values are added up: they are the evidence then."""
    nested = parcel(item("Shoes", value=2, currency="EUR"), currency="EUR", postage=50)
    paths = {path for path, *_ in evidence(nested, "VW-08")}
    assert {"postage", "items[0].value", "items[0].currency"} <= paths


@pytest.mark.parametrize(
    ("path", "values", "texts"),
    [
        ("gross_mass_kg", [2.5, 12.0, 0.1, None], ["2.5", "12", "0.1", None]),
        ("gross_mass_kg", [1e12, 100000.0, 1e-5], ["1000000000000", "100000", "0.00001"]),
        ("booking.redirects", [3, None], ["3", None]),
        ("handling_codes", [["CAO", "MUW"], [], None], ["CAO|MUW", "", None]),
        ("item_id", ["RR1", None], ["RR1", None]),
        ("route.mode", ["air"], ["air"]),
    ],
)
def test_values_as_text(path: str, values: list[Any], texts: list[str | None]) -> None:
    frame = pl.DataFrame({path: values}, schema={path: BY_PATH[path].dtype})
    assert frame.select(as_text(pl.col(path), path)).to_series().to_list() == texts


def test_documents_as_text() -> None:
    nested = parcel(
        "Revolver", documents=[{"type": "licence"}, {"number": "5"}], declared_at="2026-11-16T07:00:00.5+01:00"
    )
    facts = assessed(nested).facts.parcels
    assert facts.select(as_text(pl.col("documents"), "documents")).item() == "licence|?"
    assert facts.select(as_text(pl.col("declared_at"), "declared_at")).item() == "2026-11-16T06:00:00Z"
