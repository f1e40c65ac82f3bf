"""Fit one axis: constrained boosting, tables, calibration, points."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskscore.errors import ModelError
from riskscore.scorecard import MILLION
from riskscore.training.compile import Tables, compile_trees, purify

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
POINTS_PER_DOUBLING = 50.0
THREADS = 2  # pinned: sums of gradients depend on how rows are shared out
PARITY_ROWS, PARITY = 100_000, 1e-9


@dataclass(frozen=True, slots=True)
class Settings:
    """How an axis is fitted; all of it stands on the card."""

    iterations: int = 200
    learning_rate: float = 0.1
    leaves: int = 6
    smallest_leaf: int = 60
    l2: float = 5.0
    bins: int = 48
    seed: int = 20_260_601

    def parameters(self) -> dict[str, Any]:
        """Arguments of the classifier, constraints apart."""
        return {
            "max_iter": self.iterations,
            "learning_rate": self.learning_rate,
            "max_leaf_nodes": self.leaves,
            "min_samples_leaf": self.smallest_leaf,
            "l2_regularization": self.l2,
            "max_bins": self.bins,
            "early_stopping": False,
            "random_state": self.seed,
        }


@dataclass(frozen=True, slots=True)
class Input:
    """One column that an axis learns from.

    ``bounds`` are the points that an indicator of its strength may have; figures have none.
    """

    name: str
    direction: int
    version: int | None = None  # of an indicator
    bounds: tuple[float, float] = (-math.inf, math.inf)

    @property
    def is_indicator(self) -> bool:
        """An indicator: 0 or 1, never missing."""
        return self.version is not None


@dataclass(frozen=True, slots=True)
class Calibration:
    """Affine calibration of log-odds: ``slope * f + intercept``, at ordinary rates."""

    slope: float
    intercept: float
    rows: int
    positives: int


@dataclass(frozen=True)
class Fitted:
    """One axis, fitted and compiled."""

    estimator: Any
    inputs: list[Input]
    pairs: list[tuple[int, int]]
    tables: Tables
    weights: list[Floats]  # training weight by cell of each input
    calibration: Calibration


def fit_axis(
    matrix: Floats, labels: Bools, weights: Floats, inputs: list[Input], pairs: Sequence[tuple[str, str]], how: Settings
) -> tuple[Any, list[tuple[int, int]]]:
    """Fit the constrained classifier.

    Parameters
    ----------
    matrix : float64 array (m, inputs)
    labels : bool array (m,)
    weights : float64 array (m,)
        Low for simulated parcels, one for real outcomes.
    inputs : list of Input
    pairs : sequence of (str, str)
        Named pairs; those with an input that is not there are left out.

    Raises
    ------
    ModelError
        When there is only one class.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    if labels.all() or not labels.any():
        raise ModelError("the labels are all alike: nothing can be learned")
    number = {i.name: n for n, i in enumerate(inputs)}
    allowed = [(number[a], number[b]) for a, b in pairs if a in number and b in number]
    paired = {n for pair in allowed for n in pair}
    alone = [{n} for n in range(len(inputs)) if n not in paired]
    estimator = HistGradientBoostingClassifier(
        **how.parameters(),
        interaction_cst=[set(pair) for pair in allowed] + alone,
        monotonic_cst=[i.direction for i in inputs],
    )
    with threadpool_limits(THREADS):
        estimator.fit(matrix, labels, sample_weight=weights)
    return estimator, allowed


def compile_axis(estimator: Any, pairs: list[tuple[int, int]], matrix: Floats, weights: Floats) -> Tables:
    """Tables of the classifier, purified, and proven against its decision function.

    Raises
    ------
    ModelError
        When the tables and the classifier disagree by more than 1e-9 on the first 100,000 rows.
    """
    tables = purify(compile_trees(estimator, pairs), matrix, weights)
    rows = matrix[:PARITY_ROWS]
    gap = float(np.abs(tables.log_odds(rows) - estimator.decision_function(rows)).max())
    if gap > PARITY:
        raise ModelError(f"the tables differ from the classifier by {gap:.3g} log-odds")
    return tables


def calibrate(log_odds: Floats, labels: Bools, weights: Floats) -> Calibration:
    """Platt's affine calibration on rows that were not trained on.

    ``weights`` bring the shares of the classes to ordinary rates. A slope that is not positive is refused: it would
    turn the order round.
    """
    from sklearn.linear_model import LogisticRegression

    if labels.all() or not labels.any():
        raise ModelError("the rows for calibration are all alike")
    fitted = LogisticRegression(C=1e6, max_iter=1000).fit(log_odds[:, None], labels, sample_weight=weights)
    slope = float(fitted.coef_[0, 0])
    if slope <= 0:
        raise ModelError(f"calibration turned the order round (slope {slope:.3g}); the model has learned nothing")
    return Calibration(slope, float(fitted.intercept_[0]), len(labels), int(labels.sum()))


