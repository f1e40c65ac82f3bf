"""Where the rules, tables and models are when nobody names a folder."""

from __future__ import annotations

from pathlib import Path

from riskscore.errors import ModelError, SopError

PACKAGE = Path(__file__).resolve().parent


def default_sops() -> Path:
    """Folder of packs, lexicons, tables and procedures: that of the installed package, else the checkout's ``sops/``.

    Raises
    ------
    SopError
        When there is neither.
    """
    folder = locate("sops", PACKAGE)
    if folder is None:
        raise SopError([f"no sops folder in {PACKAGE / 'data'} or {PACKAGE.parent}: name one with --sops"])
    return folder


def default_models() -> Path:
    """Folder of the models: that of the installed package, else the checkout's ``models/``.

    Raises
    ------
    ModelError
        When there is neither.
    """
    folder = locate("models", PACKAGE)
    if folder is None:
        raise ModelError(f"no models folder in {PACKAGE / 'data'} or {PACKAGE.parent}: name one with --models")
    return folder


def locate(name: str, package: Path) -> Path | None:
    """The data folder `name` inside an installed `package`, else beside it in a checkout, else None."""
    candidates = (package / "data" / name, package.parent / name)
    return next((folder for folder in candidates if folder.is_dir()), None)
