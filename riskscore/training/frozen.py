"""Frozen scores: rows of inputs with what the model answered, so that any later code must answer the same."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskscore.errors import ModelError
from riskscore.known import Truth
from riskscore.points import score, weigh
from riskscore.scorecard import MILLION, Scorecard
from riskscore.sops import AXES, Indicator
from riskscore.training.fit import Fitted
from riskscore.training.inputs import FIGURES, Rows

FILE = "frozen_scores.csv"
ROWS = 400
_LEARNED = ("model_points", "score")


def write_frozen(
    folder: Path, rows: Rows, fitted: dict[str, Fitted], card: Scorecard, indicators: list[Indicator]
) -> None:
    """Write inputs and answers of some rows: half of them with a positive label, in the order of the parcels.

    ``<axis>_log_odds`` is the classifier's decision function; ``<axis>_score`` the score in millionths, caps included,
    with learned points where the model has seen the indicator and expert points elsewhere.
    """
    positive = np.flatnonzero(rows.labels["illicit"] | rows.labels["compliance"])[: ROWS // 2]
    others = np.setdiff1d(np.arange(len(rows.parcel_ids)), positive)[: ROWS - len(positive)]
    chosen = np.sort(np.concatenate([positive, others]))
    matrix = rows.matrix[chosen]
    k = len(indicators)
    points = served_points(card, indicators, matrix[:, :k] > 0, _frame(matrix[:, k:]))
    column = {name: number for number, name in enumerate(rows.names)}
    log_odds = {
        axis: fit.estimator.decision_function(matrix[:, [column[one.name] for one in fit.inputs]])
        for axis, fit in fitted.items()
    }
    with (folder / FILE).open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        asked = [f"{i.id}@{i.version}" for i in indicators]
        out.writerow([*asked, *FIGURES, *(f"{axis}_log_odds" for axis in AXES), *(f"{axis}_score" for axis in AXES)])
        for row, values in enumerate(matrix.tolist()):
            cells = ["" if np.isnan(v) else f"{v:.17g}" for v in values]
            learned = [f"{log_odds[axis][row]:.12g}" for axis in AXES]
            out.writerow([*cells, *learned, *points[row].tolist()])


def _frame(figures: NDArray[np.float64]) -> pl.DataFrame:
    return pl.DataFrame({name: figures[:, n] for n, name in enumerate(FIGURES)}).fill_nan(None)


def served_points(
    card: Scorecard, indicators: list[Indicator], fired: NDArray[np.bool_], parcels: pl.DataFrame
) -> NDArray[np.int64]:
    """Scores in millionths (m, axes) by the code that serves."""
    return score(weigh(card, indicators), Truth(fired, ~fired), parcels).points


def read_frozen(folder: Path) -> tuple[list[tuple[str, int]], NDArray[np.bool_], pl.DataFrame, NDArray[np.int64]]:
    """Indicators with versions, whether they fired (m, k), figures, and the frozen scores in millionths (m, axes).

    Raises
    ------
    ModelError
        When the file is missing or damaged.
    """
    try:
        table = pl.read_csv(folder / FILE, infer_schema_length=None)
        scores = table.select(f"{axis}_score" for axis in AXES).to_numpy().astype(np.int64)
        asked = [name for name in table.columns if "@" in name]
        fired = table.select(asked).to_numpy() > 0
        figures = table.select(pl.col(name).cast(pl.Float64) for name in FIGURES)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise ModelError(f"{folder / FILE}: no frozen scores can be read: {error}") from error
    versions = [(name.split("@")[0], int(name.split("@")[1])) for name in asked]
    return versions, fired, figures, scores


__all__ = ["FILE", "MILLION", "read_frozen", "served_points", "write_frozen"]
