"""`riskscore model`: what a model says on a terminal and as JSON, and the card it is read from."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from click.testing import CliRunner, Result
from factory import ROOT, the_engine

from riskscore.cli import main
from riskscore.errors import ModelError
from riskscore.model_card import describe_model, read_model_card
from riskscore.model_show import plot
from riskscore.places import default_models
from riskscore.scorecard import MILLION, Curve, load_scorecard

PACKS = {i.id: i for i in the_engine().active}
WIDE = [round(0.1 * n, 1) for n in range(1, 100)]
FEATURES: list[dict[str, Any]] = [
    {"name": "mass_gap_kg", "edges": [0.1, 0.5], "points": [0, 3.5, 7, 2], "usual": 0, "direction": 1},
    {"name": "licence_claimed", "edges": [0.5], "points": [0, -12, 0], "usual": 0, "direction": -1},
    {"name": "longest_side_cm", "edges": WIDE, "points": [*range(100), 40], "usual": 0, "direction": 0},
    {"name": "postage_to_value", "edges": [1], "points": [0, 0, 0], "usual": 0, "direction": 0},
]
AXIS: dict[str, Any] = {
    "base_points": 271.25,
    "review": 500,
    "hold": 650,
    "points_per_log_odds": 60.5,
    "intercept_log_odds": -7.25,
    "indicators": [
        {"id": "GD-01", "version": PACKS["GD-01"].version, "points": 112.5, "log_odds": [-0.5, 3]},
        {"id": "GD-02", "version": 77, "points": 33.25, "log_odds": [-0.5, 3]},
        {"id": "ZZ-99", "version": 1, "points": 5, "log_odds": [-0.5, 3]},
    ],
    "features": [{**entry, "log_odds": entry["points"]} for entry in FEATURES],
    "pairs": [
        {"of": ["GD-01", "mass_gap_kg"], "points": [[0] * 4, [0, 1, 2, 0.5]], "log_odds": [[0] * 4, [0, 1, 2, 1]]},
        {
            "of": ["GD-01", "longest_side_cm"],
            "points": [[0] * 101, [*[-0.5] * 50, *range(51)]],
            "log_odds": [[0] * 101] * 2,
        },
    ],
}
BARE = {**AXIS, "indicators": [], "features": [], "pairs": []}
CARD: dict[str, Any] = {
    "id": "learned",
    "format": 2,
    "points": "learned",
    "basis": "simulated",
    "confirmed_finds": 0,
    "axes": {"illicit": AXIS, "compliance": BARE},
    "group_caps": {"description": 300.5},
    "medium_cap": 300,
    "mitigating_cap": 1_000_000,
    "weak_cap": 75,
}
FACTS = {"id": "learned", "date": "2026-11-22", "trained_on": {"parcels": 4000}, "limits": ["Only [bold] simulation."]}
FORBIDDEN = re.compile(r"odds|probab|chance|likel|expected (catch|finds)", re.IGNORECASE)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a learned model, one without a card, and a damaged one."""
    folder = tmp_path_factory.mktemp("models")
    for name in ("learned", "plain"):
        (folder / name).mkdir()
        (folder / name / "scorecard.json").write_bytes(orjson.dumps({**CARD, "id": name}))
    (folder / "learned" / "card.json").write_bytes(orjson.dumps(FACTS))
    (folder / "learned" / "card.md").write_text("Trained on simulated parcels: as the card says.\n\n# More\n")
    (folder / "torn").mkdir()
    (folder / "torn" / "scorecard.json").write_bytes(b"{")
    (folder / "current").write_text("learned\n")
    return folder


def run(*arguments: str, models: Path | None = None) -> Result:
    named = ["--models", str(models)] if models else []
    return CliRunner().invoke(main, ["model", *arguments, *named])


