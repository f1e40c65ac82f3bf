"""The page of an evaluation and its command: self-contained, plain about what the figures are, repeatable."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner
from factory import EXAMPLES, ROOT, Record, manifest, renamed

from riskscore.cli import main
from riskscore.scorecard import MILLION
from riskscore.sops import ACTIONS
from riskscore.terminal import Screen
from riskscore.training.evaluate import evaluate
from riskscore.training.evaluation_labels import Judged
from riskscore.training.evaluation_numbers import parse_capacities
from riskscore.training.evaluation_page import Evaluation, as_json, percent, render_page
from riskscore.training.evaluation_run import gate_status

AS_OF = datetime(2026, 6, 8, tzinfo=UTC)
VOID = {"meta", "br", "link", "img", "input", "hr"}
ODDS = re.compile(r"\bodds\b|probabilit|likelihood|expected catch", re.IGNORECASE)


def an_evaluation(*, simulated: bool = True, order: int = 1, strange: str = "named") -> Evaluation:
    """Three hundred parcels, a few of them positive on either axis; ``order`` turns the rows around."""
    n = 300
    table = pl.DataFrame(
        {
            "parcel_id": [f"{'SIM' if simulated else 'REF'}-{i:03}" for i in range(n)],
            "illicit_points": [(300 + 40 * (i % 13) + 200 * (i < 9)) * MILLION for i in range(n)],
            "compliance_points": [(300 + 30 * (i % 11)) * MILLION for i in range(n)],
            "illicit_band": [int(i < 9) + int(i < 2) + int(i == 40) for i in range(n)],
            "compliance_band": [int(i % 11 == 10) for i in range(n)],
            "action": [ACTIONS.index("examine") if i < 9 else 0 for i in range(n)],
            "illicit": [i < 12 for i in range(n)],
            "noncompliant": [i % 11 > 7 for i in range(n)],
            "pattern": [strange if i < 6 else "parts_in_kit" if i < 12 else "ordinary" for i in range(n)],
            "obvious": [i < 6 for i in range(n)],
            "kit": [f"K{i % 2}" if 6 <= i < 12 else None for i in range(n)],
        }
    )
    reasons = pl.DataFrame(
        [(i, "illicit", "X-1") for i in range(9)] + [(40, "illicit", "X-2")],
        {"row": pl.UInt32, "axis": pl.String, "key": pl.String},
        orient="row",
    )
    goods = {"SIM-010": strange, "REF-010": strange}
    judged = Judged(table, reasons, goods, simulated, [])
    if order < 0:
        place = pl.Series("row", [n - 1 - i for i in range(n)], pl.UInt32)
        judged = replace(
            judged,
            table=table.reverse(),
            reasons=reasons.with_columns(row=place.gather(reasons["row"])).reverse(),
        )
    numbers = evaluate(judged, parse_capacities("1%,5%,50"), titles={"X-1": strange}, fired={"X-1": 11})
    return Evaluation(
        "week.parquet",
        "labels.csv",
        "authority",
        AS_OF,
        {"model": "m-1", "sops": "s-1", "code": "0.1.0", "basis": "simulated", "confirmed_finds": 0},
        {"parcels_read": n, "parcels_scored": n, "parcels_rejected": 0},
        {axis: {"review": 500.0, "hold": 650.0} for axis in ("illicit", "compliance")},
        [f"a note about {strange}"],
        numbers,
    )


class Page(HTMLParser):
    """Complains about unbalanced tags; collects tags with attributes, ids, and the text that a reader sees."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.captions: list[str] = []
        self.feed(html)
        self.close()
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)
        if tag in ("figcaption", "caption"):
            self.captions.append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, self.getpos()

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data
        if {"figcaption", "caption"} & set(self.open):
            self.captions[-1] += data


@pytest.fixture(scope="module")
def html() -> str:
    return render_page(an_evaluation())


def test_the_page_is_well_formed_and_its_ids_are_unique(html: str) -> None:
    page = Page(html)
    ids = Counter(a["id"] for _, a in page.seen if "id" in a)
    assert [i for i, n in ids.items() if n > 1] == []
    wanted = re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', html) + [
        (part, "") for _, a in page.seen for part in a.get("aria-labelledby", "").split()
    ]
    assert wanted
    assert {a or b for a, b in wanted} <= set(ids)


