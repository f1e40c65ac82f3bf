"""Finding: terms and patterns in a folded batch of texts, their word ends verified, their spans as typed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from riskscore.folding import ASCII, BREAK, SPACE, Codes, Folded, Index, runs, tables
from riskscore.lexicon import Lexicon

_LAST_LATIN = 0x2AF


def word_stream(codes: Codes) -> tuple[Codes, Index]:
    """Letters and digits with one blank between words, and where each character stands in `codes`."""
    table = tables()
    blank = ~table.word[codes]
    stream = np.where(blank & (codes != BREAK), SPACE, codes).astype(np.uint32)
    keep = np.ones(len(stream), np.bool_)
    keep[1:] = (stream[1:] != SPACE) | (stream[:-1] != SPACE)
    return stream[keep], np.flatnonzero(keep)


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


def among(codes: Codes, characters: str) -> NDArray[np.bool_]:
    """Where one of some ASCII characters stands."""
    chosen = np.zeros(ASCII + 1, np.bool_)
    chosen[[ord(c) for c in characters]] = True
    return chosen[np.minimum(codes, ASCII)]


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


def verified_terms(stream: Codes, lexicon: Lexicon) -> tuple[Index, Index, Index, Index]:
    """Terms in the word stream whose word ends hold.

    Returns
    -------
    term, first, last, core
        The span is the whole inflected or compound word, ``core`` the length of what the term itself matched.
    """
    haystack = stream.astype("<u4").tobytes().decode("utf-32-le", "replace")
    found = lexicon.automaton.find_matches_as_indexes(haystack, overlapping=True)
    if not found:
        empty = np.zeros(0, np.int64)
        return empty, empty, empty, empty
    matches = np.array(found, np.int64)
    pattern, first, last = matches[:, 0], matches[:, 1], matches[:, 2]
    counts = lexicon.pattern_first[pattern + 1] - lexicon.pattern_first[pattern]
    rows = np.repeat(np.arange(len(pattern)), counts)
    within = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    term = lexicon.pattern_terms[lexicon.pattern_first[pattern[rows]] + within]
    first = first[rows] + (stream[first[rows]] == SPACE)
    last = last[rows] - (stream[last[rows] - 1] == SPACE)
    gaps = np.flatnonzero((stream == SPACE) | (stream == BREAK))
    word_end = gaps[np.searchsorted(gaps, last)]
    word_begin = gaps[np.searchsorted(gaps, first) - 1] + 1
    columns = lexicon.columns
    rest = word_end - last
    good = (rest == 0) | (columns["open_right"][term] > 0)
    ask = np.flatnonzero(~good & (rest <= 5) & (columns["endings"][term] > 0))
    if len(ask):
        key = np.zeros(len(ask), np.uint64)
        for k in range(5):
            live = rest[ask] > k
            letter = np.where(live, stream[np.minimum(last[ask] + k, len(stream) - 1)], 0).astype(np.uint64)
            key |= np.minimum(letter, 0xFFF) << np.uint64(12 * k)
        which = columns["endings"][term[ask]]
        for number in np.unique(which):
            chosen = which == number
            good[ask[chosen]] = np.isin(key[chosen], lexicon.ending_sets[number])
    prefix = first - word_begin
    good &= (prefix == 0) | ((columns["open_left"][term] > 0) & (prefix >= 3))
    # An ending belongs to the term; the rest of a compound does not.
    core = np.where(columns["open_right"][term] > 0, last, word_end) - first
    return term[good], word_begin[good], word_end[good], core[good]


def pattern_hits(folded: Folded, lexicon: Lexicon) -> tuple[Index, Index, Index]:
    """Calibres and markings in the folded text with its punctuation: (term, first, last) in folded positions."""
    if lexicon.any_pattern is None:
        empty = np.zeros(0, np.int64)
        return empty, empty, empty
    codes = folded.codes
    text = np.where(codes < 256, codes, 0x7F).astype(np.uint8)
    text[codes == BREAK] = 0
    buffer = text.tobytes()
    known: dict[bytes, list[int]] = {}
    term, first, last = [], [], []
    place = 0
    while (match := lexicon.any_pattern.search(buffer, place)) is not None:  # over what is found, which is little
        begin, end = match.span()
        if end == begin or not _stands_alone(buffer, begin, end):
            place = begin + 1  # a sound match may begin inside this one
            continue
        place = end
        piece = buffer[begin:end]
        if piece not in known:
            known[piece] = [p.term for p in lexicon.patterns if p.regex.fullmatch(piece)]
        for number in known[piece]:
            term.append(number)
            first.append(begin)
            last.append(end)
    return np.array(term, np.int64), np.array(first, np.int64), np.array(last, np.int64)


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
