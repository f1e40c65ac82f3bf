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

from riskscore.folding import Folded, Index, fold_batch
from riskscore.lexicon import BREAK_WORD, NUMBER, PURPOSE, Lexicon, name_of
from riskscore.manipulation import SPACED_RUN, plain_readings, suspicious
from riskscore.phrases import find_phrases, words_with
from riskscore.text_matches import crosses, in_own_script, pattern_hits, raw_span, tokens, word_stream
from riskscore.text_weighing import (
    COUNTS,
    INSIDE,
    LOOKALIKE,
    LOWERED,
    MASKED,
    STATUS,
    UNSETTLED,
    VAGUE,
    WEAPONS,
    covered,
    has,
    longest_wins,
    lower,
    rank,
    settle,
)

__all__ = [
    "COUNTS",
    "INSIDE",
    "LOWERED",
    "MASKED",
    "STATUS",
    "UNSETTLED",
    "GoodsText",
    "Hits",
    "check_examples",
    "read_descriptions",
    "read_goods",
]

_AMBIGUOUS, _MANIPULATED, _CALIBRE = NUMBER["ambiguous"], NUMBER["manipulated"], NUMBER["calibre"]


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
    odd = np.flatnonzero(folded.odd)
    dressed = (hits.status == COUNTS) & has(WEAPONS, hits.concept)
    base = folded.begin[hits.text]
    dressed &= np.searchsorted(odd, base + hits.end) > np.searchsorted(odd, base + hits.start)
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
    stream, at = word_stream(folded.codes)
    begins, tokens_informative = tokens(stream)
    term, first, last, core = find_phrases(stream, lexicon.phrases)
    one_thing = ~crosses(folded.codes, at[first], at[last - 1])
    term, first, last, core = term[one_thing], first[one_thing], last[one_thing], core[one_thing]
    start, end = raw_span(folded, at[first], at[last - 1] + 1)
    own = in_own_script(folded, lexicon.columns["scripts"][term], start, end)
    term, start, end, core = term[own], start[own], end[own], core[own]
    calibre = pattern_hits(folded, lexicon)
    if len(calibre[0]):
        more_start, more_end = raw_span(folded, calibre[1], calibre[2])
        term = np.concatenate([term, calibre[0]])
        start, end = np.concatenate([start, more_start]), np.concatenate([end, more_end])
        core = np.concatenate([core, calibre[2] - calibre[1]])
    columns = lexicon.columns
    concept = columns["concept"][term]
    order = np.lexsort((term, rank(concept, columns["needs_cue"][term]), -core, -end, start))
    term, start, end, concept, core = term[order], start[order], end[order], concept[order], core[order]
    text = folded.text_of(start)
    token_raw = folded.origin[at[begins]]
    token_text = folded.text_of(token_raw)

    status = np.zeros(len(term), np.int64)
    by = np.full(len(term), -1, np.int64)
    longest_wins(start, end, core, concept, columns["scope"][term], status, by)
    says_nothing = (concept == VAGUE) | (concept == PURPOSE) | (concept == BREAK_WORD)
    informative = tokens_informative & ~covered(token_raw, start[says_nothing], end[says_nothing])
    lower(folded, lexicon, term, concept, start, end, status, by, token_raw[informative])
    twins = (status == INSIDE) & (by >= 0) & (start == start[by]) & (end == end[by])
    says = np.bincount(token_text[informative], minlength=len(folded.begin) - 1)
    # Words that say something and of which nothing is known, in texts whose other words are a maker's name alone.
    alone = (columns["alone"][term] > 0) & (status == COUNTS)
    named = informative & covered(token_raw, start[alone], end[alone])
    speaks = (status != LOWERED) & (concept != BREAK_WORD) & (concept != PURPOSE)
    known = informative & covered(token_raw, start[speaks], end[speaks])
    unknown = np.where(
        np.bincount(token_text[known & ~named], minlength=len(says)) > 0,
        np.iinfo(np.int64).max,
        says - np.bincount(token_text[known], minlength=len(says)),
    )
    settle(lexicon, term, concept, text, status, by, twins, unknown)
    # Vague words make a text vague only when it holds nothing else; a settled meaning of the same word comes first.
    status[(concept == VAGUE) & (status == COUNTS) & (says[text] > 0)] = INSIDE
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


def _undo_manipulation(texts: list[str], folded: Folded, lexicon: Lexicon, hits: Hits) -> Hits:
    """Terms that show only when digits are read as letters and letters written apart are joined."""
    position = suspicious(folded.codes)
    found = hits.take(np.zeros(0, np.int64))
    if not len(position):
        return found
    chosen = np.unique(folded.text_of(folded.origin[position]))
    chosen = chosen[_promising([texts[i] for i in chosen], lexicon)]
    if not len(chosen):
        return found
    part = fold_batch([texts[i] for i in chosen])
    # What was already read as typed, or masked there, is not a manipulation.
    seen = hits.take(np.flatnonzero(has(WEAPONS | (1 << LOOKALIKE), hits.concept) & (hits.status != UNSETTLED)))
    base = folded.begin
    columns = lexicon.columns
    for joined, changed in plain_readings(part):
        again = _analyse(joined, lexicon, changed).hits
        good = (again.status == COUNTS) & has(WEAPONS & ~(1 << _CALIBRE), again.concept)
        size = again.end - again.start
        good &= np.where(columns["needs_cue"][again.term] == 0, size >= SPACED_RUN, size > SPACED_RUN)  # settled by now
        again = again.take(good)
        again.text[:] = chosen[again.text]
        known = _concatenate([seen, found])
        span = base[known.text] + known.start, base[known.text] + known.end
        order = np.argsort(span[0], kind="stable")
        new = ~covered(base[again.text] + again.start, span[0][order], span[1][order])
        found = _concatenate([found, again.take(new)])
    return found


def _promising(texts: list[str], lexicon: Lexicon) -> Index:
    """The texts in which a word, once written plainly, is one that the lexicon knows."""
    part = fold_batch(texts)
    good = np.zeros(len(texts), np.bool_)
    for plain, changed in plain_readings(part):
        stream, at = word_stream(plain.codes)
        words = words_with(stream, changed[at], lexicon.phrases)
        good[part.text_of(plain.origin[at[words]])] = True
    return np.flatnonzero(good)


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
