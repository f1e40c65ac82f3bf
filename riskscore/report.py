"""A scored manifest as one page that needs nothing else: the numbers, the ranking, a card for each flagged parcel.

The page proposes, it never decides: it prints no odds and no probability, and says so.
"""

from __future__ import annotations

import base64
import hashlib
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from itertools import accumulate
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from riskscore.report_card import AXES, card, percent, score_text
from riskscore.typed import place, plain, shown

BANDS = {  # sign, short word, what it says: colour is never the only sign
    "hold": ("▲", "priority", "priority: proposed to keep aside for customs"),
    "review": ("◆", "review", "review: a closer look at the declaration is proposed"),
    "clear": ("○", "clear", "no control proposed (this is not a release)"),
}
ACTIONS = {  # highest first
    "isolate_and_notify": "isolate and notify",
    "examine": "examine",
    "screen": "screen",
    "licence_check": "check the licence",
    "desk_review": "review at the desk",
    "request_information": "ask for information",
    "none": "no action proposed",
}
OPERATOR_ACTIONS = dict.fromkeys(("examine", "licence_check"), "present to customs, do not open")
CASES = {
    "dangerous_goods": "dangerous goods",
    "watchlist": "on a list, to be confirmed",
    "suspected_contraband": "refer to customs",
    "licence_gap": "no licence shown",
    "data_quality": "declaration to be completed",
    "none": "no case type",
}
STRENGTHS = {"weak": "●○○○", "medium": "●●○○", "strong": "●●●○", "definitive": "●●●●", "mitigating": "−"}
BASIS = {
    "simulated": "Ranking order only, learned from simulated parcels.",
    "mixed": "Ranking order only, learned from simulated parcels and {finds} confirmed finds.",
    "outcomes": "Ranking order only, learned from {finds} confirmed finds.",
}
EXPERT_BASIS = "Ranking order only, expert points, not learned from outcomes."
PROFILES = {
    "authority": "authority: may use everything that customs lawfully holds",
    "operator": "operator: computed only from this courier’s own parcels",
}
CAPACITIES = (5, 10, 20, 50)  # parcels opened in a shift, for the table that needs no script
BEYOND = (10, 50, 100, 500, 1_000)  # the same by firearms score alone, over all parcels of the manifest


@dataclass(frozen=True)
class Summary:
    """What one run over a manifest amounts to.

    Parameters
    ----------
    manifest, profile : str
        Name of the manifest; ``operator`` or ``authority``.
    as_of : datetime
        The one clock of the run.
    versions : dict
        ``model``, ``sops``, ``code``, ``confirmed_finds`` and ``basis``: simulated, mixed or outcomes; any other
        basis reads as expert points.
    counts : dict of str to int
        ``rows_read``, ``rows_used``, ``rows_rejected``, ``parcels_read``, ``parcels_scored``, ``parcels_rejected``.
    notes : list of str
        Sentences for the reader: unknown columns, assumptions made.
    bands, illicit_bands, compliance_bands : dict of str to int
        Parcels per band: overall and on each axis.
    score_histogram, compliance_histogram : list of (float, float, int)
        From, to (points) and number of parcels.
    thresholds : dict of str to float
        Points from which a parcel is ``review`` and ``hold``.
    indicators : list of dict
        ``key``, ``title``, ``group``, ``axis``, ``strength``; ``fired`` and ``flagged``: the parcels in which it
        fired, and the flagged ones among them.
    rank_curve : list of (int, float)
        Number of parcels opened in the order of the firearms score, and the lowest score then still opened.
    seconds : float
        How long reading and scoring took.
    rejects : str
        Name of the file that lists rejected rows and unreadable values, if one was written.
    """

    manifest: str
    as_of: datetime
    profile: str
    versions: dict[str, Any]
    counts: dict[str, int]
    notes: list[str]
    bands: dict[str, int]
    illicit_bands: dict[str, int]
    compliance_bands: dict[str, int]
    score_histogram: list[tuple[float, float, int]]
    compliance_histogram: list[tuple[float, float, int]]
    thresholds: dict[str, float]
    indicators: list[dict[str, Any]]
    rank_curve: list[tuple[int, float]]
    seconds: float
    rejects: str = ""


