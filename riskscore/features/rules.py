"""What dated rules say about these goods on this route: embargoes, the post, marks, lanes, low value, carriers."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from riskscore.features.columns import only_where
from riskscore.features.registry import AS_OF, HS, feature
from riskscore.features.tables import TradeTables, by_prefix
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


_Answer = Callable[..., bool | float | str | None]


def _about(classes: list[str], answer: _Answer, reads: tuple[str, ...], *parts: pl.Expr) -> pl.Expr:
    """The answer for goods of classes that a table has rows about; for others it is no, for unknown goods unknown."""
    goods = col("goods_class")
    asked = goods.is_in(classes)
    found = only_where(asked, (*reads, AS_OF), ask(rule_key(*parts), answer, pl.Boolean), pl.Boolean)
    return pl.when(asked).then(found).when(goods.is_not_null()).then(False)


@feature("item", direction=1, sort="flag", reads=("goods_class", _ORIGIN, _DESTINATION, _TRANSIT, "declared_at"))
def embargoed_route(trade: TradeTables) -> pl.Expr:
    """An arms embargo that binds this route forbids such goods on the day of the declaration."""
    classes = trade.rules.classes("embargoes")
    return _about(
        classes,
        trade.rules.embargoed,
        ("goods_class", _ORIGIN, _DESTINATION, _TRANSIT, "declared_at"),
        col("goods_class"),
        col(_ORIGIN),
        col(_DESTINATION),
        transit_codes(),
        _day(),
    )


@feature("item", direction=1, sort="flag", reads=("goods_class", _ORIGIN, _DESTINATION, "declared_at"))
def postal_prohibition(trade: TradeTables) -> pl.Expr:
    """Such goods are not admitted to the post between origin and destination."""
    classes = trade.rules.classes("postal_prohibitions")
    return _about(
        classes,
        trade.rules.barred_from_post,
        ("goods_class", _ORIGIN, _DESTINATION, "declared_at"),
        col("goods_class"),
        col(_ORIGIN),
        col(_DESTINATION),
        _day(),
    )


@feature("item", direction=1, sort="flag", reads=("goods_class", _DESTINATION, "item.marks", "declared_at"))
def mark_missing(trade: TradeTables) -> pl.Expr:
    """The destination asks for a mark on such goods, and the stated marks do not show it."""
    classes = trade.rules.classes("marks")
    marks = col("item.marks").list.eval(pl.element().fill_null("?")).list.join(",")
    return _about(
        classes,
        trade.rules.mark_missing,
        ("goods_class", _DESTINATION, "item.marks", "declared_at"),
        col("goods_class"),
        col(_DESTINATION),
        marks,
        _day(),
    )


@feature("item", direction=1, sort="flag", reads=("goods_class", _ORIGIN, _DESTINATION, "declared_at"))
def lane_reported(trade: TradeTables) -> pl.Expr:
    """Published reports name this lane for such goods, and the entry has not expired."""
    classes = trade.rules.classes("lanes")
    return _about(
        classes,
        trade.rules.lane_reported,
        ("goods_class", _ORIGIN, _DESTINATION, "declared_at"),
        col("goods_class"),
        col(_ORIGIN),
        col(_DESTINATION),
        _day(),
    )


@feature("item", direction=0, sort="flag", reads=("goods_class", "item.hs", _DESTINATION, "declared_at"))
def excluded_from_simplified(trade: TradeTables) -> pl.Expr:
    """Such goods are closed to the simplified low-value procedures of the destination."""
    classes, code = trade.rules.classes("simplified_exclusions"), col("item.hs").fill_null("")
    listed = by_prefix(col(HS), dict.fromkeys(trade.rules.excluded_prefixes, 1.0)).is_not_null()
    asked = listed | col("goods_class").is_in(classes).fill_null(False)
    key = rule_key(col("goods_class"), code, col(_DESTINATION), _day())
    reads = ("goods_class", "item.hs", _DESTINATION, "declared_at", AS_OF)
    answer = only_where(asked, reads, ask(key, trade.rules.excluded_from_simplified, pl.Boolean), pl.Boolean)
    return pl.when(asked).then(answer).when(col("goods_class").is_not_null()).then(False)


@feature("item", direction=0, sort="flag", reads=("goods_class", "route.carrier", "declared_at"))
def carrier_refuses(trade: TradeTables) -> pl.Expr:
    """The carrier's own published rules refuse such goods."""
    classes = sorted({name for rules in trade.rules.carrier_rules.values() for name in rules})
    return _about(
        classes,
        trade.rules.carrier_refuses,
        ("goods_class", "route.carrier", "declared_at"),
        fold_key_expr(col("route.carrier")),
        col("goods_class"),
        _day(),
    )


@feature("parcel", direction=0, reads=(_DESTINATION, "procedure", "declared_at"))
def low_value_limit_eur(trade: TradeTables) -> pl.Expr:
    """Highest value of a simplified low-value declaration at the destination, EUR, where one is used."""
    simplified = col("procedure").is_in(["H7", "simplified_low_value"])
    limit = ask(rule_key(col(_DESTINATION), _day()), trade.rules.low_value_limit_eur, pl.Float64)
    return only_where(simplified, (_DESTINATION, "declared_at", AS_OF), limit, pl.Float64)


@feature("parcel", direction=0, sort="flag", reads=("value_eur", "low_value_limit_eur"))
def value_over_low_value_limit(_: TradeTables) -> pl.Expr:
    """Declared in a simplified low-value procedure with a higher value than the destination admits there."""
    return col("value_eur") > col("low_value_limit_eur")
