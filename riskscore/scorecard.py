"""The serving form of a model: tables of points, read from JSON and checked; nothing is ever unpickled.

A scorecard holds, for each axis, base points, points of indicators (by id and version), one curve per feature and one
table per named pair. Points are whole millionths inside, so sums are exact in any order. ``log_odds`` beside the points
are what training compiled, before calibration; serving does not use them, retraining and its tests do.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from riskscore.errors import ModelError
from riskscore.sops import AXES, GROUPS

MILLION = 1_000_000  # points are whole millionths inside
LARGEST = 1_000_000  # points; sums of many such stay far below 2**53 millionths
FORMAT = 2
POINTS, BASES = ("expert", "learned"), ("simulated", "mixed", "outcomes")
Millionths = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Curve:
    """What one feature adds on one axis.

    Parameters
    ----------
    name : str
        The feature.
    edges : float64 array (c - 2,)
        Upper edges of the cells but the last; a value on an edge belongs to the cell below it.
    points : int64 array (c,)
        Millionths by cell; the last cell is "not stated". The most usual cell has none.
    log_odds : float64 array (c,)
        As compiled, before calibration.
    usual : int
        The most usual cell, from which points are measured.
    direction : int
        +1: never falls; -1: never rises; 0: either.
    """

    name: str
    edges: Floats
    points: Millionths
    log_odds: Floats
    usual: int
    direction: int


@dataclass(frozen=True, slots=True)
class Pair:
    """What two inputs add together, beyond what each adds: tables (cells of the first, cells of the second)."""

    of: tuple[str, str]
    points: Millionths
    log_odds: Floats

    @property
    def key(self) -> str:
        """``a*b``, as reasons name it."""
        return "*".join(self.of)


@dataclass(frozen=True, slots=True)
class Learned:
    """Points of one indicator as learned: for the version that training saw."""

    id: str
    version: int
    points: int
    log_odds: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Axis:
    """Base points, band thresholds (millionths) and everything learned on one axis."""

    base: int
    review: int
    hold: int
    points_per_log_odds: float = 0.0
    intercept: float = 0.0
    indicators: dict[str, Learned] = field(default_factory=dict)
    curves: tuple[Curve, ...] = ()
    pairs: tuple[Pair, ...] = ()


@dataclass(frozen=True, slots=True)
class Scorecard:
    """What a model folder says; read it with `load_scorecard`.

    Parameters
    ----------
    group_caps : dict
        Most that one group may add, millionths.
    weak_cap, medium_cap : int
        Most that the weak reasons of a group, and the weak and medium ones together, may add, millionths.
    mitigating_cap : int
        Most that one group may take away, millionths.
    """

    id: str
    points: str  # expert or learned
    basis: str
    confirmed_finds: int
    axes: dict[str, Axis]
    group_caps: dict[str, int]
    weak_cap: int
    medium_cap: int = LARGEST * MILLION
    mitigating_cap: int = LARGEST * MILLION

    @property
    def features(self) -> frozenset[str]:
        """Features that the curves and pairs read."""
        return frozenset(curve.name for axis in self.axes.values() for curve in axis.curves)


def load_scorecard(models: Path, name: str | None = None) -> Scorecard:
    """The scorecard of a folder of models: the named one, or that which ``current`` names.

    Raises
    ------
    ModelError
        When it is missing, damaged or of another format.
    """
    try:
        name = name or (models / "current").read_text("utf-8").strip()
        raw = orjson.loads((models / name / "scorecard.json").read_bytes())
    except (OSError, ValueError) as error:  # ValueError: no UTF-8, no JSON, or a name that no file can have
        raise ModelError(f"{models}: no scorecard can be read: {error}") from error
    try:
        return parse_scorecard(raw, name)
    except KeyError as error:
        raise ModelError(f"{models / name}: scorecard.json is damaged: {error.args[0]} is missing") from error
    except (ValueError, TypeError, IndexError) as error:  # the last two: a value of another kind than it must be
        raise ModelError(f"{models / name}: scorecard.json is damaged: {error}") from error


def parse_scorecard(raw: Any, name: str) -> Scorecard:
    """A scorecard from its JSON form.

    Raises
    ------
    KeyError, ValueError
        With the key that is missing, or a sentence that says what is wrong.
    """
    if not isinstance(raw, dict) or raw["format"] != FORMAT or raw["id"] != name:
        raise ValueError(f"it must be of format {FORMAT} and its id must be {name!r}")
    axes = _mapping(raw, "axes")
    caps = _mapping(raw, "group_caps")
    if strange := caps.keys() - set(GROUPS):
        raise ValueError(f"group_caps names unknown groups {sorted(strange)}")
    finds = raw["confirmed_finds"]
    if isinstance(finds, bool) or not isinstance(finds, int) or finds < 0:
        raise ValueError(f"confirmed_finds must be a whole number from 0, not {finds!r}")
    return Scorecard(
        name,
        _one_of(raw, "points", POINTS),
        _one_of(raw, "basis", BASES),
        finds,
        {axis: _axis(axis, _mapping(axes, axis)) for axis in AXES},
        {group: _millionths(group, points, lowest=0) for group, points in caps.items()},
        *(_millionths(key, raw[key], lowest=0) for key in ("weak_cap", "medium_cap", "mitigating_cap")),
    )


def _axis(name: str, raw: dict[str, Any]) -> Axis:
    base, review, hold = (_millionths(f"{name}.{key}", raw[key]) for key in ("base_points", "review", "hold"))
    if not base < review < hold:
        raise ValueError(f"{name}: base_points, review and hold must rise in this order")
    curves = tuple(_curve(f"{name}.features", entry) for entry in _list(raw, "features"))
    indicators = {
        entry["id"]: Learned(
            str(entry["id"]),
            int(entry["version"]),
            _millionths(f"{name}.{entry['id']}", entry["points"]),
            (float(entry["log_odds"][0]), float(entry["log_odds"][1])),
        )
        for entry in _list(raw, "indicators")
    }
    cells = {curve.name: len(curve.points) for curve in curves} | dict.fromkeys(indicators, 2)
    return Axis(
        base,
        review,
        hold,
        float(raw["points_per_log_odds"]),
        float(raw["intercept_log_odds"]),
        indicators,
        curves,
        tuple(_pair(f"{name}.pairs", entry, cells) for entry in _list(raw, "pairs")),
    )


def _curve(where: str, raw: dict[str, Any]) -> Curve:
    name = str(raw["name"])
    edges = _floats(f"{where}.{name}.edges", raw["edges"])
    points = _points(f"{where}.{name}.points", raw["points"])
    log_odds = _floats(f"{where}.{name}.log_odds", raw["log_odds"])
    if edges.ndim != 1 or points.shape != (len(edges) + 2,) or log_odds.shape != points.shape:
        raise ValueError(f"{where}.{name}: {len(edges)} edges need {len(edges) + 2} points and log_odds")
    if len(edges) and not (np.diff(edges) > 0).all():
        raise ValueError(f"{where}.{name}: edges must rise")
    if not 0 <= raw["usual"] <= len(edges):
        raise ValueError(f"{where}.{name}: usual must be a cell that is stated")
    if raw["direction"] not in (-1, 0, 1):
        raise ValueError(f"{where}.{name}: direction must be -1, 0 or 1")
    return Curve(name, edges, points, log_odds, int(raw["usual"]), int(raw["direction"]))


def _pair(where: str, raw: dict[str, Any], cells: dict[str, int]) -> Pair:
    first, second = raw["of"]
    if unknown := {first, second} - cells.keys():
        raise ValueError(f"{where}: {sorted(unknown)} are not among the inputs of the axis")
    shape = (cells[first], cells[second])
    points = _points(f"{where}.{first}*{second}", raw["points"])
    log_odds = _floats(f"{where}.{first}*{second}", raw["log_odds"])
    if points.shape != shape or log_odds.shape != shape:
        raise ValueError(f"{where}: {first}*{second} needs tables of {shape[0]} by {shape[1]} cells")
    return Pair((first, second), points, log_odds)


def _mapping(raw: dict[str, Any], key: str) -> dict[str, Any]:
    value = raw[key]
    if not isinstance(value, dict):
        raise ValueError(f"{key} must be an object, not {value!r}")
    return value


def _list(raw: dict[str, Any], key: str) -> Iterable[dict[str, Any]]:
    value = raw[key]
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise ValueError(f"{key} must be a list of objects")
    return value


def _one_of(raw: dict[str, Any], key: str, allowed: tuple[str, ...]) -> str:
    value = raw[key]
    if value not in allowed:
        raise ValueError(f"{key} must be one of {', '.join(allowed)}, not {value!r}")
    return str(value)


def _millionths(key: str, points: Any, lowest: int = -LARGEST) -> int:
    if isinstance(points, bool) or not isinstance(points, int | float) or not lowest <= points <= LARGEST:
        raise ValueError(f"{key} must be a number from {lowest} to {LARGEST}, not {points!r}")
    return round(points * MILLION)


def _floats(key: str, raw: Any) -> Floats:
    try:
        values = np.array(raw, np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{key} must be a table of numbers") from None
    if not np.isfinite(values).all():
        raise ValueError(f"{key} must hold finite numbers")
    return values


def _points(key: str, raw: Any) -> Millionths:
    values = _floats(key, raw)
    if (np.abs(values) > LARGEST).any():
        raise ValueError(f"{key} must hold points from {-LARGEST} to {LARGEST}")
    return np.rint(values * MILLION).astype(np.int64)
