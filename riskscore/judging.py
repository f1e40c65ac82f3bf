"""The truth of many conditions for a batch: once over whole columns, once row by row for a few parcels.

Both mean the same, and both are three-valued: what is missing makes a leaf unknown, and an unknown indicator does not
fire. Only ``stated`` asks about absence. A column of texts holds few different ones, so each is asked once; a leaf that
several conditions share is asked once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from riskscore.conditions import Condition, Leaf, OverItems
from riskscore.known import Grouping, Truth
from riskscore.lexicon import bit

SMALL_BATCH = 256  # up to here Python values are faster than columns (measured crossover: 160 to 270 rows)

_QUESTIONS: dict[str, Callable[[Any, Any], Any]] = {
    "text": lambda v, mask: v & mask,
    "is": lambda v, target: v == target,
    "in": lambda v, targets: v in targets,
    "above": lambda v, limit: v > limit,
    "at_least": lambda v, limit: v >= limit,
    "below": lambda v, limit: v < limit,
    "at_most": lambda v, limit: v <= limit,
    "starts_with": lambda v, prefixes: v.startswith(prefixes),
    "has": lambda v, member: member in v,
    "has_any": lambda v, members: any(m in v for m in members),
}
_COMPARED: dict[str, Callable[[NDArray[np.float64], Any], NDArray[np.bool_]]] = {
    "is": lambda values, target: values == target,
    "in": lambda values, targets: np.isin(values, np.array(targets, np.float64)),
    "above": lambda values, limit: values > limit,
    "at_least": lambda values, limit: values >= limit,
    "below": lambda values, limit: values < limit,
    "at_most": lambda values, limit: values <= limit,
}


@dataclass(frozen=True, slots=True)
class Answers:
    """Truth of many conditions for a batch.

    Parameters
    ----------
    truth : Truth
        Arrays (n parcels, number of conditions).
    items : dict
        Truth per item of every item condition, for evidence.
    """

    truth: Truth
    items: dict[OverItems, Truth]


class Table(Protocol):
    """Something that can answer a leaf for all its rows."""

    def ask(self, leaf: Leaf) -> Truth:
        """Truth of the leaf, arrays (rows,)."""


def evaluate(
    conditions: list[Condition],
    parcels: pl.DataFrame,
    items: pl.DataFrame,
    grouping: Grouping,
    by: Literal["columns", "rows"] | None = None,
) -> Answers:
    """Truth of every condition for every parcel.

    Parameters
    ----------
    conditions : list of Condition
    parcels, items : polars.DataFrame
        Facts of the batch.
    grouping : Grouping
    by : {"columns", "rows"}, optional
        By default chosen by the size of the batch; the answers are the same.
    """
    if by is None:
        by = "rows" if parcels.height <= SMALL_BATCH else "columns"
    table = _Rows if by == "rows" else _Columns
    batch = _Batch(table(parcels), table(items), grouping, {})
    shape = (parcels.height, len(conditions))
    true, false = np.zeros(shape, np.bool_, order="F"), np.zeros(shape, np.bool_, order="F")
    for number, condition in enumerate(conditions):
        truth = batch.judge(condition, batch.parcels)
        true[:, number], false[:, number] = truth.true, truth.false
    return Answers(Truth(true, false), batch.seen)


@dataclass(frozen=True, slots=True)
class _Batch:
    parcels: Table
    items: Table
    grouping: Grouping
    seen: dict[OverItems, Truth]  # truth of each item condition, per item

    def judge(self, condition: Condition, table: Table) -> Truth:
        """Truth of a condition about the rows of a table."""
        if isinstance(condition, Leaf):
            return table.ask(condition)
        if isinstance(condition, OverItems):
            if condition not in self.seen:
                self.seen[condition] = self.judge(condition.part, self.items)
            truth = self.seen[condition]
            known = self.grouping.any_known if condition.how == "any_item" else self.grouping.all_known
            return known(truth)
        parts = [self.judge(part, table) for part in condition.parts]
        result = parts[0]
        if condition.how == "not":
            return ~result
        for part in parts[1:]:
            result = result & part if condition.how == "all" else result | part
        return result


class _Rows:
    """A small table, asked value by value."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame
        self._lists: dict[str, list[Any]] = {}

    def ask(self, leaf: Leaf) -> Truth:
        """Truth of the leaf, arrays (rows,)."""
        if leaf.column not in self._lists:
            self._lists[leaf.column] = self._frame[leaf.column].to_list()
        values = self._lists[leaf.column]
        known = np.array([v is not None for v in values], np.bool_)
        if leaf.operator == "stated":
            return Truth(known, ~known) if leaf.value else Truth(~known, known)
        ask, target = _QUESTIONS[leaf.operator], _target(leaf)
        true = np.array([v is not None and bool(ask(v, target)) for v in values], np.bool_)
        return Truth(true, known & ~true)


