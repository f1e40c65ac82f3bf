"""A fitted `HistGradientBoostingClassifier` → tables that add up to the same: one curve per input, one table per pair.

The classifier must have been fitted with interaction constraints of single inputs and named pairs. The constraint holds
along each path from root to leaf, not for a whole tree, so trees are taken apart leaf by leaf: a leaf is a box over at
most two inputs, and its value is added to all cells of that box. Afterwards pair tables are purified: what belongs to
one input alone moves into its curve (functional ANOVA under the training weights; Lengerich et al. 2020).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskscore.errors import ModelError
from riskscore.points import cells_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_ROUNDS, _SMALL = 500, 1e-13


@dataclass(frozen=True, slots=True)
class Tables:
    """An additive model over inputs (columns of a matrix), in log-odds.

    Parameters
    ----------
    intercept : float
    edges : list of float64 arrays
        Upper edges of the cells of each input; a value on an edge lies below it. Behind the cells of values comes one
        for "not stated" (NaN), so an input with e edges has e + 2 cells.
    curves : list of float64 arrays (e + 2,)
    pairs : dict
        ``(i, j)`` → float64 array (cells of i, cells of j).
    """

    intercept: float
    edges: list[Floats]
    curves: list[Floats]
    pairs: dict[tuple[int, int], Floats]

    def cells(self, matrix: Floats) -> list[Ints]:
        """Cell of every row (m,), input by input, of a matrix (m, inputs)."""
        return [cells_of(edges, matrix[:, j]) for j, edges in enumerate(self.edges)]

    def log_odds(self, matrix: Floats) -> Floats:
        """Sum of intercept, curves and pairs for every row (m,)."""
        cells = self.cells(matrix)
        total = np.full(len(matrix), self.intercept)
        for curve, cell in zip(self.curves, cells, strict=True):
            total += curve[cell]
        for (i, j), table in self.pairs.items():
            total += table[cells[i], cells[j]]
        return total


@dataclass(frozen=True, slots=True)
class _Leaf:
    value: float
    box: dict[int, tuple[float, float, bool]]  # input → (above, up to, holds what is not stated)


def compile_trees(estimator: Any, pairs: Sequence[tuple[int, int]]) -> Tables:
    """Tables of a fitted binary classifier.

    Parameters
    ----------
    estimator : HistGradientBoostingClassifier
    pairs : sequence of (int, int)
        The inputs that were allowed to interact.

    Raises
    ------
    ModelError
        When a leaf reads more than one input or named pair, or the classifier is of another kind.
    """
    if estimator.n_trees_per_iteration_ != 1:
        raise ModelError("only a classifier of two classes can be compiled to tables")
    n_inputs = int(estimator.n_features_in_)
    leaves = [leaf for (tree,) in estimator._predictors for leaf in _leaves(tree.nodes)]
    thresholds: list[set[float]] = [set() for _ in range(n_inputs)]
    for leaf in leaves:
        for j, (above, up_to, _) in leaf.box.items():
            thresholds[j] |= {v for v in (above, up_to) if np.isfinite(v)}
    edges = [np.array(sorted(values), np.float64) for values in thresholds]
    tables = Tables(
        float(estimator._baseline_prediction.ravel()[0]),
        edges,
        [np.zeros(len(e) + 2) for e in edges],
        {_ordered(pair): np.zeros((len(edges[min(pair)]) + 2, len(edges[max(pair)]) + 2)) for pair in pairs},
    )
    intercept = tables.intercept
    for leaf in leaves:
        holds = {j: _cells_of_box(edges[j], *bounds) for j, bounds in leaf.box.items()}
        if not holds:
            intercept += leaf.value
        elif len(holds) == 1:
            ((j, inside),) = holds.items()
            tables.curves[j][inside] += leaf.value
        else:
            key = tuple(sorted(holds))
            if len(key) != 2 or key not in tables.pairs:
                raise ModelError(f"a leaf reads inputs {key}, which are no named pair")
            tables.pairs[key][np.ix_(holds[key[0]], holds[key[1]])] += leaf.value
    return Tables(intercept, edges, tables.curves, tables.pairs)


def _ordered(pair: tuple[int, int]) -> tuple[int, int]:
    return min(pair), max(pair)


def _cells_of_box(edges: Floats, above: float, up_to: float, unstated: bool) -> NDArray[np.bool_]:
    """Which cells of an input a box holds."""
    number = np.arange(len(edges) + 1)
    low = np.searchsorted(edges, above, side="left") + 1 if np.isfinite(above) else 0
    high = np.searchsorted(edges, up_to, side="left") if np.isfinite(up_to) else len(edges)
    stated = (number >= low) & (number <= high) & (above < np.inf)
    return np.append(stated, unstated)


def _leaves(nodes: Any) -> list[_Leaf]:
    """All leaves of a tree with the boxes that lead to them."""
    leaves: list[_Leaf] = []
    waiting: list[tuple[int, dict[int, tuple[float, float, bool]]]] = [(0, {})]
    while waiting:
        number, box = waiting.pop()
        node = nodes[number]
        if node["is_leaf"]:
            leaves.append(_Leaf(float(node["value"]), box))
            continue
        if node["is_categorical"]:
            raise ModelError("a split by category cannot be compiled to a curve")
        j, threshold, to_left = int(node["feature_idx"]), float(node["num_threshold"]), bool(node["missing_go_to_left"])
        above, up_to, unstated = box.get(j, (-np.inf, np.inf, True))
        waiting.append((int(node["left"]), {**box, j: (above, min(up_to, threshold), unstated and to_left)}))
        waiting.append((int(node["right"]), {**box, j: (max(above, threshold), up_to, unstated and not to_left)}))
    return leaves


def purify(tables: Tables, matrix: Floats, weights: Floats) -> Tables:
    """The same sums, with everything that one input explains alone moved from pair tables into its curve.

    Parameters
    ----------
    tables : Tables
    matrix : float64 array (m, inputs)
        Training rows.
    weights : float64 array (m,)
        Their weights.
    """
    cells = tables.cells(matrix)
    curves = [curve.copy() for curve in tables.curves]
    pairs: dict[tuple[int, int], Floats] = {}
    for (i, j), table in tables.pairs.items():
        size = table.shape
        flat = np.bincount(cells[i] * size[1] + cells[j], weights=weights, minlength=table.size)
        # A trace of weight everywhere: a cell that training never saw still has a mean.
        mass = flat.reshape(size) + weights.sum() * 1e-9 / table.size
        pure = table.copy()
        for _ in range(_ROUNDS):
            rows = (pure * mass).sum(axis=1) / mass.sum(axis=1)
            pure -= rows[:, None]
            curves[i] += rows
            columns = (pure * mass).sum(axis=0) / mass.sum(axis=0)
            pure -= columns[None, :]
            curves[j] += columns
            if max(np.abs(rows).max(), np.abs(columns).max()) < _SMALL:
                break
        pairs[i, j] = pure
    return Tables(tables.intercept, tables.edges, curves, pairs)


def cell_weights(tables: Tables, matrix: Floats, weights: Floats) -> list[Floats]:
    """Training weight in each cell of each input."""
    return [
        np.bincount(cell, weights=weights, minlength=len(curve)).astype(np.float64)
        for cell, curve in zip(tables.cells(matrix), tables.curves, strict=True)
    ]
