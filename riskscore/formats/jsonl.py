"""JSON Lines: one parcel per line, nested, read generously.

Lines are taken in blocks whose size depends on the text alone. Each block becomes raw columns on disk, so that the whole
manifest has shown its decimal signs before the first number is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from riskscore.errors import ManifestError
from riskscore.formats.coerce import clean_code, stated
from riskscore.formats.columns import Columns, clean_name
from riskscore.formats.decode import Text
from riskscore.formats.flatten import Flattening
from riskscore.formats.group import complete, items_table, paths_by_parcel
from riskscore.formats.leaves import NotJsonError, parse_json
from riskscore.formats.reading import LINE, Reading, distinct_hashes
from riskscore.formats.records import MAX_LINE
from riskscore.formats.spool import FirstSeen
from riskscore.schema import ITEM_FIELDS, PARCEL_FIELDS, Field, Tables, parcel_schema

BLOCK_LINES = 5_000
BLOCK_BYTES = 8 << 20
_SHOWN = 4096

ParsedLine = tuple[int, bytes, dict[str, Any]]


@dataclass(slots=True)
class Block:
    """Some parcels as raw columns: in memory, or in three files.

    Attributes
    ----------
    parcels, items : polars.DataFrame
        ``line`` and raw columns; ``parcel``, ``position`` and raw columns.
    faults : polars.DataFrame
        ``parcel``, ``item`` (a row of `items`, or null) and ``path`` of what had the wrong type.
    """

    parcels: pl.DataFrame
    items: pl.DataFrame
    faults: pl.DataFrame

    def store(self, stem: Path) -> StoredBlock:
        """Write the block to files that begin with `stem`."""
        for part in fields(self):
            frame: pl.DataFrame = getattr(self, part.name)
            frame.write_ipc(f"{stem}-{part.name}.arrow", compression="uncompressed")
        return StoredBlock(stem)


@dataclass(slots=True)
class StoredBlock:
    """A block on disk."""

    stem: Path

    def load(self) -> Block:
        """Read the block once; its files are removed."""
        frames = []
        for part in fields(Block):
            path = Path(f"{self.stem}-{part.name}.arrow")
            frames.append(pl.read_ipc(path))
            path.unlink()
        return Block(*frames)


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
        self._seen = FirstSeen()
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
        for number, lines in enumerate(self._blocks()):
            block = self._take(lines)
            reading.decimals.learn(block.parcels)
            reading.decimals.learn(block.items)
            if block.parcels.height:
                blocks.append(block.store(reading.folder / f"block-{number}"))
        if self._keys:
            self._columns.check({clean_name(key) for key in self._keys}, self._keys)
        if not blocks:
            raise ManifestError(self._nothing())
        reading.total_rows = reading.counts.rows_read
        reading.count_parcels(self._seen)
        if reading.decimals.any_comma():
            reading.notes.add("decimal comma")
        for some in self._gathered(blocks):
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

    def _blocks(self) -> Iterator[list[ParsedLine]]:
        """Parse lines into blocks of bounded size; reject the lines that are no JSON object."""
        block: list[ParsedLine] = []
        size = 0
        limit = min(BLOCK_LINES, self._reading.batch_rows)
        for number, line in self._lines():
            try:
                if len(line) > MAX_LINE:
                    raise NotJsonError(f"the line is longer than {MAX_LINE >> 20} MiB")
                record = parse_json(line)
                if not isinstance(record, dict):
                    raise NotJsonError("not an object")
            except NotJsonError as error:
                raw = line[:_SHOWN].decode("utf-8", "replace")
                self._reading.reject(number, None, raw, f"not a JSON object: {error}"[:200])
                continue
            block.append((number, line, record))
            size += len(line)
            if len(block) >= limit or size >= BLOCK_BYTES:
                yield block
                block, size = [], 0
        if block:
            yield block

    def _take(self, lines: list[ParsedLine]) -> Block:
        """Turn parsed lines into raw columns; reject those without a parcel_id, or with one that was there before."""
        reading = self._reading
        flat = Flattening(self._columns, self._keys)
        for row, (_, line, record) in enumerate(lines):
            flat.take(row, line, record)
        parcels, items, faults = flat.frames(len(lines))
        if "parcel_id" not in parcels.columns:
            parcels = parcels.with_columns(pl.lit(None, dtype=pl.String).alias("parcel_id"))
        numbers = pl.Series(LINE, [number for number, _, _ in lines], dtype=pl.Int64)
        ids = clean_code(stated(parcels["parcel_id"]))
        first = self._first_lines(ids, numbers)
        keep = (first == numbers).fill_null(value=False)
        reading.counts.rows_read += len(lines)
        for row in (~keep).arg_true().to_list():
            number, line, _ = lines[row]
            reason = "no parcel_id" if first[row] is None else f"parcel_id already seen on line {first[row]}"
            raw = line[:_SHOWN].decode("utf-8", "replace")
            reading.problems.add(number, ids[row], "parcel_id", raw, reason, rejected=True)
            reading.counts.rows_rejected += 1
        place = keep.cum_sum().cast(pl.UInt32) - 1
        item_keep = keep.gather(items["parcel"])
        item_place = item_keep.cum_sum().cast(pl.UInt32) - 1
        faults = faults.filter(keep.gather(faults["row"]))
        at = faults["row"]
        reading.problems.extend(
            faults.select(
                numbers.gather(at).alias("line"),
                ids.gather(at).alias("parcel_id"),
                "field",
                "raw",
                "reason",
                pl.lit(value=False).alias("rejected"),
            )
        )
        return Block(
            parcels.with_columns(ids.alias("parcel_id"), numbers).filter(keep),
            items.with_columns(place.gather(items["parcel"]).alias("parcel")).filter(item_keep),
            pl.DataFrame(
                {"parcel": place.gather(at), "item": item_place.gather(faults["item"]), "path": faults["path"]}
            ),
        )

    def _first_lines(self, ids: pl.Series, numbers: pl.Series) -> pl.Series:
        """Find the line on which each parcel_id was first seen; null without a parcel_id."""
        hashes = self._reading.hash(ids)
        lines = numbers.to_numpy()
        distinct, where, back = distinct_hashes(hashes)
        before = self._seen.find(distinct)
        new = (before < 0) & ids.is_not_null().to_numpy()[where]
        self._seen.add(distinct[new], lines[where[new]])
        first = pl.Series(np.where(before < 0, lines[where], before)[back])
        return first.set(ids.is_null(), None)

    def _gathered(self, blocks: list[StoredBlock]) -> Iterator[list[Block]]:
        """Bring blocks together to batches."""
        held: list[Block] = []
        size = 0
        for stored_block in blocks:
            block = stored_block.load()
            weight = max(block.parcels.height, block.items.height)
            if held and size + weight > self._reading.batch_rows:
                yield held
                held, size = [], 0
            held.append(block)
            size += weight
        yield held

    def _assemble(self, blocks: list[Block]) -> Tables:
        reading = self._reading
        parcels, items, faults = _concatenated(blocks)
        typed, problems = reading.coercion.frame(parcels, [f.path for f in PARCEL_FIELDS])
        typed_items, item_problems = reading.coercion.frame(items, [f.path for f in ITEM_FIELDS])
        lines, ids = parcels[LINE], parcels["parcel_id"]
        positions = items["position"].gather(item_problems["row"])
        label = pl.format("items[{}].{}", positions, pl.col("field").str.strip_prefix("item."))
        parent = items["parcel"].gather(item_problems["row"])
        for found, at, name in ((problems, problems["row"], pl.col("field")), (item_problems, parent, label)):
            reading.problems.extend(
                found.select(
                    lines.gather(at).alias("line"),
                    ids.gather(at).alias("parcel_id"),
                    name.alias("field"),
                    "raw",
                    "reason",
                    pl.lit(value=False).alias("rejected"),
                )
            )
        unread = pl.concat(
            [
                problems.select(
                    pl.col("row").alias("parcel"), pl.col("field").str.replace(r"\[.*$", "").alias("path")
                ),
                item_problems.select(parent.alias("parcel"), pl.col("field").alias("path")),
                faults.select("parcel", "path"),
            ]
        )
        stated_items = pl.concat(
            [
                item_problems.select("row", "field"),
                faults.drop_nulls("item").select(pl.col("item").alias("row"), pl.col("path").alias("field")),
            ]
        )
        reading.counts.rows_used += parcels.height
        reading.counts.parcels_scored += parcels.height
        return Tables(
            complete(typed, parcel_schema()).with_columns(
                paths_by_parcel(unread, parcels.height).alias("unreadable"),
                pl.lit([], dtype=pl.List(pl.String)).alias("contradictory"),
            ),
            items_table(typed_items, stated_items, items["parcel"]),
        )


def _concatenated(blocks: list[Block]) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    items, faults = [], []
    parcels_before = items_before = 0
    for block in blocks:
        items.append(block.items.with_columns(pl.col("parcel") + parcels_before))
        faults.append(block.faults.with_columns(pl.col("parcel") + parcels_before, pl.col("item") + items_before))
        parcels_before += block.parcels.height
        items_before += block.items.height
    return pl.concat([block.parcels for block in blocks], how="diagonal"), pl.concat(items, how="diagonal"), pl.concat(faults)
