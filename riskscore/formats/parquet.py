"""Parquet: our flat columns, native or as text, read row group by row group."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from riskscore.errors import ManifestError
from riskscore.formats.columns import Columns
from riskscore.formats.leaves import NUMBERS
from riskscore.formats.reading import LINE, Reading
from riskscore.schema import BY_PATH

_TEXTS = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
_BYTES = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary, pa.types.is_binary_view)
_FOREIGN = (pa.types.is_map, pa.types.is_union, pa.types.is_interval, pa.types.is_duration, pa.types.is_time)


class ParquetRows:
    """The rows of a Parquet file as raw columns of their own types.

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

    def batches(self) -> Iterator[pl.DataFrame]:
        """Give the rows: ``line`` (the header being line 1) and one column per known path."""
        line = 2
        for frame in self._frames(list(self._positions)):
            yield frame.with_columns(pl.int_range(line, line + frame.height, dtype=pl.Int64).alias(LINE))
            line += frame.height

    def outline(self) -> Iterator[pl.DataFrame]:
        """Give only ``parcel_id`` and the numbers that are written as text."""
        schema = self._file.schema_arrow
        paths = [
            path
            for path, at in self._positions.items()
            if path == "parcel_id" or (BY_PATH[path].kind in NUMBERS and not _is_number(schema.field(at).type))
        ]
        return self._frames(paths)

    def _frames(self, paths: list[str]) -> Iterator[pl.DataFrame]:
        wanted = sorted({self._names[self._positions[path]] for path in paths})
        try:
            yield from _ahead(
                pl.DataFrame({path: columns[self._names[self._positions[path]]] for path in paths})
                for batch in self._file.iter_batches(self._batch_rows, columns=wanted)
                for columns in [{name: _readable(_first(batch, name)) for name in wanted}]
            )
        except (pa.ArrowException, OSError, ValueError, pl.exceptions.PolarsError) as error:
            raise ManifestError(self._damaged(error)) from error

    def _damaged(self, error: Exception) -> str:
        reason = str(error).splitlines()[0][:200] if str(error) else "unreadable"
        return f"{self._name}: the Parquet file is damaged ({reason}); fetch it again"


def _is_number(dtype: pa.DataType) -> bool:
    return bool(pa.types.is_integer(dtype) or pa.types.is_floating(dtype) or pa.types.is_decimal(dtype))


def _ahead(frames: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Unpack the next frame while the last one is worked on."""
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(next, frames, None)
        while (frame := pending.result()) is not None:
            pending = pool.submit(next, frames, None)
            yield frame


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