class _Columns:
    """A large table, asked column by column; what was asked once is remembered."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame
        self._types = dict(frame.schema)
        self._arrays: dict[str, pa.Array] = {}
        self._known: dict[str, NDArray[np.bool_]] = {}
        self._numbers: dict[str, NDArray[Any]] = {}
        self._texts: dict[str, tuple[NDArray[np.int64], list[str]]] = {}
        self._answers: dict[Leaf, Truth] = {}

    def ask(self, leaf: Leaf) -> Truth:
        """Truth of the leaf, arrays (rows,)."""
        if leaf not in self._answers:
            self._answers[leaf] = self._ask(leaf)
        return self._answers[leaf]

    def _ask(self, leaf: Leaf) -> Truth:
        known = self._stated(leaf.column)
        if leaf.operator == "stated":
            return Truth(known, ~known) if leaf.value else Truth(~known, known)
        dtype = self._types[leaf.column]
        if dtype == pl.String:
            true = self._of_texts(leaf)
        elif isinstance(dtype, pl.List):
            true = self._of_lists(leaf)
        elif leaf.operator == "text":
            true = known & ((self._numbers_of(leaf.column) & np.int64(_target(leaf))) != 0)
        else:
            true = known & _COMPARED[leaf.operator](self._numbers_of(leaf.column), leaf.value)
        return Truth(true, known & ~true)

    def _array(self, name: str) -> pa.Array:
        """The column as Arrow: its kernels cost far less than starting a query for each small question."""
        if name not in self._arrays:
            self._arrays[name] = self._frame[name].to_arrow()
        return self._arrays[name]

    def _stated(self, name: str) -> NDArray[np.bool_]:
        if name not in self._known:
            array = self._array(name)
            validity = array.buffers()[0]
            all_known = validity is None or not array.null_count
            self._known[name] = np.ones(len(array), np.bool_) if all_known else _bits(validity, array)
        return self._known[name]

    def _numbers_of(self, name: str) -> NDArray[Any]:
        """Numbers as doubles, flags as they are, bit masks as whole numbers; anything where unknown."""
        if name not in self._numbers:
            self._numbers[name] = _raw(self._array(name))
        return self._numbers[name]

    def _of_texts(self, leaf: Leaf) -> NDArray[np.bool_]:
        if leaf.column not in self._texts:
            # What is null gets the last code, for which the answer is no.
            encoded = self._array(leaf.column).cast(pa.large_string()).dictionary_encode()
            distinct = encoded.dictionary.to_pylist()
            codes = encoded.indices.fill_null(len(distinct)).to_numpy(zero_copy_only=False)
            self._texts[leaf.column] = (codes, distinct)
        codes, distinct = self._texts[leaf.column]
        ask = _QUESTIONS[leaf.operator]
        answers = np.array([*(bool(ask(text, leaf.value)) for text in distinct), False], np.bool_)
        true: NDArray[np.bool_] = answers[codes]
        return true

    def _of_lists(self, leaf: Leaf) -> NDArray[np.bool_]:
        members = leaf.value if leaf.operator == "has_any" else (leaf.value,)
        column = pl.col(leaf.column)
        holds = pl.any_horizontal([column.list.contains(m) for m in members])
        return self._frame.select(holds.fill_null(False)).to_series().to_numpy()


def _raw(array: pa.Array) -> NDArray[Any]:
    """Values of a column as they lie in memory: nothing is copied, and what is null holds anything."""
    if pa.types.is_null(array.type):
        return np.zeros(len(array))
    if pa.types.is_boolean(array.type):
        return _bits(array.buffers()[1], array)
    if not pa.types.is_int64(array.type):
        array = array.cast(pa.float64())
    values = array.buffers()[1]
    dtype = np.int64 if pa.types.is_int64(array.type) else np.float64
    whole = np.frombuffer(values, dtype) if values is not None else np.zeros(0, dtype)
    return whole[array.offset : array.offset + len(array)]


def _bits(bitmap: pa.Buffer, array: pa.Array) -> NDArray[np.bool_]:
    """One of the bitmaps of an array, as flags."""
    if not len(array):
        return np.zeros(0, np.bool_)
    end = array.offset + len(array)
    bits = np.unpackbits(np.frombuffer(bitmap, np.uint8, (end + 7) // 8), count=end, bitorder="little")
    return bits[array.offset :].view(np.bool_)


def _target(leaf: Leaf) -> Any:
    return bit(leaf.value) if leaf.operator == "text" else leaf.value


__all__ = ["SMALL_BATCH", "Answers", "evaluate"]
