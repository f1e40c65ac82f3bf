"""Rows → parcels: rows of equal ``parcel_id`` are items of one parcel, wherever in the file they stand.

Pass one finds where each parcel begins and puts the rows in that order (`spool`), or, where a file can be read twice
and no parcel comes back, only finds ranges of rows that hold whole parcels; pass two types the rows and builds the
tables. Neither the order of rows nor the size of batches changes a parcel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import polars as pl

from riskscore.formats.coerce import NUMBER, as_text, read_ids
from riskscore.formats.reading import LINE, Reading, rebatch
from riskscore.formats.spool import RANK, Cuts, Hashes, Order, Spool
from riskscore.schema import BY_PATH, FIELDS, ITEM_FIELDS, MAX_ITEMS, PARCEL_FIELDS, Tables, item_schema, parcel_schema

Indexes = npt.NDArray[np.int64]
_ORDER = {f.path: number for number, f in enumerate(FIELDS)}
_SHOWN = 80  # characters of a value in a sentence
_MONEY = ("total_value", "postage", "insured_value", "currency")


class Rows(Protocol):
    """A manifest of rows."""

    def batches(self) -> Iterator[pl.DataFrame]:
        """Give ``line`` and raw columns named by path, ``parcel_id`` among them."""


@runtime_checkable
class CheapRows(Rows, Protocol):
    """A manifest of rows that is cheap to read twice, from any row on."""

    height: int

    def outline(self) -> Iterator[pl.DataFrame]:
        """Give only ``parcel_id`` and the numbers that are written as text."""

    def rows(self, first: int, stop: int) -> pl.DataFrame:
        """Give some rows, as `batches` does."""


class Grouping:
    """Rows of one manifest on their way to parcels.

    Parameters
    ----------
    reading : Reading
        Counts, notes and problem lines.
    hash_ids : callable, optional
        Parcel ids → 64-bit hashes; `Reading.hash` by default.
    """

    def __init__(self, reading: Reading, hash_ids: Callable[[pl.Series], Hashes] | None = None) -> None:
        self._reading = reading
        self._hash = hash_ids or reading.hash
        self._order = Order()
        self._last_id: str | None = None
        self._runs = 0
        self._spool = Spool(reading.folder, reading.batch_rows)

    def tables(self, rows: Rows) -> Iterator[Tables]:
        """Read all rows, then give the parcels in order of first appearance."""
        reading = self._reading
        if isinstance(rows, CheapRows):
            yield from self._tables_read_twice(rows)
            return
        for raw in rebatch(rows.batches(), reading.batch_rows):
            reading.counts.rows_read += raw.height
            named = self._named(raw)
            reading.decimals.learn(named)
            begins = self._begin_runs(named["parcel_id"])
            self._order.add(self._hash(named["parcel_id"].filter(begins)))
            self._spool.add(self._ranked(named, begins))
        reading.settle(self._order)
        yield from self._spooled_tables()

    def ranges(self, rows: CheapRows) -> list[tuple[int, int]] | None:
        """Read the ids; where no parcel comes back, cut the rows into ranges of whole parcels, of one batch or so.

        Returns
        -------
        list of tuple of int, or None
            First row and the one after the last of each range, for `range_tables`; None where the order of the rows is
            not that of the parcels.
        """
        reading = self._reading
        cuts = Cuts(reading.batch_rows)
        row = 0
        for outline in rows.outline():
            reading.counts.rows_read += outline.height
            reading.decimals.learn(outline)
            ids = read_ids(outline["parcel_id"])
            named = ids.is_not_null()
            ids = ids.filter(named) if ids.null_count() else ids
            begins = self._begin_runs(ids)
            self._order.add(self._hash(ids.filter(begins)))
            cuts.add(row + np.flatnonzero(named.to_numpy())[begins.to_numpy()])
            row += outline.height
        reading.settle(self._order)
        self._last_id = None
        if self._order.first is not None:
            return None
        return cuts.ranges(rows.height)

    def range_tables(self, rows: CheapRows, first: int, stop: int) -> Tables | None:
        """Build the tables of a range of `ranges`; None when no row has a parcel_id."""
        held: pl.DataFrame | None = None
        step = 2 * self._reading.batch_rows  # a longer range is one parcel, and most of its rows are to be rejected
        self._last_id = None
        for start in range(first, stop, step):
            named = self._named(rows.rows(start, min(start + step, stop)))
            named = self._ranked(named, self._begin_runs(named["parcel_id"]))
            if named.height:
                held = self._within_limit([named if held is None else pl.concat([held, named])])
        return None if held is None else self._assemble(held)

    def _tables_read_twice(self, rows: CheapRows) -> Iterator[Tables]:
        """Read the ids first and then the rows, which need no spool unless parcels come back."""
        ranges = self.ranges(rows)
        if ranges is None:
            for raw in rows.batches():
                named = self._named(raw)
                self._spool.add(self._ranked(named, self._begin_runs(named["parcel_id"])))
            yield from self._spooled_tables()
            return
        for first, stop in ranges:
            tables = self.range_tables(rows, first, stop)
            if tables is not None:
                yield tables

    def _spooled_tables(self) -> Iterator[Tables]:
        for frames in self._spool.batches(self._order):
            yield self._assemble(self._within_limit(frames))

    def _named(self, raw: pl.DataFrame) -> pl.DataFrame:
        """Return the rows that have a parcel_id, cleaned; reject the others."""
        ids = read_ids(raw["parcel_id"])
        rows = raw.with_columns(ids.alias("parcel_id"))
        if not ids.null_count():
            return rows
        nameless = raw.filter(ids.is_null())
        self._reading.counts.rows_rejected += nameless.height
        self._reading.problems.extend(
            _problem_lines(nameless[LINE], None, as_text(nameless["parcel_id"]), "no parcel_id", rejected=True)
        )
        return rows.filter(ids.is_not_null())

    def _begin_runs(self, ids: pl.Series) -> pl.Series:
        """Tell where a parcel_id differs from the one before, across batches."""
        begins = (ids != ids.shift(1, fill_value=self._last_id)).fill_null(value=True)
        self._last_id = ids[-1] if len(ids) else self._last_id
        return begins

    def _ranked(self, rows: pl.DataFrame, begins: pl.Series) -> pl.DataFrame:
        """Number the runs of the rows."""
        ranks = begins.cast(pl.Int64).cum_sum() + (self._runs - 1)
        self._runs += int(begins.sum())
        return rows.with_columns(ranks.alias(RANK))

    def _within_limit(self, frames: list[pl.DataFrame]) -> pl.DataFrame:
        """Bring the rows of some parcels together; reject what is over the limit of items, bit by bit."""
        if len(frames) > 1 and frames[0][RANK][0] == frames[0][RANK][-1]:
            kept, room = [], MAX_ITEMS
            for frame in frames:  # may be more rows than memory holds: one parcel again and again
                kept.append(frame[:room])
                for start in range(room, frame.height, self._reading.batch_rows):
                    self._reject_surplus(frame[start : start + self._reading.batch_rows])
                room = max(0, room - frame.height)
            frames = kept
        rows = pl.concat(frames)
        if len(frames) > 1:
            rows = rows.sort(RANK, maintain_order=True)
        rows = _undo_collisions(rows)
        starts, parcels = _runs(rows)
        if np.diff(starts, append=rows.height).max() > MAX_ITEMS:
            over = pl.Series(np.arange(rows.height) - starts[parcels] >= MAX_ITEMS)
            self._reject_surplus(rows.filter(over))
            rows = rows.filter(~over)
        return rows

    def _reject_surplus(self, rows: pl.DataFrame) -> None:
        self._reading.counts.rows_rejected += rows.height
        reason = f"the parcel has more than {MAX_ITEMS:,} rows"
        self._reading.problems.extend(_problem_lines(rows[LINE], rows["parcel_id"], None, reason, rejected=True))

    def _assemble(self, rows: pl.DataFrame) -> Tables:
        """Build the tables from the complete rows of some parcels, sorted by parcel."""
        reading = self._reading
        starts, parcels = _runs(rows)
        typed, problems = self._typed(rows, starts, parcels)
        lines, ids = rows[LINE], rows["parcel_id"]
        reading.problems.extend(
            problems.select(
                lines.gather(problems["row"]).alias("line"),
                ids.gather(problems["row"]).alias("parcel_id"),
                "field",
                "raw",
                "reason",
                pl.lit(value=False).alias("rejected"),
            )
        )
        columns: dict[str, pl.Series] = {}
        contradictions: list[pl.DataFrame] = []
        for path, values in typed.items():
            if BY_PATH[path].of_item:
                continue
            if len(values) == len(starts):
                columns[path] = values
                continue
            columns[path], differing = self._first_stated(values, path, rows, starts, parcels)
            contradictions.extend(differing)
        where = pl.Series("parcel", parcels.astype(np.uint32))
        unread = problems.select(where.gather(problems["row"]), pl.col("field").str.replace(r"\[.*$", "").alias("path"))
        disputed = pl.concat(contradictions) if contradictions else unread.clear()
        reading.counts.rows_used += rows.height
        reading.counts.parcels_scored += len(starts)
        return Tables(
            complete(pl.DataFrame(columns), parcel_schema()).with_columns(
                paths_by_parcel(unread, len(starts)).alias("unreadable"),
                paths_by_parcel(disputed, len(starts)).alias("contradictory"),
            ),
            items_table(pl.DataFrame({p: v for p, v in typed.items() if BY_PATH[p].of_item}), problems, where),
        )

    def _typed(
        self, rows: pl.DataFrame, starts: Indexes, parcels: Indexes
    ) -> tuple[dict[str, pl.Series], pl.DataFrame]:
        """Type the columns; those that repeat their value within every parcel once per parcel, if all can be read."""
        coercion = self._reading.coercion
        steady = _steady_columns(rows, parcels)
        typed: dict[str, pl.Series] = {}
        if steady:
            once, problems = coercion.frame(rows.select(steady)[starts], steady)
            unread = set(problems["field"].str.replace(r"\[.*$", "").to_list())
            typed = {path: once[path] for path in once.columns if path not in unread}
        rest, problems = coercion.frame(rows, [f.path for f in FIELDS if f.path not in typed])
        return {**typed, **{path: rest[path] for path in rest.columns}}, problems

    def _first_stated(
        self, values: pl.Series, path: str, rows: pl.DataFrame, starts: Indexes, parcels: Indexes
    ) -> tuple[pl.Series, list[pl.DataFrame]]:
        """Take each parcel's first stated value; report the later ones that differ."""
        known = values.is_not_null().to_numpy()
        first = np.minimum.reduceat(np.where(known, np.arange(len(values)), len(values)), starts)
        stated_at = pl.Series(first, dtype=pl.UInt32).set(pl.Series(first == len(values)), None)
        firsts = values.gather(stated_at)
        again = known & (np.arange(len(values)) != first[parcels])
        if not again.any():
            return firsts, []
        later = np.flatnonzero(again)
        mine, theirs = values.gather(later), firsts.gather(parcels[later])
        differs = (_comparable(mine) != _comparable(theirs)).to_numpy()
        if not differs.any():
            return firsts, []
        later = later[differs]
        lines, ids = rows[LINE].gather(later), rows["parcel_id"].gather(later)
        said = pl.DataFrame({"line": lines, "now": _said(mine.filter(differs)), "first": _said(theirs.filter(differs))})
        reasons = said.select(
            pl.format("row {} says {}, the first row said {}; the first stands", "line", "now", "first")
        ).to_series()
        raw = as_text(rows[path].gather(later)) if path in rows.columns else said["now"]
        self._reading.problems.extend(_problem_lines(lines, ids, raw, reasons, rejected=False, field=path))
        parcel = pl.Series("parcel", parcels[later].astype(np.uint32))
        return firsts, [pl.DataFrame({"parcel": parcel, "path": [path] * len(later)})]


