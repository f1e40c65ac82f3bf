"""Mass, size and money: what the numbers of a declaration say about each other."""

from __future__ import annotations

import polars as pl

from riskscore.features.columns import is_among
from riskscore.features.registry import HS, feature
from riskscore.features.tables import TradeTables, by_prefix

col = pl.col
_DIMS = ("dims_cm.length", "dims_cm.width", "dims_cm.height")


def _ratio(over: pl.Expr, under: pl.Expr) -> pl.Expr:
    """A quotient that is unknown where the divisor is zero."""
    return pl.when(under > 0).then(over / under)


@feature("item", direction=0, reads=("item.value_eur", "item.quantity"))
def unit_value_eur(_: TradeTables) -> pl.Expr:
    """Declared value of one piece, EUR."""
    return _ratio(col("item.value_eur"), col("item.quantity"))


@feature("item", direction=0, reads=("item.net_mass_kg", "item.quantity"))
def unit_mass_kg(_: TradeTables) -> pl.Expr:
    """Declared net mass of one piece, kg."""
    return _ratio(col("item.net_mass_kg"), col("item.quantity"))


@feature("item", direction=0, sort="flag", reads=("item.unit",))
def counted_in_pieces(trade: TradeTables) -> pl.Expr:
    """The quantity counts single articles (pieces or pairs), not metres, packs or kilograms."""
    return is_among(col("item.unit"), trade.piece_units)


@feature("item", direction=0, reads=("unit_value_eur", "item.hs", "counted_in_pieces"))
def value_over_band(trade: TradeTables) -> pl.Expr:
    """Declared value of one piece over the highest that is usual for its HS code."""
    over = _ratio(col("unit_value_eur"), by_prefix(col(HS), trade.bands.value_high))
    return pl.when(col("counted_in_pieces")).then(over)


@feature("item", direction=0, reads=("unit_value_eur", "item.hs", "counted_in_pieces"))
def value_under_band(trade: TradeTables) -> pl.Expr:
    """How many times less than the lowest that is usual for its HS code one piece is declared at."""
    under = _ratio(by_prefix(col(HS), trade.bands.value_low), col("unit_value_eur"))
    return pl.when(col("counted_in_pieces")).then(under)


@feature("item", direction=0, sort="text", reads=("unit_mass_kg", "item.hs", "counted_in_pieces"))
def mass_like(trade: TradeTables) -> pl.Expr:
    """Class of arms (handgun, long_arm, none) whose usual mass one piece of such a code has."""
    mass, of_class = col("unit_mass_kg"), by_prefix(col(HS), trade.hs_class)
    fits = pl.coalesce(
        pl.when((of_class == band.hs_class) & mass.is_between(band.low_kg, band.high_kg)).then(pl.lit(band.arms_class))
        for band in trade.bands.masses
    )
    known = mass.is_not_null() & col("item.hs").is_not_null() & col("counted_in_pieces")
    return pl.when(known).then(fits.fill_null("none"))


@feature("parcel", direction=0, reads=("item.net_mass_kg",), over_items="sum")
def declared_net_mass_kg(_: TradeTables) -> pl.Expr:
    """Net mass of all items together, kg."""
    return col("item.net_mass_kg")


@feature("parcel", direction=1, reads=("declared_net_mass_kg", "gross_mass_kg"))
def net_to_gross_ratio(_: TradeTables) -> pl.Expr:
    """Net mass of the items as a share of the declared gross mass."""
    return _ratio(col("declared_net_mass_kg"), col("gross_mass_kg"))


@feature("parcel", direction=1, reads=("measured_mass_kg", "gross_mass_kg"))
def mass_gap_kg(_: TradeTables) -> pl.Expr:
    """Difference between the scale and the declared gross mass, kg."""
    return (col("measured_mass_kg") - col("gross_mass_kg")).abs()


