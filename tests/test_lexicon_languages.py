"""What many languages in one search need: scripts, respelling, clitics, ideographs, words that act on their kin."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from test_lexicon import a_file, found, lexicon_of

from riskscore.errors import SopError
from riskscore.lexicon import Lexicon, load_lexicon

PLAIN: dict[str, Any] = {"endings": None, "purpose": None, "breaks": None}


def two_files(folder: Path, one: dict[str, Any], other: dict[str, Any]) -> Lexicon:
    for number, content in enumerate((one, other)):
        text = yaml.safe_dump(a_file(**{"examples": None, **content}), allow_unicode=True)
        (folder / f"{number}.yml").write_text(text, "utf-8")
    return load_lexicon(folder)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("оружје", "оружје"),
        ("oruzhje", "oruzhje"),
        ("oruzje", None),
        ("ОРУЖЈЕ 9мм", "ОРУЖЈЕ"),
    ],
)
def test_a_cyrillic_word_counts_in_its_script_and_as_the_file_respells_it(
    tmp_path: Path, text: str, word: str | None
) -> None:
    lexicon = lexicon_of(tmp_path, {"concept": "firearm", "words": ["оружје"]}, spellings=[{"ж": "zh"}], **PLAIN)
    assert found(lexicon, text).get("firearm") == (None if word is None else [word])


def test_a_greek_text_is_not_read_as_latin_words(tmp_path: Path) -> None:
    lexicon = lexicon_of(tmp_path, {"concept": "ammunition", "words": ["ammo"]}, **PLAIN)
    assert found(lexicon, "ammo") == {"ammunition": ["ammo"]}
    assert found(lexicon, "άμμο") == {}
    assert found(lexicon, "аммо") == {"ammunition": ["аммо"]}, "Serbian is written in both scripts"


def test_letters_are_respelt_in_every_way(tmp_path: Path) -> None:
    lexicon = lexicon_of(tmp_path, {"concept": "firearm", "words": ["büchse"]}, spellings=[{"ü": "ue"}], **PLAIN)
    for text in ("Büchse", "Buechse", "Buchse"):
        assert found(lexicon, text) == {"firearm": [text]}


def test_clitics_stand_in_front(tmp_path: Path) -> None:
    lexicon = lexicon_of(tmp_path, {"concept": "firearm", "words": ["بندقية صيد"]}, prefixes=["ال", "و"], **PLAIN)
    assert found(lexicon, "البندقية الصيد") == {"firearm": ["البندقية الصيد"]}
    assert found(lexicon, "بندقية صيد") == {"firearm": ["بندقية صيد"]}
    assert found(lexicon, "تبندقية صيد") == {}


def test_an_ideograph_is_a_word(tmp_path: Path) -> None:
    groups = {"concept": "firearm", "words": ["手枪"]}, {"concept": "lookalike", "words": ["手枪钻"]}
    lexicon = lexicon_of(tmp_path, *groups, **PLAIN)
    assert found(lexicon, "新款手枪9mm") == {"firearm": ["手枪"]}
    assert found(lexicon, "锂电手枪钻12V") == {"lookalike": ["手枪钻"]}


@pytest.mark.parametrize(("relatives", "counts"), [(None, True), (["tr"], False)])
def test_a_word_calms_its_own_language_and_its_relatives(tmp_path: Path, relatives: Any, counts: bool) -> None:
    """Swedish for ink does not lower a black Turkish shotgun."""
    ink = {"language": "sv", "terms": [{"concept": "lookalike", "scope": "segment", "words": ["bläck"]}]}
    arms = {"language": "tr", "terms": [{"concept": "firearm", "words": ["tüfek"]}]}
    lexicon = two_files(tmp_path, {**ink, "relatives": relatives}, arms)
    assert ("firearm" in found(lexicon, "black tüfek")) == counts


def test_a_word_calms_names_in_every_language(tmp_path: Path) -> None:
    poster = {"language": "sv", "terms": [{"concept": "lookalike", "scope": "segment", "words": ["affisch"]}]}
    names = {"language": "any", "terms": [{"concept": "brand", "words": ["glock"]}]}
    assert found(two_files(tmp_path, poster, names), "affisch Glock") == {"lookalike": ["affisch"]}


GUN = (
    {"concept": "firearm", "words": ["blaster 5"]},
    {"concept": "calibre", "patterns": ["9 ?mm"]},
    {"concept": "accessory", "scope": "head", "comes_with": True, "words": ["case"]},
    {"concept": "accessory", "scope": "head", "words": ["holster"]},
)


def test_what_comes_with_an_arm_is_no_head_beside_a_whole_description(tmp_path: Path) -> None:
    lexicon = lexicon_of(tmp_path, *GUN)
    assert "firearm" not in found(lexicon, "blaster 5 case")
    assert "firearm" in found(lexicon, "blaster 5 9mm case")
    assert "firearm" not in found(lexicon, "blaster 5 9mm holster")


MAKERS = (
    {"concept": "brand", "needs_cue": True, "alone": 1, "cues": ["firearm"], "words": ["acme"]},
    {"concept": "brand", "needs_cue": True, "cues": ["firearm"], "words": ["x 77"]},
    {"concept": "vague", "words": ["used"]},
    {"concept": "lookalike", "words": ["shaver"]},
)


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("Acme", True),
        ("Acme 12, used", True),
        ("Acme Hunter", True),
        ("Acme Hunter Deluxe", False),
        ("Acme shaver", False),
        ("x 77", False),
        ("Acme Deluxe Hunter x 77 oak", True),
    ],
)
def test_a_makers_name_that_is_all_a_text_says(tmp_path: Path, text: str, counts: bool) -> None:
    assert ("brand" in found(lexicon_of(tmp_path, *MAKERS), text)) == counts


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ({"spellings": ["zh"]}, "`spellings`"),
        ({"terms": [{"concept": "brand", "words": ["acme"], "alone": True}]}, "`alone`"),
        ({"terms": [{"concept": "firearm", "words": ["~gun"]}]}, "4 letters or more"),
    ],
)
def test_faults_of_the_new_keys_are_named(tmp_path: Path, content: dict[str, Any], named: str) -> None:
    (tmp_path / "bad.yml").write_text(yaml.safe_dump(a_file(examples=None, **content)), "utf-8")
    with pytest.raises(SopError) as error:
        load_lexicon(tmp_path)
    assert named in str(error.value)
