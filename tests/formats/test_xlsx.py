"""Excel workbooks are read like CSV, after a look at what is in the archive."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from manifests import Read, read, read_text

from riskscore.errors import ManifestError
from riskscore.formats import xlsx

BOOK = "xl/workbook.xml"
SHEET = "xl/worksheets/sheet1.xml"


def workbook(rows: list[list[Any]], first_row: int = 0, second_sheet: list[list[Any]] | None = None) -> bytes:
    """A workbook as Excel would write it."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"default_date_format": "dd.mm.yyyy hh:mm", "strings_to_formulas": False}) as book:
        for cells in (rows, second_sheet):
            if cells is not None:
                sheet = book.add_worksheet()
                for number, row in enumerate(cells):
                    sheet.write_row(number + first_row, 0, row)
    return file.getvalue()


def with_member(data: bytes, name: str, content: bytes | None) -> bytes:
    """The same archive with one member replaced, added or (None) left out."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.namelist():
            if member != name:
                new.writestr(member, old.read(member))
        if content is not None:
            new.writestr(name, content)
    return file.getvalue()


def sheet_xml(data: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(SHEET)


def book(folder: Path, rows: list[list[Any]], **options: Any) -> Read:
    return read_text(folder, workbook(rows), "manifest.xlsx", **options)


ROWS: list[list[Any]] = [["parcel_id", "description", "total_value"], ["A", "shoes", 2]]


def test_values_of_every_kind(tmp_path: Path) -> None:
    result = book(
        tmp_path,
        [
            ["parcel_id", "waybill", "declared_at", "booking.account_opened_on", "gross_mass_kg", "item.hs_code",
             "text", "description"],
            [1001, 123.0, dt.datetime(2026, 1, 5, 10, 30), dt.date(2026, 1, 5), 1.234, 640340, True, "=HYPERLINK(1)"],
            ["A-2", 1.5, "05.01.2026 10:30", "5.1.2026", "0,5", "0640", None, "  as typed "],
        ],
    )  # fmt: skip
    assert result.problems == []
    assert result.ids == ["1001", "A-2"]
    assert result.column("waybill") == ["123", "1.5"]
    assert result.column("declared_at") == [dt.datetime(2026, 1, 5, 10, 30, tzinfo=dt.UTC)] * 2
    assert result.column("booking.account_opened_on") == [dt.date(2026, 1, 5)] * 2
    assert result.column("gross_mass_kg") == [1.234, 0.5]
    assert result.column("item.hs_code") == ["640340", "0640"]
    assert result.column("item.description") == ["=HYPERLINK(1)", "  as typed "]
    assert "unknown column text ignored" in result.notes


def test_the_first_sheet_from_where_it_begins(tmp_path: Path) -> None:
    rows = [*ROWS, [], [None, "no id", 1], ["B", None, "x"], ["", " ", None]]
    data = workbook(rows, first_row=3, second_sheet=[["parcel_id"], ["Z"]])
    result = read_text(tmp_path, data, "manifest.xlsx")
    assert result.ids == ["A", "B"]
    assert [(p["line"], p["field"], p["rejected"]) for p in result.problems] == [
        (7, "parcel_id", "yes"),
        (8, "total_value", "no"),
    ]
    assert result.counts.rows_read == 3


def test_any_name_will_do(tmp_path: Path) -> None:
    assert read_text(tmp_path, workbook(ROWS), "manifest.csv").ids == ["A"]


def test_header_only_and_nothing_at_all(tmp_path: Path) -> None:
    assert book(tmp_path, ROWS[:1]).counts.rows_read == 0
    with pytest.raises(ManifestError, match="first sheet is empty"):
        book(tmp_path, [])
    with pytest.raises(ManifestError, match="no parcel_id column"):
        book(tmp_path, [["ref"], ["A"]])


def test_mapping(tmp_path: Path) -> None:
    assert book(tmp_path, [["Broj "], ["A"]], mapping={"parcel_id": "broj"}).ids == ["A"]


def test_batches(tmp_path: Path) -> None:
    rows = [["parcel_id", "description"], *([f"P{n % 30}", f"item {n}"] for n in range(100))]
    whole, parts = book(tmp_path, rows), book(tmp_path, rows, batch_rows=7)
    assert whole.parcels.equals(parts.parcels)
    assert whole.items.equals(parts.items)


DECLARED = b'<?xml version="1.0"?>\n<!DOCTYPE x [<!ENTITY a "b">]>\n'


@pytest.mark.parametrize("member", [SHEET, BOOK, "xl/sharedStrings.xml", "docProps/core.xml"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_document_types_and_entities_are_refused(tmp_path: Path, member: str, encoding: str) -> None:
    data = workbook(ROWS)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        body = archive.read(member).split(b"?>", 1)[1]
    hostile = (DECLARED + b"<!--" + b" " * 300_000 + b"-->" + body).decode().encode(encoding)
    with pytest.raises(ManifestError, match="declares a document type or entities"):
        read_text(tmp_path, with_member(data, member, hostile), "manifest.xlsx")


def test_a_zip_bomb_is_refused(tmp_path: Path) -> None:
    data = with_member(workbook(ROWS), "xl/sharedStrings.xml", b"<sst>" + b"<si><t>a</t></si>" * 2_100_000 + b"</sst>")
    assert len(data) < 400_000
    with pytest.raises(ManifestError, match="unpacks beyond measure"):
        read_text(tmp_path, data, "manifest.xlsx")


@pytest.mark.parametrize(
    "cell",
    [
        b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
        b'<row r="2"><c r="XFD1048576"><v>1</v></c></row>',
        b'<x:row r="1048576"><x:c s="1" r="XFD1048576"><v>1</v></x:c></x:row>',
        b'<row r="9999">' + b"<c><v>1</v></c>" * 16_384 + b"</row>",
        b'<row r="9999">' + b"<c s='1'><is><t> r=\"A1\"</t></is></c>" * 16_384 + b"</row>",
        b"<row r='2'><c r='XFD1048576'><v>1</v></c></row>",
        b'<row\tr = "2"><c\n r =\n"XFD1048576"><v>1</v></c></row>',
        b'<row r="2"><c r="XFD1048576" s="0" /></row>',
        b'<row r="2"><c r="ZZZZZ99999999"><v>1</v></c></row>',
    ],
)
def test_a_sheet_of_empty_space_is_refused(tmp_path: Path, cell: bytes) -> None:
    data = workbook(ROWS)
    hostile = sheet_xml(data).replace(b"</sheetData>", cell + b"</sheetData>")
    with pytest.raises(ManifestError, match="too many to set up"):
        read_text(tmp_path, with_member(data, SHEET, hostile), "manifest.xlsx")


def test_a_sheet_under_another_name_is_looked_through_as_well(tmp_path: Path) -> None:
    data = workbook(ROWS)
    hostile = sheet_xml(data).replace(b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"/></row></sheetData>')
    with pytest.raises(ManifestError, match="too many to set up"):
        read_text(tmp_path, with_member(data, "xl/media/picture.png", hostile), "manifest.xlsx")


def test_references_are_found_across_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = workbook([["parcel_id"], *([f"P{n}"] for n in range(50))])
    hostile = sheet_xml(data).replace(b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"/></row></sheetData>')
    for piece in (3, 7, 64):
        monkeypatch.setattr(xlsx, "_PIECE", piece)
        assert read_text(tmp_path, data, "manifest.xlsx").counts.rows_used == 50
        with pytest.raises(ManifestError, match="too many to set up"):
            read_text(tmp_path, with_member(data, SHEET, hostile), "manifest.xlsx")


BROKEN: dict[str, Callable[[bytes], bytes]] = {
    "cut in the middle": lambda data: data[: len(data) // 2],
    "only the signature": lambda data: data[:4],
    "another kind of archive": lambda data: with_member(data, BOOK, None),
    "no sheet": lambda data: with_member(data, SHEET, None),
    "a sheet that is no xml": lambda data: with_member(data, SHEET, b"\x00\x01 not xml <<<"),
    "a workbook that is no xml": lambda data: with_member(data, BOOK, b"nothing"),
    "a member with damage": lambda data: data.replace(sheet_like(data), b"\xff" * len(sheet_like(data))),
}


def sheet_like(data: bytes) -> bytes:
    """The packed bytes of the first sheet, in the middle."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        member = archive.getinfo(SHEET)
    start = member.header_offset + 30 + len(SHEET)
    return data[start + 10 : start + member.compress_size - 10]


@pytest.mark.parametrize("kind", BROKEN)
def test_damaged_workbooks(tmp_path: Path, kind: str) -> None:
    with pytest.raises(ManifestError):
        read_text(tmp_path, BROKEN[kind](workbook(ROWS)), "manifest.xlsx")


def test_a_password(tmp_path: Path) -> None:
    data = bytearray(workbook(ROWS))
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as archive:
        offset = archive.getinfo(SHEET).header_offset
    directory = bytes(data).index(b"PK\x01\x02", offset)
    for place in [i for i in range(directory, len(data) - 4) if data[i : i + 4] == b"PK\x01\x02"]:
        data[place + 8] |= 1
    with pytest.raises(ManifestError, match="password"):
        read_text(tmp_path, bytes(data), "manifest.xlsx")


def test_a_workbook_of_our_own(tmp_path: Path) -> None:
    path = tmp_path / "own.xlsx"
    path.write_bytes(workbook(ROWS))
    assert read(path).column("total_value") == [2.0]
