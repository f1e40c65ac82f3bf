"""A courier's own column names: `--map parcel_id=REF,item.description=CONTENTS` or a file with one pair per line."""

from __future__ import annotations

from pathlib import Path

from riskscore.errors import ManifestError


def parse_mapping(text: str | None) -> dict[str, str] | None:
    """Our path → their column name.

    Parameters
    ----------
    text : str, optional
        Pairs ``path=COLUMN`` separated by commas, or a file with one pair per line (``#`` begins a comment).

    Raises
    ------
    ManifestError
        When a pair has no ``=``, or a path is named twice.
    """
    if text is None:
        return None
    pairs, where = _pairs(text)
    mapping: dict[str, str] = {}
    for pair in pairs:
        path, equals, column = (part.strip() for part in pair.partition("="))
        if not equals or not path or not column:
            raise ManifestError(f"{where}: {pair.strip()!r} is not a pair such as parcel_id=REF")
        if path in mapping:
            raise ManifestError(f"{where}: {path} is mapped twice")
        mapping[path] = column
    return mapping


def _pairs(text: str) -> tuple[list[str], str]:
    file = Path(text)
    if "=" not in text or file.is_file():
        try:
            content = file.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise ManifestError(f"--map: {text!r} is neither pairs (A=B,…) nor a file that can be read") from error
        lines = [line for line in content.splitlines() if line.strip() and not line.lstrip().startswith("#")]
        return lines, f"--map {file.name}"
    return [pair for pair in text.split(",") if pair.strip()], "--map"
