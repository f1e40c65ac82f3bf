"""Hits, points and caps → reasons that add up, worded for their reader."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from riskscore.evidence import Evidence, Lines, as_text, collect
from riskscore.features import FEATURES, Facts
from riskscore.goods_text import Hits
from riskscore.judging import Answers
from riskscore.points import SHOWN_FROM, Scores, Weights
from riskscore.schema import BY_PATH
from riskscore.scorecard import MILLION, POINTS, Curve
from riskscore.sops import ACTIONS, ACTORS, AXES, CASE_TYPES, GROUPS, STRENGTHS, Indicator

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_LONGEST_QUOTE, _MOST_QUOTES = 80, 4
_ROUND_FROM = 1000
_FACT_GROUPS = ("description", "tariff", "value", "handling", "split", "history")


@dataclass(frozen=True, slots=True)
class Proposals:
    """What the fired indicators propose for each of n parcels.

    Parameters
    ----------
    action : int64 array (n,)
        Number in `ACTIONS`.
    action_by : int64 array (n,)
        Number in `ACTORS`; -1 where no action is proposed.
    case_type : int64 array (n,)
        Number in `CASE_TYPES`.
    upheld : bool array (n,)
        ``isolate_and_notify`` rests on physical evidence or two agreeing facts.
    floored : bool array (n,)
        A floor applies.
    """

    action: NDArray[np.int64]
    action_by: NDArray[np.int64]
    case_type: NDArray[np.int64]
    upheld: NDArray[np.bool_]
    floored: NDArray[np.bool_]


def propose(indicators: list[Indicator], true: NDArray[np.bool_]) -> Proposals:
    """Combine the proposals of the fired indicators (contract 2.1): the highest action and the first case type."""
    n = len(true)
    isolate, examine = ACTIONS.index("isolate_and_notify"), ACTIONS.index("examine")
    level = np.array([ACTIONS.index(i.action) if i.proposes else 0 for i in indicators], np.int64)
    case = np.array([CASE_TYPES.index(i.case_type) if i.proposes else 0 for i in indicators], np.int64)
    physical = np.array([i.physical for i in indicators], np.bool_)
    danger = case == CASE_TYPES.index("dangerous_goods")
    facts = np.zeros(n, np.int64)
    for group in _FACT_GROUPS:
        here = danger & np.array([i.group == group for i in indicators], np.bool_)
        facts += true[:, here].any(axis=1)
    upheld = true[:, physical & (level == isolate)].any(axis=1) | (facts >= 2)
    # One pass per level and case type over few columns: far less memory than a matrix of levels.
    action = np.zeros(n, np.int64)
    case_type = np.zeros(n, np.int64)
    for number in range(1, len(ACTIONS)):
        proposed = true[:, level == number].any(axis=1)
        action[proposed] = number if number != isolate else np.where(upheld[proposed], isolate, examine)
    for number in range(1, len(CASE_TYPES)):
        case_type[true[:, case == number].any(axis=1)] = number
    # The actor of the strongest reason that proposes this action; ties by id. To examine is never the courier's task.
    points = np.array([i.points for i in indicators], np.int64)
    actor_of = np.array([ACTORS.index(i.action_by) if i.action_by else -1 for i in indicators], np.int64)
    action_by = np.full(n, -1)
    rows = np.flatnonzero(action)
    demoted = (level == isolate) & ~upheld[rows, None]
    candidates = true[rows] & (np.where(demoted, examine, level) == action[rows, None])
    if len(rows):
        strongest = np.where(candidates, points, np.iinfo(np.int64).min).argmax(axis=1)
        isolated_less = demoted[np.arange(len(rows)), strongest]
        action_by[rows] = np.where(isolated_less, ACTORS.index("customs"), actor_of[strongest])
    floors = np.array([i.floor != "none" for i in indicators], np.bool_)
    return Proposals(action, action_by, case_type, upheld, np.asarray(true[:, floors].any(axis=1)))


@dataclass(frozen=True, slots=True)
class Ledger:
    """Reasons of a batch, one entry per line, sorted by parcel, then highest points first.

    Parameters
    ----------
    parcel : int64 array
        Parcel row of each line.
    points : int64 array
        Millionths.
    entry : int64 array
        What the line is about: an indicator, then caps by group, then the terms of the scorecard, then `other`.
    group, axis : int64 arrays
        Numbers in `GROUPS` (for `other` that of its largest part) and `AXES`.
    unstated : bool array
        The line says that something is not stated.
    evidence : Evidence
    """

    parcel: NDArray[np.int64]
    points: NDArray[np.int64]
    entry: NDArray[np.int64]
    group: NDArray[np.int64]
    axis: NDArray[np.int64]
    unstated: NDArray[np.bool_]
    evidence: Evidence


def write_ledger(weights: Weights, answers: Answers, scores: Scores, facts: Facts, hits: Hits) -> Ledger:
    """The lines of every parcel: each indicator that fired, each cap that bit, curves and pairs, and the rest."""
    n = len(answers.truth.true)
    k, t = len(weights.indicators), len(weights.terms)
    fired_row, fired_column = answers.truth.cells()
    cap_row, cap_axis, cap_group = np.unravel_index(np.flatnonzero(scores.caps), scores.caps.shape)
    shown = np.abs(scores.terms) >= SHOWN_FROM
    term_row, term = np.nonzero(shown)
    term_axis = np.array([entry.axis for entry in weights.terms], np.int64)
    term_group = np.array([entry.group for entry in weights.terms], np.int64)
    rest, largest, rest_group = (np.zeros((n, len(AXES)), np.int64) for _ in range(3))
    for number, axis_of in enumerate(term_axis.tolist()):
        small = np.where(shown[:, number], 0, scores.terms[:, number])
        rest[:, axis_of] += small
        leads = np.abs(small) > largest[:, axis_of]
        largest[leads, axis_of] = np.abs(small[leads])
        rest_group[leads, axis_of] = term_group[number]
    rest_row, rest_axis = np.nonzero(rest)
    parts = (
        (
            fired_row,
            weights.points[fired_column],
            fired_column,
            weights.group[fired_column],
            weights.axis[fired_column],
        ),
        (cap_row, scores.caps[cap_row, cap_axis, cap_group], k + cap_group, cap_group, cap_axis),
        (term_row, scores.terms[term_row, term], k + len(GROUPS) + term, term_group[term], term_axis[term]),
        (
            rest_row,
            rest[rest_row, rest_axis],
            np.full(len(rest_row), k + len(GROUPS) + t),
            rest_group[rest_row, rest_axis],
            rest_axis,
        ),
    )
    parcel, points, entry, group, axis = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    order = np.lexsort((group, axis, entry, -points, parcel))
    parcel, points, entry, group, axis = (a[order] for a in (parcel, points, entry, group, axis))
    first = k + len(GROUPS)
    of_term = np.flatnonzero((entry >= first) & (entry < first + t))
    unstated = np.zeros(len(parcel), np.bool_)
    unstated[of_term] = scores.unstated[parcel[of_term], entry[of_term] - first]
    lines = np.concatenate((np.flatnonzero(entry < k), of_term))
    about = np.where(entry[lines] < k, entry[lines], entry[lines] - len(GROUPS))
    evidence = collect(weights, answers, scores, facts, hits, Lines(lines, parcel[lines], about))
    return Ledger(parcel, points, entry, group, axis, unstated, evidence)


def reasons_column(
    ledger: Ledger,
    weights: Weights,
    facts: Facts,
    proposals: Proposals,
    illicit_band: NDArray[np.int64],
    worded: NDArray[np.bool_],
) -> pa.Array:
    """The contract's ``reasons``, as an Arrow list of structs, one list per parcel.

    Parameters
    ----------
    ledger : Ledger
    weights : Weights
    facts : Facts
        For the values that sentences quote.
    proposals : Proposals
    illicit_band : int64 array (n,)
    worded : bool array (n,)
        Parcels whose lines carry title, sentence, benign explanation, question and source.
    """
    n = len(worded)
    fixed = _Fixed(weights)
    row = ledger.entry
    said = worded[ledger.parcel]
    index = pa.array(row)
    index_said = pa.array(row, mask=~said)
    demoted = (fixed.isolates[row]) & ~proposals.upheld[ledger.parcel]
    action = np.where(demoted, ACTIONS.index("examine"), fixed.action[row])
    may_ask = (illicit_band == 0) & ~proposals.floored
    to = np.where(
        (fixed.to[row] == _TO.index("sender")) & ~may_ask[ledger.parcel], _TO.index("authority"), fixed.to[row]
    )
    learned_term = fixed.is_term[row]
    strength = np.where(learned_term & (ledger.points < 0), STRENGTHS.index("mitigating"), fixed.strength[row])
    question = pa.StructArray.from_arrays(
        [fixed.take("question", index_said), pa.array(_TO).take(pa.array(to, mask=~said))],
        names=["text", "to"],
        mask=pa.array(~said | ~fixed.asks[row]),
    )
    evidence = ledger.evidence
    offsets = np.concatenate(([0], np.cumsum(np.bincount(evidence.line, minlength=len(row)))))
    columns: dict[str, pa.Array] = {
        "key": fixed.take("key", index),
        "kind": fixed.take("kind", index),
        "axis": pa.array(AXES).take(pa.array(ledger.axis)),
        "group": pa.array(GROUPS).take(pa.array(ledger.group)),
        "strength": pa.array([*STRENGTHS, None], pa.string()).take(pa.array(strength)),
        "points": pa.array(ledger.points / MILLION),
        "points_basis": pa.array(POINTS).take(pa.array(fixed.learned[row].astype(np.int64))),
        "version": pa.array(fixed.version[row], mask=fixed.version[row] == 0),
        "title": fixed.take("title", index_said),
        "text": pa.array(_sentences(ledger, weights, facts, said), pa.string()),
        "evidence": pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), evidence.structs),
        "benign_explanation": fixed.take("benign", index_said),
        "question": question,
        "action": pa.array(ACTIONS).take(pa.array(action)),
        "action_by": pa.array([*ACTORS, None], pa.string()).take(
            pa.array(np.where(demoted, ACTORS.index("customs"), fixed.actor[row]))
        ),
        "source": fixed.take("source", index_said),
    }
    lines = pa.StructArray.from_arrays(list(columns.values()), names=list(columns))
    per_parcel = np.concatenate(([0], np.cumsum(np.bincount(ledger.parcel, minlength=n))))
    return pa.ListArray.from_arrays(pa.array(per_parcel, pa.int32()), lines)


_TO = ("sender", "courier", "authority")
_FIGURE_BENIGN = "By itself a figure that differs from the usual; most such parcels are ordinary."
_FIGURE_QUESTION = "Is this right as declared, and what explains it?"


class _Fixed:
    """Columns of what is the same for every line of an entry: indicators, then caps, terms and `other`."""

    def __init__(self, weights: Weights) -> None:
        indicators, terms = weights.indicators, weights.terms
        titles = {i.id: i.title for i in indicators}
        caps, t = len(GROUPS), len(terms)
        rest = [None] * (caps + t + 1)
        learned_from = f"Learned by the model {weights.card.id} ({weights.card.basis} parcels)"
        self._columns: dict[str, list[str | None]] = {
            "key": [*(i.id for i in indicators), *(f"cap:{g}" for g in GROUPS), *(e.key for e in terms), "other"],
            "kind": [*["indicator"] * len(indicators), *["cap"] * caps, *(e.kind for e in terms), "other"],
            "title": [
                *(i.title for i in indicators),
                *(f"The group “{g}” reaches its cap" for g in GROUPS),
                *(" together with: ".join(subject(name, titles) for name in e.inputs) for e in terms),
                "Smaller contributions of figures, together",
            ],
            "benign": [*(i.benign for i in indicators), *[None] * caps, *[_FIGURE_BENIGN] * t, None],
            "question": [*(i.question["text"] for i in indicators), *[None] * caps, *[_FIGURE_QUESTION] * t, None],
            "source": [*(i.source for i in indicators), *[None] * caps, *[learned_from] * t, learned_from],
        }
        self.action = np.array([ACTIONS.index(i.action) for i in indicators] + [0] * len(rest), np.int64)
        actors = [ACTORS.index(i.action_by) if i.action_by else len(ACTORS) for i in indicators]
        self.actor = np.array([*actors, *[len(ACTORS)] * len(rest)], np.int64)
        self.isolates = self.action == ACTIONS.index("isolate_and_notify")
        self.version = np.array([i.version for i in indicators] + [0] * len(rest), np.int64)
        to_courier = _TO.index("courier")
        self.to = np.array([_TO.index(i.question["to"]) for i in indicators] + [to_courier] * len(rest), np.int64)
        self.asks = np.array([q is not None for q in self._columns["question"]], np.bool_)
        self.is_term = np.array([kind in ("feature", "pair") for kind in self._columns["kind"]], np.bool_)
        self.learned = np.concatenate([weights.learned, np.zeros(caps, np.bool_), np.ones(t + 1, np.bool_)])
        none = len(STRENGTHS)
        self.strength = np.array(
            [STRENGTHS.index(i.strength) for i in indicators]
            + [none] * caps
            + [STRENGTHS.index("medium" if e.kind == "pair" else "weak") for e in terms]
            + [none],
            np.int64,
        )

    def take(self, name: str, index: pa.Array) -> pa.Array:
        """The column's value for each line; null where the index is."""
        return pa.array(self._columns[name], pa.string()).take(index)


