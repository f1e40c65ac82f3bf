"""Write a flat table piece by piece: CSV, TSV, JSON Lines, Parquet or Excel, to a file or to standard output.

A file appears under its name only when it is complete. Values are written as they are; in Excel text is always a text
cell, so no formula of a sender ever runs.
"""

from __future__ import annotations

import gzip
import os
import shutil
import stat
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Protocol, cast

import polars as pl
import zstandard

from riskscore.errors import ManifestError

FORMATS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".xlsx": "xlsx",
}
PACKED = {".gz": "gzip", ".zst": "zstd"}
MAX_SHEET_ROWS = 1_048_575  # below the header
MAX_CELL = 32_767  # characters in an Excel cell
_TIME = "%Y-%m-%dT%H:%M:%S%.fZ"


class _Body(Protocol):
    def write(self, frame: pl.DataFrame) -> None: ...

    def close(self) -> None: ...

    def abandon(self) -> None: ...


def open_writer(target: str | Path, format: str | None = None) -> Writer:
    """Open a table for writing.

    Parameters
    ----------
    target : str or Path
        A path, or ``-`` for standard output. ``.gz`` or ``.zst`` behind the name of a text format packs it.
    format : {"csv", "tsv", "jsonl", "parquet", "xlsx"}, optional
        Otherwise the suffix says; standard output is CSV.

    Returns
    -------
    Writer
        A context manager; leaving it on an error leaves no file behind, and an earlier file of that name untouched.

    Raises
    ------
    ManifestError
        For an unknown suffix or format, or a place that cannot be written to.
    """
    name = str(target)
    suffix = Path(name).suffix.lower()
    packing = PACKED.get(suffix)
    if packing:
        suffix = Path(name[: -len(suffix)]).suffix.lower()
    chosen = format or ("csv" if name == "-" else FORMATS.get(suffix))
    known = f"known are {', '.join(FORMATS)}, the text formats also with {' or '.join(PACKED)}"
    if chosen is None:
        raise ManifestError(f"{name}: cannot tell the format from the name; {known}")
    if chosen not in FORMATS.values():
        raise ManifestError(f"{name}: there is no format {chosen!r}; {known}")
    if packing and chosen in ("parquet", "xlsx"):
        raise ManifestError(f"{name}: {chosen} is packed already; leave out {Path(name).suffix}")
    return Writer(name, chosen, packing)


class Writer:
    """A table being written; see `open_writer`."""

    def __init__(self, name: str, format: str, packing: str | None) -> None:
        self.name = name
        self.rows = 0
        self._unfinished: Path | None = None
        self._closed = False
        try:
            self._file = self._open()
        except OSError as error:
            raise ManifestError(f"{name}: cannot be written ({error.strerror or error})") from error
        stream = self._file
        if packing == "gzip":
            stream = cast(BinaryIO, gzip.GzipFile(fileobj=self._file, mode="wb", compresslevel=6, mtime=0))
        elif packing == "zstd":
            stream = cast(BinaryIO, zstandard.ZstdCompressor().stream_writer(self._file, closefd=False))
        self._stream = stream
        bodies: dict[str, Any] = {
            "csv": lambda: _Csv(stream, ","),
            "tsv": lambda: _Csv(stream, "\t"),
            "jsonl": lambda: _JsonLines(stream),
            "parquet": lambda: _Parquet(stream),
            "xlsx": lambda: _Excel(stream, name),
        }
        self._body: _Body = bodies[format]()

    def write(self, frame: pl.DataFrame) -> None:
        """Write more rows; every frame has the columns of the first.

        Raises
        ------
        ManifestError
            When the disk is full, or the rows no longer fit on an Excel sheet.
        """
        try:
            self._body.write(frame)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise ManifestError(f"{self.name}: cannot be written ({error.strerror or error})") from error
        self.rows += frame.height

    def close(self) -> None:
        """Complete the file and give it its name."""
        if self._closed:
            return
        self._closed = True
        try:
            self._body.close()
            if self._stream is not self._file:
                self._stream.close()
            self._file.flush()
            if self._unfinished is not None:
                self._file.close()
                os.replace(self._unfinished, self.name)
            elif self.name != "-":
                self._file.close()
        except BrokenPipeError:
            raise
        except OSError as error:
            self._remove()
            raise ManifestError(f"{self.name}: cannot be written ({error.strerror or error})") from error
        except BaseException:
            self._remove()
            raise

    def abandon(self) -> None:
        """Leave nothing behind."""
        self._closed = True
        with suppress(Exception):  # what is thrown away may fail on its way
            self._body.abandon()
        self._remove()

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abandon()

    def _open(self) -> BinaryIO:
        if self.name == "-":
            return sys.stdout.buffer
        path = Path(self.name)
        if path.exists() and not path.is_dir() and not stat.S_ISREG(path.stat().st_mode):
            return path.open("wb")  # a device or a pipe is written to, never replaced
        if path.is_dir():
            raise IsADirectoryError(21, "it is a folder")
        file = tempfile.NamedTemporaryFile(  # noqa: SIM115 - closed in close() or abandon()
            dir=path.parent, prefix=f".{path.name[:80]}.", suffix=".part", delete=False
        )
        self._unfinished = Path(file.name)
        mask = os.umask(0)
        os.umask(mask)
        self._unfinished.chmod(stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o666 & ~mask)
        return cast(BinaryIO, file)

    def _remove(self) -> None:
        if self._unfinished is not None:
            self._file.close()
            self._unfinished.unlink(missing_ok=True)