def items_table(typed: pl.DataFrame, problems: pl.DataFrame, parcel: pl.Series) -> pl.DataFrame:
    """Build the items of some parcels.

    Parameters
    ----------
    typed : polars.DataFrame
        Typed columns, one row per row of the manifest; those of items are used.
    problems : polars.DataFrame
        ``row`` and ``field`` of unreadable values: they were stated, so their row is an item.
    parcel : polars.Series
        The parcel of each row, ascending.
    """
    columns = [f.path for f in ITEM_FIELDS if f.path in typed.columns]
    stated = pl.repeat(value=False, n=len(parcel), eager=True)
    for path in columns:
        stated = stated | typed[path].is_not_null()
    unread = problems.filter(pl.col("field").str.starts_with("item."))["row"]
    if len(unread):
        stated = stated.scatter(unread.unique(), values=True)
    items = pl.DataFrame([parcel.cast(pl.UInt32).alias("parcel"), *(typed[path] for path in columns)]).filter(stated)
    if "item.seq" in columns:
        numbered = pl.col("item.seq").is_not_null().all().over("parcel")
        items = items.sort("parcel", pl.when(numbered).then("item.seq"), maintain_order=True)
    position = pl.Series(_positions(items["parcel"].to_numpy()))
    return complete(items.with_columns(position.alias("item_no")), item_schema())


