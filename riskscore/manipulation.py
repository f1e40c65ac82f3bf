"""Manipulated spellings undone: digits read as letters inside words, letters written apart or dotted joined, letters
that were stretched brought back to one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from riskscore.folding import BREAK, Codes, Folded, Index, runs, tables

LEET = {ord(a): ord(b) for a, b in zip("0134578@$!|", "oieastbasil", strict=True)}
_LEET_SIGNS = "".join(map(chr, LEET))
SPACED_RUN = 4  # letters written apart that make a word
_STRETCHED = 3  # the same letter so many times is no honest spelling
_APART = 4  # one to three signs between letters written apart
_JOINERS = ".*_~+|-"
_SHORT_PIECE = 3  # letters beside a hyphen: "am-mo", but not "semi-automatic"
_SOUNDS = (
    "lj",
    "nj",
    "dj",
    "dz",
    "ja",
    "je",
    "ju",
    "st",
    "sh",
    "ch",
    "zh",
    "th",
    "ps",
    "ks",
    "sz",
    "cs",
    "cz",
    "gy",
    "ou",
)
_A, _Z = ord("a"), ord("z")
_BELOW = 128


def among(codes: Codes, characters: str) -> NDArray[np.bool_]:
    """Where one of some ASCII characters stands."""
    chosen = np.zeros(_BELOW + 1, np.bool_)
    chosen[[ord(c) for c in characters]] = True
    return chosen[np.minimum(codes, _BELOW)]


def is_letter(codes: Codes) -> NDArray[np.bool_]:
    """Where a letter from a to z stands."""
    return codes - np.uint32(_A) <= np.uint32(_Z - _A)  # below a it wraps round to something large


def suspicious(codes: Codes) -> Index:
    """Positions at which a word may have been dressed up. Looks alike everywhere, so that it is quick."""
    letter = is_letter(codes)
    return np.concatenate([_digits_as_letters(codes, letter), _alone(codes, letter), _stretched(codes, letter)])


def _digits_as_letters(codes: Codes, letter: NDArray[np.bool_]) -> Index:
    at = np.flatnonzero(among(codes, _LEET_SIGNS))
    at = at[(at > 0) & (at < len(codes) - 2)]
    # A number before letters is a size ("20mm"); in a word that begins with digits, several letters follow.
    here = [letter[np.minimum(at + n, len(codes) - 1)] for n in range(5)]
    long = here[1] & here[2] & here[3]
    two = among(codes[at + 1], _LEET_SIGNS) & here[2] & here[3] & here[4]
    inside = (here[1] & letter[at - 1]) | long | two
    # At the end of a word only behind several letters: "pušk4", not "A4".
    end = letter[at - 1] & letter[np.maximum(at - 2, 0)] & letter[np.maximum(at - 3, 0)] & ~tables().word[codes[at + 1]]
    return at[inside | end]


def _alone(codes: Codes, letter: NDArray[np.bool_]) -> Index:
    """Short pieces around a joiner, and letters that stand alone beside others that do."""
    joiners = _joiners(codes, letter)
    word = tables().word[codes]
    single = letter.copy()
    single[1:-1] &= ~(word[:-2] | word[2:])
    singles = np.flatnonzero(single)
    near = np.diff(singles, prepend=-_BELOW) <= _APART
    return np.concatenate([joiners, singles[near]])


def _joiners(codes: Codes, letter: NDArray[np.bool_]) -> Index:
    """Signs between two letters; a hyphen only between two of them on both sides: "O-ring" and "T-shirt" are honest."""
    at = np.flatnonzero(among(codes, _JOINERS))
    at = at[(at > 1) & (at < len(codes) - 2)]
    more = (codes[at] != ord("-")) | (letter[at - 2] & letter[at + 2])
    good = letter[at - 1] & letter[at + 1] & more
    return np.asarray(at[good], np.int64)


def _stretched(codes: Codes, letter: NDArray[np.bool_]) -> Index:
    same = codes[1:] == codes[:-1]
    return np.flatnonzero(same[1:] & same[:-1] & letter[2:]) + 2


def letters_apart(codes: Codes) -> Codes:
    """Number of the run of single letters ("p i s t o l") that each character lies in, from 1; 0 outside of runs."""
    word = tables().word[codes]
    begins, ends = runs(word)
    apart = np.zeros(len(codes), np.uint32)
    single = is_letter(codes[begins]) & ((ends - begins == 1) | _one_sound(codes, begins, ends))
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


def _one_sound(codes: Codes, begins: Index, ends: Index) -> NDArray[np.bool_]:
    """Two letters that stand for one of another script or language (љ, nj, ш)."""
    pair = np.where(ends - begins == 2, codes[begins] * _BELOW + codes[np.minimum(begins + 1, len(codes) - 1)], 0)
    return np.isin(pair, [ord(pair[0]) * _BELOW + ord(pair[1]) for pair in _SOUNDS])


def plain_readings(part: Folded) -> Iterator[tuple[Folded, NDArray[np.bool_]]]:
    """`without_manipulation`, once or, where a digit one may stand for either letter, twice."""
    yield without_manipulation(part, "i")
    if (part.codes == ord("1")).any():
        yield without_manipulation(part, "l")


def without_manipulation(part: Folded, one: str) -> tuple[Folded, NDArray[np.bool_]]:
    """The same texts with manipulated words written plainly, and where characters were changed.

    Parameters
    ----------
    part : Folded
    one : str
        The letter that the digit one stands for: i or l.
    """
    codes = part.codes.copy()
    letter = is_letter(codes)
    changed = np.zeros(len(codes), np.bool_)
    near = np.zeros(len(codes), np.bool_)
    near[1:-1] = letter[:-2] | letter[2:]
    digit_like = among(codes, _LEET_SIGNS)
    near[:-2] |= digit_like[:-2] & digit_like[1:-1] & letter[2:]  # two at once: "51lencer"
    for source, target in {**LEET, ord("1"): ord(one)}.items():
        here = near & (part.codes == source)
        codes[here] = target
        changed |= here
    inside = letters_apart(part.codes) > 0
    changed |= inside & letter
    drop = inside & ~tables().word[part.codes]
    joined, touching = _dotted(part.codes, letter)
    drop |= joined
    changed |= touching
    stretched = _stretched(codes, is_letter(codes))
    drop[stretched] = drop[stretched - 1] = True
    changed[stretched - 2] = True
    keep = ~drop
    return Folded(codes[keep], part.origin[keep], part.raw, part.begin, part.odd), changed[keep]


def _dotted(codes: Codes, letter: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Joiners between pieces of a word of which one is short, and the letters beside them."""
    at = _joiners(codes, letter)
    begins, ends = runs(letter)
    before, after = np.searchsorted(ends, at), np.searchsorted(begins, at)
    short = np.minimum(ends[before] - begins[before], ends[after] - begins[after]) <= _SHORT_PIECE
    short |= codes[at] != ord("-")
    joined, touching = np.zeros(len(codes), np.bool_), np.zeros(len(codes), np.bool_)
    joined[at[short]] = True
    touching[at[short] - 1] = touching[at[short] + 1] = True
    return joined, touching
