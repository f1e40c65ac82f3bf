"""Excel workbooks: the first sheet, as texts, after a look at what is in the archive.

A workbook is a zip archive of XML, so it is looked through first: what would unpack to gigabytes, span millions of
empty cells or declare entities is refused before anything parses it.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from riskscore.errors import ManifestError
from riskscore.formats.columns import Columns
from riskscore.formats.reading import LINE, Reading

MAX_XML = 2 << 30  # bytes of XML in one workbook
MAX_RATIO = 250  # of unpacked to packed size, for members that are large at all
LARGE = 32 << 20
MAX_COLUMNS = 16_384
MAX_TAG = 1 << 20
MAX_CELLS = 60_000_000  # rows times columns: the reader sets up all of them, empty or not
_PIECE = 1 << 20
_ROW = re.compile(rb'<(?:\w+:)?row\s[^>]*?\br="(\d{1,7})"')
_CELL = re.compile(rb'<(?:\w+:)?c\s[^>]*?\br="([A-Z]+)\d')
_FAR_CELL = re.compile(rb'<(?:\w+:)?c\s[^>]*?\br="[A-Z]+(\d{4,7})"')
_ANY_CELL = re.compile(rb"<(?:\w+:)?c[\s/>]")
_DECLARATION = re.compile(rb"<!(?:doctype|entity)", re.IGNORECASE)


class SheetRows:
    """The rows of the first sheet as raw text columns.

    Parameters
    ----------
    path : Path
        The workbook.
    columns : Columns
        What its names mean.
    reading : Reading
        Receives notes.

    Raises
    ------
    ManifestError
        When the workbook is damaged, hostile, or has no parcel_id column.
    """

    def __init__(self, path: Path, columns: Columns, reading: Reading) -> None:
        inspect(path, columns.name)
        self._reading = reading
        reading.decimals.point_is_decimal = True
        sheet = _first_sheet(path, columns.name)
        stated = pl.any_horizontal(pl.exclude(LINE).str.strip_chars() != "") if sheet.width else pl.lit(value=False)
        sheet = sheet.with_row_index(LINE, offset=1).filter(stated.fill_null(value=False) if sheet.width else stated)
        if not sheet.height:
            raise ManifestError(f"{columns.name}: the first sheet is empty")
        names = ["" if name is None else name for name in sheet.drop(LINE).row(0)]
        self._positions = columns.resolve(names)
        self._sheet = sheet[1:]

    def batches(self) -> Iterator[pl.DataFrame]:
        """Give the rows: ``line`` (the row on the sheet) and one text column per known path."""
        yield self._sheet.select(
            pl.col(LINE).cast(pl.Int64),
            *(pl.nth(position + 1).alias(path) for path, position in self._positions.items()),
        )


def _first_sheet(path: Path, name: str) -> pl.DataFrame:
    import fastexcel

    try:
        sheet = fastexcel.read_excel(path).load_sheet(0, header_row=None, skip_rows=0, dtypes="string")
        return sheet.to_polars()
    except BaseException as error:
        # A panic in the parser is not an Exception, and still only says that the file is bad.
        if isinstance(error, Exception) or type(error).__name__ == "PanicException":
            reason = str(error).splitlines()[0][:200] if str(error) else "unreadable"
            raise ManifestError(f"{name}: the Excel workbook is damaged ({reason}); save it again") from error
        raise


def inspect(path: Path, name: str) -> None:
    """Look through a workbook without parsing it.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        What messages call it.

    Raises
    ------
    ManifestError
        When it is not an Excel workbook, would unpack beyond measure, or declares document types or entities.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.namelist()
            if "xl/workbook.xml" not in members:
                raise ManifestError(f"{name}: is a zip archive but no .xlsx workbook; unpack it or save it as .xlsx")
            total = 0
            for member in archive.infolist():
                if member.flag_bits & 1:
                    raise ManifestError(f"{name}: is protected by a password; save it without one")
                total += _inspect_member(archive, member, name, MAX_XML - total)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError) as error:
        raise ManifestError(f"{name}: the Excel workbook is damaged ({error}); save it again") from error


def _inspect_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str, room: int) -> int:
    """Look through one member, whatever its name says it is; returns its true size."""
    extent = _Extent()
    size = 0
    tail = b""
    with archive.open(member) as file:
        while True:
            piece = file.read(_PIECE)
            size += len(piece)
            if size > room or (size > LARGE and size > MAX_RATIO * max(1, member.compress_size)):
                raise ManifestError(f"{name}: {member.filename} unpacks beyond measure; refused")
            text = tail + piece.replace(b"\0", b"")  # without zero bytes UTF-16 reads like plain text
            cut = text.rfind(b"<") if piece else len(text)
            if _DECLARATION.search(text):
                raise ManifestError(f"{name}: {member.filename} declares a document type or entities; refused")
            extent.add(text[: max(cut, 0)])
            if not piece:
                break
            tail = text[cut:] if cut >= 0 else b""
            if len(tail) > MAX_TAG and member.filename.endswith(".xml"):
                raise ManifestError(f"{name}: {member.filename} is not the XML of a workbook; refused")
            tail = tail[-MAX_TAG:]
    if extent.cells > MAX_CELLS or extent.rows * extent.columns > MAX_CELLS:
        raise ManifestError(
            f"{name}: {member.filename} spans {extent.rows:,} rows and {extent.columns:,} columns, too many to set up; "
            "delete what is outside the table, or send CSV"
        )
    return size


class _Extent:
    """How far a sheet reaches, from the references of its rows and cells."""

    def __init__(self) -> None:
        self.cells = 0
        self._named = 0
        self._letters: set[bytes] = set()
        self._rows = 1

    def add(self, text: bytes) -> None:
        if b"<" not in text:
            return
        numbers = (*map(int, _ROW.findall(text)), *map(int, _FAR_CELL.findall(text)))
        self._rows = max((self._rows, *numbers))
        named = _CELL.findall(text)
        self._named += len(named)
        self._letters.update(named)
        self.cells += len(_ANY_CELL.findall(text))

    @property
    def rows(self) -> int:
        return max(self._rows, 1)

    @property
    def columns(self) -> int:
        widest = max(map(_column_number, self._letters), default=0)
        return max(widest, min(self.cells - self._named, MAX_COLUMNS))


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
