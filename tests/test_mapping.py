"""Column names are mapped by pairs or by a file, and a slip is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from riskscore.errors import ManifestError
from riskscore.mapping import parse_mapping


def test_pairs() -> None:
    assert parse_mapping("parcel_id=REF, item.description = OPIS ROBE") == {
        "parcel_id": "REF",
        "item.description": "OPIS ROBE",
    }
    assert parse_mapping(None) is None


def test_a_file_with_comments(tmp_path: Path) -> None:
    file = tmp_path / "map.txt"
    file.write_text("\ufeff# our columns\nparcel_id=REF\n\nitem.description=Opis, roba\n", "utf-8")
    assert parse_mapping(str(file)) == {"parcel_id": "REF", "item.description": "Opis, roba"}


@pytest.mark.parametrize("text", ["parcel_id", "parcel_id=", "=REF", "parcel_id=A,parcel_id=B", "no/such/file"])
def test_a_slip_is_named(text: str) -> None:
    with pytest.raises(ManifestError, match="--map"):
        parse_mapping(text)
