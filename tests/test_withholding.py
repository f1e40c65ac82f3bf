"""Keeping silent must not pay: what is not stated counts at least what the average parcel counts, term by term."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest
from factory import the_engine

from riskscore.assess import assess, examine
from riskscore.points import score
from riskscore.schema import PARCEL_FIELDS, Tables
from riskscore.scorecard import MILLION
from riskscore.training.simulate import Mix, simulated

AS_OF = datetime(2026, 6, 8, tzinfo=UTC)
MIX = Mix(illicit_per_million=100_000, gaps_per_million=100_000)
TABLES, LABELS = next(iter(simulated(1_500, seed=21, mix=MIX, start=date(2026, 6, 1))))
ENGINE = the_engine()
TERMS = ENGINE.weights.terms


def without(tables: Tables, path: str) -> Tables:
    """The same parcels, one field not stated."""
    if path.startswith("item."):
        return Tables(tables.parcels, tables.items.with_columns(pl.lit(None, tables.items.schema[path]).alias(path)))
    return Tables(tables.parcels.with_columns(pl.lit(None, tables.parcels.schema[path]).alias(path)), tables.items)


@pytest.fixture(scope="module")
def means() -> dict[int, float]:
    """What each curve and pair counts for the average ordinary parcel, millionths."""
    ordinary, _ = next(iter(simulated(20_000, seed=22, start=date(2026, 6, 1))))
    seen = examine(ordinary, ENGINE, AS_OF)
    terms = score(ENGINE.weights, seen.answers.truth, seen.facts.parcels).terms
    return {n: float(terms[:, n].mean()) for n in range(len(TERMS))}


@pytest.fixture(scope="module")
def average() -> float:
    """Illicit score of the average ordinary parcel in which nothing fired, millionths."""
    ordinary, _ = next(iter(simulated(20_000, seed=22, start=date(2026, 6, 1))))
    batch = assess(ordinary, ENGINE, as_of=AS_OF)
    return float(batch.scores.points[~batch.answers.truth.true.any(axis=1), 0].mean())


FIELDS = ("gross_mass_kg", "measured_mass_kg", "dims_cm.length", "total_value", "postage", "insured_value",
          "item.net_mass_kg", "item.hs_code", "item.value", "currency")  # fmt: skip


@pytest.mark.parametrize("path", FIELDS)
def test_leaving_a_field_out_never_counts_less_than_the_average(path: str, means: dict[int, float]) -> None:
    seen = examine(without(TABLES, path), ENGINE, AS_OF)
    scores = score(ENGINE.weights, seen.answers.truth, seen.facts.parcels)
    for n, term in enumerate(TERMS):
        silent = scores.unstated[:, n]
        if term.kind == "feature" and silent.any():
            # The mean over this sample and over the training parcels differ a little.
            assert scores.terms[silent, n].min() >= min(means[n], 0) - 0.5 * MILLION, term.key


@pytest.mark.parametrize("path", FIELDS)
def test_a_quiet_parcel_never_falls_below_the_average_by_keeping_silent(path: str, average: float) -> None:
    """Of parcels in which nothing fired: with a field left out, not below the average parcel, nor below itself."""
    before = assess(TABLES, ENGINE, as_of=AS_OF)
    quiet = np.flatnonzero(~before.answers.truth.true.any(axis=1))
    assert len(quiet) > 500
    after = assess(without(TABLES, path), ENGINE, as_of=AS_OF)
    least = np.minimum(before.scores.points[quiet, 0], average)
    assert (after.scores.points[quiet, 0] >= least - MILLION).all()


def test_every_term_reads_only_declared_fields() -> None:
    """No curve reads names, addresses, countries or words."""
    from riskscore.evidence import fields_behind

    told = {f.path for f in PARCEL_FIELDS if f.path.startswith(("sender.", "recipient.", "payer.", "route."))}
    for term in TERMS:
        for name in term.inputs:
            if name in ENGINE.scorecard.features:
                assert not set(fields_behind(name)) & told
                assert "item.description" not in fields_behind(name)
