"""Terms as sequences of words: the words of all languages are looked up at once, a table joins them to phrases.

Each word of a text is looked up by the hash of its letters, whole and without its last one to five; what was cut off
must be an ending that the term takes. So a phrase of three words that bend costs three entries, not the product of
their endings, and only true candidates are looked at twice. The few terms that are found within longer words
("~gewehr") are searched for by an automaton.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import ahocorasick_rs
import numpy as np
from numpy.typing import NDArray

from riskscore.folding import BREAK, SPACE, Codes, Index

MAX_ENDING = 5
_LETTER_BITS, _LETTER = 11, 0x7FF
_SET_SHIFT = _LETTER_BITS * MAX_ENDING
_WORD_BITS, _KEY_BITS = 21, 20
_SHORTEST_PLAIN = 4  # letters of a word that somebody may have dressed up
_SHORTEST_BEFORE = 3  # letters before a word that ends a longer one
_WEIGHTS = np.random.default_rng(93).integers(0, 1 << 63, 64, np.uint64) * np.uint64(2) + np.uint64(1)  # by place


class Part(NamedTuple):
    """One word of a phrase, folded.

    Parameters
    ----------
    text : str
        The word, or its stem.
    endings, prefixes : int
        Number of the set of endings (clitics in front) it may carry; 0: none, the word stands as it is.
    open_left, open_right : bool
        Whether it may be the end, or the beginning, of a longer word.
    """

    text: str
    endings: int = 0
    prefixes: int = 0
    open_left: bool = False
    open_right: bool = False


Phrase = tuple[Part, ...]


@dataclass(slots=True)
class PhraseTable:
    """All phrases of all terms, ready to search; arrays only, so that it can be kept in a file.

    Parameters
    ----------
    words, open_words : lists of str
        What is looked up, and what is searched for within longer words.
    word_first, word_parts : int64 arrays
        Parts that each of `words` and then of `open_words` may be: ``word_parts[word_first[w]:word_first[w + 1]]``.
    endings, open_left, open_right, size : int64 arrays (number of parts,)
        Fields of the parts; ``size`` in characters.
    begin_first, begin_parts : int64 arrays
        The same for the parts with which a phrase may begin.
    begins : int64 array (number of parts,)
        State after the part as first word of a phrase, -1 where no phrase begins so.
    keys, following : int64 arrays
        Sorted ``state * number of parts + part`` and the state that follows.
    deeper : bool array (number of states,)
        Whether a longer phrase goes on from a state.
    term_first, terms : int64 arrays
        Terms that are complete in each state.
    ending_keys : uint64 array
        Sorted keys of all endings of all sets.
    """

    words: list[str]
    open_words: list[str]
    word_first: Index
    word_parts: Index
    begin_first: Index
    begin_parts: Index
    endings: Index
    open_left: Index
    open_right: Index
    size: Index
    begins: Index
    keys: Index
    following: Index
    deeper: NDArray[np.bool_]
    term_first: Index
    terms: Index
    ending_keys: NDArray[np.uint64]
    hashes: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64))  # of `words`, by bucket
    hashed: Index = field(default_factory=lambda: np.zeros(0, np.int64))  # number of the word of each
    place: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))  # first of each bucket, or -1
    shared: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))  # the next is of the same bucket
    maybe_key: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))  # buckets of `keys`
    maybe_ending: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))  # buckets of all endings
    automaton: Any = None


def build_phrase_table(
    phrases: Sequence[Iterable[Phrase]],
    ending_sets: Sequence[Iterable[str]],
    prefix_sets: Sequence[Iterable[str]],
    also: Mapping[str, Iterable[str]],
) -> PhraseTable:
    """Compile the phrases of each term.

    Parameters
    ----------
    phrases : sequence of iterables of tuples of Part
        The ways to write each term, by number of the term.
    ending_sets, prefix_sets : sequences of iterables of str
        What a `Part` refers to by number; number 0 is empty.
    also : mapping of str to iterable of str
        Other spellings (slips) of a word, found wherever it is a whole part of a phrase.
    """
    parts: dict[Part, int] = {}
    children: list[dict[int, int]] = [{}]
    complete: list[list[int]] = [[]]
    for term, ways in enumerate(phrases):
        for way in ways:
            state = 0
            for part in way:
                number = parts.setdefault(part, len(parts))
                if (after := children[state].get(number)) is None:
                    after = children[state][number] = len(children)
                    children.append({})
                    complete.append([])
                state = after
            if term not in complete[state]:
                complete[state].append(term)
    words: dict[str, list[int]] = {}
    open_words: dict[str, list[int]] = {}
    for part, number in parts.items():
        if part.open_left or part.open_right:
            open_words.setdefault(part.text if part.open_left else f" {part.text}", []).append(number)
            for text in also.get(part.text, ()):
                words.setdefault(text, []).append(number)
            continue
        written = [prefix + part.text for prefix in ["", *prefix_sets[part.prefixes]]]
        for text in dict.fromkeys([*written, *also.get(part.text, ())]):
            words.setdefault(text, []).append(number)
    of_words = [*words.values(), *open_words.values()]
    begins = np.full(len(parts), -1, np.int64)
    for part_number, after_it in children[0].items():
        begins[part_number] = after_it
    beginning = [[number for number in group if begins[number] >= 0] for group in of_words]
    edges = sorted((s * len(parts) + p, t) for s, after in enumerate(children) if s for p, t in after.items())
    table = PhraseTable(
        words=list(words),
        open_words=list(open_words),
        word_first=_first(of_words),
        word_parts=_flat(of_words),
        begin_first=_first(beginning),
        begin_parts=_flat(beginning),
        endings=np.array([p.endings for p in parts], np.int64),
        open_left=np.array([p.open_left for p in parts], np.int64),
        open_right=np.array([p.open_right for p in parts], np.int64),
        size=np.array([len(p.text) for p in parts], np.int64),
        begins=begins,
        keys=np.array([k for k, _ in edges], np.int64),
        following=np.array([t for _, t in edges], np.int64),
        deeper=np.array([bool(after) for after in children], np.bool_),
        term_first=_first(complete),
        terms=_flat(complete),
        ending_keys=np.array(
            sorted({ending_key(number, e) for number, endings in enumerate(ending_sets) for e in endings}), np.uint64
        ),
    )
    prepare(table)
    return table


def prepare(table: PhraseTable) -> None:
    """Build what is looked up in: the hashes and the automaton."""
    stream = np.frombuffer(" ".join(["", *table.words, ""]).encode("utf-32-le"), np.uint32)
    gaps = np.flatnonzero(stream == SPACE)
    sums = _running_sums(stream, gaps)
    hashes = sums[gaps[1:]] - sums[gaps[:-1] + 1]
    bucket = _bucket(hashes, _WORD_BITS)
    table.hashed = np.argsort(bucket, kind="stable")
    table.hashes, bucket = hashes[table.hashed], bucket[table.hashed]
    table.shared = np.append(bucket[1:] == bucket[:-1], False)
    table.place = np.full(1 << _WORD_BITS, -1, np.int32)
    table.place[bucket[::-1]] = np.arange(len(bucket))[::-1]
    table.maybe_key = np.zeros(1 << _KEY_BITS, np.bool_)
    table.maybe_key[_bucket(table.keys.astype(np.uint64), _KEY_BITS)] = True
    table.maybe_ending = np.zeros(1 << _KEY_BITS, np.bool_)
    table.maybe_ending[_bucket(_endings_read_backwards(table.ending_keys), _KEY_BITS)] = True
    table.automaton = ahocorasick_rs.AhoCorasick(table.open_words) if table.open_words else None


def _endings_read_backwards(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """What `_longer_ending` makes of each ending."""
    backwards = np.zeros(len(keys), np.uint64)
    for position in reversed(range(MAX_ENDING)):
        letter = (keys >> np.uint64(_LETTER_BITS * position)) & np.uint64(_LETTER)
        backwards = np.where(letter > 0, _longer_ending(backwards, letter.astype(np.uint32)), backwards)
    return backwards


def _running_sums(stream: Codes, gaps: Index) -> NDArray[np.uint64]:
    """Sums over the letters of each word, such that the difference of two within a word is a hash of what lies between.

    Two words of one hash in 64 bits are as unlikely as a fault of the memory they lie in.
    """
    place = np.arange(len(stream), dtype=np.int32)
    begin = np.zeros(len(stream), np.int32)
    begin[gaps + (gaps + 1 < len(stream))] = gaps + 1
    np.maximum.accumulate(begin, out=begin)
    letter = (stream.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    letter ^= letter >> np.uint64(29)
    letter *= _WEIGHTS[np.minimum(place - begin, len(_WEIGHTS) - 1)]
    sums = np.zeros(len(stream) + 1, np.uint64)
    np.cumsum(letter, out=sums[1:])
    return sums


def _bucket(hashes: NDArray[np.uint64], bits: int) -> NDArray[np.uint64]:
    return (hashes * np.uint64(0xD6E8FEB86659FD93)) >> np.uint64(64 - bits)


def ending_key(number: int, ending: str) -> int:
    """An ending of at most five letters and the number of its set, packed into one integer."""
    key = number << _SET_SHIFT
    for position, letter in enumerate(ending):
        key |= min(ord(letter), _LETTER) << (_LETTER_BITS * position)
    return key


def _first(groups: Iterable[Sequence[int]]) -> Index:
    return np.concatenate(([0], np.cumsum([len(group) for group in groups]))).astype(np.int64)


def _flat(groups: Iterable[Sequence[int]]) -> Index:
    return np.array([number for group in groups for number in group], np.int64)


@dataclass(frozen=True, slots=True)
class _Candidates:
    """Words of the table that stand in the stream, sorted by token; their endings are not verified yet."""

    token: Index
    word: Index
    cut: Index  # letters behind the word
    first: Index  # candidates of token t: first[t]:first[t + 1]


@dataclass(frozen=True, slots=True)
class _Found:
    """Parts that stand in the stream, by token."""

    token: Index
    part: Index
    begin: Index  # of the matched letters; the word may begin before them
    core: Index  # end of what counts as matched: the word with its ending, without the rest of a compound


def find_phrases(stream: Codes, table: PhraseTable) -> tuple[Index, Index, Index, Index]:
    """Terms in a word stream (letters and digits, one blank between words) whose word ends hold.

    Returns
    -------
    term, first, last, core
        The span is made of whole words as they are inflected or compounded, ``core`` is the length of what the term
        itself matched.
    """
    gaps = np.flatnonzero((stream == SPACE) | (stream == BREAK))
    candidates = _candidates(stream, gaps, table)
    inside = _within(stream, gaps, table)
    row, part = _spread(candidates.word, table.begin_first, table.begin_parts)
    _, words = _verified(stream, gaps, table, candidates, row, part)
    found = _both(words, _take(inside, np.flatnonzero(table.begins[inside.part] >= 0)))
    state = table.begins[found.part]
    start, begin = found.token, found.begin
    terms: list[Index] = []
    spans: list[tuple[Index, Index, Index]] = []
    while len(found.token):
        ends, term = _spread(state, table.term_first, table.terms)
        terms.append(term)
        core = found.core[ends] - begin[ends]
        spans.append((gaps[start[ends]] + 1, gaps[found.token[ends] + 1], core))
        on = np.flatnonzero(table.deeper[state])
        origin, following, found = _next(stream, gaps, table, candidates, inside, state[on], found.token[on])
        state, start, begin = following, start[on][origin], begin[on][origin]
    if not terms:
        empty = np.zeros(0, np.int64)
        return empty, empty, empty, empty
    first, last, core = (np.concatenate(column) for column in zip(*spans, strict=True))
    return np.concatenate(terms), first, last, core


def words_with(stream: Codes, marked: NDArray[np.bool_], table: PhraseTable) -> Index:
    """Positions in a stream of the words of four letters or more that hold a marked character and that terms use."""
    gaps = np.flatnonzero((stream == SPACE) | (stream == BREAK))
    before = np.concatenate(([0], np.cumsum(marked)))
    begin, end = gaps[:-1] + 1, gaps[1:]
    token = np.flatnonzero((before[end] > before[begin]) & (end - begin >= _SHORTEST_PLAIN))
    size = end[token] - begin[token] + 1  # each with the blank before it
    row, place = ranges(begin[token] - 1, size)
    some = np.append(stream[place], SPACE).astype(stream.dtype)
    some[np.flatnonzero(np.diff(row, prepend=-1))] = SPACE
    some_gaps = np.append(np.cumsum(size) - size, len(place))
    candidates = _candidates(some, some_gaps, table)
    again, part = _spread(candidates.word, table.word_first, table.word_parts)
    _, found = _verified(some, some_gaps, table, candidates, again, part)
    sound = np.unique(found.token[table.size[found.part] >= _SHORTEST_PLAIN])
    inside = _within(some, some_gaps, table).token
    return begin[token[np.union1d(sound, inside)]]


def _next(
    stream: Codes, gaps: Index, table: PhraseTable, words: _Candidates, inside: _Found, state: Index, token: Index
) -> tuple[Index, Index, _Found]:
    """Where phrases go on at the next token: rows of `state`, the states that follow, and what was found there."""
    low = words.first[token + 1]
    origin, row = ranges(low, words.first[token + 2] - low)
    again, part = _spread(words.word[row], table.word_first, table.word_parts)
    good, following = _follow(table, state[origin[again]], part)
    again = again[good]
    kept, found = _verified(stream, gaps, table, words, row[again], part[good])
    origin_words, following_words = origin[again][kept], following[kept]
    low = np.searchsorted(inside.token, token + 1)
    origin, row = ranges(low, np.searchsorted(inside.token, token + 1, side="right") - low)
    good, following = _follow(table, state[origin], inside.part[row])
    return (
        np.concatenate([origin_words, origin[good]]),
        np.concatenate([following_words, following]),
        _both(found, _take(inside, row[good])),
    )


def _follow(table: PhraseTable, state: Index, part: Index) -> tuple[Index, Index]:
    """Rows at which a part goes on from a state, and the states that follow."""
    key = state * len(table.begins) + part
    row = np.flatnonzero(table.maybe_key[_bucket(key.astype(np.uint64), _KEY_BITS)])
    if not len(row):
        return row, row
    place = np.minimum(np.searchsorted(table.keys, key[row]), len(table.keys) - 1)
    good = table.keys[place] == key[row]
    return row[good], table.following[place[good]]


def ranges(low: Index, size: Index) -> tuple[Index, Index]:
    """The numbers low .. low + size of each row: the row, and the number."""
    row = np.repeat(np.arange(len(low)), size)
    return row, np.arange(len(row)) - np.repeat(np.cumsum(size) - size, size) + low[row]


def _spread(keys: Index, first: Index, values: Index) -> tuple[Index, Index]:
    """Each key's group of values: rows of `keys`, repeated, and the values."""
    row, place = ranges(first[keys], first[keys + 1] - first[keys])
    return row, values[place]


