"""Scoring has not become much slower: processor time against a fixed polars and numpy workload in the same run.

Seconds belong to a machine and to what else it does; the ratio of two processor times, each the least of three, moves
by a tenth. The band is wide (2.5 times what was measured), so that only a real slowdown fails: a loop over parcels, or
a feature built once per indicator.

To measure again, on any machine: ``pytest tests/test_speed_guard.py -s`` prints the ratio. After a change that makes
scoring dearer on purpose, write the new ratio into ``MEASURED``, and say in the commit what it buys.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import polars as pl
from factory import the_engine

from benchmarks.manifests import AS_OF, DAYS, START
from riskscore.assess import assess
from riskscore.training.simulate import simulated

PARCELS, SEED, ROUNDS = 20_000, 5, 3
MEASURED, BAND = 1.0, 2.5
TEXTS, LETTERS, FIGURES, PASSES = 60_000, 40, 100, 4

_chance = np.random.default_rng(1)
_letters = _chance.integers(ord("a"), ord("z") + 1, (TEXTS, LETTERS), dtype=np.uint8)
_figures = _chance.random((PARCELS, FIGURES))
_items = pl.DataFrame(
    {
        "text": [bytes(row).decode() for row in _letters],
        "parcel": _chance.integers(0, PARCELS, TEXTS).astype(np.uint32),
        "value": _figures.ravel()[:TEXTS],
    }
)


def yardstick() -> float:
    """Work of the kind that scoring does, without its code: texts folded, items grouped, figures compared."""
    told = 0.0
    for number in range(PASSES):
        folded = pl.col("text").str.replace_all("[aeiou]", str(number)).str.to_uppercase()
        found = folded.str.contains(f"{number}.?B")
        items = _items.with_columns(folded=folded, found=found, letters=folded.str.len_chars())
        parcels = items.group_by("parcel", maintain_order=True).agg(
            pl.col("found").any(), pl.col("value", "letters").sum(), pl.col("folded").first()
        )
        told += float(parcels.sort("parcel")["value"].to_numpy().sum())
    weights = np.arange(FIGURES, dtype=np.float64)
    return float(told + np.sort(_figures, axis=0).sum() + ((_figures > 0.5) @ weights).sum())


def processor_seconds(work: Callable[[], object]) -> float:
    """Processor time of the whole process, all its threads, while the work is done."""
    before = time.process_time()
    work()
    return time.process_time() - before


def test_scoring_costs_no_more_than_it_did() -> None:
    engine = the_engine()
    ((tables, _),) = simulated(PARCELS, seed=SEED, start=START, days=DAYS)

    def score() -> object:
        return assess(tables, engine, as_of=AS_OF).flat()

    rounds = [(processor_seconds(score), processor_seconds(yardstick)) for _ in range(ROUNDS)]
    scoring, fixed = (min(seconds) for seconds in zip(*rounds, strict=True))
    ratio = scoring / fixed
    told = f"scoring costs {ratio:.2f} times the yardstick; measured: {MEASURED} (limit {MEASURED * BAND:.2f})"
    print(told)
    assert ratio <= MEASURED * BAND, told
