"""Slips of the finger: which are found, and that none of them is a word of its own."""

from __future__ import annotations

import csv

import pytest
from factory import ROOT, the_engine

from riskscore.goods_text import read_goods
from riskscore.lexicon import WEAPON_CONCEPTS, bit, load_lexicon, words_of
from riskscore.misspellings import Written, misspellings

LEXICON = the_engine().lexicon
ALARMING = bit(list(WEAPON_CONCEPTS))
AS_WRITTEN = {pattern for term in LEXICON.terms for pattern in term.patterns}


def slips(*words: str, calms: bool = False, exact: bool = False, known: tuple[str, ...] = ()) -> set[str]:
    written = [Written(i, w, len(w), exact, calms) for i, w in enumerate(words)]
    return set(misspellings(written, [*words, *known]))


def concepts(text: str) -> int:
    return int(read_goods([text], LEXICON).concepts[0]) & ALARMING


def test_a_letter_more_a_letter_less_or_two_swapped() -> None:
    found = slips("revolver")
    assert {" revovler", " revolveer", " rrevolver", " revoler"} <= found
    assert not {" erevolv", " evolver", " revolve", " rovelver", " revilver"} & found
    assert len(found) < 3 * len("revolver")


@pytest.mark.parametrize(("word", "calms", "some"), [("musket", False, 0), ("shotgun", False, 0), ("shotgun", True, 1)])
def test_short_words_are_left_alone(word: str, calms: bool, some: int) -> None:
    assert bool(slips(word, calms=calms)) == bool(some)


def test_a_slip_that_is_a_word_is_none() -> None:
    assert " silener" in slips("silencer")
    assert " silener" not in slips("silencer", known=("silener",))
    assert " silener" not in slips("silencer", known=("silenern",)), "nor one that a word is made of"


def test_an_exact_word_takes_no_ending() -> None:
    assert " silener " in slips("silencer", exact=True)


def test_a_calming_phrase_is_found_with_the_slips_of_its_telling_words() -> None:
    written = [
        Written(0, "silencer", 8, exact=False, calms=False),
        Written(1, "exhaust silencers", 17, False, calms=True),
    ]
    found = misspellings(written, ["silencer", "exhaust"])
    assert found[" exhaust silecners"] == [1]
    assert not any(p.startswith(" exhuast") for p in found), "only the telling word"


@pytest.mark.parametrize(
    "text",
    [
        "strelljivo",
        "priguišvač",
        "reovlver .38",
        "ПРИГУИШВАЧ",
        "Schalldmäpfer",
        "silecner",
        "mitarljez",
        "sarsilmaz mühimmmat",
    ],
)
def test_a_slip_tells_as_the_word_does(text: str) -> None:
    assert concepts(text)


@pytest.mark.parametrize(
    "text",
    [
        "prigušviač auspuha",
        "exhaust silecner",
        "Spielezugpistole",
        "Massagepitsole",
        "lemiilca pištolj",
        "upajlač pištolj",
        "in silence they revolve and evolve",
        "ammonia solution",
        "municipal waste bins",
    ],
)
def test_look_alikes_stay_look_alikes(text: str) -> None:
    assert not concepts(text)


def test_no_word_of_the_goods_tables_is_a_slip() -> None:
    """Tariff wording, goods by value and mass, and every text that the files call innocent."""
    texts = [e.text for e in LEXICON.examples if set(WEAPON_CONCEPTS) <= set(e.never)]
    for table in ("tariff", "value_bands", "mass_bands", "density"):
        with (ROOT / "sops" / "tables" / f"{table}.csv").open(encoding="utf-8") as rows:
            texts += [value for row in csv.DictReader(rows) for value in row.values() if value]
    words = {word for text in texts for word in words_of(text).split()}
    raising = {
        p.strip()
        for n, p in enumerate(LEXICON.words)
        if p not in AS_WRITTEN and _raises(n)
    }  # fmt: skip
    assert len(raising) > 5_000
    meant = {"exhaaust", "keychian", "silecner", "reovlver", "ammuniition"}  # slips that examples make on purpose
    assert sorted(words & raising - meant) == []


def _raises(pattern: int) -> bool:
    first, last = LEXICON.pattern_first[pattern], LEXICON.pattern_first[pattern + 1]
    return any(ALARMING >> LEXICON.terms[t].concept & 1 for t in LEXICON.pattern_terms[first:last])


def test_the_number_of_slips_is_bounded() -> None:
    """The search stays one pass over a list that a machine holds easily."""
    made = len(LEXICON.words) - len(AS_WRITTEN)
    assert 0 < made < 100_000
    assert sum(map(len, LEXICON.words)) < 8_000_000


def test_a_lexicon_has_its_slips_in_the_same_order_each_time() -> None:
    loaded = load_lexicon(ROOT / "sops" / "lexicons")
    assert " reovlver" in loaded.words
    assert loaded.words == LEXICON.words
