"""Writing small manifests and reading them back, with the sums checked every time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from hypothesis import settings

from riskscore.formats import Counts, open_manifest
from riskscore.schema import Tables, item_schema, parcel_schema

FEWER = settings(max_examples=max(10, settings().max_examples // 3))  # for properties that read several files each

COUNTRIES = {
    "ba": "BA",
    "bosna i hercegovina": "BA",
    "de": "DE",
    "deutschland": "DE",
    "njemacka": "DE",
    "rs": "RS",
    "us": "US",
    "xk": "XK",
}


@dataclass
class Read:
    """What came out of a manifest."""

    parcels: pl.DataFrame
    items: pl.DataFrame
    counts: Counts
    notes: list[str]
    problems: list[dict[str, Any]]
    batches: list[Tables]

    @property
    def ids(self) -> list[str]:
        """Parcel ids in order."""
        return self.parcels["parcel_id"].to_list()

    def column(self, path: str) -> list[Any]:
        """One column of parcels, or of items."""
        return (self.items if path.startswith("item.") else self.parcels)[path].to_list()

    def reasons(self, rejected: str | None = None) -> list[str]:
        """Reasons of the problem lines."""
        return [p["reason"] for p in self.problems if rejected in (None, p["rejected"])]

    def lines(self, rejected: str | None = None) -> list[int]:
        """Lines of the problem lines."""
        return [p["line"] for p in self.problems if rejected in (None, p["rejected"])]


def save(folder: Path, content: str | bytes, name: str = "manifest.csv") -> Path:
    """Write a manifest byte for byte."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(source: str | Path, **options: Any) -> Read:
    """Read a whole manifest and check what must hold for every one."""
    options.setdefault("countries", COUNTRIES)
    with open_manifest(source, **options) as manifest:
        batches = list(manifest)
        problems = manifest.problems.sort("line", maintain_order=True).collect()
        counts = manifest.counts
        assert manifest.total_rows == counts.rows_read
        assert manifest.n_problems == problems.height
        notes = manifest.notes
    parcels = pl.concat([b.parcels for b in batches]) if batches else pl.DataFrame(schema=_parcels())
    items, before = [], 0
    for batch in batches:
        assert batch.parcels.schema == _parcels()
        assert batch.items.schema == item_schema()
        assert batch.items["parcel"].is_sorted()
        items.append(batch.items.with_columns(pl.col("parcel") + before))
        before += batch.parcels.height
    assert counts.rows_read == counts.rows_used + counts.rows_rejected
    assert counts.parcels_read == counts.parcels_scored + counts.parcels_rejected
    assert counts.parcels_scored == parcels.height == parcels["parcel_id"].n_unique()
    assert counts.rows_rejected == problems.filter(pl.col("rejected") == "yes").height
    assert parcels["parcel_id"].null_count() == 0
    assert len(notes) == len(set(notes))
    return Read(
        parcels,
        pl.concat(items) if items else pl.DataFrame(schema=item_schema()),
        counts,
        notes,
        problems.to_dicts(),
        batches,
    )


def read_text(folder: Path, content: str | bytes, name: str = "manifest.csv", **options: Any) -> Read:
    """Write a manifest and read it."""
    return read(save(folder, content, name), **options)


def same(one: Read, other: Read) -> bool:
    """Tell whether two readings gave the same parcels, items, sums and problem lines."""
    key = ("line", "field", "reason")
    return (
        one.parcels.equals(other.parcels)
        and one.items.equals(other.items)
        and one.counts == other.counts
        and sorted(one.notes) == sorted(other.notes)
        and sorted(([p[k] for k in key] for p in one.problems), key=str)
        == sorted(([p[k] for k in key] for p in other.problems), key=str)
    )


def _parcels() -> pl.Schema:
    return pl.Schema({**parcel_schema(), "unreadable": pl.List(pl.String), "contradictory": pl.List(pl.String)})