def write_report(path: Path, summary: Summary, flagged: Sequence[dict[str, Any]], *, shown_of: int) -> None:
    """Write the page of a scored manifest: one HTML file that needs no network.

    Parameters
    ----------
    path : Path
        Where the page goes; replaced if it exists.
    summary : Summary
        The run in numbers.
    flagged : sequence of dict
        ``{"assessment": …, "declaration": …}`` in ranking order: an assessment as in the contract, with full
        reasons, and the nested parcel as it was declared.
    shown_of : int
        How many parcels are flagged in all; the page says so when it shows fewer.
    """
    # A lone surrogate from a broken export has no UTF-8 form: typed text shows it as a mark, this guards the rest.
    path.write_text(render_report(summary, flagged, shown_of=shown_of), "utf-8", errors="xmlcharrefreplace")


def render_report(summary: Summary, flagged: Sequence[dict[str, Any]], *, shown_of: int) -> str:
    """The page of a scored manifest as text; parameters as for `write_report`."""
    env = Environment(
        loader=PackageLoader("riskscore"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters.update(shown=shown, plain=plain, place=place, score=score_text, grouped=lambda n: f"{n:,}")
    templates = files("riskscore") / "templates"
    style, script = (Markup((templates / name).read_text("utf-8")) for name in ("report.css", "report.js"))  # noqa: S704
    cards = [card(rank, entry, summary.thresholds) for rank, entry in enumerate(flagged, 1)]
    basis = BASIS.get(summary.versions.get("basis", ""), EXPERT_BASIS)
    handed_over = OPERATOR_ACTIONS if summary.profile == "operator" else {}
    axes = (
        ("illicit", summary.illicit_bands, summary.score_histogram),
        ("compliance", summary.compliance_bands, summary.compliance_histogram),
    )
    return env.get_template("report.html.j2").render(
        s=summary,
        cards=cards,
        shown_of=shown_of,
        basis=basis.format(finds=summary.versions.get("confirmed_finds", 0)),
        charts=[(axis, bands, histogram(bins, summary.thresholds)) for axis, bands, bins in axes],
        workload=workload(cards, summary.rank_curve, summary.thresholds),
        indicators=sorted(summary.indicators, key=lambda i: (-i["flagged"], -i["fired"], i["key"])),
        actions=ACTIONS | handed_over,
        handed_over=handed_over,
        axes=AXES,
        bands=BANDS,
        cases=CASES,
        profiles=PROFILES,
        strengths=STRENGTHS,
        style=style,
        script=script,
        fingerprint=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )


def histogram(bins: Sequence[tuple[float, float, int]], thresholds: dict[str, float]) -> dict[str, Any]:
    """Geometry of a score distribution, for a drawing 400 wide.

    Parameters
    ----------
    bins : sequence of (float, float, int)
        From, to (points) and number of parcels.
    thresholds : dict of str to float
        Drawn as lines; the bars beyond them are shaded by band.

    Returns
    -------
    dict
        ``bars`` (x, y, width, height, band, from, to, parcels), ``ticks`` (y, label), ``marks`` (x, label) along the
        points, ``lines`` (x, threshold), ``bottom`` (y of the axis), and ``log``: whether each step up means ten times
        as many.
    """
    left, right, top, bottom = 34.0, 396.0, 32.0, 160.0
    filled = [b for b in bins if b[2]]
    low = min([b[0] for b in filled] + list(thresholds.values()))
    high = max([b[1] for b in filled] + [t * 1.1 for t in thresholds.values()])
    most = max((b[2] for b in filled), default=0)
    log = most >= 100
    # On the logarithmic scale a single parcel still has to be seen, so the axis begins at one half.
    peak = math.log10(most * 2) if log else max(most, 1)

    def x(points: float) -> float:
        return round(left + (right - left) * (points - low) / (high - low), 1)

    def y(parcels: float) -> float:
        return round(bottom - (bottom - top) * (math.log10(parcels * 2) if log else parcels) / peak, 1)

    def band(points: float) -> str:
        return "hold" if points >= thresholds["hold"] else "review" if points >= thresholds["review"] else "clear"

    counts = [10**e for e in range(int(math.log10(most)) + 1)] if log else sorted({0, most // 2, most})
    step = next(s for s in (50, 100, 200, 500, 1000, 10**9) if (high - low) / s <= 8)
    first = math.ceil(low / step)
    return {
        "log": log,
        "bars": [
            {
                "x": x(a),
                "y": y(n),
                "w": round(max(x(b) - x(a) - 0.8, 0.8), 1),
                "h": round(bottom - y(n), 1),
                "band": band(a),
                "from": a,
                "to": b,
                "parcels": n,
            }
            for a, b, n in filled
        ],
        "ticks": [(y(n), f"{n:,}") for n in counts],
        "marks": [(x(step * k), str(step * k)) for k in range(first, int(high // step) + 1)],
        "lines": [(x(points), name, points) for name, points in thresholds.items()],
        "bottom": bottom,
    }


def workload(
    cards: Sequence[dict[str, Any]], rank_curve: Sequence[tuple[int, float]], thresholds: dict[str, float]
) -> dict[str, Any]:
    """What opening so many parcels in a shift means, for the table and the slider.

    Parameters
    ----------
    cards : sequence of dict
        Flagged parcels in ranking order, as the page shows them.
    rank_curve : sequence of (int, float)
        Number of parcels opened in the order of the firearms score alone, and the lowest score then still opened;
        only some numbers need be there.
    thresholds : dict of str to float
        Points from which a parcel is ``review`` and ``hold``.

    Returns
    -------
    dict
        ``rows`` (parcels opened, lowest score, parcels per band, action and case type), ``lowest`` (the lowest score
        for 1, 2, … parcels) and ``alone`` (parcels opened, lowest score: by firearms score alone); as a drawing 1000
        wide and 200 high ``path`` (the lowest score), ``dots`` (both scores of each parcel) and ``lines`` (per cent
        from the top, threshold).
    """
    lowest = list(accumulate((c["a"]["score"] for c in cards), min))
    curve = sorted(rank_curve)
    # Where many parcels share a score, the largest number that reaches it says enough.
    alone = {next(s for total, s in curve if total >= n): n for n in BEYOND if curve and n <= curve[-1][0]}
    sizes = [n for n in CAPACITIES if n < len(cards)] + ([len(cards)] if cards else [])

    def mix(n: int, key: str, order: Sequence[str]) -> list[tuple[str, int]]:
        counts = Counter(c["a"][key] for c in cards[:n])
        return [(name, counts[name]) for name in order if counts[name]]

    scores = {
        "illicit": [c["a"]["score"] for c in cards],
        "compliance": [c["a"]["compliance"]["score"] for c in cards],
    }
    values: list[float] = [*lowest, *thresholds.values(), *scores["illicit"], *scores["compliance"]]
    low, high = min(values), max(values)
    margin = (high - low) * 0.12 or 1.0

    def y(points: float) -> float:
        return round(200 - 200 * (points - low + margin) / (high - low + 2 * margin), 1)

    width = 1000 / max(len(cards), 1)
    steps = [f"{round(width * n, 1):g},{y(points):g}" for i, points in enumerate(lowest) for n in (i, i + 1)]
    return {
        "rows": [
            {
                "opened": n,
                "lowest": lowest[n - 1],
                "band": mix(n, "band", list(BANDS)),
                "action": mix(n, "action", list(ACTIONS)),
                "case_type": mix(n, "case_type", list(CASES)),
            }
            for n in sizes
        ],
        "lowest": lowest,
        "alone": [(n, points) for points, n in sorted(alone.items(), reverse=True)],
        "path": " ".join(steps),
        # Lines without length: their round or square caps are the dots, of one size however the drawing is stretched.
        "dots": {
            axis: "".join(f"M{width * (i + 0.5):.1f} {y(points):g}h0" for i, points in enumerate(of_axis))
            for axis, of_axis in scores.items()
        },
        "lines": [(percent(y(points), 200), name, points) for name, points in thresholds.items()],
    }
