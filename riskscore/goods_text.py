"""Goods descriptions → concept hits with their spans in the text as the sender typed it.

One pass over all texts of a batch: fold, find every term of every language, verify word ends and inflection, let the
longest term win, mask look-alike phrases, lower what a text only speaks *about* or is *for*, settle ambiguous words by
a second cue, and read manipulated spellings once more with the manipulation undone (which is evidence of its own).
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskscore.folding import BREAK, SPACE, Codes, Folded, Index, fold_batch, tables
from riskscore.lexicon import BREAK_WORD, FIRST_TOPIC, NUMBER, PURPOSE, SCOPES, WEAPON_CONCEPTS, Lexicon, bit, name_of

COUNTS, INSIDE, MASKED, LOWERED, UNSETTLED = range(5)
STATUS = ("counts", "inside a longer term", "masked by a look-alike", "lowered", "ambiguous, no second cue")

_LOOKALIKE, _VAGUE, _CONTEXT = NUMBER["lookalike"], NUMBER["vague"], NUMBER["context"]
_AMBIGUOUS, _MANIPULATED, _CALIBRE = NUMBER["ambiguous"], NUMBER["manipulated"], NUMBER["calibre"]
_WEAPONS = bit(list(WEAPON_CONCEPTS))
_FOR_LOWERS = _WEAPONS & ~bit(["suppressor", "conversion_device"])
_LEET = {ord(a): ord(b) for a, b in zip("0134578@$!|", "oieastbasil", strict=True)}
_LAST_LATIN = 0x2AF
_SPACED_RUN = 4  # letters written apart that make a word


@dataclass(frozen=True, slots=True)
class Hits:
    """Everything found, sorted by text and place; arrays of one length.

    Parameters
    ----------
    text, start, end : int64 arrays
        Number of the text and the half-open span of code points in it, as typed.
    concept : int64 array
        Number of a concept or topic; `lexicon.name_of` names it.
    term : int64 array
        Number in ``Lexicon.terms``.
    status : int64 array
        `COUNTS` or why it does not count.
    by : int64 array
        Row of the hit that masked or lowered this one, -1 where none did.
    """

    text: Index
    start: Index
    end: Index
    concept: Index
    term: Index
    status: Index
    by: Index

    def take(self, rows: NDArray[np.bool_] | Index) -> Hits:
        """The chosen rows (`by` is dropped: it speaks of rows of the whole)."""
        text = self.text[rows]
        by = np.full(len(text), -1, np.int64)
        return Hits(text, self.start[rows], self.end[rows], self.concept[rows], self.term[rows], self.status[rows], by)


@dataclass(frozen=True, slots=True)
class GoodsText:
    """What a batch of goods descriptions says.

    Parameters
    ----------
    concepts : int64 array (n,)
        Bit mask of the concepts and topics that count in each text.
    informative : int64 array (n,)
        Number of words that say something about the goods.
    hits : Hits
    """

    concepts: Index
    informative: Index
    hits: Hits


def read_descriptions(descriptions: pl.Series, lexicon: Lexicon) -> GoodsText:
    """`read_goods` for a column that may hold nulls; a text that many items share is read once.

    Parameters
    ----------
    descriptions : polars.Series (n,)
        Goods descriptions as typed.
    lexicon : Lexicon
    """
    coded = descriptions.fill_null("").to_arrow().dictionary_encode()
    once = read_goods(coded.dictionary.to_pylist(), lexicon)
    code = coded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    hits = once.hits
    found = np.bincount(hits.text, minlength=len(once.concepts))
    first = np.cumsum(found) - found
    count = found[code]
    before = np.cumsum(count) - count
    row = np.repeat(first[code] - before, count) + np.arange(count.sum())
    by = hits.by[row]
    # A hit's masker is a row of the same text: it moves by as much as the hit itself.
    by = np.where(by >= 0, np.arange(len(row)) + by - row, -1)
    expanded = replace(hits.take(row), text=np.repeat(np.arange(len(code)), count), by=by)
    return GoodsText(once.concepts[code], once.informative[code], expanded)


def read_goods(texts: list[str], lexicon: Lexicon) -> GoodsText:
    """Find the concepts of many goods descriptions at once.

    Parameters
    ----------
    texts : list of str
        Goods descriptions as typed; an empty string where none is known.
    lexicon : Lexicon
    """
    folded = fold_batch(texts)
    found = _analyse(folded, lexicon)
    hits = found.hits
    again = _undo_manipulation(texts, folded, lexicon, hits)
    odd = np.concatenate(([0], np.cumsum(folded.odd)))
    dressed = (hits.status == COUNTS) & _has(_WEAPONS, hits.concept)
    base = folded.begin[hits.text]
    dressed &= odd[base + hits.end] > odd[base + hits.start]
    manipulated = _concatenate([hits.take(dressed), again])
    if len(manipulated.text):
        manipulated.concept[:] = _MANIPULATED
        hits = _concatenate([hits, again, manipulated])
        order = np.lexsort((-hits.end, hits.start, hits.text))  # stable: other texts keep their order
        place = np.argsort(order)
        by = np.where(hits.by >= 0, place[hits.by], -1)
        hits = replace(hits.take(order), by=by[order])
    concepts = np.zeros(len(texts), np.int64)
    counts = hits.status == COUNTS
    np.bitwise_or.at(concepts, hits.text[counts], 1 << hits.concept[counts])
    unsettled = hits.status == UNSETTLED
    np.bitwise_or.at(concepts, hits.text[unsettled], 1 << _AMBIGUOUS)
    return GoodsText(concepts, found.informative, hits)


@dataclass(frozen=True, slots=True)
class _Found:
    hits: Hits
    informative: Index


def _concatenate(parts: list[Hits]) -> Hits:
    return Hits(**{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Hits)})


def _analyse(folded: Folded, lexicon: Lexicon, changed: NDArray[np.bool_] | None = None) -> _Found:
    """Find, verify, mask, lower and settle. `changed`: only hits that touch a changed folded character are kept."""
    stream, at = _word_stream(folded.codes)
    begins, tokens_informative = _tokens(stream)
    term, first, last, core = _verified_terms(stream, lexicon)
    one_thing = ~_crosses(folded.codes, at[first], at[last - 1])
    term, first, last, core = term[one_thing], first[one_thing], last[one_thing], core[one_thing]
    start, end = _raw_span(folded, at[first], at[last - 1] + 1)
    calibre = _patterns(folded, lexicon)
    if len(calibre[0]):
        more_start, more_end = _raw_span(folded, calibre[1], calibre[2])
        term = np.concatenate([term, calibre[0]])
        start, end = np.concatenate([start, more_start]), np.concatenate([end, more_end])
        core = np.concatenate([core, calibre[2] - calibre[1]])
    columns = lexicon.columns
    concept = columns["concept"][term]
    order = np.lexsort((term, _rank(concept, columns["needs_cue"][term]), -core, -end, start))
    term, start, end, concept, core = term[order], start[order], end[order], concept[order], core[order]
    text = folded.text_of(start)
    token_raw = folded.origin[at[begins]]
    token_text = folded.text_of(token_raw)

    status = np.zeros(len(term), np.int64)
    by = np.full(len(term), -1, np.int64)
    _longest_wins(start, end, core, concept, columns["scope"][term], status, by)
    covered = (concept == _VAGUE) | (concept == PURPOSE) | (concept == BREAK_WORD)
    informative = tokens_informative & ~_covered(token_raw, start[covered], end[covered])
    _lower(folded, lexicon, term, concept, start, end, status, by, token_raw[informative])
    twins = (status == INSIDE) & (by >= 0) & (start == start[by]) & (end == end[by])
    _settle(lexicon, term, concept, text, status, by, twins, len(folded.begin) - 1)

    says = np.bincount(token_text[informative], minlength=len(folded.begin) - 1)
    # Vague words make a text vague only when it holds nothing else; a settled meaning of the same word comes first.
    status[(concept == _VAGUE) & (status == COUNTS) & (says[text] > 0)] = INSIDE
    keep = (concept != PURPOSE) & (concept != BREAK_WORD) & (end > start)
    if changed is not None:
        touched = np.concatenate(([0], np.cumsum(np.bincount(folded.origin[changed], minlength=len(folded.raw)) > 0)))
        keep &= touched[end] > touched[start]
    new_row = np.cumsum(keep) - 1
    base = folded.begin[text]
    hits = Hits(
        text[keep],
        (start - base)[keep],
        (end - base)[keep],
        concept[keep],
        term[keep],
        status[keep],
        np.where((by >= 0) & keep[by], new_row[by], -1)[keep],
    )
    return _Found(hits, says)


def _has(mask: Index | int, concept: Index) -> NDArray[np.bool_]:
    """Is each concept in its bit mask? Steering words are in none."""
    return ((np.asarray(mask, np.int64) >> concept) & 1).astype(np.bool_) & (concept < PURPOSE)


def _rank(concept: Index, needs_cue: Index) -> Index:
    """At equal length: look-alikes first, then unambiguous terms, ambiguous ones, context, vague words."""
    rank = np.where(needs_cue > 0, 2, 1)
    rank[concept == _LOOKALIKE] = 0
    rank[concept == _CONTEXT] = 3
    rank[concept == _VAGUE] = 4
    rank[concept >= PURPOSE] = 5  # steering words and topics
    return rank


def _word_stream(codes: Codes) -> tuple[Codes, Index]:
    """Letters and digits with one blank between words, and where each character stands in `codes`."""
    table = tables()
    blank = ~table.word[codes]
    stream = np.where(blank & (codes != BREAK), SPACE, codes).astype(np.uint32)
    keep = np.ones(len(stream), np.bool_)
    keep[1:] = (stream[1:] != SPACE) | (stream[:-1] != SPACE)
    return stream[keep], np.flatnonzero(keep)


def _crosses(codes: Codes, first: Index, last: Index) -> NDArray[np.bool_]:
    """Does a comma or bracket stand inside? "9x19 ammunition, box" is not an ammunition box."""
    marks = np.concatenate(([0], np.cumsum(_between(codes, ",;()|"))))
    return marks[last] > marks[first]


def _between(codes: Codes, marks: str) -> NDArray[np.bool_]:
    """Where one of some marks stands, a decimal comma or the stroke of a fraction apart."""
    here = np.isin(codes, np.frombuffer(marks.encode("utf-32-le"), np.uint32))
    digit = (codes >= ord("0")) & (codes <= ord("9"))
    here[1:-1] &= ~(digit[:-2] & digit[2:])
    return here


def _tokens(stream: Codes) -> tuple[Index, NDArray[np.bool_]]:
    """Begin of each word in the stream, and whether it can say anything (three letters or more)."""
    wordlike = (stream != SPACE) & (stream != BREAK)
    edges = np.flatnonzero(np.diff(wordlike.astype(np.int8), prepend=0, append=0))
    begins, ends = edges[::2], edges[1::2]
    digit = np.concatenate(([0], np.cumsum((stream >= ord("0")) & (stream <= ord("9")))))
    letters = (ends - begins) - (digit[ends] - digit[begins])
    # Scripts that are not folded to Latin say more with fewer characters.
    other = np.concatenate(([0], np.cumsum(wordlike & (stream > _LAST_LATIN))))
    return begins, (letters >= 3) | (other[ends] > other[begins])


def _verified_terms(stream: Codes, lexicon: Lexicon) -> tuple[Index, Index, Index, Index]:
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


def _patterns(folded: Folded, lexicon: Lexicon) -> tuple[Index, Index, Index]:
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


def _raw_span(folded: Folded, first: Index, last: Index) -> tuple[Index, Index]:
    """Folded positions → half-open span as typed, taking in accents that belong to the last letter."""
    start = folded.origin[first]
    end = folded.origin[last - 1] + 1
    silent = tables().length[folded.raw] == 0
    if silent.any():
        while (more := silent[np.minimum(end, len(silent) - 1)]).any():
            end = end + more
    return start, end


def _longest_wins(
    start: Index, end: Index, core: Index, concept: Index, scope: Index, status: Index, by: Index
) -> None:
    """Drop hits inside a longer one; what lies inside a look-alike phrase (or is one) is masked by it."""
    if not len(start):
        return
    speaks = (concept != _VAGUE) & (concept != _CONTEXT) & (concept < PURPOSE)
    reach = np.where(speaks, end, -1)
    best = np.maximum.accumulate(reach)
    previous_best = np.concatenate(([-1], best[:-1]))
    # Of rows that reach equally far the first owns the place: it is longer, or the best reading of an equal span.
    owner = np.maximum.accumulate(np.where(reach > previous_best, np.arange(len(start)), 0))
    owner_row = np.concatenate(([0], owner[:-1]))
    inside = end <= previous_best
    same = inside & (start[owner_row] == start) & (end[owner_row] == end)
    masking = (concept[owner_row] == _LOOKALIKE) & ((scope[owner_row] == 0) | (same & _has(_WEAPONS, concept)))
    masked = inside & masking & ((concept != _LOOKALIKE) | ~same) & (concept < FIRST_TOPIC)
    status[masked] = MASKED
    longer = inside & ~masked & ~same & (concept < FIRST_TOPIC)  # topics look at words inside others, too
    status[longer] = INSIDE
    # In one compound word the term that matched more of it wins: "Luftpistole" is an air pistol, not a pistol.
    shorter = (core < core[owner_row]) & (concept < FIRST_TOPIC)
    duplicate = same & ~masked & ((concept == concept[owner_row]) | shorter)
    status[duplicate] = INSIDE
    gone = masked | longer | duplicate
    by[gone] = owner_row[gone]


def _covered(position: Index, start: Index, end: Index) -> NDArray[np.bool_]:
    """Is each position inside one of the spans?"""
    if not len(start):
        return np.zeros(len(position), np.bool_)
    order = np.argsort(start, kind="stable")
    start, reach = start[order], np.maximum.accumulate(end[order])
    row = np.searchsorted(start, position, side="right") - 1
    return (row >= 0) & (reach[np.maximum(row, 0)] > position)


def _segments(folded: Folded, break_words: Index) -> Index:
    """Sorted raw positions at which a new thing begins."""
    codes = folded.codes
    mark = _between(codes, ",;+&/()|") | (codes == BREAK)
    return np.unique(np.concatenate([folded.origin[mark], break_words]))


def _break_words(
    folded: Folded, start: Index, end: Index, breaking: NDArray[np.bool_], purpose: NDArray[np.bool_]
) -> Index:
    """Where break words stand, but not right behind a purpose word ("per i") nor as a genitive ("hunter's")."""
    rows = np.flatnonzero(breaking)
    apostrophe = np.isin(folded.raw[start[rows] - 1], (ord("'"), ord("’")))
    purpose_ends = end[purpose]
    behind = np.isin(start[rows] - 1, purpose_ends)
    return start[rows[~apostrophe & ~behind]]


def _lower(
    folded: Folded,
    lexicon: Lexicon,
    term: Index,
    concept: Index,
    start: Index,
    end: Index,
    status: Index,
    by: Index,
    informative: Index,
) -> None:
    """Lower what is not the thing itself: what it is for, what a book or toy is about, what a holster holds."""
    columns = lexicon.columns
    free = status == COUNTS
    steering = free & (concept == BREAK_WORD), free & (concept == PURPOSE)
    breaks = _segments(folded, _break_words(folded, start, end, *steering))
    segment = np.searchsorted(breaks, start, side="right")
    weapon = free & _has(_WEAPONS, concept)
    if not weapon.any():
        return
    # What stands behind "for", when something informative stands before it.
    purpose = np.flatnonzero(free & (concept == PURPOSE))
    behind = np.zeros(len(term), np.bool_)
    if len(purpose):
        segment_begin = np.concatenate(([0], breaks))[segment[purpose]]
        token = np.searchsorted(informative, segment_begin)
        has_head = (token < len(informative)) & (
            np.concatenate((informative, [np.iinfo(np.int64).max]))[token] < start[purpose]
        )
        part_before = _first_in_segment(segment, start, free & (columns["needs_cue"][term] > 0))
        has_head |= part_before[segment[purpose]] < start[purpose]
        purpose = purpose[has_head]
        first_purpose = np.full(len(breaks) + 1, np.iinfo(np.int64).max)
        np.minimum.at(first_purpose, segment[purpose], start[purpose])
        row_of = np.full(len(breaks) + 1, -1)
        row_of[segment[purpose][::-1]] = purpose[::-1]
        behind = start > first_purpose[segment]
        lowered = weapon & behind & _has(_FOR_LOWERS, concept)
        status[lowered] = LOWERED
        by[lowered] = row_of[segment[lowered]]
    scope = columns["scope"][term]
    # "holster" is a word of languages that put the head first and of others that put it last: both readings hold.
    twin = (status == INSIDE) & (by >= 0) & (start == start[by]) & (concept == concept[by])
    nested = (status == MASKED) & (concept == _LOOKALIKE)  # "tattoo" in "tattoo cartridges" still says what it is about
    for kind, head_last in ((1, None), (2, 1), (2, 0)):
        objects = (free | twin | nested) & (scope == kind) & ~behind
        if head_last is not None:
            objects &= columns["head_last"][term] == head_last
        rows = np.flatnonzero(objects)
        if not len(rows):
            continue
        mask = np.zeros(len(breaks) + 1, np.int64)
        np.bitwise_or.at(mask, segment[rows], columns["lowers"][term[rows]])
        row_of = np.full(len(breaks) + 1, -1)
        row_of[segment[rows]] = rows
        if head_last == 0:
            row_of[segment[rows[::-1]]] = rows[::-1]
        owner = row_of[segment]
        lowered = weapon & (status == COUNTS) & (owner >= 0) & _has(mask[segment], concept)
        if head_last == 1:
            lowered &= start < start[owner]
        elif head_last == 0:
            lowered &= start > start[owner]
        status[lowered] = LOWERED
        by[lowered] = owner[lowered]


def _first_in_segment(segment: Index, start: Index, chosen: NDArray[np.bool_]) -> Index:
    first = np.full(int(segment.max(initial=0)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, segment[chosen], start[chosen])
    return first


def _settle(
    lexicon: Lexicon,
    term: Index,
    concept: Index,
    text: Index,
    status: Index,
    by: Index,
    twins: NDArray[np.bool_],
    n_texts: int,
) -> None:
    """Ambiguous words count only beside a second cue in the same text."""
    columns = lexicon.columns
    needs = columns["needs_cue"][term] > 0
    accepted, unsure_accepted = columns["cues"][term].copy(), columns["unsure_cues"][term].copy()
    twin = np.flatnonzero(twins & (concept == concept[by]))  # the same word in another file: its cues hold, too
    np.bitwise_or.at(accepted, by[twin], accepted[twin])
    np.bitwise_or.at(unsure_accepted, by[twin], unsure_accepted[twin])
    concept_free = concept < PURPOSE
    scope_by = np.where(by >= 0, columns["scope"][term[by]], -1)
    # What a toy, a book or an airsoft replica lowered says nothing about the rest; what it is *for* does.
    cue = ~needs & concept_free & ((status == COUNTS) | ((status == LOWERED) & (scope_by != SCOPES.index("segment"))))
    cues = np.zeros(n_texts, np.int64)
    np.bitwise_or.at(cues, text[cue], 1 << concept[cue])
    unsure = np.zeros(n_texts, np.int64)
    open_cue = needs & (status == COUNTS)
    np.bitwise_or.at(unsure, text[open_cue], 1 << concept[open_cue])
    settled = ((cues[text] & accepted) | (unsure[text] & unsure_accepted)) != 0
    status[needs & (status == COUNTS) & ~settled] = UNSETTLED


def _undo_manipulation(texts: list[str], folded: Folded, lexicon: Lexicon, hits: Hits) -> Hits:
    """Terms that show only when digits are read as letters and letters written apart are joined."""
    codes = folded.codes
    letter = (codes >= ord("a")) & (codes <= ord("z"))
    digit_like = np.isin(codes, np.array(list(_LEET), np.uint32))
    leet = np.zeros(len(codes), np.bool_)
    leet[1:-2] = digit_like[1:-2] & letter[2:-1] & (letter[:-3] | digit_like[:-3] | letter[3:])
    position = np.flatnonzero(leet | (_apart(codes) > 0))
    found = hits.take(np.zeros(0, np.int64))
    if not len(position):
        return found
    chosen = np.unique(folded.text_of(folded.origin[position]))
    part = fold_batch([texts[i] for i in chosen])
    # What was already read as typed, or masked there, is not a manipulation.
    seen = hits.take(np.flatnonzero(_has(_WEAPONS | (1 << _LOOKALIKE), hits.concept)))
    base = folded.begin
    columns = lexicon.columns
    for one in "il":  # the digit one stands for either letter
        if one == "l" and not (part.codes == ord("1")).any():
            break
        joined, changed = _without_manipulation(part, one)
        again = _analyse(joined, lexicon, changed).hits
        good = (again.status == COUNTS) & _has(_WEAPONS & ~(1 << _CALIBRE), again.concept)
        good &= (columns["needs_cue"][again.term] == 0) & (again.end - again.start >= _SPACED_RUN)
        again = again.take(good)
        again.text[:] = chosen[again.text]
        known = _concatenate([seen, found])
        span = base[known.text] + known.start, base[known.text] + known.end
        order = np.argsort(span[0], kind="stable")
        new = ~_covered(base[again.text] + again.start, span[0][order], span[1][order])
        found = _concatenate([found, again.take(new)])
    return found


def _apart(codes: Codes) -> Codes:
    """Number of the run of single letters ("p i s t o l") that each character lies in, from 1; 0 outside of runs."""
    word = tables().word[codes]
    edges = np.flatnonzero(np.diff(word.astype(np.int8), prepend=0, append=0))
    begins, ends = edges[::2], edges[1::2]
    runs = np.zeros(len(codes), np.uint32)
    single = (ends - begins == 1) & (codes[begins] >= ord("a")) & (codes[begins] <= ord("z"))
    if np.count_nonzero(single) < _SPACED_RUN:
        return runs
    breaks = np.concatenate(([0], np.cumsum(codes == BREAK)))
    new_text = np.diff(breaks[begins], prepend=-1) != 0
    groups = np.cumsum(~single | new_text | np.concatenate(([True], ~single[:-1])))
    size = np.bincount(groups[single], minlength=int(groups[-1]) + 1)
    for number, group in enumerate(np.flatnonzero(size >= _SPACED_RUN), start=1):  # few texts write like that
        members = np.flatnonzero(single & (groups == group))
        runs[begins[members[0]] : ends[members[-1]]] = number
    return runs


def _without_manipulation(part: Folded, one: str) -> tuple[Folded, NDArray[np.bool_]]:
    """The same texts with digits read as letters inside words, and letters written apart joined."""
    codes = part.codes.copy()
    letter = (codes >= ord("a")) & (codes <= ord("z"))
    changed = np.zeros(len(codes), np.bool_)
    near = np.zeros(len(codes), np.bool_)
    near[1:-1] = letter[:-2] | letter[2:]
    for source, target in {**_LEET, ord("1"): ord(one)}.items():
        here = near & (part.codes == source)
        codes[here] = target
        changed |= here
    inside = _apart(part.codes) > 0
    changed |= inside & letter
    keep = ~inside | tables().word[part.codes]
    return Folded(codes[keep], part.origin[keep], part.raw, part.begin, part.odd), changed[keep]


def check_examples(lexicon: Lexicon) -> list[str]:
    """Run the examples inside the lexicon files; one line for each that does not hold."""
    found = read_goods([e.text for e in lexicon.examples], lexicon)
    hits = found.hits
    faults = []
    for number, example in enumerate(lexicon.examples):
        rows = np.flatnonzero((hits.text == number) & np.isin(hits.status, (COUNTS, UNSETTLED)))
        seen: dict[str, list[str]] = {}
        for row in rows:
            concept = "ambiguous" if hits.status[row] == UNSETTLED else name_of(int(hits.concept[row]))
            seen.setdefault(concept, []).append(example.text[hits.start[row] : hits.end[row]])
        where = f"{example.file}: example {example.text!r}"
        for concept, words in example.finds.items():
            for word in words:
                if word not in seen.get(concept, []):
                    faults.append(f"{where}: should find {concept} {word!r}, sees {seen or 'nothing'}")
        for concept in example.never:
            if concept in seen:
                faults.append(f"{where}: must not find {concept}, sees {seen[concept]}")
    return faults
