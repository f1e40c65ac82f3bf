"""Lexicon files read and checked: every group becomes terms, every fault is reported with its place.

The format is described in ``sops/README.md``.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import re2

from riskscore.concepts import (
    BREAK_WORD,
    CONCEPTS,
    CUES,
    NUMBER,
    PURPOSE,
    SCOPES,
    TOPIC_NUMBER,
    TOPICS,
    WEAPON_CONCEPTS,
    bit,
)
from riskscore.folding import (
    CYRILLIC,
    GREEK,
    IDEOGRAPHS,
    LATIN,
    WORD_BEFORE_NUMBER,
    WORD_BEHIND_NUMBER,
    fold,
    script_of,
)
from riskscore.phrases import MAX_ENDING, Part, Phrase
from riskscore.yaml_files import read_yaml

_MOST_UNKNOWN = 3
MAX_WAYS = 500  # of writing one term
_UNBENT = 2  # letters of words that do not bend (za, of)
_SHORTEST_OPEN = 4  # letters of a word that is found within longer ones
_RUN_TOGETHER = 10  # letters of a phrase that is also found without its blanks
_GROUP_KEYS = {
    "concept",
    "topic",
    "words",
    "patterns",
    "needs_cue",
    "cues",
    "scope",
    "lowers",
    "comes_with",
    "alone",
    "note",
}
_LISTS = ("relatives", "endings", "prefixes", "spellings", "purpose", "breaks", "terms", "examples")
_FILE_KEYS = {"language", "version", "source", "date", "head", *_LISTS}
ANY = "any"  # language of names and numbers


@dataclass(frozen=True, slots=True)
class Term:
    """One term of one lexicon file; its place in `Lexicon.terms` is its number within this load."""

    file: str
    language: str
    text: str
    concept: int
    needs_cue: bool = False
    cues: int = 0
    unsure_cues: int = 0  # concepts that settle this one even while they need a cue themselves
    scope: str = "phrase"
    lowers: int = 0
    comes_with: bool = False
    alone: int = 0  # counts where fewer unknown words than this are all that stands beside it
    head_last: bool = True
    scripts: int = LATIN | CYRILLIC | GREEK  # in which it counts
    relatives: tuple[str, ...] = ()  # languages whose words it calms as those of its own
    is_pattern: bool = False


@dataclass(frozen=True, slots=True)
class Example:
    """A text with what must, and must not, be found in it."""

    file: str
    text: str
    finds: dict[str, list[str]]
    never: tuple[str, ...]


@dataclass(slots=True)
class Draft:
    """What the files say, before it is compiled.

    Parameters
    ----------
    terms : list of Term
    ways : list of tuples of Phrase
        How each term may be written; none for a pattern.
    examples : list of Example
    ending_sets, prefix_sets : lists of sequences of str
        What a `Part` refers to; number 0 is empty.
    """

    terms: list[Term] = field(default_factory=list)
    ways: list[tuple[Phrase, ...]] = field(default_factory=list)
    examples: list[Example] = field(default_factory=list)
    ending_sets: list[Sequence[str]] = field(default_factory=lambda: [()])
    prefix_sets: list[Sequence[str]] = field(default_factory=lambda: [()])

    def add(self, term: Term, ways: tuple[Phrase, ...]) -> None:
        """One more term."""
        self.terms.append(term)
        self.ways.append(ways)


@dataclass(frozen=True, slots=True)
class Spelling:
    """A way of writing the letters of a language in others: ж as zh, ä as ae."""

    letters: dict[str, str]
    groups: re.Pattern[str]

    @staticmethod
    def of(letters: dict[str, str]) -> Spelling:
        """Longer groups of letters are read first."""
        return Spelling(letters, re.compile("|".join(map(re.escape, sorted(letters, key=len, reverse=True)))))

    def respell(self, text: str) -> str:
        """The text with these letters written as the others."""
        return self.groups.sub(lambda match: self.letters[match[0]], text)


@dataclass(frozen=True, slots=True)
class Grammar:
    """How the words of one file bend: endings, clitics in front, other ways of writing its letters, steering words."""

    endings: tuple[str, ...]
    ending_set: int
    prefix_set: int
    spellings: tuple[Spelling, ...]
    steering: frozenset[str]
    only_respelt: bool = False  # leave out the word as it is written in the file


# Where a number runs on behind a word, or a word behind a number: glock|19|gen5, but not mp5 or 9mm.
_RUN_ON = re.compile(f"(?<=[a-z]{{{WORD_BEFORE_NUMBER}}})(?=[0-9])|(?<=[0-9])(?=[a-z]{{{WORD_BEHIND_NUMBER}}})")


@lru_cache(100_000)
def words_of(text: str) -> str:
    """Folded words with one blank between them: how terms and texts meet."""
    return " ".join(_RUN_ON.sub(" ", "".join(_apart(c) for c in fold(text))).split())


@cache
def _apart(character: str) -> str:
    """A letter or digit as it stands, an ideograph as a word of its own, anything else as a blank."""
    if any(low <= ord(character) < high for low, high in IDEOGRAPHS):
        return f" {character} "
    return character if character.isalnum() else " "


def pattern_options(max_mem: int = 8 << 20) -> Any:
    """How calibre patterns are read: one byte per character of the folded text."""
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.log_errors = False
    options.max_mem = max_mem
    return options


def read_file(path: Path, draft: Draft, faults: list[str]) -> None:
    """Add the terms and examples of one file; what is wrong goes to `faults`."""
    name = path.name
    content = read_yaml(path, faults)
    if content is None:
        return
    for key in content.keys() - _FILE_KEYS:
        faults.append(f"{name}: unknown key `{key}`")
    for key in ("language", "version", "source", "date"):
        if not content.get(key):
            faults.append(f"{name}: `{key}` is missing")
    head = content.get("head", "last")
    if head not in ("first", "last"):
        faults.append(f"{name}: `head` must be first or last, not {head!r}")
    lists = {key: _listed(name, content, key, faults) for key in _LISTS}
    spellings = _spellings_of(name, lists["spellings"], faults)
    endings = _endings(name, lists["endings"], spellings, faults)
    ending_set = 0
    if endings:
        ending_set = len(draft.ending_sets)
        draft.ending_sets.append(endings)
    prefix_set = 0
    if prefixes := [words_of(str(p)) for p in lists["prefixes"]]:
        prefix_set = len(draft.prefix_sets)
        draft.prefix_sets.append(prefixes)
    relatives = tuple(map(str, lists["relatives"]))
    common = {
        "file": name,
        "language": str(content.get("language")),
        "head_last": head == "last",
        "relatives": relatives,
    }
    for concept, key in ((PURPOSE, "purpose"), (BREAK_WORD, "breaks")):
        for word in lists[key]:
            phrase = tuple(Part(text) for text in words_of(str(word)).split())
            draft.add(Term(text=str(word), concept=concept, **common), (phrase,))
    steering = {words_of(str(w)) for key in ("purpose", "breaks") for w in lists[key]}
    grammar = Grammar(tuple(endings), ending_set, prefix_set, tuple(spellings), frozenset(steering))
    for number, group in enumerate(lists["terms"], start=1):
        _load_group(f"{name}: terms[{number}]", group, common, grammar, draft, faults)
    for number, example in enumerate(lists["examples"], start=1):
        _load_example(f"{name}: examples[{number}]", name, example, draft, faults)


def _endings(name: str, raw: list[Any], spellings: list[Spelling], faults: list[str]) -> list[str]:
    endings = sorted({fold(e) for ending in raw for e in _respelt(str(ending), spellings)})
    strange = [e for e in endings if not 0 < len(e) <= MAX_ENDING or not e.isalpha()]
    faults.extend(f"{name}: ending {ending!r} must be 1 to {MAX_ENDING} letters" for ending in strange)
    return [e for e in endings if e not in strange]


def _spellings_of(name: str, raw: list[Any], faults: list[str]) -> list[Spelling]:
    faults.extend(
        f"{name}: `spellings` must be mappings of letters to letters, not {scheme!r}"
        for scheme in raw
        if not isinstance(scheme, dict)
    )
    return [Spelling.of({str(k).lower(): str(v) for k, v in s.items()}) for s in raw if isinstance(s, dict) and s]


def _respelt(text: str, spellings: Iterable[Spelling]) -> list[str]:
    """A word as it is written, and in every other way of writing its letters; the longest group of letters first."""
    text = unicodedata.normalize("NFC", text.lower())
    return [text, *(spelling.respell(text) for spelling in spellings)]


def _listed(where: str, content: dict[str, Any], key: str, faults: list[str]) -> list[Any]:
    """The list under a key; empty, and a fault, when something else stands there."""
    value = content.get(key)
    if value is None or isinstance(value, list):
        return value or []
    faults.append(f"{where}: `{key}` must be a list, not {value!r}")
    return []


def _flag(where: str, content: dict[str, Any], key: str, faults: list[str]) -> bool:
    value = content.get(key, False)
    if not isinstance(value, bool):
        faults.append(f"{where}: `{key}` must be true or false, not {value!r}")
    return value is True


def _load_group(
    where: str,
    group: Any,
    common: dict[str, Any],
    grammar: Grammar,
    draft: Draft,
    faults: list[str],
) -> None:
    if not isinstance(group, dict):
        faults.append(f"{where}: must be a mapping")
        return
    for key in group.keys() - _GROUP_KEYS:
        faults.append(f"{where}: unknown key `{key}`")
    concept, topic = group.get("concept"), group.get("topic")
    if topic is not None and (topic not in TOPICS or concept is not None):
        faults.append(f"{where}: `topic` stands instead of a concept and is one of {', '.join(TOPICS)}, not {topic!r}")
        return
    if topic is None and (concept not in CONCEPTS or concept in ("ambiguous", "manipulated")):
        faults.append(f"{where}: `concept` must be one of the contract's concepts, not {concept!r}")
        return
    scope = group.get("scope", "phrase")
    if scope not in SCOPES:
        faults.append(f"{where}: `scope` must be phrase, segment or head, not {scope!r}")
    cues, unsure = _cues(where, group, str(concept), faults)
    lowers = _listed(where, group, "lowers", faults) or list(WEAPON_CONCEPTS)
    if strange := [c for c in lowers if c not in CONCEPTS]:
        faults.append(f"{where}: `lowers` names unknown concepts {strange}")
        return
    settings = {
        **common,
        "concept": NUMBER[str(concept)] if topic is None else TOPIC_NUMBER[topic],
        "needs_cue": _flag(where, group, "needs_cue", faults),
        "cues": cues,
        "unsure_cues": unsure,
        "scope": scope,
        "lowers": bit(lowers) if scope != "phrase" else 0,
        "comes_with": _flag(where, group, "comes_with", faults),
        "alone": _alone(where, group, faults),
    }
    words, patterns = _listed(where, group, "words", faults), _listed(where, group, "patterns", faults)
    if not group.get("words") and not group.get("patterns"):
        faults.append(f"{where}: needs `words` or `patterns`")
    for word in words:
        try:
            for term, ways in _in_each_script(word, settings, grammar):
                draft.add(term, ways)
        except ValueError as error:
            faults.append(f"{where}: {word!r}: {error}")
    for pattern in patterns:
        _load_pattern(where, pattern, settings, draft, faults)


def _alone(where: str, group: dict[str, Any], faults: list[str]) -> int:
    """One more than the number of unknown words beside which a maker's name counts; 0 where it never does."""
    value = group.get("alone")
    if value is None:
        return 0
    if type(value) is not int or not 0 <= value <= _MOST_UNKNOWN:
        faults.append(f"{where}: `alone` is the number of unknown words that may stand beside, 0 to {_MOST_UNKNOWN}")
        return 0
    return value + 1


