"""The lock: a changed indicator changes its version, a retired one stays, an id is never used again."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import orjson
import pytest
from factory import ROOT, the_engine
from test_sops import TWO, entry, packs, write

from riskscore.errors import SopError
from riskscore.sops import Indicator, load_packs, lock_faults, read_lock, write_lock


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    folder = tmp_path / "packs"
    folder.mkdir()
    path = tmp_path / "lock.json"
    write_lock(path, packs(folder, entry(), entry(id="GD-91", version=3)))
    return path


def changed(lock: Path, *entries: dict[str, Any]) -> list[Indicator]:
    return packs(lock.parent / "packs", *entries)


def test_the_lock_names_version_and_content(lock: Path) -> None:
    locked = read_lock(lock)
    assert {key: value["version"] for key, value in locked.items()} == {"GD-90": 1, "GD-91": 3}
    assert all(len(value["sha256"]) == 64 for value in locked.values())
    assert lock_faults(changed(lock, entry(), entry(id="GD-91", version=3)), locked) == []


@pytest.mark.parametrize(
    "change",
    [
        {"points": 230},
        {"title": "Another"},
        {"tests": [*TWO, TWO[0]]},
        {"when": {"any_item": {"text": "brand"}}},
        {"status": "retired"},
    ],
)
def test_a_change_without_a_new_version_is_refused(lock: Path, change: dict[str, Any]) -> None:
    indicators = changed(lock, entry(**change), entry(id="GD-91", version=3))
    (fault,) = lock_faults(indicators, read_lock(lock))
    assert "description.yml: GD-90" in fault
    assert "raise it" in fault
    before = lock.read_bytes()
    with pytest.raises(SopError, match="GD-90"):
        write_lock(lock, indicators)
    assert lock.read_bytes() == before


def test_moving_to_another_group_is_a_change(lock: Path) -> None:
    folder = lock.parent / "packs"
    write(folder / "description.yml", entry(), entry(id="GD-91", version=3), group="tariff")
    assert len(lock_faults(load_packs(folder), read_lock(lock))) == 2


def test_a_new_version_has_to_be_locked_and_then_holds(lock: Path) -> None:
    indicators = changed(lock, entry(version=2, points=230), entry(id="GD-91", version=3))
    (fault,) = lock_faults(indicators, read_lock(lock))
    assert "GD-90" in fault
    assert "--lock" in fault
    write_lock(lock, indicators)
    assert lock_faults(indicators, read_lock(lock)) == []
    assert read_lock(lock)["GD-90"]["version"] == 2


def test_a_version_never_goes_back(lock: Path) -> None:
    """Version 2 of GD-91 was something else once; a number is never used for two contents."""
    indicators = changed(lock, entry(), entry(id="GD-91", version=2, points=230))
    (fault,) = lock_faults(indicators, read_lock(lock))
    assert "GD-91" in fault
    with pytest.raises(SopError, match="GD-91"):
        write_lock(lock, indicators)


def test_a_new_indicator_has_to_be_locked(lock: Path) -> None:
    indicators = changed(lock, entry(), entry(id="GD-91", version=3), entry(id="GD-92"))
    (fault,) = lock_faults(indicators, read_lock(lock))
    assert "GD-92" in fault
    assert "--lock" in fault


def test_a_retired_indicator_stays(lock: Path) -> None:
    retired = changed(lock, entry(version=2, status="retired"), entry(id="GD-91", version=3))
    write_lock(lock, retired)
    assert "GD-90" in read_lock(lock)
    gone = changed(lock, entry(id="GD-91", version=3))
    (fault,) = lock_faults(gone, read_lock(lock))
    assert "GD-90" in fault
    assert "retire it, never delete it" in fault


def test_a_deleted_indicator_cannot_be_locked_away(lock: Path) -> None:
    """Else its id could be used again for something else."""
    before = lock.read_bytes()
    with pytest.raises(SopError, match="GD-91"):
        write_lock(lock, changed(lock, entry()))
    assert lock.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'"x"', b'{"GD-90": 1}', b'{"GD-90": {"version": 1}}'])
def test_a_damaged_lock_is_a_fault(lock: Path, content: bytes) -> None:
    lock.write_bytes(content)
    with pytest.raises(SopError, match=r"lock\.json"):
        lock_faults(changed(lock, entry()), read_lock(lock))


def test_a_missing_lock_says_how_to_write_it(tmp_path: Path) -> None:
    with pytest.raises(SopError, match="riskscore check --lock"):
        read_lock(tmp_path / "lock.json")


def test_the_same_content_has_the_same_fingerprint_in_any_order(tmp_path: Path) -> None:
    (one,) = packs(tmp_path, entry())
    (two,) = packs(tmp_path, dict(reversed(list(copy.deepcopy(entry()).items()))))
    assert one.sha256 == two.sha256


def test_the_committed_lock_fits() -> None:
    locked = orjson.loads((ROOT / "sops" / "lock.json").read_bytes())
    assert lock_faults(the_engine().indicators, locked) == []