# -- show --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        "Trained on simulated parcels: as the card says.",
        "Ranking order only, learned from simulated parcels.",
        "2026-11-22",
        "Only [bold] simulation.",
        "base 271.25, review from 500, hold from 650",
        "description 300.5",
        "weak 75, weak and medium 300, taken away no cap",
        "Difference between the scale and the declared gross mass, kg.",
        "mass_gap_kg  never falls; usual: up to 0.1",
        "not stated +2",
        "without effect: postage_to_value",
        "GD-01*mass_gap_kg: 0 to +2 points",
        "the 6 cells that count most, of",
    ],
)
def test_the_current_model_says(models: Path, said: str) -> None:
    done = run("show", models=models)
    assert done.exit_code == 0, done.output
    assert said in done.output


def row(text: str, key: str) -> list[str]:
    line = next(line for line in text.splitlines() if line.startswith(f"│ {key} "))
    return [cell.strip() for cell in line.strip("│").split("│")]


def test_learned_and_expert_points_stand_side_by_side(models: Path) -> None:
    text = run("show", models=models).output
    assert row(text, "GD-01")[1:4] == ["+112.5", f"+{PACKS['GD-01'].points}", "learned"]
    newer = f"expert: learned for version 77, not {PACKS['GD-02'].version}"
    assert row(text, "GD-02")[1:4] == ["+33.25", f"+{PACKS['GD-02'].points}", newer]
    assert row(text, "ZZ-99")[1:4] == ["+5", "–", "nothing: not active"]
    assert row(text, "DL-03")[1:4] == ["–", f"+{PACKS['DL-03'].points}", "expert"]


def test_one_axis_and_one_feature_can_be_chosen(models: Path) -> None:
    assert "mass_gap_kg" not in run("show", "--axis", "compliance", models=models).output
    text = run("show", "--feature", "mass_gap_kg", models=models).output
    assert row(text, "over 0.1 up to 0.5")[1:] == ["+3.5", "█" * 12]
    assert row(text, "over 0.5")[1:] == ["+7", "█" * 24]
    assert row(text, "up to 0.1 (usual)")[1:] == ["0", ""]
    assert row(text, "not stated")[1] == "+2"
    assert row(text, "fired")[1:] == ["0", "+1", "+2", "+0.5"]
    assert "longest_side_cm" not in text
    assert row(run("show", "--feature", "licence_claimed", models=models).output, "yes")[1:] == ["-12", "▒" * 24]


@pytest.mark.parametrize("arguments", [["show"], ["show", "plain"], ["show", "--feature", "mass_gap_kg"], ["list"]])
def test_points_are_read_as_an_order_only(models: Path, arguments: list[str]) -> None:
    assert not FORBIDDEN.search(run(*arguments, models=models).output)


def test_json_has_all_points_and_no_more(models: Path) -> None:
    whole = json.loads(run("show", "--json", models=models).output)
    said = read_model_card(models, load_scorecard(models))
    assert whole == describe_model(load_scorecard(models), the_engine().active, said)
    feature = whole["axes"]["illicit"]["features"][0]
    assert (feature["points"], feature["not_stated"], feature["edges"]) == ([0, 3.5, 7], 2, [0.1, 0.5])
    assert whole["card"] == {
        "first_line": "Trained on simulated parcels: as the card says.",
        "limits": ["Only [bold] simulation."],
    }
    assert not FORBIDDEN.search(json.dumps({**whole, "axes": [list(a) for a in whole["axes"].values()]}))
    one = json.loads(run("show", "--json", "--axis", "illicit", "--feature", "mass_gap_kg", models=models).output)
    assert list(one["axes"]) == ["illicit"]
    assert [f["name"] for f in one["axes"]["illicit"]["features"]] == ["mass_gap_kg"]
    assert [p["of"] for p in one["axes"]["illicit"]["pairs"]] == [["GD-01", "mass_gap_kg"]]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "absent"], "no scorecard can be read"),
        (["show", "torn"], "no scorecard can be read"),
        (
            ["show", "--feature", "weather"],
            "learned has no curve of 'weather'; it has licence_claimed, longest_side_cm",
        ),
        (["show", "--axis", "compliance", "--feature", "mass_gap_kg"], "it has none"),
    ],
)
def test_what_is_not_there_is_one_sentence(models: Path, arguments: list[str], said: str) -> None:
    done = run(*arguments, models=models)
    assert done.exit_code == 2
    assert said in done.output
    assert len(done.output.splitlines()) == 1