def _sentences(ledger: Ledger, weights: Weights, facts: Facts, said: NDArray[np.bool_]) -> list[str | None]:
    """The sentence of each worded line with its evidence filled in."""
    indicators = weights.indicators
    k, caps = len(indicators), len(GROUPS)
    titles = {i.id: i.title for i in indicators}
    sentences: list[str | None] = [None] * len(said)
    lines = np.flatnonzero(said)
    if not len(lines):
        return sentences
    # Asked once per indicator; the last entry is for all lines that are not of one.
    speaking = np.array([*("{words}" in i.reason for i in indicators), False], np.bool_)
    naming = np.array([*("{field:item." in i.reason for i in indicators), False], np.bool_)
    indicator = np.minimum(ledger.entry, k)
    words = _quoted_words(ledger.evidence, said & speaking[indicator])
    shown = _item_values(ledger.evidence, said & naming[indicator])
    parcels, place = np.unique(ledger.parcel[lines], return_inverse=True)
    values: dict[str, list[str | None]] = {}
    for line, where in zip(lines.tolist(), place.tolist(), strict=True):
        column = int(ledger.entry[line])
        if column >= k + caps + len(weights.terms):
            sentences[line] = "All figures that count less than five points each, together."
            continue
        if column >= k + caps:
            term = weights.terms[column - k - caps]
            told = [
                f"{subject(name, titles)}{_told(name, facts, int(ledger.parcel[line]), weights, term.axis)}"
                for name in term.inputs
            ]
            sentences[line] = "; ".join(told) + "."
            continue
        if column >= k:
            sentences[line] = (
                f"Together these reasons count no more than the cap of their group ({GROUPS[ledger.group[line]]})."
            )
            continue
        reason = indicators[column].reason
        filled: dict[str, str] = {}
        for name in _placeholders(reason):
            if name == "words":
                filled[name] = words.get(line, "(no words)")
                continue
            if name not in values:
                values[name] = _texts(name, facts, parcels)
            spoken = shown.get((line, name.partition(":")[2]))
            filled[name] = spoken or values[name][where] or "not stated"
        sentences[line] = _fill(reason, filled)
    return sentences


