"""One folded spelling for names, units and countries, however they were typed.

``Đorđe``, ``Djordje`` and ``Ђорђе`` fold to ``djordje``. Keys are for comparing; what people read stays as written.
"""

from __future__ import annotations

import re
import unicodedata

import polars as pl

from riskscore.folding import LETTERS

# Letters by their decomposed form. One whose mark changes the sound (й) is two code points and must be read before the
# mark is dropped. A letter-like apostrophe separates words, as the plain one does.
_BY_SOUND = {
    **{unicodedata.normalize("NFKD", letter): latin for letter, latin in LETTERS.items() if letter.isalpha()},
    **{"ου": "ou", "ŧ": "t", "ŋ": "n", "ə": "e", "\u02b9": " ", "\u02bb": " ", "\u02bc": " "},
}
_LONGEST_FIRST = dict(sorted(_BY_SOUND.items(), key=lambda pair: -len(pair[0])))
_LONG = re.compile("|".join(re.escape(letters) for letters in _LONGEST_FIRST if len(letters) > 1))
_SINGLE = str.maketrans({letter: latin for letter, latin in _BY_SOUND.items() if len(letter) == 1})
_NOT_ASCII_WORD = re.compile("[^a-z0-9]+")


def fold_key(text: str) -> str:
    """One text as a folded key: Latin small letters, digits and single spaces.

    NFKD, small letters, Cyrillic and Greek by sound, marks dropped, everything that is neither letter nor digit as one
    space, stripped. Other scripts keep their letters. `fold_key_expr` gives the same for a column.

    Parameters
    ----------
    text : str
        Any text.
    """
    if text.isascii():
        return _NOT_ASCII_WORD.sub(" ", text.lower()).strip()
    letters = unicodedata.normalize("NFKD", text).lower()
    letters = _LONG.sub(lambda found: _BY_SOUND[found.group()], letters).translate(_SINGLE)
    kinds = ((letter, unicodedata.category(letter)[0]) for letter in letters)
    return " ".join("".join(letter if kind in "LN" else " " for letter, kind in kinds if kind != "M").split())


def fold_key_expr(expr: pl.Expr) -> pl.Expr:
    """A column of texts as folded keys; null stays null.

    Parameters
    ----------
    expr : polars.Expr
        String column. ASCII values, nearly all of them, take a path without Unicode tables.
    """
    ascii_only = expr.str.len_bytes() == expr.str.len_chars()
    plain = pl.when(ascii_only).then(expr).str.to_lowercase().str.replace_all("[^a-z0-9]+", " ")
    other = (
        pl.when(~ascii_only)
        .then(expr)
        .str.normalize("NFKD")
        .str.to_lowercase()
        .str.replace_many(_LONGEST_FIRST, leftmost=True)
        .str.replace_all(r"\p{M}+", "")
        .str.replace_all(r"[^\p{L}\p{N}]+", " ")
    )
    return pl.coalesce(plain, other).str.strip_chars(" ")
