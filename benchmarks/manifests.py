"""Large simulated manifests: a simulated week, or the example parcels repeated with numbers and references varied."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.measuring import python

START, DAYS = date(2026, 6, 1), 7
AS_OF = datetime.combine(START + timedelta(days=DAYS), time(), UTC)  # the end of the simulated period
EXAMPLES = Path(__file__).resolve().parent.parent / "examples" / "manifest.parquet"
_PIECES = 50_000  # parcels written at a time, so that memory stays small


def simulate(parcels: int, manifest: Path, seed: int = 1) -> list[str]:
    """Command that makes a simulated week in the ordinary mix."""
    period = ("--start", START.isoformat(), "--days", DAYS)
    return python("riskscore.cli", "simulate", "-n", parcels, "-o", manifest, "--seed", seed, *period)


def write_varied(target: Path, parcels: int, seed: int = 1) -> None:
    """Write a Parquet manifest of simulated parcels.

    Parameters
    ----------
    target : Path
    parcels : int
        How many parcels; each is an example parcel with its own reference, masses and values within 20 %, and every
        second description ending in a size or an article number.
    seed : int
        Same seed, same file.
    """
    import pyarrow.parquet as pq

    chance = np.random.default_rng(seed)
    example = pl.read_parquet(EXAMPLES)
    ids = example["parcel_id"].unique(maintain_order=True)
    rows_of = example.with_row_index("row").group_by("parcel_id", maintain_order=True).agg("row")["row"].to_list()
    writer = None
    for first in range(0, parcels, _PIECES):
        number = min(_PIECES, parcels - first)
        chosen = chance.integers(0, len(ids), number)
        rows = np.concatenate([rows_of[c] for c in chosen])
        counts = np.array([len(rows_of[c]) for c in chosen])
        references = np.repeat([f"SIM-{first + n:08d}" for n in range(number)], counts)
        factor = chance.uniform(0.8, 1.2, number).repeat(counts)
        piece = example[rows].with_columns(
            pl.Series("parcel_id", references),
            *(
                (pl.col(name).cast(pl.Float64, strict=False) * pl.Series(factor)).round(3).alias(name)
                for name in ("gross_mass_kg", "total_value", "postage")
                if name in example.columns
            ),
        )
        words = pl.Series(
            np.where(chance.random(len(rows)) < 0.5, "", [f" {n}" for n in chance.integers(30, 9999, len(rows))])
        )
        table = piece.with_columns(pl.col("item.description") + words).to_arrow()
        writer = writer or pq.ParquetWriter(target, table.schema, compression="zstd")
        writer.write_table(table)
    if writer:
        writer.close()
