"""The lexicon as it was compiled last, so that a command need not read thousands of lines of YAML again.

The file holds plain JSON under a name made of all that it depends on; a changed word, or changed code, is another file.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import unicodedata
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from riskscore import folding, lexicon, misspellings
from riskscore.lexicon import Example, Lexicon, Pattern, Term, finish, load_lexicon, pattern_of

_KEPT = 4  # files of earlier lexicons that are left alone


def load_cached(folder: Path, cache: Path | None = None) -> Lexicon:
    """`load_lexicon`, from the cache where nothing has changed.

    Parameters
    ----------
    folder : Path
        The lexicon files.
    cache : Path, optional
        Folder of the cache; by default one in the user's home. Where it cannot be written, nothing is cached.

    Raises
    ------
    SopError
        With every fault of every file.
    """
    cache = cache or Path.home() / ".cache" / "riskscore"
    place = cache / f"lexicon-{_digest(folder)}.json"
    try:
        return _restore(orjson.loads(place.read_bytes()))
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        loaded = load_lexicon(folder)
        with contextlib.suppress(OSError):
            _write(place, _content(loaded))
        return loaded


def _digest(folder: Path) -> str:
    digest = hashlib.sha256(unicodedata.unidata_version.encode())
    sources = [Path(str(module.__file__)) for module in (lexicon, folding, misspellings)] + [Path(__file__)]
    for path in [*sources, *sorted(folder.glob("*.yml"))]:
        for part in (path.name.encode(), path.read_bytes()):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:32]


def _content(loaded: Lexicon) -> dict[str, Any]:
    return {
        "terms": [astuple(term)[:-1] for term in loaded.terms],
        "endings": [endings.tolist() for endings in loaded.ending_sets],
        "words": "\n".join(loaded.words),
        "first": loaded.pattern_first.tolist(),
        "of": loaded.pattern_terms.tolist(),
        "patterns": [(pattern.term, loaded.terms[pattern.term].text) for pattern in loaded.patterns],
        "examples": [astuple(example) for example in loaded.examples],
    }


def _restore(content: dict[str, Any]) -> Lexicon:
    loaded = Lexicon(
        terms=[Term(*row) for row in content["terms"]],
        ending_sets=[np.array(endings, np.uint64) for endings in content["endings"]],
        patterns=[Pattern(term, pattern_of(text)) for term, text in content["patterns"]],
        examples=[Example(file, text, finds, tuple(never)) for file, text, finds, never in content["examples"]],
        words=content["words"].split("\n"),
        pattern_first=np.array(content["first"], np.int64),
        pattern_terms=np.array(content["of"], np.int64),
    )
    finish(loaded)
    return loaded


def _write(place: Path, content: dict[str, Any]) -> None:
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = place.with_suffix(f".{os.getpid()}.tmp")
    beside.write_bytes(orjson.dumps(content))
    beside.replace(place)
    older = sorted(place.parent.glob("lexicon-*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in older[_KEPT:]:
        path.unlink(missing_ok=True)
