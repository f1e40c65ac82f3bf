"""Every script in one searchable stream, with the way back to each letter as typed."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from factory import in_cyrillic
from hypothesis import example, given
from hypothesis import strategies as st

from riskscore.folding import (
    BREAK,
    CYRILLIC,
    GREEK,
    LATIN,
    LOOKS_CYRILLIC,
    LOOKS_LATIN,
    TABLE_SIZE,
    fold,
    fold_batch,
    tables,
)

LETTERS = "pistolj puška Schlüssel ПИШТОЉ пушка οπλο Glоck ½ ﬁ ⑴ ™ 9×19 \u200b\u00ad\u202e\u0336\ufe0f 銃 총 銃"
TEXT = st.one_of(st.text(max_size=40), st.text(alphabet=LETTERS, max_size=40))


def folded_texts(texts: list[str]) -> list[str]:
    """The folded characters of each text of a batch."""
    batch = fold_batch(texts)
    number = batch.text_of(batch.origin)
    inside = batch.origin - batch.begin[np.clip(number, 0, len(texts))]
    result = []
    for n, text in enumerate(texts):
        mine = (number == n) & (inside < len(text))
        result.append("".join(map(chr, batch.codes[mine])))
    return result


def mixes_scripts(text: str) -> bool:
    """Does a word of the text hold letters of two alphabets? Only the batch reads those as what they imitate."""
    script = tables().script
    seen = 0
    for character in text:
        here = int(script[min(ord(character), TABLE_SIZE)])
        seen = seen | here if here else 0
        if seen not in (0, LATIN, CYRILLIC, GREEK):
            return True
    return False


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("Pištolj", "pistolj"),
        ("Пиштољ", "pistolj"),
        ("ПИШТОЉ", "pistolj"),
        ("PIŠTOLJ", "pistolj"),
        ("čćžšđ", "cczsdj"),
        ("чћжшђ", "cczsdj"),
        ("џеп Џ", "dzep dz"),
        ("džep ǆep ǅep", "dzep dzep dzep"),
        ("ǉubav ǌuh", "ljubav njuh"),
        ("Büchse Straße", "buchse strasse"),
        ("GROSSE GROẞE", "grosse grosse"),
        ("½ ¼", "1/2 1/4"),
        ("7,62×39", "7,62x39"),
        ("ﬁlter", "filter"),
        ("ｐｉｓｔｏｌ", "pistol"),
        ("𝐩𝐢𝐬𝐭𝐨𝐥", "pistol"),
        ("ⓟⓘⓢⓣⓞⓛ", "pistol"),
        ("pis\u200btol", "pistol"),
        ("pi\u00adstol", "pistol"),
        ("p̶i̶s̶t̶o̶l̶", "pistol"),
        ("“Colt”™", '"colt" '),
        ("a\tb\nc\u00a0d\u2028e", "a b c d e"),
        ("όπλο", "oplo"),
        ("İstanbul ışık", "istanbul isik"),
        ("łódź", "lodz"),
        ("", ""),
    ],
)
def test_one_spelling(typed: str, folded: str) -> None:
    assert fold(typed) == folded
    assert folded_texts([typed]) == [folded]


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("pіstol", "pistol"),  # Cyrillic і
        ("рistol", "pistol"),  # Cyrillic р
        ("Glоck", "glock"),  # Cyrillic о
        ("gΙock", "giock"),  # Greek capital iota
        ("пиштoљ", "pistolj"),  # Latin o in a Cyrillic word
        ("пyшка", "puska"),  # Latin y stands for у
        ("СОLТ", "colt"),
    ],
)
def test_letters_that_imitate_are_read_as_what_they_imitate(typed: str, folded: str) -> None:
    assert folded_texts([typed]) == [folded]
    batch = fold_batch([typed])
    other = {unicodedata.name(c).split()[0] for c in typed}
    assert len(other) > 1
    assert batch.odd.any()


@pytest.mark.parametrize("word", ["Соба", "СОР", "рес", "puška", "όπλο", "АК", "Haus", "кот"])
def test_a_word_of_one_script_is_not_odd(word: str) -> None:
    assert not fold_batch([word]).odd.any()
    assert folded_texts([word]) == [fold(word)]


def test_no_twin_is_lost_or_read_as_itself() -> None:
    for twins in (LOOKS_LATIN, LOOKS_CYRILLIC):
        for source, target in twins.items():
            assert source != target
            assert unicodedata.name(source).split()[0] != unicodedata.name(target).split()[0], (source, target)


@given(st.lists(TEXT, max_size=6))
def test_origin_is_monotone_and_inside_the_text(texts: list[str]) -> None:
    batch = fold_batch(texts)
    assert (np.diff(batch.origin) >= 0).all()
    assert len(batch.codes) == len(batch.origin)
    assert len(batch.raw) == len(batch.odd)
    assert len(batch.begin) == len(texts) + 1
    for number, text in enumerate(texts):
        first = batch.begin[number]
        typed = "".join(" " if ord(c) < 32 else c for c in text)
        assert "".join(map(chr, batch.raw[first : first + len(text)])) == typed
        assert (batch.text_of(np.arange(first, first + len(text))) == number).all()
    assert (batch.codes == BREAK).sum() == max(len(texts) - 1, 0)


@given(TEXT.filter(lambda text: not mixes_scripts("".join(c for c in text if fold(c)))))
@example("한국 총")  # Hangul has a decomposition
@example("\U00010400 \U0001fbf1")  # capitals and digits of the second plane
@example("\U0001e000\U00011001")  # marks of the second plane
def test_a_batch_folds_as_one_text_does(text: str) -> None:
    assert folded_texts([text]) == [fold(text)]


@pytest.mark.parametrize("unseen", ["\U000e0061", "\U000e0100", "\U000e007f"])
def test_unseen_characters_of_the_last_planes_fold_to_nothing(unseen: str) -> None:
    assert fold(f"pis{unseen}tol") == "pistol"
    assert folded_texts([f"pis{unseen}tol"]) == ["pistol"]


@given(st.lists(TEXT, min_size=1, max_size=6))
def test_neighbours_do_not_matter(texts: list[str]) -> None:
    assert folded_texts(texts) == [folded_texts([text])[0] for text in texts]
    together = fold_batch(texts)
    for number, text in enumerate(texts):
        first = together.begin[number]
        assert (together.odd[first : first + len(text)] == fold_batch([text]).odd[1 : 1 + len(text)]).all()


@given(st.text(max_size=30))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(alphabet="abcčćdđefghijklmnoprsštuvzžABCČĆDĐEFGHIJKLMNOPRSŠTUVZŽ 19-,", max_size=40))
def test_serbian_folds_alike_in_both_scripts(text: str) -> None:
    assert fold(in_cyrillic(text)) == fold(text)
    assert folded_texts([in_cyrillic(text)]) == [fold(text)]


def test_plain_letters_fold_without_the_tables_as_with_them() -> None:
    typed = [chr(code) for code in range(32, 128)]
    folded = fold_batch(typed)
    assert ["".join(map(chr, folded.codes[at : at + 1])) for at in folded.begin[:-1]] == [fold(c) for c in typed]
