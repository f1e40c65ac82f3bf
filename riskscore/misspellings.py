"""Slips of the finger in long telling words, made when the lexicon compiles: a letter more, one less, two swapped.

Only words that a slip does not turn into another word are varied. The search stays one pass: a misspelt word is one
more thing to look for, and it stands for the term it was made from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

SHORTEST = 8  # letters of a word with its usual ending
SHORTEST_CALMING = 7  # a word that only masks or lowers others raises no concern
MAX_CUT = 5  # the longest ending


@dataclass(frozen=True, slots=True)
class Written:
    """A term that is looked for with slips.

    Parameters
    ----------
    number : int
        Of the term.
    phrase : str
        Its folded words, the last one without its ending.
    letters : int
        Of the phrase with that ending.
    exact : bool
        Whether no ending may follow.
    calms : bool
        Whether it only masks or lowers others.
    """

    number: int
    phrase: str
    letters: int
    exact: bool
    calms: bool


def misspellings(terms: Iterable[Written], known: Iterable[str]) -> dict[str, list[int]]:
    """Search patterns of misspelt words, and the numbers of the terms they stand for.

    A calming phrase is found with the same slips in its telling words ("exhaust silecner"), else a slip would undo it.

    Parameters
    ----------
    terms : iterable of Written
    known : iterable of str
        Every word that is a word already; none of these, with or without an ending, is taken for a slip.
    """
    taken = {word[: len(word) - cut] for word in known for cut in range(MAX_CUT + 1)}
    found: dict[str, list[int]] = {}
    telling: dict[str, list[str]] = {}
    phrases: list[Written] = []
    for term in terms:
        if " " in term.phrase:
            phrases.append(term)
        elif term.phrase.isalpha() and term.letters >= (SHORTEST_CALMING if term.calms else SHORTEST):
            slips = [slip for slip in _slips(term.phrase) if slip not in taken]
            if not term.calms:
                telling[term.phrase] = slips
            _add(found, term, slips)
    for term in phrases:
        if term.calms:
            _add(found, term, _slips_within(term.phrase.split(), telling))
    return found


def _add(found: dict[str, list[int]], term: Written, slips: Iterable[str]) -> None:
    tail = " " if term.exact else ""
    for slip in slips:
        numbers = found.setdefault(f" {slip}{tail}", [])
        if term.number not in numbers:
            numbers.append(term.number)


def _slips(word: str) -> Iterator[str]:
    """The word with two neighbours swapped, one letter left out, or one doubled; the first letter stays."""
    for i in range(1, len(word) - 1):
        if word[i] != word[i + 1]:
            yield word[:i] + word[i + 1] + word[i] + word[i + 2 :]
        yield word[:i] + word[i + 1 :]
    for i in range(len(word)):
        yield word[: i + 1] + word[i:]


def _slips_within(words: list[str], telling: dict[str, list[str]]) -> Iterator[str]:
    """A phrase with a slip in one of its telling words, whatever ending that one carries."""
    for place, word in enumerate(words):
        for cut in range(min(MAX_CUT, len(word)) + 1):
            stem, ending = word[: len(word) - cut], word[len(word) - cut :]
            for slip in telling.get(stem, ()):
                yield " ".join([*words[:place], slip + ending, *words[place + 1 :]])
