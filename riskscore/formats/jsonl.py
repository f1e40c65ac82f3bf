"""JSON Lines: one parcel per line, nested, read generously.

Lines are taken in blocks whose size depends on the text alone. Each block becomes raw columns on disk, so that the
whole manifest has shown its decimal signs, and which parcels it repeats, before the first parcel comes out.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from riskscore.errors import ManifestError
from riskscore.formats.coerce import read_ids
from riskscore.formats.columns import Columns, clean_name
from riskscore.formats.decode import Text
from riskscore.formats.flatten import Block, Flattening, StoredBlock, concatenated
from riskscore.formats.group import complete, items_table, paths_by_parcel
from riskscore.formats.leaves import NotJsonError, parse_json
from riskscore.formats.reading import LINE, Reading
from riskscore.formats.records import MAX_LINE
from riskscore.formats.spool import Indexes, Order
from riskscore.schema import ITEM_FIELDS, PARCEL_FIELDS, Field, Tables, parcel_schema

BLOCK_LINES = 5_000
BLOCK_BYTES = 8 << 20
_SHOWN = 4096


class JsonParcels:
    """The parcels of a JSON Lines manifest.

    Parameters
    ----------
    text : Text
        The manifest's text.
    columns : Columns
        What its keys mean.
    reading : Reading
        Receives counts, notes and problem lines.
    """

    def __init__(self, text: Text, columns: Columns, reading: Reading) -> None:
        self._text = text
        self._columns = columns
        self._reading = reading
        self._order = Order()
        self._keys: dict[str, tuple[Field, ...]] = {}
        reading.notes.add(text.note())

    def tables(self) -> Iterator[Tables]:
        """Read all lines, then give the parcels in the order of the file.

        Raises
        ------
        ManifestError
            When no line is a parcel, or a mapped key is nowhere.
        """
        reading = self._reading
        blocks: list[StoredBlock] = []
        lines_of: list[Indexes] = []
        for number, block in enumerate(self._blocks()):
            if block.parcels.height:
                lines_of.append(block.parcels[LINE].to_numpy())
                blocks.append(block.store(reading.folder / f"block-{number}"))
        if self._keys:
            self._columns.check({clean_name(key) for key in self._keys}, self._keys)
        if not blocks:
            raise ManifestError(self._nothing())
        reading.settle(self._order)
        for some in self._gathered(blocks, np.concatenate(lines_of)):
            yield self._assemble(some)

    def _nothing(self) -> str:
        if self._keys and not any(f.path == "parcel_id" for known in self._keys.values() for f in known):
            return self._columns.no_parcel_id(self._keys)
        return f"{self._reading.name}: no line can be read as a parcel; JSON Lines has one JSON object per line"

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        """Give the lines that are not blank, with their numbers; of an endless one only the beginning."""
        number, rest, endless = 1, b"", False
        for chunk in self._text.chunks():
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                if not endless and line.strip():
                    yield number, line
                endless = False
                number += 1
            if len(rest) > MAX_LINE:
                if not endless:
                    yield number, rest
                rest, endless = b"", True
        if rest.strip() and not endless:
            yield number, rest

    def _blocks(self) -> Iterator[Block]:
        """Turn lines into blocks of raw columns of bounded size; reject the lines that are no JSON object."""
        flat = Flattening(self._columns, self._keys)
        taken: list[tuple[int, bytes]] = []
        size = 0
        limit = min(BLOCK_LINES, self._reading.batch_rows)
        for number, line in self._lines():
            try:
                if len(line) > MAX_LINE:
                    raise NotJsonError(f"the line is longer than {MAX_LINE >> 20} MiB")
                record = parse_json(line)
                if not isinstance(record, dict):
                    raise NotJsonError("some other value")
            except NotJsonError as error:
                raw = line[:_SHOWN].decode("utf-8", "replace")
                self._reading.reject(number, None, raw, f"not a JSON object: {error}"[:200])
                continue
            flat.take(len(taken), line, record)
            taken.append((number, line))
            size += len(line)
            if len(taken) >= limit or size >= BLOCK_BYTES:
                yield self._named(flat, taken)
                flat, taken, size = Flattening(self._columns, self._keys), [], 0
        if taken:
            yield self._named(flat, taken)

    def _named(self, flat: Flattening, lines: list[tuple[int, bytes]]) -> Block:
        """Complete a block; reject the lines without a parcel_id."""
        reading = self._reading
        block = flat.block([number for number, _ in lines])
        ids = read_ids(block.parcels["parcel_id"])
        reading.counts.rows_read += len(lines)
        for row in ids.is_null().arg_true().to_list():
            number, line = lines[row]
            raw = line[:_SHOWN].decode("utf-8", "replace")
            reading.problems.add(number, None, "parcel_id", raw, "no parcel_id", rejected=True)
            reading.counts.rows_rejected += 1
        block.parcels = block.parcels.with_columns(ids.alias("parcel_id"))
        block = block.keep(ids.is_not_null())
        self._order.add(reading.hash(block.parcels["parcel_id"]))
        reading.decimals.learn(block.parcels)
        reading.decimals.learn(block.items)
        return block

    def _gathered(self, blocks: list[StoredBlock], lines: Indexes) -> Iterator[Block]:
        """Bring blocks together to batches."""
        held: list[Block] = []
        size = before = 0
        for stored_block in blocks:
            block = stored_block.load()
            height = block.parcels.height
            block = self._without_repeats(block, before, lines)
            before += height
            weight = max(block.parcels.height, block.items.height)
            if held and size + weight > self._reading.batch_rows:
                yield concatenated(held)
                held, size = [], 0
            held.append(block)
            size += weight
        yield concatenated(held)

    def _without_repeats(self, block: Block, before: int, lines: Indexes) -> Block:
        """Reject the parcels of a block that were on an earlier line."""
        if self._order.first is None:
            return block
        own = np.arange(before, before + block.parcels.height)
        first = self._order.first[own]
        new = pl.Series(first == own)
        again = block.parcels.select(LINE, "parcel_id", pl.Series("first", lines[first])).filter(~new)
        self._reading.counts.rows_rejected += again.height
        self._reading.problems.extend(
            again.select(
                LINE,
                "parcel_id",
                pl.lit("parcel_id").alias("field"),
                pl.col("parcel_id").alias("raw"),
                pl.format("parcel_id already seen on line {}", "first").alias("reason"),
                pl.lit(value=True).alias("rejected"),
            )
        )
        return block.keep(new)

    def _assemble(self, block: Block) -> Tables:
        reading = self._reading
        items = block.items
        typed, problems = reading.coercion.frame(block.parcels, [f.path for f in PARCEL_FIELDS])
        typed_items, item_problems = reading.coercion.frame(items, [f.path for f in ITEM_FIELDS])
        at = item_problems["row"]
        label = pl.format("items[{}].{}", items["position"].gather(at), pl.col("field").str.strip_prefix("item."))
        item_problems = item_problems.with_columns(
            items["parcel"].gather(at).alias("parcel"),
            at.alias("item"),
            pl.col("field").alias("path"),
            label.alias("field"),
        )
        problems = problems.select(
            pl.col("row").alias("parcel"),
            pl.lit(None, dtype=pl.UInt32).alias("item"),
            pl.col("field").str.replace(r"\[.*$", "").alias("path"),
            "field",
            "raw",
            "reason",
        )
        found = pl.concat([block.faults, problems, item_problems.select(problems.columns)])
        parcel = found["parcel"]
        reading.problems.extend(
            found.select(
                block.parcels[LINE].gather(parcel).alias("line"),
                block.parcels["parcel_id"].gather(parcel).alias("parcel_id"),
                "field",
                "raw",
                "reason",
                pl.lit(value=False).alias("rejected"),
            )
        )
        height = block.parcels.height
        reading.counts.rows_used += height
        reading.counts.parcels_scored += height
        stated_anyway = found.drop_nulls("item").select(pl.col("item").alias("row"), pl.col("path").alias("field"))
        return Tables(
            complete(typed, parcel_schema()).with_columns(
                paths_by_parcel(found.select("parcel", "path"), height).alias("unreadable"),
                pl.lit([], dtype=pl.List(pl.String)).alias("contradictory"),
            ),
            items_table(typed_items, stated_anyway, items["parcel"]),
        )
