"""Tables are written piece by piece, complete or not at all, and read back the same."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import json
import os
import sys
from pathlib import Path

import fastexcel
import polars as pl
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from manifests import FEWER

from riskscore.errors import ManifestError
from riskscore.formats import write
from riskscore.formats.write import open_writer

FRAME = pl.DataFrame(
    {
        "parcel_id": ["A", "=1+1", "čizme"],
        "score": [1.5, None, -2.0],
        "flag": [True, None, False],
        "n": [1, 2, None],
        "at": [dt.datetime(2026, 1, 5, 10, 30, tzinfo=dt.UTC), dt.datetime(2026, 1, 5, 10, 30, 0, 5, dt.UTC), None],
        "day": [dt.date(2026, 1, 5), None, None],
        "reasons": [[{"key": "GD-01", "points": 1.5}], [], None],
        "paths": [["a", 'b"c'], None, []],
    }
)
TEXT_SUFFIXES = [".csv", ".tsv", ".jsonl", ".ndjson"]


def put(path: Path, *frames: pl.DataFrame, format: str | None = None) -> bytes:
    with open_writer(path, format) as writer:
        for frame in frames:
            writer.write(frame)
    return path.read_bytes()


def test_csv_has_one_header_and_json_for_what_is_nested(tmp_path: Path) -> None:
    data = put(tmp_path / "out.csv", FRAME[:1], FRAME[1:], FRAME[:0])
    assert data.decode().splitlines() == [
        "parcel_id,score,flag,n,at,day,reasons,paths",
        'A,1.5,true,1,2026-01-05T10:30:00Z,2026-01-05,"[{""key"":""GD-01"",""points"":1.5}]","[""a"",""b\\""c""]"',
        "=1+1,,,2,2026-01-05T10:30:00.000005Z,,[],",
        "čizme,-2.0,false,,,,,[]",
    ]
    assert put(tmp_path / "out.tsv", FRAME.select("parcel_id", "n")).startswith(b"parcel_id\tn\nA\t1\n")


def test_json_lines_keep_structure(tmp_path: Path) -> None:
    rows = [json.loads(line) for line in put(tmp_path / "out.jsonl", FRAME[:2], FRAME[2:]).splitlines()]
    assert [row["at"] for row in rows] == ["2026-01-05T10:30:00Z", "2026-01-05T10:30:00.000005Z", None]
    assert rows[0]["reasons"] == [{"key": "GD-01", "points": 1.5}]
    assert [row["paths"] for row in rows] == [["a", 'b"c'], None, []]


def test_parquet_keeps_everything(tmp_path: Path) -> None:
    put(tmp_path / "out.parquet", FRAME[:1], FRAME[1:])
    assert pl.read_parquet(tmp_path / "out.parquet").equals(FRAME)


def test_excel_has_texts_and_never_formulas(tmp_path: Path) -> None:
    frame = FRAME.vstack(FRAME[:1].with_columns(parcel_id=pl.lit("x" * 40_000)))
    put(tmp_path / "out.xlsx", frame[:2], frame[2:])
    sheet = fastexcel.read_excel(tmp_path / "out.xlsx").load_sheet(0, dtypes="string").to_polars()
    assert sheet.columns == FRAME.columns
    assert sheet["parcel_id"].to_list() == ["A", "=1+1", "čizme", "x" * 32_766 + "…"]
    assert sheet["at"].to_list()[:2] == ["2026-01-05T10:30:00Z", "2026-01-05T10:30:00.000005Z"]
    assert sheet["reasons"].to_list()[:2] == ['[{"key":"GD-01","points":1.5}]', "[]"]
    assert sheet["score"].to_list()[:3] == ["1.5", None, "-2"]


def test_excel_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write, "MAX_SHEET_ROWS", 5)
    path = tmp_path / "out.xlsx"
    with pytest.raises(ManifestError, match=r"holds 5 rows.*choose \.csv"):
        put(path, FRAME, FRAME)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", TEXT_SUFFIXES)
def test_packed_by_suffix(tmp_path: Path, suffix: str) -> None:
    plain = put(tmp_path / f"out{suffix}", FRAME)
    assert gzip.decompress(put(tmp_path / f"out{suffix}.gz", FRAME[:2], FRAME[2:])) == plain
    packed = put(tmp_path / f"OUT{suffix.upper()}.ZST", FRAME[:2], FRAME[2:])
    assert zstandard.ZstdDecompressor().stream_reader(io.BytesIO(packed)).read() == plain


@pytest.mark.parametrize(
    ("name", "format_", "message"),
    [
        ("out", None, r"cannot tell the format.*\.csv, \.tsv.*\.parquet, \.xlsx.*\.gz or \.zst"),
        ("out.doc", None, "cannot tell the format"),
        ("out.gz", None, "cannot tell the format"),
        ("out.csv", "xml", "no format 'xml'"),
        ("out.parquet.gz", None, "packed already"),
        ("out.xlsx.zst", None, "packed already"),
        ("nowhere/out.csv", None, "cannot be written"),
    ],
)
def test_what_cannot_be_written(tmp_path: Path, name: str, format_: str | None, message: str) -> None:
    with pytest.raises(ManifestError, match=message):
        open_writer(tmp_path / name, format_)
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(ManifestError, match="is a folder"):
        open_writer(tmp_path / "folder.csv")


@pytest.mark.parametrize("suffix", [*TEXT_SUFFIXES, ".parquet", ".xlsx", ".csv.gz", ".csv.zst"])
def test_complete_or_not_at_all(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    path.write_text("what was here before")

    def fail() -> None:
        with open_writer(path) as writer:
            writer.write(FRAME)
            assert path.read_text() == "what was here before"
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_text() == "what was here before"
    put(path, FRAME)
    assert path.read_bytes() != b"what was here before"
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_permissions_are_those_of_any_file(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    put(tmp_path / "out.csv", FRAME)
    assert (tmp_path / "out.csv").stat().st_mode == (tmp_path / "plain").stat().st_mode
    (tmp_path / "out.csv").chmod(0o600)
    put(tmp_path / "out.csv", FRAME)
    assert (tmp_path / "out.csv").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("format_", [None, "csv", "tsv", "jsonl", "parquet", "xlsx"])
def test_standard_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format_: str | None) -> None:
    class Unseekable(io.BytesIO):
        def seekable(self) -> bool:
            return False

    stream = Unseekable()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(stream))
    with open_writer("-", format_) as writer:
        writer.write(FRAME)
    data = stream.getvalue()
    assert not stream.closed
    if format_ == "parquet":
        assert pl.read_parquet(data).equals(FRAME)
    elif format_ == "xlsx":
        assert fastexcel.read_excel(data).load_sheet(0).height == 3
    else:
        suffix = format_ or "csv"
        assert data == put(tmp_path / f"out.{suffix}", FRAME)


def test_a_device_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    with open_writer("/dev/null", "csv") as writer:
        writer.write(FRAME)
    assert not Path("/dev/null").is_file()
    os.symlink("/dev/null", tmp_path / "null.jsonl")
    with open_writer(tmp_path / "null.jsonl") as writer:
        writer.write(FRAME)
    assert (tmp_path / "null.jsonl").is_symlink()


def test_nothing_written_is_still_a_file(tmp_path: Path) -> None:
    for suffix in (*TEXT_SUFFIXES, ".parquet", ".xlsx"):
        put(tmp_path / f"out{suffix}")
        assert (tmp_path / f"out{suffix}").is_file()
    assert pl.read_parquet(tmp_path / "out.parquet").height == 0


@FEWER
@given(texts=st.lists(st.text(st.characters(codec="utf-8"), max_size=8), min_size=1, max_size=6))
def test_texts_come_back_from_csv_and_parquet(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    folder = tmp_path_factory.mktemp("texts")
    frame = pl.DataFrame({"a": texts, "b": [[t] for t in texts]})
    data = put(folder / "out.csv", frame)
    rows = list(csv.reader(io.StringIO(data.decode(), newline="")))
    assert [row[0] for row in rows[1:]] == texts
    assert [json.loads(row[1]) for row in rows[1:]] == [[t] for t in texts]
    put(folder / "out.parquet", frame)
    assert pl.read_parquet(folder / "out.parquet").equals(frame)
