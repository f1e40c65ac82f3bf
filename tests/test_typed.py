"""Typed text on a page: nothing of it is lost, hidden or run."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskscore.typed import LONGEST_TEXT, Span, place, plain, shown

UNSEEN = r'<span class="inv" title="U\+([0-9A-F]+) [^"]*">[^<]*</span>'


def as_typed(shown_html: str) -> str:
    """What the sender typed, read back from the page."""
    text = re.sub(r"<sup>.*?</sup>", "", shown_html)
    parts = re.split(UNSEEN, text)
    return "".join(
        chr(int(part, 16)) if i % 2 else html.unescape(re.sub(r"</?(?:bdi|mark|span)[^>]*>", "", part))
        for i, part in enumerate(parts)
    )


def test_words_that_count_are_marked_in_place() -> None:
    text = "Lovačka puška <30-06>, rabljena"
    html = shown(text, [Span(8, 13, "illicit", 1, "firearm"), Span(14, 21, "compliance", 2, "calibre")], card=4)
    assert '<mark class="i" title="firearm">puška<sup><a href="#p4r1">1</a></sup></mark>' in html
    assert '<mark class="c" title="calibre">&lt;30-06&gt;<sup><a href="#p4r2">2</a></sup></mark>' in html
    assert html.startswith("<bdi>Lovačka <mark")


def test_overlapping_words_belong_to_both_reasons() -> None:
    html = shown("rifle barrel", [Span(0, 5, "illicit", 1), Span(0, 12, "compliance", 2)])
    assert re.sub(r"<sup>.*?</sup>", "", html) == (
        '<mark class="c i" title="counts">rifle</mark><mark class="c" title="counts"> barrel</mark>'
    )


def test_spans_are_code_points_also_beyond_the_basic_plane() -> None:
    assert shown("🎁🎁 gun", [Span(3, 6, "illicit", 1)]).startswith("<bdi>🎁🎁 <mark")
    assert re.fullmatch(r"x<mark[^>]*>gun<sup>.*</sup></mark>s", shown("xguns", [Span(1, 4, "illicit", 1)]))


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60), st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=4))
def test_nothing_typed_is_lost_hidden_or_run(text: str, pairs: list[tuple[int, int]]) -> None:
    page = str(shown(text, [Span(a, b, "illicit", n) for n, (a, b) in enumerate(pairs, 1)]))
    assert as_typed(page) == text
    assert set(re.findall(r"</?(\w+)", page)) <= {"bdi", "mark", "sup", "a", "span"}
    assert page.isprintable()


@pytest.mark.parametrize("char", ["\u200b", "\u202e", "\u00a0", "\u3164", "\ufe0f", "\u2800", "\ud800", "\n", "\x00"])
def test_unseen_characters_become_labelled_marks(char: str) -> None:
    page = str(shown(f"pi{char}stol"))
    assert char not in page
    assert f'title="U+{ord(char):04X} ' in page
    assert as_typed(page) == f"pi{char}stol"
    assert plain(f"a{char}b") == f"a[U+{ord(char):04X}]b"


def test_a_letter_of_another_alphabet_inside_a_word_is_pointed_out() -> None:
    assert '<span class="odd" title="U+043E CYRILLIC SMALL LETTER O">о</span>l' in shown("pistоl")
    assert "odd" not in shown("Ловачка пушка, hunting")


def test_spans_outside_the_text_are_left_out() -> None:
    assert shown("pipe", [Span(9, 12, "illicit", 1), Span(2, 2, "illicit", 2)]) == "pipe"
    assert "<mark" in shown("pipe", [Span(0, 99, "illicit", 1)])


def test_long_text_is_cut_behind_the_words_that_count() -> None:
    text = "x" * (LONGEST_TEXT + 500)
    assert f"{500} more characters" in shown(text)
    assert "100 more characters" in shown(text, [Span(LONGEST_TEXT + 390, LONGEST_TEXT + 400, "illicit", 1)])


def test_fields_are_named_as_a_reader_says_them() -> None:
    assert place("items[0].hs_code") == "item 1, hs code"
    assert place("documents[2].valid_to") == "document 3, valid to"
    assert place("gross_mass_kg") == "gross mass kg"
