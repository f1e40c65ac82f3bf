"""Manipulated spellings undone: digits read as letters inside words, letters written apart joined."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from riskscore.folding import BREAK, Codes, Folded, runs, tables

LEET = {ord(a): ord(b) for a, b in zip("0134578@$!|", "oieastbasil", strict=True)}
SPACED_RUN = 4  # letters written apart that make a word


def letters_apart(codes: Codes) -> Codes:
    """Number of the run of single letters ("p i s t o l") that each character lies in, from 1; 0 outside of runs."""
    word = tables().word[codes]
    begins, ends = runs(word)
    apart = np.zeros(len(codes), np.uint32)
    single = (ends - begins == 1) & (codes[begins] >= ord("a")) & (codes[begins] <= ord("z"))
    if np.count_nonzero(single) < SPACED_RUN:
        return apart
    text = np.searchsorted(np.flatnonzero(codes == BREAK), begins)
    new_text = np.diff(text, prepend=-1) != 0
    groups = np.cumsum(~single | new_text | np.concatenate(([True], ~single[:-1])))
    size = np.bincount(groups[single], minlength=int(groups[-1]) + 1)
    for number, group in enumerate(np.flatnonzero(size >= SPACED_RUN), start=1):  # few texts write like that
        members = np.flatnonzero(single & (groups == group))
        apart[begins[members[0]] : ends[members[-1]]] = number
    return apart


def without_manipulation(part: Folded, one: str) -> tuple[Folded, NDArray[np.bool_]]:
    """The same texts with digits read as letters inside words, and letters written apart joined."""
    codes = part.codes.copy()
    letter = (codes >= ord("a")) & (codes <= ord("z"))
    changed = np.zeros(len(codes), np.bool_)
    near = np.zeros(len(codes), np.bool_)
    near[1:-1] = letter[:-2] | letter[2:]
    digit_like = np.isin(codes, list(LEET))
    near[:-2] |= digit_like[:-2] & digit_like[1:-1] & letter[2:]  # two at once: "51lencer"
    for source, target in {**LEET, ord("1"): ord(one)}.items():
        here = near & (part.codes == source)
        codes[here] = target
        changed |= here
    inside = letters_apart(part.codes) > 0
    changed |= inside & letter
    keep = ~inside | tables().word[part.codes]
    return Folded(codes[keep], part.origin[keep], part.raw, part.begin, part.odd), changed[keep]
