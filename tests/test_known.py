"""Three-valued truth, and groups that keep unknown unknown."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskscore.known import Grouping, Truth

VALUES = (True, False, None)
THREE = st.sampled_from(VALUES)
GROUPS = st.lists(st.lists(THREE, max_size=4), max_size=6)
NUMBERS = st.one_of(st.none(), st.floats(-1e9, 1e9), st.integers(-5, 5).map(float))


def truth(values: list[bool | None]) -> Truth:
    return Truth.of(pl.Series(values, dtype=pl.Boolean))


def values(truth: Truth) -> list[bool | None]:
    return [True if t else False if f else None for t, f in zip(truth.true, truth.false, strict=True)]


def grouping(groups: list[list[Any]]) -> Grouping:
    parcels = [n for n, group in enumerate(groups) for _ in group]
    return Grouping.of(pl.DataFrame({"parcel": parcels}, schema={"parcel": pl.UInt32}), len(groups))


def flat(groups: list[list[Any]]) -> list[Any]:
    return [value for group in groups for value in group]


def kleene_and(a: bool | None, b: bool | None) -> bool | None:
    if a is False or b is False:
        return False
    return None if a is None or b is None else True


def kleene_not(a: bool | None) -> bool | None:
    return None if a is None else not a


@pytest.mark.parametrize(("a", "b"), list(product(VALUES, VALUES)))
def test_and_or_not_follow_kleene(a: bool | None, b: bool | None) -> None:
    x, y = truth([a]), truth([b])
    both = kleene_and(a, b)
    either = kleene_not(kleene_and(kleene_not(a), kleene_not(b)))
    assert values(x & y) == [both]
    assert values(x | y) == [either]
    assert values(~x) == [kleene_not(a)]


@given(st.lists(st.tuples(THREE, THREE, THREE), max_size=20))
def test_laws(rows: list[tuple[bool | None, bool | None, bool | None]]) -> None:
    a, b, c = (truth([row[k] for row in rows]) for k in range(3))
    same = [
        (a & b, b & a),
        (a | b, b | a),
        (a & (b & c), (a & b) & c),
        (a | (b | c), (a | b) | c),
        (a & (b | c), (a & b) | (a & c)),
        (a | (b & c), (a | b) & (a | c)),
        (~(a & b), ~a | ~b),
        (~(a | b), ~a & ~b),
        (~~a, a),
        (a & a, a),
        (a & (a | b), a),
    ]
    for left, right in same:
        assert values(left) == values(right)
    for whole in (a, b, a & b, a | c, ~b):
        assert not (whole.true & whole.false).any()


@given(st.lists(st.tuples(THREE, THREE), max_size=20))
def test_polars_says_the_same(rows: list[tuple[bool | None, bool | None]]) -> None:
    frame = pl.DataFrame(rows, schema={"a": pl.Boolean, "b": pl.Boolean}, orient="row")
    a, b = Truth.of(frame["a"]), Truth.of(frame["b"])
    asked = frame.select(both=pl.col("a") & pl.col("b"), either=pl.col("a") | pl.col("b"), neither=~pl.col("a"))
    assert asked["both"].to_list() == values(a & b)
    assert asked["either"].to_list() == values(a | b)
    assert asked["neither"].to_list() == values(~a)


@given(st.lists(THREE, max_size=20))
def test_a_column_there_and_back(column: list[bool | None]) -> None:
    series = truth(column).series("x")
    assert series.name == "x"
    assert series.dtype == pl.Boolean
    assert series.to_list() == column
    assert values(Truth.of(series)) == column


@given(GROUPS)
def test_any_known(groups: list[list[bool | None]]) -> None:
    expected = [True if True in g else False if g and None not in g else None for g in groups]
    assert values(grouping(groups).any_known(truth(flat(groups)))) == expected


@given(GROUPS)
def test_all_known(groups: list[list[bool | None]]) -> None:
    expected = [False if False in g else True if g and None not in g else None for g in groups]
    assert values(grouping(groups).all_known(truth(flat(groups)))) == expected


@given(GROUPS)
def test_not_any_is_every_not(groups: list[list[bool | None]]) -> None:
    group, items = grouping(groups), truth(flat(groups))
    assert values(~group.any_known(items)) == values(group.all_known(~items))


@given(st.lists(st.lists(NUMBERS, max_size=4), max_size=6))
def test_sum_and_max_need_every_item(groups: list[list[float | None]]) -> None:
    series = pl.Series("x", flat(groups), dtype=pl.Float64)
    group = grouping(groups)
    complete = [bool(g) and None not in g for g in groups]
    sums, highest = group.sum_known(series), group.max_known(series)
    assert (sums.name, highest.name) == ("x", "x")
    assert sums.dtype == highest.dtype == pl.Float64
    for g, whole, total, top in zip(groups, complete, sums.to_list(), highest.to_list(), strict=True):
        assert (total is not None) is whole
        assert (top is not None) is whole
        if whole:
            left_to_right = 0.0
            for value in g:
                left_to_right += value or 0.0
            assert total == left_to_right
            assert top == max(v for v in g if v is not None)


@given(st.lists(st.lists(st.one_of(st.none(), st.text(max_size=3)), max_size=4), max_size=6))
def test_first_known_is_the_first_that_is_stated(groups: list[list[str | None]]) -> None:
    series = pl.Series("x", flat(groups), dtype=pl.String)
    expected = [next((v for v in g if v is not None), None) for g in groups]
    found = grouping(groups).first_known(series)
    assert found.name == "x"
    assert found.to_list() == expected


@pytest.mark.parametrize("groups", [[], [[]], [[], []]])
def test_no_items_at_all(groups: list[list[Any]]) -> None:
    group = grouping(groups)
    nothing = [None] * len(groups)
    assert values(group.any_known(truth([]))) == nothing
    assert values(group.all_known(truth([]))) == nothing
    assert group.sum_known(pl.Series("x", [], dtype=pl.Float64)).to_list() == nothing
    assert group.max_known(pl.Series("x", [], dtype=pl.Float64)).to_list() == nothing
    assert group.first_known(pl.Series("x", [], dtype=pl.String)).to_list() == nothing


def test_a_parcel_without_items_between_others() -> None:
    groups: list[list[bool | None]] = [[True], [], [False]]
    assert values(grouping(groups).any_known(truth(flat(groups)))) == [True, None, False]
    assert values(grouping(groups).all_known(truth(flat(groups)))) == [True, None, False]


def test_sums_have_the_same_bits_in_any_company() -> None:
    many = np.random.default_rng(7).uniform(0, 1, (500, 9)).tolist()
    together = grouping(many).sum_known(pl.Series("x", flat(many)))
    alone = [grouping([g]).sum_known(pl.Series("x", g))[0] for g in many]
    assert together.to_list() == alone
