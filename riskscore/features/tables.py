"""Tables of the SOP desk that features look things up in: tariff, licence needs, densities."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from riskscore.address_rules import AddressRules
from riskscore.features.columns import by_text
from riskscore.goods_bands import GoodsBands
from riskscore.reference import Reference
from riskscore.trade_rules import TradeRules


@dataclass(frozen=True, slots=True)
class LicenceNeed:
    """Whether a jurisdiction licenses a class of goods in one direction, and who grants it."""

    needed: bool
    authority: str
    as_of: str
    source: str


@dataclass(frozen=True, eq=False)
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
    addresses : AddressRules
        Postcodes, calling codes and party words.
    bands : GoodsBands
        What ordinary goods cost and weigh, and which codes are far from an everyday noun.
    piece_units : tuple of str
        Folded units (`fold_key`) that count single articles.
    rules : TradeRules
        Dated rules of trade, postal traffic and carriers.
    """

    hs_class: dict[str, str]
    goods_class: dict[str, str]
    density: dict[str, float]
    licences: dict[str, LicenceNeed]
    addresses: AddressRules
    bands: GoodsBands
    piece_units: tuple[str, ...]
    rules: TradeRules
    built: dict[str, pl.Expr] = field(default_factory=dict, init=False, repr=False)  # features already written down


def trade_tables(reference: Reference) -> TradeTables:
    """Lookups from the checked tables ``tariff.csv``, ``density.csv`` and ``licences.csv``."""
    tariff = reference.tariff
    licences = reference.licences.to_dicts()
    return TradeTables(
        dict(zip(tariff["prefix"], tariff["hs_class"], strict=True)),
        dict(zip(tariff["prefix"], tariff["goods_class"], strict=True)),
        dict(zip(reference.density["prefix"], reference.density["max_kg_per_litre"], strict=True)),
        {
            f"{row['jurisdiction']}|{row['goods_class']}|{row['direction']}": LicenceNeed(
                row["licence_needed"] == "yes", row["authority"] or "", row["date"], row["legal_source"]
            )
            for row in licences
        },
        reference.addresses,
        reference.bands,
        tuple(sorted(unit for unit, kind in reference.units.items() if kind in ("pieces", "pairs"))),
        reference.rules,
    )


def by_prefix(code: pl.Expr, table: dict[str, str] | dict[str, float]) -> pl.Expr:
    """Look a code (String or Categorical) up by its longest known prefix; null when no prefix is known."""
    lengths = sorted({len(prefix) for prefix in table}, reverse=True)
    dtype = pl.Float64() if all(isinstance(v, float) for v in table.values()) else pl.String()

    def look_up(codes: pl.Series) -> pl.Series:
        # A column holds few different codes: each is looked up once.
        found = [next((table[c[:n]] for n in lengths if c[:n] in table), None) for c in codes.to_list()]
        return pl.Series(found, dtype=dtype)

    return by_text(code, look_up, dtype)
