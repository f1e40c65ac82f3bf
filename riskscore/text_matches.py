"""Finding: the word stream of a folded batch, calibre patterns in it, and spans as typed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from riskscore.folding import (
    BREAK,
    CYRILLIC,
    GREEK,
    LATIN,
    SPACE,
    WORD_BEFORE_NUMBER,
    WORD_BEHIND_NUMBER,
    Codes,
    Folded,
    Index,
    is_ideograph,
    runs,
    tables,
)
from riskscore.lexicon import Lexicon
from riskscore.manipulation import among, is_letter

_LAST_LATIN = 0x2AF
_FIRST_GREEK = 0x370


def word_stream(codes: Codes) -> tuple[Codes, Index]:
    """Letters and digits with one blank between words, and where each character stands in `codes`."""
    table = tables()
    blank = ~table.word[codes]
    stream = np.where(blank & (codes != BREAK), SPACE, codes).astype(np.uint32)
    keep = np.ones(len(stream), np.bool_)
    keep[1:] = (stream[1:] != SPACE) | (stream[:-1] != SPACE)
    at = np.flatnonzero(keep)
    stream = stream[keep]
    places = _run_on(stream)
    signs = np.flatnonzero(is_ideograph(stream))
    if len(signs):  # a blank before each, and behind each that no blank follows yet
        beside = signs[stream[signs - 1] != SPACE], signs[stream[signs + 1] != SPACE] + 1
        places = np.unique(np.concatenate([places, *beside]))
    if len(places):
        stream, at = np.insert(stream, places, SPACE), np.insert(at, places, at[places])
    return stream, at


def _run_on(stream: Codes) -> Index:
    """Where a number runs on behind a word, or a word behind a number: glock|19|gen5, but not mp5 or 9mm."""
    digit = np.flatnonzero(_is_digit(stream))
    last = len(stream) - 1
    behind, ahead = (
        np.logical_and.reduce([is_letter(stream[np.clip(digit + step * n, 0, last)]) for n in range(1, letters + 1)])
        for step, letters in ((-1, WORD_BEFORE_NUMBER), (1, WORD_BEHIND_NUMBER))
    )
    return np.unique(np.concatenate([digit[behind], digit[ahead] + 1]))


def crosses(codes: Codes, first: Index, last: Index) -> NDArray[np.bool_]:
    """Does a comma or bracket stand inside? "9x19 ammunition, box" is not an ammunition box."""
    marks = between(codes, ",;()|")
    return np.searchsorted(marks, last) > np.searchsorted(marks, first)


def between(codes: Codes, marks: str) -> Index:
    """Positions of some marks, ascending, a decimal comma or the stroke of a fraction apart."""
    here = np.flatnonzero(among(codes, marks))
    inner = here[(here > 0) & (here < len(codes) - 1)]
    fraction = inner[_is_digit(codes[inner - 1]) & _is_digit(codes[inner + 1])]
    return here[~np.isin(here, fraction)] if len(fraction) else here


def _is_digit(codes: Codes) -> NDArray[np.bool_]:
    return (codes >= ord("0")) & (codes <= ord("9"))


def tokens(stream: Codes) -> tuple[Index, NDArray[np.bool_]]:
    """Begin of each word in the stream, and whether it can say anything (three letters or more)."""
    wordlike = (stream != SPACE) & (stream != BREAK)
    begins, ends = runs(wordlike)
    digits = np.searchsorted(begins, np.flatnonzero(_is_digit(stream)), side="right") - 1
    letters = (ends - begins) - np.bincount(digits, minlength=len(begins))
    # Scripts that are not folded to Latin say more with fewer characters.
    other = np.flatnonzero(stream > _LAST_LATIN)
    says = letters >= 3
    says[np.searchsorted(begins, other[wordlike[other]], side="right") - 1] = True
    return begins, says


def pattern_hits(folded: Folded, lexicon: Lexicon) -> tuple[Index, Index, Index]:
    """Calibres and markings in the folded text with its punctuation: (term, first, last) in folded positions."""
    if lexicon.patterns is None:
        empty = np.zeros(0, np.int64)
        return empty, empty, empty
    codes = folded.codes
    text = np.where(codes < 256, codes, 0x7F).astype(np.uint8)
    text[codes == BREAK] = 0
    buffer = text.tobytes()
    patterns = lexicon.patterns
    known: dict[bytes, list[int]] = {}
    found, first, last = [], [], []
    place = 0
    while (match := patterns.anywhere.search(buffer, place)) is not None:  # over what is found, which is little
        begin, end = match.span()
        begin += 1  # what stands before is no letter or digit
        if end <= begin or not _stands_alone(buffer, begin, end):
            place = begin  # a sound match may begin inside this one
            continue
        place = end
        piece = buffer[begin:end]
        if piece not in known:
            known[piece] = sorted(patterns.which.Match(piece))
        for number in known[piece]:
            found.append(number)
            first.append(begin)
            last.append(end)
    return patterns.terms[np.array(found, np.int64)], np.array(first, np.int64), np.array(last, np.int64)


def _stands_alone(buffer: bytes, begin: int, end: int) -> bool:
    """No letter or digit touches the match, and no further dimension follows (7.62x39x10) or precedes it."""
    before, after = buffer[begin - 1 : begin], buffer[end : end + 1]
    if before.isalnum() or after.isalnum() or b"\0" in buffer[begin:end]:
        return False
    if before and before in b".," and buffer[begin - 2 : begin - 1].isdigit():
        return False
    return not (after and after in b".,x*" and buffer[end + 1 : end + 2].isdigit())


def raw_span(folded: Folded, first: Index, last: Index) -> tuple[Index, Index]:
    """Folded positions → half-open span as typed, taking in accents that belong to the last letter."""
    start = folded.origin[first]
    end = folded.origin[last - 1] + 1
    length, most = tables().length, len(folded.raw) - 1
    while (more := length[folded.raw[np.minimum(end, most)]] == 0).any():
        end = end + more
    return start, end


def in_own_script(folded: Folded, scripts: Index, start: Index, end: Index) -> NDArray[np.bool_]:
    """Is each span written in scripts that its term counts in? Twins that imitate other letters are left out."""
    special = np.flatnonzero(folded.raw >= _FIRST_GREEK)
    written = tables().script[folded.raw[special]]
    written[folded.odd[special]] = 0
    good = (scripts & LATIN) > 0
    for script in (CYRILLIC, GREEK):
        places = special[written == script]
        there = np.searchsorted(places, end) > np.searchsorted(places, start)
        good = np.where(there, (scripts & script) > 0, good)
    return good
