"""The model card: what was learned, from what, how it adds up and where it ends, as Markdown with plots beside it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from riskscore.model_card import (
    DIRECTIONS,
    curve_rows,
    first_line,
    pair_side,
    ranking_note,
    ranks_only,
    shown,
    shown_points,
    spread,
    title_of,
)
from riskscore.scorecard import LARGEST, MILLION, Axis, Curve, Learned, Pair, Scorecard
from riskscore.sops import AXES, Indicator
from riskscore.training.card_plots import curve_plots, indicator_plots, pair_plots

# Facts that a section of their own shows; whatever else train writes becomes a row of the last table.
_PLACED = {
    *("id", "date", "basis", "confirmed_finds", "trained_on", "calibration", "estimator", "inputs", "pairs"),
    *("measured", "limits", "sops", "code", "command", "fired_in_training"),
}
# A card ranks: a fitted quantity that reads otherwise stays in card.json.
_NOT_SHOWN = re.compile(r"odds|probab|chance|likel", re.IGNORECASE)
_CONCERNS = {
    "illicit": "possible firearms, parts, ammunition",
    "compliance": "licences, dangerous goods papers, procedure, data",
}
_WIDEST = 400  # cells; a larger pair table is shown as a heat map only

PURPOSE = """It ranks parcel declarations so that people can choose which parcels to look at first. It supports
inspection decisions and never decides: a score is a proposal about a declaration, not a finding about a person, and
`clear` is not a release.

- **For**: ordering the parcels of a day, naming the reasons, asking the next question.
- **Not for**: refusing, seizing, releasing or notifying by itself; judging or following people; evidence in a
  proceeding.
- It scores parcels, not persons. No input is a nationality, an ethnicity, a religion, a sex, the origin of a name, or
  the language or script of a text. Countries count only together with a class of goods."""

ADDING = """`score = base points + indicators + curves + pairs + caps`, exactly, on each axis by itself; the axes are
never blended.

- **Indicators** add their points when they fire. A version that training never saw counts with the pack's own expert
  points.
