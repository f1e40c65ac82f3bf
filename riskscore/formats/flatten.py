"""Nested declarations → raw columns, key by key; what has the wrong type is reported and becomes unknown."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from riskscore.formats.coerce import NUMBER
from riskscore.formats.columns import Columns
from riskscore.formats.leaves import NUMBERS, NotJsonError, encodable, leaf, parse_json, shown
from riskscore.formats.reading import LINE
from riskscore.schema import BY_PATH, FIELDS, MAX_ITEMS, Field

ITEMS = "items"
GOODS = "item.description"  # what is unknown where an item cannot be read at all
MAX_KEYS = 10_000  # different keys that are remembered
FAULTS = pl.Schema(
    {
        "parcel": pl.UInt32,
        "item": pl.UInt32,
        "path": pl.String,
        "field": pl.String,
        "raw": pl.String,
        "reason": pl.String,
    }
)
_GROUPS = {path.rpartition(".")[0] for path in BY_PATH if "." in path and not path.startswith("item.")}


@dataclass(slots=True)
class _Column:
    """The stated values of one path, and the rows they belong to."""

    rows: list[int] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    def series(self, name: str, height: int, dtype: Any) -> pl.Series:
        values: list[Any] = [None] * height
        for row, value in zip(self.rows, self.values, strict=True):
            values[row] = value
        return pl.Series(name, values, dtype=dtype)


@dataclass(slots=True)
class Block:
    """Some declarations as raw columns.

    Attributes
    ----------
    parcels : polars.DataFrame
        ``line`` and raw columns.
    items : polars.DataFrame
        ``parcel`` (a row of `parcels`), ``position`` (in the declaration) and raw columns.
    faults : polars.DataFrame
        What had the wrong type; ``item`` is a row of `items`, or null.
    """

    parcels: pl.DataFrame
    items: pl.DataFrame
    faults: pl.DataFrame

    def keep(self, chosen: pl.Series) -> Block:
        """Return the block with only the parcels for which `chosen` is true."""
        if chosen.all():
            return self
        place = chosen.cast(pl.UInt32).cum_sum() - 1
        with_item = chosen.gather(self.items["parcel"])
        item_place = with_item.cast(pl.UInt32).cum_sum() - 1
        with_fault = chosen.gather(self.faults["parcel"])
        moved = (
            place.gather(self.faults["parcel"]).alias("parcel"),
            item_place.gather(self.faults["item"]).alias("item"),
        )
        return Block(
            self.parcels.filter(chosen),
            self.items.with_columns(place.gather(self.items["parcel"]).alias("parcel")).filter(with_item),
            self.faults.with_columns(moved).filter(with_fault),
        )

    def store(self, stem: Path) -> StoredBlock:
        """Write the block to files whose names begin with `stem`."""
        for name, frame in (("parcels", self.parcels), ("items", self.items), ("faults", self.faults)):
            frame.write_ipc(f"{stem}-{name}.arrow", compression="uncompressed")
        return StoredBlock(stem)


@dataclass(frozen=True, slots=True)
class StoredBlock:
    """A block on disk."""

    stem: Path

    def load(self) -> Block:
        """Read the block, once: its files are removed."""
        frames = []
        for name in ("parcels", "items", "faults"):
            path = Path(f"{self.stem}-{name}.arrow")
            frames.append(pl.read_ipc(path))
            path.unlink()
        return Block(*frames)


def concatenated(blocks: list[Block]) -> Block:
    """Bring blocks together to one."""
    items, faults = [], []
    parcels_before = items_before = 0
    for block in blocks:
        items.append(block.items.with_columns(pl.col("parcel") + parcels_before))
        faults.append(block.faults.with_columns(pl.col("parcel") + parcels_before, pl.col("item") + items_before))
        parcels_before += block.parcels.height
        items_before += block.items.height
    return Block(
        pl.concat([block.parcels for block in blocks], how="diagonal"),
        pl.concat(items, how="diagonal"),
        pl.concat(faults),
    )


class Flattening:
    """Declarations of one block, taken apart.

    Parameters
    ----------
    columns : Columns
        What the keys mean; nested keys are named by their dotted path.
    keys : dict of str to tuple of Field
        Keys met so far and the fields that they feed; shared by all blocks of a manifest.
    """

    def __init__(self, columns: Columns, keys: dict[str, tuple[Field, ...]]) -> None:
        self._columns = columns
        self._keys = keys
        self._ordinary: dict[str, dict[str, tuple[str, bool]]] = {}
        for key, known in keys.items():
            self._learn(key, known)
        self._parcel: dict[str, _Column] = {}
        self._item: dict[str, _Column] = {}
        self._parents: list[int] = []
        self._positions: list[int] = []
        self._faults: list[tuple[int, int | None, str, str, str, str]] = []
        self._line = b""
        self._row = 0
        self._own_item: int | None = None

    def take(self, row: int, line: bytes, record: dict[str, Any]) -> None:
        """Take one declaration apart.

        Parameters
        ----------
        row : int
            Its place in the block.
        line : bytes
            Its text, for numbers that must be kept as written.
        record : dict
            What the JSON parser made of it.
        """
        self._row, self._line, self._own_item = row, line, None
        for key, value in self._take_ordinary(self._parcel, row, "", record):
            if key.casefold() == ITEMS and ITEMS not in self._columns.mapped:
                self._take_items(value)
            else:
                self._take_key(encodable(key), value, (key,))

    def _take_ordinary(
        self, columns: dict[str, _Column], row: int, prefix: str, record: dict[str, Any]
    ) -> list[tuple[str, Any]]:
        """Take what is text or a number under a key that was met before, by the shortest way; return the rest."""
        known = self._ordinary.setdefault(prefix, {})
        rest = []
        for key, value in record.items():
            path, number = known.get(key, ("", False))
            kind = type(value)
            if not path:
                ordinary = False
            elif kind is str:
                ordinary = value.isascii() or encodable(value) is value
            else:
                ordinary = number and (kind is float or kind is int)
                path += NUMBER
            if ordinary:
                column = columns.get(path)
                if column is None:
                    column = columns[path] = _Column()
                column.rows.append(row)
                column.values.append(value if kind is str else float(value))
            else:
                rest.append((key, value))
        return rest

    def block(self, lines: list[int]) -> Block:
        """Return the raw columns of all declarations taken, which stood on these lines."""
        parcels = _series(self._parcel, len(lines))
        if "parcel_id" not in self._parcel:
            parcels.append(pl.Series("parcel_id", [None] * len(lines), dtype=pl.String))
        return Block(
            pl.DataFrame([pl.Series(LINE, lines, dtype=pl.Int64), *parcels]),
            pl.DataFrame(
                [
                    pl.Series("parcel", self._parents, dtype=pl.UInt32),
                    pl.Series("position", self._positions, dtype=pl.UInt32),
                    *_series(self._item, len(self._parents)),
                ]
            ),
            pl.DataFrame(self._faults, schema=FAULTS, orient="row"),
        )

    def _take_key(self, key: str, value: Any, trail: tuple[str, ...]) -> None:
        fields = self._fields(key)
        if fields:
            for f in fields:
                if not f.of_item:
                    self._put(f, value, trail, None)
                elif value is not None:
                    if self._own_item is None:  # a flat declaration is its own only item
                        self._own_item = self._new_item(0)
                    self._put(f, value, trail, self._own_item)
        elif isinstance(value, dict) and self._is_group(key):
            for inner, inner_value in self._take_ordinary(self._parcel, self._row, f"{key}.", value):
                self._take_key(encodable(f"{key}.{inner}"), inner_value, (*trail, inner))
        elif key.casefold() in _GROUPS:
            if value is not None:
                path = next(f.path for f in FIELDS if f.path.startswith(f"{key.casefold()}."))
                self._fault(None, path, key, value, "expected an object")
        else:
            self._columns.unknown(key)

    def _take_items(self, value: Any) -> None:
        if value is None:
            return
        if not isinstance(value, list):
            self._fault(None, GOODS, ITEMS, value, "expected a list of objects")
            value = [value] if isinstance(value, dict) else []
        for position, member in enumerate(value[:MAX_ITEMS]):
            if not isinstance(member, dict):
                self._fault(None, GOODS, f"{ITEMS}[{position}]", member, "expected an object")
                continue
            item = self._new_item(position)
            for key, inner in self._take_ordinary(self._item, item, f"{ITEMS}.", member):
                fields = self._item_fields(encodable(key))
                for f in fields:
                    self._put(f, inner, (ITEMS, str(position), key), item)
                if not fields:
                    self._columns.unknown(f"{ITEMS}.{encodable(key)}")
        if len(value) > MAX_ITEMS:
            reason = f"the parcel has {len(value):,} items; those after {MAX_ITEMS:,} are not read"
            self._fault(None, GOODS, ITEMS, None, reason)

    def _new_item(self, position: int) -> int:
        self._parents.append(self._row)
        self._positions.append(position)
        return len(self._parents) - 1

    def _put(self, f: Field, value: Any, trail: tuple[str, ...], item: int | None) -> None:
        if value is None:
            return
        columns, row = (self._parcel, self._row) if item is None else (self._item, item)
        if f.kind == "list":
            self._put_list(f, value, columns, row, item)
        elif f.kind == "records":
            if isinstance(value, (list, dict)):
                value = shown(value)
            if isinstance(value, str):
                _column(columns, f.path).rows.append(row)
                _column(columns, f.path).values.append(encodable(value))
            else:
                self._fault(item, f.path, f.path, value, "expected a list of objects")
        else:
            if type(value) is float and f.kind not in NUMBERS:
                value = self._as_written(trail, value)
            text, number, fault = leaf(value, f.kind)
            if fault:
                self._fault(item, f.path, f.path, value, fault)
                return
            column = _column(columns, f.path if number is None else f.path + NUMBER)
            column.rows.append(row)
            column.values.append(text if number is None else number)

    def _put_list(self, f: Field, value: Any, columns: dict[str, _Column], row: int, item: int | None) -> None:
        members = value.split("|") if isinstance(value, str) else value
        if not isinstance(members, list):
            self._fault(item, f.path, f.path, value, "expected a list")
            return
        texts = []
        for position, member in enumerate(members):
            text, _, fault = leaf(member, "text")
            if fault:
                self._fault(item, f.path, f"{f.path}[{position}]", member, fault)
            elif text is not None:
                texts.append(text)
        if texts or not members:
            _column(columns, f.path).rows.append(row)
            _column(columns, f.path).values.append(texts)

    def _fault(self, item: int | None, path: str, label: str, value: Any, reason: str) -> None:
        if item is not None and label.startswith("item."):
            label = f"{ITEMS}[{self._positions[item]}].{label.removeprefix('item.')}"
        self._faults.append((self._row, item, path, label, "" if value is None else shown(value), reason))

    def _as_written(self, trail: tuple[str, ...], value: float) -> Any:
        """Return a number as it stands in the line: a code such as 9303.20 is no quantity."""
        try:
            found = parse_json(self._line, literally=True)
            for key in trail:
                found = found[int(key)] if isinstance(found, list) else found[key]
        except (NotJsonError, LookupError, ValueError, TypeError):
            return value
        return found

    def _fields(self, key: str) -> tuple[Field, ...]:
        found = self._keys.get(key)
        if found is None:
            found = tuple(BY_PATH[path] for path in self._columns.paths_of(key))
            if len(self._keys) < MAX_KEYS:
                self._keys[key] = found
                self._learn(key, found)
        return found

    def _learn(self, key: str, known: tuple[Field, ...]) -> None:
        """Remember a key that feeds one field of its own level, taking text or a number as it is."""
        prefix = key[: key.rfind(".") + 1]
        if len(known) != 1 or known[0].kind in ("list", "records") or known[0].of_item != (prefix == f"{ITEMS}."):
            return
        self._ordinary.setdefault(prefix, {})[key.removeprefix(prefix)] = (
            known[0].path,
            known[0].kind in NUMBERS,
        )

    def _item_fields(self, key: str) -> tuple[Field, ...]:
        found: tuple[Field, ...] = ()
        for name in (f"{ITEMS}.{key}", key):
            found = found or tuple(f for f in self._fields(name) if f.of_item)
        return found

    def _is_group(self, key: str) -> bool:
        return key.casefold() in _GROUPS or any(name.startswith(f"{key.casefold()}.") for name in self._columns.mapped)


def _column(columns: dict[str, _Column], path: str) -> _Column:
    found = columns.get(path)
    if found is None:
        found = columns[path] = _Column()
    return found


def _series(columns: dict[str, _Column], height: int) -> list[pl.Series]:
    series = []
    for name, column in columns.items():
        dtype: Any = pl.Float64 if name.endswith(NUMBER) else pl.String
        if name in BY_PATH and BY_PATH[name].kind == "list":
            dtype = pl.List(pl.String)
        series.append(column.series(name, height, dtype))
    return series
