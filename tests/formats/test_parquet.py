"""Parquet with our columns as texts, as native types, as lists and as structures."""

from __future__ import annotations

import datetime as dt
import decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from manifests import Read, read, read_text, same

from riskscore.errors import ManifestError
from riskscore.formats.columns import Columns
from riskscore.formats.parquet import ParquetRows
from riskscore.formats.reading import Reading
from riskscore.schema import MAX_ITEMS


def table(folder: Path, columns: dict[str, Any], row_group: int = 1_000, **options: Any) -> Read:
    path = folder / "manifest.parquet"
    pq.write_table(columns if isinstance(columns, pa.Table) else pa.table(columns), path, row_group_size=row_group)
    return read(path, **options)


def test_native_types(tmp_path: Path) -> None:
    moment = dt.datetime(2026, 1, 5, 12, 30, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    result = table(
        tmp_path,
        {
            "parcel_id": pa.array([1001, 1002, None]),
            "waybill": pa.array([7.0, 2.5, None]),
            "sender.country": pa.array(["DE", "Njemačka", None]).dictionary_encode(),
            "gross_mass_kg": pa.array([1.5, float("nan"), 1]),
            "total_value": pa.array([decimal.Decimal("12.50"), decimal.Decimal("-1"), None]),
            "declared_at": pa.array([moment, None, None], pa.timestamp("ns", "Europe/Sarajevo")),
            "decide_by": pa.array([dt.datetime(2026, 1, 5), None, None], pa.timestamp("ms")),
            "booking.account_opened_on": pa.array([moment, None, None], pa.timestamp("us", "UTC")),
            "booking.redirects": pa.array([2, None, None], pa.int8()),
            "item.seq": pa.array([1.0, 1.5, None]),
            "route.transit_countries": pa.array([["DE", "rs", None], [], None]),
            "handling_codes": pa.array(["ELI|EAP", None, None]),
            "observations": pa.array([["retaped", "odd"], None, None], pa.large_list(pa.large_string())),
            "item.description": pa.array([b"kruh", b"\xff\xfe", None]),
            "channel": pa.array([True, None, None]),
        },
    )
    assert result.ids == ["1001", "1002"]
    assert result.column("waybill") == ["7", "2.5"]
    assert result.column("sender.country") == ["DE", "DE"]
    assert result.column("gross_mass_kg") == [1.5, None]
    assert result.column("total_value") == [12.5, None]
    assert result.column("declared_at") == [moment, None]
    assert result.column("decide_by") == [dt.datetime(2026, 1, 5, tzinfo=dt.UTC), None]
    assert result.column("booking.account_opened_on") == [dt.date(2026, 1, 5), None]
    assert result.column("item.seq") == [1, None]
    assert result.column("route.transit_countries") == [["DE", "RS"], []]
    assert result.column("handling_codes") == [["ELI", "EAP"], None]
    assert result.column("observations") == [["retaped"], None]
    assert result.column("item.description") == ["kruh", "\ufffd\ufffd"]
    assert [(p["line"], p["field"], p["raw"]) for p in result.problems] == [
        (2, "channel", "true"),
        (2, "observations", "odd"),
        (3, "gross_mass_kg", "NaN"),
        (3, "total_value", "-1"),
        (3, "item.seq", "1.5"),
        (4, "parcel_id", None),
    ]


def test_documents_as_structures_or_as_text(tmp_path: Path) -> None:
    document = {
        "type": "licence",
        "number": "7",
        "valid_to": dt.date(2026, 1, 5),
        "verification": {"status": "refuted"},
    }
    native = table(tmp_path, {"parcel_id": ["A", "B"], "documents": [[document], None]})
    text = '[{"type":"licence","number":"7","valid_to":"2026-01-05","verification":{"status":"refuted"}}]'
    written = table(tmp_path, {"parcel_id": ["A", "B"], "documents": [text, None]})
    assert native.problems == written.problems == []
    assert native.parcels.equals(written.parcels)
    assert native.column("documents")[0][0]["verification.status"] == "refuted"


def test_numbers_as_text_are_judged_by_column(tmp_path: Path) -> None:
    result = table(tmp_path, {"parcel_id": ["A", "B"], "total_value": ["1,234", "0,5"], "gross_mass_kg": [1.234, 2.0]})
    assert result.column("total_value") == [1.234, 0.5]
    assert result.column("gross_mass_kg") == [1.234, 2.0]
    assert "decimal comma" in result.notes


@pytest.mark.parametrize("order", ["together", "cut by batches", "strewn"])
def test_grouping_does_not_depend_on_row_groups(tmp_path: Path, order: str) -> None:
    rows = {"together": 1, "cut by batches": 3, "strewn": 3}[order]
    ids = [f"P{n // rows if order != 'strewn' else n % 40}" for n in range(120)]
    columns = {"parcel_id": ids, "item.description": [f"item {n}" for n in range(120)]}
    whole = table(tmp_path, columns)
    for row_group, batch_rows in ((7, 5), (50, 11), (1_000, 60)):
        assert same(whole, table(tmp_path, columns, row_group, batch_rows=batch_rows))
    assert whole.ids == list(dict.fromkeys(ids))


def test_more_rows_than_a_parcel_may_have(tmp_path: Path) -> None:
    ids = ["A"] * (MAX_ITEMS + 5) + ["B"]
    for batch_rows in (50_000, 3_000):
        columns = {"parcel_id": ids, "item.description": [str(n) for n in range(len(ids))]}
        result = table(tmp_path, columns, batch_rows=batch_rows)
        assert result.items.filter(pl.col("parcel") == 0).height == MAX_ITEMS
        assert result.counts.rows_rejected == 5


def test_names_mapping_and_strange_columns(tmp_path: Path) -> None:
    result = table(
        tmp_path,
        {
            "REF": ["A"],
            "Description": ["x"],
            "colour": ["red"],
            "waybill": pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())),
            "item_id": pa.array([dt.timedelta(days=1)]),
        },
        mapping={"parcel_id": "ref"},
    )
    assert (result.ids, result.column("item.description")) == (["A"], ["x"])
    assert result.column("waybill") == [None]
    assert any(note.startswith("column waybill ignored: its type is map") for note in result.notes)
    with pytest.raises(ManifestError, match="no parcel_id column"):
        table(tmp_path, {"ref": ["A"]})