- **Curves** add what the value of a feature changes, measured from its usual cell, which adds 0.
- **Pairs** add what two inputs say together beyond what each says alone.
- **Caps** bound what one group of reasons may add or take away, and are a line of their own. A curve counts as a weak
  reason, a pair as a medium one."""

MISSING = """Nothing missing is guessed. An indicator that cannot be judged adds nothing and lowers `completeness`. A
feature without a value has a cell of its own, "not stated": it counts at least the average of the curve over the
training parcels and at most its highest cell, so that leaving a field out never lowers a score below the average."""

SIMULATED = """From parcels made by the project's own simulator, not from real ones. What it finds among simulated
parcels says little about real ones."""


def write_card(
    folder: Path, card: Scorecard, facts: dict[str, Any], indicators: Sequence[Indicator] | None = None
) -> None:
    """Write card.md and its plots (``curves_AXIS.svg``, ``indicators_AXIS.svg``, ``pairs_AXIS.svg``).

    Parameters
    ----------
    folder : Path
        The model's folder, which exists. Plots of an earlier card in it are replaced.
    card : Scorecard
    facts : dict
        What card.json says. ``fired_in_training`` counts, by indicator, the training parcels on which it fired.
    indicators : sequence of Indicator, optional
        The packs' entries, for titles and expert points.

    Notes
    -----
    Equal arguments give equal bytes. Plots longer than a page of A4 go on in ``…_2.svg``.
    """
    for old in folder.glob("*.svg"):
        if re.fullmatch(rf"(curves|indicators|pairs)_({'|'.join(AXES)})(_\d+)?\.svg", old.name):
            old.unlink()
    packs = {i.id: i for i in indicators or ()}
    parts = [
        first_line(card, facts),
        f"# Model {_cell(card.id)}",
        f"**{ranking_note(card)}**",
        "## What it is for, and what not",
        PURPOSE,
        "## What it learned from",
        *_learned_from(card, facts),
        "## How it adds up",
        ADDING,
        "Points are a ranking order and nothing else." if ranks_only(card) else "",
        "## Caps and thresholds",
        *_limits_of_sums(card),
        "## Missing values",
        MISSING,
    ]
    for name in AXES:
        parts += [f"## Axis {name}: {_CONCERNS[name]}", *_axis(folder, name, card.axes[name], facts, packs)]
    limits = facts.get("limits") or ["No limits were written down for this model; take it as untried."]
    parts += ["## Limits", "\n".join(f"- {_cell(limit)}" for limit in limits)]
    parts += ["## How it was made", *_made(facts), "## Versions", *_versions(card, facts)]
    (folder / "card.md").write_text("\n\n".join(filter(None, parts)) + "\n", "utf-8", newline="\n")


# -- sections ----------------------------------------------------------------------------------------------------------


def _learned_from(card: Scorecard, facts: dict[str, Any]) -> Iterator[str]:
    if card.points == "expert":
        yield "From nothing: its points are those of the authors of the packs."
    elif card.basis == "simulated":
        yield SIMULATED
    yield _table(("what", "value"), _rows(facts.get("trained_on")))
    yield f"Confirmed finds behind it: {card.confirmed_finds:,}."
    if isinstance(facts.get("measured"), dict):
        yield "### Measured"
        yield _by_axis(facts["measured"])


def _limits_of_sums(card: Scorecard) -> Iterator[str]:
    columns = ("base", "review from", "hold from")
    rows = [
        [name, *(shown_points(p, sign=False) for p in (axis.base, axis.review, axis.hold))]
        for name, axis in card.axes.items()
    ]
    yield _table(("axis", *columns), rows)
    caps = [(f"all raising reasons of group {group}", cap) for group, cap in card.group_caps.items()]
    caps += [
        ("the weak reasons of one group together", card.weak_cap),
        ("the weak and medium reasons of one group together", card.medium_cap),
        ("what one group may take away", card.mitigating_cap),
    ]
    yield _table(("cap", "points at most"), [[what, _cap(cap)] for what, cap in caps])


def _cap(millionths: int) -> str:
    return "no cap" if millionths >= LARGEST * MILLION else shown_points(millionths, sign=False)


def _axis(folder: Path, name: str, axis: Axis, facts: dict[str, Any], packs: dict[str, Indicator]) -> Iterator[str]:
    fired = facts.get("fired_in_training") or {}
    rows = [
        (key, axis.indicators.get(key), packs.get(key) if key not in packs or packs[key].axis == name else None)
        for key in sorted({*axis.indicators, *(i.id for i in packs.values() if i.axis == name)})
    ]
    yield "### Points of indicators"
    if rows:
        bars = [
            (key, learned.points if learned else None, p.points * MILLION if p else None) for key, learned, p in rows
        ]
        yield from _plots(folder, f"indicators_{name}", indicator_plots(name, bars), "Points of indicators")
        yield _table(
            ("indicator", "version learned", "learned", "expert", "fired in training", "title"),
            [
                [
                    key,
                    str(learned.version) if learned else "–",
                    _learned(learned, pack),
                    shown_points(pack.points * MILLION) if pack else "–",
                    shown(fired[key]) if key in fired else "–",
                    pack.title if pack else "",
                ]
                for key, learned, pack in rows
            ],
        )
    else:
        yield "None learned: each counts with the expert points of its pack."
    yield "### Curves"
    yield from _plots(folder, f"curves_{name}", curve_plots(name, axis), "Points over the values of each feature")
    yield from _curves(axis.curves)
    yield "### Pairs"
    yield from _plots(folder, f"pairs_{name}", pair_plots(name, axis), "Points of each pair")
    yield from _pairs(axis)


def _learned(learned: Learned | None, pack: Indicator | None) -> str:
    if learned is None:
        return "not learned"
    newer = pack is not None and pack.version != learned.version
    return shown_points(learned.points) + (f" (not for version {pack.version})" if pack and newer else "")


def _plots(folder: Path, stem: str, pages: list[bytes], alt: str) -> Iterator[str]:
    for number, page in enumerate(pages, start=1):
        file = f"{stem}.svg" if number == 1 else f"{stem}_{number}.svg"
        (folder / file).write_bytes(page)
        yield f"![{alt}]({file})"


def _curves(curves: Sequence[Curve]) -> Iterator[str]:
    if not curves:
        yield "None."
        return
    moving = sorted((c for c in curves if spread(c.points)), key=lambda c: (-spread(c.points), c.name))
    if still := [c.name for c in curves if not spread(c.points)]:
        yield f"Without effect: {', '.join(f'`{name}`' for name in sorted(still))}."
    yield _table(
        ("feature", "direction", "lowest", "highest", "not stated", "meaning"),
        [
            [
                f"`{c.name}`",
                DIRECTIONS[c.direction],
                shown_points(int(c.points[:-1].min())),
                shown_points(int(c.points[:-1].max())),
                shown_points(int(c.points[-1])),
                title_of(c.name),
            ]
            for c in moving
        ],
    )
    for curve in moving:
        rows = [
            [words + (" (usual)" if usual else ""), shown_points(points)] for words, points, usual in curve_rows(curve)
        ]
        yield _details(f"Cells of {curve.name}", _table(("value", "points"), rows))


def _pairs(axis: Axis) -> Iterator[str]:
    if not axis.pairs:
        yield "None."
    for pair in sorted(axis.pairs, key=lambda p: (-spread(p.points), p.key)):
        between = f"{shown_points(int(pair.points.min()))} to {shown_points(int(pair.points.max()))}"
        if not spread(pair.points):
            yield f"`{pair.key}`: without effect."
        elif pair.points.size > _WIDEST:
            yield f"`{pair.key}`: {between} points."
        else:
            yield _details(f"{pair.key}: {between} points", _pair_table(axis, pair))


def _pair_table(axis: Axis, pair: Pair) -> str:
    down, across = pair_side(axis, pair.of[0], pair.points), pair_side(axis, pair.of[1], pair.points.T)
    rows = [[words, *(shown_points(int(pair.points[row, column])) for _, column in across)] for words, row in down]
    return _table((f"{pair.of[0]} ↓ {pair.of[1]} →", *(words for words, _ in across)), rows)


def _made(facts: dict[str, Any]) -> Iterator[str]:
    yield f"```\n{facts.get('command') or 'riskscore train'}\n```"
    yield (
        "Boosted trees that add up: one curve for each input, one table for each named pair. They are compiled to the "
        "tables above, and only those tables are served."
    )
    for title, key in (("Estimator", "estimator"), ("Calibration", "calibration")):
        if facts.get(key):
            by_axis = isinstance(facts[key], dict) and set(facts[key]) <= set(AXES)
            yield f"### {title}"
            yield _by_axis(facts[key]) if by_axis else _table(("what", "value"), _rows(facts[key]))
    for title, key in (("Inputs", "inputs"), ("Named pairs", "pairs")):
        named = facts.get(key)
        if isinstance(named, dict):
            yield f"### {title}"
            lines = (f"- {axis}: {', '.join(map(_name, entries)) or 'none'}" for axis, entries in named.items())
            yield "\n".join(lines)


def _versions(card: Scorecard, facts: dict[str, Any]) -> Iterator[str]:
    rows = [["model", card.id], ["points", card.points], ["basis", card.basis]]
    rows += [[key, shown(facts[key])] for key in ("date", "sops", "code") if facts.get(key) is not None]
    rows += list(_rows({key: value for key, value in facts.items() if key not in _PLACED}))
    yield _table(("what", "value"), rows)
    yield "All facts, also those that no table above shows, are in card.json."


# -- facts -------------------------------------------------------------------------------------------------------------


def _plain_name(entry: Any) -> str:
    return "*".join(map(str, entry)) if isinstance(entry, list | tuple) else str(entry)


def _name(entry: Any) -> str:
    return f"`{_plain_name(entry)}`"


def _rows(value: Any, path: str = "") -> Iterator[list[str]]:
    """Whatever was written down, as rows of a dotted path and a value."""
    if path and _NOT_SHOWN.search(path):
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _rows(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple) and any(isinstance(entry, dict | list | tuple) for entry in value):
        for number, inner in enumerate(value, start=1):
            yield from _rows(inner, f"{path}.{number}" if path else str(number))
    elif path or value is not None:
        yield [path, str(value) if path.endswith("seed") else shown(value)]


def _by_axis(facts: dict[str, Any]) -> str:
    """Rows by path, one column for each axis; what is of no axis comes as a table of its own."""
    columns = [axis for axis in AXES if axis in facts]
    values = {axis: dict(_rows(facts[axis])) for axis in columns}
    paths = dict.fromkeys(path for axis in columns for path in values[axis])
    tables = [
        _table(("what", *columns), [[path, *(values[axis].get(path, "–") for axis in columns)] for path in paths]),
        _table(("what", "value"), _rows({key: value for key, value in facts.items() if key not in columns})),
    ]
    return "\n\n".join(filter(None, tables))


# -- Markdown ----------------------------------------------------------------------------------------------------------


def _cell(text: Any) -> str:
    return re.sub(r"\s+", " ", str(text)).replace("|", "\\|").replace("<", "&lt;").strip()


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(map(_cell, row)) + " |" for row in rows]
    return "\n".join(["| " + " | ".join(map(_cell, head)) + " |", "|" + "---|" * len(head), *lines]) if lines else ""


def _details(summary: str, inside: str) -> str:
    return f"<details><summary>{_cell(summary)}</summary>\n\n{inside}\n\n</details>"
