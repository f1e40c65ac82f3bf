"""The model card: it says first what it was trained on, draws every curve, and reads points as an order only."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
from factory import the_engine

from riskscore.model_card import curve_rows, first_line, ranking_note, shown_points
from riskscore.scorecard import MILLION, Curve, Scorecard, parse_scorecard
from riskscore.sops import AXES
from riskscore.training.card import write_card

PACKS = [i for i in the_engine().active if i.id in ("GD-01", "GD-02", "DL-01")]
GD_01 = next(i for i in PACKS if i.id == "GD-01")
CURVES: list[dict[str, Any]] = [
    {"name": "mass_gap_kg", "edges": [0.1, 0.5], "points": [0, 3.5, 7, 2], "usual": 0, "direction": 1},
    {"name": "value_per_kg", "edges": [0.5, 20, 20_000], "points": [4, 0, -2.25, -2.25, 1], "usual": 1, "direction": 0},
    {"name": "licence_claimed", "edges": [0.5], "points": [0, -12, 0], "usual": 0, "direction": -1},
    {"name": "last_item_no", "edges": [], "points": [0, 0], "usual": 0, "direction": 0},
    {"name": "days_since_declared", "edges": [-5, 0, 1, 900], "points": [6, 1, 0, 1, 2, 3], "usual": 2, "direction": 0},
]
AXIS: dict[str, Any] = {
    "base_points": 271.25,
    "review": 500,
    "hold": 650,
    "points_per_log_odds": 60.5,
    "intercept_log_odds": -7.25,
    "indicators": [{"id": "GD-01", "version": GD_01.version, "points": 112.5, "log_odds": [-0.5, 3]}],
    "features": [{**curve, "log_odds": curve["points"]} for curve in CURVES],
    "pairs": [
        {"of": ["GD-01", "mass_gap_kg"], "points": [[0] * 4, [0, 1, 2, 0.5]], "log_odds": [[0] * 4, [0, 1, 2, 1]]},
        {"of": ["mass_gap_kg", "licence_claimed"], "points": [[0] * 3] * 4, "log_odds": [[0] * 3] * 4},
    ],
}
BARE = {**AXIS, "indicators": [], "features": [], "pairs": []}
CARD: dict[str, Any] = {
    "id": "test",
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
FACTS: dict[str, Any] = {
    "id": "test",
    "date": "2026-11-22",
    "trained_on": {
        "parcels": 400_000,
        "illicit": 1200,
        "compliance": 31,
        "seed": 1007,
        "period": ["2026-01-01", "2026-06-30"],
    },
    "calibration": {"illicit": {"slope": 0.93, "log_odds": [0.125]}},
    "inputs": {"illicit": ["GD-01", "mass_gap_kg"]},
    "fired_in_training": {"GD-01": 3121, "GD-02": 7},
    "pairs": {"illicit": [["GD-01", "mass_gap_kg"]]},
    "measured": {"illicit": {"recall_at": {"0.1 %": 0.4321}, "mean_probability": 0.8765}},
    "limits": ["Nothing | but simulated <b>parcels</b>."],
    "wall_seconds": 1234.5,
}
FORBIDDEN = re.compile(r"odds|probab|chance|likel|expected (catch|finds)", re.IGNORECASE)


def card(**changes: Any) -> Scorecard:
    return parse_scorecard({**CARD, **changes}, "test")


def written(folder: Path, on: Scorecard | None = None, facts: dict[str, Any] | None = None) -> str:
    folder.mkdir(exist_ok=True)
    write_card(folder, on or card(), FACTS if facts is None else facts, PACKS)
    return (folder / "card.md").read_text("utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A card that was written once."""
    folder = tmp_path_factory.mktemp("models") / "test"
    written(folder)
    return folder


@pytest.fixture(scope="module")
def text(folder: Path) -> str:
    return (folder / "card.md").read_text("utf-8")


