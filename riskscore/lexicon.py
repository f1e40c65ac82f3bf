"""All lexicon files as one table of phrases and one pattern for calibres, ready to search.

A term becomes one or more phrases over the folded word stream (lower case, no marks, Latin letters, one blank between
words); inflection endings are verified after the match.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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
    "bit",
    "finish",
    "load_lexicon",
    "name_of",
    "words_of",
]

# Concepts whose long words are found with a slip of the finger, too.
_TELLING = tuple(NUMBER[name] for name in WEAPON_CONCEPTS if name not in ("brand", "calibre"))
_CALMING = (NUMBER["lookalike"], NUMBER["accessory"])
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


@dataclass(slots=True)
class Lexicon:
    """All terms, ready to search. Build it with `load_lexicon`."""

    terms: list[Term] = field(default_factory=list)
    examples: list[Example] = field(default_factory=list)
    phrases: PhraseTable = field(default_factory=lambda: build_phrase_table([], [()], [()], {}))
    patterns: Patterns | None = None
    columns: dict[str, NDArray[np.int64]] = field(default_factory=dict)  # fields of the terms, as arrays


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
    lexicon = Lexicon(draft.terms, draft.examples)
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
            if len(way) > 1 or part.open_left or part.open_right or part.prefixes:
                continue
            if calms and not (term.lowers & telling or part.text.endswith(ends)):
                continue
            yield Written(part.text, len(part.text) + len(words_of(term.text.partition("|")[2])), calms, name)


def finish(lexicon: Lexicon) -> None:
    """Build what is not kept in a file: the terms as columns, and all patterns in one."""
    names = ("concept", "needs_cue", "cues", "unsure_cues", "lowers", "comes_with", "alone", "head_last", "scripts")
    lexicon.columns = {n: np.array([int(getattr(t, n)) for t in lexicon.terms], np.int64) for n in names}
    lexicon.columns["scope"] = np.array([SCOPES.index(t.scope) for t in lexicon.terms], np.int64)
    languages = {name: 1 << n for n, name in enumerate(sorted({t.language for t in lexicon.terms} - {ANY}))}
    every = (1 << len(languages)) - 1 or 1
    own = [languages.get(t.language, every) for t in lexicon.terms]
    calms = [
        bits | sum(languages.get(name, 0) for name in {*t.relatives} - {t.language})
        for bits, t in zip(own, lexicon.terms, strict=True)
    ]
    lexicon.columns["tongue"] = np.array(own, np.int64)
    lexicon.columns["calms"] = np.array([c & every for c in calms], np.int64)
    numbers = [number for number, term in enumerate(lexicon.terms) if term.is_pattern]
    if not numbers:
        return
    options = pattern_options(_PATTERN_MEMORY)
    options.longest_match = True  # "Kal. 12/70" before "Kal. 12", whatever the order in the file
    texts = [lexicon.terms[number].text.encode("latin-1") for number in numbers]
    anywhere = re2.compile(b"[^a-z0-9](?:" + b"|".join(b"(?:" + text + b")" for text in texts) + b")", options)
    which = re2.Set.FullMatchSet(pattern_options(_PATTERN_MEMORY))
    for text in texts:
        which.Add(text)
    which.Compile()
    lexicon.patterns = Patterns(np.array(numbers, np.int64), anywhere, which)
