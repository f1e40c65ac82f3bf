"""From a classifier to points: measured from the usual, never against a direction, nothing gained by keeping silent."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_compile import FIGURES, FLAGS, LABEL, MATRIX, ROWS

from riskscore.errors import ModelError
from riskscore.scorecard import MILLION, parse_scorecard
from riskscore.training.compile import cell_weights
from riskscore.training.fit import Fitted, Input, Settings, axis_card, calibrate, compile_axis, fit_axis

NAMES = ("mass_per_litre", "declared_mass_kg", "value_per_kg", "longest_side_cm", "length_to_width", "mass_gap_kg")
DIRECTIONS = (1, 1, -1, 0, 0, 1)
INPUTS = [Input(name, way) for name, way in zip(NAMES, DIRECTIONS, strict=True)] + [
    Input(f"GD-{n + 1:02}", 1, 1, (15.0, 50.0) if n == 0 else (-1000.0, 1000.0)) for n in range(FLAGS)
]
NAMED = (
    ("mass_per_litre", "GD-01"),
    ("mass_per_litre", "declared_mass_kg"),
    ("declared_mass_kg", "GD-02"),
    ("GD-03", "GD-04"),
    ("mass_per_litre", "GD-99"),  # not there: left out
)
SETTINGS = Settings(iterations=80, leaves=8)


def fitted() -> Fitted:
    weights = np.ones(ROWS)
    estimator, pairs = fit_axis(MATRIX, LABEL, weights, INPUTS, NAMED, SETTINGS)
    tables = compile_axis(estimator, pairs, MATRIX, weights)
    calibration = calibrate(tables.log_odds(MATRIX), LABEL, weights)
    return Fitted(estimator, INPUTS, pairs, tables, cell_weights(tables, MATRIX, weights), calibration)


FIT = fitted()
AXIS = axis_card(FIT, 300.0, 500.0, 650.0)


def card(axis: Any = AXIS) -> Any:
    raw = {
        "id": "test",
        "format": 2,
        "points": "learned",
        "basis": "simulated",
        "confirmed_finds": 0,
        "axes": {"illicit": axis, "compliance": axis},
        "group_caps": {},
        "weak_cap": 75,
        "medium_cap": 300,
        "mitigating_cap": 165,
    }
    return parse_scorecard(raw, "test").axes["illicit"]


def test_what_is_written_can_be_served() -> None:
    axis = card()
    assert {c.name for c in axis.curves} == set(NAMES)
    assert len(axis.indicators) == FLAGS
    assert [p.key for p in axis.pairs] == [
        "mass_per_litre*GD-01",
        "mass_per_litre*declared_mass_kg",
        "declared_mass_kg*GD-02",
        "GD-03*GD-04",
    ]


def test_log_odds_on_the_card_are_the_decision_function() -> None:
    """Intercept, curves, indicators and pairs of the file, added up, on 30,000 rows with cells not stated."""
    axis = card()
    total = np.full(ROWS, axis.intercept)
    cells = {}
    for curve in axis.curves:
        column = MATRIX[:, NAMES.index(curve.name)]
        cells[curve.name] = np.searchsorted(np.append(curve.edges, np.inf), column, side="left")
        total += curve.log_odds[cells[curve.name]]
    for number, one in enumerate(axis.indicators.values()):
        cells[one.id] = MATRIX[:, FIGURES + number].astype(int)
        total += np.array(one.log_odds)[cells[one.id]]
    for pair in axis.pairs:
        total += pair.log_odds[cells[pair.of[0]], cells[pair.of[1]]]
    assert np.abs(total - FIT.estimator.decision_function(MATRIX)).max() < 1e-9


def test_the_most_usual_cell_has_no_points() -> None:
    for curve in card().curves:
        assert curve.points[curve.usual] == 0


def test_not_stated_counts_at_least_the_mean_and_at_most_the_highest_cell() -> None:
    for curve, weights in zip(card().curves, FIT.weights, strict=False):
        stated = curve.points[:-1] / MILLION
        assert curve.points[-1] / MILLION >= np.average(stated, weights=weights[:-1]) - 1e-6
        assert curve.points[-1] / MILLION <= stated.max() + 1e-6


def test_points_never_go_against_a_direction_whatever_the_pair_is() -> None:
    axis = card()
    tables = {c.name: (c.points[:-1], c.direction) for c in axis.curves}
    tables |= {i.id: (np.array([0, i.points]), 1) for i in axis.indicators.values()}
    for name, (points, direction) in tables.items():
        steps = np.diff(points) * direction
        for pair in axis.pairs:
            if name in pair.of:
                table = pair.points if pair.of[0] == name else pair.points.T
                table = table[: len(points)]
                steps = steps + (np.diff(table, axis=0) * direction).min(axis=1)
        if direction:
            assert steps.min(initial=0) >= -2 * len(NAMED), name  # millionths: what rounding may do


def test_an_indicator_stays_within_its_strength_unless_its_pair_needs_more() -> None:
    assert card().indicators["GD-01"].points >= 15 * MILLION


def test_labels_all_alike_and_an_order_turned_round_are_refused() -> None:
    with pytest.raises(ModelError, match="all alike"):
        fit_axis(MATRIX, np.zeros(ROWS, bool), np.ones(ROWS), INPUTS, NAMED, SETTINGS)
    with pytest.raises(ModelError, match="order round"):
        calibrate(-FIT.tables.log_odds(MATRIX), LABEL, np.ones(ROWS))


def test_fitting_twice_gives_the_same_card() -> None:
    assert axis_card(fitted(), 300.0, 500.0, 650.0) == AXIS
