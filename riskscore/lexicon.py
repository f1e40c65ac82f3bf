"""Lexicon files → one automaton over all terms of all languages, checked, with every fault reported at once.

The format is described in ``sops/README.md``. A term becomes one or more search patterns over the folded word stream
(lower case, no marks, Latin letters, one blank between words); inflection endings are verified after the match.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ahocorasick_rs
import numpy as np
import re2
from numpy.typing import NDArray

from riskscore.errors import SopError
from riskscore.folding import fold
from riskscore.misspellings import Written, misspellings
from riskscore.yaml_files import read_yaml

CONCEPTS: tuple[str, ...] = (
    "firearm",
    "firearm_part",
    "ammunition",
    "ammunition_component",
    "suppressor",
    "conversion_device",
    "blank_or_alarm",
    "airgun",
    "airsoft",
    "accessory",
    "optics",
    "brand",
    "calibre",
    "ambiguous",
    "context",
    "lookalike",
    "vague",
    "defensive",
    "manipulated",
)
NUMBER = {name: i for i, name in enumerate(CONCEPTS)}
WEAPON_CONCEPTS = (*CONCEPTS[: CONCEPTS.index("accessory")], "brand", "calibre")
CUES = (*WEAPON_CONCEPTS[: WEAPON_CONCEPTS.index("airsoft") + 1], "brand", "calibre", "context")
PURPOSE, BREAK_WORD = len(CONCEPTS), len(CONCEPTS) + 1  # internal: words that steer, not concepts
# Words that say more about the goods than the concepts do; an indicator asks for them with `says`.
TOPICS: tuple[str, ...] = (
    "metal",
    "deactivated",
    "claimed_inert",
    "semi_finished",
    "personal_effects",
    "irritant",
    "powder_tool",
    "signal_tool",
    "ordnance",
    "long_goods",
    "reloading_tool",
    "flobert",
    "printed",
    "frame_kit",
    "prop",
    "antique_claim",
    "modern_model",
    "gas_powered",
    "essential_part",
    "fastener",
    "toy_gun",
    "restricted_optics",
    "sport_club",
    "noun_clothing",
    "noun_footwear",
    "noun_linen",
    "noun_print",
    "noun_food",
    "noun_cosmetic",
    "noun_device",
    "licence_denied",
)
FIRST_TOPIC = BREAK_WORD + 1
TOPIC_NUMBER = {name: FIRST_TOPIC + i for i, name in enumerate(TOPICS)}

SCOPES = ("phrase", "segment", "head")
# Concepts whose long words are found with a slip of the finger, too; makers are names, spelt as their owners like.
_TELLING = tuple(NUMBER[name] for name in WEAPON_CONCEPTS if name not in ("brand", "calibre"))
_CALMING = (NUMBER["lookalike"], NUMBER["accessory"])
MAX_ENDING = 5
MAX_PATTERNS_PER_TERM = 4_000
_UNBENT, _SHORT_ENDING = 2, 2  # letters: words that do not bend (za, of), endings listed inside long phrases
_GROUP_KEYS = {"concept", "topic", "words", "patterns", "needs_cue", "cues", "scope", "lowers", "note"}
_FILE_KEYS = {"language", "version", "source", "date", "head", "endings", "purpose", "breaks", "terms", "examples"}


def bit(names: tuple[str, ...] | list[str]) -> int:
    """A set of concepts or topics as a bit mask."""
    return sum(1 << (NUMBER[name] if name in NUMBER else TOPIC_NUMBER[name]) for name in set(names))


def name_of(number: int) -> str:
    """Name of a concept or topic."""
    return CONCEPTS[number] if number < PURPOSE else TOPICS[number - FIRST_TOPIC]


def words_of(text: str) -> str:
    """Folded words with one blank between them: how terms and texts meet."""
    return " ".join("".join(c if c.isalnum() else " " for c in fold(text)).split())


@dataclass(frozen=True, slots=True)
class Term:
    """One term of one lexicon file; ``number`` in `Lexicon.terms` is its id within this load."""

    file: str
    language: str
    text: str
    concept: int
    needs_cue: bool = False
    cues: int = 0
    unsure_cues: int = 0  # concepts that settle this one even while they need a cue themselves
    scope: str = "phrase"
    lowers: int = 0
    head_last: bool = True
    endings: int = 0  # number of the set of endings; 0: none
    open_left: bool = False
    open_right: bool = False
    patterns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Example:
    """A text with what must, and must not, be found in it."""

    file: str
    text: str
    finds: dict[str, list[str]]
    never: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pattern:
    """A linear-time pattern for calibres and markings, over the folded text with its punctuation."""

    term: int
    regex: Any


@dataclass(slots=True)
class Lexicon:
    """All terms, ready to search. Build it with `load_lexicon`."""

    terms: list[Term] = field(default_factory=list)
    ending_sets: list[NDArray[np.uint64]] = field(default_factory=lambda: [np.zeros(0, np.uint64)])
    patterns: list[Pattern] = field(default_factory=list)
    examples: list[Example] = field(default_factory=list)
    automaton: Any = None
    pattern_first: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    pattern_terms: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    words: list[str] = field(default_factory=list)  # what the automaton searches for
    columns: dict[str, NDArray[np.int64]] = field(default_factory=dict)  # fields of the terms, as arrays
    any_pattern: Any = None


def ending_key(ending: str) -> int:
    """An ending of at most five letters packed into one integer."""
    key = 0
    for position, letter in enumerate(ending):
        key |= ord(letter) << (12 * position)
    return key


def load_lexicon(folder: Path) -> Lexicon:
    """Read every ``*.yml`` of a folder into one searchable lexicon.

    Raises
    ------
    SopError
        With every fault of every file.
    """
    faults: list[str] = []
    lexicon = Lexicon()
    for path in sorted(folder.glob("*.yml")):
        _load_file(path, lexicon, faults)
    if not lexicon.terms and not faults:
        faults.append(f"{folder}: no lexicon files (*.yml)")
    if faults:
        raise SopError(faults)
    _compile(lexicon)
    return lexicon


def _load_file(path: Path, lexicon: Lexicon, faults: list[str]) -> None:
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
    lists = {key: _listed(name, content, key, faults) for key in ("endings", "purpose", "breaks", "terms", "examples")}
    endings = _endings(name, lists["endings"], faults)
    ending_set = 0
    if endings:
        ending_set = len(lexicon.ending_sets)
        lexicon.ending_sets.append(np.array(sorted({ending_key(e) for e in endings}), np.uint64))
    common = {"file": name, "language": str(content.get("language")), "head_last": head == "last"}
    for concept, key in ((PURPOSE, "purpose"), (BREAK_WORD, "breaks")):
        for word in lists[key]:
            folded = words_of(str(word))
            lexicon.terms.append(Term(text=str(word), concept=concept, patterns=(f" {folded} ",), **common))
    steering = {words_of(str(w)) for key in ("purpose", "breaks") for w in lists[key]}
    for number, group in enumerate(lists["terms"], start=1):
        _load_group(f"{name}: terms[{number}]", group, common, endings, ending_set, steering, lexicon, faults)
    for number, example in enumerate(lists["examples"], start=1):
        _load_example(f"{name}: examples[{number}]", name, example, lexicon, faults)


def _endings(name: str, raw: list[Any], faults: list[str]) -> list[str]:
    endings = [fold(str(ending)) for ending in raw]
    strange = [e for e in endings if not 0 < len(e) <= MAX_ENDING or not e.isalpha()]
    faults.extend(f"{name}: ending {ending!r} must be 1 to {MAX_ENDING} letters" for ending in strange)
    return [e for e in endings if e not in strange]


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
    endings: list[str],
    ending_set: int,
    steering: set[str],
    lexicon: Lexicon,
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
    }
    words, patterns = _listed(where, group, "words", faults), _listed(where, group, "patterns", faults)
    if not group.get("words") and not group.get("patterns"):
        faults.append(f"{where}: needs `words` or `patterns`")
    for word in words:
        try:
            lexicon.terms.append(_term(word, settings, endings, ending_set, steering))
        except ValueError as error:
            faults.append(f"{where}: {word!r}: {error}")
    for pattern in patterns:
        _load_pattern(where, pattern, settings, lexicon, faults)


def _load_pattern(where: str, pattern: Any, settings: dict[str, Any], lexicon: Lexicon, faults: list[str]) -> None:
    try:
        if not isinstance(pattern, str):
            raise ValueError("is no text; put it in quotes")
        regex = pattern_of(pattern)
    except (re2.error, ValueError) as error:
        faults.append(f"{where}: pattern {pattern!r}: {error}")
        return
    lexicon.patterns.append(Pattern(len(lexicon.terms), regex))
    lexicon.terms.append(Term(text=pattern, **settings))


def _cues(where: str, group: dict[str, Any], concept: str, faults: list[str]) -> tuple[int, int]:
    """Concepts that settle an ambiguous term, and those that do so even while they need a cue themselves (`brand?`)."""
    given = [str(c) for c in _listed(where, group, "cues", faults)]
    if strange := [c for c in given if c.removesuffix("?") not in NUMBER]:
        faults.append(f"{where}: `cues` names unknown concepts {strange}")
        return 0, 0
    if given:
        return bit([c for c in given if not c.endswith("?")]), bit([c[:-1] for c in given if c.endswith("?")])
    return bit(CUES), bit({"brand": ["calibre"], "calibre": ["brand"]}.get(concept, []))


def _re2_options() -> Any:
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.log_errors = False
    return options


def _term(word: Any, settings: dict[str, Any], endings: list[str], ending_set: int, steering: set[str]) -> Term:
    if not isinstance(word, str):
        raise ValueError("is no text; put it in quotes")
    exact = word.startswith("=")
    open_left, open_right = word.startswith("~"), word.endswith("~")
    parts = []
    for part in word.strip("=~").split():
        stem, _, ending = part.partition("|")
        if ending and words_of(ending) not in endings:
            raise ValueError(f"`|{ending}` is not one of the file's endings")
        folded = words_of(stem)
        if not folded:
            raise ValueError("has a word without a letter or digit")
        parts.append((folded, bool(ending)))
    if not parts:
        raise ValueError("is empty")
    bends = [
        not exact and folded not in steering and folded[-1].isalpha() and (cut or len(folded) > _UNBENT)
        for folded, cut in parts[:-1]
    ]
    # Every word within a phrase that bends multiplies the patterns; of several, only the short endings are listed.
    within = endings if sum(bends) <= 1 else [e for e in endings if len(e) <= _SHORT_ENDING]
    variants: list[list[str]] = []
    for number, (folded, _) in enumerate(parts):
        spellings = _spellings(folded)
        if number < len(bends) and bends[number]:
            spellings = [s + e for s in spellings for e in ["", *within]]
        variants.append(spellings)
    count = math.prod(len(v) for v in variants)
    if count > MAX_PATTERNS_PER_TERM:
        raise ValueError(f"would need {count} patterns; split it or use `=`")
    phrases = {" ".join(choice) for choice in itertools.product(*variants)}
    if any(c.isdigit() for folded, _ in parts for c in folded):
        phrases |= {joined for phrase in phrases for joined in _joined(phrase)}
    left = "" if open_left else " "
    right = " " if exact else ""
    return Term(
        text=word,
        endings=0 if exact else ending_set,
        open_left=open_left,
        open_right=open_right,
        patterns=tuple(sorted(f"{left}{phrase}{right}" for phrase in phrases)),
        **settings,
    )


def _spellings(word: str) -> list[str]:
    """A word that runs from letters into digits, also with a blank there (mp5, mp 5)."""
    if word.isalpha():
        return [word]
    spaced = re.sub(r"(?<=[a-z])(?=[0-9])", " ", word, count=1)
    return [word] if spaced == word else [word, spaced]


def _joined(phrase: str) -> list[str]:
    """A phrase with a blank between a letter and a digit, also without it (ar 15, ar15)."""
    joined = re.sub(r"(?<=[a-z]) (?=[0-9])|(?<=[0-9]) (?=[a-z])", "", phrase)
    first = re.sub(r"(?<=[a-z]) (?=[0-9])", "", phrase, count=1)
    return [joined, first]


def _load_example(where: str, name: str, example: Any, lexicon: Lexicon, faults: list[str]) -> None:
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
    lexicon.examples.append(Example(name, example["text"], finds, never))


def _compile(lexicon: Lexicon) -> None:
    by_pattern: dict[str, list[int]] = {}
    for number, term in enumerate(lexicon.terms):
        for pattern in term.patterns:
            by_pattern.setdefault(pattern, []).append(number)
    known = {word for pattern in by_pattern for word in pattern.split()}
    by_pattern |= misspellings(_found_with_slips(lexicon.terms), known)
    lexicon.words = list(by_pattern)
    counts = np.array([len(terms) for terms in by_pattern.values()], np.int64)
    lexicon.pattern_first = np.concatenate(([0], np.cumsum(counts)))
    lexicon.pattern_terms = np.array([t for terms in by_pattern.values() for t in terms], np.int64)
    finish(lexicon)


def _found_with_slips(terms: list[Term]) -> Iterator[Written]:
    """Terms whose misspellings are worth a search: what tells of arms by itself, and what calms a word that does.

    A look-alike of one word matters where a term for arms would see its end ("Spritzpistole").
    """
    ends = tuple({p for t in terms if t.open_left and t.concept in _TELLING for p in t.patterns})
    telling = bit([CONCEPTS[number] for number in _TELLING])
    for number, term in enumerate(terms):
        calms = term.concept in _CALMING
        if not (term.concept in _TELLING or calms) or term.needs_cue or term.open_left or term.open_right:
            continue
        head, _, last = term.text.strip("=").rpartition(" ")
        stem, _, ending = last.partition("|")
        phrase = words_of(f"{head} {stem}".replace("|", ""))
        if not term.patterns or (calms and not (" " in phrase or term.lowers & telling or phrase.endswith(ends))):
            continue
        yield Written(number, phrase, len(phrase + ending), term.text.startswith("="), calms)


def finish(lexicon: Lexicon) -> None:
    """Build what is searched with: the automaton, the terms as columns, and all patterns in one."""
    lexicon.automaton = ahocorasick_rs.AhoCorasick(lexicon.words, matchkind=ahocorasick_rs.MatchKind.Standard)
    names = ("concept", "needs_cue", "cues", "unsure_cues", "lowers", "head_last", "endings", "open_left", "open_right")
    lexicon.columns = {n: np.array([int(getattr(t, n)) for t in lexicon.terms], np.int64) for n in names}
    lexicon.columns["scope"] = np.array([SCOPES.index(t.scope) for t in lexicon.terms], np.int64)
    if lexicon.patterns:
        options = _re2_options()
        options.longest_match = True  # "Kal. 12/70" before "Kal. 12", whatever the order in the file
        union = b"|".join(b"(?:" + p.regex.pattern + b")" for p in lexicon.patterns)
        lexicon.any_pattern = re2.compile(union, options)


def pattern_of(text: str) -> Any:
    """A linear-time pattern over folded text, one byte per character."""
    return re2.compile(text.encode("latin-1"), _re2_options())