def subject(name: str, titles: dict[str, str]) -> str:
    """What an input of the model is about: the first sentence of a feature, or an indicator's title."""
    return FEATURES[name].doc.rstrip(".") if name in FEATURES else titles.get(name, name)


def _told(name: str, facts: Facts, parcel: int, weights: Weights, axis: int) -> str:
    """The value of a feature, and what is usual; nothing for an indicator, whose title says it."""
    if name not in FEATURES:
        return ""
    value = facts.parcels[name][parcel]
    if value is None:
        return ": not stated"
    if FEATURES[name].sort == "flag":
        return f": {'yes' if value else 'no'}"
    curve = next(c for c in weights.card.axes[AXES[axis]].curves if c.name == name)
    return f": {_figure(float(value))} (most usual: {usual_range(curve)})"


def usual_range(curve: Curve) -> str:
    """The most usual cell of a curve in words."""
    above = _figure(float(curve.edges[curve.usual - 1])) if curve.usual else None
    up_to = _figure(float(curve.edges[curve.usual])) if curve.usual < len(curve.edges) else None
    if above is None:
        return f"up to {up_to}" if up_to else "any"
    return f"above {above}, up to {up_to}" if up_to else f"above {above}"


@cache
def _placeholders(reason: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_PLACEHOLDER.findall(reason)))


