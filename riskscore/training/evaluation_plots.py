"""Curves of an evaluation as SVG inside a page: text as text, the page's own colours, the same bytes every time."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from riskscore.training.evaluation_numbers import AxisNumbers, Obvious
from riskscore.training.evaluation_rates import Share
from riskscore.typed import plain

WIDTH = 400 / 72  # inches, so that one point of the drawing is one unit of the page's charts
_TEXT = 9.5
# Stand-ins that become the page's own colours, so that dark screens, print and strong contrast hold here, too.
_COLOURS = {
    "illicit": "#b0502a",
    "compliance": "#2f608f",
    "ink": "#1f1e1b",
    "soft": "#5a574f",
    "rule": "#8c8676",
    "line": "#e4e0d5",
    "hold": "#97291b",
}
_MARKERS = {"illicit": "o", "compliance": "s"}  # colour is never the only sign
_STYLE: dict[Any, Any] = {  # Any: newer matplotlib types its keys one by one
    "axes.edgecolor": _COLOURS["rule"],
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.labelcolor": _COLOURS["soft"],
    "axes.labelsize": _TEXT,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.facecolor": "none",
    "font.size": _TEXT,
    "grid.color": _COLOURS["line"],
    "grid.linewidth": 0.7,
    "lines.linewidth": 1.5,
    "svg.fonttype": "none",
    "svg.hashsalt": "riskscore",
    "text.parse_math": False,
    "text.color": _COLOURS["soft"],
    "xtick.color": _COLOURS["rule"],
    "xtick.labelcolor": _COLOURS["soft"],
    "ytick.color": _COLOURS["rule"],
    "ytick.labelcolor": _COLOURS["soft"],
}


@contextmanager
def _drawing(height: float) -> Iterator[tuple[Figure, Axes]]:
    """A figure in the page's style whatever the user's own matplotlib settings are."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        figure = Figure(figsize=(WIDTH, height / 72), layout="constrained")
        yield figure, figure.subplots()


def _svg(figure: Figure, name: str, title: str, description: str) -> Markup:
    """The figure as an SVG element with a title and a description, its ids made unique by ``name``."""
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    text = out.getvalue()
    text = text[text.index("<svg") :]
    box = re.search(r'viewBox="[^"]*"', text)
    body = text[text.index(">") + 1 : text.rindex("</svg>")]
    body = re.sub(r"<style.*?</style>", "", body, flags=re.DOTALL)
    body = re.sub(r"font-size: [^;\"]*; ?|font-family: [^;\"]*; ?|font: [^;\"]*; ?", "", body)
    body = re.sub(r'\bid="([^"]*)"', rf'id="{name}-\1"', body)
    body = re.sub(r'xlink:href="#([^"]*)"', rf'href="#{name}-\1"', body)
    body = re.sub(r"url\(#([^)]*)\)", rf"url(#{name}-\1)", body)
    body = re.sub(r"\s*\n\s*", " ", body)
    for token, colour in _COLOURS.items():
        body = body.replace(colour, f"var(--{token})")
    head = Markup(
        '<svg class="plot" {box} role="img" aria-labelledby="{name}-title {name}-desc">'
        '<title id="{name}-title">{title}</title><desc id="{name}-desc">{description}</desc>'
    ).format(box=Markup(box[0] if box else ""), name=name, title=title, description=description)  # noqa: S704
    return head + Markup(body) + Markup("</svg>")  # noqa: S704 (matplotlib escapes the text that it draws)


def _percent(value: float, _place: object = None) -> str:
    return f"{100 * value:g} %"


def _whiskers(axes: Axes, at: list[float], shares: list[Share], colour: str, marker: str, lowest: float = 0.0) -> None:
    """Shares with their intervals; where nothing was found only the interval is drawn."""
    for x, one in zip(at, shares, strict=True):
        if one.share is None or one.low is None or one.high is None:
            continue
        axes.plot([x, x], [max(one.low, lowest), one.high], color=colour, linewidth=1.2, solid_capstyle="butt")
        if one.share > lowest or lowest == 0:
            axes.plot([x], [one.share], marker=marker, color=colour, markersize=5, linestyle="none", clip_on=False)


def precision_recall(numbers: AxisNumbers, name: str, title: str) -> Markup:
    """Precision over recall, in steps, with the share of positives among all parcels as a dotted line."""
    colour, positives = _COLOURS[numbers.axis], max(numbers.positives.hits, 1)
    recall = [0.0, *(hits / positives for _, hits in numbers.curve.steps)]
    precision = [hits / opened for opened, hits in numbers.curve.steps]
    with _drawing(230) as (figure, axes):
        if precision:
            axes.plot(recall, [precision[0], *precision], drawstyle="steps-pre", color=colour)
        axes.axhline(numbers.positives.share or 0.0, color=_COLOURS["ink"], linestyle=":", linewidth=1)
        axes.set(xlim=(0, 1), ylim=(0, 1.03), xlabel="recall")
        axes.set_ylabel("precision")
        axes.xaxis.set_major_formatter(FuncFormatter(_percent))
        axes.yaxis.set_major_formatter(FuncFormatter(_percent))
        return _svg(
            figure,
            name,
            title,
            "Precision against recall along the ranking; the dotted line is a random order. "
            "The numbers are in the table below.",
        )


