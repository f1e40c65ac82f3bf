"""Which of the old one-byte encodings of the region a text is in: Central European, Cyrillic or Western.

Short files decide this: a manifest with three special letters must come out right. Statistics over whole languages
need more text than that, so the letters are judged by where they stand: Cyrillic words are made of special letters
throughout, and in a Latin word a consonant stands beside vowels.
"""

from __future__ import annotations

import re

ENOUGH = 20  # special letters, from which statistics can be trusted to break a tie
_WORD = re.compile(rb"[A-Za-z\x80-\xff]+")
_VOWELS = set("aeiouyàáâãäåæèéêëìíîïòóôõöøùúûüÿœąęěůőűăı")
_SOUTH_SLAVIC = set("čćđšž")
_BEFORE = set("aeiouknlrvmt")  # what a South Slavic letter comes before
_AFTER = set("aeou")  # and what comes before one, but hardly before a French è
_RARE = set("ŕĺ")  # hardly any word has them; à and å, which share their bytes, are everywhere


def guess_letters(sample: bytes) -> str:
    """Guess the one-byte encoding of a text.

    Parameters
    ----------
    sample : bytes
        Lines that are not UTF-8.

    Returns
    -------
    str
        ``cp1250``, ``cp1251`` or ``cp1252`` (which holds Latin-1 text as well).
    """
    words = [word for word in _WORD.findall(sample) if not word.isascii()]
    special = sum(_count_special(word) for word in words)
    throughout = sum(len(word) for word in words if len(word) > 1 and _count_special(word) == len(word))
    if 2 * throughout > special:
        return "cp1251"
    central, western = (sum(_fit(word, encoding) for word in words) for encoding in ("cp1250", "cp1252"))
    if central != western:
        return "cp1250" if central > western else "cp1252"
    if special < ENOUGH:
        return "cp1252"
    from charset_normalizer import from_bytes

    best = from_bytes(sample, cp_isolation=["cp1250", "cp1252"]).best()
    return "cp1252" if best is None else best.encoding


def _count_special(word: bytes) -> int:
    return sum(byte >= 0x80 for byte in word)


def _fit(word: bytes, encoding: str) -> int:
    """Score how well the special letters of a Latin word stand among their neighbours."""
    text = word.decode(encoding, "replace").lower()
    fit = 0
    for place, letter in enumerate(text):
        if letter.isascii():
            continue
        if not letter.isalpha() or letter in _RARE:
            fit -= 2
            continue
        before, after = text[:place][-1:], text[place + 1 :][:1]
        unlike = [(other in _VOWELS) != (letter in _VOWELS) for other in (before, after) if other.isalpha()]
        fit += 2 * sum(unlike) - len(unlike)
        if encoding == "cp1250":
            fit += letter in _SOUTH_SLAVIC and (not after or after in _BEFORE or before in _AFTER)
            fit -= 2 * (letter == "ń" and after in _VOWELS)
    return fit
