"""Patterns of a trade: what is named, against the families of tariff codes that such goods were hidden under."""

from __future__ import annotations

import polars as pl

from riskscore.features.columns import only_where
from riskscore.features.registry import HS, TEXT, feature
from riskscore.features.tables import TradeTables, by_prefix
from riskscore.lexicon import bit

col = pl.col

# HS families of harmless goods under which published cases were declared, by what was in the parcel.
_ELECTRIC_AND_HARDWARE = ("39", "73", "76", "82", "83", "84", "85", "8708", "8714", "9503")
_VEHICLE_FILTERS = ("8421", "8409", "8708")
_STOCK_AND_FITTINGS = ("39", "72", "73", "76", "82", "83", "84", "8708", "94", "9503", "9506")
_TUBES_AND_FITTINGS = ("7304", "7305", "7306", "7318", "7326", "7608", "8302", "8487", "8708")
_LAWFUL_SMALL_PARTS = ("7318", "7320")  # screws, pins and springs of arms are classified there


def _says(names: list[str]) -> pl.Expr:
    return (col(TEXT) & bit(names)) != 0


def _among(families: tuple[str, ...]) -> pl.Expr:
    return by_prefix(col(HS), dict.fromkeys(families, 1.0)).is_not_null()


@feature("item", direction=0, sort="text", reads=("item.description", "item.hs"))
def clashing_class(_: TradeTables) -> pl.Expr:
    """Class of arms goods that the words name while the HS code is of a harmless family; none where they agree."""
    part = _says(["firearm_part"])
    small = _says(["fastener"]) & _among(_LAWFUL_SMALL_PARTS)
    clash = (
        pl.when(_says(["conversion_device"]) & _among(_ELECTRIC_AND_HARDWARE))
        .then(pl.lit("conversion_device"))
        .when(_says(["suppressor"]) & _among(_VEHICLE_FILTERS))
        .then(pl.lit("suppressor"))
        .when(part & _says(["semi_finished"]) & _among(_STOCK_AND_FITTINGS) & ~small)
        .then(pl.lit("semi_finished"))
        .when(part & _says(["essential_part"]) & _among(_TUBES_AND_FITTINGS) & ~small)
        .then(pl.lit("essential_part"))
        .otherwise(pl.lit("none"))
    )
    # Most goods texts name none of these: there is nothing to look up.
    speaks = part | _says(["conversion_device"]) | _says(["suppressor"])
    clashing = only_where(speaks, (TEXT, HS), clash, pl.String).fill_null("none")
    return pl.when(col(TEXT).is_not_null() & col("item.hs").is_not_null()).then(clashing)
