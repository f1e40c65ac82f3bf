"""Typed tables as rows of a manifest: flat ones with a row per item, nested ones with a line per parcel."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from riskscore.formats.write import FORMATS, PACKED
from riskscore.schema import FIELDS, ITEM_FIELDS, PARCEL_FIELDS, Tables

_TIME = "%Y-%m-%dT%H:%M:%SZ"
_RECORDS = [f.path for f in PARCEL_FIELDS if f.kind == "records"]
_LISTS = [f.path for f in PARCEL_FIELDS if f.kind == "list"]


def format_of(name: str) -> str | None:
    """Format of a file by its suffixes; None where they do not say."""
    suffixes = [suffix.lower() for suffix in Path(name).suffixes]
    if suffixes and suffixes[-1] in PACKED:
        suffixes.pop()
    return FORMATS.get(suffixes[-1]) if suffixes else None


def flat_rows(tables: Tables) -> pl.DataFrame:
    """Rows of a flat manifest: one per item, lists with ``|``, papers and screenings as JSON text."""
    import orjson

    parcels = tables.parcels.drop("unreadable", "contradictory").with_columns(
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("parcel")
    )
    texts = [
        _at_rows(
            parcels,
            path,
            [orjson.dumps(_records(members)).decode() for members in parcels[path].drop_nulls().to_list()],
        )
        for path in _RECORDS
    ]
    parcels = parcels.with_columns(*texts, *(pl.col(path).list.join("|") for path in _LISTS))
    marks = [pl.col(f.path).list.join("|") for f in ITEM_FIELDS if f.kind == "list"]
    rows = parcels.join(tables.items.with_columns(marks), on="parcel", how="left", maintain_order="left_right")
    return rows.select(f.path for f in FIELDS)


def _at_rows(parcels: pl.DataFrame, path: str, texts: list[str]) -> pl.Series:
    """Texts back at the rows where the records stand."""
    stated = parcels[path].is_not_null()
    place = stated.cum_sum().cast(pl.Int64) - 1
    column = pl.Series([*texts, None], dtype=pl.String).gather(place.clip(0))
    return pl.select(pl.when(stated).then(column).alias(path)).to_series()


def _records(members: Any) -> list[dict[str, Any]]:
    return [_stated(member) for member in members]


def _stated(member: dict[str, Any]) -> dict[str, Any]:
    """One paper or screening, nested, without what is not stated."""
    nested: dict[str, Any] = {}
    for path, value in member.items():
        if value is None:
            continue
        head, _, tail = path.partition(".")
        written = value.strftime(_TIME) if isinstance(value, datetime) else value
        written = written.isoformat() if isinstance(written, date) else written
        if tail:
            nested.setdefault(head, {})[tail] = written
        else:
            nested[head] = written
    return nested


def nested_rows(tables: Tables) -> pl.DataFrame:
    """Rows of a nested manifest: ``sender.name`` is a member of ``sender``, items are a list."""
    parcels = tables.parcels.drop("unreadable", "contradictory").with_columns(
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("parcel")
    )
    names: dict[str, list[str]] = {path.partition(".")[0]: [] for path in (f.path for f in PARCEL_FIELDS)}
    for f in PARCEL_FIELDS:
        names[f.path.partition(".")[0]].append(f.path)
    items = tables.items.select(
        "parcel", pl.struct(pl.col(f.path).alias(f.path.removeprefix("item.")) for f in ITEM_FIELDS).alias("items")
    )
    whole = items.group_by("parcel", maintain_order=True).agg("items")
    return parcels.join(whole, on="parcel", how="left", maintain_order="left").select(
        *(_member(head, paths) for head, paths in names.items()), "items"
    )


def _member(head: str, paths: list[str]) -> pl.Expr:
    if paths == [head]:
        return _nested_records(head) if head in _RECORDS else pl.col(head)
    members = pl.struct(pl.col(path).alias(path.partition(".")[2]) for path in paths)
    return pl.when(pl.any_horizontal(pl.col(path).is_not_null() for path in paths)).then(members).alias(head)


def _nested_records(path: str) -> pl.Expr:
    """Papers or screenings with their times as text and ``verification`` as a member."""
    of = next(f for f in PARCEL_FIELDS if f.path == path).fields
    element = pl.element().struct
    plain: list[pl.Expr] = []
    inner: list[pl.Expr] = []
    for f in of:
        value = element.field(f.path)
        value = value.dt.strftime(_TIME) if f.kind == "timestamp" else value
        value = value.cast(pl.String) if f.kind == "date" else value
        (inner if "." in f.path else plain).append(value.alias(f.path.rpartition(".")[2]))
    if inner:
        plain.append(pl.struct(inner).alias("verification"))
    return pl.col(path).list.eval(pl.struct(plain))
