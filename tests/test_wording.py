"""What clerks and officers read: complete, short, safety first, and never a code where words exist."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml
from factory import the_engine

from riskscore.errors import SopError
from riskscore.sops import ACTIONS, CASE_TYPES
from riskscore.wording import ROLES, load_wording

WORDING = the_engine().wording
STEP = {
    "id": "C-01",
    "role": "clerk",
    "actions": ["none"],
    "case_types": "any",
    "text": "Go on.",
    "safety": False,
    "confirm": False,
}
CARD = {
    "actions": list(ACTIONS),
    "case_types": "any",
    "headline": "Go on.",
    "do": [],
    "do_not": [],
    "say_to_customer": "",
    "call": "",
}


def folder_with(folder: Path, *steps: Any, cards: Any = (CARD,), lang: str = "en") -> Path:
    content = {"lang": lang, "steps": list(steps), "cards": list(cards)}
    (folder / "clerk.yml").write_text(yaml.safe_dump(content), "utf-8")
    return folder


@pytest.mark.parametrize(("action", "case"), list(product(ACTIONS, CASE_TYPES)))
def test_every_outcome_has_its_words(action: str, case: str) -> None:
    card = WORDING.counter(action, case)
    assert card["headline"]
    assert len(card["do"]) <= 3
    assert len(card["do_not"]) <= 3
    for profile in ROLES:
        steps = WORDING.procedure(action, case, profile)
        assert all(s["role"] == ROLES[profile] for s in steps)
        assert [s["safety"] for s in steps] == sorted((s["safety"] for s in steps), reverse=True)
        if action != "none":
            assert steps, (action, case, profile)
    shown = str(card) + str(WORDING.procedure(action, case, "operator"))
    for code in ("isolate_and_notify", "licence_check", "suspected_contraband", "request_information", "desk_review"):
        assert code not in shown


@pytest.mark.parametrize("case", ["suspected_contraband", "watchlist", "licence_gap", "dangerous_goods"])
@pytest.mark.parametrize("action", ["isolate_and_notify", "examine", "screen"])
def test_a_clerk_is_never_told_to_open_or_to_tell(action: str, case: str) -> None:
    card = WORDING.counter(action, case)
    steps = " ".join(s["text"] for s in WORDING.procedure(action, case, "operator"))
    assert not [line for line in card["do"] if line.lower().startswith("open")]
    assert any("open" in line.lower() for line in card["do_not"]), "do not open"
    for word in ("firearm", "weapon", "score", "suspicious", "risk"):
        assert word not in card["say_to_customer"].lower()
    assert "score" not in steps.lower()


def test_the_words_of_the_contract() -> None:
    """Contract 2.3."""
    bands = {band: WORDING.word("bands", band) for band in ("clear", "hold")}
    if bands["clear"] == "clear":  # the table has another name
        bands = {b: next(WORDING.word(k, b) for k in WORDING.words if b in WORDING.words.get(k, {})) for b in bands}
    assert bands["clear"] == "no control proposed (this is not a release)"
    assert bands["hold"] == "priority: proposed to keep aside for customs"


def test_a_gap_in_the_words_is_seen() -> None:
    assert WORDING.word("no such table", "some_code") == "some_code"
    assert WORDING.word("no such table", None) == ""


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"text": None}, "keys"),
        ({"colour": "red"}, "keys"),
        ({"actions": ["jump"]}, "jump"),
        ({"case_types": ["crime"]}, "crime"),
        ({"role": "boss"}, "boss"),
        ({"actions": None}, "actions"),
        ({"actions": "none"}, "action"),
        ({"case_types": 5}, "case_types"),
    ],
)
def test_a_bad_step_is_named(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    step = {**STEP, **change}
    if change == {"text": None}:
        del step["text"]
    with pytest.raises(SopError) as error:
        load_wording(folder_with(tmp_path, STEP, {**step, "id": "C-02"}))
    assert any(f.startswith("clerk.yml: steps[2]:") and said in f for f in error.value.faults), error.value.faults


def test_too_long_a_card_two_equal_steps_and_a_gap_are_faults(tmp_path: Path) -> None:
    long = {**CARD, "do": ["a", "b", "c", "d"], "actions": ["none"]}
    with pytest.raises(SopError) as error:
        load_wording(folder_with(tmp_path, STEP, STEP, cards=[long]))
    said = "\n".join(error.value.faults)
    assert "cards[1]: `do` and `do_not` hold at most three lines" in said
    assert "step C-01 is there twice" in said
    assert "no counter card for action examine" in said


def test_another_language_is_left_alone(tmp_path: Path) -> None:
    folder_with(tmp_path, STEP)
    (tmp_path / "de.yml").write_text(yaml.safe_dump({"lang": "de", "steps": ["falsch"]}), "utf-8")
    assert len(load_wording(tmp_path).steps) == 1
