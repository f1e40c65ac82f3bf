"""Simulated manifests: a week of a small Western Balkan post, with labels; every parcel of it is invented.

The same arguments give the same bytes. Parcels are made in blocks of fixed size, each with its own stream of chance, so
the size of the batches that come out changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from riskscore.errors import RiskscoreError
from riskscore.formats.write import open_writer
from riskscore.schema import PARCEL_FIELDS, Tables, parcel_schema, tables_from_records
from riskscore.training.declared import Form
from riskscore.training.forms import Period
from riskscore.training.ordinary import ITEM_PLAN, PARCEL_PLAN, ordinary
from riskscore.training.patterns import CaseMaker
from riskscore.training.rows import flat_rows, format_of, nested_rows
from riskscore.training.slips import USUAL_TOTAL, Slips
from riskscore.training.sources import countries

BLOCK = 50_000
PHRASES_CHANGE = date(2026, 9, 1)  # from here on, manifests use wordings that earlier ones do not know
LABELS = {
    "parcel_id": pl.String,
    "illicit": pl.Int8,
    "noncompliant": pl.Int8,
    "pattern": pl.String,
    "obvious": pl.Int8,
    "kit": pl.String,
}
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Mix:
    """How often things happen, in a million parcels unless said otherwise.

    Parameters
    ----------
    illicit_per_million : float
        Illicit parcels, kits counted by parcel. Bands from published seizures: 0.5-5 in imports, 5-50 in exports.
    gaps_per_million : float
        Missing licences, marks and dangerous goods papers in weapon-adjacent goods.
    open_per_million : float
        Air, airsoft and alarm guns, openly declared and licit.
    licit_arms_per_million : float
        Arms and ammunition between licensed parties, with their papers.
    poor_data_per_million : float
        Parcels whose declaration is poor, and no more than that.
    lookalike_share : float
        Share of goods whose words look like controlled goods (glue guns, filter cartridges), from 0 to 1.
    """

    illicit_per_million: float = 20
    gaps_per_million: float = 1_500
    open_per_million: float = 300
    licit_arms_per_million: float = 30
    poor_data_per_million: float = USUAL_TOTAL
    lookalike_share: float = 0.03

    def __post_init__(self) -> None:
        for f in fields(self):
            value = getattr(self, f.name)
            if not (0 <= value <= (1 if f.name == "lookalike_share" else _MILLION)):
                raise RiskscoreError(f"{f.name} cannot be {value:g}")
        cases = self.illicit_per_million + self.gaps_per_million + self.open_per_million + self.licit_arms_per_million
        if cases > 0.9 * _MILLION:
            raise RiskscoreError("illicit parcels, gaps, open orders and licit arms leave no room for ordinary parcels")


ORDINARY = Mix()


def simulated(
    n: int,
    *,
    seed: int,
    mix: Mix = ORDINARY,
    start: date = date(2026, 6, 1),
    days: int = 7,
    batch: int = BLOCK,
) -> Iterator[tuple[Tables, pl.DataFrame]]:
    """Simulate n parcels.

    Parameters
    ----------
    n : int
        Number of parcels.
    seed : int
        The same seed gives the same parcels.
    mix : Mix
        How often things happen.
    start : date
        First day; from `PHRASES_CHANGE` on, a part of the wordings is new.
    days : int
        Days over which parcels are declared.
    batch : int
        Parcels per batch.

    Yields
    ------
    tuple of Tables and polars.DataFrame
        Typed parcels and items, and one row of `LABELS` per parcel in the same order.

    Raises
    ------
    RiskscoreError
        For numbers that make no sense.
    """
    if n < 0 or days < 1 or batch < 1 or seed < 0:
        raise RiskscoreError("the number of parcels and the seed cannot be negative, days and batch not below 1")
    waiting: list[tuple[Tables, pl.DataFrame]] = []
    held = 0
    for block in range(-(-n // BLOCK)):
        made = _block(block, min(BLOCK, n - block * BLOCK), seed, mix, start, days)
        waiting.append(made)
        held += made[1].height
        while held >= batch or (held and block == -(-n // BLOCK) - 1):
            taken = min(batch, held)
            whole = waiting[0] if len(waiting) == 1 else _joined(waiting)
            if taken == held:
                yield whole
                waiting, held = [], 0
            else:
                yield _cut(whole, 0, taken)
                waiting, held = [_cut(whole, taken, held - taken)], held - taken


def _block(block: int, n: int, seed: int, mix: Mix, start: date, days: int) -> tuple[Tables, pl.DataFrame]:
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(block, start.toordinal()))))
    later = start >= PHRASES_CHANGE
    period = Period(start, days, later, f"SIM{start:%y%m%d}-{seed}-")
    maker = CaseMaker(rng, start=start, days=days, later=later, name=f"{period.prefix}{block}")
    for kind, per_million in (
        ("illicit", mix.illicit_per_million),
        ("gaps", mix.gaps_per_million),
        ("open", mix.open_per_million),
        ("licit_arms", mix.licit_arms_per_million),
    ):
        maker.add(kind, n * per_million / _MILLION)
    case_parcels, case_items = maker.cases.frames()
    if case_parcels.height > n:  # a handful of parcels at high rates
        kept = np.sort(rng.permutation(case_parcels.height)[:n])
        case_parcels, case_items = _picked(case_parcels, case_items, kept)
    plan, items = ordinary(
        rng,
        n - case_parcels.height,
        days=days,
        weekday=start.weekday(),
        lookalike_share=mix.lookalike_share,
        later=later,
    )
    case_items = case_items.with_columns(pl.col("parcel") + plan.height)
    plan, items = pl.concat([plan, case_parcels]), pl.concat([items, case_items])
    order = np.lexsort((rng.random(n), plan["minute"].to_numpy()))
    plan, items = _picked(plan, items, order)
    tables, slips = Form(rng, plan, items, period).write(block * BLOCK, mix.poor_data_per_million / USUAL_TOTAL)
    tables = _with_fixed_fields(tables, plan, maker.cases.fields)
    return tables, _labels(tables, plan, items, slips)


def _picked(plan: pl.DataFrame, items: pl.DataFrame, order: Any) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Parcels in a new order, and their items with them."""
    new_place = np.full(plan.height, -1, np.int64)
    new_place[order] = np.arange(len(order))
    items = items.with_columns(parcel=pl.Series(new_place).gather(items["parcel"]))
    return plan[order].select(list(PARCEL_PLAN)), items.filter(pl.col("parcel") >= 0).sort(
        "parcel", maintain_order=True
    ).select(list(ITEM_PLAN))


