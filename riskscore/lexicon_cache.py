"""The lexicon as it was compiled last, so that a command need not read thousands of lines of YAML again.

The file holds plain JSON under a name made of all that it depends on; a changed word, or changed code, is another file.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import unicodedata
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from riskscore import concepts, folding, lexicon, lexicon_files, misspellings, phrases
from riskscore.lexicon import Example, Lexicon, Term, finish, load_lexicon
from riskscore.phrases import PhraseTable, prepare

_REBUILT = ("words", "open_words", "hashes", "hashed", "place", "shared", "maybe_key", "maybe_ending", "automaton")
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
    modules = (concepts, folding, lexicon, lexicon_files, misspellings, phrases)
    sources = [*(Path(str(module.__file__)) for module in modules), Path(__file__)]
    for path in [*sources, *sorted(folder.glob("*.yml"))]:
        for part in (path.name.encode(), path.read_bytes()):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:32]


def _content(loaded: Lexicon) -> dict[str, Any]:
    table = loaded.phrases
    arrays = {f.name: getattr(table, f.name) for f in fields(table) if f.name not in _REBUILT}
    return {
        "terms": [astuple(term) for term in loaded.terms],
        "examples": [astuple(example) for example in loaded.examples],
        "words": "\n".join(table.words),
        "open_words": "\n".join(table.open_words),
        "arrays": {name: [array.dtype.str, array.tolist()] for name, array in arrays.items()},
    }


def _lines(text: str) -> list[str]:
    return text.split("\n") if text else []


def _restore(content: dict[str, Any]) -> Lexicon:
    arrays = {name: np.array(values, np.dtype(kind)) for name, (kind, values) in content["arrays"].items()}
    table = PhraseTable(words=_lines(content["words"]), open_words=_lines(content["open_words"]), **arrays)
    prepare(table)
    loaded = Lexicon(
        terms=[Term(*row) for row in content["terms"]],
        examples=[Example(file, text, finds, tuple(never)) for file, text, finds, never in content["examples"]],
        phrases=table,
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