def _fill(reason: str, filled: dict[str, str]) -> str:
    """All placeholders in one go: what a sender typed is never one."""
    return _PLACEHOLDER.sub(lambda match: filled[match[1]], reason)


def _quoted_words(evidence: Evidence, said: NDArray[np.bool_]) -> dict[int, str]:
    """For each line: the words of its text evidence, else its values, quoted."""
    rows = np.flatnonzero(said[evidence.line])
    words: dict[int, list[str]] = {}
    values: dict[int, list[str]] = {}
    for line, entry in zip(
        evidence.line[rows].tolist(), evidence.structs.take(pa.array(rows)).to_pylist(), strict=True
    ):
        if entry["value"] is None:
            continue
        piece = f"“{entry['value'][entry['start'] : entry['end']][:_LONGEST_QUOTE]}”"
        pieces = (words if entry["concept"] else values).setdefault(line, [])
        if piece not in pieces:
            pieces.append(piece)
    return {
        line: ", ".join(pieces[:_MOST_QUOTES]) + (" …" if len(pieces) > _MOST_QUOTES else "")
        for line, pieces in (values | words).items()
    }


def _item_values(evidence: Evidence, said: NDArray[np.bool_]) -> dict[tuple[int, str], str]:
    """For each line and field of an item: the value of the item that fired, not of the first one."""
    rows = np.flatnonzero(said[evidence.line])
    found: dict[tuple[int, str], str] = {}
    for line, entry in zip(
        evidence.line[rows].tolist(), evidence.structs.take(pa.array(rows)).to_pylist(), strict=True
    ):
        if entry["path"].startswith("items[") and entry["value"] is not None:
            found.setdefault((line, "item." + entry["path"].partition("].")[2]), entry["value"])
    return found