def _with_fixed_fields(tables: Tables, plan: pl.DataFrame, fixed: list[dict[str, Any]]) -> Tables:
    """Put the fields that a pattern itself states over what was drawn."""
    rows = np.flatnonzero(plan["case"].is_not_null().to_numpy()).tolist()
    by_path: dict[str, dict[int, Any]] = {}
    for row, case in zip(rows, plan["case"].drop_nulls().to_list(), strict=True):
        for path, value in fixed[case].items():
            stated = [_paper(paper, tables.parcels, row) for paper in value] if path == "documents" else value
            by_path.setdefault(path, {})[row] = stated
    parcels = tables.parcels
    schema = parcel_schema()
    for path, values in by_path.items():
        mine = np.zeros(parcels.height, np.bool_)
        mine[list(values)] = True
        places = np.zeros(parcels.height, np.int64)
        places[list(values)] = np.arange(len(values))
        column = pl.Series(path, list(values.values()), dtype=schema[path]).gather(places)
        parcels = parcels.with_columns(pl.when(pl.Series(mine)).then(column).otherwise(path).alias(path))
    return Tables(parcels, tables.items)


def _paper(paper: dict[str, Any], parcels: pl.DataFrame, row: int) -> dict[str, Any]:
    """A paper with its holder's name as on the form."""
    blank = dict.fromkeys(f.path for f in _paper_fields())
    stated = {**blank, **{name: value for name, value in paper.items() if name != "issuer"}}
    if "issuer" in paper:
        stated["issuer_country"] = countries()[paper["issuer"]]
    if paper.get("holder"):
        stated["holder"] = parcels[f"{paper['holder']}.name"][row]
    return stated


def _paper_fields() -> Any:
    return next(f for f in PARCEL_FIELDS if f.path == "documents").fields


