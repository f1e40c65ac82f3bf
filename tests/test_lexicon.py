"""Lexicon files: what a term finds, what the loader refuses, and every example inside the files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from factory import the_engine

from riskscore.errors import SopError
from riskscore.goods_text import COUNTS, UNSETTLED, GoodsText, read_goods
from riskscore.lexicon import CONCEPTS, CUES, NUMBER, TOPICS, Example, Lexicon, bit, load_lexicon, name_of, words_of

EXAMPLES = the_engine().lexicon.examples


def a_file(**changes: Any) -> dict[str, Any]:
    """A sound lexicon file, with some keys changed; None leaves a key out."""
    content = {
        "language": "en",
        "version": 1,
        "source": "invented for this test",
        "date": "2026-11-21",
        "head": "last",
        "endings": ["s", "es"],
        "purpose": ["for"],
        "breaks": ["and"],
        "terms": [{"concept": "firearm", "words": ["blaster"]}],
        "examples": [{"text": "A blaster", "finds": {"firearm": "blaster"}}],
        **changes,
    }
    return {key: value for key, value in content.items() if value is not None}


def lexicon_of(folder: Path, *terms: dict[str, Any], **changes: Any) -> Lexicon:
    (folder / "words.yml").write_text(yaml.safe_dump(a_file(terms=list(terms), examples=None, **changes)), "utf-8")
    return load_lexicon(folder)


def found(lexicon: Lexicon, text: str) -> dict[str, list[str]]:
    """Concept → words of one text that count; an unsettled word under `ambiguous`."""
    hits = read_goods([text], lexicon).hits
    seen: dict[str, list[str]] = {}
    for row in np.flatnonzero(np.isin(hits.status, (COUNTS, UNSETTLED))):
        concept = "ambiguous" if hits.status[row] == UNSETTLED else name_of(int(hits.concept[row]))
        seen.setdefault(concept, []).append(text[hits.start[row] : hits.end[row]])
    return seen


# -- how a term is written ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("term", "text", "word"),
    [
        ("blaster", "a Blaster!", "Blaster"),
        ("blaster", "two BLASTERS", "BLASTERS"),
        ("blaster", "blasterless", None),
        ("blaster", "megablaster", None),
        ("=blaster", "blaster", "blaster"),
        ("=blaster", "blasters", None),
        ("blast|es", "blastes", "blastes"),
        ("blast|es", "blast", "blast"),
        ("~blaster", "megablaster", "megablaster"),
        ("~blaster", "megablasters", "megablasters"),
        ("~blaster", "my blaster", "blaster"),
        ("~blaster", "blastercase", None),
        ("blaster~", "blastercase", "blastercase"),
        ("blaster~", "megablastercase", None),
        ("~blaster~", "megablastercase", "megablastercase"),
        ("gel blaster", "gel-blasters", "gel-blasters"),
        ("gel blaster", "gel_blaster", "gel_blaster"),
        ("gel blaster", "gels blaster", "gels blaster"),
        ("gel blaster", "gel. Blaster", "gel. Blaster"),
        ("gel blaster", "gelblaster", "gelblaster"),
        ("gun case", "guncase", None),
        ("gel blaster", "gel big blaster", None),
        ("ar 15", "AR15", "AR15"),
        ("ar 15", "AR-15", "AR-15"),
        ("ar 15", "ar 150", None),
        ("blaster 15", "blaster15gen4", "blaster15"),
        ("blaster", "blaster9mm", "blaster"),
        ("blaster", "blaster 9mm", "blaster"),
        ("=blaster", "blaster9mm", "blaster"),
        ("ar 15", "ar15gen4", "ar15"),
        ("mp5", "MP-5", "MP-5"),
        ("blašter", "blaster", "blaster"),
        ("blaster", "BLÄSTER", "BLÄSTER"),
        ("blaster", "бластер", "бластер"),
    ],
)
def test_what_a_term_finds(tmp_path: Path, term: str, text: str, word: str | None) -> None:
    lexicon = lexicon_of(tmp_path, {"concept": "firearm", "words": [term]})
    assert found(lexicon, text).get("firearm") == (None if word is None else [word])


def test_the_longest_term_wins(tmp_path: Path) -> None:
    lexicon = lexicon_of(
        tmp_path,
        {"concept": "firearm", "words": ["blaster", "~gewehr"]},
        {"concept": "airgun", "words": ["gel blaster", "luftgewehr"]},
    )
    assert found(lexicon, "gel blaster") == {"airgun": ["gel blaster"]}
    assert found(lexicon, "Luftgewehr") == {"airgun": ["Luftgewehr"]}
    assert found(lexicon, "Jagdgewehr, blaster") == {"firearm": ["Jagdgewehr", "blaster"]}


def test_a_look_alike_masks_what_lies_in_it(tmp_path: Path) -> None:
    lexicon = lexicon_of(
        tmp_path,
        {"concept": "firearm", "words": ["gun"]},
        {"concept": "lookalike", "words": ["glue gun"]},
    )
    assert found(lexicon, "glue gun") == {"lookalike": ["glue gun"]}
    assert found(lexicon, "gun glue") == {"firearm": ["gun"]}


def test_a_look_alike_masks_every_reading_of_a_word_in_it(tmp_path: Path) -> None:
    """Also a word that stands for two concepts."""
    lexicon = lexicon_of(
        tmp_path,
        {"concept": "firearm", "words": ["gun"]},
        {"concept": "brand", "words": ["gun"]},
        {"concept": "lookalike", "words": ["glue gun"]},
    )
    assert found(lexicon, "glue gun") == {"lookalike": ["glue gun"]}


def test_at_equal_length_a_look_alike_comes_first(tmp_path: Path) -> None:
    lexicon = lexicon_of(
        tmp_path,
        {"concept": "firearm", "words": ["blaster"]},
        {"concept": "airsoft", "words": ["blaster"]},
        {"concept": "lookalike", "words": ["blaster"]},
    )
    assert found(lexicon, "blaster") == {"lookalike": ["blaster"]}


def test_an_ambiguous_word_waits_for_a_second_cue(tmp_path: Path) -> None:
    lexicon = lexicon_of(
        tmp_path,
        {"concept": "firearm_part", "needs_cue": True, "words": ["slide"]},
        {"concept": "brand", "words": ["glock"]},
        {"concept": "context", "words": ["tactical"]},
    )
    assert found(lexicon, "slide") == {"ambiguous": ["slide"]}
    assert found(lexicon, "slide, slide") == {"ambiguous": ["slide", "slide"]}
    assert found(lexicon, "slide Glock") == {"firearm_part": ["slide"], "brand": ["Glock"]}
    assert found(lexicon, "tactical slide")["firearm_part"] == ["slide"]


def test_chosen_cues_settle_and_others_do_not(tmp_path: Path) -> None:
    lexicon = lexicon_of(
        tmp_path,
        {"concept": "firearm_part", "needs_cue": True, "cues": ["calibre"], "words": ["slide"]},
        {"concept": "brand", "words": ["glock"]},
        {"concept": "calibre", "patterns": ["9 ?x ?19"]},
    )
    assert found(lexicon, "slide Glock") == {"ambiguous": ["slide"], "brand": ["Glock"]}
    assert found(lexicon, "slide 9x19") == {"firearm_part": ["slide"], "calibre": ["9x19"]}


@pytest.mark.parametrize(
    ("head", "text", "counts"),
    [
        ("last", "blaster pouch", False),
        ("last", "pouch blaster", True),
        ("first", "pouch blaster", False),
        ("first", "blaster pouch", True),
        ("last", "blaster and pouch", True),
        ("last", "blaster, pouch", True),
        ("first", "pouch, blaster", True),
        ("last", "pouch for blaster", False),
        ("last", "pouch for blaster, blaster", True),
        ("last", "for blaster", True),
    ],
)
def test_what_a_thing_is_for_is_not_the_thing(tmp_path: Path, head: str, text: str, counts: bool) -> None:
    lexicon = lexicon_of(
        tmp_path,
        {"concept": "firearm", "words": ["blaster"]},
        {"concept": "accessory", "scope": "head", "words": ["pouch"]},
        head=head,
    )
    assert ("firearm" in found(lexicon, text)) is counts


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("book about blasters", False),
        ("blaster book", False),
        ("book, blaster", True),
        ("book and blaster", True),
        ("cover for garden chair and blaster", True),
        ("cover for chair and blaster", True),
    ],
)
def test_an_object_lowers_only_in_its_own_segment(tmp_path: Path, text: str, counts: bool) -> None:
    lexicon = lexicon_of(
        tmp_path,
        {"concept": "firearm", "words": ["blaster"]},
        {"concept": "lookalike", "scope": "segment", "words": ["book"]},
    )
    assert ("firearm" in found(lexicon, text)) is counts


@pytest.mark.parametrize(
    ("text", "calibre"),
    [
        ("9x19", "9x19"),
        ("cal. 9 x 19 mm", "9 x 19"),
        ("9×19", "9×19"),
        ("(9x19)", "9x19"),
        ("19x19", None),
        ("9x190", None),
        ("9x19x30 cm", None),
        ("4.9x19", None),
        ("9x19mm", None),
        ("a9x19", None),
        ("40x9x19", None),
    ],
)
def test_nothing_touches_a_calibre(tmp_path: Path, text: str, calibre: str | None) -> None:
    lexicon = lexicon_of(tmp_path, {"concept": "calibre", "patterns": ["9 ?x ?19"]})
    assert found(lexicon, text).get("calibre") == (None if calibre is None else [calibre])


def test_a_calibre_behind_a_number_is_found_all_the_same(tmp_path: Path) -> None:
    """A first match that is touched must not swallow a sound one that begins inside it."""
    lexicon = lexicon_of(tmp_path, {"concept": "calibre", "patterns": [r"(?:kal\. ?)?12/70"]})
    assert found(lexicon, "kal. 12/70") == {"calibre": ["kal. 12/70"]}
    assert found(lexicon, "x50kal. 12/70") == {"calibre": ["12/70"]}


def test_vague_words_count_only_when_alone(tmp_path: Path) -> None:
    lexicon = lexicon_of(tmp_path, {"concept": "vague", "words": ["gift", "parts"]})
    assert found(lexicon, "gift") == {"vague": ["gift"]}
    assert found(lexicon, "gift, parts 25") == {"vague": ["gift", "parts"]}
    assert found(lexicon, "gift: wooden train") == {}


# -- faults ------------------------------------------------------------------------------------------------------------


def group(**changes: Any) -> dict[str, Any]:
    return {"concept": "firearm", "words": ["blaster"], **changes}


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ({"language": None}, ["`language` is missing"]),
        ({"version": None}, ["`version` is missing"]),
        ({"source": None}, ["`source` is missing"]),
        ({"date": None}, ["`date` is missing"]),
        ({"author": "me"}, ["unknown key `author`"]),
        ({"head": "middle"}, ["`head`", "'middle'"]),
        ({"endings": ["ungsss"]}, ["'ungsss'", "ending"]),
        ({"endings": ["1"]}, ["ending '1'"]),
        ({"terms": ["blaster"]}, ["terms[1]", "mapping"]),
        ({"terms": [group(), group(concept="gun")]}, ["terms[2]", "`concept`", "'gun'"]),
        ({"terms": [group(concept="ambiguous")]}, ["terms[1]", "`concept`"]),
        ({"terms": [group(concept="manipulated")]}, ["terms[1]", "`concept`"]),
        ({"terms": [{"words": ["a"]}]}, ["terms[1]", "`concept`"]),
        ({"terms": [group(topic="metal")]}, ["terms[1]", "`topic`"]),
        ({"terms": [{"topic": "weather", "words": ["rain"]}]}, ["terms[1]", "`topic`", "'weather'"]),
        ({"terms": [group(colour="red")]}, ["terms[1]", "unknown key `colour`"]),
        ({"terms": [group(scope="page")]}, ["terms[1]", "`scope`", "'page'"]),
        ({"terms": [group(needs_cue=True, cues=["gun"])]}, ["terms[1]", "`cues`", "gun"]),
        ({"terms": [group(scope="segment", lowers=["gun"])]}, ["terms[1]", "`lowers`", "gun"]),
        ({"terms": [{"concept": "firearm"}]}, ["terms[1]", "needs `words` or `patterns`"]),
        ({"terms": [group(words=["blast|ung"])]}, ["terms[1]", "'blast|ung'", "endings"]),
        ({"terms": [group(words=["---"])]}, ["terms[1]", "'---'"]),
        ({"terms": [group(words=["~"])]}, ["terms[1]", "'~'"]),
        ({"terms": [group(words=["a1 b2 c3 d4 e5 f6 g7 h8 i9 k1"])]}, ["terms[1]", "could be written"]),
        ({"terms": [{"concept": "calibre", "patterns": ["9(x19"]}]}, ["terms[1]", "pattern '9(x19'"]),
        ({"terms": [{"concept": "calibre", "patterns": ["(?=9)"]}]}, ["terms[1]", "pattern"]),
        ({"terms": [{"concept": "calibre", "patterns": ["калибр"]}]}, ["terms[1]", "pattern"]),
        ({"examples": [{"finds": {"firearm": "x"}}]}, ["examples[1]", "`text`"]),
        ({"examples": [{"text": "x"}]}, ["examples[1]", "`finds`"]),
        ({"examples": [{"text": "x", "finds": {"gun": "x"}}]}, ["examples[1]", "'gun'"]),
        ({"examples": [{"text": "x", "never": ["gun"]}]}, ["examples[1]", "'gun'"]),
        # What a list or a mapping in the wrong place must not do: end in a traceback.
        ({"terms": {"concept": "firearm"}}, ["terms"]),
        ({"terms": [group(words="blaster")]}, ["terms[1]", "`words`"]),
        ({"terms": [group(concept=["firearm"])]}, ["terms[1]", "`concept`"]),
        ({"terms": [group(cues="firearm")]}, ["terms[1]", "`cues`"]),
        ({"terms": [{"concept": "calibre", "patterns": [{"regex": "9x19"}]}]}, ["terms[1]", "pattern"]),
        ({"endings": 5}, ["endings"]),
        ({"examples": [{"text": "x", "finds": ["firearm"]}]}, ["examples[1]", "`finds`"]),
        ({"examples": 5}, ["examples"]),
        ({"purpose": "for"}, ["purpose"]),
    ],
)
def test_a_fault_names_its_file_entry_and_key(tmp_path: Path, content: dict[str, Any], named: list[str]) -> None:
    (tmp_path / "bad.yml").write_text(yaml.safe_dump(a_file(**content)), "utf-8")
    with pytest.raises(SopError) as error:
        load_lexicon(tmp_path)
    assert any(all(part in fault for part in ["bad.yml", *named]) for fault in error.value.faults), error.value.faults


@pytest.mark.parametrize("raw", [b"terms: [", b"\xff\xfe", b"- a\n- b\n", b"", b"!!python/object:os.system {}"])
def test_a_file_that_cannot_be_read_is_a_fault(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "bad.yml").write_bytes(raw)
    with pytest.raises(SopError, match=r"bad\.yml"):
        load_lexicon(tmp_path)


def test_an_empty_folder_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(SopError, match="no lexicon files"):
        load_lexicon(tmp_path)


def test_all_faults_of_all_files_are_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(yaml.safe_dump(a_file(head="top", terms=[group(scope="x")])), "utf-8")
    (tmp_path / "b.yml").write_text(yaml.safe_dump(a_file(language=None)), "utf-8")
    (tmp_path / "c.yml").write_text("terms: [", "utf-8")
    with pytest.raises(SopError) as error:
        load_lexicon(tmp_path)
    assert [fault.split(":")[0] for fault in error.value.faults] == ["a.yml", "a.yml", "b.yml", "c.yml"]


# -- the committed files -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def examples_read() -> GoodsText:
    return read_goods([e.text for e in EXAMPLES], the_engine().lexicon)


@pytest.mark.parametrize(
    ("number", "example"), list(enumerate(EXAMPLES)), ids=[f"{e.file}-{n}" for n, e in enumerate(EXAMPLES)]
)
def test_example(number: int, example: Example, examples_read: GoodsText) -> None:
    hits = examples_read.hits
    seen: dict[str, list[str]] = {}
    for row in np.flatnonzero((hits.text == number) & np.isin(hits.status, (COUNTS, UNSETTLED))):
        concept = "ambiguous" if hits.status[row] == UNSETTLED else name_of(int(hits.concept[row]))
        seen.setdefault(concept, []).append(example.text[hits.start[row] : hits.end[row]])
    for concept, words in example.finds.items():
        assert set(words) <= set(seen.get(concept, [])), (example.text, seen)
    for concept in example.never:
        assert concept not in seen, (example.text, seen)


def test_every_language_has_examples_of_both_kinds(engine: Any) -> None:
    for file in {t.file for t in engine.lexicon.terms}:
        mine = [e for e in EXAMPLES if e.file == file]
        assert any(e.finds for e in mine), file
        assert any(e.never for e in mine), file


def test_names_and_bits() -> None:
    assert [name_of(NUMBER[c]) for c in CONCEPTS] == list(CONCEPTS)
    assert bit(["firearm", "ammunition"]) == 0b101
    assert bit(list(CUES)).bit_count() == len(set(CUES))
    assert not bit(list(TOPICS)) & bit(list(CONCEPTS))
    assert words_of(" Kal. .308-Win ") == "kal 308 win"


def test_no_term_of_a_committed_file_is_dead(engine: Any) -> None:
    """Each term, typed as it is written, is at least seen by the search."""
    lexicon = engine.lexicon
    terms = [(n, t) for n, t in enumerate(lexicon.terms) if not t.is_pattern]
    texts = [t.text.strip("=~").replace("|", "") for _, t in terms]
    hits = read_goods(texts, lexicon).hits
    seen = set(zip(hits.text.tolist(), hits.concept.tolist(), strict=True))
    steering = len(CONCEPTS)
    dead = [
        t.text
        for n, (_, t) in enumerate(terms)
        if t.concept not in (steering, steering + 1) and (n, t.concept) not in seen
    ]
    assert not dead
