"""What dated rules say about these goods on this route: embargoes, the post, marks, lanes, low value, carriers."""

from __future__ import annotations

import polars as pl

from riskscore.features.registry import AS_OF, feature
from riskscore.features.tables import TradeTables
from riskscore.keys import fold_key_expr
from riskscore.trade_rules import ask, rule_key

col = pl.col
_ORIGIN, _DESTINATION, _TRANSIT = "route.origin_country", "route.destination_country", "route.transit_countries"


def _day() -> pl.Expr:
    """The day whose rules hold: that of the declaration, else that of the assessment."""
    return pl.coalesce("declared_at", AS_OF).dt.date().cast(pl.String)


def transit_codes() -> pl.Expr:
    """Transit countries with commas between; empty for none, null where they are not stated."""
    return col(_TRANSIT).list.eval(pl.element().fill_null("?")).list.join(",")


def _about(classes: list[str], answer: pl.Expr) -> pl.Expr:
    """The answer for goods of classes that a table has rows about; for others it is no, for unknown goods unknown."""
    goods = col("goods_class")
    return pl.when(goods.is_in(classes)).then(answer).when(goods.is_not_null()).then(False)


def _when(classes: list[str], key: pl.Expr) -> pl.Expr:
    return pl.when(col("goods_class").is_in(classes)).then(key)


@feature("item", direction=1, sort="flag", reads=("goods_class", _ORIGIN, _DESTINATION, _TRANSIT, "declared_at"))
def embargoed_route(trade: TradeTables) -> pl.Expr:
    """An arms embargo that binds this route forbids such goods on the day of the declaration."""
    classes = trade.rules.classes("embargoes")
    key = rule_key(col("goods_class"), col(_ORIGIN), col(_DESTINATION), transit_codes(), _day())
    return _about(classes, ask(_when(classes, key), trade.rules.embargoed, pl.Boolean))


@feature("item", direction=1, sort="flag", reads=("goods_class", _ORIGIN, _DESTINATION, "declared_at"))
def postal_prohibition(trade: TradeTables) -> pl.Expr:
    """Such goods are not admitted to the post between origin and destination."""
    classes = trade.rules.classes("postal_prohibitions")
    key = rule_key(col("goods_class"), col(_ORIGIN), col(_DESTINATION), _day())
    return _about(classes, ask(_when(classes, key), trade.rules.barred_from_post, pl.Boolean))


@feature("item", direction=1, sort="flag", reads=("goods_class", _DESTINATION, "item.marks", "declared_at"))
def mark_missing(trade: TradeTables) -> pl.Expr:
    """The destination asks for a mark on such goods, and the stated marks do not show it."""
    classes = trade.rules.classes("marks")
    marks = col("item.marks").list.eval(pl.element().fill_null("?")).list.join(",")
    key = rule_key(col("goods_class"), col(_DESTINATION), marks, _day())
    return _about(classes, ask(_when(classes, key), trade.rules.mark_missing, pl.Boolean))


@feature("item", direction=1, sort="flag", reads=("goods_class", _ORIGIN, _DESTINATION, "declared_at"))
def lane_reported(trade: TradeTables) -> pl.Expr:
    """Published reports name this lane for such goods, and the entry has not expired."""
    classes = trade.rules.classes("lanes")
    key = rule_key(col("goods_class"), col(_ORIGIN), col(_DESTINATION), _day())
    return _about(classes, ask(_when(classes, key), trade.rules.lane_reported, pl.Boolean))


@feature("item", direction=0, sort="flag", reads=("goods_class", "item.hs", _DESTINATION, "declared_at"))
def excluded_from_simplified(trade: TradeTables) -> pl.Expr:
    """Such goods are closed to the simplified low-value procedures of the destination."""
    classes, code = trade.rules.classes("simplified_exclusions"), col("item.hs").fill_null("")
    listed = pl.any_horizontal(code.str.starts_with(prefix) for prefix in trade.rules.excluded_prefixes)
    asked = listed | col("goods_class").is_in(classes).fill_null(False)
    key = rule_key(col("goods_class"), code, col(_DESTINATION), _day())
    answer = ask(pl.when(asked).then(key), trade.rules.excluded_from_simplified, pl.Boolean)
    return pl.when(asked).then(answer).when(col("goods_class").is_not_null()).then(False)


@feature("item", direction=0, sort="flag", reads=("goods_class", "route.carrier", "declared_at"))
def carrier_refuses(trade: TradeTables) -> pl.Expr:
    """The carrier's own published rules refuse such goods."""
    classes = sorted({name for rules in trade.rules.carrier_rules.values() for name in rules})
    key = rule_key(fold_key_expr(col("route.carrier")), col("goods_class"), _day())
    return _about(classes, ask(_when(classes, key), trade.rules.carrier_refuses, pl.Boolean))


@feature("parcel", direction=0, reads=(_DESTINATION, "procedure", "declared_at"))
def low_value_limit_eur(trade: TradeTables) -> pl.Expr:
    """Highest value of a simplified low-value declaration at the destination, EUR, where one is used."""
    key = pl.when(col("procedure").is_in(["H7", "simplified_low_value"])).then(rule_key(col(_DESTINATION), _day()))
    return ask(key, trade.rules.low_value_limit_eur, pl.Float64)


@feature("parcel", direction=0, sort="flag", reads=("value_eur", "low_value_limit_eur"))
def value_over_low_value_limit(_: TradeTables) -> pl.Expr:
    """Declared in a simplified low-value procedure with a higher value than the destination admits there."""
    return col("value_eur") > col("low_value_limit_eur")
