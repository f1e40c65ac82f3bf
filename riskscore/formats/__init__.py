"""Manifests in, tables out: CSV, TSV, Excel, JSON Lines and Parquet, as couriers export them.

`open_manifest` finds out what a file is, reads it generously and in bounded memory, and accounts for every row: a value
that cannot be read becomes unknown and a problem line, and only what is no row at all is rejected.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Literal

import polars as pl

from riskscore.errors import ManifestError
from riskscore.formats.columns import Columns
from riskscore.formats.csv import CsvRows
from riskscore.formats.decode import Text, encoding_by_bytes, find_source
from riskscore.formats.group import Grouping
from riskscore.formats.jsonl import JsonParcels
from riskscore.formats.parquet import ParquetRows
from riskscore.formats.reading import Counts, Reading
from riskscore.formats.sniff import Format, sniff
from riskscore.formats.write import Writer, open_writer
from riskscore.formats.xlsx import SheetRows
from riskscore.schema import Tables

__all__ = ["Counts", "Manifest", "Writer", "open_manifest", "open_writer"]

BATCH_ROWS = 50_000


def open_manifest(
    source: str | Path,
    *,
    mapping: Mapping[str, str] | None = None,
    encoding: str | None = None,
    batch_rows: int = BATCH_ROWS,
    countries: Mapping[str, str],
) -> Manifest:
    """Open a manifest for reading.

    Parameters
    ----------
    source : str or Path
        A path, or ``-`` for standard input.
    mapping : mapping of str to str, optional
        Our path → the courier's column name.
    encoding : str, optional
        The encoding of a text format; found out by default.
    batch_rows : int
        Item rows per batch, about. Parcels do not depend on it.
    countries : mapping of str to str
        Country name or code, folded by `riskscore.normalise.fold_key` → ISO 3166-1 alpha-2.

    Returns
    -------
    Manifest
        A context manager to iterate over once.

    Raises
    ------
    ManifestError
        When the manifest as a whole cannot be read.
    """
    return Manifest(source, mapping, encoding, batch_rows, countries)


class Manifest:
    """One manifest being read; see `open_manifest`.

    Iterating gives `riskscore.schema.Tables`, parcels in order of first appearance. The whole file is read before the
    first batch comes out, so a damaged archive is refused before anything is scored.

    Attributes
    ----------
    name : str
        The manifest as messages call it.
    format : {"csv", "jsonl", "parquet", "xlsx"}
        What it turned out to be.
    """

    def __init__(
        self,
        source: str | Path,
        mapping: Mapping[str, str] | None,
        encoding: str | None,
        batch_rows: int,
        countries: Mapping[str, str],
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="riskscore-")
        self._started = False
        try:
            folder = Path(self._folder.name)
            found = find_source(source, folder)
            self.name = found.name
            self._reading = Reading(found.name, folder, max(1, batch_rows), countries)
            columns = Columns(found.name, mapping, self._reading.notes)
            head = found.head()
            self.format: Format = sniff(head, encoding_by_bytes(head), found.name)
            self._rows: CsvRows | JsonParcels | ParquetRows | SheetRows
            if self.format == "csv":
                self._rows = CsvRows(Text(found, encoding), columns, self._reading)
            elif self.format == "jsonl":
                self._rows = JsonParcels(Text(found, encoding), columns, self._reading)
            elif self.format == "parquet":
                self._rows = ParquetRows(found.unpacked(folder).path, columns, self._reading)
            else:
                self._rows = SheetRows(found.unpacked(folder).path, columns, self._reading)
        except BaseException:
            self._folder.cleanup()
            raise

    def __iter__(self) -> Iterator[Tables]:
        if self._started:
            raise ManifestError(f"{self.name}: a manifest is read once; open it again")
        self._started = True
        if isinstance(self._rows, JsonParcels):
            yield from self._rows.tables()
        else:
            yield from Grouping(self._reading).tables(self._rows)

    def __enter__(self) -> Manifest:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Literal[False]:
        self.close()
        return False

    def close(self) -> None:
        """Remove the temporary files; problem lines must be written before."""
        self._folder.cleanup()

    @property
    def counts(self) -> Counts:
        """Rows and parcels so far; complete when the iteration is."""
        return self._reading.counts

    @property
    def notes(self) -> list[str]:
        """What was detected and what was ignored, each said once."""
        return list(self._reading.notes.lines)

    @property
    def total_rows(self) -> int | None:
        """Rows of the manifest; known from the first batch on."""
        return self._reading.total_rows

    @property
    def problems(self) -> pl.LazyFrame:
        """Problem lines so far: file, line, parcel_id, field, raw, reason, rejected (yes or no)."""
        return self._reading.problems.scan()

    @property
    def n_problems(self) -> int:
        """How many problem lines there are so far."""
        return self._reading.problems.count

    def write_rejects(self, path: str | Path) -> None:
        """Write the problem lines as CSV, ordered by line."""
        self._reading.problems.write(path)