def complete(frame: pl.DataFrame, target: pl.Schema) -> pl.DataFrame:
    """Add the columns that a manifest did not have, as unknown, and bring all into the order of the schema."""
    return frame.select(
        pl.col(name) if name in frame.columns else pl.lit(None, dtype=dtype).alias(name)
        for name, dtype in target.items()
    )


def paths_by_parcel(found: pl.DataFrame, parcels: int) -> pl.Series:
    """List the paths of each parcel once, in the order of the schema; empty for the others.

    Parameters
    ----------
    found : polars.DataFrame
        ``parcel`` and ``path``, with repeats.
    parcels : int
        How many parcels there are.
    """
    empty = pl.Series([[]], dtype=pl.List(pl.String)).new_from_index(0, parcels)
    if not found.height:
        return empty
    order = pl.col("path").replace_strict(list(_ORDER), list(_ORDER.values()), default=None, return_dtype=pl.Int64)
    lists = found.unique().sort("parcel", order).group_by("parcel", maintain_order=True).agg("path")
    every = pl.DataFrame({"parcel": pl.int_range(parcels, dtype=pl.UInt32, eager=True)})
    joined = every.join(lists, on="parcel", how="left", maintain_order="left")["path"]
    return joined.zip_with(joined.is_not_null(), empty)