def _figure(number: float) -> str:
    """A figure as people write it: three digits that count, or pence for larger ones; never an exponent."""
    if abs(number) >= _ROUND_FROM:
        return f"{number:,.2f}".rstrip("0").rstrip(".")
    rounded = float(f"{number:.3g}")
    return f"{rounded:.12f}".rstrip("0").rstrip(".") if rounded < _ROUND_FROM else f"{rounded:,.0f}"


def _texts(placeholder: str, facts: Facts, parcels: NDArray[np.int64]) -> list[str | None]:
    """Values of a placeholder {field:…} or {feature:…} for some parcels, as text."""
    kind, _, name = placeholder.partition(":")
    of_item = name.startswith("item.")
    column = (facts.grouping.first_known(facts.items[name]) if of_item else facts.parcels[name]).gather(parcels)
    if column.dtype.is_float():
        return [None if v is None else _figure(v) for v in column.to_list()]
    if kind == "field" and name in BY_PATH:
        return pl.select(as_text(pl.lit(column), name)).to_series().to_list()
    return column.cast(pl.String).to_list()


def names(codes: tuple[str, ...], numbers: NDArray[np.int64]) -> pl.Series:
    """Numbers in a closed list as their codes; -1 is null."""
    return pl.Series([*codes, None], dtype=pl.String).gather(np.where(numbers < 0, len(codes), numbers))
