"""Every rejection and every unreadable value is written down, on disk and in order."""

from __future__ import annotations

import csv
from pathlib import Path

import polars as pl
import pytest
from manifests import COUNTRIES, save

from riskscore.formats import open_manifest, rejects
from riskscore.formats.rejects import Problems

CONTENT = 'parcel_id;description;total_value\nP1;"two\nlines";abc\n;x;1\nP2;"y;2\nP3;"z";-1;more;;\nP4;w;5\n'


def written(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_file_of_rejects(tmp_path: Path) -> None:
    path = save(tmp_path, CONTENT)
    with open_manifest(path, countries=COUNTRIES) as manifest:
        list(manifest)
        manifest.write_rejects(tmp_path / "out.rejects.csv")
        assert manifest.n_problems == 4
    rows = written(tmp_path / "out.rejects.csv")
    assert list(rows[0]) == ["file", "line", "parcel_id", "field", "raw", "reason", "rejected"]
    assert {row["file"] for row in rows} == {str(path)}
    assert [(r["line"], r["parcel_id"], r["field"], r["raw"], r["rejected"]) for r in rows] == [
        ("2", "P1", "total_value", "abc", "no"),
        ("4", "", "parcel_id", "", "yes"),
        ("5", "P2", "", 'P2;"y;2', "yes"),
        ("6", "P3", "", 'P3;"z";-1;more;;', "yes"),
    ]
    assert [row["reason"] for row in rows] == [
        "not a number",
        "no parcel_id",
        "a quote is never closed",
        "6 fields where the header has 3",
    ]


def test_no_problem_is_a_header_only(tmp_path: Path) -> None:
    with open_manifest(save(tmp_path, "parcel_id\nP1\n"), countries=COUNTRIES) as manifest:
        list(manifest)
        manifest.write_rejects(tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == "file,line,parcel_id,field,raw,reason,rejected\n"


def test_raw_values_are_shown_but_not_without_end(tmp_path: Path) -> None:
    with open_manifest(save(tmp_path, f"parcel_id;total_value\nP1;{'x' * 50_000}\n"), countries=COUNTRIES) as manifest:
        list(manifest)
        raw = manifest.problems.collect()["raw"][0]
    assert raw == "x" * rejects.MAX_RAW + "…"


@pytest.mark.parametrize("limit", [10_000, 50])
def test_problems_wait_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    monkeypatch.setattr(rejects, "FLUSH", 20)
    monkeypatch.setattr(rejects, "SORTED", limit)
    problems = Problems("here", tmp_path)
    for line in range(100, 0, -1):
        problems.add(line, f"P{line}", "field", "raw", "reason", rejected=line % 2 == 0)
    frame = problems.scan().drop("file").collect().with_columns(pl.col("rejected") == "yes")
    problems.extend(frame)
    assert problems.count == 200
    assert len(list(tmp_path.glob("problems-*"))) >= 5
    problems.write(tmp_path / "out.csv")
    lines = [int(row["line"]) for row in written(tmp_path / "out.csv")]
    assert sorted(lines) == sorted(2 * list(range(1, 101)))
    assert (lines == sorted(lines)) == (limit > 200)
