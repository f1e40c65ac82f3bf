"""Does every ledger add up, and are the bytes the same in any batch and on any number of threads?

``python -m benchmarks.ledgers`` scores one million simulated parcels and holds, for every one and on both axes, base
plus the points of all reasons against the score, read from the flat output as a consumer would read it. Then it writes
50,000 parcels of raised rates in batches of two sizes and on one and two threads. Exit status 1 when anything differs.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path
from time import monotonic
from typing import Any

import polars as pl

from benchmarks.manifests import AS_OF, DAYS, START
from riskscore.assess import Engine, load_engine
from riskscore.batch import scored_batches
from riskscore.schema import Tables
from riskscore.sops import AXES
from riskscore.training.simulate import ORDINARY, Mix, simulated
from riskscore.training.train_run import RAISED

WITHIN = 1e-9
COLUMNS = {"illicit": ("score", "base_points"), "compliance": ("compliance_score", "compliance_base_points")}


def wrong_ledgers(flat: pl.DataFrame) -> pl.DataFrame:
    """Rows of a flat output whose reasons do not add up to their score on either axis.

    Parameters
    ----------
    flat : DataFrame
        As `riskscore.assess.Assessed.flat` gives it.

    Returns
    -------
    DataFrame
        ``parcel_id``, and per axis what the sum is off by (null: something is not a number); empty when all add up.
        A reason that counts on no known axis, or a flagged parcel without a reason, is wrong as well.
    """
    reason = pl.element().struct
    axis, points = reason.field("axis"), reason.field("points")
    known = pl.col("reasons").list.eval(axis.is_in(list(AXES)).fill_null(False) & points.is_finite().fill_null(False))
    sums = {
        name: pl.col("reasons").list.eval(pl.when(axis == name).then(points).otherwise(0.0)).list.sum()
        for name in COLUMNS
    }
    off = {name: pl.col(base) + sums[name] - pl.col(score) for name, (score, base) in COLUMNS.items()}
    silent = (pl.col("band") != "clear") & (pl.col("reasons").list.len() == 0)
    right = pl.all_horizontal(
        known.list.all(), ~silent, *((one.abs() <= WITHIN).fill_null(False) for one in off.values())
    ).fill_null(False)
    return flat.filter(~right).select("parcel_id", **off)


def written(batches: Iterable[Tables], engine: Engine, as_of: datetime, threads: int) -> Iterator[bytes]:
    """The explained output, every reason worded, as JSON Lines: one piece for each batch."""
    scored = scored_batches(iter(batches), engine, as_of=as_of, profile="authority", reasons="full", threads=threads)
    for _, flat in scored:
        yield flat.write_ndjson().encode()


def parcels_in_batches(
    number: int, batch: int, *, seed: int, mix: Mix, start: date = START, days: int = DAYS
) -> Iterable[Tables]:
    """The same simulated parcels, whatever the size of a batch."""
    return (tables for tables, _ in simulated(number, seed=seed, mix=mix, start=start, days=days, batch=batch))


def check_sums(number: int, seed: int, mix: Mix, engine: Engine, threads: int) -> tuple[dict[str, int], pl.DataFrame]:
    """Score parcels and check each ledger; counts, and those that are wrong."""
    counts = dict.fromkeys(("parcels", "flagged", "reasons", "wrong"), 0)
    wrong = []
    batches = iter(parcels_in_batches(number, 50_000, seed=seed, mix=mix))
    for batch, flat in scored_batches(
        batches, engine, as_of=AS_OF, profile="authority", reasons="flagged", threads=threads
    ):
        wrong.append(wrong_ledgers(flat))
        counts["parcels"] += flat.height
        counts["flagged"] += int(batch.flagged.sum())
        counts["reasons"] += int(flat["reasons"].list.len().sum())
        counts["wrong"] += wrong[-1].height
    counts["wrong"] += abs(number - counts["parcels"])
    return counts, pl.concat(wrong)


def main() -> None:
    """Print counts; exit status 1 when anything is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parcels", type=int, default=1_000_000)
    parser.add_argument("--equal", type=int, default=50_000, help="parcels whose bytes are compared")
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--models", type=Path, help="folder of models instead of the one that comes along")
    options = parser.parse_args()
    engine = load_engine(models=options.models)
    print(f"model {engine.scorecard.id}, SOPs {engine.sops_version}, {len(engine.active)} active indicators")
    failed = 0
    mixes: tuple[tuple[str, int, Mix], ...] = (
        ("ordinary", options.parcels, ORDINARY),
        ("raised rates", options.equal, Mix(**RAISED)),
    )
    for name, number, mix in mixes:
        began = monotonic()
        counts, wrong = check_sums(number, options.seed, mix, engine, threads=2)
        told: dict[str, Any] = {"ledgers": name, **{key: f"{n:,}" for key, n in counts.items()}}
        print(", ".join(f"{key} {n}" for key, n in told.items()), f"({monotonic() - began:.0f} s)")
        for row in wrong.head(5).rows(named=True):
            print("  does not add up:", row)
        failed += counts["wrong"]
    digests = {}
    for batch in (7_000, 50_000):
        for threads in (1, 2):
            tables = parcels_in_batches(options.equal, batch, seed=options.seed, mix=Mix(**RAISED))
            digest = hashlib.sha256()
            for piece in written(tables, engine, AS_OF, threads):
                digest.update(piece)
            digests[batch, threads] = digest.hexdigest()
            print(
                f"{options.equal:,} parcels in batches of {batch:,} on {threads} threads: sha256 {digest.hexdigest()}"
            )
    if len(set(digests.values())) > 1:
        print("the bytes differ")
        failed += 1
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
