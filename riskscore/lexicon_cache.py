"""The lexicon as it was compiled last, so that a command need not read thousands of lines of YAML again.

The file holds arrays and JSON, nothing that runs, under a name made of all that it depends on: a changed word, or
changed code, is another file.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import unicodedata
import zipfile
from collections.abc import Mapping
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from riskscore import concepts, folding, lexicon, lexicon_files, misspellings, phrases
from riskscore.lexicon import Example, Lexicon, Terms, finish, load_lexicon
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
    place = _place(folder, cache)
    try:
        with np.load(place, allow_pickle=False) as content:
            return _restore(content)
    except (OSError, orjson.JSONDecodeError, zipfile.BadZipFile, EOFError, KeyError, TypeError, ValueError):
        loaded = load_lexicon(folder)
        with contextlib.suppress(OSError):
            _write(place, _content(loaded))
        return loaded


def is_compiled(folder: Path, cache: Path | None = None) -> bool:
    """Is the lexicon of a folder in the cache? Compiling all languages takes a quarter of a minute."""
    return _place(folder, cache).exists()


def _place(folder: Path, cache: Path | None) -> Path:
    return (cache or Path.home() / ".cache" / "riskscore") / f"lexicon-{_digest(folder)}.npz"


def _digest(folder: Path) -> str:
    digest = hashlib.sha256(unicodedata.unidata_version.encode())
    modules = (concepts, folding, lexicon, lexicon_files, misspellings, phrases)
    sources = [*(Path(str(module.__file__)) for module in modules), Path(__file__)]
    for path in [*sources, *sorted(folder.glob("*.yml"))]:
        for part in (path.name.encode(), path.read_bytes()):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:32]


def _content(loaded: Lexicon) -> dict[str, NDArray[Any]]:
    """The lexicon as arrays; texts as the bytes of JSON."""
    table, terms = loaded.phrases, loaded.terms
    texts = {
        "words": table.words,
        "open_words": table.open_words,
        "terms": {"texts": terms.texts, "files": terms.files, "languages": terms.languages},
        "examples": [astuple(example) for example in loaded.examples],
    }
    arrays = {f"table.{f.name}": getattr(table, f.name) for f in fields(table) if f.name not in _REBUILT}
    columns = {f"column.{name}": column for name, column in terms.columns.items()}
    return {**{n: np.frombuffer(orjson.dumps(text), np.uint8) for n, text in texts.items()}, **arrays, **columns}


def _part(content: Mapping[str, NDArray[Any]], kind: str) -> dict[str, NDArray[Any]]:
    return {name.removeprefix(kind): content[name] for name in content if name.startswith(kind)}


def _restore(content: Mapping[str, NDArray[Any]]) -> Lexicon:
    def text(name: str) -> Any:
        return orjson.loads(content[name].tobytes())

    table = PhraseTable(words=text("words"), open_words=text("open_words"), **_part(content, "table."))
    prepare(table)
    loaded = Lexicon(
        terms=Terms(**text("terms"), columns=_part(content, "column.")),
        examples=[Example(file, text, finds, tuple(never)) for file, text, finds, never in text("examples")],
        phrases=table,
    )
    finish(loaded)
    return loaded


def _write(place: Path, content: dict[str, NDArray[Any]]) -> None:
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = place.with_suffix(f".{os.getpid()}.tmp")
    with beside.open("wb") as file:
        np.savez(file, allow_pickle=False, **content)
    beside.replace(place)
    older = sorted(place.parent.glob("lexicon-*.npz"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in older[_KEPT:]:
        path.unlink(missing_ok=True)
