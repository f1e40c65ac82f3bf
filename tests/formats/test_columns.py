"""Column names and the caller's mapping: what fits, and clear words for what does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from manifests import read_text

from riskscore.errors import ManifestError
from riskscore.formats.columns import Notes

CONTENT = "REF;CONTENTS;Land;description\nR1;shoes;Njemačka;other words\n"
MAPPING = {"parcel_id": "REF", "item.description": "contents", "sender.country": "LAND"}


def test_a_mapping_names_their_columns(tmp_path: Path) -> None:
    result = read_text(tmp_path, CONTENT, mapping=MAPPING)
    assert result.ids == ["R1"]
    assert result.column("item.description") == ["shoes"]
    assert result.column("sender.country") == ["DE"]
    assert "column description ignored: item.description is mapped to another column" in result.notes


def test_a_mapping_decides_the_separator(tmp_path: Path) -> None:
    assert read_text(tmp_path, "a,b;REF\n1;R1\n", mapping={"parcel_id": "REF"}).ids == ["R1"]


def test_an_alias_may_be_mapped_and_one_column_may_feed_two_paths(tmp_path: Path) -> None:
    result = read_text(
        tmp_path, "id;who\nR1;Ana Uzorak\n", mapping={"parcel_id": "id", "sender.name": "who", "description": "who"}
    )
    assert result.column("sender.name") == result.column("item.description") == ["Ana Uzorak"]


def test_a_mapped_column_is_no_longer_what_its_name_says(tmp_path: Path) -> None:
    content = "parcel_id;waybill\nP1;W1\n"
    result = read_text(tmp_path, content, mapping={"parcel_id": "waybill"})
    assert (result.ids, result.column("waybill")) == (["W1"], [None])


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"parcel_id": "REF", "item.descripton": "CONTENTS"}, r"'item\.descripton', .*did you mean item\.description"),
        (
            {"parcel_id": "RFE"},
            r"'RFE', which is not in the file \(did you mean REF\?\)\. Columns found: REF, CONTENTS",
        ),
        ({"parcel_id": "REF", "weather": "CONTENTS"}, "'weather', which is no field"),
        ({"item.description": "CONTENTS", "description": "REF"}, "twice"),
        ({"item.description": "CONTENTS"}, "no parcel_id column"),
    ],
)
def test_a_mapping_that_does_not_fit(tmp_path: Path, mapping: dict[str, str], message: str) -> None:
    with pytest.raises(ManifestError, match=message):
        read_text(tmp_path, CONTENT, mapping=mapping)


def test_a_missing_parcel_id_says_what_there_is_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ManifestError) as caught:
        read_text(tmp_path, "Broj;Parcel ID;Opis robe\n1;P1;shoes\n")
    assert "no parcel_id column. Columns found: Broj, Parcel ID, Opis robe." in str(caught.value)
    assert '--map parcel_id="Parcel ID"' in str(caught.value)


def test_many_foreign_columns_do_not_flood_the_message(tmp_path: Path) -> None:
    with pytest.raises(ManifestError) as caught:
        read_text(tmp_path, ",".join("x" * 500 + str(n) for n in range(2_000)) + "\n")
    assert len(str(caught.value)) < 4_000
    assert "and 1970 more" in str(caught.value)


def test_notes_have_an_end() -> None:
    notes = Notes()
    for number in range(Notes.LIMIT + 50):
        notes.add(f"note {number}")
        notes.add(f"note {number}")
    assert len(notes.lines) == Notes.LIMIT + 1
    assert notes.lines[-1].startswith("and ")
