"""Which texts can fold to one of some listed words, told by how they begin: nearly all are ruled out unread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskscore.features.columns import different, heads
from riskscore.keys import fold_key

_LONGER = 8  # characters read of what the first bytes leave open
_KEPT = 1 << 16  # beginnings whose answer is remembered


@dataclass(frozen=True, eq=False)
class WordStarts:
    """Beginnings of listed words, and of what has no beginning to speak of: punctuation, one letter repeated.

    Parameters
    ----------
    may_begin : callable
        Could a text with this beginning fold to one of the words? True where the beginning leaves it open.
    """

    may_begin: Callable[[str], bool]

    @staticmethod
    @cache
    def of(words: frozenset[str], end: str | None = None) -> WordStarts:
        """Beginnings of folded words; what is compared with them ends before the first `end`, if one is given."""
        prefixes = frozenset(word[:size] for word in words for size in range(1, len(word) + 1))

        @lru_cache(_KEPT)
        def may_begin(text: str) -> bool:
            if end is not None and end in text:
                text = text.partition(end)[0] + " "
            kept = text
            if text and not text[-1].isascii():
                # What follows may belong to the last letter, as a mark does; what stands before may belong to it, too.
                kept = text[:-1]
                if not fold_key(text).startswith(fold_key(kept)):
                    return True
            folded = fold_key(kept)
            if len(set(folded)) <= 1:
                return True
            if fold_key(f"{kept}x") == f"{folded}x":
                return folded in prefixes
            return folded in words or f"{folded} " in prefixes

        return WordStarts(may_begin)

    def candidates(self, values: pl.Series) -> NDArray[np.int64]:
        """Rows of a String column that may fold to one of the words."""
        head = heads(values)
        pairs = head & np.uint32(0xFFFF)
        rows = np.flatnonzero(self._possible(*different(pairs, 1 << 16), 2) & values.is_not_null().to_numpy())
        rows = rows[self._possible(*different(head[rows], 1 << 32), 4)]
        longer = values.gather(rows).str.head(_LONGER)
        distinct = longer.unique()
        possible = distinct.filter(pl.Series([self.may_begin(text) for text in distinct.to_list()], dtype=pl.Boolean))
        chosen: NDArray[np.int64] = rows[longer.is_in(possible.implode()).to_numpy()]
        return chosen

    def _possible(self, found: NDArray[Any], place: NDArray[np.int64], size: int) -> NDArray[np.bool_]:
        texts = [key.to_bytes(size, "little").decode("utf-8", "ignore") for key in found.tolist()]
        possible: NDArray[np.bool_] = np.array([self.may_begin(text) for text in texts], np.bool_)[place]
        return possible

    def may_be(self, values: pl.Series) -> pl.Series:
        """As `candidates`, a boolean column without nulls."""
        found = np.zeros(len(values), np.bool_)
        found[self.candidates(values)] = True
        return pl.Series(found)
