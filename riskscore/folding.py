"""Texts of any script folded into one searchable stream, with the way back to every letter as typed.

A whole batch of texts is folded at once as arrays of Unicode code points: compatibility forms are undone, case and
diacritics dropped, Cyrillic and Greek written in Latin letters by sound, and letters that only *look* Latin inside a
Latin word (or the other way round) read as what they imitate. Every folded letter knows the letter it came from.
"""

from __future__ import annotations

import itertools
import unicodedata
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint32]
Index = NDArray[np.int64]

TABLE_SIZE = 0x110000  # all of Unicode
IDEOGRAPHS = ((0x3400, 0xA000), (0xF900, 0xFB00), (0x20000, 0x323B0))  # written without blanks, each is a word
# Where folding changes anything, and where a character is a letter or digit; to look everywhere costs a second.
_FOLDING = (
    (0x0000, 0x3400),
    (0xA000, 0xAC00),
    (0xD7A4, 0xD800),
    (0xF900, 0x1FC00),
    (0x2F800, 0x2FA20),
    (0xE0000, 0xE01F0),
)
_IDEOGRAPHS = ((0x3400, 0xA000), (0xAC00, 0xD7A4), (0x20000, 0x323B0))
_OTHER_WORDS = _FOLDING[:-1]
_SILENT = ("Cf", "Cc", "Zs", "Zl", "Zp")
# Fillers and selectors that are letters or marks by category, and that nobody sees.
_UNSEEN = frozenset(
    map(chr, [0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0, 0x2800, *range(0x180B, 0x180F),
              *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)])
)  # fmt: skip
ASCII = 0x80  # characters below it fold to one character each
WORD_BEFORE_NUMBER, WORD_BEHIND_NUMBER = 4, 3  # letters of a word beside which a number needs no blank
SPACE = 32
BREAK = 10  # between two texts

# Letters that Unicode does not decompose, and other scripts by sound (Serbian, Macedonian, Bulgarian, Russian,
# Ukrainian; Greek as ELOT 743 without digraph rules).
LETTERS: dict[str, str] = {
    "đ": "dj", "ħ": "h", "ł": "l", "ø": "o", "æ": "ae", "œ": "oe", "ß": "ss", "ı": "i", "þ": "th", "ð": "d",
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "ђ": "dj", "ѓ": "g", "е": "e", "ж": "z", "з": "z", "ѕ": "dz",
    "и": "i", "ј": "j", "к": "k", "л": "l", "љ": "lj", "м": "m", "н": "n", "њ": "nj", "о": "o", "п": "p", "р": "r",
    "с": "s", "т": "t", "ћ": "c", "ќ": "k", "у": "u", "ф": "f", "х": "h", "ц": "c", "ч": "c", "џ": "dz", "ш": "s",
    "щ": "st", "ъ": "a", "ы": "y", "ь": "", "э": "e", "ю": "ju", "я": "ja", "ё": "e", "і": "i", "ї": "i", "є": "je",
    "ґ": "g", "й": "j",
    "α": "a", "β": "v", "γ": "g", "δ": "d", "ε": "e", "ζ": "z", "η": "i", "θ": "th", "ι": "i", "κ": "k", "λ": "l",
    "μ": "m", "ν": "n", "ξ": "x", "ο": "o", "π": "p", "ρ": "r", "σ": "s", "ς": "s", "τ": "t", "υ": "y", "φ": "f",
    "χ": "ch", "ψ": "ps", "ω": "o",
    "ة": "ه", "ى": "ي", "ی": "ي", "ک": "ك", "ٱ": "ا", "ـ": "",
    "、": ",", "。": ".", "،": ",", "؛": ";", "؟": "?", "・": " ",
    "×": "x", "⁄": "/", "’": "'", "‘": "'", "“": '"', "”": '"', "„": '"', "–": "-", "—": "-", "‐": "-", "‑": "-",
    "™": " ", "®": " ", "℠": " ", "©": " ", "№": "no",
}  # fmt: skip

# What a letter looks like to a reader of the other script.
LOOKS_LATIN: dict[str, str] = dict(
    zip(
        "аеорсухіјѕһԁԛԝгпкмтвнАВЕЅІЈКМНОРСТУХαονρτυικχηωΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
        "aeopcyxijshdqwrnkmtbhABESIJKMHOPCTYXaovptuikxnwABEZHIKMNOPTYX",
        strict=True,
    )
)
LOOKS_CYRILLIC: dict[str, str] = dict(zip("aceopxyijkmtbhABCEHIJKMOPTXY", "асеорхуіјкмтвнАВСЕНІЈКМОРТХУ", strict=True))

LATIN, CYRILLIC, GREEK = 1, 2, 4
_ASCII_FOLDED = np.arange(ASCII + 1, dtype=np.uint32)
_ASCII_FOLDED[ord("A") : ord("Z") + 1] += ord("a") - ord("A")
_ASCII_FOLDED[0x7F] = SPACE


