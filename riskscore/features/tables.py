"""Tables of the SOP desk that features look things up in: tariff, licence needs, densities."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from riskscore.errors import SopError


@dataclass(frozen=True, slots=True)
class LicenceNeed:
    """Whether a jurisdiction licenses a class of goods in one direction, and who grants it."""

    needed: bool
    authority: str
    as_of: str
    source: str


@dataclass(frozen=True, slots=True)
class TradeTables:
    """What the tables say, ready to look up.

    Parameters
    ----------
    hs_class, goods_class : dict
        HS prefix (digits) → class.
    density : dict
        HS prefix → most that such goods weigh, kg per litre of box.
    licences : dict
        ``"JURISDICTION|goods class|direction"`` → `LicenceNeed`; what is absent is unknown.
    """

    hs_class: dict[str, str]
    goods_class: dict[str, str]
    density: dict[str, float]
    licences: dict[str, LicenceNeed]


GOODS_CLASSES = (
    "firearm",
    "essential_part",
    "part",
    "ammunition",
    "ammunition_component",
    "explosive",
    "suppressor",
    "conversion_device",
    "alarm",
    "airgun",
    "airsoft",
    "optics",
    "other",
)


def load_trade_tables(folder: Path) -> TradeTables:
    """Read ``tariff.csv``, ``density.csv`` and ``licences.csv``; every row must name its source and date.

    Raises
    ------
    SopError
        With every fault of every table.
    """
    faults: list[str] = []
    tariff = _read(folder / "tariff.csv", ("prefix", "hs_class", "goods_class"), faults)
    density = _read(folder / "density.csv", ("prefix", "max_kg_per_litre"), faults)
    licences = _read(folder / "licences.csv", ("jurisdiction", "goods_class", "direction", "licence_needed"), faults)
    needs: dict[str, LicenceNeed] = {}
    limits: dict[str, float] = {}
    for row in density:
        try:
            limits[row["prefix"]] = float(row["max_kg_per_litre"])
        except ValueError:
            faults.append(f"density.csv: {row['prefix']}: max_kg_per_litre is not a number: {row['max_kg_per_litre']!r}")
    for row in tariff + licences:
        if row["goods_class"] not in GOODS_CLASSES:
            faults.append(f"{row['_file']}: goods_class {row['goods_class']!r} is not one of {', '.join(GOODS_CLASSES)}")
    for row in licences:
        key = f"{row['jurisdiction']}|{row['goods_class']}|{row['direction']}"
        if row["licence_needed"] not in ("yes", "no"):
            faults.append(f"licences.csv: {key}: licence_needed must be yes or no")
        if key in needs:
            faults.append(f"licences.csv: {key}: listed twice")
        needs[key] = LicenceNeed(row["licence_needed"] == "yes", row.get("authority", ""), row["date"], row["source"])
    if faults:
        raise SopError(faults)
    return TradeTables(
        {r["prefix"]: r["hs_class"] for r in tariff},
        {r["prefix"]: r["goods_class"] for r in tariff},
        limits,
        needs,
    )


def _read(path: Path, required: tuple[str, ...], faults: list[str]) -> list[dict[str, str]]:
    try:
        frame = pl.read_csv(path, infer_schema=False, comment_prefix="#")
    except (OSError, pl.exceptions.PolarsError) as error:
        faults.append(f"{path.name}: cannot be read: {error}")
        return []
    lacking = {*required, "source", "date"} - set(frame.columns)
    if lacking:
        faults.append(f"{path.name}: columns missing: {', '.join(sorted(lacking))}")
        return []
    rows = frame.to_dicts()
    for number, row in enumerate(rows, start=2):
        empty = [name for name in (*required, "source", "date") if not row[name]]
        if empty:
            faults.append(f"{path.name}: line {number}: {', '.join(empty)} missing")
    return [{**{k: v or "" for k, v in row.items()}, "_file": path.name} for row in rows]


def by_prefix(code: pl.Expr, table: dict[str, str] | dict[str, float]) -> pl.Expr:
    """Look a code up by its longest known prefix; null when no prefix is known."""
    lengths = sorted({len(prefix) for prefix in table}, reverse=True)
    dtype = pl.Float64 if all(isinstance(v, float) for v in table.values()) else pl.String
    return pl.coalesce(
        code.str.slice(0, length).replace_strict(
            {p: v for p, v in table.items() if len(p) == length}, default=None, return_dtype=dtype
        )
        for length in lengths
    )
