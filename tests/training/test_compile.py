"""Tables of a classifier say exactly what it says, and purified pairs hold nothing that one input explains."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from riskscore.errors import ModelError
from riskscore.training.compile import Tables, compile_trees, purify

ROWS, FIGURES, FLAGS = 30_000, 6, 5
PAIRS = [(0, 6), (0, 1), (1, 7), (8, 9), (0, 2)]


def training_rows() -> tuple[Any, Any]:
    """Figures (some rounded, some not stated), flags, and a label that needs the pairs."""
    rng = np.random.default_rng(7)
    matrix = rng.normal(size=(ROWS, FIGURES + FLAGS))
    matrix[:, :3] = np.round(matrix[:, :3], 1)
    matrix[:, FIGURES:] = matrix[:, FIGURES:] > 0.8
    told = np.nan_to_num(matrix[:, 0]) * matrix[:, 6] + np.nan_to_num(matrix[:, 1]) * matrix[:, 7] - matrix[:, 2]
    label = rng.random(ROWS) < 1 / (1 + np.exp(-(told + matrix[:, 8] * matrix[:, 9] - 1.5)))
    matrix[:, :FIGURES][rng.random((ROWS, FIGURES)) < 0.15] = np.nan
    return matrix, label


def fitted(matrix: Any, label: Any, **changes: Any) -> Any:
    paired = {j for pair in PAIRS for j in pair}
    alone = [{j} for j in range(matrix.shape[1]) if j not in paired]
    how = {
        "max_iter": 50,
        "max_leaf_nodes": 8,
        "max_bins": 40,
        "early_stopping": False,
        "random_state": 1,
        "interaction_cst": [set(p) for p in PAIRS] + alone,
        **changes,
    }
    return HistGradientBoostingClassifier(**how).fit(matrix, label)


MATRIX, LABEL = training_rows()
ESTIMATOR = fitted(MATRIX, LABEL)
TABLES = compile_trees(ESTIMATOR, PAIRS)
PURE = purify(TABLES, MATRIX, np.ones(ROWS))


def on_the_edges() -> Any:
    """Rows that lie on every edge of every input, and one bit beside it, and where nothing is stated."""
    rows = MATRIX.copy()
    for j, edges in enumerate(TABLES.edges[:FIGURES]):
        for shift, values in enumerate((edges, np.nextafter(edges, np.inf), np.nextafter(edges, -np.inf))):
            rows[shift : 3 * len(edges) : 3, j] = values
        rows[-(j + 2) :, j] = np.nan
    return rows


@pytest.mark.parametrize("tables", [TABLES, PURE], ids=["as compiled", "purified"])
@pytest.mark.parametrize("rows", [MATRIX, on_the_edges()], ids=["training rows", "edges and not stated"])
def test_tables_are_the_decision_function(tables: Tables, rows: Any) -> None:
    assert np.abs(tables.log_odds(rows) - ESTIMATOR.decision_function(rows)).max() < 1e-9


def test_pairs_are_used_and_hold_nothing_that_one_input_explains() -> None:
    for (i, j), table in PURE.pairs.items():
        cells = PURE.cells(MATRIX)
        weight = np.bincount(cells[i] * table.shape[1] + cells[j], minlength=table.size).reshape(table.shape)
        for axis in (0, 1):
            seen = weight.sum(axis=axis) > 0
            means = (table * weight).sum(axis=axis)[seen] / weight.sum(axis=axis)[seen]
            assert np.abs(means).max() < 1e-6
    assert max(np.abs(table).max() for table in PURE.pairs.values()) > 0.2


def test_an_input_that_no_tree_reads_has_one_flat_cell() -> None:
    matrix = np.column_stack([MATRIX, np.ones(ROWS)])
    tables = compile_trees(
        fitted(matrix, LABEL, interaction_cst=[set(p) for p in PAIRS] + [{3}, {4}, {5}, {10}, {11}]), PAIRS
    )
    assert len(tables.edges[11]) == 0
    assert not tables.curves[11].any()


def test_a_tree_that_mixes_inputs_freely_is_refused() -> None:
    free = fitted(MATRIX, LABEL, interaction_cst=None, max_iter=5)
    with pytest.raises(ModelError, match="no named pair"):
        compile_trees(free, PAIRS)


def test_a_classifier_of_three_classes_is_refused() -> None:
    three = fitted(MATRIX, np.arange(ROWS) % 3, max_iter=2)
    with pytest.raises(ModelError, match="two classes"):
        compile_trees(three, PAIRS)
