"""`riskscore check`: what is wrong inside the files is named; what is right is counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from factory import ROOT
from test_lexicon import a_file
from test_sops import TWO, entry, write

from riskscore.checks import run_checks
from riskscore.errors import SopError

FIREARM = {"concept": "firearm", "words": ["revolver"]}


@pytest.fixture
def sops(tmp_path: Path) -> Path:
    """A small folder of rules that holds; tables and procedures are the committed ones."""
    for name in ("packs", "lexicons"):
        (tmp_path / name).mkdir()
    for name in ("tables", "procedures"):
        (tmp_path / name).symlink_to(ROOT / "sops" / name)
    words(tmp_path)
    write(tmp_path / "packs" / "description.yml", entry())
    run_checks(tmp_path, None, lock=True)
    return tmp_path


def words(folder: Path, **changes: Any) -> None:
    content = a_file(terms=[FIREARM], examples=[{"text": "A revolver", "finds": {"firearm": "revolver"}}], **changes)
    (folder / "lexicons" / "en.yml").write_text(yaml.safe_dump(content), "utf-8")


def faults(folder: Path) -> list[str]:
    with pytest.raises(SopError) as error:
        run_checks(folder, None, lock=False)
    return error.value.faults


def test_what_holds_is_counted(sops: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_checks(sops, None, lock=False) == 0
    said = capsys.readouterr().out
    assert "1 indicators with 2 tests" in said
    assert "1 examples" in said


@pytest.mark.parametrize(
    ("test", "said"),
    [
        ({"fires": True, "parcel": {"items": [{"description": "Shoes"}]}}, "should fire, but does not fire"),
        ({"fires": False, "parcel": {"items": [{"description": "Revolver"}]}}, "should not fire, but fires"),
        ({"fires": "unknown", "parcel": {"items": [{"description": "Shoes"}]}}, "should be unknown, but does not fire"),
        ({"fires": True, "parcel": {"items": [{"quantity": 1}]}}, "should fire, but is unknown"),
        ({"fires": True, "rows": [{"parcel_id": "P", "item.description": "Shoes"}]}, "should fire, but does not fire"),
        ({"fires": True, "parcel": {"item": []}}, "item"),
        ({"fires": True, "parcel": {"gross_mass_kg": "heavy"}}, "gross_mass_kg"),
        ({"fires": True, "rows": []}, "rows"),
    ],
)
def test_a_test_that_does_not_hold_is_named(sops: Path, test: dict[str, Any], said: str) -> None:
    write(sops / "packs" / "description.yml", entry(version=2, tests=[*TWO, test]))
    assert any(f.startswith("description.yml: GD-90: tests[3]:") and said in f for f in faults(sops))


def test_a_test_of_two_parcels_is_refused_and_shifts_no_other(sops: Path) -> None:
    two = {
        "fires": True,
        "rows": [{"parcel_id": n, "item.description": w} for n, w in (("A", "Revolver"), ("B", "Hat"))],
    }
    write(sops / "packs" / "description.yml", entry(version=2, tests=[*TWO, two, TWO[0], TWO[1]]))
    found = [f for f in faults(sops) if "tests[" in f]
    assert len(found) == 1
    assert "GD-90: tests[3]" in found[0]


def test_every_fault_is_named_at_once(sops: Path) -> None:
    words(sops, date="2026-11-22")
    content = yaml.safe_load((sops / "lexicons" / "en.yml").read_text("utf-8"))
    content["examples"] = [{"text": "Shoes", "finds": {"firearm": "Shoes"}}, {"text": "Revolver", "never": ["firearm"]}]
    (sops / "lexicons" / "en.yml").write_text(yaml.safe_dump(content), "utf-8")
    bad = [*TWO, {"fires": True, "parcel": {}}, {"fires": False, "parcel": {"items": [{"description": "Revolver"}]}}]
    write(sops / "packs" / "description.yml", entry(tests=bad))
    found = faults(sops)
    assert len(found) == 5
    assert sum(f.startswith("en.yml:") for f in found) == 2
    assert sum("tests[" in f for f in found) == 2
    assert sum("raise it" in f for f in found) == 1


def test_the_lock_is_written_only_when_all_holds(sops: Path) -> None:
    before = (sops / "lock.json").read_bytes()
    write(sops / "packs" / "description.yml", entry(version=2, tests=[*TWO, {"fires": True, "parcel": {}}]))
    with pytest.raises(SopError):
        run_checks(sops, None, lock=True)
    assert (sops / "lock.json").read_bytes() == before
    write(sops / "packs" / "description.yml", entry(version=2, points=230))
    assert run_checks(sops, None, lock=True) == 0
    assert (sops / "lock.json").read_bytes() != before


def test_without_a_lock_it_says_how_to_write_one(sops: Path) -> None:
    (sops / "lock.json").unlink()
    assert any("--lock" in fault for fault in faults(sops))
