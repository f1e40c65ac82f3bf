"""What in the declaration made an indicator fire: fields, values and spans, as columns for a whole batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from riskscore.conditions import Condition, Leaf, OverItems
from riskscore.features import FEATURES, Facts
from riskscore.goods_text import COUNTS, Hits
from riskscore.judging import Answers
from riskscore.lexicon import CONCEPTS, NUMBER, PURPOSE, TOPIC_NUMBER
from riskscore.points import Scores, Weights
from riskscore.schema import BY_PATH, FIELDS, MAX_ITEMS

ITEMS_SHOWN = 5  # items whose numbers are shown for a sum or a maximum over the parcel

# Fields of the declaration behind the columns that normalisation adds.
_DECLARED = {
    "item.hs": ("item.hs_code",),
    "item.hs_status": ("item.hs_code",),
    "item.value_eur": ("item.value", "item.currency"),
    "s10_status": ("item_id",),
    "value_eur": ("total_value", "currency", "item.value", "item.currency"),
    "postage_eur": ("postage", "currency"),
    "insured_eur": ("insured_value", "currency"),
}
_WHOLE = -1  # concept of evidence that is a whole value
_STRIDE = MAX_ITEMS + 1


@dataclass(frozen=True, slots=True)
class Evidence:
    """Evidence of every line of a batch, sorted by line.

    Parameters
    ----------
    line : int64 array (e,)
        Ledger line.
    structs : pyarrow.StructArray (e,)
        path, value, start, end, concept.
    """

    line: NDArray[np.int64]
    structs: pa.StructArray


@dataclass(frozen=True, slots=True)
class Lines:
    """Ledger lines that want evidence.

    Parameters
    ----------
    line, parcel, entry : int64 arrays (l,)
        Number of the line, its parcel row, and the number of its indicator (below k) or term (k + number).
    """

    line: NDArray[np.int64]
    parcel: NDArray[np.int64]
    entry: NDArray[np.int64]


EVIDENCE_TYPE = pa.struct(
    [
        ("path", pa.string()),
        ("value", pa.string()),
        ("start", pa.int64()),
        ("end", pa.int64()),
        ("concept", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class _Source:
    """One leaf that speaks for an indicator, and the item condition it stands in."""

    leaf: Leaf
    within: OverItems | None


@cache
def fields_behind(name: str) -> tuple[str, ...]:
    """Declared fields that a field, normalised column or feature is made from, in reading order."""
    if name in BY_PATH:
        return (name,)
    if name in _DECLARED:
        return _DECLARED[name]
    if name in FEATURES:
        return tuple(dict.fromkeys(path for read in FEATURES[name].reads for path in fields_behind(read)))
    if name == "informative_words":
        return ("item.description",)
    return ()


def _sources(condition: Condition, within: OverItems | None = None) -> Iterator[_Source]:
    if isinstance(condition, Leaf):
        yield _Source(condition, within)
    elif isinstance(condition, OverItems):
        yield from _sources(condition.part, condition)
    else:
        for part in condition.parts:
            yield from _sources(part, within)


def collect(weights: Weights, answers: Answers, scores: Scores, facts: Facts, hits: Hits, lines: Lines) -> Evidence:
    """Evidence of every line.

    Parameters
    ----------
    weights : Weights
        The indicators and the terms of the scorecard.
    answers : Answers
        Truth of the indicators' conditions, per parcel and per item.
    scores : Scores
    facts : Facts
    hits : Hits
        Text hits of the items.
    lines : Lines
        Ledger lines of the indicators that fired and the terms that are shown.
    """
    found = _Found([], [], [], [], [], [], [], [])
    count = facts.grouping.count
    first = np.cumsum(count) - count
    by_item = _ByItem(hits, facts.items.height)
    k = len(weights.indicators)
    order_by = np.lexsort((lines.parcel, lines.entry))
    entries, starts = np.unique(lines.entry[order_by], return_index=True)
    ends = np.append(starts[1:], len(order_by))
    for column, start, end in zip(entries.tolist(), starts.tolist(), ends.tolist(), strict=False):
        chosen = order_by[start:end]
        rows, line = lines.parcel[chosen], lines.line[chosen]
        number = count[rows]
        items = np.repeat(first[rows] - (np.cumsum(number) - number), number) + np.arange(number.sum())
        fired = _Fired(rows, line, items, np.repeat(line, number))
        if column < k:
            for order, source in enumerate(_sources(weights.indicators[column].when)):
                _from_source(found, source, order, fired, answers, facts, by_item)
            continue
        for order, name in enumerate(weights.terms[column - k].inputs):
            if name in FEATURES:
                _from_source(
                    found, _Source(Leaf(name, "feature", "value", None), None), order, fired, answers, facts, by_item
                )
                _from_absence(
                    found,
                    name,
                    order,
                    rows[scores.unstated[rows, column - k]],
                    line[scores.unstated[rows, column - k]],
                    facts,
                )
                continue
            whole = next(i for i in weights.indicators if i.id == name)
            for source in _sources(whole.when):
                _from_source(found, source, order, fired, answers, facts, by_item)
    return found.assemble(facts)


def _from_absence(
    found: _Found, name: str, order: int, rows: NDArray[np.int64], lines: NDArray[np.int64], facts: Facts
) -> None:
    """For a feature that is not stated: the fields of the parcel that are lacking, without a value."""
    for path in fields_behind(name):
        if not path.startswith("item."):
            lacking = ~facts.stated(path)[rows]
            found.add(lines[lacking], order, path, rows[lacking], None)


@dataclass(frozen=True, slots=True)
class _Fired:
    """Parcels in which one indicator fired, their items, and the ledger line of each."""

    parcels: NDArray[np.int64]
    parcel_line: NDArray[np.int64]
    items: NDArray[np.int64]
    item_line: NDArray[np.int64]


class _ByItem:
    """Text hits that count, found by item."""

    def __init__(self, hits: Hits, n_items: int) -> None:
        self.hits = hits.take(np.flatnonzero(hits.status == COUNTS))
        self._count = np.bincount(self.hits.text, minlength=n_items)
        self._first = np.cumsum(self._count) - self._count

    def rows(self, items: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows of the hits of some items, and for each the position of its item among them."""
        count = self._count[items]
        rows = np.repeat(self._first[items] - (np.cumsum(count) - count), count) + np.arange(count.sum())
        return rows, np.repeat(np.arange(len(items)), count)


