"""What a model may learn from: indicators of its axis, plain figures, and the pairs that may act together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskscore.assess import Engine, examine
from riskscore.errors import ModelError
from riskscore.features import FEATURES
from riskscore.points import feature_values
from riskscore.schema import Tables

# Figures that say how well one statement fits another, and up to what value they fit: below it all parcels are alike to
# training. A price, a mass or a density by itself is no sign of anything: a model that may read them learns what the
# simulated offender likes to buy. Flags that say yes or no are indicators, with an expert behind them; countries, names
# and words never reach a model except through an indicator.
FITS_UP_TO = {
    "contradictory_values": 0.0,
    "density_over_limit": 1.0,
    "insured_to_value": 1.5,
    "items_total_gap": 0.1,
    "length_to_width": 4.0,
    "mass_gap_kg": 0.2,
    "mass_gap_share": 0.2,
    "net_to_gross_ratio": 1.0,
    "postage_to_value": 2.0,
    "unreadable_values": 0.0,
}
FIGURES = tuple(FITS_UP_TO)
# Two inputs that say more together than apart. Others add up.
PAIRS: dict[str, tuple[tuple[str, str], ...]] = {
    "illicit": (
        ("GD-09", "density_over_limit"),
        ("HS-07", "density_over_limit"),
        ("density_over_limit", "mass_gap_share"),
        ("density_over_limit", "postage_to_value"),
    ),
    "compliance": (
        ("mass_gap_kg", "mass_gap_share"),
        ("mass_gap_share", "net_to_gross_ratio"),
    ),
}
ILLICIT, NONCOMPLIANT = "illicit", "noncompliant"
LABEL_OF = {"illicit": ILLICIT, "compliance": NONCOMPLIANT}


@dataclass(frozen=True)
class Rows:
    """Training rows.

    Parameters
    ----------
    names : tuple of str
        Columns of the matrix: indicators (1 fired, 0 not fired or unknown), then figures (NaN: not stated).
    matrix : float64 array (m, columns)
    parcel_ids : list of str
    labels : dict
        Axis → bool array (m,).
    patterns : list of str
        Kind of case of every row, for the card.
    """

    names: tuple[str, ...]
    matrix: NDArray[np.float64]
    parcel_ids: list[str]
    labels: dict[str, NDArray[np.bool_]]
    patterns: list[str]


def gather(batches: Iterable[tuple[Tables, pl.DataFrame]], engine: Engine, as_of: datetime, threads: int = 2) -> Rows:
    """Examine labelled batches and lay out what a model may learn from.

    Parameters
    ----------
    batches : iterable of (Tables, DataFrame)
        Parcels, and labels with the columns parcel_id, illicit, noncompliant and pattern.
    engine : Engine
        Its active indicators and lexicon are used, not its scorecard.
    as_of : datetime
        The one clock.

    Raises
    ------
    ModelError
        When labels and parcels do not belong to each other.
    """
    names = (*(i.id for i in engine.active), *FIGURES)
    missing = [name for name in FIGURES if name not in FEATURES]
    if missing:
        raise ModelError(f"these figures are no features: {', '.join(missing)}")

    def lay_out(batch: tuple[Tables, pl.DataFrame]) -> tuple[NDArray[np.float32], pl.DataFrame]:
        tables, labels = batch
        ids = tables.parcels.select("parcel_id")
        if labels["parcel_id"].n_unique() != labels.height:
            raise ModelError("the labels name a parcel twice")
        joined = ids.join(labels, on="parcel_id", how="left", maintain_order="left")
        if joined[ILLICIT].null_count() or joined[NONCOMPLIANT].null_count():
            lost = joined.filter(pl.col(ILLICIT).is_null() | pl.col(NONCOMPLIANT).is_null())["parcel_id"][0]
            raise ModelError(f"parcel {lost} has no label")
        seen = examine(tables, engine, as_of, frozenset(FIGURES))
        fired = seen.answers.truth.true.astype(np.float64)
        parcels = seen.facts.parcels
        figures = [np.maximum(feature_values(parcels, name), fits) for name, fits in FITS_UP_TO.items()]
        return np.column_stack([fired, *figures]), joined

    parts, told = [], []
    with ThreadPoolExecutor(threads) as pool:
        for matrix, joined in _in_order(pool, lay_out, batches, threads):
            parts.append(matrix)
            told.append(joined.select("parcel_id", ILLICIT, NONCOMPLIANT, "pattern"))
    if not parts:
        raise ModelError("there is nothing to learn from: no parcels")
    labels = pl.concat(told)
    return Rows(
        names,
        np.concatenate(parts),
        labels["parcel_id"].to_list(),
        {axis: labels[column].cast(pl.Boolean).to_numpy() for axis, column in LABEL_OF.items()},
        labels["pattern"].fill_null("").to_list(),
    )


def _in_order(pool: ThreadPoolExecutor, work, batches, ahead: int) -> Iterator:  # type: ignore[no-untyped-def, type-arg]
    """Results in the order of the batches, with few of them in memory at once."""
    waiting = []
    for batch in batches:
        waiting.append(pool.submit(work, batch))
        if len(waiting) > ahead:
            yield waiting.pop(0).result()
    for future in waiting:
        yield future.result()
