"""Assessments as the contract promises them, and what loads them."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import orjson
import polars as pl
import pytest
from factory import (
    AS_OF,
    RICH,
    Record,
    assessed,
    document,
    documents,
    fired,
    pack_parcels,
    parcel,
    record,
)
from hypothesis import given
from hypothesis import strategies as st

from riskscore.assess import Assessed, Engine, assess, load_engine, rank_key, sops_digest
from riskscore.checks import TEST_CLOCK
from riskscore.errors import ModelError, SopError
from riskscore.places import default_sops
from riskscore.schema import tables_from_records

KEYS = {
    "parcel_id",
    "assessed_at",
    "profile",
    "as_of",
    "score",
    "band",
    "illicit_band",
    "base_points",
    "compliance",
    "action",
    "action_by",
    "case_type",
    "completeness",
    "missing",
    "reasons",
    "procedure",
    "counter",
    "versions",
    "lang",
}
REASON_KEYS = {
    "key",
    "kind",
    "axis",
    "group",
    "strength",
    "points",
    "points_basis",
    "version",
    "title",
    "text",
    "evidence",
    "benign_explanation",
    "question",
    "action",
    "action_by",
    "source",
}
FLAT = [
    "parcel_id",
    "score",
    "band",
    "illicit_band",
    "action",
    "action_by",
    "case_type",
    "compliance_score",
    "compliance_band",
    "compliance_base_points",
    "completeness",
    "base_points",
    "reasons",
    "model",
    "sops",
]


def test_a_document_has_what_the_contract_promises(engine: Engine) -> None:
    d = document({**RICH, "parcel_id": "BX-1"})
    assert set(d) == KEYS
    assert d["parcel_id"] == "BX-1"
    assert d["as_of"] == d["assessed_at"] == "2026-11-16T12:00:00Z"
    assert set(d["compliance"]) == {"score", "band", "base_points"}
    assert all(set(r) == REASON_KEYS for r in d["reasons"])
    assert all(set(e) == {"path", "value", "start", "end", "concept"} for r in d["reasons"] for e in r["evidence"])
    assert all(set(r["question"]) == {"text", "to"} for r in d["reasons"] if r["question"])
    assert d["versions"] == engine.versions
    assert d["versions"]["basis"] in ("simulated", "mixed", "outcomes")
    assert d["versions"]["sops"] == sops_digest(default_sops())
    assert orjson.loads(orjson.dumps(d)) == d


def test_flat_rows_come_in_the_order_of_the_parcels(
    example_assessments: Assessed, examples: tuple[Record, ...]
) -> None:
    flat = example_assessments.flat()
    assert flat.columns == FLAT
    assert flat["parcel_id"].to_list() == [p["parcel_id"] for p in examples]
    assert flat["score"].dtype == pl.Float64
    assert flat.select(pl.exclude("action_by", "reasons")).null_count().sum_horizontal()[0] == 0


def test_flat_and_document_agree(example_assessments: Assessed, example_documents: list[Record]) -> None:
    for row, d in zip(example_assessments.flat("full").to_dicts(), example_documents, strict=True):
        assert (row["score"], row["band"], row["action"], row["case_type"]) == (
            d["score"],
            d["band"],
            d["action"],
            d["case_type"],
        )
        assert row["compliance_score"] == d["compliance"]["score"]
        assert row["reasons"] == d["reasons"]


def test_the_clock_may_have_any_offset(engine: Engine) -> None:
    other = AS_OF.astimezone(timezone(timedelta(hours=14)))
    one, two = document(RICH), document(RICH, as_of=other)
    assert one == two


def test_declarations_of_any_offset_in_one_batch() -> None:
    zones = [
        "2026-11-16T08:00:00Z",
        "2026-11-16T08:00:00+14:00",
        "2026-11-15T23:00:00-09:30",
        "0001-01-02T00:00:00Z",
        "9999-12-30T00:00:00Z",
    ]
    result = assessed(*(parcel("Shoes", declared_at=z) for z in zones))
    days = (result.facts.parcels["as_of"] - result.facts.parcels["declared_at"]).dt.total_hours()
    assert days.to_list()[:3] == [4, 18, 3]


@pytest.mark.parametrize(
    "moment",
    ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"],
)
def test_the_first_and_the_last_moment_are_no_traceback(moment: str) -> None:
    try:
        nested = parcel("Shoes", declared_at=moment, screening=[{"method": "xray", "at": moment}])
        record(nested)
    except ValueError:
        return
    assert "DL-13" in fired(nested)


def test_parcels_without_items_and_batches_without_parcels(engine: Engine) -> None:
    assert assessed(parcel(), parcel(gross_mass_kg=1)).band.tolist() == [0, 0]
    assert assessed(parcel(), parcel("Revolver"), parcel()).band.tolist() == [0, 1, 0]
    nothing = assess(tables_from_records([]), engine, as_of=AS_OF)
    assert nothing.flat().columns == FLAT
    assert len(nothing.flagged) == 0


def test_procedures_put_safety_first() -> None:
    for profile in ("authority", "operator"):
        for d in documents(*(p for _, p in pack_parcels()[::5]), profile=profile):
            steps = d["procedure"]
            assert [s["safety"] for s in steps] == sorted((s["safety"] for s in steps), reverse=True)
            assert all(set(s) == {"id", "role", "text", "safety", "confirm"} for s in steps)


def test_the_counter_card_is_short_and_names_no_score() -> None:
    for d in documents(parcel(), RICH, *(p for _, p in pack_parcels()[::5])):
        card = d["counter"]
        assert set(card) == {"headline", "do", "do_not", "say_to_customer", "call"}
        assert len(card["do"]) <= 3
        assert len(card["do_not"]) <= 3
        assert "score" not in str(card).lower()


def test_a_courier_never_reads_an_officers_task() -> None:
    """Contract 2.2: `examine` and `licence_check` are never a courier's own task."""
    flat = assessed(*(p for _, p in pack_parcels()), profile="operator").flat()
    theirs = flat.filter(pl.col("action").is_in(["examine", "licence_check"]))
    assert theirs.height > 20
    assert "courier" not in theirs["action_by"].to_list()


