"""Text that somebody typed, as HTML that is safe to show: escaped, isolated, nothing in it unseen."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from markupsafe import Markup, escape

LONGEST_TEXT = 2_000  # code points shown of one value, unless marked words lie beyond

SHORT_NAMES = {
    "\t": "TAB", "\n": "LF", "\r": "CR", "\u00a0": "NBSP", "\u00ad": "SHY", "\u061c": "ALM", "\u200b": "ZWSP",
    "\u200c": "ZWNJ", "\u200d": "ZWJ", "\u200e": "LRM", "\u200f": "RLM", "\u202a": "LRE", "\u202b": "RLE",
    "\u202c": "PDF", "\u202d": "LRO", "\u202e": "RLO", "\u2060": "WJ", "\u2066": "LRI", "\u2067": "RLI",
    "\u2068": "FSI", "\u2069": "PDI", "\ufeff": "BOM",
}  # fmt: skip
# Fillers and variation selectors count as printable, yet nothing is seen of them.
PRINTABLE_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
# A Cyrillic or Greek letter inside a Latin word looks right and is found by no search.
WORD = re.compile(r"[^\W\d_]+")
LATIN = re.compile("[A-Za-z]")
OTHER_ALPHABET = re.compile("[\u0370-\u03ff\u0400-\u052f\u1f00-\u1fff]")


@dataclass(frozen=True)
class Span:
    """Words of one value that count for a reason: half-open code points, and the reason's number on its card."""

    start: int
    end: int
    axis: str
    number: int
    concept: str = ""


def shown(value: object, spans: Sequence[Span] = (), card: int = 0) -> Markup:
    """A typed value as HTML: escaped, isolated, invisible characters as labelled marks, words that count marked.

    Parameters
    ----------
    value : object
        The raw value.
    spans : sequence of Span
        Half-open spans of code points of the raw value; they may overlap.
    card : int
        Rank of the card, for the links from marked words to reasons.
    """
    text = _text(value)
    end = min(len(text), max([LONGEST_TEXT, *(span.end for span in spans)]))
    inside = [span for span in (replace(span, end=min(span.end, end)) for span in spans) if 0 <= span.start < span.end]
    cuts = sorted({0, end, *(at for span in inside for at in (span.start, span.end))})
    parts = []
    for a, b in pairwise(cuts):
        piece = _visible(text[a:b])
        over = [span for span in inside if span.start <= a and b <= span.end]
        if over:
            piece = Markup('<mark class="{}" title="{}">{}{}</mark>').format(
                " ".join(sorted({span.axis[0] for span in over})),
                plain(", ".join(dict.fromkeys(span.concept for span in over if span.concept)) or "counts"),
                piece,
                references((span.number for span in over if span.end == b), card),
            )
        parts.append(piece)
    more = Markup(" <small>… {} more characters</small>").format(f"{len(text) - end:,}") if end < len(text) else ""
    html = Markup().join(parts)
    # Only letters beyond ASCII have a direction of their own; plain text needs no isolation, and 200 cards no ballast.
    return (html if text.isascii() else Markup("<bdi>{}</bdi>").format(html)) + more


def plain(value: object) -> str:
    """A typed value for a title or an attribute: invisible characters become [U+XXXX]; the template escapes it."""
    return "".join(f"[U+{ord(c):04X}]" if _is_unseen(c) else c for c in str(value))


def place(path: str) -> str:
    """The name of a field as a reader says it: ``items[0].hs_code`` becomes ``item 1, hs code``."""
    numbered = re.sub(r"s?\[(\d+)\]", lambda m: f" {int(m[1]) + 1}", path)
    return numbered.replace(".", ", ").replace("_", " ")


def references(numbers: Iterable[int], card: int) -> Markup:
    """Superscript links to the reasons of a card."""
    links = [Markup('<a href="#p{0}r{1}">{1}</a>').format(card, n) for n in sorted(set(numbers))]
    return Markup("<sup>{}</sup>").format(Markup(" ").join(links)) if links else Markup()


def _is_unseen(char: str) -> bool:
    return not char.isprintable() or PRINTABLE_UNSEEN.match(char) is not None


def _visible(text: str) -> Markup:
    if text.isascii() and text.isprintable():
        return escape(text)
    strange = {
        word.start() + i
        for word in WORD.finditer(text)
        if LATIN.search(word[0])
        for i, c in enumerate(word[0])
        if OTHER_ALPHABET.match(c)
    }
    return Markup().join(
        _labelled("inv", c, SHORT_NAMES.get(c, f"U+{ord(c):04X}"))
        if _is_unseen(c)
        else _labelled("odd", c, c)
        if i in strange
        else c
        for i, c in enumerate(text)
    )


def _labelled(kind: str, char: str, label: str) -> Markup:
    name = f"U+{ord(char):04X} {unicodedata.name(char, 'character without a name')}"
    return Markup('<span class="{}" title="{}">{}</span>').format(kind, name, label)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M %Z}".rstrip()
    if isinstance(value, list | tuple):
        return ", ".join(_text(v) for v in value) or "none"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