def axis_card(fitted: Fitted, base: float, review: float, hold: float) -> dict[str, Any]:
    """The axis as `scorecard.json` holds it.

    Points are measured from the most usual cell. A figure that is not stated counts at least the mean of its curve and
    at most its highest cell; in a pair it counts the pair's mean.
    """
    scale = fitted.calibration.slope * POINTS_PER_DOUBLING / math.log(2)
    tables, inputs = fitted.tables, fitted.inputs
    usual = [0 if i.is_indicator else int(w[:-1].argmax()) for i, w in zip(inputs, fitted.weights, strict=True)]
    pairs = {key: _pair_points(table, scale, (usual[key[0]], usual[key[1]])) for key, table in tables.pairs.items()}
    for n, one in enumerate(inputs):
        if one.is_indicator:
            alone = scale * (tables.curves[n][-2] - tables.curves[n][0])
            _hold_up([t if i == n else t.T for (i, j), t in pairs.items() if n in (i, j)], one, alone)
    indicators, features = [], []
    for n, (one, curve, weight) in enumerate(zip(inputs, tables.curves, fitted.weights, strict=True)):
        points = scale * (curve - curve[usual[n]])
        if one.is_indicator:
            points[-2] = np.clip(points[-2], *one.bounds)
        points = _straightened(
            points, one.direction, [t if i == n else t.T for (i, j), t in pairs.items() if n in (i, j)]
        )
        if one.is_indicator:
            log_odds = [float(curve[0]), float(curve[-2])]
            indicators.append(
                {"id": one.name, "version": one.version, "points": float(_rounded(points)[-2]), "log_odds": log_odds}
            )
            continue
        points -= points[usual[n]]
        mean = float(np.average(points[:-1], weights=weight[:-1])) if weight[:-1].any() else 0.0
        points[-1] = np.clip(points[-1], mean, max(mean, points[:-1].max()))
        features.append(
            {
                "name": one.name,
                "direction": one.direction,
                "usual": usual[n],
                "edges": tables.edges[n].tolist(),
                "points": _rounded(points).tolist(),
                "log_odds": curve.tolist(),
            }
        )
    return {
        "base_points": base,
        "review": review,
        "hold": hold,
        "points_per_log_odds": scale,
        "intercept_log_odds": tables.intercept,
        "indicators": indicators,
        "features": features,
        "pairs": [
            {
                "of": [inputs[i].name, inputs[j].name],
                "points": _rounded(table[kept_cells(inputs, tables, i, j)]).tolist(),
                "log_odds": tables.pairs[i, j][kept_cells(inputs, tables, i, j)].tolist(),
            }
            for (i, j), table in pairs.items()
        ],
    }


def _hold_up(pairs: list[Floats], one: Input, alone: float) -> None:
    """Let no pair of an indicator take more than the indicator itself gives within its bounds; changes the tables.

    Bounds can leave an indicator fewer points than its pairs were learned with.
    """
    most = float(np.clip(alone, *one.bounds)) * one.direction / max(len(pairs), 1)
    for table in pairs:
        steps = (table[-2] - table[0]) * one.direction
        table[-2] += np.maximum(-most - steps, 0.0) * one.direction


def _pair_points(table: Floats, scale: float, usual: tuple[int, int]) -> Floats:
    """Points of a purified pair table; what is not stated counts its mean, which is nothing."""
    points = table.copy()
    points[-1, :] = 0.0
    points[:, -1] = 0.0
    measured: Floats = scale * (points - points[usual])
    return measured


def _straightened(points: Floats, direction: int, pairs: list[Floats]) -> Floats:
    """Points of an input that never turn round, whatever the other halves of its pairs are.

    The classifier's sum never does; bounds, and pairs that count nothing for what is not stated, can bring small steps
    back, which are levelled here.
    """
    if not direction:
        return points
    steps = np.diff(points[:-1]) * direction
    worst = sum((np.diff(t[:-1], axis=0) * direction).min(axis=1) for t in pairs)
    lift = np.concatenate(([0.0], np.cumsum(np.maximum(-(steps + worst), 0.0)))) * direction
    return np.append(points[:-1] + lift, points[-1])


def kept_cells(inputs: list[Input], tables: Tables, i: int, j: int) -> Any:
    """Index of the cells of a pair that a card keeps: not fired and fired of an indicator, all of a figure."""
    kept = [
        [0, len(tables.curves[n]) - 2] if inputs[n].is_indicator else list(range(len(tables.curves[n]))) for n in (i, j)
    ]
    return np.ix_(*kept)


def _rounded(points: Floats) -> Floats:
    rounded: Floats = np.rint(points * MILLION) / MILLION
    return rounded