class _Csv:
    def __init__(self, stream: BinaryIO, separator: str) -> None:
        self._stream = stream
        self._separator = separator
        self._header = True

    def write(self, frame: pl.DataFrame) -> None:
        text = flat_text(frame).write_csv(include_header=self._header, separator=self._separator, datetime_format=_TIME)
        self._stream.write(text.encode())
        self._header = False

    def close(self) -> None:
        pass

    def abandon(self) -> None:
        pass


class _JsonLines:
    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, frame: pl.DataFrame) -> None:
        times = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.Datetime)]
        self._stream.write(frame.with_columns(pl.col(times).dt.strftime(_TIME)).write_ndjson().encode())

    def close(self) -> None:
        pass

    def abandon(self) -> None:
        pass


class _Parquet:
    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._writer: Any = None

    def write(self, frame: pl.DataFrame) -> None:
        table = frame.to_arrow()
        if self._writer is None:
            import pyarrow.parquet as pq

            self._writer = pq.ParquetWriter(self._stream, table.schema, compression="zstd")
        self._writer.write_table(table.cast(self._writer.schema))

    def close(self) -> None:
        if self._writer is None:
            self.write(pl.DataFrame())
        self._writer.close()

    def abandon(self) -> None:
        if self._writer is not None:
            self._writer.close()


class _Excel:
    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._stream = stream
        self._name = name
        self._row = 0
        import xlsxwriter

        self._folder = tempfile.TemporaryDirectory(prefix="riskscore-")
        self._path = Path(self._folder.name) / "book.xlsx"  # a zip archive must seek, standard output cannot
        options = {
            "constant_memory": True,
            "tmpdir": self._folder.name,
            "strings_to_formulas": False,
            "strings_to_numbers": False,
            "strings_to_urls": False,
            "nan_inf_to_errors": True,
        }
        self._book = xlsxwriter.Workbook(str(self._path), options)
        self._sheet = self._book.add_worksheet()

    def write(self, frame: pl.DataFrame) -> None:
        if self._row == 0:
            for column, name in enumerate(frame.columns):
                self._sheet.write_string(0, column, name)
        if self._row + frame.height > MAX_SHEET_ROWS:
            raise ManifestError(
                f"{self._name}: an Excel sheet holds {MAX_SHEET_ROWS:,} rows and there are more; "
                "choose .csv, .jsonl or .parquet"
            )
        put = self._sheet
        for row in flat_text(frame, times=True).iter_rows():
            self._row += 1
            for column, value in enumerate(row):
                if value is None:
                    continue
                if isinstance(value, str):
                    shown = value if len(value) <= MAX_CELL else value[: MAX_CELL - 1] + "…"
                    put.write_string(self._row, column, shown)
                elif isinstance(value, bool):
                    put.write_boolean(self._row, column, value)
                else:
                    put.write_number(self._row, column, value)

    def close(self) -> None:
        self._book.close()
        with self._path.open("rb") as file:
            shutil.copyfileobj(file, self._stream)
        self._folder.cleanup()

    def abandon(self) -> None:
        self._sheet.row_data_fh.close()
        self._folder.cleanup()


def flat_text(frame: pl.DataFrame, times: bool = False) -> pl.DataFrame:
    """Turn lists and structures into JSON text, for formats that have neither.

    Parameters
    ----------
    frame : polars.DataFrame
        Any table.
    times : bool
        Also turn times and days into text (RFC 3339, UTC).
    """
    columns = []
    for name, dtype in frame.schema.items():
        if isinstance(dtype, (pl.List, pl.Array, pl.Struct)):
            wrapped = pl.struct(pl.col(name).alias("v")).struct.json_encode()
            inner = wrapped.str.strip_prefix('{"v":').str.strip_suffix("}")
            columns.append(pl.when(pl.col(name).is_not_null()).then(inner).alias(name))
        elif times and isinstance(dtype, pl.Datetime):
            columns.append(pl.col(name).dt.strftime(_TIME))
        elif isinstance(dtype, (pl.Categorical, pl.Enum)) or (times and (dtype.is_temporal() or dtype.is_decimal())):
            columns.append(pl.col(name).cast(pl.String))
    return frame.with_columns(columns)
