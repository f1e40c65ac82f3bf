"""All lexicon files as one table of phrases and one pattern for calibres, ready to search.

A term becomes one or more phrases over the folded word stream (lower case, no marks, Latin letters, one blank between
words); inflection endings are verified after the match.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, overload

import numpy as np
import re2
from numpy.typing import NDArray

from riskscore.concepts import (
    BREAK_WORD,
    CONCEPTS,
    CUES,
    FIRST_TOPIC,
    NUMBER,
    PURPOSE,
    SCOPES,
    TOPIC_NUMBER,
    TOPICS,
    WEAPON_CONCEPTS,
    bit,
    name_of,
)
from riskscore.errors import SopError
from riskscore.lexicon_files import ANY, Draft, Example, Term, pattern_options, read_file, words_of
from riskscore.misspellings import Written, misspellings
from riskscore.phrases import PhraseTable, build_phrase_table

__all__ = [
    "BREAK_WORD",
    "CONCEPTS",
    "CUES",
    "FIRST_TOPIC",
    "NUMBER",
    "PURPOSE",
    "SCOPES",
    "TOPICS",
    "TOPIC_NUMBER",
    "WEAPON_CONCEPTS",
    "Example",
    "Lexicon",
    "Patterns",
    "Term",
    "Terms",
    "bit",
    "finish",
    "load_lexicon",
    "name_of",
    "words_of",
]

# Concepts whose long words are found with a slip of the finger, too.
_TELLING = tuple(NUMBER[name] for name in WEAPON_CONCEPTS if name not in ("brand", "calibre"))
_CALMING = (NUMBER["lookalike"], NUMBER["accessory"])
_FLAGS = ("needs_cue", "comes_with", "head_last", "is_pattern")
_NUMBERS = (*_FLAGS, "alone", "concept", "cues", "unsure_cues", "lowers", "scripts")
_PATTERN_MEMORY = 64 << 20  # bytes: below, the pattern of all calibres is read ten times slower


@dataclass(frozen=True, slots=True)
class Patterns:
    """Linear-time patterns for calibres and markings, over the folded text with its punctuation.

    Parameters
    ----------
    terms : int64 array
        Number of the term of each pattern.
    anywhere : compiled pattern
        One that finds where any of them matches, with the character before it.
    which : compiled set
        Says which of them match a whole piece of text.
    """

    terms: NDArray[np.int64]
    anywhere: Any
    which: Any


@dataclass(frozen=True, slots=True)
class Terms(Sequence[Term]):
    """All terms as columns, read like a list; `Term.relatives` is kept in the columns ``tongue`` and ``calms`` only.

    Parameters
    ----------
    texts, files, languages : lists of str
        As written; names of files and of languages, each once.
    columns : dict of int64 arrays
        The other fields by name, ``file`` and ``language`` as numbers.
    """

    texts: list[str]
    files: list[str]
    languages: list[str]
    columns: dict[str, NDArray[np.int64]]

    @staticmethod
    def of(terms: Sequence[Term]) -> Terms:
        """Columns of terms; ``tongue`` is the language as a bit, ``calms`` the languages that a word calms."""
        files, languages = sorted({t.file for t in terms}), sorted({t.language for t in terms})
        columns = {n: np.array([int(getattr(t, n)) for t in terms], np.int64) for n in _NUMBERS}
        columns["scope"] = np.array([SCOPES.index(t.scope) for t in terms], np.int64)
        columns["file"] = np.array([files.index(t.file) for t in terms], np.int64)
        columns["language"] = np.array([languages.index(t.language) for t in terms], np.int64)
        bits = {name: 1 << n for n, name in enumerate(languages)}
        every = (1 << len(languages)) - 1
        bits[ANY] = every
        calms = [
            bits[t.language] | sum(bits.get(name, 0) for name in {*t.relatives} - {t.language, ANY}) for t in terms
        ]
        columns["tongue"] = np.array([bits[t.language] for t in terms], np.int64)
        columns["calms"] = np.array([c & every for c in calms], np.int64)
        return Terms([t.text for t in terms], files, languages, columns)

    def __len__(self) -> int:
        return len(self.texts)

    @overload
    def __getitem__(self, number: int) -> Term: ...
    @overload
    def __getitem__(self, number: slice) -> list[Term]: ...
    def __getitem__(self, number: int | slice) -> Term | list[Term]:
        if isinstance(number, slice):
            return [self[n] for n in range(*number.indices(len(self)))]
        value = {name: int(column[number]) for name, column in self.columns.items()}
        others: dict[str, Any] = {n: bool(value[n]) if n in _FLAGS else value[n] for n in _NUMBERS}
        return Term(
            file=self.files[value["file"]],
            language=self.languages[value["language"]],
            text=self.texts[number],
            scope=SCOPES[value["scope"]],
            **others,
        )


@dataclass(slots=True)
class Lexicon:
    """All terms, ready to search. Build it with `load_lexicon`."""

    terms: Terms = field(default_factory=lambda: Terms.of([]))
    examples: list[Example] = field(default_factory=list)
    phrases: PhraseTable = field(default_factory=lambda: build_phrase_table([], [()], [()], {}))
    patterns: Patterns | None = None

    @property
    def columns(self) -> dict[str, NDArray[np.int64]]:
        """Fields of the terms, as arrays."""
        return self.terms.columns


def load_lexicon(folder: Path) -> Lexicon:
    """Read every ``*.yml`` of a folder into one searchable lexicon.

    Raises
    ------
    SopError
        With every fault of every file.
    """
    faults: list[str] = []
    draft = Draft()
    for path in sorted(folder.glob("*.yml")):
        read_file(path, draft, faults)
    if not draft.terms and not faults:
        faults.append(f"{folder}: no lexicon files (*.yml)")
    if faults:
        raise SopError(faults)
    known = {part.text for ways in draft.ways for way in ways for part in way}
    slips = misspellings(_found_with_slips(draft), known)
    lexicon = Lexicon(Terms.of(draft.terms), draft.examples)
    lexicon.phrases = build_phrase_table(draft.ways, draft.ending_sets, draft.prefix_sets, slips)
    finish(lexicon)
    return lexicon


def _found_with_slips(draft: Draft) -> Iterator[Written]:
    """Words whose misspellings are worth a search: what tells of arms by itself, and what calms a word that does.

    A look-alike of one word matters where a term for arms would see its end ("Spritzpistole").
    """
    every = list(zip(draft.terms, draft.ways, strict=True))
    ends = tuple({w[0].text for t, ways in every if t.concept in _TELLING for w in ways if w[0].open_left})
    telling = bit([CONCEPTS[number] for number in _TELLING])
    for term, ways in every:
        calms, name = term.concept in _CALMING, term.concept == NUMBER["brand"]
        if not (term.concept in _TELLING or calms or name) or term.needs_cue or " " in term.text:
            continue
        for way in ways:
            part = way[0]
            if len(way) > 1 or part.open_right or part.prefixes or (part.open_left and (calms or name)):
                continue
            if calms and not (term.lowers & telling or part.text.endswith(ends)):
                continue
            yield Written(part.text, len(part.text) + len(words_of(term.text.partition("|")[2])), calms, name)


def finish(lexicon: Lexicon) -> None:
    """Build what is not kept in a file: all patterns in one."""
    numbers = np.flatnonzero(lexicon.columns["is_pattern"])
    if not len(numbers):
        return
    options = pattern_options(_PATTERN_MEMORY)
    options.longest_match = True  # "Kal. 12/70" before "Kal. 12", whatever the order in the file
    texts = [lexicon.terms.texts[number].encode("latin-1") for number in numbers]
    anywhere = re2.compile(b"[^a-z0-9](?:" + b"|".join(b"(?:" + text + b")" for text in texts) + b")", options)
    which = re2.Set.FullMatchSet(pattern_options(_PATTERN_MEMORY))
    for text in texts:
        which.Add(text)
    which.Compile()
    lexicon.patterns = Patterns(numbers, anywhere, which)
