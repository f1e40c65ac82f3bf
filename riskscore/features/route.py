"""Where a parcel comes from and goes to, by what procedure, and when it was declared."""

from __future__ import annotations

import polars as pl

from riskscore.features.columns import only_where
from riskscore.features.registry import AS_OF, feature
from riskscore.features.rules import transit_codes
from riskscore.features.tables import TradeTables
from riskscore.trade_rules import ask, rule_key

col = pl.col
# Multiplied, not divided: polars divides one row and many rows by a constant with different last bits.
_DAYS_PER_SECOND = 1 / 86_400


@feature("parcel", direction=0, sort="flag", reads=("procedure", "declaration_form"))
def simplified_procedure(_: TradeTables) -> pl.Expr:
    """Declared in a simplified low-value procedure (H7, a national equivalent, or on a CN22)."""
    return col("procedure").is_in(["H7", "simplified_low_value"]) | (col("declaration_form") == "CN22")


@feature("parcel", direction=0, sort="flag", reads=("direction",))
def crosses_border_in_transit(_: TradeTables) -> pl.Expr:
    """Passes through without being imported or exported here."""
    return col("direction") == "transit"


@feature("parcel", direction=0, sort="text", reads=("item.origin_country",), over_items="same")
def goods_origin_country(_: TradeTables) -> pl.Expr:
    """Country of origin that all items share."""
    return col("item.origin_country")


@feature("parcel", direction=0, sort="flag", reads=("sender.country", "route.origin_country", "goods_origin_country"))
def countries_disagree(_: TradeTables) -> pl.Expr:
    """Sender, dispatch and goods come from three different countries."""
    sender, dispatch, goods = col("sender.country"), col("route.origin_country"), col("goods_origin_country")
    return (sender != dispatch) & (dispatch != goods) & (sender != goods)


_ROUTE = ("route.origin_country", "route.destination_country")


@feature("parcel", direction=0, reads=(*_ROUTE, "route.transit_countries"))
def detour_share(trade: TradeTables) -> pl.Expr:
    """How much longer the way over the transit countries is than the direct one, as a share; not between neighbours."""
    origin, destination = (col(place) for place in _ROUTE)
    reads = (*_ROUTE, "route.transit_countries")
    stated = pl.all_horizontal([col(name).is_not_null() for name in reads])
    share = ask(rule_key(origin, transit_codes(), destination), trade.rules.detour_share, pl.Float64)
    return only_where(stated, reads, share, pl.Float64)


@feature("parcel", direction=0, sort="flag", reads=_ROUTE)
def leaves_region_to_eu(trade: TradeTables) -> pl.Expr:
    """Goes from the Western Balkans to the European Union or Great Britain."""
    leaves = col(_ROUTE[0]).is_in(sorted(trade.rules.regions["WESTERN_BALKANS"]))
    return leaves & col(_ROUTE[1]).is_in(sorted({*trade.rules.regions["EU"], "GB"}))


@feature("parcel", direction=0, reads=("declared_at",))
def days_since_declared(_: TradeTables) -> pl.Expr:
    """Days from the declaration to the assessment; negative when it is dated later."""
    return (col(AS_OF) - col("declared_at")).dt.total_seconds() * _DAYS_PER_SECOND


@feature("parcel", direction=1, reads=("unreadable",))
def unreadable_values(_: TradeTables) -> pl.Expr:
    """Number of fields whose value could not be read."""
    return col("unreadable").list.len()


@feature("parcel", direction=1, reads=("contradictory",))
def contradictory_values(_: TradeTables) -> pl.Expr:
    """Number of fields on which the rows of the parcel disagree."""
    return col("contradictory").list.len()