def drawn(path: Path) -> list[str]:
    """All words of a drawing; words that were drawn as outlines are none."""
    return ["".join(e.itertext()) for e in ElementTree.parse(path).iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314


# -- the first line ----------------------------------------------------------------------------------------------------


def test_the_first_line_says_what_it_was_trained_on(text: str) -> None:
    assert text.splitlines()[0] == (
        "Trained on simulated parcels: 400,000 parcels, 1,200 illicit, 31 non-compliant, "
        "period 2026-01-01 to 2026-06-30, seed 1007; confirmed finds: 0."
    )


@pytest.mark.parametrize(
    ("changes", "begins", "note"),
    [
        ({"points": "expert"}, "Expert points, not learned", "expert points, not learned from outcomes"),
        ({}, "Trained on simulated parcels: how many is not stated", "learned from simulated parcels"),
        (
            {"basis": "mixed", "confirmed_finds": 49},
            "Trained on simulated parcels and on outcomes",
            "49 confirmed finds",
        ),
        ({"basis": "outcomes", "confirmed_finds": 49}, "Trained on outcomes of inspections", "Ranking order only"),
        ({"basis": "outcomes", "confirmed_finds": 50}, "Trained on outcomes of inspections", "Points rank parcels"),
    ],
)
def test_every_basis_is_called_what_it_is(changes: dict[str, Any], begins: str, note: str) -> None:
    on = card(**changes)
    assert first_line(on, {}).startswith(begins)
    assert note in ranking_note(on)
    assert ("Ranking order only" in ranking_note(on)) == (changes.get("confirmed_finds") != 50)
    assert not FORBIDDEN.search(first_line(on, {}) + ranking_note(on))


# -- the text ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("basis", ["simulated", "mixed", "outcomes"])
@pytest.mark.parametrize("finds", [0, 5000])
def test_no_card_reads_points_as_more_than_an_order(tmp_path: Path, basis: str, finds: int) -> None:
    text = written(tmp_path, card(basis=basis, confirmed_finds=finds, axes={"illicit": BARE, "compliance": BARE}))
    assert not FORBIDDEN.search(text)
    assert "0.8765" not in text, "a measured mean_probability"
    assert "0.125" not in text, "fitted log_odds"
    assert "0.4321" in text


def test_drawings_read_points_as_no_more_either(folder: Path) -> None:
    for path in folder.glob("*.svg"):
        assert not FORBIDDEN.search(path.read_text("utf-8"))


@pytest.mark.parametrize(
    "said",
    [
        "never decides",
        "not persons",
        "nationality, an ethnicity, a religion, a sex, the origin of a name",
        "Points are a ranking order and nothing else.",
        '"not stated": it counts at least the average of the curve',
        "| illicit | 271.25 | 500 | 650 |",
        "| all raising reasons of group description | 300.5 |",
        "| what one group may take away | no cap |",
        "| recall_at.0.1 % | 0.4321 |",
        "| slope | 0.93 |",
        "| seed | 1007 |",
        "| wall_seconds | 1,234 |",
        "- Nothing \\| but simulated &lt;b>parcels&lt;/b>.",
        "- illicit: `GD-01*mass_gap_kg`",
        "Without effect: `last_item_no`.",
        "`mass_gap_kg*licence_claimed`: without effect.",
        "| `mass_gap_kg` | never falls | 0 | +7 | +2 | Difference between the scale and the declared gross mass, kg. |",
        "| over 0.1 up to 0.5 | +3.5 |",
        "| over 20 | -2.25 |",
        "| no (usual) | 0 |\n| yes | -12 |\n| not stated | 0 |",
        "| fired | 0 | +1 | +2 | +0.5 |",
    ],
)
def test_the_card_says(text: str, said: str) -> None:
    assert said in text


def test_learned_points_stand_beside_expert_points(text: str) -> None:
    points = shown_points(GD_01.points * MILLION)
    assert f"| GD-01 | {GD_01.version} | +112.5 | {points} | 3,121 | {GD_01.title} |" in text
    assert re.search(r"\| GD-02 \| – \| not learned \| \+\d+ \| 7 \|", text)


def test_points_of_another_version_are_not_taken_for_those_of_the_pack(tmp_path: Path) -> None:
    older = {**AXIS, "indicators": [{**AXIS["indicators"][0], "version": 77}], "features": [], "pairs": []}
    text = written(tmp_path, card(axes={"illicit": older, "compliance": BARE}))
    assert f"| GD-01 | 77 | +112.5 (not for version {GD_01.version}) |" in text


def test_a_card_without_facts_and_packs_is_still_a_card(tmp_path: Path) -> None:
    write_card(tmp_path, card(axes={"illicit": BARE, "compliance": BARE}), {})
    text = (tmp_path / "card.md").read_text("utf-8")
    assert "how many is not stated" in text
    assert "No limits were written down" in text
    assert not list(tmp_path.glob("*.svg"))


def test_all_tables_have_as_many_cells_as_their_heads(text: str) -> None:
    for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
        assert len(widths) == 1, table


# -- the drawings ------------------------------------------------------------------------------------------------------


def test_every_drawing_is_in_the_card_and_the_other_way_round(folder: Path, text: str) -> None:
    named = re.findall(r"\]\((.*?\.svg)\)", text)
    assert sorted(named) == sorted(path.name for path in folder.glob("*.svg"))
    assert {"curves_illicit.svg", "indicators_illicit.svg", "indicators_compliance.svg", "pairs_illicit.svg"} <= set(
        named
    )


def test_text_is_drawn_as_text_and_what_adds_nothing_is_left_out(folder: Path) -> None:
    words = " ".join(drawn(folder / "curves_illicit.svg"))
    for said in ("mass_gap_kg ↑", "licence_claimed ↓", "value_per_kg", "yes", "not stated"):
        assert said in words
    assert "last_item_no" not in words
    assert {"GD-01", "+112.5"} <= set(drawn(folder / "indicators_illicit.svg"))
    assert {"GD-01*mass_gap_kg", "fired", "over 0.5", "+2.0"} <= set(drawn(folder / "pairs_illicit.svg"))


def test_equal_input_gives_equal_bytes(folder: Path, tmp_path: Path) -> None:
    with mpl.rc_context({"font.size": 30, "svg.hashsalt": "other"}):  # the user's own settings do not matter
        written(tmp_path)
    files = sorted(path.name for path in folder.iterdir())
    assert files == sorted(path.name for path in tmp_path.iterdir())
    for name in files:
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes(), name


def test_other_points_give_another_drawing(folder: Path, tmp_path: Path) -> None:
    other = [{**AXIS["features"][0], "points": [0, 3.5, 8, 2]}, *AXIS["features"][1:]]
    written(tmp_path, card(axes={"illicit": {**AXIS, "features": other}, "compliance": BARE}))
    name = "curves_illicit.svg"
    assert (tmp_path / name).read_bytes() != (folder / name).read_bytes()


def test_drawings_of_an_earlier_card_do_not_stay_and_other_files_do(tmp_path: Path) -> None:
    for name in ("curves_illicit_9.svg", "pairs_compliance.svg", "map.svg", "scorecard.json"):
        (tmp_path / name).write_text("old")
    written(tmp_path, card(axes={"illicit": BARE, "compliance": BARE}))
    assert (tmp_path / "map.svg").exists()
    assert (tmp_path / "scorecard.json").exists()
    assert not (tmp_path / "curves_illicit_9.svg").exists()
    assert not (tmp_path / "pairs_compliance.svg").exists()


def test_a_drawing_fits_on_a4_and_goes_on_on_another(tmp_path: Path) -> None:
    on = card()
    axis = on.axes["illicit"]
    many = tuple(replace(axis.curves[2], name=f"feature_{n}") for n in range(23))
    write_card(
        tmp_path,
        replace(on, axes={"illicit": replace(axis, curves=many, pairs=()), "compliance": on.axes["compliance"]}),
        {},
    )
    assert (tmp_path / "curves_illicit_2.svg").exists()
    for path in tmp_path.glob("*.svg"):
        root = ElementTree.parse(path).getroot()  # noqa: S314
        width, height = (float(root.attrib[side].removesuffix("pt")) for side in ("width", "height"))
        assert width <= 190 / 25.4 * 72
        assert height <= 277 / 25.4 * 72


# -- cells in words ----------------------------------------------------------------------------------------------------


def curve(edges: list[float], points: list[int], usual: int = 0) -> Curve:
    return Curve("no_feature", np.array(edges), np.array(points), np.zeros(len(points)), usual, 0)


def test_equal_neighbours_are_one_row_and_the_usual_cell_stands_alone() -> None:
    rows = curve_rows(curve([1, 2, 3, 4], [5, 0, 0, 0, 5, 5], usual=2))
    assert rows == [
        ("up to 1", 5, False),
        ("over 1 up to 2", 0, False),
        ("over 2 up to 3", 0, True),
        ("over 3 up to 4", 0, False),
        ("over 4", 5, False),
        ("not stated", 5, False),
    ]
    assert curve_rows(curve([1, 2, 3], [0, 5, 5, 0, 0]))[1] == ("over 1 up to 3", 5, False)


@pytest.mark.parametrize(
    ("edges", "words"),
    [([], "any value"), ([20_000.0], "up to 20000"), ([0.30000001192, 0.30000001193], "up to 0.30000001192")],
)
def test_edges_are_told_apart_with_few_digits(edges: list[float], words: str) -> None:
    assert curve_rows(curve(edges, [0] * (len(edges) + 2)))[0][0] == words


def test_the_axes_of_the_tests_are_all() -> None:
    assert tuple(CARD["axes"]) == AXES
