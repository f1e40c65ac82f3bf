"""Packs: every fault is named with its file, entry and key, all at once; a changed indicator changes its version."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from factory import the_engine

from riskscore.errors import SopError
from riskscore.sops import (
    ACTIONS,
    AXES,
    BANDS,
    CASE_TYPES,
    GROUPS,
    STRENGTHS,
    Indicator,
    load_packs,
    wanted_features,
)

INDICATORS = the_engine().indicators


def entry(**changes: Any) -> dict[str, Any]:
    """A sound indicator, with some keys changed; None leaves a key out."""
    sound = {
        "id": "GD-90",
        "version": 1,
        "title": "A test",
        "status": "active",
        "owner": "sop-desk",
        "axis": "illicit",
        "when": {"any_item": {"text": "firearm"}},
        "strength": "strong",
        "points": 220,
        "floor": "review",
        "action": "licence_check",
        "action_by": "customs",
        "case_type": "suspected_contraband",
        "reason": "It names a firearm: {words}.",
        "rationale": "Because.",
        "benign": "A toy.",
        "question": {"text": "What is it?", "to": "sender"},
        "source": "Invented for this test",
        "tests": [
            {"fires": True, "parcel": {"items": [{"description": "Revolver"}]}},
            {"fires": False, "parcel": {"items": [{"description": "Shoes"}]}},
        ],
        **changes,
    }
    return {key: value for key, value in sound.items() if value is not None}


def write(path: Path, *entries: Any, group: Any = "description") -> Path:
    path.write_text(yaml.safe_dump({"group": group, "indicators": list(entries)}, sort_keys=False), "utf-8")
    return path


def faults_of(folder: Path) -> list[str]:
    with pytest.raises(SopError) as error:
        load_packs(folder)
    return error.value.faults


def packs(folder: Path, *entries: dict[str, Any]) -> list[Indicator]:
    write(folder / "description.yml", *entries)
    return load_packs(folder)


def test_a_sound_pack(tmp_path: Path) -> None:
    (indicator,) = packs(tmp_path, entry(floor=None, action=None, action_by=None, case_type=None))
    assert indicator.id == "GD-90"
    assert indicator.group == "description"
    assert (indicator.floor, indicator.action, indicator.case_type, indicator.action_by) == (
        "none",
        "none",
        "none",
        None,
    )
    assert indicator.physical is False
    assert indicator.file == "description.yml"


def test_indicators_come_sorted_whatever_the_files_are_called(tmp_path: Path) -> None:
    write(tmp_path / "z.yml", entry(id="AA-01"))
    write(tmp_path / "a.yml", entry(id="ZZ-01"), entry(id="MM-01"))
    assert [i.id for i in load_packs(tmp_path)] == ["AA-01", "MM-01", "ZZ-01"]


REQUIRED = (
    "version",
    "title",
    "status",
    "owner",
    "axis",
    "when",
    "strength",
    "points",
    "reason",
    "rationale",
    "benign",
    "question",
    "source",
    "tests",
)


@pytest.mark.parametrize("key", REQUIRED)
@pytest.mark.parametrize("empty", [None, "", []], ids=["left out", "empty", "empty list"])
def test_every_key_is_needed(tmp_path: Path, key: str, empty: Any) -> None:
    write(tmp_path / "bad.yml", entry(**{key: empty}))
    assert any(f.startswith("bad.yml: GD-90:") and f"`{key}`" in f for f in faults_of(tmp_path))


def test_an_indicator_without_an_id_is_named_by_its_place(tmp_path: Path) -> None:
    write(tmp_path / "bad.yml", entry(), entry(id=None))
    assert faults_of(tmp_path) == ["bad.yml: indicators[2]: `id` is missing"]


TWO = entry()["tests"]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"id": "GD-9"}, ["GD-9", "id"]),
        ({"id": "gd-90"}, ["gd-90", "id"]),
        ({"id": "GD-901"}, ["GD-901", "id"]),
        ({"version": 0}, ["`version`"]),
        ({"version": "1"}, ["`version`"]),
        ({"version": 1.5}, ["`version`"]),
        ({"version": True}, ["`version`"]),
        ({"status": "live"}, ["`status`", "'live'", "active"]),
        ({"axis": "risk"}, ["`axis`", "'risk'"]),
        ({"strength": "huge"}, ["`strength`", "'huge'"]),
        ({"floor": "clear"}, ["`floor`", "'clear'"]),
        ({"action": "seize"}, ["`action`", "'seize'"]),
        ({"case_type": "crime"}, ["`case_type`", "'crime'"]),
        ({"colour": "red"}, ["unknown key `colour`"]),
        ({"points": 149}, ["`points`", "150", "280"]),
        ({"points": 281}, ["`points`"]),
        ({"points": "220"}, ["`points`"]),
        ({"points": True}, ["`points`"]),
        ({"points": 220.5}, ["`points`"]),
        ({"points": -220}, ["`points`"]),
        ({"strength": "weak", "points": 51}, ["`points`", "weak"]),
        ({"strength": "medium", "points": 151}, ["`points`", "medium"]),
        ({"strength": "definitive", "points": 301}, ["`points`", "definitive"]),
        ({"strength": "mitigating", "points": 20}, ["`points`", "mitigating"]),
        ({"strength": "mitigating", "points": -166}, ["`points`", "mitigating"]),
        ({"action_by": None}, ["`action_by`"]),
        ({"action_by": "clerk"}, ["`action_by`"]),
        ({"action": None}, ["`action_by`"]),
        ({"action": "none"}, ["`action_by`"]),
        ({"question": "What is it?"}, ["`question`"]),
        ({"question": {"text": "What is it?"}}, ["`question`"]),
        ({"question": {"text": "What is it?", "to": "police"}}, ["`question`"]),
        ({"question": {"text": "", "to": "sender"}}, ["`question`"]),
        ({"question": {"text": "What?", "to": "sender", "by": "me"}}, ["`question`"]),
        ({"physical": "yes"}, ["`physical`"]),
        ({"when": "always"}, ["when", "'always'"]),
        ({"when": {"field": "route.moda", "is": "air"}}, ["when", "route.moda"]),
        ({"when": {"any_item": {"text": "gun"}}}, ["when", "gun"]),
        ({"reason": "It is {word}."}, ["reason", "{word}"]),
        ({"reason": "It is {field:route.moda}."}, ["reason", "{field:route.moda}"]),
        ({"reason": "It is {feature:colour}."}, ["reason", "{feature:colour}"]),
        ({"reason": "It is {feature:goods_class}."}, ["reason", "{feature:goods_class}"]),
        ({"reason": "It is {words."}, ["reason"]),
        ({"title": ["a"]}, ["`title`"]),
        ({"source": {"a": 1}}, ["`source`"]),
        ({"tests": "none"}, ["tests"]),
        ({"tests": ["none"]}, ["tests"]),
        ({"tests": TWO[:1]}, ["tests", "must not fire"]),
        ({"tests": TWO[1:]}, ["tests", "must fire"]),
        ({"tests": [*TWO, {"fires": True}]}, ["tests"]),
        ({"tests": [*TWO, {"fires": True, "parcel": {}, "rows": []}]}, ["tests"]),
        ({"tests": [*TWO, {"fires": "maybe", "parcel": {}}]}, ["tests", "[3]", "`fires`"]),
        ({"tests": [*TWO, {"fires": True, "parcel": {}, "note": "x"}]}, ["tests", "[3]", "note"]),
        ({"tests": [{"fires": 1, "parcel": {}}, {"fires": 0, "parcel": {}}]}, ["tests"]),
        ({"tests": [*TWO, {"fires": True, "parcel": {5: 6}}]}, ["tests"]),
        ({"tests": [*TWO, {"fires": True, "parcel": {"waybill": 10**20}}]}, ["tests"]),
        ({"axis": ["illicit"]}, ["`axis`"]),
        ({"when": {"field": ["route.mode"], "is": "air"}}, ["when"]),
        ({"when": {"field": "gross_mass_kg", "is": "heavy"}}, ["when", "gross_mass_kg"]),
    ],
    ids=lambda value: str(value)[:70],
)  # fmt: skip
def test_a_fault_names_file_id_and_key(tmp_path: Path, changes: dict[str, Any], named: list[str]) -> None:
    write(tmp_path / "bad.yml", entry(**changes))
    faults = faults_of(tmp_path)
    parts = ["bad.yml", str(changes.get("id", "GD-90")), *named]
    assert any(all(part in fault for part in parts) for fault in faults), faults


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("group: description\nindicators: [", "cannot be read"),
        ("- a\n", "must"),
        ("", "must"),
        ("group: description\n", "`group`"),
        ("group: description\nindicators: []\nnotes: x\n", "`group`"),
        ("group: weather\nindicators: []\n", "'weather'"),
        ("group: [description]\nindicators: []\n", "group"),
        ("group: description\nindicators: [GD-01]\n", "indicators[1]"),
        ("group: description\nindicators: GD-01\n", "indicators"),
        ("group: description\nindicators: 5\n", "indicators"),
        ("group: description\nindicators: !!python/object:os.system {}\n", "cannot be read"),
    ],
)
def test_a_file_that_is_no_pack(tmp_path: Path, content: str, named: str) -> None:
    (tmp_path / "bad.yml").write_text(content, "utf-8")
    assert any("bad.yml" in fault and named in fault for fault in faults_of(tmp_path))


def test_a_file_in_another_encoding(tmp_path: Path) -> None:
    (tmp_path / "bad.yml").write_bytes("group: beschreibung\n# für".encode("latin-1"))
    assert any("bad.yml" in fault for fault in faults_of(tmp_path))


def test_a_key_that_stands_twice_is_a_fault(tmp_path: Path) -> None:
    """The second one would win in silence."""
    path = write(tmp_path / "bad.yml", entry())
    path.write_text(path.read_text("utf-8").replace("  points: 220\n", "  points: 220\n  points: 150\n"), "utf-8")
    assert any("points" in fault for fault in faults_of(tmp_path))


def test_an_empty_folder(tmp_path: Path) -> None:
    assert "no packs" in faults_of(tmp_path)[0]


def test_one_id_in_two_files(tmp_path: Path) -> None:
    write(tmp_path / "a.yml", entry())
    write(tmp_path / "b.yml", entry())
    assert faults_of(tmp_path) == ["b.yml: GD-90: also in a.yml"]


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    write(tmp_path / "a.yml", entry(axis="x", strength="y"), entry(id="GD-91", title=None), entry(id="GD-92"))
    write(tmp_path / "b.yml", entry(id="GD-93", points=1, reason="{x}", question={}), group="weather")
    (tmp_path / "c.yml").write_text("[", "utf-8")
    with pytest.raises(SopError) as error:
        load_packs(tmp_path)
    faults = error.value.faults
    for where in (
        "a.yml: GD-90: `axis`",
        "a.yml: GD-90: `strength`",
        "a.yml: GD-91: `title`",
        "b.yml: group",
        "c.yml:",
    ):
        assert any(fault.startswith(where) for fault in faults), (where, faults)
    assert not any("GD-92" in fault for fault in faults)
    assert str(error.value).startswith(f"{len(faults)} faults in the SOP files:")
    assert all(fault in str(error.value) for fault in faults)


def test_who_proposes(tmp_path: Path) -> None:
    """Contract 2.1: medium or more, or with a floor; a weak one may ask for information."""
    cases = [
        ({}, True),
        ({"strength": "medium", "points": 60, "floor": None}, True),
        ({"strength": "weak", "points": 20, "floor": None}, False),
        ({"strength": "weak", "points": 20}, True),
        ({"strength": "weak", "points": 20, "floor": None, "action": "request_information"}, True),
        ({"strength": "mitigating", "points": -20, "floor": None}, False),
    ]
    for changes, proposes in cases:
        (indicator,) = packs(tmp_path, entry(**changes))
        assert indicator.proposes is proposes, changes


def test_wanted_features_are_those_of_conditions_and_sentences(tmp_path: Path) -> None:
    indicators = packs(
        tmp_path,
        entry(
            when={
                "all": [{"feature": "mass_gap_kg", "above": 1}, {"any_item": {"feature": "unit_mass_kg", "above": 1}}]
            }
        ),
        entry(id="GD-91", reason="It weighs {feature:mass_per_litre} and is {field:route.mode}: {words}."),
    )
    assert wanted_features(indicators) == {"mass_gap_kg", "unit_mass_kg", "mass_per_litre"}


# -- the committed packs -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("indicator", INDICATORS, ids=lambda i: i.id)
def test_what_every_committed_indicator_keeps_to(indicator: Indicator) -> None:
    assert indicator.group in GROUPS
    assert indicator.axis in AXES
    assert indicator.strength in STRENGTHS
    assert indicator.action in ACTIONS
    assert indicator.case_type in CASE_TYPES
    assert indicator.floor in ("none", *BANDS[1:])
    if indicator.strength == "definitive":
        assert indicator.floor != "none", "a definitive rule holds whatever mitigates (contract 2.1): give it a floor"
    if indicator.strength == "mitigating":
        assert indicator.floor == "none"
        assert indicator.action in ("none", "request_information")
    if indicator.action in ("examine", "licence_check"):
        assert indicator.action_by != "courier", "never a courier's own task (contract 2.2)"
    if indicator.physical:
        assert indicator.group in ("handling", "documents")
    for sentence in (indicator.reason, indicator.benign, indicator.question["text"], indicator.rationale):
        assert sentence[0].isupper() or sentence[0] == "{"
        assert sentence.rstrip()[-1] in ".?", sentence
    if indicator.question["to"] == "sender":
        words = indicator.question["text"].lower()
        assert not [
            w for w in ("score", "firearm", "weapon", "gun", "risk", "ammunition", "suspicio", "points") if w in words
        ]


def test_every_action_has_an_actor_and_every_case_type_a_proposer() -> None:
    for indicator in INDICATORS:
        assert (indicator.action == "none") == (indicator.action_by is None)
        if indicator.case_type not in ("none", "data_quality") and indicator.status == "active":
            assert indicator.proposes, f"{indicator.id}: a case type that never counts"
