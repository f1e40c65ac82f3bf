"""The quick way to find what is not stated agrees with looking at every value."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskscore.formats.stated import MISSING_WORDS, known_ids, read_texts, stated

BLANKS = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2003\u200a\u2028\u2029\u202f\u205f\u3000"
PIECES = (*MISSING_WORDS, *BLANKS, "NULL", "None", "N/A", "č", "ж", "語", "\u0405", "a", "Ana", "0123456789abc", "𝐠")
texts = st.lists(st.none() | st.lists(st.sampled_from(PIECES), max_size=6).map("".join), max_size=12)


def slowly(text: str | None, missing: tuple[str, ...], code: bool) -> str | None:
    """One value, by the rule."""
    if text is None or text.strip(BLANKS).lower() in missing:
        return None
    return text.strip(BLANKS) if code else text


@pytest.mark.parametrize(
    ("path", "missing", "code"),
    [
        ("sender.city", MISSING_WORDS, False),
        ("sender.name", ("",), False),
        ("item.description", ("",), False),
        ("item.hs_code", MISSING_WORDS, True),
    ],
)
@given(values=texts, cut=st.integers(0, 3))
def test_texts(path: str, missing: tuple[str, ...], code: bool, values: list[str | None], cut: int) -> None:
    column = pl.Series(path, values, dtype=pl.String)[cut:]
    before = column.to_list()
    found = read_texts(column.to_frame(), [path])[path]
    assert found.to_list() == [slowly(v, missing, code) for v in before]
    assert column.to_list() == before  # nothing is changed in place


@given(values=texts)
def test_stated(values: list[str | None]) -> None:
    column = pl.Series("t", values, dtype=pl.String)
    assert stated(column).to_list() == [slowly(v, MISSING_WORDS, False) for v in values]
    assert column.to_list() == values


def test_ids() -> None:
    ids = pl.Series("parcel_id", [" P1\u200b", "none", "\x00", None, "\ufeff P2 \x00", "-"])
    assert known_ids(ids).to_list() == ["P1", None, None, None, "P2", None]


def test_long_values_in_many_buffers() -> None:
    parts = [pl.Series("sender.phone", [f"+000 {n} {'7' * 20}{end}" for n in range(50)]) for end in ("", " ", "\u3000")]
    column = pl.concat(parts, rechunk=False)
    found = read_texts(column.to_frame(), ["sender.phone"])["sender.phone"]
    assert found.to_list() == [v.strip(BLANKS) for v in column.to_list()]