def _load_pattern(where: str, pattern: Any, settings: dict[str, Any], draft: Draft, faults: list[str]) -> None:
    try:
        if not isinstance(pattern, str):
            raise ValueError("is no text; put it in quotes")
        re2.compile(pattern.encode("latin-1"), pattern_options())
    except (re2.error, ValueError) as error:
        faults.append(f"{where}: pattern {pattern!r}: {error}")
        return
    draft.add(Term(text=pattern, is_pattern=True, **settings), ())


def _cues(where: str, group: dict[str, Any], concept: str, faults: list[str]) -> tuple[int, int]:
    """Concepts that settle an ambiguous term, and those that do so even while they need a cue themselves (`brand?`)."""
    given = [str(c) for c in _listed(where, group, "cues", faults)]
    if strange := [c for c in given if c.removesuffix("?") not in NUMBER]:
        faults.append(f"{where}: `cues` names unknown concepts {strange}")
        return 0, 0
    if given:
        return bit([c for c in given if not c.endswith("?")]), bit([c[:-1] for c in given if c.endswith("?")])
    return bit(CUES), bit({"brand": ["calibre"], "calibre": ["brand"]}.get(concept, []))


def _in_each_script(word: Any, settings: dict[str, Any], grammar: Grammar) -> list[tuple[Term, tuple[Phrase, ...]]]:
    """A term as it is written, and, where a file says how, as its letters are written in Latin ones.

    A Greek word counts in Greek, a Cyrillic one in Cyrillic letters, else as the file respells it: Greek for sand reads
    like "ammo", Czech for a piston like a Bulgarian pistol. Latin words count in Cyrillic letters, too: Serbian is
    written in both, and neither may tell.
    """
    written = script_of(str(word))
    if settings["language"] == ANY or not written:
        return [(Term(text=str(word), **settings), _ways(word, grammar))]
    if written == LATIN:
        return [(Term(text=str(word), scripts=LATIN | CYRILLIC, **settings), _ways(word, grammar))]
    plain = replace(grammar, spellings=())
    if not grammar.spellings:
        return [(Term(text=str(word), scripts=written | LATIN, **settings), _ways(word, plain))]
    native = Term(text=str(word), scripts=written, **settings)
    latin = Term(text=str(word), scripts=LATIN, **settings)
    return [(native, _ways(word, plain)), (latin, _ways(word, replace(grammar, only_respelt=True)))]


