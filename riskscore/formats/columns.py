"""A courier's column names → our paths: exact names, aliases and the caller's mapping."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence

from riskscore import schema
from riskscore.errors import ManifestError

_SHOWN = 30
_TRIM = " \t\r\n\v\f\x00\ufeff\u200b\u00a0\"'"
_KNOWN = {name.casefold(): path for name, path in schema.ALIASES.items()} | {
    path.casefold(): path for path in schema.BY_PATH
}


def clean_name(name: str) -> str:
    """Fold a column name for comparison: no case, no blanks or quotes around it."""
    return name.strip(_TRIM).casefold()


class Notes:
    """What was detected and what was ignored, each said once and never without end."""

    LIMIT = 200

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._seen: set[str] = set()
        self._more = 0

    def add(self, line: str) -> None:
        """Say something once."""
        if line in self._seen:
            return
        if len(self._seen) >= self.LIMIT:
            self._more += 1
            more = f"and {self._more:,} more notes like these"
            self.lines = [*self.lines[: self.LIMIT], more]
            return
        self._seen.add(line)
        self.lines.append(line)


class Columns:
    """The names of one manifest and what they mean.

    Parameters
    ----------
    name : str
        The manifest, for messages.
    mapping : mapping of str to str, optional
        Our path → their column name.
    notes : Notes
        Receives one line per ignored column.

    Raises
    ------
    ManifestError
        When the mapping names a path that does not exist.
    """

    def __init__(self, name: str, mapping: Mapping[str, str] | None, notes: Notes) -> None:
        self.name = name
        self.notes = notes
        self.mapped: dict[str, list[str]] = {}
        self._paths: set[str] = set()
        self._spelled: dict[str, str] = {}
        for ours, theirs in (mapping or {}).items():
            path = _KNOWN.get(clean_name(ours))
            if path is None:
                raise ManifestError(
                    f"{name}: the mapping names {ours!r}, which is no field of a declaration{_close(ours, _KNOWN)}"
                )
            if path in self._paths:
                raise ManifestError(f"{name}: the mapping names {path} twice")
            self._paths.add(path)
            self.mapped.setdefault(clean_name(theirs), []).append(path)
            self._spelled[clean_name(theirs)] = theirs

    def recognised(self, names: Iterable[str]) -> int:
        """Count the names that mean something here."""
        return sum(clean_name(name) in self.mapped or clean_name(name) in _KNOWN for name in names)

    def paths_of(self, name: str) -> list[str]:
        """Return the paths that a column feeds; a mapped column no longer counts as what its own name says."""
        folded = clean_name(name)
        if folded in self.mapped:
            return self.mapped[folded]
        path = _KNOWN.get(folded)
        return [] if path is None or path in self._paths else [path]

    def unknown(self, name: str) -> None:
        """Note a column that is ignored."""
        shown = name.strip(_TRIM)[:80]
        path = _KNOWN.get(clean_name(name))
        if path is not None:
            self.notes.add(f"column {shown} ignored: {path} is mapped to another column")
        elif shown:
            self.notes.add(f"unknown column {shown} ignored")

    def resolve(self, names: Sequence[str]) -> dict[str, int]:
        """Match a header.

        Parameters
        ----------
        names : sequence of str
            The header as written.

        Returns
        -------
        dict of str to int
            Our path → position of the column.

        Raises
        ------
        ManifestError
            When a mapped column or the ``parcel_id`` column is missing.
        """
        positions: dict[str, int] = {}
        for position, name in enumerate(names):
            paths = self.paths_of(name)
            if not paths:
                self.unknown(name)
            for path in paths:
                if path in positions:
                    self.notes.add(f"duplicate column {name.strip(_TRIM)[:80]} ignored: the first {path} counts")
                else:
                    positions[path] = position
        self.check({clean_name(name) for name in names}, names)
        if "parcel_id" not in positions:
            raise ManifestError(self.no_parcel_id(names))
        return positions

    def check(self, seen: set[str], names: Iterable[str]) -> None:
        """Refuse a mapping to columns that the manifest does not have."""
        for theirs, paths in self.mapped.items():
            if theirs not in seen:
                found = [name.strip(_TRIM) for name in names]
                close = _close(theirs, {clean_name(name): name for name in found})
                raise ManifestError(
                    f"{self.name}: the mapping takes {paths[0]} from the column {self._spelled[theirs]!r}, "
                    f"which is not in the file{close}. Columns found: {_listed(found)}"
                )

    def no_parcel_id(self, names: Iterable[str]) -> str:
        """Say that there is no parcel_id, what there is, and what to do."""
        found = [name.strip(_TRIM) for name in names if name.strip(_TRIM)]
        guess = next(iter(difflib.get_close_matches("parcel_id", [f.casefold() for f in found], 1, 0.4)), None)
        best = next((f for f in found if f.casefold() == guess), found[0] if found else "REF")
        best = f'"{best[:60]}"' if " " in best else best[:60]
        return (
            f"{self.name}: no parcel_id column. Columns found: {_listed(found)}. "
            f"If one of them is the courier's reference, say so: --map parcel_id={best}"
        )


def _close(name: str, shown: Mapping[str, str]) -> str:
    match = difflib.get_close_matches(clean_name(name), shown, 1)
    return f" (did you mean {shown[match[0]]}?)" if match else ""


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(name[:60] for name in names[:_SHOWN]) or "none"
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"
