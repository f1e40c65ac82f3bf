"""`riskscore model`: what a model says, on a terminal: its points, its curves as blocks of text, its pairs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import numpy as np
import orjson
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from riskscore.errors import ModelError
from riskscore.model_card import (
    DIRECTIONS,
    ModelCard,
    curve_rows,
    describe_model,
    edge_texts,
    is_flag,
    pair_side,
    ranking_note,
    read_model_card,
    shown_points,
    span_text,
    spread,
    title_of,
)
from riskscore.places import default_models, default_sops
from riskscore.scorecard import LARGEST, MILLION, Axis, Curve, Pair, Scorecard, load_scorecard
from riskscore.sops import AXES, Indicator, load_packs
from riskscore.terminal import console

_BLOCKS = " ▁▂▃▄▅▆▇█"
_HIGH, _ACROSS = 3, 48  # lines and characters of a plot
_BAR = 24  # characters of the longest bar
_TABLE = 8  # most cells along one side of a pair that is shown as a table
_FIRST = 6  # cells of a larger pair that are named


def show_model(
    *,
    model_id: str | None,
    models: Path | None,
    sops: Path | None,
    axis: str | None,
    feature: str | None,
    as_json: bool,
) -> int:
    """The command `riskscore model show`; returns its exit status.

    Raises
    ------
    ModelError
        When there is no such model, or it has no curve of that feature.
    """
    folder = models or default_models()
    card = load_scorecard(folder, model_id)
    said = read_model_card(folder, card)
    active = [i for i in load_packs((sops or default_sops()) / "packs") if i.status == "active"]
    axes = [axis] if axis else list(AXES)
    curves = sorted({curve.name for name in axes for curve in card.axes[name].curves})
    if feature is not None and feature not in curves:
        raise ModelError(f"{card.id} has no curve of {feature!r}; it has {', '.join(curves) or 'none'}")
    if as_json:
        click.echo(orjson.dumps(_chosen(card, active, said, axes, feature), option=orjson.OPT_INDENT_2).decode())
        return 0
    out = console()
    if feature is None:
        out.print(_head(card, said))
    for name in axes:
        if feature is None:
            out.print(_indicators(name, card.axes[name], active))
        for part in _learned(name, card.axes[name], feature):
            out.print(part)
    out.print(Text(ranking_note(card), style="dim"))
    return 0


def list_models(models: Path | None) -> int:
    """The command `riskscore model list`; exit status 1 when one of them is damaged."""
    folder = models or default_models()
    try:
        current = (folder / "current").read_text("utf-8").strip()
    except (OSError, ValueError):
        current = ""
    found = sorted(path.parent.name for path in folder.glob("*/scorecard.json"))
    if not found:
        raise ModelError(f"{folder}: no models")
    table = Table("", "model", "points", "basis", "confirmed finds", "curves", "pairs", "made from")
    damaged = 0
    for name in found:
        mark = "current" if name == current else ""
        try:
            card = load_scorecard(folder, name)
            line = read_model_card(folder, card).first_line
        except ModelError as error:
            damaged += 1
            table.add_row(mark, escape(name), *["?"] * 5, Text(str(error), style="red"))
            continue
        counts = (sum(len(getattr(a, what)) for a in card.axes.values()) for what in ("curves", "pairs"))
        basis = card.basis if card.points == "learned" else "expert"
        row = (mark, escape(name), card.points, basis, f"{card.confirmed_finds:,}", *map(str, counts), escape(line))
        table.add_row(*row)
    console().print(table)
    return 1 if damaged else 0


def _chosen(
    card: Scorecard, active: list[Indicator], said: ModelCard, axes: list[str], feature: str | None
) -> dict[str, Any]:
    document = describe_model(card, active, said)
    document["axes"] = {name: document["axes"][name] for name in axes}
    if feature is not None:
        for axis in document["axes"].values():
            axis["features"] = [f for f in axis["features"] if f["name"] == feature]
            axis["pairs"] = [p for p in axis["pairs"] if feature in p["of"]]
            axis["indicators"] = []
    return document


# -- parts of the page -------------------------------------------------------------------------------------------------


def _head(card: Scorecard, said: ModelCard) -> Table:
    table = Table(title=escape(card.id), title_justify="left", show_header=False, box=None)
    table.add_row("made from", escape(said.first_line))
    table.add_row("reading", ranking_note(card))
    for key in ("date", "sops", "code"):
        if said.facts.get(key) is not None:
            table.add_row(key, escape(str(said.facts[key])))
    for name, axis in card.axes.items():
        base, review, hold = (shown_points(p, sign=False) for p in (axis.base, axis.review, axis.hold))
        table.add_row(name, f"base {base}, review from {review}, hold from {hold}")
    groups = ", ".join(f"{group} {shown_points(cap, sign=False)}" for group, cap in card.group_caps.items())
    table.add_row("group caps", groups or "none")
    caps = (("weak", card.weak_cap), ("weak and medium", card.medium_cap), ("taken away", card.mitigating_cap))
    table.add_row("caps in a group", ", ".join(f"{what} {_cap(cap)}" for what, cap in caps))
    for number, limit in enumerate(said.limits):
        table.add_row("" if number else "limits", escape(limit))
    return table


def _cap(millionths: int) -> str:
    return "no cap" if millionths >= LARGEST * MILLION else shown_points(millionths, sign=False)


def _indicators(name: str, axis: Axis, active: list[Indicator]) -> Table:
    table = Table(title=f"{name}: points of indicators", title_justify="left")
    for column in ("indicator", "learned", "expert", "counts"):
        table.add_column(column, justify="left" if column in ("indicator", "counts") else "right", no_wrap=True)
    table.add_column("title")
    packs = {i.id: i for i in active if i.axis == name}
    for key in sorted({*axis.indicators, *packs}):
        learned, pack = axis.indicators.get(key), packs.get(key)
        seen = learned is not None and pack is not None and learned.version == pack.version
        counts = "nothing: not active" if pack is None else "learned" if seen else "expert"
        if learned is not None and pack is not None and not seen:
            counts = f"expert: learned for version {learned.version}, not {pack.version}"
        table.add_row(
            key,
            shown_points(learned.points) if learned else "–",
            shown_points(pack.points * MILLION) if pack else "–",
            counts,
            escape(pack.title) if pack else "",
        )
    return table


def _learned(name: str, axis: Axis, feature: str | None) -> list[Any]:
    """Curves and pairs of an axis, the widest first; all cells where one feature was asked for."""
    curves = [c for c in axis.curves if feature in (None, c.name)]
    pairs = [p for p in axis.pairs if feature is None or feature in p.of]
    curves.sort(key=lambda c: (-spread(c.points), c.name))
    pairs.sort(key=lambda p: (-spread(p.points), p.key))
    parts: list[Any] = []
    if feature is None:
        parts.append(Text(f"{name}: {len(curves)} curves, {len(pairs)} pairs", style="bold"))
    for curve in curves:
        if feature is not None:
            parts.append(_cells(name, curve))
        elif spread(curve.points):
            parts.append(Text("\n").join([*_title(curve), *map(Text, plot(curve)), Text("")]))
    if still := [c.name for c in curves if not spread(c.points)]:
        parts.append(Text(f"without effect: {', '.join(still)}"))
    return parts + [_pair(axis, pair) for pair in pairs if spread(pair.points)]


def _title(curve: Curve) -> list[Text]:
    usual = span_text(curve, curve.usual, curve.usual)
    head = Text.assemble((curve.name, "bold"), f"  {DIRECTIONS[curve.direction]}; usual: {usual}")
    return [head, Text(title_of(curve.name), style="dim")]


def plot(curve: Curve) -> list[str]:
    """A curve as lines of text.

    Every stated cell has the same width; where there are more cells than characters each character shows the
    highest of its cells. Heights are measured from the lowest points of the curve; "not stated" stands apart.
    """
    stated = curve.points[:-1]
    if len(stated) > _ACROSS:
        columns = [int(part.max()) for part in np.array_split(stated, _ACROSS)]
    else:
        columns = np.repeat(stated, _ACROSS // len(stated)).tolist()
    low, high = int(curve.points.min()), int(curve.points.max())
    labels = [shown_points(high), *[""] * (_HIGH - 2), shown_points(low)]
    margin = max(map(len, labels))
    lines = []
    for line in range(_HIGH):
        blocks = "".join(_block(value, low, high, line) for value in columns)
        apart = _block(int(curve.points[-1]), low, high, line) * 3
        lines.append(f"{labels[line]:>{margin}} ┤{blocks}│ {apart}".rstrip())
    lines[-1] += f" not stated {shown_points(int(curve.points[-1]))}"
    return [*lines, " " * (margin + 2) + _values(curve, len(columns))]


def _block(value: int, low: int, high: int, line: int) -> str:
    """One character of a column, lines counted from the top; the lowest value is a thin line."""
    eighths = max(1, round((value - low) * _HIGH * 8 / max(high - low, 1)))
    return _BLOCKS[min(8, max(0, eighths - 8 * (_HIGH - 1 - line)))]


def _values(curve: Curve, width: int) -> str:
    """First and last edge under a plot."""
    if is_flag(curve):
        first, last = "no", "yes"
    elif not len(curve.edges):
        first, last = "any value", ""
    else:
        texts = edge_texts(curve.edges)
        first, last = f"up to {texts[0]}", f"over {texts[-1]}"
    return f"{first}{last:>{max(width - len(first), len(last) + 1)}}".rstrip()


def _cells(name: str, curve: Curve) -> Table:
    """Every cell of a curve, equal neighbours as one, with a bar."""
    table = Table(title=f"{name}: {curve.name}, {DIRECTIONS[curve.direction]}", title_justify="left")
    table.caption, table.caption_justify = Text(title_of(curve.name)), "left"
    table.add_column("value")
    table.add_column("points", justify="right")
    table.add_column("", no_wrap=True)
    most = max(int(np.abs(curve.points).max()), 1)
    for words, points, usual in curve_rows(curve):
        bar = ("▒" if points < 0 else "█") * round(abs(points) * _BAR / most)
        table.add_row(words + (" (usual)" if usual else ""), shown_points(points), bar)
    return table


def _pair(axis: Axis, pair: Pair) -> Table:
    down, across = pair_side(axis, pair.of[0], pair.points), pair_side(axis, pair.of[1], pair.points.T)
    title = f"{pair.key}: {shown_points(int(pair.points.min()))} to {shown_points(int(pair.points.max()))} points"
    table = Table(title=title, title_justify="left")
    if max(len(down), len(across)) <= _TABLE:
        table.add_column(f"{pair.of[0]} ↓ {pair.of[1]} →")
        for words, _ in across:
            table.add_column(words, justify="right")
        for words, row in down:
            table.add_row(words, *(shown_points(int(pair.points[row, column])) for _, column in across))
        return table
    cells = [(int(pair.points[row, column]), a, b) for a, row in down for b, column in across]
    cells.sort(key=lambda cell: -abs(cell[0]))
    for words in (*pair.of, "points"):
        table.add_column(words, justify="right" if words == "points" else "left")
    for points, first, second in cells[:_FIRST]:
        table.add_row(first, second, shown_points(points))
    table.caption = f"the {min(_FIRST, len(cells))} cells that count most, of {len(cells)}; all with --json"
    table.caption_justify = "left"
    return table