def _ways(word: Any, grammar: Grammar) -> tuple[Phrase, ...]:
    """Every way to write a term, as the parts to look for."""
    if not isinstance(word, str):
        raise ValueError("is no text; put it in quotes")
    exact = word.startswith("=")
    open_left, open_right = word.startswith("~"), word.endswith("~")
    listed = word.strip("=~").split()
    choices: list[list[tuple[str, str, bool]]] = []  # stem, the whole word, whether it bends
    for number, part in enumerate(listed):
        stem, _, ending = part.partition("|")
        if ending and words_of(ending) not in grammar.endings:
            raise ValueError(f"`|{ending}` is not one of the file's endings")
        if exact:
            stem, ending = stem + ending, ""
        stems = [words_of(way) for way in _respelt(stem, grammar.spellings)[grammar.only_respelt :]]
        if not stems[0]:
            raise ValueError("has a word without a letter or digit")
        steers = stems[0] in grammar.steering and number < len(listed) - 1
        long = bool(ending) or len(stems[0]) > _UNBENT or number == len(listed) - 1
        bends = not exact and not steers and long
        choices.append([(s, s + words_of(ending), bends) for way in dict.fromkeys(stems) for s in _spaced(way)])
    if not choices:
        raise ValueError("is empty")
    for is_open, listed_ways in ((open_left, choices[0]), (open_right, choices[-1])):
        if is_open and len(listed_ways[0][0]) < _SHORTEST_OPEN:
            raise ValueError(f"`~` stands at words of {_SHORTEST_OPEN} letters or more")
    ways: dict[Phrase, None] = {}
    for choice in itertools.product(*choices):
        if len(ways) > MAX_WAYS:
            raise ValueError(f"could be written in more than {MAX_WAYS} ways; split it")
        for way in _joined(choice):
            ways[_phrase(way, exact, open_left, open_right, grammar)] = None
    return tuple(ways)


