"""Slips of the finger: which are found, and that none of them is a word of its own."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest
from factory import ROOT, the_engine

from riskscore.goods_text import read_goods
from riskscore.lexicon import WEAPON_CONCEPTS, bit, load_lexicon, words_of
from riskscore.lexicon_files import Draft, read_file
from riskscore.misspellings import Written, misspellings

LEXICON = the_engine().lexicon
ALARMING = bit(list(WEAPON_CONCEPTS))


def _as_written() -> set[str]:
    draft = Draft()
    for path in sorted((ROOT / "sops" / "lexicons").glob("*.yml")):
        read_file(path, draft, [])
    return {part.text for ways in draft.ways for way in ways for part in way}


AS_WRITTEN = _as_written()


def slips(word: str, calms: bool = False, name: bool = False, known: tuple[str, ...] = ()) -> set[str]:
    return set(misspellings([Written(word, len(word), calms, name)], [word, *known]).get(word, ()))


def concepts(text: str) -> int:
    return int(read_goods([text], LEXICON).concepts[0]) & ALARMING


def test_a_letter_more_a_letter_less_or_two_swapped() -> None:
    found = slips("revolver")
    assert {"revovler", "revolveer", "rrevolver", "revoler"} <= found
    assert not {"erevolv", "evolver", "revolve", "rovelver", "revilver"} & found
    assert len(found) < 3 * len("revolver")


def test_the_shorter_the_word_the_fewer_slips() -> None:
    assert {"shogtun", "shottgun"} <= slips("shotgun")
    assert "shogun" not in slips("shotgun")
    assert "shogun" in slips("shotgun", calms=True)
    assert slips("pistol") >= {"pisstol", "pistoi", "plstol"}
    assert "pitsol" in slips("pistol")
    assert "pitol" not in slips("pistol")
    assert not slips("rifle")


def test_a_word_is_read_wrongly() -> None:
    assert {"arnmunition", "ammunitlon"} <= slips("ammunition")
    assert {"giock", "gllock"} <= slips("glock", name=True)
    assert not {"golck", "glck"} & slips("glock", name=True), "names are varied less"
    assert {"vveapon", "hancl gun"} & slips("weapon") == {"vveapon"}


def test_a_slip_that_is_a_word_is_none() -> None:
    assert "silener" in slips("silencer")
    assert "silener" not in slips("silencer", known=("silener",))
    assert "silener" not in slips("silencer", known=("silenern",)), "nor one that a word is made of"


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
    raising = {word for n, word in enumerate(LEXICON.phrases.words) if word not in AS_WRITTEN and _raises(n)}
    assert len(raising) > 5_000
    meant = {"exhaaust", "keychian", "silecner", "reovlver", "ammuniition"}  # slips that examples make on purpose
    assert sorted(words & raising - meant) == []


def _raises(word: int) -> bool:
    """Does it tell of arms by itself?"""
    table = LEXICON.phrases
    states = table.begins[table.begin_parts[table.begin_first[word] : table.begin_first[word + 1]]]
    terms = [t for state in states for t in table.terms[table.term_first[state] : table.term_first[state + 1]]]
    return any(ALARMING >> LEXICON.terms[t].concept & 1 for t in terms)


def test_the_number_of_slips_is_bounded() -> None:
    """A list that a machine holds easily."""
    made = len(LEXICON.phrases.words) - len(AS_WRITTEN)
    assert 0 < made < 300_000
    assert sum(map(len, LEXICON.phrases.words)) < 6_000_000


def test_a_lexicon_has_its_slips_in_the_same_order_each_time(tmp_path: Path) -> None:
    shutil.copy(ROOT / "sops" / "lexicons" / "bs.yml", tmp_path)
    one, other = load_lexicon(tmp_path), load_lexicon(tmp_path)
    assert "reovlver" in one.phrases.words
    assert one.phrases.words == other.phrases.words
