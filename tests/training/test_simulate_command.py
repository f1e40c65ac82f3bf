"""`riskscore simulate` on the command line, and a score of what it made."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from riskscore.cli import main


def test_simulate_and_score(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    manifest, labels = tmp_path / "week.parquet", tmp_path / "labels.csv"
    arguments = [
        "simulate",
        "-n",
        "600",
        "-o",
        str(manifest),
        "--labels",
        str(labels),
        "--illicit-per-million",
        "50000",
    ]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    assert "simulated 600 parcels" in done.output
    truth = pl.read_csv(labels)
    assert truth.columns == ["parcel_id", "illicit", "noncompliant", "pattern", "obvious", "kit"]
    out = tmp_path / "scored.parquet"
    scored = CliRunner().invoke(main, ["score", str(manifest), "-o", str(out), "--as-of", "2026-06-08", "--top", "0"])
    assert scored.exit_code == 0, scored.output
    found = pl.read_parquet(out, columns=["parcel_id", "band"]).join(truth, on="parcel_id")
    assert found.height == 600
    obvious = found.filter((pl.col("illicit") == 1) & (pl.col("obvious") == 1))
    assert (obvious["band"] != "clear").mean() > 0.6  # type: ignore[operator]
    assert (found.filter(pl.col("pattern") == "ordinary")["band"] == "clear").mean() > 0.99  # type: ignore[operator]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["-o", "x.docx"], "cannot tell the format"),
        (["-o", "x.csv", "--lookalike-share", "3"], "lookalike_share cannot be 3"),
        (["-o", "x.csv", "--labels", "x.csv"], "two files"),
        (["-o", "x.csv", "--start", "June"], "June"),
    ],
)
def test_clear_errors(arguments: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["simulate", "-n", "5", *arguments])
    assert done.exit_code == 2
    assert says in done.output
    assert "Traceback" not in done.output
    assert not list(tmp_path.iterdir())


def test_standard_output_is_json_lines(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["simulate", "-n", "3", "-o", "-"])
    assert done.exit_code == 0, done.output
    assert done.stdout.count("\n") == 3
    assert done.stdout.startswith('{"parcel_id":"SIM')
