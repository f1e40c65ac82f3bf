"""Rows of equal parcel_id are one parcel, wherever they stand and however large a batch is."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from manifests import COUNTRIES, FEWER, read, read_text, same, save

from riskscore.formats import group
from riskscore.formats.group import Grouping
from riskscore.formats.reading import Reading
from riskscore.schema import MAX_ITEMS

HEADER = "parcel_id;item.seq;description;total_value;sender.country\n"


def rows_of(parcels: dict[str, list[str]], seq: bool = True) -> list[str]:
    return [
        f"{name};{n + 1 if seq else ''};{text};{len(texts)};de"
        for name, texts in parcels.items()
        for n, text in enumerate(texts)
    ]


def test_rows_of_one_parcel_are_its_items(tmp_path: Path) -> None:
    result = read_text(tmp_path, HEADER + "A;;x;3;DE\nB;;y;;\nA;;z;;\nC;;;1;\nB;;w;2;\n")
    assert result.ids == ["A", "B", "C"]
    assert result.column("total_value") == [3.0, 2.0, 1.0]
    assert result.items.select("parcel", "item_no", "item.description").rows() == [
        (0, 0, "x"),
        (0, 1, "z"),
        (1, 0, "y"),
        (1, 1, "w"),
    ]
    assert result.problems == []


def test_a_row_without_item_fields_adds_no_item(tmp_path: Path) -> None:
    result = read_text(tmp_path, HEADER + "A;; ;3;\nB;1;;;\nC;x;;;\n")
    assert result.items["parcel"].to_list() == [1, 2]
    assert result.column("unreadable") == [[], [], ["item.seq"]]


def test_items_follow_their_numbers_if_all_have_one(tmp_path: Path) -> None:
    result = read_text(tmp_path, HEADER + "A;3;c;;\nA;1;a;;\nB;2;y;;\nA;2;b;;\nB;;x;;\nC;1;p;;\nC;1;q;;\n")
    assert result.column("item.description") == ["a", "b", "c", "y", "x", "p", "q"]
    assert result.column("item.seq") == [1, 2, 3, 2, None, 1, 1]
    assert result.items["item_no"].to_list() == [0, 1, 2, 0, 1, 0, 1]


def test_the_first_stated_value_stands_and_the_others_are_reported(tmp_path: Path) -> None:
    content = HEADER + "A;;x;;de\nA;;y;2.0;\nA;;z;2,0;Njemačka\nA;;w;2.5;BA\nB;;;1;\nA;;v;abc;DE\n"
    result = read_text(tmp_path, content)
    assert result.column("total_value") == [2.0, 1.0]
    assert result.column("sender.country") == ["DE", None]
    assert result.column("contradictory") == [["sender.country", "total_value"], []]
    assert result.column("unreadable") == [["total_value"], []]
    assert [(p["line"], p["field"], p["raw"], p["reason"], p["rejected"]) for p in result.problems] == [
        (5, "sender.country", "BA", "row 5 says BA, the first row said DE; the first stands", "no"),
        (5, "total_value", "2.5", "row 5 says 2.5, the first row said 2; the first stands", "no"),
        (7, "total_value", "abc", "not a number", "no"),
    ]


def test_contradictions_in_texts_and_lists(tmp_path: Path) -> None:
    content = (
        "parcel_id;sender.name;handling_codes;documents\n"
        'A;Ana;ELI|EAP;"[{""type"":""permit""}]"\n'
        'A; Ana ;ELI|EAP;"{""type"":""Permit""}"\n'
        'A;Anna;ELI;"[{""type"":""licence""}]"\n'
    )
    result = read_text(tmp_path, content)
    assert result.column("sender.name") == ["Ana"]
    assert result.column("contradictory") == [["sender.name", "handling_codes", "documents"]]
    assert result.lines() == [4, 4, 4]


def test_rows_without_a_parcel_id_are_rejected(tmp_path: Path) -> None:
    result = read_text(tmp_path, HEADER + ";;x;;\nA;;y;;\nnull;;z;;\n  ;;w;;\n")
    assert result.ids == ["A"]
    assert (result.counts.rows_rejected, result.counts.parcels_rejected) == (3, 0)
    assert {p["reason"] for p in result.problems} == {"no parcel_id"}
    assert {p["field"] for p in result.problems} == {"parcel_id"}


def test_a_parcel_of_which_every_row_is_rejected(tmp_path: Path) -> None:
    content = HEADER + "A;;x;1;de;more\nB;;y;1;de;more\nB;;y;1;de\nA;;x;1;de;more\n"
    result = read_text(tmp_path, content)
    assert (result.counts.parcels_read, result.counts.parcels_scored, result.counts.parcels_rejected) == (2, 1, 1)


@pytest.mark.parametrize("batch_rows", [50_000, 4_000])
@pytest.mark.parametrize("between", ["", "B;;x;;\n"])
def test_more_rows_than_a_parcel_may_have(tmp_path: Path, batch_rows: int, between: str) -> None:
    content = HEADER + "".join(f"A;;item {n};;\n{between}" for n in range(MAX_ITEMS + 3)) + "C;;x;;\n"
    result = read_text(tmp_path, content, batch_rows=batch_rows)
    parcels = 3 if between else 2
    assert result.counts.parcels_scored == parcels
    assert result.items.filter(pl.col("parcel") == 0).height == MAX_ITEMS
    assert result.column("item.description")[MAX_ITEMS - 1] == f"item {MAX_ITEMS - 1}"
    assert result.counts.rows_rejected == 3 * (parcels - 1)
    assert {p["reason"] for p in result.problems} == {"the parcel has more than 9,999 rows"}


NAMES = st.text(alphabet="ABC", min_size=1, max_size=2)
PARCELS = st.dictionaries(
    NAMES, st.lists(st.sampled_from(["x", "y", "z 1", "šal"]), min_size=1, max_size=4), min_size=1
)


def contents(result: Any) -> dict[str, Any]:
    """Each parcel with its items, whatever their place."""
    items = result.items.drop("parcel").rows()
    of = result.items["parcel"].to_list()
    return {
        row[0]: (row, [item for item, parcel in zip(items, of, strict=True) if parcel == number])
        for number, row in enumerate(result.parcels.rows())
    }


@FEWER
@given(parcels=PARCELS, batch_rows=st.integers(1, 9), order=st.randoms(use_true_random=False))
def test_neither_order_nor_batches_change_a_parcel(
    tmp_path_factory: pytest.TempPathFactory,
    parcels: dict[str, list[str]],
    batch_rows: int,
    order: random.Random,
) -> None:
    folder = tmp_path_factory.mktemp("order")
    rows = rows_of(parcels)
    straight = read_text(folder, HEADER + "\n".join(rows))
    assert straight.ids == list(parcels)
    order.shuffle(rows)
    path = save(folder, HEADER + "\n".join(rows))
    shuffled = read(path)
    assert shuffled.ids == list(dict.fromkeys(row.split(";")[0] for row in rows))
    assert contents(shuffled) == contents(straight)
    assert same(shuffled, read(path, batch_rows=batch_rows))


@FEWER
@given(parcels=PARCELS, batch_rows=st.integers(1, 9), order=st.randoms(use_true_random=False))
def test_ids_that_share_a_hash_stay_apart(
    tmp_path_factory: pytest.TempPathFactory,
    parcels: dict[str, list[str]],
    batch_rows: int,
    order: random.Random,
) -> None:
    folder = tmp_path_factory.mktemp("collisions")
    rows = [row.split(";") for row in rows_of(parcels)]
    order.shuffle(rows)

    class Given:
        def batches(self) -> Iterator[pl.DataFrame]:
            columns = ["parcel_id", "item.seq", "item.description", "total_value", "sender.country"]
            frame = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")
            yield frame.with_columns(line=pl.int_range(2, 2 + len(rows), dtype=pl.Int64))

    reading = Reading("given", folder, batch_rows, COUNTRIES)
    grouping = Grouping(reading, lambda ids: np.zeros(len(ids), dtype=np.uint64))
    found = {}
    for tables in grouping.tables(Given()):
        for number, name in enumerate(tables.parcels["parcel_id"]):
            assert name not in found
            found[name] = tables.items.filter(pl.col("parcel") == number)["item.description"].to_list()
    assert found == parcels


def test_batches_are_about_as_large_as_asked(tmp_path: Path) -> None:
    parcels = {f"P{n}": ["x", "y"] for n in range(500)}
    rows = rows_of(parcels)
    random.Random(0).shuffle(rows)
    for content in (rows_of(parcels), rows):
        result = read_text(tmp_path, HEADER + "\n".join(content), batch_rows=50)
        assert len(result.batches) >= 10
        assert max(batch.items.height for batch in result.batches) <= 75


def test_a_manifest_is_read_once(tmp_path: Path) -> None:
    from riskscore.errors import ManifestError
    from riskscore.formats import open_manifest

    with open_manifest(save(tmp_path, HEADER + "A;;x;;\n"), countries=COUNTRIES) as manifest:
        assert len(list(manifest)) == 1
        with pytest.raises(ManifestError, match="read once"):
            list(manifest)


def test_no_python_loop_over_parcels() -> None:
    # The hot path is columns; a loop over parcels would show as iteration over rows.
    import inspect

    source = inspect.getsource(group)
    assert "iter_rows" not in source
    assert "to_dicts" not in source