@dataclass(frozen=True, slots=True)
class _Found:
    """Evidence as numbers, part by part; `assemble` turns it into words once."""

    line: list[NDArray[np.int64]]
    order: list[NDArray[np.int64]]
    path: list[NDArray[np.int64]]  # number of the field in `FIELDS`
    row: list[NDArray[np.int64]]  # row in the table of the field
    item_no: list[NDArray[np.int64]]
    start: list[NDArray[np.int64]]
    end: list[NDArray[np.int64]]
    concept: list[NDArray[np.int64]]

    def add(
        self,
        line: NDArray[np.int64],
        order: int,
        path: str,
        row: NDArray[np.int64],
        item_no: NDArray[np.int64] | None,
        spans: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]] | None = None,
    ) -> None:
        """Add one field of some rows: whole values, or spans with their concepts."""
        size = len(line)
        start, end, concept = spans or (np.zeros(size, np.int64), np.zeros(size, np.int64), np.full(size, _WHOLE))
        self.line.append(line)
        self.order.append(np.full(size, order))
        self.path.append(np.full(size, _PATH_NUMBER[path]))
        self.row.append(row)
        self.item_no.append(np.zeros(size, np.int64) if item_no is None else item_no)
        self.start.append(start)
        self.end.append(end)
        self.concept.append(concept)

    def assemble(self, facts: Facts) -> Evidence:
        """Sort, say each thing once, prefer words to the whole value, and write paths and values."""
        if not self.line:
            return Evidence(np.zeros(0, np.int64), pa.array([], EVIDENCE_TYPE))
        line, order, path, row, item_no, start, end, concept = (
            np.concatenate(getattr(self, name))
            for name in ("line", "order", "path", "row", "item_no", "start", "end", "concept")
        )
        place = (line * len(FIELDS) + path) * _STRIDE + item_no
        spoken = np.unique(place[concept != _WHOLE])
        keep = (concept != _WHOLE) | ~np.isin(place, spoken)
        by_place = np.lexsort((order, concept, end, start, place))
        same = np.ones(len(place), np.bool_)
        columns = (place, start, end, concept)
        same[1:] = np.all([c[by_place][1:] == c[by_place][:-1] for c in columns], axis=0)
        same[0] = False
        keep[by_place[same]] = False
        sequence = np.lexsort((path, start, item_no, order, line))
        sequence = sequence[keep[sequence]]
        line, path, row, item_no, start, end, concept = (
            a[sequence] for a in (line, path, row, item_no, start, end, concept)
        )
        value = _values(path, row, facts)
        whole = concept == _WHOLE
        stated = value.is_valid().to_numpy(zero_copy_only=False)
        length = pc.fill_null(pc.utf8_length(value), 0).to_numpy(zero_copy_only=False).astype(np.int64)
        structs = pa.StructArray.from_arrays(
            [
                _paths(path, item_no),
                value,
                pa.array(start, mask=~stated),
                pa.array(np.where(whole, length, end), mask=~stated),
                pa.array(_CONCEPT_NAMES, pa.string()).take(pa.array(np.where(whole, len(_CONCEPT_NAMES) - 1, concept))),
            ],
            fields=list(EVIDENCE_TYPE),
        )
        return Evidence(line, structs)