def is_ideograph(codes: Codes) -> NDArray[np.bool_]:
    """Signs that are written without blanks between words, each of which counts as a word."""
    here = np.zeros(len(codes), np.bool_)
    for low, high in IDEOGRAPHS:
        here |= (codes >= low) & (codes < high)
    return here


def script_of(text: str) -> int:
    """The scripts a text is written in, as a set of bits: LATIN, CYRILLIC, GREEK; others are none of these."""
    if text.isascii():
        return LATIN if any(map(str.isalpha, text)) else 0
    table = tables().script
    return int(np.bitwise_or.reduce([table[ord(c)] for c in text] or [0]))


def fold(text: str) -> str:
    """One text folded as the search sees it, punctuation kept (for terms, keys and tests).

    Examples
    --------
    >>> fold("Пиштољ ½")
    'pistolj 1/2'
    """
    return "".join(_fold_character(c) for c in text)


@cache
def _fold_character(character: str) -> str:
    if character in LETTERS:
        return LETTERS[character]
    if character in _UNSEEN:
        return ""
    if "\uac00" <= character <= "\ud7a3":
        return character  # a Hangul syllable is a letter as it stands
    out: list[str] = []
    for c in unicodedata.normalize("NFKD", character).casefold():
        category = unicodedata.category(c)
        if category in ("Mn", "Me", "Cf"):
            continue
        if category[0] == "Z" or category == "Cc":
            out.append(" ")
        elif category == "Nd":
            out.append(str(unicodedata.decimal(c)))
        else:
            out.append(LETTERS.get(c, c))
    return "".join(out)


def _changes(character: str, category: str) -> bool:
    """May folding change it? Most characters are settled by their category."""
    return (
        category in _SILENT
        or category == "Nd"
        or character in LETTERS
        or character in _UNSEEN
        or bool(unicodedata.decomposition(character))
        or character.casefold() != character
    )


@dataclass(frozen=True, slots=True)
class _Tables:
    start: NDArray[np.int32]
    length: NDArray[np.uint8]
    letters: Codes
    word: NDArray[np.bool_]  # the folded character is a letter or digit
    script: NDArray[np.uint8]
    odd: NDArray[np.bool_]  # invisible, or a styled letter: somebody dressed the text up
    looks_latin: Codes
    looks_cyrillic: Codes
    ambiguous: NDArray[np.bool_]  # has a twin in the other script


@cache
def tables() -> _Tables:
    """The folding tables for all code points."""
    identity = np.arange(TABLE_SIZE, dtype=np.uint32)
    start = identity.astype(np.int32)
    length = np.ones(TABLE_SIZE, np.uint8)
    letters: list[int] = []
    word = np.zeros(TABLE_SIZE, np.bool_)
    for low, high in _IDEOGRAPHS:
        word[low:high] = True
    for low, high in _OTHER_WORDS:
        word[low:high] = [chr(code).isalnum() for code in range(low, high)]
    marks: list[int] = []  # accents belong to honest writing, though they fold to nothing
    for code in itertools.chain.from_iterable(itertools.starmap(range, _FOLDING)):
        character = chr(code)
        category = unicodedata.category(character)
        if category in ("Mn", "Me") and character not in _UNSEEN:
            marks.append(code)
        elif not _changes(character, category):
            continue
        folded = _fold_character(character)
        start[code], length[code] = TABLE_SIZE + len(letters), len(folded)
        letters.extend(map(ord, folded))
    script = np.zeros(TABLE_SIZE, np.uint8)
    for code in [*range(0x41, 0x250), *range(0x1E00, 0x1F00)]:
        if chr(code).isalpha():
            script[code] = LATIN
    script[0x370:0x400] = GREEK
    script[0x400:0x530] = CYRILLIC
    odd = length == 0
    odd[[*marks, *map(ord, "ьЬـ")]] = False  # a letter without a sound, and the stroke that stretches Arabic words
    odd[0x1D400:0x1D800] = True
    odd[0x24B6:0x24EA] = True  # circled letters
    looks_latin, looks_cyrillic = identity.copy(), identity.copy()
    for source, target in LOOKS_LATIN.items():
        looks_latin[ord(source)] = ord(target)
    for source, target in LOOKS_CYRILLIC.items():
        looks_cyrillic[ord(source)] = ord(target)
    return _Tables(
        start,
        length,
        np.concatenate([identity, np.array(letters, np.uint32)]),
        word,
        script,
        odd,
        looks_latin,
        looks_cyrillic,
        (looks_latin != identity) | (looks_cyrillic != identity),
    )


