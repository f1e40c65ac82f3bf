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

import numpy as np
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
_TAG = re.compile(rb"<(?:[\w.-]+:)?(?:c|row)[\s/>]")
_REFERENCE = re.compile(rb"<(?:[\w.-]+:)?(?:c|row)\s[^<>]*?\br\s*=\s*[\"']([A-Z]*)(\d+)")
_USUAL = (b"<c ", b"<row ")  # how Excel writes them, with a reference: <c r="A1" ...>
_UNUSUAL = (
    b"<c>",
    b"<c/",
    b"<c\t",
    b"<c\n",
    b"<c\r",
    b"<row>",
    b"<row/",
    b"<row\t",
    b"<row\n",
    b"<row\r",
    b":c",
    b":row",
)
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
            if b"<!" in text and _DECLARATION.search(text):
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
        self.rows = 1
        self.cells = 0
        self._column = 0
        self._nameless = 0

    @property
    def columns(self) -> int:
        return max(self._column, min(self._nameless, MAX_COLUMNS))

    def add(self, text: bytes) -> None:
        """Take a piece of the sheet that holds only whole tags."""
        tags = sum(map(text.count, _USUAL))
        named = text.count(b'<c r="') + text.count(b'<row r="')
        if tags == named and not any(map(text.count, _UNUSUAL)):
            if tags:
                self._add_usual(text, tags)
            return
        found = _REFERENCE.findall(text)
        tags = len(_TAG.findall(text))
        self.cells += tags
        self._nameless += tags - len(found)
        for letters, digits in set(found):
            self._column = max(self._column, _column_number(letters[:4]))
            self.rows = max(self.rows, int(digits[:8]))

    def _add_usual(self, text: bytes, tags: int) -> None:
        """The same for sheets as Excel writes them, all references at once."""
        self.cells += tags
        array = np.frombuffer(text + bytes(16), dtype=np.uint8)
        at = np.flatnonzero((array[:-3] == 32) & (array[1:-2] == 114) & (array[2:-1] == 61) & (array[3:] == 34)) + 4
        place = at[:, None] + np.arange(11)
        shown = array[place]
        letters = np.cumprod((shown >= 65) & (shown <= 90), axis=1).astype(bool)
        column = np.zeros(len(at), dtype=np.int64)
        for nth in range(4):
            column = np.where(letters[:, nth], column * 26 + shown[:, nth] - 64, column)
        shown = array[np.minimum(place + letters.sum(axis=1)[:, None], len(array) - 1)][:, :8]
        digits = np.cumprod((shown >= 48) & (shown <= 57), axis=1).astype(bool)
        row = np.zeros(len(at), dtype=np.int64)
        for nth in range(8):
            row = np.where(digits[:, nth], row * 10 + shown[:, nth] - 48, row)
        self._column = max(self._column, int(column.max()))
        self.rows = max(self.rows, int(row.max()))


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