_PATH_NUMBER = {f.path: number for number, f in enumerate(FIELDS)}
_CONCEPT_NAMES = [*CONCEPTS, None]
_CONTEXT = NUMBER["context"]


def _from_source(
    found: _Found, source: _Source, order: int, fired: _Fired, answers: Answers, facts: Facts, by_item: _ByItem
) -> None:
    leaf = source.leaf
    items, item_line = fired.items, fired.item_line
    if source.within is not None:
        here = answers.items[source.within].true[items]
        items, item_line = items[here], item_line[here]
    if leaf.kind == "text":
        _from_text(found, leaf, order, items, item_line, facts, by_item)
        return
    absence = leaf.operator == "stated" and not leaf.value
    for path in fields_behind(leaf.column):
        if not path.startswith("item."):
            chosen = slice(None) if absence else facts.stated(path)[fired.parcels]
            found.add(fired.parcel_line[chosen], order, path, fired.parcels[chosen], None)
            continue
        speaking = _speaking_items(leaf.column, items, facts)
        if not absence:
            speaking &= facts.stated(path)[items]
        found.add(item_line[speaking], order, path, items[speaking], facts.item_no[items[speaking]])


def _from_text(
    found: _Found,
    leaf: Leaf,
    order: int,
    items: NDArray[np.int64],
    item_line: NDArray[np.int64],
    facts: Facts,
    by_item: _ByItem,
) -> None:
    numbers = [NUMBER[c] if c in NUMBER else TOPIC_NUMBER[c] for c in leaf.value]
    hits = by_item.hits
    rows, place = by_item.rows(items)
    wanted = np.isin(hits.concept[rows], numbers)
    rows, place = rows[wanted], place[wanted]
    concept = np.where(hits.concept[rows] < PURPOSE, hits.concept[rows], _CONTEXT)
    spans = (hits.start[rows], hits.end[rows], concept)
    found.add(item_line[place], order, "item.description", items[place], facts.item_no[items[place]], spans)
    if "vague" in leaf.value:
        # A text may be vague without a vague word: only digits, only dashes.
        bare = np.setdiff1d(np.arange(len(items)), place)
        found.add(item_line[bare], order, "item.description", items[bare], facts.item_no[items[bare]])


def _speaking_items(name: str, items: NDArray[np.int64], facts: Facts) -> NDArray[np.bool_]:
    """Items that made a parcel feature what it is: those for which an `any` holds, the first few of a sum."""
    feature = FEATURES.get(name)
    if feature is None or feature.level == "item":
        return np.ones(len(items), np.bool_)
    over = _over_items_behind(name)
    if over is not None and FEATURES[over].over_items == "any" and over in facts.items.columns:
        return facts.items[over].gather(items).fill_null(False).to_numpy()
    return np.asarray(facts.item_no[items] < ITEMS_SHOWN)


@cache
def _over_items_behind(name: str) -> str | None:
    feature = FEATURES.get(name)
    if feature is None:
        return None
    if feature.over_items:
        return name
    return next((found for read in feature.reads if (found := _over_items_behind(read))), None)


def _paths(path: NDArray[np.int64], item_no: NDArray[np.int64]) -> pa.Array:
    """Paths as people write them, with the number of the item."""
    both, place = np.unique(path * _STRIDE + item_no, return_inverse=True)
    names = []
    for code in both.tolist():
        field = FIELDS[code // _STRIDE]
        names.append(f"items[{code % _STRIDE}].{field.path.removeprefix('item.')}" if field.of_item else field.path)
    return pa.array(names, pa.string()).take(pa.array(place))


def _values(path: NDArray[np.int64], row: NDArray[np.int64], facts: Facts) -> pa.Array:
    """Values as text, each field cast once."""
    parts: list[pa.Array] = []
    places: list[NDArray[np.int64]] = []
    for number in np.unique(path):
        field = FIELDS[number]
        here = np.flatnonzero(path == number)
        column = (facts.items if field.of_item else facts.parcels)[field.path].gather(row[here])
        if field.kind != "text":
            column = pl.select(as_text(pl.lit(column), field.path)).to_series()
        parts.append(column.to_arrow().cast(pa.string()))
        places.append(here)
    back = np.argsort(np.concatenate(places), kind="stable") if places else np.zeros(0, np.int64)
    return pa.concat_arrays(parts).take(pa.array(back)) if parts else pa.array([], pa.string())


def as_text(column: pl.Expr, path: str) -> pl.Expr:
    """A value as text in its shortest form: 2.5, 12, 2026-11-21T08:00:00Z, a|b."""
    field = BY_PATH[path]
    if field.kind == "number":
        return column.cast(pl.String).str.strip_suffix(".0")
    if field.kind == "timestamp":
        return column.dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    if field.kind == "list":
        return column.list.join("|")
    if field.kind == "records":
        first = field.fields[0].path
        return column.list.eval(pl.element().struct.field(first).fill_null("?")).list.join("|")
    return column.cast(pl.String)