@dataclass(frozen=True, slots=True)
class Folded:
    """A batch of texts, folded.

    Parameters
    ----------
    codes : uint32 array (m,)
        Folded characters of all texts; a `BREAK` between two texts, blanks around each.
    origin : int64 array (m,)
        Position in `raw` of the character that each folded one came from.
    raw : uint32 array (k,)
        Characters as typed, same layout.
    begin : int64 array (n + 1,)
        Position in `raw` where each text begins; the last entry is one past the end.
    odd : bool array (k,)
        True where a character as typed is invisible, styled, or a look-alike from another script.
    """

    codes: Codes
    origin: Index
    raw: Codes
    begin: Index
    odd: NDArray[np.bool_]

    def text_of(self, position: Index) -> Index:
        """Number of the text in which each raw position lies."""
        return np.searchsorted(self.begin, position, side="right") - 1


def fold_batch(texts: list[str]) -> Folded:
    """Fold many texts in one pass.

    Parameters
    ----------
    texts : list of str
        As typed; an empty string where nothing was.
    """
    table = tables()
    joined = " " + " \n ".join(texts) + " "
    raw = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32).copy()
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    begin = np.concatenate(([1], 1 + np.cumsum(lengths + 3)))
    raw[raw < SPACE] = SPACE
    raw[begin[1:-1] - 2] = BREAK
    special = np.flatnonzero(raw >= ASCII)  # few: all that is costly is done for these alone
    odd = np.zeros(len(raw), np.bool_)
    odd[special] = table.odd[raw[special]]
    if odd.any():
        odd &= _inside_word(table, raw)
    index = raw
    others = special[table.script[raw[special]] > LATIN]
    if len(others):
        index = _undo_twins(table, raw, _positions_of_texts(begin, others, len(raw)), odd)
        special = np.flatnonzero(index >= ASCII)  # a twin is no longer what it was typed as
    codes = _ASCII_FOLDED[np.minimum(index, ASCII)]
    special_length = table.length[index[special]]
    shown = special[special_length > 0]
    codes[shown] = table.letters[table.start[index[shown]]]
    if (special_length == 1).all():
        return Folded(codes, np.arange(len(raw), dtype=np.int64), raw, begin, odd)
    length = np.ones(len(raw), np.int64)
    length[special] = special_length
    origin = np.repeat(np.arange(len(raw), dtype=np.int64), length)
    codes = codes[origin]
    long = special[special_length > 1]
    first = np.searchsorted(origin, long)
    for place in range(1, int(special_length.max())):
        long, first = long[length[long] > place], first[length[long] > place]
        codes[first + place] = table.letters[table.start[index[long]] + place]
    return Folded(codes, origin, raw, begin, odd)


def runs(here: NDArray[np.bool_]) -> tuple[Index, Index]:
    """Begin and end (one past the last) of each stretch of true values."""
    padded = np.zeros(len(here) + 2, np.bool_)
    padded[1:-1] = here
    edges = np.flatnonzero(padded[1:] != padded[:-1])
    return edges[::2], edges[1::2]


def _positions_of_texts(begin: Index, chosen: Index, end: int) -> Index:
    """All raw positions of the texts in which some positions lie, with the blanks around each."""
    texts = np.unique(np.searchsorted(begin, chosen, side="right") - 1)
    first = begin[texts] - 1
    size = np.minimum(begin[texts + 1] - 1, end) - first
    return np.repeat(first - (np.cumsum(size) - size), size) + np.arange(size.sum())


def _inside_word(table: _Tables, index: Codes) -> NDArray[np.bool_]:
    """True where the neighbours on both sides belong to a word (an invisible character at an edge is only noise)."""
    wordlike = table.word[index] | table.odd[index]
    inside = np.zeros(len(index), np.bool_)
    inside[1:-1] = wordlike[:-2] & wordlike[2:]
    return inside


def _undo_twins(table: _Tables, raw: Codes, where: Index, odd: NDArray[np.bool_]) -> Codes:
    """Read letters from another script inside a word as the letters they imitate; marks as odd where that was done.

    Only the texts at the positions `where` are looked at.
    """
    index = raw[where]
    script = table.script[index]
    letter = (script > 0) | (table.length[index] == 0)  # what nobody sees does not part a word
    starts, ends = runs(letter)
    scripts = np.bitwise_or.reduceat(script, starts)
    mixed = ~np.isin(scripts, (0, LATIN, CYRILLIC, GREEK))
    if not mixed.any():
        return raw
    for first, last in zip(starts[mixed], ends[mixed], strict=True):  # few: words that mix scripts
        part = index[first:last]
        sure = table.script[part][~table.ambiguous[part]]  # unseen characters are of no script
        sure_latin, sure_other = bool((sure == LATIN).any()), bool((sure > LATIN).any())
        if sure_latin and sure_other:
            continue
        twins = table.looks_cyrillic[part] if sure_other else table.looks_latin[part]
        odd[where[first:last]] |= twins != part
        index[first:last] = twins
    whole = raw.copy()
    whole[where] = index
    return whole
