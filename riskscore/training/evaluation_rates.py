"""Rates with intervals, a ranking cut at a capacity, precision and recall: figures that know no field of a parcel."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskscore.assess import rank_key
from riskscore.scorecard import MILLION

Z = 1.959963984540054  # two-sided 95 %
RESAMPLES = 500
FEWEST_FOR_BOOTSTRAP = 5  # fewer independent positives say nothing about how much the figure would vary


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many, with a 95 % Wilson interval; all three are None where there is nothing to divide by."""

    hits: int
    of: int
    share: float | None
    low: float | None
    high: float | None


def share(hits: int, of: int) -> Share:
    """A share with its interval.

    Examples
    --------
    >>> one = share(8, 10)
    >>> round(one.low, 3), round(one.high, 3)
    (0.49, 0.943)
    """
    if not of:
        return Share(hits, of, None, None, None)
    p = hits / of
    centre = (p + Z * Z / (2 * of)) / (1 + Z * Z / of)
    half = Z / (1 + Z * Z / of) * math.sqrt(p * (1 - p) / of + Z * Z / (4 * of * of))
    # At the ends the interval touches 0 or 1; rounding must not leave it a hair away.
    low = 0.0 if hits == 0 else max(0.0, centre - half)
    high = 1.0 if hits == of else min(1.0, centre + half)
    return Share(hits, of, p, low, high)


def top_of_ranking(points: NDArray[np.int64], parcel_ids: pl.Series, deepest: int) -> NDArray[np.int64]:
    """Rows of the ``deepest`` highest scores, highest first; ties as everywhere: keyed hash, then reference.

    Parameters
    ----------
    points : int64 array (n,)
        Scores in millionths.
    parcel_ids : Series (n,)
    deepest : int
        At most n.
    """
    if deepest <= 0:
        return np.zeros(0, np.int64)
    lowest = np.partition(points, len(points) - deepest)[len(points) - deepest]
    rows = np.flatnonzero(points >= lowest)
    ids = parcel_ids.gather(rows)
    keys = [int.from_bytes(rank_key(parcel_id), "big") for parcel_id in ids.to_list()]
    ranked = pl.DataFrame(
        {"row": rows, "points": points[rows], "key": pl.Series(keys, dtype=pl.UInt64), "parcel_id": ids}
    ).sort("points", "key", "parcel_id", descending=True)
    return np.asarray(ranked["row"].to_numpy()[:deepest], np.int64)


@dataclass(frozen=True, slots=True)
class Gains:
    """What opening all parcels from some score upward finds, at every score that a positive has, highest first.

    Parameters
    ----------
    points : int64 array (m,)
        The scores, millionths.
    hits, opened : int64 arrays (m,)
        Positives and parcels with at least that score.
    positives, n : int
        Of all scores.
    """

    points: NDArray[np.int64]
    hits: NDArray[np.int64]
    opened: NDArray[np.int64]
    positives: int
    n: int

    @property
    def precision(self) -> NDArray[np.float64]:
        """Share of the opened that are positive (m,)."""
        return self.hits / self.opened

    @property
    def recall(self) -> NDArray[np.float64]:
        """Share of the positives that are opened (m,)."""
        return self.hits / max(self.positives, 1)

    @property
    def average_precision(self) -> float | None:
        """Precision averaged over the steps of recall; equal scores are one step. None without a positive."""
        return _average_precision(self.hits, self.opened) if self.positives else None


def gains(points: NDArray[np.int64], positive: NDArray[np.bool_]) -> Gains:
    """Cumulative hits of a ranking. ``points`` and ``positive`` are arrays (n,)."""
    levels, hits = np.unique(points[positive], return_counts=True)
    others = np.sort(points[~positive])
    above = len(others) - np.searchsorted(others, levels, "left")
    found = np.cumsum(hits[::-1])
    return Gains(levels[::-1], found, found + above[::-1], int(positive.sum()), len(points))


def _average_precision(hits: NDArray[np.int64], opened: NDArray[np.int64]) -> float:
    steps = np.diff(hits, prepend=0)
    with np.errstate(invalid="ignore"):  # a resample may leave out the first levels: nothing opened, no step
        precision = np.where(opened > 0, hits / np.maximum(opened, 1), 0.0)
    return float((steps * precision).sum() / hits[-1])


def bootstrap_average_precision(
    points: NDArray[np.int64], positive: NDArray[np.bool_], kit: NDArray[np.int64], *, seed: int = 0
) -> tuple[float, float] | None:
    """95 % interval of the average precision over resampled parcels; parcels of one kit are drawn together.

    Parameters
    ----------
    points, positive : arrays (n,)
        Scores in millionths, and which parcels are positive.
    kit : int64 array (n,)
        Number of the kit; -1 for a parcel of its own.
    seed : int
        The same seed and data give the same interval.

    Returns
    -------
    (float, float) or None
        None when fewer than `FEWEST_FOR_BOOTSTRAP` independent positives are there.

    Notes
    -----
    A Poisson bootstrap: every unit gets an independent Poisson(1) weight, so all negatives between two levels of the
    positives share one Poisson draw, and a million parcels cost no more than their positives do.
    """
    curve = gains(points, positive)
    # Units in the order of their scores, whatever the order of the rows, so that a draw means the same parcel.
    rows = np.flatnonzero(positive)
    rows = rows[np.argsort(-points[rows], kind="stable")]
    kits = kit[rows]
    alone = np.where(kits < 0, -1 - np.arange(len(rows)), kits)
    units, unit = np.unique(alone, return_inverse=True)
    if len(units) < FEWEST_FOR_BOOTSTRAP:
        return None
    level = len(curve.points) - 1 - np.searchsorted(curve.points[::-1], points[rows])
    between = np.diff(curve.opened - curve.hits, prepend=0)
    draw = np.random.default_rng(seed)
    found = []
    for _ in range(RESAMPLES):
        weights = draw.poisson(1.0, len(units))[unit]
        hits = np.cumsum(np.bincount(level, weights, len(curve.points)).astype(np.int64))
        if hits[-1]:
            found.append(_average_precision(hits, hits + np.cumsum(draw.poisson(between))))
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)


@dataclass(frozen=True, slots=True)
class ScoreBin:
    """Parcels with scores from ``start`` to below ``end`` (points), and the share of them that is positive."""

    start: float
    end: float
    positive: Share


BIN_WIDTHS = (50, 100, 200, 500, 1_000, 10_000, 1_000_000)
MOST_BINS = 16


def score_bins(points: NDArray[np.int64], positive: NDArray[np.bool_]) -> list[ScoreBin]:
    """Share of positives by score, in bins of equal width that hold at least one parcel.

    Parameters
    ----------
    points : int64 array (n,)
        Scores in millionths.
    positive : bool array (n,)
    """
    for width in BIN_WIDTHS:
        numbers = points // (width * MILLION)
        bins, place = np.unique(numbers, return_inverse=True)
        if len(bins) <= MOST_BINS:
            break
    parcels = np.bincount(place, minlength=len(bins))
    hits = np.bincount(place[positive], minlength=len(bins))
    return [
        ScoreBin(float(b * width), float((b + 1) * width), share(int(h), int(n)))
        for b, h, n in zip(bins.tolist(), hits, parcels, strict=True)
    ]