def _labels(tables: Tables, plan: pl.DataFrame, items: pl.DataFrame, slips: Slips) -> pl.DataFrame:
    """What each parcel really is: one pattern at most, illicit before gaps before poor data before look-alikes."""
    family = (
        items.with_columns(vague=pl.Series(slips.found["vague_description"]).gather(items["parcel"]))
        .filter(pl.col("family").is_not_null() & ~pl.col("vague"))
        .unique("parcel", keep="first", maintain_order=True)
    )
    like = pl.DataFrame({"parcel": pl.int_range(plan.height, dtype=pl.Int64, eager=True)}).join(
        family.select("parcel", "family"), on="parcel", how="left", maintain_order="left"
    )["family"]
    slip = slips.pattern()
    return plan.select(
        parcel_id=tables.parcels["parcel_id"],
        illicit="illicit",
        noncompliant=pl.when(slip.is_not_null()).then(1).otherwise("noncompliant").cast(pl.Int8),
        pattern=pl.when(pl.col("case").is_not_null())
        .then("pattern")
        .otherwise(pl.coalesce(slip, "lookalike:" + like, "pattern")),
        obvious=pl.when(_told(tables, plan)).then("obvious").otherwise(0).cast(pl.Int8),
        kit="kit",
    )


def _told(tables: Tables, plan: pl.DataFrame) -> pl.Series:
    """Does the declaration still say what makes a case obvious? Forms lose fields; nobody sees what is not there."""
    armed = tables.items["item.hs_code"].str.starts_with("93").fill_null(False)
    worded = tables.items["item.description"].is_not_null()
    by_code, by_words = (
        pl.Series(np.bincount(tables.items["parcel"].filter(said), minlength=plan.height) > 0)
        for said in (armed, worded)
    )
    silent = (plan["pattern"] == "military_code_declared").fill_null(False)  # its words say nothing, its code all
    suspect = tables.parcels["screening"].list.len().fill_null(0) > 0
    return by_code | (by_words & ~silent) | suspect


def _joined(parts: list[tuple[Tables, pl.DataFrame]]) -> tuple[Tables, pl.DataFrame]:
    items, before = [], 0
    for tables, _ in parts:
        items.append(tables.items.with_columns(pl.col("parcel") + pl.lit(before, pl.UInt32)))
        before += tables.parcels.height
    parcels = pl.concat([tables.parcels for tables, _ in parts])
    return Tables(parcels, pl.concat(items)), pl.concat([labels for _, labels in parts])


def _cut(made: tuple[Tables, pl.DataFrame], first: int, n: int) -> tuple[Tables, pl.DataFrame]:
    tables, labels = made
    items = tables.items.filter(pl.col("parcel").is_between(first, first + n - 1))
    items = items.with_columns(pl.col("parcel") - pl.lit(first, pl.UInt32))
    return Tables(tables.parcels.slice(first, n), items), labels.slice(first, n)


def simulate_files(
    n: int,
    output: str,
    *,
    labels: str | None = None,
    seed: int = 1,
    mix: Mix = ORDINARY,
    start: date = date(2026, 6, 1),
    days: int = 7,
    advance: Callable[[int], None] | None = None,
) -> pl.DataFrame:
    """Write a simulated manifest and its labels.

    Parameters
    ----------
    n, seed, mix, start, days
        As for `simulated`.
    output : str
        The manifest: ``.parquet``, ``.csv``, ``.tsv``, ``.jsonl`` or ``.xlsx``; ``-`` is standard output (JSON Lines).
    labels : str, optional
        Where the labels go, in the same formats.
    advance : callable, optional
        Told the number of parcels of each batch that is written.

    Returns
    -------
    polars.DataFrame
        The labels.

    Raises
    ------
    RiskscoreError
        For numbers that make no sense, or places that cannot be written to.
    """
    if labels is not None and Path(labels).resolve() == Path(output).resolve():
        raise RiskscoreError(f"{output}: the manifest and its labels need two files")
    format = "jsonl" if output == "-" or format_of(output) == "jsonl" else None
    parts = [pl.DataFrame(schema=LABELS)]
    with ExitStack() as stack:
        writer = stack.enter_context(open_writer(output, format))
        second = stack.enter_context(open_writer(labels)) if labels else None
        shape = nested_rows if format == "jsonl" else flat_rows
        for tables, truth in simulated(n, seed=seed, mix=mix, start=start, days=days):
            writer.write(shape(tables))
            if second:
                second.write(truth)
            parts.append(truth)
            if advance:
                advance(truth.height)
        if not n:
            writer.write(shape(tables_from_records([])))
            if second:
                second.write(parts[0])
    return pl.concat(parts)
