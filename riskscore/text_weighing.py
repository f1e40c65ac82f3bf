"""Weighing: which hits count. The longest term wins, look-alikes mask, what a text is only about or for is lowered,
and ambiguous words settle beside a second cue."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from riskscore.folding import BREAK, Folded, Index
from riskscore.lexicon import BREAK_WORD, FIRST_TOPIC, NUMBER, PURPOSE, SCOPES, WEAPON_CONCEPTS, Lexicon, bit
from riskscore.phrases import ranges
from riskscore.text_matches import between

COUNTS, INSIDE, MASKED, LOWERED, UNSETTLED = range(5)
STATUS = ("counts", "inside a longer term", "masked by a look-alike", "lowered", "ambiguous, no second cue")

SEGMENT = SCOPES.index("segment")
LOOKALIKE, VAGUE, CONTEXT = NUMBER["lookalike"], NUMBER["vague"], NUMBER["context"]
WEAPONS = bit(list(WEAPON_CONCEPTS))
_FOR_LOWERS = WEAPONS & ~bit(["suppressor", "conversion_device"])

# A word that may name a maker, one that may be a calibre, one that may be an arm or a part: little else has all three.
_MODELS = bit(["firearm", "brand"])
_NAMES, _SIZES = bit(["brand"]), bit(["calibre"])
_ARMS = bit(["firearm"])
_THINGS = bit(["firearm", "firearm_part", "ammunition"])


def has(mask: Index | int, concept: Index) -> NDArray[np.bool_]:
    """Is each concept in its bit mask? Steering words are in none."""
    return ((np.asarray(mask, np.int64) >> concept) & 1).astype(np.bool_) & (concept < PURPOSE)


def rank(concept: Index, needs_cue: Index) -> Index:
    """At equal length: look-alikes first, then unambiguous terms, ambiguous ones, context, vague words."""
    rank = np.where(needs_cue > 0, 2, 1)
    rank[concept == LOOKALIKE] = 0
    rank[concept == CONTEXT] = 3
    rank[concept == VAGUE] = 4
    rank[concept >= PURPOSE] = 5  # steering words and topics
    return rank


def longest_wins(start: Index, end: Index, core: Index, concept: Index, scope: Index, status: Index, by: Index) -> None:
    """Drop hits inside a longer one; what lies inside a look-alike phrase (or is one) is masked by it."""
    if not len(start):
        return
    speaks = (concept != VAGUE) & (concept != CONTEXT) & (concept < PURPOSE)
    reach = np.where(speaks, end, -1)
    best = np.maximum.accumulate(reach)
    previous_best = np.concatenate(([-1], best[:-1]))
    # Of rows that reach equally far the first owns the place: it is longer, or the best reading of an equal span.
    owner = np.maximum.accumulate(np.where(reach > previous_best, np.arange(len(start)), 0))
    owner_row = np.concatenate(([0], owner[:-1]))
    inside = end <= previous_best
    same = inside & (start[owner_row] == start) & (end[owner_row] == end)
    masking = (concept[owner_row] == LOOKALIKE) & ((scope[owner_row] == 0) | (same & has(WEAPONS, concept)))
    masked = inside & masking & ((concept != LOOKALIKE) | ~same) & (concept < FIRST_TOPIC)
    status[masked] = MASKED
    longer = inside & ~masked & ~same & (concept < FIRST_TOPIC)  # topics look at words inside others, too
    status[longer] = INSIDE
    # In one compound word the term that matched more of it wins: "Luftpistole" is an air pistol, not a pistol.
    shorter = (core < core[owner_row]) & (concept < FIRST_TOPIC)
    duplicate = same & ~masked & ((concept == concept[owner_row]) | shorter)
    status[duplicate] = INSIDE
    gone = masked | longer | duplicate
    by[gone] = owner_row[gone]


def covered(position: Index, start: Index, end: Index) -> NDArray[np.bool_]:
    """Is each position inside one of the spans?"""
    if not len(start):
        return np.zeros(len(position), np.bool_)
    order = np.argsort(start, kind="stable")
    start, reach = start[order], np.maximum.accumulate(end[order])
    row = np.searchsorted(start, position, side="right") - 1
    return (row >= 0) & (reach[np.maximum(row, 0)] > position)


def _segments(folded: Folded, break_words: Index) -> Index:
    """Sorted raw positions at which a new thing begins."""
    marks = between(folded.codes, ",;+&/()|"), np.flatnonzero(folded.codes == BREAK)
    return np.unique(np.concatenate([*(folded.origin[mark] for mark in marks), break_words]))


def _break_words(
    folded: Folded, start: Index, end: Index, breaking: NDArray[np.bool_], purpose: NDArray[np.bool_]
) -> Index:
    """Where break words stand, but not right behind a purpose word ("per i") nor as a genitive ("hunter's")."""
    rows = np.flatnonzero(breaking)
    apostrophe = np.isin(folded.raw[start[rows] - 1], (ord("'"), ord("’")))
    purpose_ends = end[purpose]
    behind = np.isin(start[rows] - 1, purpose_ends)
    return start[rows[~apostrophe & ~behind]]


def lower(
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
    """Lower what is not the thing itself: what it is for, what a book or toy is about, what a holster holds.

    A word calms those of its own language and its relatives, and names: Swedish for ink says nothing about a black
    Turkish shotgun.
    """
    columns = lexicon.columns
    free = status == COUNTS
    weapon = np.flatnonzero(free & has(WEAPONS, concept))
    if not len(weapon):
        return
    steering = free & (concept == BREAK_WORD), free & (concept == PURPOSE)
    breaks = _segments(folded, _break_words(folded, start, end, *steering))
    segment = np.searchsorted(breaks, start, side="right")
    # "holster" is a word of languages that put the head first and of others that put it last: both readings hold.
    twin = (status == INSIDE) & (by >= 0) & (start == start[by]) & (concept == concept[by])
    tongues = columns["tongue"][term]
    np.bitwise_or.at(tongues, by[twin], tongues[twin])
    purpose = _with_a_head(columns, term, segment, start, free, np.flatnonzero(steering[1]), breaks, informative)
    first_purpose = np.full(len(breaks) + 1, np.iinfo(np.int64).max)
    np.minimum.at(first_purpose, segment[purpose], start[purpose])
    behind = start > first_purpose[segment]

    scope = columns["scope"][term]
    whole_arm = _described_whole(concept, segment, free, len(breaks) + 1)
    nested = (status == MASKED) & (concept == LOOKALIKE)  # "tattoo" in "tattoo cartridges" still says what it is about
    objects = (free | twin | nested) & (scope > 0) & ~behind
    objects &= ~((columns["comes_with"][term] > 0) & whole_arm[segment])
    rows = np.flatnonzero(objects)
    hit, row = _pairs(segment, weapon, rows)
    head_last = columns["head_last"][term[row]] > 0
    placed = (scope[row] == SEGMENT) | np.where(head_last, start[hit] < start[row], start[hit] > start[row])
    meant = has(columns["lowers"][term[row]], concept[hit]) & ((columns["calms"][term[row]] & tongues[hit]) != 0)
    _set_lowered(hit[placed & meant], row[placed & meant], status, by)
    # What stands behind "for", when something informative stands before it.
    hit, row = _pairs(segment, weapon, purpose)
    meant = (start[hit] > start[row]) & has(_FOR_LOWERS, concept[hit])
    meant &= (columns["calms"][term[row]] & tongues[hit]) != 0
    _set_lowered(hit[meant], row[meant], status, by)


def _pairs(segment: Index, hits: Index, rows: Index) -> tuple[Index, Index]:
    """Each hit with each of the rows in its segment; both are sorted."""
    low = np.searchsorted(segment[rows], segment[hits])
    size = np.searchsorted(segment[rows], segment[hits], side="right") - low
    which, place = ranges(low, size)
    return hits[which], rows[place]


def _set_lowered(hit: Index, row: Index, status: Index, by: Index) -> None:
    """The first word that lowers a hit is named."""
    status[hit] = LOWERED
    by[hit[::-1]] = row[::-1]


def _with_a_head(
    columns: dict[str, NDArray[np.int64]],
    term: Index,
    segment: Index,
    start: Index,
    free: NDArray[np.bool_],
    purpose: Index,
    breaks: Index,
    informative: Index,
) -> Index:
    """Purpose words before which something stands that the rest can be for."""
    begin = np.concatenate(([0], breaks))[segment[purpose]]
    token = np.searchsorted(informative, begin)
    has_head = np.append(informative, np.iinfo(np.int64).max)[token] < start[purpose]
    part_before = _first_in_segment(segment, start, free & (columns["needs_cue"][term] > 0))
    has_head |= part_before[segment[purpose]] < start[purpose]
    return purpose[has_head]


def _described_whole(concept: Index, segment: Index, free: NDArray[np.bool_], n_segments: int) -> NDArray[np.bool_]:
    """Segments that name an arm or its maker and a calibre: what comes with an arm is no head then (9mm, case)."""
    model, size = np.zeros(n_segments, np.bool_), np.zeros(n_segments, np.bool_)
    model[segment[free & has(_MODELS, concept)]] = True
    size[segment[free & has(_SIZES, concept)]] = True
    return model & size


def _first_in_segment(segment: Index, start: Index, chosen: NDArray[np.bool_]) -> Index:
    first = np.full(int(segment.max(initial=0)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, segment[chosen], start[chosen])
    return first


def settle(
    lexicon: Lexicon,
    term: Index,
    concept: Index,
    text: Index,
    status: Index,
    by: Index,
    twins: NDArray[np.bool_],
    unknown: Index,
) -> None:
    """Ambiguous words count only beside a second cue in the same text.

    A name that may be a maker's, a size that may be a calibre and a thing that may be a part settle each other; and a
    maker's name that is all a text says is how arms are described; `unknown` counts the further words of each text.
    """
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
    cues = np.zeros(len(unknown), np.int64)
    np.bitwise_or.at(cues, text[cue], 1 << concept[cue])
    unsure = np.zeros(len(unknown), np.int64)
    open_cue = needs & (status == COUNTS)
    np.bitwise_or.at(unsure, text[open_cue], 1 << concept[open_cue])
    together = ((unsure & _NAMES) > 0) & ((unsure & _SIZES) > 0) & ((unsure & _THINGS) > 0)
    together |= ((unsure & _NAMES) > 0) & ((unsure & _ARMS) > 0)
    settled = ((cues[text] & accepted) | (unsure[text] & unsure_accepted)) != 0
    settled |= unknown[text] < columns["alone"][term]
    name = needs & (status == COUNTS) & has(_NAMES, concept)
    makers = columns["alone"][term] > 0  # the others are models without their maker ("Springfield ... 1911")
    maker, model = (np.bincount(text[name & kind], minlength=len(unknown)) > 0 for kind in (makers, ~makers))
    settled |= name & maker[text] & model[text]
    settled |= together[text] & has(_NAMES | _SIZES | _THINGS, concept)
    status[needs & (status == COUNTS) & ~settled] = UNSETTLED
