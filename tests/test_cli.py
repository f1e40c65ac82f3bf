"""The command line as people and pipes meet it: real processes."""

from __future__ import annotations

import csv
import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from factory import share_cache

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
AS_OF = ["--as-of", "2026-11-16T06:00:00Z"]


def riskscore(*arguments: str, cwd: Path, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    share_cache(cwd)
    environment = {**os.environ, "HOME": str(cwd), "XDG_CONFIG_HOME": str(cwd), "COLUMNS": "160"}
    return subprocess.run(
        [sys.executable, "-m", "riskscore.cli", *arguments],
        cwd=cwd,
        input=stdin,
        stdin=None if stdin is not None else subprocess.DEVNULL,
        capture_output=True,
        env=environment,
        timeout=120,
        check=False,
    )


def test_help_is_light_and_teaches(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom click.testing import CliRunner\nfrom riskscore.cli import main\n"
        "print(CliRunner().invoke(main, ['--help']).output)\n"
        "print('HEAVY', [m for m in ('polars', 'pydantic', 'numpy', 'fastapi', 'rich') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert "HEAVY []" in done.stdout
    for command in ("score", "explain", "text", "check", "serve"):
        assert command in done.stdout


@pytest.mark.parametrize("command", ["score", "explain", "text", "check", "serve", "completion"])
def test_every_command_has_help(tmp_path: Path, command: str) -> None:
    done = riskscore(command, "--help", cwd=tmp_path)
    assert done.returncode == 0
    assert b"Usage" in done.stdout


def test_score_prints_a_ranked_table_and_counts_that_add_up(tmp_path: Path) -> None:
    done = riskscore("score", str(EXAMPLES / "manifest.csv"), *AS_OF, cwd=tmp_path)
    text = done.stdout.decode()
    assert done.returncode == 0, done.stderr.decode()
    assert done.stderr == b""  # no progress in a pipe
    assert "priority" in text
    assert "parcels read 600 = scored 600 + rejected 0" in text
    assert "not a finding about a person" in text
    assert "\x1b[" not in text  # colour only on a terminal


@pytest.mark.parametrize("top", [0, 1, 3, 500])
def test_any_number_of_flagged_parcels_can_be_shown(tmp_path: Path, top: int) -> None:
    (tmp_path / "m.csv").write_text(
        "parcel_id,description\n"
        + "".join(f"P{n},{'Revolver' if n % 2 else 'Hunting rifle .308 Win'}\n" for n in range(300))
    )
    done = riskscore("score", "m.csv", "--top", str(top), "--report", "r.html", *AS_OF, cwd=tmp_path)
    assert done.returncode == 0, done.stderr.decode()
    shown = [line.split()[3] for line in done.stdout.decode().splitlines() if "review │" in line]
    assert len(shown) == min(top, 300)
    assert (
        all("308" in line for line in done.stdout.decode().splitlines() if "P" in line and "│ P" in line) or top > 150
    )
    assert "300 flagged" in done.stdout.decode() or not top


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "parquet", "xlsx", "jsonl.gz", "csv.zst"])
def test_every_output_format_has_a_row_per_parcel_in_input_order(tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"scored.{suffix}"
    done = riskscore("score", str(EXAMPLES / "manifest.jsonl"), "-o", str(out), *AS_OF, "--top", "0", cwd=tmp_path)
    assert done.returncode == 0, done.stderr.decode()
    if suffix.startswith("parquet"):
        ids = pl.read_parquet(out)["parcel_id"].to_list()
    elif suffix == "xlsx":
        ids = pl.read_excel(out)["parcel_id"].to_list()
    elif suffix.startswith("jsonl"):
        packed = gzip.decompress(out.read_bytes()) if suffix.endswith("gz") else out.read_bytes()
        ids = [json.loads(line)["parcel_id"] for line in packed.splitlines()]
    else:
        separator = "\t" if suffix == "tsv" else ","
        frame = pl.read_csv(out, separator=separator)
        ids = frame["parcel_id"].to_list()
        assert isinstance(json.loads(frame["reasons"][0]), list)
    expected = [json.loads(line)["parcel_id"] for line in (EXAMPLES / "manifest.jsonl").read_text("utf-8").splitlines()]
    assert ids == expected
    with Path(f"{out}.rejects.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.DictReader(file)) == []


def test_a_pipe_in_and_out(tmp_path: Path) -> None:
    manifest = "parcel_id;description\nA;Hunting rifle\nB;Tea towel\n".encode("utf-8-sig")
    done = riskscore("score", "-", "-o", "-", *AS_OF, cwd=tmp_path, stdin=manifest)
    assert done.returncode == 0, done.stderr.decode()
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [r["parcel_id"] for r in rows] == ["A", "B"]
    assert rows[0]["band"] == "review"
    assert rows[0]["reasons"][0]["benign_explanation"]
    assert rows[1]["band"] == "clear"


@pytest.mark.parametrize("suffix", ["csv", "parquet", "jsonl", "xlsx"])
def test_a_manifest_without_parcels_gives_an_empty_result(tmp_path: Path, suffix: str) -> None:
    (tmp_path / "m.csv").write_text("parcel_id,description\n")
    done = riskscore("score", "m.csv", "-o", f"out.{suffix}", "--report", "r.html", *AS_OF, cwd=tmp_path)
    assert done.returncode == 0, done.stderr.decode()
    assert b"parcels read 0 = scored 0 + rejected 0" in done.stdout
    assert (tmp_path / f"out.{suffix}").exists()
    assert "0 of 0" in (tmp_path / "r.html").read_text("utf-8") or "No parcel" in (tmp_path / "r.html").read_text(
        "utf-8"
    )
    if suffix == "csv":
        assert (tmp_path / "out.csv").read_text().startswith("parcel_id,score,band")
    if suffix == "parquet":
        assert pl.read_parquet(tmp_path / "out.parquet").height == 0


def test_clear_parcels_are_worded_only_when_asked(tmp_path: Path) -> None:
    manifest = b"parcel_id,description\nB,parts\n"
    plain = riskscore("score", "-", "-o", "-", *AS_OF, cwd=tmp_path, stdin=manifest)
    full = riskscore("score", "-", "-o", "-", *AS_OF, "--reasons", "full", cwd=tmp_path, stdin=manifest)
    bare, worded = (
        next(r for r in json.loads(done.stdout)["reasons"] if r["kind"] == "indicator") for done in (plain, full)
    )
    assert bare["key"] == worded["key"] == "GD-08"
    assert bare["points"] == worded["points"]
    assert bare["evidence"] == worded["evidence"]
    assert bare["text"] is None
    assert worded["text"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["score", "nowhere.csv"], "nowhere.csv"),
        (["score", "."], "."),
        (["score", "empty.csv"], "empty.csv"),
        (["score", "page.html"], "page.html"),
        (["score", "no_id.csv"], "parcel_id"),
        (["score", "good.csv", "--map", "parcel_id=NOPE"], "NOPE"),
        (["score", "good.csv", "--map", "parcle_id=REF"], "parcle_id"),
        (["score", "good.csv", "-o", "out.docx"], "docx"),
        (["score", "good.csv", "-o", "missing/folder/out.csv"], "missing"),
        (["explain", "X-1", "-m", "good.csv"], "X-1"),
        (["explain", "X-1"], "--manifest"),
    ],
)
def test_what_cannot_run_is_one_clear_sentence_and_status_two(tmp_path: Path, arguments: list[str], words: str) -> None:
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "page.html").write_text("<!DOCTYPE html><html><body>no</body></html>")
    (tmp_path / "no_id.csv").write_text("reference,contents\n1,shoes\n")
    (tmp_path / "good.csv").write_text("parcel_id,description\nA,shoes\n")
    done = riskscore(*arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stdout.decode()
    message = done.stderr.decode()
    assert words in message
    assert "Traceback" not in message
    assert done.stdout == b""


def test_rejected_rows_give_status_one_and_are_listed(tmp_path: Path) -> None:
    manifest = tmp_path / "m.csv"
    manifest.write_text("parcel_id,description,gross_mass_kg\nA,shoes,1\n,socks,1\nB,hat,heavy\n")
    done = riskscore("score", "m.csv", "-o", "out.jsonl", *AS_OF, cwd=tmp_path)
    assert done.returncode == 1, done.stderr.decode()
    assert b"rows read 3 = used 2 + rejected 1" in done.stdout
    with (tmp_path / "out.jsonl.rejects.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(r["line"], r["field"], r["rejected"]) for r in rows] == [
        ("3", "parcel_id", "yes"),
        ("4", "gross_mass_kg", "no"),
    ]
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 2


def test_explain_finds_the_manifest_scored_last(tmp_path: Path) -> None:
    assert riskscore("score", str(EXAMPLES / "manifest.csv"), *AS_OF, cwd=tmp_path).returncode == 0
    flagged = next(
        r for r in csv.DictReader((EXAMPLES / "expected.csv").open(encoding="utf-8")) if r["expected"] == "flag"
    )
    shown = riskscore("explain", flagged["parcel_id"], cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr.decode()
    for words in ("base", "sum", "what would help most", "next steps", flagged["parcel_id"]):
        assert words in shown.stdout.decode()
    document = json.loads(riskscore("explain", flagged["parcel_id"], "--json", cwd=tmp_path).stdout)
    assert document["band"] in ("review", "hold")


def test_text_shows_hits_masks_and_spans(tmp_path: Path) -> None:
    done = riskscore("text", "Glue", "gun", "and", "a", "pistol", cwd=tmp_path)
    text = done.stdout.decode()
    assert "masked by a look-alike" in text
    assert "firearm" in text
    assert "15:21" in text


def test_check_holds_and_counts(tmp_path: Path) -> None:
    done = riskscore("check", cwd=tmp_path)
    assert done.returncode == 0, done.stderr.decode()
    assert b"all hold" in done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(tmp_path: Path, shell: str) -> None:
    done = riskscore("completion", shell, cwd=tmp_path)
    assert done.returncode == 0
    assert b"_RISKSCORE_COMPLETE" in done.stdout


def test_control_characters_never_reach_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "m.jsonl").write_text(
        json.dumps({"parcel_id": "A\u001b[31m", "items": [{"description": "rifle \u001b]0;owned\u0007"}]}) + "\n"
    )
    done = riskscore("score", "m.jsonl", *AS_OF, cwd=tmp_path)
    assert done.returncode == 0
    assert b"\x1b" not in done.stdout