def _both(one: _Found, other: _Found) -> _Found:
    if not len(other.token):
        return one
    pairs = ((getattr(one, name), getattr(other, name)) for name in ("token", "part", "begin", "core"))
    return _Found(*(np.concatenate(pair) for pair in pairs))


def _take(found: _Found, row: Index) -> _Found:
    return _Found(found.token[row], found.part[row], found.begin[row], found.core[row])


def _candidates(stream: Codes, gaps: Index, table: PhraseTable) -> _Candidates:
    """Every word of the table that is a word of the stream, or one without what may be its ending."""
    sums = _running_sums(stream, gaps)
    first, last = gaps[:-1] + 1, gaps[1:]
    token = np.flatnonzero(last > first)
    first, last = first[token], last[token]
    base = sums[first]
    ending = np.zeros(len(token), np.uint64)
    found: list[tuple[Index, Index, Index]] = []
    for cut in range(MAX_ENDING + 1):
        maybe = np.arange(len(token))
        if cut:
            longer = np.flatnonzero(last - first > cut)
            token, first, last, base = token[longer], first[longer], last[longer], base[longer]
            ending = _longer_ending(ending[longer], stream[last - cut])
            maybe = np.flatnonzero(table.maybe_ending[_bucket(ending, _KEY_BITS)])
        row, word = _find(sums[last[maybe] - cut] - base[maybe], table)
        found.append((token[maybe][row], word, np.full(len(row), cut, np.int64)))
    tokens, words, cuts = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.argsort(tokens, kind="stable")
    count = np.bincount(tokens, minlength=len(gaps) + 2)
    return _Candidates(tokens[order], words[order], cuts[order], np.concatenate(([0], np.cumsum(count))))