def recall_by_capacity(numbers: AxisNumbers, name: str, title: str) -> Markup:
    """Recall over the share of parcels opened, with the capacities asked for, a random order and a faultless one."""
    colour, positives, n = _COLOURS[numbers.axis], max(numbers.positives.hits, 1), max(numbers.n, 1)
    steps = numbers.curve.steps
    first = min([opened / n for opened, _ in steps] + [c.opened / n for c in numbers.capacities], default=0.001) / 2
    grid = np.geomspace(first, 1, 241)
    # Straight between two scores: what an order by keyed hash finds on average among equal scores.
    found = np.interp(grid * n, [0, *(o for o, _ in steps)], [0, *(h for _, h in steps)]) / positives
    with _drawing(230) as (figure, axes):
        axes.plot(grid, grid, color=_COLOURS["ink"], linestyle=":", linewidth=1)
        best = np.minimum(1, grid * n / positives)
        axes.plot(grid, best, color=_COLOURS["rule"], linestyle="--", linewidth=1)
        if steps:
            axes.plot(grid, found, color=colour, alpha=0.8)
        at = [c.opened / n for c in numbers.capacities]
        _whiskers(axes, at, [c.recall for c in numbers.capacities], colour, _MARKERS[numbers.axis])
        axes.set(xscale="log", xlim=(first, 1), ylim=(0, 1.03), xlabel="share of all parcels that is opened")
        axes.set_ylabel("recall")
        axes.xaxis.set_major_formatter(FuncFormatter(_percent))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.yaxis.set_major_formatter(FuncFormatter(_percent))
        return _svg(
            figure,
            name,
            title,
            "Recall when the first parcels of the ranking are opened; dotted: a random order, dashed: a ranking "
            "without a fault. Bars are 95 % intervals. The numbers are in the table above.",
        )


def obvious_recall(obvious: Obvious, name: str, title: str) -> Markup:
    """Recall of each obvious pattern, with the target as a line."""
    rows = [*reversed(obvious.patterns), ("all obvious", obvious.all)]
    with _drawing(60 + 17 * len(rows)) as (figure, axes):
        axes.axvline(obvious.target, color=_COLOURS["hold"], linestyle="--", linewidth=1)
        for y, (_, one) in enumerate(rows):
            if one.share is None or one.low is None or one.high is None:
                continue
            colour = _COLOURS["ink"] if y == len(rows) - 1 else _COLOURS["illicit"]
            axes.plot([one.low, one.high], [y, y], color=colour, linewidth=1.2, solid_capstyle="butt")
            axes.plot([one.share], [y], marker="o", color=colour, markersize=5, linestyle="none", clip_on=False)
        axes.set_yticks(range(len(rows)), [plain(pattern).replace("_", " ") for pattern, _ in rows])
        axes.set(xlim=(0, 1), ylim=(-0.6, len(rows) - 0.4), xlabel="share that is flagged")
        axes.xaxis.set_major_formatter(FuncFormatter(_percent))
        axes.grid(visible=False, axis="y")
        return _svg(
            figure,
            name,
            title,
            f"Share flagged of each obvious pattern with 95 % intervals; the dashed line is the target of "
            f"{_percent(obvious.target)}. The numbers are in the table below.",
        )


def share_by_score(numbers: AxisNumbers, thresholds: dict[str, float], name: str, title: str) -> Markup:
    """Share of positives in each bin of the score, on a logarithmic scale, with the bands' thresholds."""
    colour = _COLOURS[numbers.axis]
    shares = [b.positive for b in numbers.bins]
    lowest = 10.0 ** math.floor(math.log10(min(s.low or s.high or 1.0 for s in shares)))
    with _drawing(230) as (figure, axes):
        for band, style in (("review", ":"), ("hold", "-")):
            axes.axvline(thresholds[band], color=_COLOURS["rule"], linestyle=style, linewidth=1)
        middles = [(b.start + b.end) / 2 for b in numbers.bins]
        _whiskers(axes, middles, shares, colour, _MARKERS[numbers.axis], lowest)
        axes.set(yscale="log", ylim=(lowest, 1.15), xlabel="score, points")
        axes.set_ylabel(f"share labelled {'illicit' if numbers.axis == 'illicit' else 'non-compliant'}")
        axes.yaxis.set_major_locator(LogLocator(numticks=8))
        axes.yaxis.set_major_formatter(FuncFormatter(_percent))
        axes.yaxis.set_minor_formatter(NullFormatter())
        return _svg(
            figure,
            name,
            title,
            "Share of positives in each bin of the score with 95 % intervals, each line up ten times the one below; "
            "where there was none only the interval is drawn. Dotted line: review, solid line: priority. "
            "The numbers are in the table below.",
        )
