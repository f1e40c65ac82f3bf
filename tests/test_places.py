"""Where the data folders are."""

from __future__ import annotations

from pathlib import Path

from riskscore.places import PACKAGE, default_models, default_sops, locate


def test_a_checkout_uses_its_own_folders() -> None:
    assert default_sops() == PACKAGE.parent / "sops"
    assert default_models() == PACKAGE.parent / "models"


def test_an_installed_package_carries_its_own(tmp_path: Path) -> None:
    package = tmp_path / "riskscore"
    (tmp_path / "sops").mkdir()
    (package / "data" / "sops").mkdir(parents=True)
    assert locate("sops", package) == package / "data" / "sops"


def test_no_folder_is_no_answer(tmp_path: Path) -> None:
    (tmp_path / "sops").write_text("a file, not a folder")
    assert locate("sops", tmp_path / "riskscore") is None
