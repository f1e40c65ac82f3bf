"""Hits, points and caps → reasons that add up, worded for their reader."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from riskscore.conditions import Answers
from riskscore.evidence import Evidence, as_text, collect
from riskscore.features import Facts
from riskscore.goods_text import Hits
from riskscore.schema import BY_PATH
from riskscore.scorecard import MILLION, Scores
from riskscore.sops import ACTIONS, ACTORS, AXES, CASE_TYPES, GROUPS, Indicator

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
    indicator : int64 array
        Column of the indicator, -1 for a cap.
    group, axis : int64 arrays
        Numbers in `GROUPS` and `AXES`.
    evidence : Evidence
    """

    parcel: NDArray[np.int64]
    points: NDArray[np.int64]
    indicator: NDArray[np.int64]
    group: NDArray[np.int64]
    axis: NDArray[np.int64]
    evidence: Evidence


def write_ledger(indicators: list[Indicator], answers: Answers, scores: Scores, facts: Facts, hits: Hits) -> Ledger:
    """The lines of every parcel: each indicator that fired, and each cap that bit."""
    true = answers.truth.true
    fired_row, fired_column = np.nonzero(true)
    cap_row, cap_axis, cap_group = np.nonzero(scores.caps)
    points_of = np.array([i.points * MILLION for i in indicators], np.int64)
    group_of = np.array([GROUPS.index(i.group) for i in indicators], np.int64)
    axis_of = np.array([AXES.index(i.axis) for i in indicators], np.int64)
    parcel = np.concatenate([fired_row, cap_row])
    indicator = np.concatenate([fired_column, np.full(len(cap_row), -1)])
    points = np.concatenate([points_of[fired_column], scores.caps[cap_row, cap_axis, cap_group]])
    group = np.concatenate([group_of[fired_column], cap_group])
    axis = np.concatenate([axis_of[fired_column], cap_axis])
    order = np.lexsort((group, axis, indicator, -points, parcel))
    parcel, indicator, points, group, axis = (a[order] for a in (parcel, indicator, points, group, axis))
    line_of = np.full(true.shape, -1, np.int64)
    lines = np.flatnonzero(indicator >= 0)
    line_of[parcel[lines], indicator[lines]] = lines
    evidence = collect(indicators, answers, facts, hits, line_of)
    return Ledger(parcel, points, indicator, group, axis, evidence)


def reasons_column(
    ledger: Ledger,
    indicators: list[Indicator],
    facts: Facts,
    proposals: Proposals,
    illicit_band: NDArray[np.int64],
    worded: NDArray[np.bool_],
) -> pa.Array:
    """The contract's ``reasons``, as an Arrow list of structs, one list per parcel.

    Parameters
    ----------
    ledger : Ledger
    indicators : list of Indicator
    facts : Facts
        For the values that sentences quote.
    proposals : Proposals
    illicit_band : int64 array (n,)
    worded : bool array (n,)
        Parcels whose lines carry title, sentence, benign explanation, question and source.
    """
    n = len(worded)
    fixed = _Fixed(indicators)
    row = np.where(ledger.indicator >= 0, ledger.indicator, len(indicators) + ledger.group)
    said = worded[ledger.parcel]
    index = pa.array(row)
    index_said = pa.array(row, mask=~said)
    demoted = (fixed.isolates[row]) & ~proposals.upheld[ledger.parcel]
    action = np.where(demoted, ACTIONS.index("examine"), fixed.action[row])
    may_ask = (illicit_band == 0) & ~proposals.floored
    to = np.where(
        (fixed.to[row] == _TO.index("sender")) & ~may_ask[ledger.parcel], _TO.index("authority"), fixed.to[row]
    )
    question = pa.StructArray.from_arrays(
        [fixed.take("question", index_said), pa.array(_TO).take(pa.array(to, mask=~said))],
        names=["text", "to"],
        mask=pa.array(~said | (ledger.indicator < 0)),
    )
    evidence = ledger.evidence
    offsets = np.concatenate(([0], np.cumsum(np.bincount(evidence.line, minlength=len(row)))))
    columns: dict[str, pa.Array] = {
        "key": fixed.take("key", index),
        "kind": fixed.take("kind", index),
        "axis": pa.array(AXES).take(pa.array(ledger.axis)),
        "group": fixed.take("group", index),
        "strength": fixed.take("strength", index),
        "points": pa.array(ledger.points / MILLION),
        "points_basis": pa.array(["expert"]).take(pa.array(np.zeros(len(row), np.int64))),
        "version": pa.array(fixed.version[row], mask=ledger.indicator < 0),
        "title": fixed.take("title", index_said),
        "text": pa.array(_sentences(ledger, indicators, facts, said), pa.string()),
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


class _Fixed:
    """Columns of what is the same for every line of an indicator; caps of the groups stand behind the indicators."""

    def __init__(self, indicators: list[Indicator]) -> None:
        caps = len(GROUPS)
        self._columns: dict[str, list[str | None]] = {
            "key": [*(i.id for i in indicators), *(f"cap:{g}" for g in GROUPS)],
            "kind": [*["indicator"] * len(indicators), *["cap"] * caps],
            "group": [*(i.group for i in indicators), *GROUPS],
            "strength": [i.strength for i in indicators] + [None] * caps,
            "title": [*(i.title for i in indicators), *(f"The group “{g}” reaches its cap" for g in GROUPS)],
            "benign": [*(i.benign for i in indicators), *[None] * caps],
            "question": [*(i.question["text"] for i in indicators), *[None] * caps],
            "source": [*(i.source for i in indicators), *[None] * caps],
        }
        self.action = np.array([ACTIONS.index(i.action) for i in indicators] + [0] * caps, np.int64)
        actors = [ACTORS.index(i.action_by) if i.action_by else len(ACTORS) for i in indicators]
        self.actor = np.array([*actors, *[len(ACTORS)] * caps], np.int64)
        self.isolates = self.action == ACTIONS.index("isolate_and_notify")
        self.version = np.array([i.version for i in indicators] + [0] * caps, np.int64)
        self.to = np.array([_TO.index(i.question["to"]) for i in indicators] + [0] * caps, np.int64)

    def take(self, name: str, index: pa.Array) -> pa.Array:
        """The column's value for each line; null where the index is."""
        return pa.array(self._columns[name], pa.string()).take(index)


def _sentences(ledger: Ledger, indicators: list[Indicator], facts: Facts, said: NDArray[np.bool_]) -> list[str | None]:
    """The sentence of each worded line with its evidence filled in."""
    sentences: list[str | None] = [None] * len(said)
    lines = np.flatnonzero(said)
    if not len(lines):
        return sentences
    # Asked once per indicator; the last entry is for caps, whose number is -1.
    speaking = np.array([*("{words}" in i.reason for i in indicators), False], np.bool_)
    naming = np.array([*("{field:item." in i.reason for i in indicators), False], np.bool_)
    words = _quoted_words(ledger.evidence, said & speaking[ledger.indicator])
    shown = _item_values(ledger.evidence, said & naming[ledger.indicator])
    parcels, place = np.unique(ledger.parcel[lines], return_inverse=True)
    values: dict[str, list[str | None]] = {}
    for line, where in zip(lines.tolist(), place.tolist(), strict=True):
        column = int(ledger.indicator[line])
        if column < 0:
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