def test_the_page_asks_nothing_of_the_network_and_runs_no_script(html: str) -> None:
    page = Page(html)
    assert "://" not in html
    assert "script" not in {tag for tag, _ in page.seen}
    assert not {"src", "srcset", "data", "action", "onclick", "onload"} & {name for _, a in page.seen for name in a}
    assert all(a["href"].startswith("#") for _, a in page.seen if "href" in a)
    policy = next(a["content"] for tag, a in page.seen if a.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy
    assert "script" not in policy


def test_every_part_says_simulated_and_that_it_is_an_order_only(html: str) -> None:
    page = Page(html)
    standing = "Simulated parcels, ranking order only."
    for part in ("header", "footer"):
        assert standing in html[html.index(f"<{part}") : html.index(f"</{part}>")]
    assert page.captions
    assert all(standing in caption for caption in page.captions)
    assert len([tag for tag, _ in page.seen if tag == "figure"]) == 7
    assert f'content: "{standing}' in html[html.rindex("@page") :]  # every printed page
    assert not ODDS.search(page.text)


def test_labels_of_real_parcels_are_not_called_simulated() -> None:
    html = render_page(an_evaluation(simulated=False))
    page = Page(html)
    assert "Labels as given, ranking order only." in page.text
    assert all("Labels as given" in caption for caption in page.captions)
    assert "Simulated" not in page.text
    assert not ODDS.search(page.text)


def test_plots_have_words_for_those_who_cannot_see_them(html: str) -> None:
    drawings = re.findall(r'<svg class="plot".*?</svg>', html, re.DOTALL)
    assert len(drawings) == 7
    for drawing in drawings:
        assert 'role="img"' in drawing
        assert re.search(r"<title id=[^>]+>[^<]+</title><desc id=[^>]+>[^<]+</desc>", drawing)
        assert "<text" in drawing  # letters, not outlines
        assert "<image" not in drawing
        assert "var(--" in drawing


def test_equal_figures_give_equal_bytes_whatever_the_order_of_the_rows(html: str) -> None:
    assert render_page(an_evaluation(order=-1)) == html
    assert as_json(an_evaluation(order=-1)) == as_json(an_evaluation())


def test_what_somebody_typed_stays_text() -> None:
    strange = 'x"><script>alert(1)</script>$\\frac{a$\u202e'
    html = render_page(an_evaluation(strange=strange))
    Page(html)
    assert "<script" not in html
    assert "\u202e" not in html


def test_figures_of_the_page_are_those_of_the_json(html: str) -> None:
    numbers = json.loads(as_json(an_evaluation()))
    assert numbers["standing"] == "Simulated parcels, ranking order only."
    axis = numbers["numbers"]["axes"][0]
    assert axis["positives"]["hits"] == 12
    assert f"{percent(axis['curve']['average_precision'])} %" in Page(html).text
    assert numbers["numbers"]["budget"][0]["met"] is False
    assert numbers["numbers"]["budget"][0]["rate"] == pytest.approx(1000 * 10 / 300)
    assert numbers["numbers"]["obvious"]["met"] is True


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (0.0, "0"), (1.0, "100"), (0.9996, "> 99.9"), (0.875, "87.5"), (0.005, "0.5"), (2.3e-5, "0.0023")],
)
def test_percentages_keep_the_digits_that_count(value: float | None, text: str) -> None:
    assert percent(value) == text


def test_the_gate_opens_only_when_every_limit_is_met(capsys: pytest.CaptureFixture[str]) -> None:
    numbers = an_evaluation().numbers
    kept = tuple(replace(line, alerts=replace(line.alerts, hits=0)) for line in numbers.budget)
    assert gate_status(Screen(), replace(numbers, budget=kept)) == 0
    assert gate_status(Screen(), numbers) == 1
    unjudged = replace(numbers.obvious, all=replace(numbers.obvious.all, hits=0, of=0))
    assert gate_status(Screen(), replace(numbers, budget=kept, obvious=unjudged)) == 1
    short = replace(numbers.obvious, all=replace(numbers.obvious.all, hits=5, of=6))
    assert gate_status(Screen(), replace(numbers, budget=kept, obvious=short)) == 1
    assert "cannot be judged" in capsys.readouterr().out


