"""Points of a batch: what each indicator, curve and pair adds, what caps take away, and the band of each axis.

Everything is whole millionths. Sums run on doubles holding whole numbers far below 2**53, so they are exact in any
order, batch size and number of threads.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskscore.features import FEATURES
from riskscore.known import Truth
from riskscore.scorecard import MILLION, Curve, Millionths, Pair, Scorecard
from riskscore.sops import AXES, FLOORS, GROUPS, Indicator

SHOWN_FROM = 5 * MILLION  # a feature or pair that counts less, either way, is part of the line `other`
CELLS = len(AXES) * len(GROUPS)


@dataclass(frozen=True, slots=True)
class Term:
    """A curve or pair of one axis, as a column of the terms."""

    key: str
    kind: str  # feature or pair
    axis: int
    group: int
    inputs: tuple[str, ...]
    spread: int  # largest points less smallest, millionths


@dataclass(frozen=True, slots=True)
class Weights:
    """Points of the active indicators under one scorecard, and the learned terms: built once with `weigh`.

    Parameters
    ----------
    points : int64 array (k,)
        Millionths of each indicator.
    learned : bool array (k,)
        True where the model has seen this version; else the pack's expert points count.
    """

    card: Scorecard
    indicators: list[Indicator]
    points: Millionths
    learned: NDArray[np.bool_]
    axis: NDArray[np.int64]
    group: NDArray[np.int64]
    strength: NDArray[np.int64]  # 0 weak, 1 medium, 2 strong or definitive
    floor: NDArray[np.int64]
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Scores:
    """Both axes of a batch of n parcels.

    Parameters
    ----------
    points : int64 array (n, 2)
        Scores in millionths; columns as `AXES`.
    caps : int64 array (n, 2, groups)
        What capping changed in each group, millionths: negative where it took points, positive where it gave back.
    bands : int64 array (n, 2)
        Number in `BANDS`, floors included.
    completeness : float64 array (n,)
        Share of the indicators and curves, by points, that could be judged.
    terms : int64 array (n, t)
        Millionths of each curve and pair, columns as `Weights.terms`.
    unstated : bool array (n, t)
        The feature of the curve is not stated.
    """

    points: Millionths
    caps: Millionths
    bands: NDArray[np.int64]
    completeness: NDArray[np.float64]
    terms: Millionths = field(default_factory=lambda: np.zeros((0, 0), np.int64))
    unstated: NDArray[np.bool_] = field(default_factory=lambda: np.zeros((0, 0), np.bool_))


def weigh(card: Scorecard, indicators: list[Indicator]) -> Weights:
    """Points of some indicators under a scorecard; expert points for a version that the model has not seen."""
    points, learned = [], []
    for indicator in indicators:
        seen = card.axes[indicator.axis].indicators.get(indicator.id)
        known = seen is not None and seen.version == indicator.version
        learned.append(known)
        points.append(seen.points if seen is not None and known else indicator.points * MILLION)
    group_of = {i.id: i.group for i in indicators}
    terms: list[Term] = []
    for number, axis in enumerate(card.axes[name] for name in AXES):
        terms += [_term(curve, number, group_of) for curve in axis.curves]
        terms += [_term(pair, number, group_of) for pair in axis.pairs]
    strengths = {"weak": 0, "medium": 1}
    return Weights(
        card,
        indicators,
        np.array(points, np.int64),
        np.array(learned, np.bool_),
        np.array([AXES.index(i.axis) for i in indicators], np.int64),
        np.array([GROUPS.index(i.group) for i in indicators], np.int64),
        np.array([strengths.get(i.strength, 2) for i in indicators], np.int64),
        np.array([FLOORS.index(i.floor) for i in indicators], np.int64),
        tuple(terms),
    )


def _term(entry: Curve | Pair, number: int, group_of: dict[str, str]) -> Term:
    inputs = entry.of if isinstance(entry, Pair) else (entry.name,)
    key, kind = (entry.key, "pair") if isinstance(entry, Pair) else (entry.name, "feature")
    first = next((name for name in inputs if name in FEATURES), inputs[0])
    group = FEATURES[first].group if first in FEATURES else group_of.get(first, "description")
    spread = int(entry.points.max() - entry.points.min())
    return Term(key, kind, number, GROUPS.index(group), inputs, spread)


def score(weights: Weights, fired: Truth, parcels: pl.DataFrame | None = None) -> Scores:
    """Add up, cap, and band.

    Parameters
    ----------
    weights : Weights
    fired : Truth
        Arrays (n, k) of the indicators of the weights.
    parcels : polars.DataFrame, optional
        Parcel facts (n rows) with the features of the curves; not needed by a card without curves.
    """
    n = len(fired.true)
    card = weights.card
    terms, unstated = _terms(weights, fired, parcels)
    row, column = fired.cells()
    points = weights.points[column]
    # Most parcels have neither a reason nor a term: theirs are the base points.
    counts = np.zeros(n, np.bool_)
    counts[row] = True
    for number in range(len(weights.terms)):
        counts |= terms[:, number] != 0
    rows = np.flatnonzero(counts)
    place = (np.cumsum(counts) - 1)[row]
    m = len(rows)
    cell = place * CELLS + weights.axis[column] * len(GROUPS) + weights.group[column]
    raising = np.maximum(points, 0)
    sums = [_summed(cell, np.where(weights.strength[column] == s, raising, 0), m * CELLS) for s in range(3)]
    taking = _summed(cell, np.minimum(points, 0), m * CELLS)
    added = _summed(place * len(AXES) + weights.axis[column], points, m * len(AXES)).reshape(m, len(AXES))
    # A curve counts as a weak reason, a pair as a medium one.
    by_cell = [s.reshape(m, CELLS) for s in (*sums, taking)]
    for number, term in enumerate(weights.terms):
        group, of_term = term.axis * len(GROUPS) + term.group, terms[rows, number]
        by_cell[term.kind == "pair"][:, group] += np.maximum(of_term, 0)
        by_cell[3][:, group] += np.minimum(of_term, 0)
        added[:, term.axis] += of_term
    weak, medium, strong, taken = by_cell
    limit = np.tile(np.array([card.group_caps.get(g, np.iinfo(np.int64).max) for g in GROUPS], np.int64), len(AXES))
    kept = np.minimum(np.minimum(np.minimum(weak, card.weak_cap) + medium, card.medium_cap) + strong, limit)
    given_back = np.maximum(taken, -card.mitigating_cap) - taken
    changed = (kept - (weak + medium + strong) + given_back).reshape(m, len(AXES), len(GROUPS))
    caps = np.zeros((n, len(AXES), len(GROUPS)), np.int64)
    caps[rows] = changed

    axes = [card.axes[a] for a in AXES]
    totals = np.tile(np.array([a.base for a in axes], np.int64), (n, 1))
    totals[rows] += added + changed.sum(axis=2)
    review, hold = (np.array([getattr(a, name) for a in axes], np.int64) for name in ("review", "hold"))
    bands = (totals >= review).astype(np.int64) + (totals >= hold)
    np.maximum.at(bands, (row, weights.axis[column]), weights.floor[column])
    return Scores(totals, caps, bands, _completeness(weights, fired, unstated), terms, unstated)


def _summed(place: NDArray[np.int64], points: Millionths, size: int) -> Millionths:
    return np.bincount(place, weights=points, minlength=size).astype(np.int64)


def _completeness(weights: Weights, fired: Truth, unstated: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Share of the points at stake that could be judged; a curve puts its spread at stake, a pair nothing more."""
    # Column by column in whole numbers: a matrix product would wake threads that spin long after it is done.
    known = np.zeros(len(fired.true), np.int64)
    stakes = np.abs(weights.points)
    for number, at_stake in enumerate(stakes.tolist()):
        known += (fired.true[:, number] | fired.false[:, number]) * at_stake
    all_at_stake = int(stakes.sum())
    for number, term in enumerate(weights.terms):
        if term.kind == "feature":
            known += ~unstated[:, number] * term.spread
            all_at_stake += term.spread
    return np.round(known / max(all_at_stake, 1), 4)


