"""Texts asked once, rows spared, and first bytes: all must give what asking every row gives."""

from __future__ import annotations

import unicodedata

import numpy as np
import polars as pl
import pytest

from riskscore.features.columns import by_text, heads, may_begin_alike, numbered, only_where
from riskscore.features.word_starts import WordStarts
from riskscore.folding import LETTERS
from riskscore.keys import fold_key

WORDS = frozenset({"unknown", "n a", "asdf", "nepoznato", "same as above"})
TEXTS = ["Unknown", " (UNKNOWN)", "N/A", "n.a.", "asdf", "Непознато", "---", "", "xxx", "ÄÄÄ", "хххх", "e\u0301ee",
         "Una Nord", "Nada", "Иван", "и\u0306и", "Škola 4", "same as above", "Same Street 1",
         "Ul. Breza 4", "李", None]  # fmt: skip


@pytest.mark.parametrize("size", [1, 200])
def test_no_text_that_folds_to_a_listed_word_is_ruled_out(size: int) -> None:
    values = pl.Series(TEXTS * size)
    found = {values[row] for row in WordStarts.of(WORDS).candidates(values).tolist()}
    keys = {text: fold_key(text) for text in TEXTS if text is not None}
    telling = {text for text, key in keys.items() if key in WORDS or len(set(key)) <= 1}
    assert telling <= found
    assert not found & {"Una Nord", "Nada", "Škola 4", "Ul. Breza 4", "Same Street 1", None}


def test_marks_after_an_ascii_letter_keep_its_sound() -> None:
    for letter, latin in LETTERS.items():
        first = unicodedata.normalize("NFKD", letter)[:1]
        assert not letter.isalpha() or not first.isascii() or latin.startswith(first)


@pytest.mark.parametrize("size", [1, 200])
def test_texts_are_numbered_and_nulls_come_last(size: int) -> None:
    values = pl.Series(["b", None, "a", "b"] * size)
    numbers, distinct = numbered(values)
    assert [distinct[n] if n < len(distinct) else None for n in numbers.tolist()] == values.to_list()
    assert len(distinct) == 2


def test_heads_of_a_slice_are_those_of_its_texts() -> None:
    values = pl.Series(["left out", "ab", "abcdefghijklmnop", ""])[1:]
    assert heads(values).tobytes() == b"ab\0\0abcd\0\0\0\0"


def test_first_bytes_tell_apart_only_what_folds_apart() -> None:
    one, other = pl.Series(["Breza", "BREZA", "Ćao", "-Lipa"]), pl.Series(["Lipa", "breza", "cao", "Lipa"])
    assert may_begin_alike(heads(one), heads(other)).tolist() == [False, True, True, True]


@pytest.mark.parametrize("size", [1, 200])
def test_rows_that_are_not_asked_are_unknown(size: int) -> None:
    frame = pl.DataFrame({"a": ["x", "y", None, "z"] * size, "asked": [True, False, True, None] * size})
    seen: list[int] = []

    def longer(texts: pl.Series) -> pl.Series:
        seen.append(len(texts))
        return texts + "!"

    answer = by_text(pl.col("a"), longer, pl.String())
    found = frame.select(only_where(pl.col("asked"), ("a",), answer, pl.String)).to_series()
    assert found.to_list() == ["x!", None, None, None] * size
    assert seen == [1]
    assert np.array_equal(found.is_null().to_numpy(), np.array([False, True, True, True] * size))
