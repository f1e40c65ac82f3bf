"""Slips in long telling words, made when the lexicon compiles: a letter more, one less, two swapped, one read wrongly.

Only words that a slip does not turn into another word are varied. The search stays one pass: a misspelt word is one
more thing to look for, and it stands for the word it was made from, alone or within a phrase.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

SHORTEST = 8  # letters of a word with its usual ending; one less where it only masks or lowers others
SHORTEST_SWAPPED, SHORTEST_DOUBLED = 6, 6  # slips that rarely make another word
SHORTEST_NAME, SHORTEST_NAME_SWAPPED = 5, 7
MAX_CUT = 5  # the longest ending
# What a scanner, or somebody who imitates one, makes of letters.
READ_AS = (("m", "rn"), ("rn", "m"), ("l", "i"), ("i", "l"), ("w", "vv"), ("d", "cl"), ("cl", "d"))


@dataclass(frozen=True, slots=True)
class Written:
    """A word that is looked for with slips.

    Parameters
    ----------
    text : str
        Folded, without its ending.
    letters : int
        With that ending.
    calms : bool
        Whether it only masks or lowers others.
    name : bool
        Whether it is a maker's: names are spelt as their owners like, and varied less.
    """

    text: str
    letters: int
    calms: bool = False
    name: bool = False


def misspellings(words: Iterable[Written], known: Iterable[str]) -> dict[str, list[str]]:
    """The slips of each word.

    Parameters
    ----------
    words : iterable of Written
    known : iterable of str
        Every word that is a word already; none of these, with or without an ending, is taken for a slip.
    """
    taken = {word[: len(word) - cut] for word in known for cut in range(MAX_CUT + 1)}
    found: dict[str, dict[str, None]] = {}
    for word in words:
        if word.text.isascii() and word.text.isalpha():
            slips = found.setdefault(word.text, {})
            slips.update((slip, None) for slip in _slips_of(word) if slip not in taken)
    return {text: list(slips) for text, slips in found.items() if slips}


def _slips_of(word: Written) -> Iterator[str]:
    size = word.letters + word.calms
    if word.name:
        if size >= SHORTEST_NAME:
            yield from _read_wrongly(word.text)
            yield from _doubled(word.text)
        if size >= SHORTEST_NAME_SWAPPED:
            yield from _swapped(word.text)
        return
    if size >= SHORTEST:
        yield from _left_out(word.text)
    if size >= SHORTEST_SWAPPED:
        yield from _swapped(word.text)
    if size >= SHORTEST_DOUBLED:
        yield from _doubled(word.text)
        yield from _read_wrongly(word.text)


def _swapped(word: str) -> Iterator[str]:
    """Two neighbours swapped; the first letter stays."""
    for i in range(1, len(word) - 1):
        if word[i] != word[i + 1]:
            yield word[:i] + word[i + 1] + word[i] + word[i + 2 :]


def _left_out(word: str) -> Iterator[str]:
    """One letter left out, not the first."""
    for i in range(1, len(word) - 1):
        yield word[:i] + word[i + 1 :]


def _doubled(word: str) -> Iterator[str]:
    for i in range(len(word)):
        yield word[: i + 1] + word[i:]


def _read_wrongly(word: str) -> Iterator[str]:
    """One letter, or pair, taken for what looks like it."""
    for seen, read in READ_AS:
        place = word.find(seen)
        while place >= 0:
            yield word[:place] + read + word[place + len(seen) :]
            place = word.find(seen, place + 1)