@feature("parcel", direction=1, reads=("measured_mass_kg", "gross_mass_kg", "mass_gap_kg"))
def mass_gap_share(_: TradeTables) -> pl.Expr:
    """Difference between the scale and the declared gross mass, as a share of the declared one."""
    return _ratio(col("mass_gap_kg"), col("gross_mass_kg"))


@feature("parcel", direction=0, reads=("gross_mass_kg", *_DIMS))
def mass_per_litre(_: TradeTables) -> pl.Expr:
    """Gross mass per litre of the box, kg (steel is near 8, paper near 1)."""
    litres = col(_DIMS[0]) * col(_DIMS[1]) * col(_DIMS[2]) * 0.001
    return _ratio(col("gross_mass_kg"), litres)


@feature("item", direction=0, reads=("item.hs",))
def density_limit(trade: TradeTables) -> pl.Expr:
    """The most that goods of this HS code weigh per litre of box, kg."""
    return by_prefix(col(HS), trade.density)


@feature("parcel", direction=0, reads=("density_limit",), over_items="max")
def highest_density_limit(_: TradeTables) -> pl.Expr:
    """The highest density limit among the items; unknown unless every item has one."""
    return col("density_limit")


@feature("parcel", direction=1, reads=("mass_per_litre", "highest_density_limit"))
def density_over_limit(_: TradeTables) -> pl.Expr:
    """How many times denser the parcel is than its declared goods can be."""
    return _ratio(col("mass_per_litre"), col("highest_density_limit"))


@feature("parcel", direction=0, reads=_DIMS)
def longest_side_cm(_: TradeTables) -> pl.Expr:
    """Longest side of the box, cm."""
    known = pl.all_horizontal(col(d).is_not_null() for d in _DIMS)
    return pl.when(known).then(pl.max_horizontal(*_DIMS))


@feature("parcel", direction=1, reads=(*_DIMS, "longest_side_cm"))
def length_to_width(_: TradeTables) -> pl.Expr:
    """Longest side over the second longest: how rod-like the box is."""
    length, width, height = (col(d) for d in _DIMS)
    low = pl.min_horizontal(*_DIMS)
    second = length + width + height - col("longest_side_cm") - low
    return _ratio(col("longest_side_cm"), second)


@feature("parcel", direction=1, reads=("postage_eur", "value_eur"))
def postage_to_value(_: TradeTables) -> pl.Expr:
    """Postal charges over the declared value."""
    return _ratio(col("postage_eur"), col("value_eur"))


@feature("parcel", direction=1, reads=("insured_eur", "value_eur"))
def insured_to_value(_: TradeTables) -> pl.Expr:
    """Insured value over the declared value."""
    return _ratio(col("insured_eur"), col("value_eur"))


@feature("parcel", direction=0, reads=("item.value",), over_items="max")
def highest_item_value(_: TradeTables) -> pl.Expr:
    """Highest item value as declared."""
    return col("item.value")


@feature("parcel", direction=0, reads=("item.value",), over_items="max")
def lowest_item_value_negated(_: TradeTables) -> pl.Expr:
    """Lowest item value as declared, negated."""
    return -col("item.value")


@feature("parcel", direction=0, reads=("item_no",), over_items="max")
def last_item_no(_: TradeTables) -> pl.Expr:
    """Number of items less one."""
    return col("item_no").cast(pl.Float64)


@feature("parcel", direction=0, reads=("item.value",), over_items="all")
def placeholder_values(_: TradeTables) -> pl.Expr:
    """Every item value is 0 or 1."""
    return col("item.value").is_in([0.0, 1.0])


@feature(
    "parcel",
    direction=0,
    sort="flag",
    reads=("placeholder_values", "highest_item_value", "lowest_item_value_negated", "last_item_no"),
)
def identical_values(_: TradeTables) -> pl.Expr:
    """Every value is 0 or 1, or two or more items carry one and the same round value."""
    high, low = col("highest_item_value"), -col("lowest_item_value_negated")
    return col("placeholder_values") | ((high == low) & (high % 10 == 0) & (col("last_item_no") >= 1))