def _longer_ending(key: NDArray[np.uint64], letter: Codes) -> NDArray[np.uint64]:
    """Hash of an ending with one more letter in front."""
    return key * np.uint64(_LETTER + 1) + np.minimum(letter, _LETTER).astype(np.uint64)


def _find(hashes: NDArray[np.uint64], table: PhraseTable) -> tuple[Index, Index]:
    """Rows whose hash is that of a word, and the number of the word."""
    place = table.place[_bucket(hashes, _WORD_BITS)]
    row = np.flatnonzero(place >= 0)
    place = place[row].astype(np.int64)
    rows: list[Index] = []
    words: list[Index] = []
    while len(row):  # words that share a bucket stand one behind the other
        same = table.hashes[place] == hashes[row]
        rows.append(row[same])
        words.append(table.hashed[place[same]])
        on = np.flatnonzero(~same & table.shared[place])
        row, place = row[on], place[on] + 1
    if not rows:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    return np.concatenate(rows), np.concatenate(words)


def _verified(
    stream: Codes, gaps: Index, table: PhraseTable, words: _Candidates, row: Index, part: Index
) -> tuple[Index, _Found]:
    """The rows at which the part of a candidate holds: what stands behind the word is an ending that the part takes."""
    token, cut = words.token[row], words.cut[row]
    good = cut == 0
    ask = np.flatnonzero((cut > 0) & (table.endings[part] > 0))
    good[ask] = _may_end(stream, gaps[token[ask] + 1] - cut[ask], cut[ask], part[ask], table)
    kept = np.flatnonzero(good)
    token = token[kept]
    return kept, _Found(token, part[kept], gaps[token] + 1, gaps[token + 1])


