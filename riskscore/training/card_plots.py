"""Plots of a model card: curves, indicators and pairs of an axis as SVG, on A4, the same bytes every time."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator, SymmetricalLogLocator
from matplotlib.transforms import blended_transform_factory

from riskscore.model_card import is_flag, pair_side, shown_points, spread
from riskscore.scorecard import MILLION, Axis, Curve, Floats, Pair

T = TypeVar("T")

WIDTH = 180 / 25.4  # inches between the margins of A4
_ACROSS, _DOWN, _PANEL = 3, 7, 1.35  # panels of curves on a page, and inches of one
_PAIRS_DOWN, _PAIR_PANEL = 3, 3.0
_BARS, _BAR = 48, 0.185  # bars on a page, and inches of one
_NUMBERED = 9  # cells each way; a larger heat map shows no numbers
_LABELS = 10  # most labels along one side of a heat map
_WIDE = 50  # a range of values this many times its smallest is drawn on a logarithmic axis
# Okabe and Ito's colours, which colour-blind readers tell apart; position and shape always say the same.
_COLOURS = {"illicit": "#d55e00", "compliance": "#0072b2"}
_INK, _SOFT, _LINE = "#222222", "#666666", "#dddddd"
_STYLE: dict[Any, Any] = {  # Any: newer matplotlib types its keys one by one
    "axes.axisbelow": True,
    "axes.edgecolor": _SOFT,
    "axes.grid": True,
    "axes.labelcolor": _INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 7,
    "figure.facecolor": "white",
    "font.size": 7,
    "grid.color": _LINE,
    "grid.linewidth": 0.5,
    "svg.fonttype": "none",
    "svg.hashsalt": "riskscore",
    "text.color": _INK,
    "text.parse_math": False,
    "xtick.color": _SOFT,
    "ytick.color": _SOFT,
}


@contextmanager
def _page(height: float) -> Iterator[Figure]:
    """A figure in the card's style whatever the user's own matplotlib settings are."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        yield Figure(figsize=(WIDTH, height), layout="constrained")


def _svg(figure: Figure) -> bytes:
    out = io.BytesIO()
    figure.savefig(out, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    return out.getvalue()


def _pages(things: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(things), size):
        yield things[start : start + size]


# -- curves ------------------------------------------------------------------------------------------------------------


def curve_plots(axis_name: str, axis: Axis) -> list[bytes]:
    """One SVG for each page of curves, the widest spread first; curves that add nothing are left out."""
    curves = sorted((c for c in axis.curves if spread(c.points)), key=lambda c: (-spread(c.points), c.name))
    pages: list[bytes] = []
    for page in _pages(curves, _ACROSS * _DOWN):
        down = -(-len(page) // _ACROSS)
        with _page(0.5 + down * _PANEL) as figure:
            panels = figure.subplots(down, _ACROSS, sharey="row", squeeze=False)
            for panel, curve in zip(panels.ravel(), page, strict=False):
                _curve(panel, curve, _COLOURS[axis_name])
            for panel in panels.ravel()[len(page) :]:
                panel.set_axis_off()
            for row in panels:
                row[0].set_ylabel("points")
            figure.suptitle(
                f"{axis_name}: points by value. Each row has its own scale. Thick: the usual cell, 0 points. "
                "◆ at the right: not stated.",
                fontsize=7.5,
                x=0.01,
                ha="left",
            )
            pages.append(_svg(figure))
    return pages


def _curve(panel: Axes, curve: Curve, colour: str) -> None:
    points = curve.points / MILLION
    bounds = _value_axis(panel, curve)
    panel.axhline(0, color=_SOFT, linewidth=0.6)
    panel.stairs(points[:-1], bounds, baseline=0, fill=True, color=colour, alpha=0.18, linewidth=0)
    panel.stairs(points[:-1], bounds, baseline=None, color=colour, linewidth=1.2)
    usual = slice(curve.usual, curve.usual + 2)
    panel.plot(bounds[usual], [points[curve.usual]] * 2, color=_INK, linewidth=2.4, solid_capstyle="butt")
    beside = blended_transform_factory(panel.transAxes, panel.transData)
    panel.plot(
        [1.06],
        [points[-1]],
        marker="D",
        color=colour,
        markeredgecolor=_INK,
        markersize=4,
        transform=beside,
        clip_on=False,
    )
    arrow = {1: " ↑", -1: " ↓", 0: ""}[curve.direction]
    panel.set_title(curve.name + arrow, fontsize=7 if len(curve.name) < 34 else 5.5)
    panel.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    panel.margins(y=0.12)


def _value_axis(panel: Axes, curve: Curve) -> Floats:
    """Set the scale of the values and return the bounds (c,) of the stated cells on it."""
    edges = curve.edges
    if not len(edges) or is_flag(curve):
        panel.set_xticks(range(len(edges) + 1), ["no", "yes"] if len(edges) else ["any value"])
        panel.grid(visible=False, axis="x")
        return np.arange(len(edges) + 2, dtype=np.float64) - 0.5
    first, last = float(edges[0]), float(edges[-1])
    smallest = float(np.abs(edges[edges != 0]).min(initial=max(abs(first), abs(last))))
    if first > 0 and last / first > _WIDE:
        panel.set_xscale("log")
        panel.xaxis.set_major_locator(LogLocator(numticks=5))
        ends = first / 3, last * 3
    elif max(abs(first), abs(last)) / (smallest or 1.0) > 4 * _WIDE:
        panel.set_xscale("symlog", linthresh=smallest)
        panel.xaxis.set_major_locator(SymmetricalLogLocator(base=10, linthresh=smallest))
        panel.xaxis.get_major_locator().set_params(numticks=5)  # type: ignore[call-arg]
        ends = min(first * 3, -smallest), max(last * 3, smallest)
    else:
        pad = 0.15 * (last - first) or 0.5 * max(abs(first), 1.0)
        panel.xaxis.set_major_locator(MaxNLocator(4))
        ends = first - pad, last + pad
    panel.xaxis.set_minor_locator(NullLocator())
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _place: f"{value:g}"))
    panel.set_xlim(*ends)
    return np.array([ends[0], *edges, ends[1]], np.float64)


