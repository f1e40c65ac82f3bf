"""The numbers of a run, as the report page shows them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from riskscore.report import Summary
from riskscore.scorecard import MILLION
from riskscore.sops import BANDS

if TYPE_CHECKING:
    from riskscore.assess import Engine
    from riskscore.batch import Totals

_BIN = 25  # points per bar of the score distribution


def summarise(
    totals: Totals,
    engine: Engine,
    manifest: str,
    as_of: datetime,
    profile: str,
    counts: Any,
    notes: list[str],
    seconds: float,
    rejects: Path | None,
) -> Summary:
    """Summary of a run for `report.write_report`."""
    bands = [dict(zip(BANDS, (int(n) for n in row), strict=True)) for row in totals.bands]
    axis = engine.scorecard.axes["illicit"]
    return Summary(
        manifest=manifest,
        as_of=as_of,
        profile=profile,
        versions=engine.versions if engine.scorecard.points == "learned" else {**engine.versions, "basis": "expert"},
        counts=asdict(counts),
        notes=notes,
        bands=bands[0],
        illicit_bands=bands[1],
        compliance_bands=bands[2],
        score_histogram=_bars(totals.histogram[0]),
        compliance_histogram=_bars(totals.histogram[1]),
        thresholds={"review": axis.review / MILLION, "hold": axis.hold / MILLION},
        indicators=[
            {
                "key": i.id,
                "title": i.title,
                "group": i.group,
                "axis": i.axis,
                "strength": i.strength,
                "fired": int(fired),
                "flagged": int(flagged),
            }
            for i, fired, flagged in zip(engine.active, totals.fired, totals.fired_flagged, strict=True)
            if fired
        ],
        rank_curve=_rank_curve(totals.histogram[0]),
        seconds=seconds,
        rejects=str(rejects) if rejects else "",
    )


def _bars(histogram: np.ndarray[Any, np.dtype[np.int64]]) -> list[tuple[float, float, int]]:
    used = np.flatnonzero(histogram)
    if not len(used):
        return []
    low, high = int(used[0]) // _BIN, int(used[-1]) // _BIN
    return [
        (float(b * _BIN), float((b + 1) * _BIN), int(histogram[b * _BIN : (b + 1) * _BIN].sum()))
        for b in range(low, high + 1)
    ]


def _rank_curve(histogram: np.ndarray[Any, np.dtype[np.int64]]) -> list[tuple[int, float]]:
    """How many parcels are opened when all from some score upward are."""
    above = np.cumsum(histogram[::-1])[::-1]
    return [(int(above[s]), float(s)) for s in np.flatnonzero(histogram)[::-1]]
