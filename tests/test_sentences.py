"""What a reason says: words as typed, values as declared, nothing left unfilled."""

from __future__ import annotations

import re
from typing import Any

import pytest
from factory import Record, assessed, document, documents, item, pack_parcels, parcel


def text_of(nested: Record, key: str) -> str:
    return str(next(r["text"] for r in document(nested)["reasons"] if r["key"] == key))


def test_words_are_quoted_as_typed() -> None:
    assert text_of(parcel("Двије ПУШКЕ"), "GD-01") == "The goods description names a firearm: “ПУШКЕ”."


def test_words_are_quoted_once_and_not_without_end() -> None:
    said = text_of(parcel("Revolver, revolver, REVOLVER, pistol, pistols, rifle, rifles, shotgun"), "GD-01")
    assert said.count("“Revolver”") == 1
    assert said.count("“") <= 4
    assert "…" in said


def test_the_code_of_the_item_that_fired_is_named() -> None:
    """Not that of the first item: that one is innocent."""
    nested = parcel(item("Cotton T-shirt", hs_code="6109.10"), item(hs_code="9302.00"))
    said = text_of(nested, "HS-01")
    assert "9302.00" in said
    assert "6109.10" not in said


def test_what_a_sender_types_is_never_a_placeholder() -> None:
    toy = item("Glock 17, plastic", hs_code="9503.00", quantity=1, net_mass_kg=2)
    said = text_of(parcel(item("Shoes", hs_code="{words}"), toy), "HS-11")
    plain = text_of(parcel(toy), "HS-11")
    assert said.count("“Glock") == plain.count("“Glock") == 1
    assert "“" in said


def test_a_value_that_is_not_stated_reads_as_such() -> None:
    for d in documents(*(p for _, p in pack_parcels())):
        for r in d["reasons"]:
            assert "None" not in r["text"]
            assert "null" not in r["text"]
            assert not re.search(r"\de[+-]\d", r["text"]), f"a figure that nobody reads: {r['text']}"


@pytest.mark.parametrize("value", [999.6, 0.00001, 123456.7, 12.5])
def test_figures_read_as_people_write_them(value: float) -> None:
    nested = parcel("Shoes", postage=10 * value, total_value=value, currency="EUR")
    said = text_of(nested, "VW-08")
    assert "e+" not in said
    assert "e-" not in said


def test_a_field_is_quoted_as_declared() -> None:
    nested = parcel("Shoes", postage=100_000, total_value=1234.56, currency="EUR")
    assert "1234.56" in text_of(nested, "VW-08").replace(",", "")


def test_a_cap_says_what_it_does() -> None:
    nested = parcel("Glock 17 pistol with suppressor, ammunition 9x19")
    (cap,) = [r for r in document(nested)["reasons"] if r["kind"] == "cap" and r["axis"] == "illicit"]
    assert cap["key"] == "cap:description"
    assert cap["points"] < 0
    assert "description" in cap["text"]
    assert cap["action"] == "none"


def test_only_flagged_parcels_carry_words_unless_all_are_asked_for() -> None:
    both = [parcel(item("gift")), parcel(item("Revolver"))]
    result = assessed(*both)
    clear, flagged = result.flat()["reasons"].to_list()
    worded = ("title", "text", "benign_explanation", "question", "source")
    assert clear
    assert flagged
    for line in clear:
        assert [line[name] for name in worded] == [None] * len(worded)
        assert line["key"]
        assert line["points_basis"]
        assert line["evidence"] or line["kind"] in ("cap", "other")
    for line in flagged:
        if line["kind"] == "indicator":
            assert all(line[name] for name in worded)
    full, _ = result.flat("full")["reasons"].to_list()
    assert all(line["text"] for line in full)
    assert [line["points"] for line in full] == [line["points"] for line in clear]


def test_the_examples_are_worded_only_where_flagged(example_assessments: Any) -> None:
    flat = example_assessments.flat()
    for band, reasons in zip(flat["band"].to_list(), flat["reasons"].to_list(), strict=True):
        for line in reasons:
            assert (line["text"] is not None) == (band != "clear")
