"""Columns asked about little: each different text once, the rows that matter only, and what its first bytes rule out.

The expressions of the features say what is true; what is here only spares rows whose answer is known beforehand.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from riskscore.keys import fold_key, fold_key_expr

HEAD = 4  # bytes of a text that a view carries beside its length
FEW = 64  # texts below which Python folds and finds faster than a query starts
_ROOM = 1 << 16  # keys counted in a table rather than sorted
_ASCII_WORD = np.zeros(256, np.bool_)
_ASCII_WORD[[*range(0x30, 0x3A), *range(0x41, 0x5B), *range(0x61, 0x7B)]] = True
_LOWER = np.arange(256, dtype=np.uint8)
_LOWER[0x41:0x5B] += 0x20


def numbered(values: pl.Series) -> tuple[NDArray[np.int64], pl.Series]:
    """Number of each text among the different ones (null: their count), and the different ones.

    Parameters
    ----------
    values : polars.Series
        String or Categorical (n,).
    """
    if len(values) <= FEW:
        listed = values.to_list()
        first = {text: number for number, text in enumerate(dict.fromkeys(t for t in listed if t is not None))}
        numbers = np.array([len(first) if text is None else first[text] for text in listed], np.int64)
        return numbers, pl.Series(list(first), dtype=pl.String)
    if values.dtype == pl.String:
        values = values.cast(pl.Categorical(pl.Categories.random()))
    distinct = values.unique().drop_nulls()
    number_of = distinct.to_physical().to_numpy()
    place = np.zeros(int(number_of.max()) + 2 if len(number_of) else 1, np.int64)
    place[number_of] = np.arange(len(distinct))
    place[-1] = len(distinct)
    numbers = values.to_physical().fill_null(len(place) - 1).to_numpy()
    return place[numbers], distinct.cast(pl.String)


def different(keys: NDArray[Any], size: int) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Different ones of some keys below `size`, and the position of each key among them."""
    if size > _ROOM + 4 * len(keys):
        found, place = np.unique(keys, return_inverse=True)
        return found, place
    seen = np.zeros(size, np.bool_)
    seen[keys] = True
    found = np.flatnonzero(seen)
    place = np.zeros(size, np.int64)
    place[found] = np.arange(len(found))
    return found, place[keys]


def heads(values: pl.Series) -> NDArray[np.uint32]:
    """First four bytes (n,) of a String column, the first one lowest; zeros after a shorter text.

    Polars keeps texts as Arrow views, which carry them beside the length: nothing is copied.
    """
    if not len(values):
        return np.zeros(0, np.uint32)
    views = values.rechunk().to_arrow(compat_level=pl.CompatLevel.newest())
    return np.frombuffer(views.buffers()[1], "<u4").reshape(-1, 4)[views.offset : views.offset + len(values), 1]


def may_begin_alike(one: NDArray[np.uint32], other: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """False where the first bytes (n,) alone show that two texts fold to different keys.

    Only ASCII letters and digits from the very start on are compared; all else leaves it open.
    """
    differ, plain = np.zeros(len(one), np.bool_), np.ones(len(one), np.bool_)
    for byte in range(HEAD):
        a, b = ((head >> np.uint32(8 * byte)).astype(np.uint8) for head in (one, other))
        plain = plain & _ASCII_WORD[a] & _ASCII_WORD[b]
        differ |= plain & (_LOWER[a] != _LOWER[b])
    return ~differ


def begins_with_word(head: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """First byte is an ASCII letter or digit: the text does not fold to nothing."""
    return _ASCII_WORD[head.astype(np.uint8)]


def flags(name: str, states: NDArray[np.int8]) -> pl.Series:
    """A nullable boolean column from 0, 1 and 2 (unknown)."""
    return pl.Series(name, pa.array(states == 1, mask=states == 2), dtype=pl.Boolean)


def states(values: pl.Series) -> NDArray[np.int8]:
    """0, 1 and 2 (unknown) of a nullable boolean column."""
    if len(values) <= FEW:
        return np.array([2 if value is None else value for value in values.to_list()], np.int8)
    return values.cast(pl.Int8).fill_null(2).to_numpy()


def spread(found: pl.Series, chosen: NDArray[np.bool_]) -> pl.Series:
    """Values of the chosen rows (n,) put back in their rows; null elsewhere."""
    rows = np.cumsum(chosen) - 1
    return found.gather(pl.Series(pa.array(rows, mask=~chosen)))


def only_where(asked: pl.Expr, reads: Sequence[str], answer: pl.Expr, dtype: Any) -> pl.Expr:
    """An answer computed in the rows where it is asked for, null in all others.

    Parameters
    ----------
    asked : polars.Expr
        Boolean; unknown counts as no.
    reads : sequence of str
        Columns that the answer is made from.
    answer : polars.Expr
        Row by row.
    dtype : polars data type
        Of the answer.
    """

    def look_up(columns: Sequence[pl.Series]) -> pl.Series:
        chosen = states(columns[0]) == 1
        if not chosen.any():
            return pl.repeat(None, len(chosen), dtype=dtype, eager=True)
        frame = pl.DataFrame([column.alias(name) for name, column in zip(reads, columns[1:], strict=True)])
        if chosen.all():
            return frame.select(answer.alias("answer")).to_series()
        return spread(frame[np.flatnonzero(chosen)].select(answer.alias("answer")).to_series(), chosen)

    return pl.map_batches([asked, *(pl.col(name) for name in reads)], look_up, return_dtype=dtype, is_elementwise=True)


def by_text(column: pl.Expr, answer: Callable[[pl.Series], pl.Series], dtype: Any) -> pl.Expr:
    """Ask about each different text of a column once; null stays null.

    Parameters
    ----------
    answer : callable
        From the different texts to as many answers.
    """

    def look_up(values: pl.Series) -> pl.Series:
        numbers, distinct = numbered(values)
        if not len(distinct):
            return pl.repeat(None, len(values), dtype=dtype, eager=True)
        found = answer(distinct).cast(dtype)
        return found.extend_constant(None, 1).gather(numbers).alias(values.name)

    return column.map_batches(look_up, return_dtype=dtype, is_elementwise=True)


def fold_texts(texts: pl.Series) -> pl.Series:
    """Folded keys of some texts."""
    ascii_only = (texts.str.len_bytes() == texts.str.len_chars()).all()
    if len(texts) <= FEW and ascii_only:
        return pl.Series([fold_key(text) for text in texts.to_list()], dtype=pl.String)
    return texts.to_frame("text").select(fold_key_expr(pl.col("text"))).to_series()


def folded(column: pl.Expr) -> pl.Expr:
    """A column of texts as folded keys, each different text once."""
    return by_text(column, fold_texts, pl.String())


def is_among(column: pl.Expr, words: Collection[str]) -> pl.Expr:
    """Is the folded text one of the words? Null stays null."""
    listed = sorted(words)
    return by_text(column, lambda texts: fold_texts(texts).is_in(listed), pl.Boolean())


def listed(column: str, reads: Sequence[str], answer: pl.Expr, of_none: pl.Expr | bool | None) -> pl.Expr:
    """A flag about the entries of a list: asked where there are any, `of_none` for an empty list, null for none stated.

    Parameters
    ----------
    reads : sequence of str
        Columns that the answer is made from.
    """
    size = pl.col(column).list.len()
    none = of_none if isinstance(of_none, pl.Expr) else pl.lit(of_none, pl.Boolean)
    return pl.when(size == 0).then(none).otherwise(only_where(size > 0, reads, answer, pl.Boolean))
