"""JSON Lines: one parcel per line, nested, read generously.

Lines are taken in blocks whose size depends on the text alone. Each block becomes raw columns on disk, so that the whole
manifest has shown its decimal signs before the first number is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import polars as pl

from riskscore.errors import ManifestError
from riskscore.formats.coerce import NUMBER, clean_code, stated
from riskscore.formats.columns import Columns, clean_name
from riskscore.formats.decode import Text
from riskscore.formats.group import complete, items_table, paths_by_parcel
from riskscore.formats.leaves import NUMBERS, NotJsonError, leaf, parse_json, shown
from riskscore.formats.reading import LINE, Reading
from riskscore.formats.records import MAX_LINE
from riskscore.formats.spool import FirstSeen
from riskscore.schema import BY_PATH, ITEM_FIELDS, MAX_ITEMS, PARCEL_FIELDS, Tables, parcel_schema

BLOCK_LINES = 5_000
BLOCK_BYTES = 8 << 20
MAX_NAMES = 10_000  # different keys that are remembered
_GROUPS = {path.rpartition(".")[0] for path in BY_PATH if "." in path and not path.startswith("item.")}
_GOODS = "item.description"  # what is unknown where an item cannot be read at all
_FAULTS = pl.Schema({"parcel": pl.UInt32, "item": pl.UInt32, "path": pl.String})


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
        self._keys: dict[str, str] = {}
        if text.encoding != "utf-8" or text.old_lines:
            reading.notes.add(text.note())

    def tables(self) -> Iterator[Tables]:
        """Read all lines, then give the parcels in the order of the file.

        Raises
        ------
        ManifestError
            When no line is a parcel, or a mapped key is nowhere.
        """
        reading = self._reading
        stored = []
        for number, lines in enumerate(self._blocks()):
            block = self._take(lines)
            if block.parcels.height:
                reading.decimals.learn(block.parcels)
                reading.decimals.learn(block.items)
                if stored:
                    stored[-1].store(reading, number)
                stored.append(block)
        counts = reading.counts
        if counts.rows_read:
            self._columns.check({clean_name(key) for key in self._keys}, self._keys)
        if not stored:
            nameless = bool(self._keys) and not any("parcel_id" in self._columns.paths_of(key) for key in self._keys)
            raise ManifestError(
                self._columns.no_parcel_id(list(self._keys))
                if nameless
                else f"{reading.name}: no line can be read as a parcel; JSON Lines has one JSON object per line"
            )
        reading.total_rows = counts.rows_read
        reading.count_parcels(self._seen)
        if reading.decimals.any_comma():
            reading.notes.add("decimal comma")
        for blocks in _batches(stored, reading.batch_rows):
            yield self._assemble(blocks)

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        """Give the lines that are not blank, with their numbers; reject what is too long to hold."""
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

    def _blocks(self) -> Iterator[list[tuple[int, bytes, dict[str, Any]]]]:
        """Parse lines into blocks of bounded size; reject the lines that are no JSON object."""
        block: list[tuple[int, bytes, dict[str, Any]]] = []
        size = 0
        limit = min(BLOCK_LINES, self._reading.batch_rows)
        for number, line in self._lines():
            fault, record = None, None
            if len(line) > MAX_LINE:
                fault = f"the line is longer than {MAX_LINE >> 20} MiB"
            else:
                try:
                    record = parse_json(line)
                except NotJsonError as error:
                    fault = f"not JSON: {error}"[:200]
            if fault is None and not isinstance(record, dict):
                fault = "not a JSON object"
            if fault is not None:
                self._reading.reject(number, None, line[:4096].decode("utf-8", "replace"), fault)
                continue
            block.append((number, line, record or {}))
            size += len(line)
            if len(block) >= limit or size >= BLOCK_BYTES:
                yield block
                block, size = [], 0
        if block:
            yield block

    def _take(self, lines: list[tuple[int, bytes, dict[str, Any]]]) -> _Block:
        """Turn a block into raw columns; reject lines without a parcel_id, or with one that was there before."""
        reading = self._reading
        flat = _Flattening(self._columns, self._keys)
        for row, (_, line, record) in enumerate(lines):
            flat.take(row, line, record)
        parcels, items, faults = flat.frames(len(lines))
        numbers = np.array([number for number, _, _ in lines], dtype=np.int64)
        ids = parcels["parcel_id"] if "parcel_id" in parcels.columns else pl.Series([None] * len(lines), dtype=pl.String)
        ids = clean_code(stated(ids))
        hashes = reading.hash(ids)
        distinct, where, back = np.unique(hashes, return_index=True, return_inverse=True)
        before = self._seen.find(distinct)
        first = np.where(before >= 0, before, numbers[where])[back]
        nameless = ids.is_null().to_numpy()
        again = ~nameless & (first != numbers)
        reading.counts.rows_read += len(lines)
        for row in np.flatnonzero(nameless | again).tolist():
            reading.counts.rows_rejected += 1
            reason = "no parcel_id" if nameless[row] else f"parcel_id already seen on line {first[row]}"
            raw = lines[row][1][:4096].decode("utf-8", "replace")
            reading.problems.add(lines[row][0], ids[row], "parcel_id", raw, reason, rejected=True)
        keep = ~nameless & ~again
        self._seen.add(hashes[keep], numbers[keep])
        place = pl.Series(np.cumsum(keep) - 1, dtype=pl.UInt32)
        kept = pl.Series(keep)
        parcels = parcels.with_columns(ids.alias("parcel_id"), pl.Series(LINE, numbers)).filter(kept)
        item_kept = kept.gather(items["parcel"])
        item_place = item_kept.cast(pl.UInt32).cum_sum() - 1
        faults = faults.filter(kept.gather(faults["parcel"]))
        reading.problems.extend(
            faults.select(
                pl.Series(numbers).gather(faults["parcel"]).alias("line"),
                ids.gather(faults["parcel"]).alias("parcel_id"),
                "field",
                "raw",
                "reason",
                pl.lit(value=False).alias("rejected"),
            )
        )
        return _Block(
            parcels,
            items.filter(item_kept).with_columns(pl.col("parcel").replace_strict(_moved(place), default=None))
            if False
            else items.with_columns(place.gather(items["parcel"]).alias("parcel")).filter(item_kept),
            faults.select(
                place.gather(faults["parcel"]).alias("parcel"), item_place.gather(faults["item"]).alias("item"), "path"
            ),
        )