def test_broken_text_is_mended(tmp_path: Path) -> None:
    broken = pa.Array.from_buffers(pa.string(), 2, pa.array([b"ok", b"\xffz"]).buffers())
    result = table(tmp_path, {"parcel_id": ["A", "B"], "item.description": broken})
    assert result.column("item.description") == ["ok", "\ufffdz"]


def test_no_rows(tmp_path: Path) -> None:
    result = table(tmp_path, {"parcel_id": pa.array([], pa.string())})
    assert (result.counts.rows_read, result.batches) == (0, [])


@pytest.mark.parametrize("cut", [4, 100, 0.5, 0.95])
def test_damaged_files(tmp_path: Path, cut: float) -> None:
    path = tmp_path / "whole"
    pq.write_table(pa.table({"parcel_id": [f"P{n}" for n in range(500)]}), path)
    data = path.read_bytes()
    with pytest.raises(ManifestError, match="Parquet file is damaged"):
        read_text(tmp_path, data[: int(len(data) * cut) if cut < 1 else int(cut)], "manifest.parquet")


def test_a_damaged_page_is_found_before_anything_is_scored(tmp_path: Path) -> None:
    path = tmp_path / "whole"
    columns = {"parcel_id": [f"P{n}" for n in range(5_000)], "item.description": [f"text {n}" for n in range(5_000)]}
    pq.write_table(pa.table(columns), path, compression="gzip", row_group_size=1_000, use_dictionary=False)
    data = bytearray(path.read_bytes())
    place = pq.ParquetFile(path).metadata.row_group(3).column(0).data_page_offset + 60
    data[place : place + 40] = b"\xff" * 40
    with pytest.raises(ManifestError, match="Parquet file is damaged"):
        read_text(tmp_path, bytes(data), "manifest.parquet")


@pytest.mark.parametrize("ranges", [[(0, 7), (7, 30), (30, 100)], [(40, 60), (0, 10), (10, 99)]])
def test_both_readers_give_the_same_rows(tmp_path: Path, ranges: list[tuple[int, int]]) -> None:
    columns = {
        "parcel_id": [f"P{n}" for n in range(100)],
        "declared_at": pa.array([dt.datetime(2026, 1, 5, n % 24) for n in range(100)], pa.timestamp("ms", "UTC")),
        "booking.account_opened_on": pa.array([dt.date(2026, 1, 1 + n % 28) for n in range(100)]),
        "gross_mass_kg": pa.array([None if n % 9 == 0 else n / 7 for n in range(100)], pa.float32()),
        "booking.redirects": pa.array([n if n % 5 else None for n in range(100)], pa.int16()),
        "item.marks": pa.array([None if n % 3 else ["ptb"] * (n % 4) for n in range(100)]),
        "item.description": pa.array([None if n % 11 == 0 else f"šal {n}" for n in range(100)], pa.large_string()),
    }
    pq.write_table(pa.table(columns), tmp_path / "m.parquet", row_group_size=13)
    reading = Reading("m", tmp_path, 17, {})
    names = Columns("m", None, reading.notes)
    quick, slow = (ParquetRows(tmp_path / "m.parquet", names, reading) for _ in range(2))
    assert quick.plain
    slow.plain = False
    for first, stop in ranges:
        rows = quick.rows(first, stop)
        assert rows["line"].to_list() == list(range(first + 2, stop + 2))
        mended = slow.rows(first, stop)
        assert rows.schema == mended.schema
        assert rows.equals(mended)
    assert pl.concat(quick.batches()).equals(pl.concat(slow.batches()))
    assert pl.concat(quick.outline()).equals(pl.concat(slow.outline()))
