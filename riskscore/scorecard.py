"""The serving form of the scorecard: integer points, capped groups, two axes; sums that are exact in any order."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from riskscore.errors import ModelError
from riskscore.known import Truth
from riskscore.sops import AXES, FLOORS, GROUPS, Indicator

MILLION = 1_000_000  # points are whole millionths inside
LARGEST = 1_000_000  # points; sums of many such stay far below 2**53 millionths
POINTS, BASES = ("expert", "learned"), ("simulated", "mixed", "outcomes")
Millionths = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Axis:
    """Base points and band thresholds of one axis, millionths."""

    base: int
    review: int
    hold: int


@dataclass(frozen=True, slots=True)
class Scorecard:
    """What a model folder says; read it with `load_scorecard`."""

    id: str
    points: str  # expert or learned
    basis: str
    confirmed_finds: int
    axes: dict[str, Axis]
    group_caps: dict[str, int]
    weak_cap: int


@dataclass(frozen=True, slots=True)
class Scores:
    """Both axes of a batch of n parcels.

    Parameters
    ----------
    points : int64 array (n, 2)
        Scores in millionths; columns as `AXES`.
    caps : int64 array (n, 2, groups)
        What capping took from each group (zero or negative), millionths.
    bands : int64 array (n, 2)
        Number in `BANDS`, floors included.
    completeness : float64 array (n,)
        Share of the indicators, by points, that could be judged.
    """

    points: Millionths
    caps: Millionths
    bands: NDArray[np.int64]
    completeness: NDArray[np.float64]


def load_scorecard(models: Path) -> Scorecard:
    """The scorecard that ``current`` names.

    Raises
    ------
    ModelError
        When it is missing, damaged or of another format.
    """
    try:
        name = (models / "current").read_text("utf-8").strip()
        raw = orjson.loads((models / name / "scorecard.json").read_bytes())
    except (OSError, ValueError) as error:  # ValueError: no UTF-8, no JSON, or a name that no file can have
        raise ModelError(f"{models}: no scorecard can be read: {error}") from error
    try:
        return _parse(raw, name)
    except KeyError as error:
        raise ModelError(f"{models / name}: scorecard.json is damaged: {error.args[0]} is missing") from error
    except ValueError as error:
        raise ModelError(f"{models / name}: scorecard.json is damaged: {error}") from error


def _parse(raw: Any, name: str) -> Scorecard:
    if not isinstance(raw, dict) or raw["format"] != 1 or raw["id"] != name:
        raise ValueError(f"it must be of format 1 and its id must be {name!r}")
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
        _millionths("weak_cap", raw["weak_cap"], lowest=0),
    )


def _axis(name: str, raw: dict[str, Any]) -> Axis:
    axis = Axis(*(_millionths(f"{name}.{key}", raw[key]) for key in ("base_points", "review", "hold")))
    if not axis.base < axis.review < axis.hold:
        raise ValueError(f"{name}: base_points, review and hold must rise in this order")
    return axis


def _mapping(raw: dict[str, Any], key: str) -> dict[str, Any]:
    value = raw[key]
    if not isinstance(value, dict):
        raise ValueError(f"{key} must be an object, not {value!r}")
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


def score(card: Scorecard, indicators: list[Indicator], fired: Truth) -> Scores:
    """Add up, cap, and band.

    Parameters
    ----------
    card : Scorecard
    indicators : list of Indicator
        The k columns of ``fired``.
    fired : Truth
        Arrays (n, k).

    Notes
    -----
    Sums run on doubles holding whole numbers far below 2**53, so they are exact in any order.
    """
    row, column = np.nonzero(fired.true)
    n = len(fired.true)
    points = np.array([i.points * MILLION for i in indicators], np.int64)
    axis_of = np.array([AXES.index(i.axis) for i in indicators], np.int64)
    group_of = np.array([GROUPS.index(i.group) for i in indicators], np.int64)
    weak = np.array([i.strength == "weak" for i in indicators], np.bool_)
    floor_of = np.array([FLOORS.index(i.floor) for i in indicators], np.int64)

    cells = len(AXES) * len(GROUPS)
    cell = row * cells + axis_of[column] * len(GROUPS) + group_of[column]
    raising = np.maximum(points[column], 0)
    weak_sum = _summed(cell, np.where(weak[column], raising, 0), n * cells)
    other_sum = _summed(cell, np.where(weak[column], 0, raising), n * cells)
    limit = np.array([card.group_caps.get(g, np.iinfo(np.int64).max) for g in GROUPS], np.int64)
    capped = np.minimum(weak_sum, card.weak_cap) + other_sum
    capped = np.minimum(capped, np.tile(limit, n * len(AXES)))
    caps = (capped - weak_sum - other_sum).reshape(n, len(AXES), len(GROUPS))

    base = np.array([card.axes[a].base for a in AXES], np.int64)
    totals = base + _summed(row * len(AXES) + axis_of[column], points[column], n * len(AXES)).reshape(n, len(AXES))
    totals += caps.sum(axis=2)
    review = np.array([card.axes[a].review for a in AXES], np.int64)
    hold = np.array([card.axes[a].hold for a in AXES], np.int64)
    bands = (totals >= review).astype(np.int64) + (totals >= hold)
    np.maximum.at(bands, (row, axis_of[column]), floor_of[column])

    # Column by column in whole numbers: a matrix product would wake threads that spin long after it is done.
    weight = np.abs(np.array([i.points for i in indicators], np.int64))
    known = np.zeros(n, np.int64)
    for number, points_at_stake in enumerate(weight.tolist()):
        known += (fired.true[:, number] | fired.false[:, number]) * points_at_stake
    completeness = known / max(int(weight.sum()), 1)
    return Scores(totals, caps, bands, np.round(completeness, 4))


def _summed(place: NDArray[np.int64], points: Millionths, size: int) -> Millionths:
    return np.bincount(place, weights=points, minlength=size).astype(np.int64)