def _terms(weights: Weights, fired: Truth, parcels: pl.DataFrame | None) -> tuple[Millionths, NDArray[np.bool_]]:
    """Millionths of every curve and pair, and where a curve's feature is not stated."""
    n = len(fired.true)
    terms = np.zeros((n, len(weights.terms)), np.int64, order="F")
    unstated = np.zeros((n, len(weights.terms)), np.bool_, order="F")
    if not weights.terms:
        return terms, unstated
    if parcels is None:
        raise ValueError("a scorecard with curves needs the parcel facts")
    values = {name: feature_values(parcels, name) for name in weights.card.features}
    number = 0
    for name in AXES:
        axis = weights.card.axes[name]
        cells = {curve.name: cells_of(curve.edges, values[curve.name]) for curve in axis.curves}
        for curve in axis.curves:
            terms[:, number] = curve.points[cells[curve.name]]
            unstated[:, number] = cells[curve.name] == len(curve.points) - 1
            number += 1
        for pair in axis.pairs:
            first, second = (cells[i] if i in cells else _fired_cell(weights, fired, i) for i in pair.of)
            terms[:, number] = pair.points[first, second]
            number += 1
    return terms, unstated


def _fired_cell(weights: Weights, fired: Truth, indicator: str) -> NDArray[np.int64]:
    """0 or 1 for each parcel; an indicator that is not there, or of a version never seen, did not fire."""
    for number, candidate in enumerate(weights.indicators):
        if candidate.id == indicator and weights.learned[number]:
            return fired.true[:, number].astype(np.int64)
    return np.zeros(len(fired.true), np.int64)


def feature_values(parcels: pl.DataFrame, name: str) -> NDArray[np.float64]:
    """A parcel feature as float64 (n,), NaN where it is not stated; yes is 1, no is 0."""
    return parcels[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()


def cells_of(edges: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Cell of each value: a value on an edge lies below it, and NaN has the last cell (searchsorted puts it there)."""
    return np.searchsorted(np.append(edges, np.inf), values, side="left")