@given(
    st.dictionaries(
        st.sampled_from(["item_id", "waybill", "un_number", "sender.name", "recipient.phone", "route.carrier"]),
        st.text(max_size=15),
    ),
    st.lists(st.dictionaries(st.sampled_from(["description", "hs_code", "unit"]), st.text(max_size=25)), max_size=3),
    st.dictionaries(
        st.sampled_from(["gross_mass_kg", "total_value", "postage", "dims_cm.length", "insured_value"]),
        st.floats(0, 1e12),
    ),
)
def test_no_input_is_a_traceback(texts: dict[str, str], items: list[Record], numbers: dict[str, float]) -> None:
    nested = parcel(*items, **texts, **numbers, currency="EUR", dims_cm__width=1, dims_cm__height=0)
    d = document(nested)
    assert orjson.dumps(d)
    assert 0 <= d["completeness"] <= 1


# -- loading -----------------------------------------------------------------------------------------------------------


def test_a_shadow_or_draft_indicator_counts_nothing(engine: Engine) -> None:
    def with_status(status: str) -> Engine:
        changed = [dataclasses.replace(i, status=status) if i.id == "GD-01" else i for i in engine.indicators]
        return dataclasses.replace(engine, indicators=changed)

    assert "GD-01" in {i.id for i in with_status("active").active}
    for status in ("draft", "shadow", "retired"):
        other = with_status(status)
        reasons = document(parcel("Revolver"), engine=other)["reasons"]
        assert "GD-01" not in {r["key"] for r in reasons}


def test_the_digest_of_the_rules_changes_with_any_rule(tmp_path: Path) -> None:
    (tmp_path / "packs").mkdir()
    (tmp_path / "packs" / "a.yml").write_text("one")
    first = sops_digest(tmp_path)
    assert first == sops_digest(tmp_path)
    (tmp_path / "packs" / "a.yml").write_text("two")
    second = sops_digest(tmp_path)
    (tmp_path / "packs" / "a.yml").rename(tmp_path / "packs" / "b.yml")
    third = sops_digest(tmp_path)
    (tmp_path / "notes.md").write_text("x")
    assert len({first, second, third}) == 3
    assert sops_digest(tmp_path) == third
    assert len(first) == 12


def test_names_and_contents_of_rules_cannot_run_into_each_other(tmp_path: Path) -> None:
    for folder, name, content in (("one", "a.yml", "b.yml"), ("two", "a.ymlb.yml", "")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text(content)
    assert sops_digest(tmp_path / "one") != sops_digest(tmp_path / "two")


def test_an_engine_without_rules_or_model_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(SopError):
        load_engine(tmp_path)
    for folder in ("packs", "lexicons", "tables", "procedures"):
        (tmp_path / folder).symlink_to(default_sops() / folder)
    with pytest.raises(ModelError):
        load_engine(tmp_path, tmp_path)


def test_equal_scores_are_ordered_by_a_keyed_hash() -> None:
    ids = [f"P-{n}" for n in range(200)]
    assert len({rank_key(i) for i in ids}) == 200
    assert sorted(ids, key=rank_key) != sorted(ids)
    assert rank_key("P-1") != rank_key("P-1", b"another key")
    assert rank_key("\udc80")


def test_the_clock_of_the_tests_is_that_of_the_packs() -> None:
    assert AS_OF == TEST_CLOCK == datetime(2026, 11, 16, 12, tzinfo=UTC)