# -- plots -------------------------------------------------------------------------------------------------------------


def a_curve(points: list[int], edges: list[float]) -> Curve:
    return Curve("no_feature", np.array(edges), np.array(points) * MILLION, np.zeros(len(points)), 0, 0)


def test_a_plot_has_the_height_of_its_points() -> None:
    lines = plot(a_curve([0, 6, 12, 6], [1.0, 2.0]))
    assert lines == [
        "+12 ┤" + " " * 32 + "█" * 16 + "│",
        "    ┤" + " " * 16 + "▄" * 16 + "█" * 16 + "│ ▄▄▄",
        "  0 ┤" + "▁" * 16 + "█" * 32 + "│ ███ not stated +6",
        "     up to 1" + " " * 35 + "over 2",
    ]


def test_a_plot_of_many_cells_shows_the_highest_of_each_column() -> None:
    points = [0] * 1000
    points[500] = 10
    lines = plot(a_curve([*points, 0], [float(n) for n in range(999)]))
    assert lines[0].count("█") == 1
    assert all(len(line) <= 80 for line in lines)


@pytest.mark.parametrize(("points", "edges"), [([0, 0], []), ([0, -3, -1], [0.5]), ([0, 0, 0], [7.0])])
def test_any_curve_can_be_plotted(points: list[int], edges: list[float]) -> None:
    assert len(plot(a_curve(points, edges))) == 4


# -- list --------------------------------------------------------------------------------------------------------------


def test_the_list_marks_the_current_model_and_names_the_damaged(models: Path) -> None:
    done = run("list", models=models)
    assert done.exit_code == 1
    lines = done.output.splitlines()
    assert any(line.startswith("│ current │ learned │ learned │ simulated") for line in lines)
    assert any(line.startswith("│         │ plain ") for line in lines)
    assert any(line.startswith("│         │ torn ") and "?" in line for line in lines)


def test_a_folder_without_models_is_one_sentence(tmp_path: Path) -> None:
    done = run("list", models=tmp_path)
    assert (done.exit_code, done.output) == (2, f"riskscore: {tmp_path}: no models\n")


# -- the card ----------------------------------------------------------------------------------------------------------


def test_a_model_without_a_card_says_what_its_scorecard_knows(models: Path) -> None:
    said = read_model_card(models, load_scorecard(models, "plain"))
    assert said.first_line == "Trained on simulated parcels: how many is not stated; confirmed finds: 0."
    assert (said.limits, said.facts) == ((), {})


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"7", b"\xff", b'{"id": "other"}', b'{"limits": "none"}', b'{"limits": [7]}'],
    ids=str,
)
def test_a_damaged_card_is_one_clear_error(models: Path, tmp_path: Path, content: bytes) -> None:
    card = load_scorecard(models, "plain")
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "card.json").write_bytes(content)
    with pytest.raises(ModelError, match=str(tmp_path)):
        read_model_card(tmp_path, card)


def test_the_committed_card_tells_what_the_committed_scorecard_does() -> None:
    models = ROOT / "models"
    card = load_scorecard(default_models(), "2026-11-21-expert")
    said = read_model_card(models, card)
    text = (models / card.id / "card.md").read_text("utf-8")
    assert said.first_line == text.splitlines()[0]
    assert said.first_line.startswith("Expert points, not learned")
    assert re.findall(r"^- (?!\*\*|It scores)(.*)$", text, re.MULTILINE) == list(said.limits)
    assert {said.facts[key] for key in ("points", "basis")} == {card.points, card.basis}
    caps = ", ".join(f"{group} {cap // MILLION}" for group, cap in card.group_caps.items())
    assert f"| group caps | {caps} |" in text
    for cap in (card.weak_cap, card.medium_cap, card.mitigating_cap):
        assert re.search(rf"caps in a group .*\b{cap // MILLION}\b", text)
    for axis in card.axes.values():
        assert f"{axis.base // MILLION}, {axis.review // MILLION}, {axis.hold // MILLION} on both axes" in text
    assert not FORBIDDEN.search(text)
