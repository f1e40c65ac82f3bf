"""How a feature is written: a named polars expression with a docstring, a direction and the fields it reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskscore.features.tables import TradeTables
from riskscore.goods_text import GoodsText
from riskscore.known import Grouping, Truth
from riskscore.schema import Tables

Level = Literal["item", "parcel"]
Over = Literal["any", "all", "sum", "max", "first", "same"]
Sort = Literal["number", "flag", "text"]
Build = Callable[[TradeTables], pl.Expr]

_FEW = 256  # rows

AS_OF = "as_of"  # column that holds the one clock of the assessment
INFORMATIVE = "informative_words"  # column of items: number of words that say something
HS = "hs_category"  # column of items with the HS digits as a category; gone when the facts are built
TEXT = "text"  # column of items with the bit mask of the concepts that count; null without a description


@dataclass(frozen=True, slots=True)
class Feature:
    """A quantity that is high when its name is true.

    Parameters
    ----------
    name : str
        Its key everywhere: in packs, reasons, models, documentation.
    level : item or parcel
    direction : int
        +1: more is never safer; -1: more is never more suspicious; 0: neither.
    reads : tuple of str
        Fields and features it is made from; also the evidence that a reason shows.
    over_items : str, optional
        The expression is about items; the parcel's value is their any, all, sum, max, first, or the one all share.
    doc : str
        The sentence an analyst reads.
    sort : number, flag or text
        What its values are.
    group : str
        Group of reasons it belongs to: that of its module.
    """

    name: str
    level: Level
    direction: int
    reads: tuple[str, ...]
    over_items: Over | None
    doc: str
    build: Build
    sort: Sort
    group: str


FEATURES: dict[str, Feature] = {}
# Module of features → group of the reasons they give.
_GROUPS = {
    "amounts": "value",
    "goods": "description",
    "handling": "handling",
    "papers": "documents",
    "party": "party",
    "route": "route",
    "rules": "documents",
    "sector": "sector",
    "tariff": "tariff",
}


def feature(
    level: Level, *, direction: int, reads: tuple[str, ...], over_items: Over | None = None, sort: Sort = "number"
) -> Callable[[Build], Build]:
    """Register the decorated function as a feature; its name is the key and its docstring the description.

    ``sort`` is what its values are; a feature that asks for any or all items is a flag by itself.
    """

    def register(build: Build) -> Build:
        doc = (build.__doc__ or "").strip().split("\n")[0]
        if not doc:
            raise TypeError(f"feature {build.__name__} has no docstring")
        if direction not in (-1, 0, 1):
            raise TypeError(f"feature {build.__name__}: direction must be -1, 0 or 1")
        group = _GROUPS[build.__module__.rpartition(".")[2]]
        kind: Sort = "flag" if over_items in ("any", "all") else sort
        FEATURES[build.__name__] = Feature(build.__name__, level, direction, reads, over_items, doc, build, kind, group)
        return build

    return register


@dataclass(frozen=True)
class Facts:
    """All that indicators may ask about a batch: fields, features and text concepts.

    Parameters
    ----------
    parcels : polars.DataFrame
        Fields and parcel features, one row per parcel.
    items : polars.DataFrame
        Fields and item features, one row per item, with ``text``: the concepts that count, as a bit mask.
    grouping : Grouping
        Which items belong to which parcel.
    """

    parcels: pl.DataFrame
    items: pl.DataFrame
    grouping: Grouping

    @cached_property
    def item_no(self) -> NDArray[np.int64]:
        """Position of each item in its parcel, from 0."""
        return self.items["item_no"].to_numpy().astype(np.int64)

    @cached_property
    def _stated(self) -> dict[str, NDArray[np.bool_]]:
        return {}

    def stated(self, path: str) -> NDArray[np.bool_]:
        """Where a field is stated, per parcel or per item."""
        if path not in self._stated:
            table = self.items if path.startswith("item.") else self.parcels
            self._stated[path] = table[path].is_not_null().to_numpy()
        return self._stated[path]


@cache
def _needed(wanted: frozenset[str]) -> tuple[Feature, ...]:
    """The wanted features and all that they are made from, each after what it reads."""
    order: dict[str, Feature] = {}

    def visit(name: str) -> None:
        if name in order or name not in FEATURES:
            return
        for read in FEATURES[name].reads:
            visit(read)
        order[name] = FEATURES[name]

    for name in sorted(wanted):
        visit(name)
    return tuple(order.values())


@cache
def _layers(features: tuple[Feature, ...]) -> list[list[Feature]]:
    """Features in rounds, so that each reads only what earlier rounds made."""
    own = {f.name for f in features}
    present: set[str] = set()
    layers: list[list[Feature]] = []
    waiting = list(features)
    while waiting:
        ready = [f for f in waiting if all(r in present or r not in own for r in f.reads)]
        layers.append(ready)
        present |= {f.name for f in ready}
        waiting = [f for f in waiting if f not in ready]
    return layers


def build_facts(tables: Tables, goods: GoodsText, trade: TradeTables, as_of: datetime, wanted: frozenset[str]) -> Facts:
    """Fields, wanted features and text concepts of a batch.

    Parameters
    ----------
    tables : Tables
        Normalised parcels (n rows) and items (m rows).
    goods : GoodsText
        What the m goods descriptions say.
    trade : TradeTables
    as_of : datetime
        The one clock.
    wanted : frozenset of str
        Names of features that somebody asks for; others are not computed.
    """
    needed = _needed(wanted)
    clock = pl.lit(as_of).cast(pl.Datetime("us", "UTC")).alias(AS_OF)
    parcels = tables.parcels.with_columns(clock)
    grouping = Grouping.of(tables.items, parcels.height)
    described = tables.items["item.description"].str.strip_chars().str.len_chars() > 0
    said = pl.Series(TEXT, goods.concepts), pl.Series(INFORMATIVE, goods.informative)
    items = tables.items.with_columns(
        clock,
        pl.col("item.hs").cast(pl.Categorical(pl.Categories.random())).alias(HS),
        *(pl.when(described.fill_null(False)).then(column).alias(column.name) for column in said),
    )
    over = tuple(f for f in needed if f.level == "item" or f.over_items)
    from_parcel = sorted({r for f in over for r in f.reads if r in parcels.columns and r not in items.columns})
    if from_parcel:
        items = items.hstack(parcels.select(from_parcel).select(pl.all().gather(items["parcel"])))
    for layer in _layers(over):
        items = _with(items, layer, trade)
    parcels = parcels.hstack([_over_items(grouping, f.over_items, items[f.name]) for f in over if f.over_items])
    own = tuple(f for f in needed if f.level == "parcel" and not f.over_items)
    for layer in _layers(own):
        parcels = _with(parcels, layer, trade)
    return Facts(parcels, items.drop(HS), grouping)


def _with(table: pl.DataFrame, layer: list[Feature], trade: TradeTables) -> pl.DataFrame:
    """The table with the features of one layer, each written down once for these tables."""
    for f in layer:
        if f.name not in trade.built:
            trade.built[f.name] = f.build(trade).alias(f.name)
    expressions = [trade.built[f.name] for f in layer]
    # Handing a few rows to a pool of threads costs more than the work.
    return table.with_columns_seq(expressions) if table.height <= _FEW else table.with_columns(expressions)


def _over_items(grouping: Grouping, how: Over, values: pl.Series) -> pl.Series:
    if how == "any":
        return grouping.any_known(Truth.of(values)).series(values.name)
    if how == "all":
        return grouping.all_known(Truth.of(values)).series(values.name)
    if how == "sum":
        return grouping.sum_known(values)
    if how == "max":
        return grouping.max_known(values)
    return grouping.first_known(values) if how == "first" else grouping.same_known(values)
