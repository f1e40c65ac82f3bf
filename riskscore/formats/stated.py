"""What counts as stated: blanks, ``n/a``, ``null``, ``-`` and the like state nothing, in any column.

Nearly every value is stated as it stands. Those that may not be are found by their length and first letters, a column
at a time, so that only few are looked at more closely.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import polars as pl
from numpy.typing import NDArray

MISSING_WORDS = ("", "n/a", "null", "none", "nan", "-", "--", "?")
_MISSING = sorted(
    {"".join(cases) for word in MISSING_WORDS for cases in product(*zip(word, word.upper(), strict=True))}
)
_UNSEEN = ["\x00", "\u200b", "\ufeff"]  # not blanks to polars, but nobody typed them
_BLANKS = " \t\r\n\v\f\x85\u00a0\u2028\u2029\u202f" + "".join(_UNSEEN)
_CODES = ("_id", "waybill", ".id_number", ".postcode", ".phone", ".email", "un_number", ".hs_code", ".unit")

_LONGEST = max(map(len, MISSING_WORDS))
_INLINE = 12  # bytes of a text that an Arrow string view holds itself
_NULL = 1 << 40  # no length
_FOUR_LETTERS = np.array([int.from_bytes(w.encode(), "little") for w in MISSING_WORDS if len(w) == 4], np.uint32)
_BLANK_STARTS = (9, 10, 11, 12, 13, 32, 0xC2, 0xE1, 0xE2, 0xE3)  # first bytes of what polars strips, in UTF-8


def _either_byte(chosen: tuple[int, ...]) -> NDArray[np.bool_]:
    """For each pair of bytes: is one of them among the chosen?"""
    one = np.zeros(256, np.bool_)
    one[list(chosen)] = True
    return np.asarray((one[:, None] | one).ravel())


_HAS_BLANK = _either_byte(_BLANK_STARTS)


_ODD_END = np.arange(256) >= 0x80
_ODD_END[[9, 10, 11, 12, 13, 32]] = True


def is_code(path: str) -> bool:
    """Tell whether a text is a code, whose outer blanks mean nothing; other text is kept exactly as typed."""
    return path.endswith(_CODES)


def blank_is_missing(path: str) -> bool:
    """Tell whether only a blank is missing here: a person may be called None, and goods may be described as ``-``."""
    return path == "item.description" or path.endswith(".name")


def read_texts(raw: pl.DataFrame, paths: list[str]) -> dict[str, pl.Series]:
    """Read text columns: codes without outer blanks, all else exactly as typed; null where nothing is stated."""
    return {
        path: _known_code(raw[path])
        if is_code(path)
        else _known_text(raw[path], [""] if blank_is_missing(path) else _MISSING)
        for path in paths
    }


def stated(text: pl.Series) -> pl.Series:
    """Turn what means "nothing stated" into null: blanks, ``n/a``, ``null``, ``-`` and the like."""
    return text if text.dtype != pl.String else _known_text(text, _MISSING)


def known_ids(raw: pl.Series) -> pl.Series:
    """Read parcel ids as texts: no blanks or zero bytes at the ends, and null where nothing is stated."""
    text = raw.str.strip_chars()
    if text.str.contains_any(_UNSEEN).any():
        text = text.str.strip_chars(_BLANKS)
    return _known_text(text.alias("id"), _MISSING)


def _known_code(text: pl.Series) -> pl.Series:
    views = _Views(text)
    rows = np.flatnonzero(views.short_or_blank() | views.ends_oddly())
    if not len(rows):
        return text
    stripped = text.gather(rows).str.strip_chars()
    known = stripped.to_frame("t").select(pl.when(~pl.col("t").is_in(_MISSING)).then("t")).to_series()
    return text.clone().scatter(pl.Series(rows), known)  # scatter works in place


def _known_text(text: pl.Series, missing: list[str]) -> pl.Series:
    rows = np.flatnonzero(_Views(text).short_or_blank())
    if not len(rows):
        return text
    nothing = text.gather(rows).str.strip_chars().is_in(missing).to_numpy()
    return text.clone().scatter(pl.Series(rows[nothing]), None) if nothing.any() else text


class _Views:
    """A text column as Arrow string views: 16 bytes a value.

    They are its length in bytes and its first four bytes; then the rest of a text of up to 12 bytes, or else the number
    of a buffer and the place in it.
    """

    def __init__(self, text: pl.Series) -> None:
        array = text.to_arrow(compat_level=pl.CompatLevel.newest())
        self._buffers = array.buffers()
        self._bytes = np.frombuffer(self._buffers[1], np.uint8)[16 * array.offset : 16 * (array.offset + len(array))]
        self._words = self._bytes.view(np.uint32).reshape(-1, 4)
        self._length = self._words[:, 0].astype(np.int64)
        if text.null_count():
            self._length[text.is_null().to_numpy()] = _NULL

    def short_or_blank(self) -> NDArray[np.bool_]:
        """Where a value is short, or may begin with a blank or end in one behind a short word."""
        letters = self._words[:, 1]
        doubtful = (self._length <= _LONGEST) | _HAS_BLANK[letters & 0xFFFF] | _HAS_BLANK[letters >> 16]
        for word in _FOUR_LETTERS:
            doubtful |= (letters | 0x20202020) == word
        return np.asarray(doubtful & (self._length != _NULL))

    def ends_oddly(self) -> NDArray[np.bool_]:
        """Where the last byte of a value may belong to a blank."""
        odd = np.zeros(len(self._length), np.bool_)
        short = np.flatnonzero((self._length > 0) & (self._length <= _INLINE))
        odd[short] = _ODD_END[self._bytes[16 * short + 3 + self._length[short]]]
        long = np.flatnonzero((self._length > _INLINE) & (self._length != _NULL))
        buffer, place = self._words[long, 2], self._words[long, 3] + self._length[long] - 1
        for number in np.unique(buffer):
            here = buffer == number
            odd[long[here]] = _ODD_END[np.frombuffer(self._buffers[2 + number], np.uint8)[place[here]]]
        return odd