_Word = tuple[str, str, bool]


def _phrase(words: Sequence[_Word], exact: bool, open_left: bool, open_right: bool, grammar: Grammar) -> Phrase:
    parts: list[Part] = []
    for number, (stem, _, bends) in enumerate(words):
        pieces = stem.split()  # "mp 5", or ideographs
        for place, text in enumerate(pieces):
            last = place == len(pieces) - 1
            at_end = last and number == len(words) - 1
            parts.append(
                Part(
                    text,
                    endings=grammar.ending_set if bends and last and (at_end or text[-1].isalpha()) else 0,
                    prefixes=0 if exact or open_left else grammar.prefix_set,
                    open_left=open_left and number == 0 and place == 0,
                    open_right=open_right and at_end,
                )
            )
    return tuple(parts)


def _spaced(word: str) -> list[str]:
    """A word that runs from letters into digits, also with a blank there (mp5, mp 5)."""
    spaced = re.sub(r"(?<=[a-z])(?=[0-9])", " ", word, count=1)
    return [word] if spaced == word else [word, spaced]


def _joined(words: tuple[_Word, ...]) -> list[tuple[_Word, ...]]:
    """A phrase as it stands; with its letters and digits joined (ar 15, ar15); run together (huntingrifle)."""
    ways = [words]
    edges = [_meet(a, b) for a, b in itertools.pairwise(words)]
    if any(edges):
        ways.append(_merge(words, edges))
        first = edges.index(next(edge for edge in edges if edge))
        if edges[first] == "letter digit":
            ways.append(_merge(words, [edge if n == first else "" for n, edge in enumerate(edges)]))
    elif len(words) in (2, 3) and all(whole.isalpha() and whole.isascii() for _, whole, _ in words):
        together = "".join(whole for _, whole, _ in words[:-1])
        if len(together + words[-1][1]) >= _RUN_TOGETHER:
            ways.append(((together + words[-1][0], together + words[-1][1], words[-1][2]),))
    return ways


