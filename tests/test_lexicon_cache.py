"""The cached lexicon is the lexicon, and it never outlives a change."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from factory import ROOT

from riskscore.errors import SopError
from riskscore.goods_text import check_examples, read_goods
from riskscore.lexicon import Lexicon, load_lexicon
from riskscore.lexicon_cache import is_compiled, load_cached

SOME = ("bs.yml", "calibres.yml", "world.yml")
TEXTS = ["Hunting rifle .308 Win", "Пиштољ за силикон", "p1stol", "Jagdgewehr", "glue gun", "okvir za 15 metaka", ""]


def same(one: Lexicon, other: Lexicon) -> bool:
    first, second = read_goods(TEXTS, one), read_goods(TEXTS, other)
    names = ("text", "start", "end", "concept", "term", "status", "by")
    return (
        np.array_equal(first.concepts, second.concepts)
        and np.array_equal(first.informative, second.informative)
        and all(np.array_equal(getattr(first.hits, n), getattr(second.hits, n)) for n in names)
    )


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few files: all of them take a quarter of a minute to compile."""
    folder = tmp_path_factory.mktemp("lexicons")
    for name in SOME:
        shutil.copy(ROOT / "sops" / "lexicons" / name, folder)
    return folder


@pytest.fixture(scope="module")
def fresh(files: Path) -> Lexicon:
    return load_lexicon(files)


def test_what_comes_back_is_the_same(fresh: Lexicon, files: Path, tmp_path: Path) -> None:
    assert not is_compiled(files, tmp_path)
    written, read = load_cached(files, tmp_path), load_cached(files, tmp_path)
    assert is_compiled(files, tmp_path)
    assert len(list(tmp_path.glob("lexicon-*.npz"))) == 1
    assert same(fresh, written)
    assert same(fresh, read)
    assert [t.text for t in read.terms] == [t.text for t in fresh.terms]
    assert read.examples == fresh.examples
    assert check_examples(read) == check_examples(fresh)


def test_a_changed_word_is_seen_at_once(tmp_path: Path) -> None:
    files, cache = tmp_path / "lexicons", tmp_path / "cache"
    files.mkdir()
    text = "language: en\nversion: 1\nsource: test\ndate: 2026-11-21\nterms:\n  - {concept: firearm, words: [WORD]}\n"
    (files / "en.yml").write_text(text.replace("WORD", "revolver"), "utf-8")
    assert read_goods(["revolver"], load_cached(files, cache)).concepts[0]
    (files / "en.yml").write_text(text.replace("WORD", "musket"), "utf-8")
    assert not read_goods(["revolver"], load_cached(files, cache)).concepts[0]
    (files / "en.yml").write_text("language: [", "utf-8")
    with pytest.raises(SopError):
        load_cached(files, cache)


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'{"terms": [[1]]}', b"\xff"])
def test_a_damaged_cache_is_passed_over(fresh: Lexicon, files: Path, tmp_path: Path, content: bytes) -> None:
    load_cached(files, tmp_path)
    (place,) = tmp_path.glob("lexicon-*.npz")
    place.write_bytes(content)
    assert same(fresh, load_cached(files, tmp_path))


def test_old_files_go_and_a_folder_that_cannot_be_written_is_no_error(
    fresh: Lexicon, files: Path, tmp_path: Path
) -> None:
    for n in range(7):
        (tmp_path / f"lexicon-{n}.npz").write_text("{}", "utf-8")
    load_cached(files, tmp_path)
    assert len(list(tmp_path.glob("lexicon-*.npz"))) <= 4
    blocked = tmp_path / "file"
    blocked.write_text("not a folder", "utf-8")
    assert same(fresh, load_cached(files, blocked / "cache"))