def _steady_columns(rows: pl.DataFrame, parcels: Indexes) -> list[str]:
    """Find the columns of parcels whose raw value never changes from one row of a parcel to the next."""
    plain = [f.path for f in PARCEL_FIELDS if f.path in rows.columns and not rows.schema[f.path].is_nested()]
    plain = [path for path in plain if path + NUMBER not in rows.columns]
    if not rows.height or parcels[-1] + 1 == rows.height:
        return []
    within = pl.Series(np.diff(parcels, prepend=-1) == 0)
    changes = rows.select((pl.col(path).ne_missing(pl.col(path).shift()) & within).any() for path in plain).row(0)
    steady = {path for path, changed in zip(plain, changes, strict=True) if not changed}
    if any(path in rows.columns and path not in steady for path in _MONEY):  # an amount may name the currency
        steady.difference_update(_MONEY)
    return [path for path in plain if path in steady]


def _undo_collisions(rows: pl.DataFrame) -> pl.DataFrame:
    """Part parcels whose ids share a hash: once in 10^7 manifests of a million parcels."""
    same = rows.select(
        ((pl.col(RANK) == pl.col(RANK).shift()) & (pl.col("parcel_id") != pl.col("parcel_id").shift())).any()
    ).item()
    if not same:
        return rows
    return rows.sort(RANK, pl.col(LINE).min().over(RANK, "parcel_id"), LINE)


def _runs(rows: pl.DataFrame) -> tuple[Indexes, Indexes]:
    """Find where each parcel's rows start, and the parcel of each row."""
    changed = rows.select(
        ((pl.col(RANK) != pl.col(RANK).shift()) | (pl.col("parcel_id") != pl.col("parcel_id").shift())).fill_null(True)
    )
    begins = changed.to_series().to_numpy()
    return np.flatnonzero(begins), np.cumsum(begins) - 1


def _positions(parcels: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """Number the items of each parcel from 0."""
    begins = np.concatenate([[True], parcels[1:] != parcels[:-1]])[: len(parcels)]
    places: npt.NDArray[np.uint32] = np.arange(len(parcels), dtype=np.uint32)
    firsts: npt.NDArray[np.uint32] = places[begins][np.cumsum(begins) - 1]
    numbers: npt.NDArray[np.uint32] = places - firsts
    return numbers


def _comparable(values: pl.Series) -> pl.Series:
    if values.dtype == pl.String:
        return values.str.strip_chars()
    return as_text(values) if values.dtype.is_nested() else values


def _said(values: pl.Series) -> pl.Series:
    return as_text(values).str.head(_SHOWN)


def _problem_lines(
    lines: pl.Series,
    ids: pl.Series | None,
    raw: pl.Series | None,
    reason: str | pl.Series,
    rejected: bool,
    field: str = "",
) -> pl.DataFrame:
    nothing = pl.lit(None, dtype=pl.String)
    return pl.DataFrame({"line": lines}).with_columns(
        (nothing if ids is None else ids).alias("parcel_id"),
        pl.lit(field or ("parcel_id" if ids is None else "")).alias("field"),
        (nothing if raw is None else raw).alias("raw"),
        (pl.lit(reason) if isinstance(reason, str) else reason).alias("reason"),
        pl.lit(rejected).alias("rejected"),
    )