# -- indicators --------------------------------------------------------------------------------------------------------


def indicator_plots(axis_name: str, bars: Sequence[tuple[str, int | None, int | None]]) -> list[bytes]:
    """One SVG for each page of bars.

    Parameters
    ----------
    axis_name : str
    bars : sequence of (label, learned, expert)
        Millionths; None where there are none.
    """
    pages: list[bytes] = []
    ordered = sorted(bars, key=lambda bar: (bar[1] is None, -(bar[1] or 0), -(bar[2] or 0), bar[0]))
    for page in _pages(ordered, _BARS):
        with _page(0.7 + len(page) * _BAR) as figure:
            panel = figure.subplots()
            rows = np.arange(len(page))
            beside = blended_transform_factory(panel.transAxes, panel.transData)
            panel.axvline(0, color=_SOFT, linewidth=0.6)
            for row, (_, learned, expert) in zip(rows, page, strict=True):
                if learned is not None:
                    panel.barh(row, learned / MILLION, height=0.6, color=_COLOURS[axis_name])
                    panel.text(1.01, float(row), shown_points(learned), transform=beside, va="center", fontsize=6)
                if expert is not None:
                    panel.plot([expert / MILLION], [row], marker="D", markersize=4, color="white", markeredgecolor=_INK)
            panel.set_yticks(rows, [label for label, _, _ in page])
            panel.set(ylim=(len(page) - 0.4, -0.6), xlabel="points")
            panel.grid(visible=False, axis="y")
            panel.margins(x=0.1)
            panel.set_title(f"{axis_name}: points of indicators. Bar: learned. ◇: the pack's expert points.", pad=8)
            pages.append(_svg(figure))
    return pages


# -- pairs -------------------------------------------------------------------------------------------------------------


def pair_plots(axis_name: str, axis: Axis) -> list[bytes]:
    """One SVG for each page of heat maps, the widest spread first; pairs that add nothing are left out."""
    pairs = sorted((p for p in axis.pairs if spread(p.points)), key=lambda p: (-spread(p.points), p.key))
    most = max((int(np.abs(p.points).max()) for p in pairs), default=0) / MILLION
    pages: list[bytes] = []
    for page in _pages(pairs, 2 * _PAIRS_DOWN):
        down = -(-len(page) // 2)
        with _page(0.6 + down * _PAIR_PANEL) as figure:
            panels = figure.subplots(down, 2, squeeze=False)
            for panel, pair in zip(panels.ravel(), page, strict=False):
                mesh = _heat_map(panel, axis, pair, Normalize(-most, most))
            for panel in panels.ravel()[len(page) :]:
                panel.set_axis_off()
            bar = figure.colorbar(mesh, ax=panels, location="bottom", shrink=0.4, aspect=40, label="points")
            bar.outline.set_visible(False)
            figure.suptitle(
                f"{axis_name}: what two inputs add together, beyond what each adds.", fontsize=7.5, x=0.01, ha="left"
            )
            pages.append(_svg(figure))
    return pages


def _heat_map(panel: Axes, axis: Axis, pair: Pair, scale: Normalize) -> Any:
    down = pair_side(axis, pair.of[0], pair.points)
    across = pair_side(axis, pair.of[1], pair.points.T)
    table = pair.points[np.ix_([cell for _, cell in down], [cell for _, cell in across])]
    mesh = panel.pcolormesh(table / MILLION, cmap="PuOr_r", norm=scale, edgecolors="white", linewidth=0.4)
    if max(table.shape) <= _NUMBERED:
        for (row, column), points in np.ndenumerate(table):
            dark = abs(points / MILLION) > 0.6 * scale.vmax  # type: ignore[operator]
            text = f"{points / MILLION:+.1f}" if abs(points) < 10 * MILLION else f"{points / MILLION:+.0f}"
            colour = "white" if dark else _INK
            panel.text(column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=5.5, color=colour)
    panel.invert_yaxis()
    _side(panel.set_yticks, [words for words, _ in down], rotation=0)
    _side(panel.set_xticks, [words for words, _ in across], rotation=35, ha="right", rotation_mode="anchor")
    panel.set(ylabel=pair.of[0], xlabel=pair.of[1])
    panel.set_title(pair.key, fontsize=7 if len(pair.key) < 50 else 5)
    panel.grid(visible=False)
    return mesh


def _side(set_ticks: Any, words: list[str], **how: Any) -> None:
    """Label the cells of one side: all where there are few, else some and always "not stated"."""
    step = -(-len(words) // _LABELS)
    cells = [*range(0, len(words) - max(2, step) + 1, step), len(words) - 1]
    set_ticks([cell + 0.5 for cell in cells], [words[cell] for cell in cells], fontsize=5.5, **how)
