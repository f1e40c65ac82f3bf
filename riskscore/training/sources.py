"""The files the simulator is made of: goods, people, traffic and patterns, read once."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from riskscore.errors import RiskscoreError
from riskscore.training.chance import Floats, Ints
from riskscore.yaml_files import read_yaml

DATA = Path(__file__).parent / "data"
TONGUES = ("en", "bs", "de", "mk", "sq", "sl", "tr", "it", "sr")
_AS_WRITTEN = {"sr": "bs"}  # Serbian is written with the same words, in Cyrillic


def _yaml(name: str) -> dict[str, Any]:
    faults: list[str] = []
    content = read_yaml(DATA / name, faults)
    if content is None:
        raise RiskscoreError(f"the simulator cannot start: {'; '.join(faults)}")
    return content


@cache
def traffic() -> dict[str, Any]:
    """Sorts of parcels, lanes, rates and how often fields are filled in (traffic.yml)."""
    return _yaml("traffic.yml")


@cache
def people() -> dict[str, Any]:
    """Countries and the parts of invented names and addresses (people.yml)."""
    return _yaml("people.yml")


@cache
def pattern_file() -> dict[str, Any]:
    """Illicit and non-compliant patterns (patterns.yml)."""
    return _yaml("patterns.yml")


@cache
def countries() -> tuple[str, ...]:
    """Countries of the simulated traffic, in the order that their positions mean."""
    return tuple(people()["countries"])


def span(text: str) -> tuple[float, float]:
    """The two ends of ``"3-18"``."""
    low, _, high = str(text).partition("-")
    return float(low), float(high or low)


def in_period(phrases: Iterable[str], later: bool) -> list[str]:
    """Phrases in use: those behind a ``+`` appear only in later periods."""
    return [p.removeprefix("+") for p in phrases if later or not p.startswith("+")]


@dataclass(frozen=True, slots=True)
class Goods:
    """Kinds of ordinary goods as columns, and their phrases in one flat list.

    Parameters
    ----------
    where : list of str
        Letters of the sorts of parcels in which a kind occurs.
    first, how_many : int64 arrays (kinds, tongues)
        Where the phrases of a kind in a tongue stand in `phrases`.
    size : float64 array (kinds, 3)
        Packed size of one piece, cm.
    """

    hs_code: pl.Series
    family: pl.Series
    where: list[str]
    weight: Floats
    eur: Floats
    kg: Floats
    size: Floats
    most: Ints
    first: Ints
    how_many: Ints
    phrases: pl.Series


@cache
def goods(later: bool) -> Goods:
    """The goods of goods.csv with the phrases of an early or a later period."""
    with (DATA / "goods.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    phrases: list[str] = []
    first = np.zeros((len(rows), len(TONGUES)), np.int64)
    how_many = np.zeros_like(first)
    for number, row in enumerate(rows):
        for column, tongue in enumerate(TONGUES):
            written = row[_AS_WRITTEN.get(tongue, tongue)] or row["en"]
            found = in_period(written.split("/"), later)
            first[number, column], how_many[number, column] = len(phrases), len(found)
            phrases += found
    return Goods(
        hs_code=pl.Series([r["hs_code"] for r in rows], dtype=pl.String),
        family=pl.Series([r["family"] or None for r in rows], dtype=pl.String),
        where=[r["where"] for r in rows],
        weight=np.array([float(r["weight"]) for r in rows]),
        eur=np.array([span(r["eur"]) for r in rows]),
        kg=np.array([span(r["kg"]) for r in rows]),
        size=np.array([[float(side) for side in r["size_cm"].split("x")] for r in rows]),
        most=np.array([int(r["most"]) for r in rows]),
        first=first,
        how_many=how_many,
        phrases=pl.Series(phrases, dtype=pl.String),
    )
