"""What in the declaration made an indicator fire: fields, values and spans, as columns for a whole batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskscore.conditions import Answers, Condition, Leaf, OverItems
from riskscore.features import FEATURES, Facts
from riskscore.goods_text import COUNTS, Hits
from riskscore.lexicon import CONCEPTS, NUMBER, PURPOSE, TOPIC_NUMBER
from riskscore.schema import BY_PATH
from riskscore.sops import Indicator

ITEMS_SHOWN = 5  # items whose numbers are shown for a sum or a maximum over the parcel

# Fields of the declaration behind the columns that normalisation adds.
_DECLARED = {
    "item.hs": ("item.hs_code",),
    "item.hs_status": ("item.hs_code",),
    "item.value_eur": ("item.value", "item.currency"),
    "s10_status": ("item_id",),
    "value_eur": ("total_value", "currency"),
    "postage_eur": ("postage", "currency"),
    "insured_eur": ("insured_value", "currency"),
}
_SCHEMA = {
    "line": pl.Int64,
    "order": pl.Int64,
    "item_no": pl.Int64,
    "path": pl.String,
    "value": pl.String,
    "start": pl.Int64,
    "end": pl.Int64,
    "concept": pl.String,
}


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


def collect(
    indicators: list[Indicator], answers: Answers, facts: Facts, hits: Hits, line_of: NDArray[np.int64]
) -> pl.DataFrame:
    """Evidence of every line.

    Parameters
    ----------
    indicators : list of Indicator
    answers : Answers
        Truth of their conditions, per parcel and per item.
    facts : Facts
    hits : Hits
        Text hits of the items.
    line_of : int64 array (n, k)
        Ledger line of each parcel and indicator that fired, -1 elsewhere.

    Returns
    -------
    polars.DataFrame
        line, path, value, start, end, concept; sorted by line.
    """
    frames: list[pl.DataFrame] = []
    for k in np.flatnonzero((line_of >= 0).any(axis=0)):
        lines = line_of[:, k]
        item_line = lines[facts.grouping.parcel]
        for order, source in enumerate(_sources(indicators[k].when)):
            frames.extend(_from_source(source, order, lines, item_line, answers, facts, hits))
    if not frames:
        return pl.DataFrame(schema=_SCHEMA)
    table = pl.concat(frames).sort("line", "order", "item_no", "start", "path", maintain_order=True)
    # Two leaves may speak of one value: say it once, and prefer the span to the whole.
    return table.unique(["line", "path", "start", "end", "concept"], keep="first", maintain_order=True)


def _from_source(
    source: _Source,
    order: int,
    lines: NDArray[np.int64],
    item_line: NDArray[np.int64],
    answers: Answers,
    facts: Facts,
    hits: Hits,
) -> Iterator[pl.DataFrame]:
    leaf = source.leaf
    if source.within is not None:
        item_line = np.where(answers.items[source.within].true, item_line, -1)
    if leaf.kind == "text":
        yield _text_frame(leaf, order, item_line, facts, hits)
        return
    feature = FEATURES.get(leaf.column)
    for path in fields_behind(leaf.column):
        if not path.startswith("item."):
            chosen = np.flatnonzero(lines >= 0)
            yield _field_frame(path, order, chosen, lines, facts.parcels, None, leaf.operator == "stated")
            continue
        rows = item_line
        if feature is not None and feature.level == "parcel":
            rows = _speaking_items(leaf.column, item_line, facts)
        yield _field_frame(path, order, np.flatnonzero(rows >= 0), rows, facts.items, "item", False)


def _speaking_items(name: str, item_line: NDArray[np.int64], facts: Facts) -> NDArray[np.int64]:
    """Items that made a parcel feature what it is: those for which an `any` holds, the first few of a sum."""
    over = _over_items_behind(name)
    if over is not None and FEATURES[over].over_items == "any" and over in facts.items.columns:
        return np.where(facts.items[over].fill_null(False).to_numpy(), item_line, -1)
    return np.where(facts.items["item_no"].to_numpy() < ITEMS_SHOWN, item_line, -1)


@cache
def _over_items_behind(name: str) -> str | None:
    feature = FEATURES.get(name)
    if feature is None:
        return None
    if feature.over_items:
        return name
    return next((found for read in feature.reads if (found := _over_items_behind(read))), None)


def _text_frame(leaf: Leaf, order: int, item_line: NDArray[np.int64], facts: Facts, hits: Hits) -> pl.DataFrame:
    wanted = np.isin(hits.concept, [NUMBER.get(c, TOPIC_NUMBER.get(c, -1)) for c in leaf.value]) & (hits.status == COUNTS)
    rows = np.flatnonzero(wanted & (item_line[hits.text] >= 0))
    item = hits.text[rows]
    frame = pl.DataFrame(
        {
            "line": item_line[item],
            "order": np.full(len(rows), order),
            "item_no": facts.items["item_no"].to_numpy()[item].astype(np.int64),
            "path": _item_paths(facts, item, "description"),
            "value": facts.items["item.description"].gather(item),
            "start": hits.start[rows],
            "end": hits.end[rows],
            "concept": pl.Series([CONCEPTS[c] if c < PURPOSE else "context" for c in hits.concept[rows]], dtype=pl.String),
        },
        schema=_SCHEMA,
    )
    if "vague" not in leaf.value:
        return frame
    # A text may be vague without a vague word: only digits, only a blank dash.
    bare = np.setdiff1d(np.flatnonzero(item_line >= 0), item)
    whole = _field_frame("item.description", order, bare, item_line, facts.items, "item", False)
    return pl.concat([frame, whole])


def _item_paths(facts: Facts, item: NDArray[np.int64], name: str) -> pl.Series:
    number = facts.items["item_no"].gather(item).cast(pl.String)
    return pl.select("items[" + pl.lit(number) + f"].{name}").to_series() if len(item) else pl.Series([], dtype=pl.String)


def _field_frame(
    path: str,
    order: int,
    chosen: NDArray[np.int64],
    lines: NDArray[np.int64],
    table: pl.DataFrame,
    level: str | None,
    absent_too: bool,
) -> pl.DataFrame:
    """One field of the chosen rows as evidence: the whole value, or its absence where absence is the point."""
    column = table[path].gather(chosen)
    value = pl.select(as_text(pl.lit(column), path)).to_series() if len(column) else pl.Series([], dtype=pl.String)
    frame = pl.DataFrame(
        {
            "line": lines[chosen],
            "order": np.full(len(chosen), order),
            "item_no": table["item_no"].gather(chosen).cast(pl.Int64) if level else np.zeros(len(chosen), np.int64),
            "path": pl.Series([path] * len(chosen), dtype=pl.String),
            "value": value,
        }
    ).with_columns(
        start=pl.when(pl.col("value").is_not_null()).then(pl.lit(0, pl.Int64)),
        end=pl.col("value").str.len_chars().cast(pl.Int64),
        concept=pl.lit(None, pl.String),
    )
    if level:
        name = path.removeprefix("item.")
        frame = frame.with_columns(path="items[" + pl.col("item_no").cast(pl.String) + f"].{name}")
    if not absent_too:
        frame = frame.filter(pl.col("value").is_not_null())
    return frame.cast(_SCHEMA)  # type: ignore[arg-type]


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
