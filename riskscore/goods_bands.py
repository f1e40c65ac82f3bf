"""What ordinary goods cost and weigh, and which tariff codes are far from an everyday noun.

Three tables of the SOP desk, ``value_bands.csv``, ``mass_bands.csv`` and ``noun_chapters.csv``, made ready to look up.
A code, a class or a noun without a row is unknown. The bands are orders of magnitude: what lies outside deserves a
question, no more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from riskscore.lexicon import TOPIC_NUMBER
from riskscore.table_files import DAY, POSITIVE, Table, read_tables

ARMS = ("handgun", "long_arm")
_PREFIX = r"\d{2}|\d{4}|\d{6}"
_CONFIDENCE = ("high", "medium", "low")
_SOURCE = ("source", "date", "confidence")

TABLES: dict[str, Table] = {
    "value_bands": Table(
        ("prefix", "low_eur", "median_eur", "high_eur", "goods", *_SOURCE),
        ("prefix",),
        {"confidence": _CONFIDENCE},
        {"prefix": _PREFIX, "low_eur": POSITIVE, "median_eur": POSITIVE, "high_eur": POSITIVE, "date": DAY},
    ),
    "mass_bands": Table(
        ("hs_class", "arms_class", "low_kg", "high_kg", *_SOURCE),
        ("hs_class", "arms_class"),
        {"arms_class": ARMS, "confidence": _CONFIDENCE},
        {"low_kg": POSITIVE, "high_kg": POSITIVE, "date": DAY},
    ),
    "noun_chapters": Table(
        ("topic", "goods", "far", *_SOURCE),
        ("topic",),
        {"confidence": _CONFIDENCE},
        {"far": rf"(?:{_PREFIX})(?: (?:{_PREFIX}))*", "date": DAY},
    ),
}


@dataclass(frozen=True, slots=True)
class MassBand:
    """Masses of one piece, kg, that a class of arms shares with goods that it might be declared as."""

    hs_class: str
    arms_class: str
    low_kg: float
    high_kg: float


@dataclass(frozen=True, slots=True)
class GoodsBands:
    """What the three tables say.

    Parameters
    ----------
    value_low, value_high : dict
        HS prefix → lowest and highest usual value of one piece, EUR.
    masses : tuple of MassBand
        In the order of the file: the first that fits wins.
    far : dict
        Topic of the lexicons → HS prefixes under which such goods are never declared.
    """

    value_low: dict[str, float]
    value_high: dict[str, float]
    masses: tuple[MassBand, ...]
    far: dict[str, tuple[str, ...]]


def load_goods_bands(sops: Path, hs_classes: tuple[str, ...]) -> tuple[GoodsBands | None, list[str]]:
    """Read and check the three tables.

    Parameters
    ----------
    sops : pathlib.Path
        Folder that holds ``tables/``.
    hs_classes : tuple of str
        Classes that the tariff table gives.

    Returns
    -------
    bands : GoodsBands or None
        None where a table has a fault.
    faults : list of str
        Every fault of the tables: file, line (the header is line 1) and what is wrong.
    """
    frames, faults = read_tables(sops, TABLES)
    if faults:
        return None, faults
    values = frames["value_bands"].with_columns(pl.col("low_eur", "median_eur", "high_eur").cast(pl.Float64))
    masses = frames["mass_bands"].with_columns(pl.col("low_kg", "high_kg").cast(pl.Float64))
    nouns = frames["noun_chapters"]
    low, median, high = pl.col("low_eur"), pl.col("median_eur"), pl.col("high_eur")
    checks = (
        ("value_bands", values, (low >= median) | (median >= high), "low_eur, median_eur and high_eur must rise"),
        ("mass_bands", masses, pl.col("low_kg") >= pl.col("high_kg"), "low_kg must be below high_kg"),
        ("mass_bands", masses, ~pl.col("hs_class").is_in(hs_classes), f"hs_class is none of {', '.join(hs_classes)}"),
        ("noun_chapters", nouns, ~pl.col("topic").is_in(list(TOPIC_NUMBER)), "topic is no topic of the lexicons"),
    )
    faults = [
        f"tables/{name}.csv: line {line}: {says}" for name, table, bad, says in checks for line in _lines(table, bad)
    ]
    if faults:
        return None, faults
    bands = GoodsBands(
        dict(zip(values["prefix"], values["low_eur"], strict=True)),
        dict(zip(values["prefix"], values["high_eur"], strict=True)),
        tuple(MassBand(*row) for row in masses.select("hs_class", "arms_class", "low_kg", "high_kg").iter_rows()),
        {topic: tuple(far.split()) for topic, far in nouns.select("topic", "far").iter_rows()},
    )
    return bands, []


def _lines(table: pl.DataFrame, bad: pl.Expr) -> Iterator[int]:
    """Lines of the file in which a condition holds."""
    yield from table.select(pl.int_range(2, pl.len() + 2).filter(bad)).to_series()