# -- the command -------------------------------------------------------------------------------------------------------


def riskscore(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "riskscore.cli", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example parcels under simulated references, labelled as the examples say; one label and one parcel alone."""
    folder = tmp_path_factory.mktemp("week")
    for name in ("sops", "models"):
        shutil.copytree(ROOT / name, folder / name)
    expected = pl.read_csv(EXAMPLES / "expected.csv")
    rows: list[Record] = renamed(manifest(), "SIM-")
    lines = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    (folder / "week.jsonl").write_bytes(lines + b'{"parcel_id": "SIM-no-label"}\nthis is no parcel\n')
    flag = pl.col("expected") == "flag"
    table = expected.with_row_index("n").select(
        parcel_id=pl.format("SIM-{}", "n"),
        illicit=flag.cast(pl.Int8),
        noncompliant=flag.cast(pl.Int8),
        pattern=pl.when(flag).then(pl.lit("flagged_by_hand")).otherwise(pl.lit("ordinary")),
        obvious=flag.cast(pl.Int8),
        kit=pl.lit(None, pl.String),
    )
    more: dict[str, Any] = {"parcel_id": ["SIM-no-parcel"], "illicit": [1], "noncompliant": [0], "pattern": ["gone"]}
    alone = pl.DataFrame({**more, "obvious": [0], "kit": [None]}, schema=table.schema)
    pl.concat([table, alone]).write_csv(folder / "labels.csv")
    return folder


def test_the_command_end_to_end(week: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ["evaluate", "week.jsonl", "--labels", "labels.csv", "--as-of", "2026-11-16T06:00:00Z"]
    arguments += ["-o", "page.html", "--json", "numbers.json", "--capacity", "10,5%"]
    arguments += ["--sops", "sops", "--models", "models", "--gate"]
    done = riskscore(*arguments, cwd=week)
    assert done.returncode == 1, done.stderr  # fourteen positives in six hundred are far over the budget
    assert done.stderr == ""  # no progress in a pipe
    assert "gate: firearms concern: review or priority" in done.stdout
    assert "flagged_by_hand" in done.stdout
    assert "Simulated parcels, ranking order only." in done.stdout
    assert "\x1b[" not in done.stdout
    numbers = json.loads((week / "numbers.json").read_bytes())
    assert any("1 scored parcel without a label" in note for note in numbers["notes"])
    assert any("1 label without a scored parcel, 1 illicit" in note for note in numbers["notes"])
    axis = numbers["numbers"]["axes"][0]
    assert (axis["n"], axis["positives"]["hits"]) == (600, 14)
    assert numbers["numbers"]["obvious"]["all"]["share"] >= 0.9
    assert [c["opened"] for c in axis["capacities"]] == [10, 30]
    assert any("listed in page.html.rejects.csv" in note for note in numbers["notes"])
    assert "this is no parcel" in (week / "page.html.rejects.csv").read_text("utf-8")
    page = (week / "page.html").read_text("utf-8")
    assert "SIM-no-parcel" in Page(page).text
    monkeypatch.chdir(week)
    again = CliRunner().invoke(main, [*arguments[:-1], "--threads", "1"])
    assert again.exit_code == 0, again.output
    assert (week / "page.html").read_text("utf-8") == page


@pytest.mark.parametrize(
    ("labels", "more", "says"),
    [
        ("parcel_id,illicit\nSIM-1,1\n", [], "missing: noncompliant, pattern, obvious"),
        ("parcel_id,illicit,noncompliant,pattern,obvious\nSIM-1,1,0,x,1\n", ["--capacity", "some"], "not a capacity"),
    ],
)
def test_bad_labels_are_one_sentence_and_status_2(week: Path, labels: str, more: list[str], says: str) -> None:
    (week / "bad.csv").write_text(labels)
    options = ["--labels", str(week / "bad.csv"), *more]
    done = CliRunner().invoke(main, ["evaluate", str(week / "week.jsonl"), *options])
    assert done.exit_code == 2
    assert says in done.stderr
    assert "Traceback" not in done.output
