"""Parquet: our flat columns, native or as text, any range of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from riskscore.errors import ManifestError
from riskscore.formats.columns import Columns
from riskscore.formats.leaves import NUMBERS
from riskscore.formats.reading import LINE, Reading
from riskscore.schema import BY_PATH

MAX_ROW_GROUP = 2_000_000  # rows; from larger row groups the quick reader would unpack too much for every range
_TEXTS = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
_BYTES = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary, pa.types.is_binary_view)
_FOREIGN = (pa.types.is_map, pa.types.is_union, pa.types.is_interval, pa.types.is_duration, pa.types.is_time)
_FIRST_LINE = 2  # of the rows, the header being line 1


class ParquetRows:
    """The rows of a Parquet file as raw columns of their own types.

    polars reads what is plain, several times as fast; pyarrow reads whatever else there is, and mends broken text.

    Parameters
    ----------
    path : Path
        The file.
    columns : Columns
        What its names mean.
    reading : Reading
        Receives notes.

    Raises
    ------
    ManifestError
        When the file is damaged or has no parcel_id column.
    """

    def __init__(self, path: Path, columns: Columns, reading: Reading) -> None:
        self.path = path
        self._name = columns.name
        self._batch_rows = reading.batch_rows
        try:
            self._file = pq.ParquetFile(path)
            schema = self._file.schema_arrow
        except (pa.ArrowException, OSError, ValueError) as error:
            raise ManifestError(self._damaged(error)) from error
        self._positions = columns.resolve(schema.names)
        for path_, position in list(self._positions.items()):
            if any(is_foreign(schema.field(position).type) for is_foreign in _FOREIGN):
                reading.notes.add(f"column {schema.names[position]} ignored: its type is {schema.field(position).type}")
                del self._positions[path_]
        if "parcel_id" not in self._positions:
            raise ManifestError(f"{self._name}: the parcel_id column is no text")
        self._names = schema.names
        self.height: int = self._file.metadata.num_rows
        self.plain = self._is_plain()
        self._stream: Iterator[pl.DataFrame] = iter(())
        self._rest = pl.DataFrame()
        self._next_row = -1

    def batches(self) -> Iterator[pl.DataFrame]:
        """Give the rows: ``line`` (the header being line 1) and one column per known path."""
        for first in range(0, self.height, self._batch_rows):
            yield self.rows(first, min(first + self._batch_rows, self.height))

    def rows(self, first: int, stop: int) -> pl.DataFrame:
        """Give the rows from `first` to before `stop`, as `batches` does."""
        paths = list(self._positions)
        frame = self._quickly(paths, first, stop) if self.plain else None
        if frame is None:
            frame = self._slowly(paths, first, stop)
        lines = pl.int_range(_FIRST_LINE + first, _FIRST_LINE + stop, dtype=pl.Int64)
        return frame.with_columns(lines.alias(LINE))

    def outline(self) -> Iterator[pl.DataFrame]:
        """Give only ``parcel_id`` and the numbers that are written as text."""
        schema = self._file.schema_arrow
        paths = [
            path
            for path, at in self._positions.items()
            if path == "parcel_id" or (BY_PATH[path].kind in NUMBERS and not _is_number(schema.field(at).type))
        ]
        for first in range(0, self.height, self._batch_rows):
            stop = min(first + self._batch_rows, self.height)
            frame = self._quickly(paths, first, stop) if self.plain else None
            if frame is None:
                yield from self._frames(paths, first)
                return
            yield frame

    def _is_plain(self) -> bool:
        """Can polars read it? Columns of other types, or of the same name, are for pyarrow."""
        schema, metadata = self._file.schema_arrow, self._file.metadata
        largest = max((metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)), default=0)
        return (
            largest <= MAX_ROW_GROUP
            and len(set(self._names)) == len(self._names)
            and all(_is_plain(schema.field(position).type) for position in self._positions.values())
        )

    def _quickly(self, paths: list[str], first: int, stop: int) -> pl.DataFrame | None:
        """Let polars read; None when it cannot, and pyarrow will say why or read it all the same."""
        try:
            table = pl.scan_parquet(
                self.path, glob=False, hive_partitioning=False, cache=False, use_statistics=False, low_memory=True
            )
            names = (pl.col(self._names[self._positions[path]]).alias(path) for path in paths)
            frame = table.slice(first, stop - first).select(names).collect()
        except (pl.exceptions.PolarsError, OSError):
            return None
        return frame if frame.height == stop - first else None

    def _slowly(self, paths: list[str], first: int, stop: int) -> pl.DataFrame:
        """Read one range after the other from a stream that starts at the row group of the first one."""
        if first != self._next_row:
            self._stream, self._rest = self._frames(paths, first), pl.DataFrame()
        held = [self._rest] if self._rest.height else []
        height = self._rest.height
        while height < stop - first and (frame := next(self._stream, None)) is not None:
            held.append(frame)
            height += frame.height
        if height < stop - first:
            raise ManifestError(self._damaged(ValueError("it has fewer rows than it says")))
        frame = pl.concat(held)
        self._rest, self._next_row = frame[stop - first :], stop
        return frame[: stop - first]

    def _frames(self, paths: list[str], first: int) -> Iterator[pl.DataFrame]:
        """Give the rows from `first` on, by pyarrow."""
        wanted = sorted({self._names[self._positions[path]] for path in paths})
        groups, skipped = self._groups_from(first)
        try:
            for batch in self._file.iter_batches(self._batch_rows, row_groups=groups, columns=wanted):
                columns = {name: _readable(_first(batch, name)) for name in wanted}
                frame = pl.DataFrame({path: columns[self._names[self._positions[path]]] for path in paths})
                yield frame[skipped:]
                skipped = max(0, skipped - frame.height)
        except (pa.ArrowException, OSError, ValueError, pl.exceptions.PolarsError) as error:
            raise ManifestError(self._damaged(error)) from error

    def _groups_from(self, first: int) -> tuple[list[int], int]:
        """The row groups from that of row `first` on, and the rows before it in its group."""
        metadata = self._file.metadata
        number = 0
        while number < metadata.num_row_groups - 1 and first >= (rows := metadata.row_group(number).num_rows):
            first -= rows
            number += 1
        return list(range(number, metadata.num_row_groups)), first

    def _damaged(self, error: Exception) -> str:
        reason = str(error).splitlines()[0][:200] if str(error) else "unreadable"
        return f"{self._name}: the Parquet file is damaged ({reason}); fetch it again"


def _is_number(dtype: pa.DataType) -> bool:
    return bool(pa.types.is_integer(dtype) or pa.types.is_floating(dtype) or pa.types.is_decimal(dtype))


def _is_plain(dtype: pa.DataType) -> bool:
    """Types of which both readers make the same column."""
    if pa.types.is_timestamp(dtype):
        return dtype.tz in (None, "UTC")
    if pa.types.is_list(dtype) or pa.types.is_large_list(dtype):
        return dtype.value_type in (pa.string(), pa.large_string())
    return dtype in (
        pa.string(),
        pa.large_string(),
        pa.int8(),
        pa.int16(),
        pa.int32(),
        pa.int64(),
        pa.float32(),
        pa.float64(),
        pa.date32(),
    )


def _first(batch: pa.RecordBatch, name: str) -> pa.Array:
    return batch.column(batch.schema.get_all_field_indices(name)[0])


def _readable(column: pa.Array) -> pl.Series:
    """Bring a column to polars; bytes and broken text become text with replacement characters."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if any(is_text(column.type) for is_text in _TEXTS):
        try:
            column.validate(full=True)
        except pa.ArrowInvalid:
            column = column.cast(pa.large_binary())
    if any(is_bytes(column.type) for is_bytes in _BYTES):
        texts = [None if value is None else value.decode("utf-8", "replace") for value in column.to_pylist()]
        return pl.Series(texts, dtype=pl.String)
    series = pl.Series(column)
    return series.cast(pl.String) if series.dtype == pl.Categorical or isinstance(series.dtype, pl.Enum) else series
