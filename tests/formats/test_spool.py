"""Rows come back by parcel, in order of first appearance, however they were strewn over the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskscore.formats.spool import RANK, Cuts, Order, Spool


def hashes(ids: list[int]) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    # Spread out, so that the order of hashes says nothing about the order of ids.
    return np.array([(i * 11_400_714_819_323_198_485) % 2**64 for i in ids], dtype=np.uint64)


def through(folder: Path, ids: list[int], batch: int) -> list[list[tuple[int, int]]]:
    """Send rows through a spool; returns the (id, row) pairs of each batch that comes out."""
    order, spool = Order(), Spool(folder, batch)
    runs, last = -1, None
    for start in range(0, len(ids), batch):
        part = ids[start : start + batch]
        ranks, begun = [], []
        for i in part:
            if i != last:
                runs, last = runs + 1, i
                begun.append(i)
            ranks.append(runs)
        order.add(hashes(begun))
        spool.add(pl.DataFrame({"id": part, "row": list(range(start, start + len(part))), RANK: ranks}))
    order.settle()
    assert order.parcels == len(set(ids))
    assert order.absent(hashes([*set(ids), 999, 1_000])) == 2
    return [
        [pair for frame in frames for pair in frame.sort("row").select("id", "row").iter_rows()]
        for frames in spool.batches(order)
    ]


@given(ids=st.lists(st.integers(0, 15), max_size=60), batch=st.integers(1, 12))
def test_every_row_comes_out_once_with_its_parcel(
    tmp_path_factory: pytest.TempPathFactory, ids: list[int], batch: int
) -> None:
    batches = through(tmp_path_factory.mktemp("spool"), ids, batch)
    assert sorted(row for rows in batches for _, row in rows) == list(range(len(ids)))
    appearance = [list(dict.fromkeys(i for i, _ in rows)) for rows in batches]
    assert [i for some in appearance for i in dict.fromkeys(sorted(some, key=ids.index))] == list(dict.fromkeys(ids))
    for rows in batches:
        if len({i for i, _ in rows}) > 1:
            assert len(rows) <= 1.5 * batch


def test_the_files_go_with_their_rows(tmp_path: Path) -> None:
    through(tmp_path, [n % 30 for n in range(300)], 10)
    assert list(tmp_path.iterdir()) == []


def test_nothing_at_all(tmp_path: Path) -> None:
    assert through(tmp_path, [], 5) == []


@given(st.lists(st.integers(1, 9), max_size=40), st.integers(1, 12), st.integers(1, 7))
def test_cuts_part_no_parcel_and_stay_near(sizes: list[int], rows: int, at_a_time: int) -> None:
    begins = np.cumsum([0, *sizes])[: len(sizes)].astype(np.int64)
    cuts = Cuts(rows)
    for start in range(0, len(begins), at_a_time):
        cuts.add(begins[start : start + at_a_time])
    ranges = cuts.ranges(sum(sizes))
    assert [stop for _, stop in ranges] == [*(first for first, _ in ranges[1:]), *([sum(sizes)] if sizes else [])]
    assert {first for first, _ in ranges} <= set(begins.tolist())
    for first, stop in ranges:
        inside = begins[(begins >= first) & (begins < stop)]
        assert stop - first <= rows or len(inside) == 1