def _within(stream: Codes, gaps: Index, table: PhraseTable) -> _Found:
    """Parts that may be the beginning, the end or the middle of a longer word."""
    matches = []
    if table.automaton is not None:
        haystack = stream.astype("<u4").tobytes().decode("utf-32-le", "replace")
        matches = table.automaton.find_matches_as_indexes(haystack, overlapping=True)
    word, first, last = np.array(matches, np.int64).reshape(-1, 3).T
    row, part = _spread(word + len(table.words), table.word_first, table.word_parts)
    first, last = (first + (stream[first] == SPACE))[row], last[row]
    token = np.searchsorted(gaps, first) - 1
    rest = gaps[token + 1] - last
    good = (rest == 0) | (table.open_right[part] > 0)
    ask = np.flatnonzero(~good & (table.endings[part] > 0) & (rest <= MAX_ENDING))
    good[ask] = _may_end(stream, last[ask], rest[ask], part[ask], table)
    prefix = first - gaps[token] - 1
    good &= (prefix == 0) | ((table.open_left[part] > 0) & (prefix >= _SHORTEST_BEFORE))
    kept = np.flatnonzero(good)
    kept = kept[np.argsort(token[kept], kind="stable")]
    core = np.where(table.open_right[part] > 0, last, gaps[token + 1])
    return _Found(token[kept], part[kept], first[kept], core[kept])


def _may_end(stream: Codes, last: Index, rest: Index, part: Index, table: PhraseTable) -> NDArray[np.bool_]:
    """Is what stands behind each part an ending that it takes?"""
    if not len(last) or not len(table.ending_keys):
        return np.zeros(len(last), np.bool_)
    key = _rest_key(stream, last, rest) | (table.endings[part].astype(np.uint64) << np.uint64(_SET_SHIFT))
    place = np.minimum(np.searchsorted(table.ending_keys, key), len(table.ending_keys) - 1)
    good: NDArray[np.bool_] = table.ending_keys[place] == key
    return good


def _rest_key(stream: Codes, last: Index, rest: Index) -> NDArray[np.uint64]:
    key = np.zeros(len(last), np.uint64)
    for position in range(MAX_ENDING):
        live = np.flatnonzero(rest > position)
        letter = np.minimum(stream[last[live] + position], _LETTER).astype(np.uint64)
        key[live] |= letter << np.uint64(_LETTER_BITS * position)
    return key