def _meet(left: _Word, right: _Word) -> str:
    a, b = left[1][-1:], right[0][:1]
    if a.isascii() and b.isascii():
        return "letter digit" if a.isalpha() and b.isdigit() else "digit letter" if a.isdigit() and b.isalpha() else ""
    return ""


def _merge(words: Sequence[_Word], edges: Sequence[str]) -> tuple[_Word, ...]:
    merged = [words[0]]
    for edge, (stem, whole, bends) in zip(edges, words[1:], strict=True):
        if edge:
            before = merged[-1][1]
            merged[-1] = (before + stem, before + whole, bends)
        else:
            merged.append((stem, whole, bends))
    return tuple(merged)


def _load_example(where: str, name: str, example: Any, draft: Draft, faults: list[str]) -> None:
    if not isinstance(example, dict) or not isinstance(example.get("text"), str):
        faults.append(f"{where}: needs a `text`")
        return
    found, innocent = example.get("finds") or {}, _flag(where, example, "innocent", faults)
    if not isinstance(found, dict):
        faults.append(f"{where}: `finds` must be a mapping of concept to words")
        return
    finds = {
        str(concept): [str(w) for w in (words if isinstance(words, list) else [words])]
        for concept, words in found.items()
    }
    never = tuple(str(concept) for concept in _listed(where, example, "never", faults))
    if innocent:
        never = (*never, *(c for c in (*WEAPON_CONCEPTS, "manipulated") if c not in finds))
    for concept in (*finds, *never):
        if concept not in NUMBER and concept not in TOPICS:
            faults.append(f"{where}: unknown concept {concept!r}")
    if not finds and not never:
        faults.append(f"{where}: says neither `finds`, `never` nor `innocent: true`")
    draft.examples.append(Example(name, example["text"], finds, never))
