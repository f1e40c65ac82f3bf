"""An evaluation as one page that needs nothing else, and as JSON: equal figures give equal bytes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from riskscore.report import BANDS, BASIS, EXPERT_BASIS, PROFILES
from riskscore.report_card import AXES, score_text
from riskscore.training.evaluation_numbers import AxisNumbers, BudgetLine, Numbers, Obvious
from riskscore.training.evaluation_rates import RESAMPLES, Share
from riskscore.typed import plain, shown

STANDING = {True: "Simulated parcels, ranking order only.", False: "Labels as given, ranking order only."}
LABELS = {"illicit": "illicit", "noncompliant": "non-compliant"}
_SHOWN_INDICATORS, _SHOWN_FAMILIES = 15, 25  # the rest unfolds


@dataclass(frozen=True)
class Evaluation:
    """One evaluation with everything that the page says beside its figures.

    Parameters
    ----------
    manifest, labels, profile : str
        Names of the two files; ``operator`` or ``authority``.
    as_of : datetime
        The one clock of the run.
    versions : dict
        As `riskscore.report.Summary` has them.
    counts : dict of str to int
        Rows and parcels read, used and rejected.
    thresholds : dict of str to (dict of str to float)
        For each axis the points from which a parcel is ``review`` and ``hold``.
    notes : list of str
        What was detected, assumed or left out.
    numbers : Numbers
    """

    manifest: str
    labels: str
    profile: str
    as_of: datetime
    versions: dict[str, Any]
    counts: dict[str, int]
    thresholds: dict[str, dict[str, float]]
    notes: list[str]
    numbers: Numbers

    @property
    def standing(self) -> str:
        """What every page, plot and file says of these figures."""
        return STANDING[self.numbers.simulated]

    @property
    def basis(self) -> str:
        """Where the scorecard's points come from."""
        text = BASIS.get(self.versions.get("basis", ""), EXPERT_BASIS)
        text = text.format(finds=self.versions.get("confirmed_finds", 0)).removeprefix("Ranking order only, ")
        return text[:1].upper() + text[1:]  # the standing has already said the rest


def percent(value: float | None) -> str:
    """A share in per cent with the digits that count; what is below one whole is never rounded up to it.

    Examples
    --------
    >>> percent(0.0123), percent(0.00042), percent(0.9999), percent(1.0)
    ('1.2', '0.042', '> 99.9', '100')
    """
    if value is None:
        return "–"
    hundredths = 100 * value
    if hundredths in (0, 100):
        return f"{hundredths:.0f}"
    if hundredths > 99.9:
        return "> 99.9"
    return f"{hundredths:.1f}" if hundredths >= 1 else f"{float(f'{hundredths:.2g}'):.8f}".rstrip("0").rstrip(".")


def share_text(one: Share) -> str:
    """``87.5 % (69.0–95.7)``, or a dash where there was nothing to find."""
    return "–" if one.share is None else f"{percent(one.share)} % ({percent(one.low)}–{percent(one.high)})"


def target_text(share: float) -> str:
    """A round share as people say it: ``90 %``."""
    return f"{100 * share:g} %"


def rate_text(line: BudgetLine) -> str:
    """Alerts in every so many parcels: ``1.35``."""
    return f"{line.rate:.3g}" if line.rate < 1_000 else f"{line.rate:,.0f}"


def verdict(met: bool | None) -> tuple[str, str, str]:
    """Class, sign and word of a limit that is kept, is not kept, or cannot be judged."""
    if met is None:
        return "none", "?", "cannot be judged"
    return ("met", "✓", "met") if met else ("unmet", "✕", "not met")


def write_page(path: Path, evaluation: Evaluation) -> None:
    """Write the page: one HTML file that needs no network and no script; replaced if it exists."""
    path.write_text(render_page(evaluation), "utf-8", errors="xmlcharrefreplace")


def render_page(evaluation: Evaluation) -> str:
    """The page of an evaluation as text."""
    env = Environment(
        loader=PackageLoader("riskscore"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters.update(
        shown=shown,
        plain=plain,
        score=score_text,
        grouped=lambda n: f"{n:,}",
        percent=percent,
        share=share_text,
        target=target_text,
        words=lambda pattern: pattern.replace("_", " "),
    )
    numbers = evaluation.numbers
    templates = files("riskscore") / "templates"
    style = Markup("\n").join(
        Markup((templates / name).read_text("utf-8"))  # noqa: S704
        for name in ("report.css", "evaluation.css")
    )
    return env.get_template("evaluation.html.j2").render(
        e=evaluation,
        n=numbers,
        axes=AXES,
        bands=BANDS,
        labels=LABELS,
        profiles=PROFILES,
        standing=evaluation.standing,
        basis=evaluation.basis,
        verdict=verdict,
        rate=rate_text,
        resamples=RESAMPLES,
        shown_indicators=_SHOWN_INDICATORS,
        shown_families=_SHOWN_FAMILIES,
        obvious_plot=_obvious_plot(numbers.obvious),
        drawings={axis.axis: _drawings(axis, evaluation.thresholds[axis.axis]) for axis in numbers.axes},
        style=style,
    )


def _obvious_plot(obvious: Obvious) -> Markup:
    from riskscore.training import evaluation_plots as plots  # a second to load, and only a page needs it

    if not obvious.all.of:
        return Markup()
    return plots.obvious_recall(obvious, "obvious-plot", "Obvious illicit parcels: share flagged, by pattern")


def _drawings(axis: AxisNumbers, thresholds: dict[str, float]) -> dict[str, Markup]:
    """The plots of one axis by name; without a positive there is nothing to draw."""
    from riskscore.training import evaluation_plots as plots

    if not axis.positives.hits:
        return {}
    title = AXES[axis.axis]
    return {
        "capacity": plots.recall_by_capacity(axis, f"{axis.axis}-capacity", f"{title}: recall by capacity"),
        "precision": plots.precision_recall(axis, f"{axis.axis}-precision", f"{title}: precision and recall"),
        "bins": plots.share_by_score(axis, thresholds, f"{axis.axis}-bins", f"{title}: share of positives by score"),
    }


def as_json(evaluation: Evaluation) -> bytes:
    """Everything in figures, for machines; it begins with what the figures stand for."""
    document = {"standing": evaluation.standing, "basis": evaluation.basis, **asdict(evaluation)}
    numbers = document["numbers"]
    for entry, line in zip(numbers["budget"], evaluation.numbers.budget, strict=True):
        entry.update(rate=line.rate, met=line.met)
    numbers["obvious"]["met"] = evaluation.numbers.obvious.met
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
