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
from riskscore.sops import AXES, BANDS, GROUPS, Indicator

MILLION = 1_000_000  # points are whole millionths inside
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
    except (OSError, orjson.JSONDecodeError) as error:
        raise ModelError(f"{models}: no scorecard can be read: {error}") from error
    try:
        if raw["format"] != 1 or raw["id"] != name:
            raise ModelError(f"{models / name}: scorecard.json is of format {raw['format']} and id {raw['id']!r}")
        axes = {
            axis: Axis(*(_millionths(raw["axes"][axis][k]) for k in ("base_points", "review", "hold"))) for axis in AXES
        }
        strange = set(raw["group_caps"]) - set(GROUPS)
        if strange:
            raise ModelError(f"{models / name}: unknown groups {sorted(strange)}")
        caps = {group: _millionths(points) for group, points in raw["group_caps"].items()}
        return Scorecard(
            name,
            str(raw["points"]),
            str(raw["basis"]),
            int(raw["confirmed_finds"]),
            axes,
            caps,
            _millionths(raw["weak_cap"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{models / name}: scorecard.json is damaged: {error!r}") from error


def _millionths(points: Any) -> int:
    return round(float(points) * MILLION)


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
    The matrix products run on doubles holding whole numbers far below 2**53, so they are exact in any order.
    """
    true = fired.true.astype(np.float64)
    on_axis_of = {axis: np.array([i.axis == axis for i in indicators], np.bool_) for axis in AXES}
    n = len(true)
    points = np.array([i.points * MILLION for i in indicators], np.float64)
    weak = np.array([i.strength == "weak" for i in indicators])
    totals = np.zeros((n, len(AXES)), np.int64)
    caps = np.zeros((n, len(AXES), len(GROUPS)), np.int64)
    bands = np.zeros((n, len(AXES)), np.int64)
    for a, axis in enumerate(AXES):
        on_axis = on_axis_of[axis]
        totals[:, a] = card.axes[axis].base + (true @ np.where(on_axis, points, 0)).astype(np.int64)
        for g, group in enumerate(GROUPS):
            here = on_axis & np.array([i.group == group for i in indicators])
            if not here.any():
                continue
            raising = np.where(here & (points > 0), points, 0)
            weak_sum = (true @ np.where(weak, raising, 0)).astype(np.int64)
            other_sum = (true @ np.where(weak, 0, raising)).astype(np.int64)
            capped = np.minimum(weak_sum, card.weak_cap) + other_sum
            if group in card.group_caps:
                capped = np.minimum(capped, card.group_caps[group])
            caps[:, a, g] = capped - weak_sum - other_sum
        totals[:, a] += caps[:, a].sum(axis=1)
        bands[:, a] = np.select(
            [totals[:, a] >= card.axes[axis].hold, totals[:, a] >= card.axes[axis].review], [2, 1], 0
        )
        for level in (1, 2):
            floors = on_axis & np.array([i.floor == BANDS[level] for i in indicators])
            lifted = fired.true[:, floors].any(axis=1)
            bands[lifted, a] = np.maximum(bands[lifted, a], level)
    weight = np.abs(points)
    known = (fired.true | fired.false).astype(np.float64)
    completeness = (known @ weight) / weight.sum() if len(weight) else np.zeros(n)
    return Scores(totals, caps, bands, np.round(completeness, 4))
