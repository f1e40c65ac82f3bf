"""What the goods are, by code and by words."""

from __future__ import annotations

from itertools import combinations

import polars as pl

from riskscore.features.columns import only_where
from riskscore.features.registry import HS, TEXT, feature
from riskscore.features.tables import TradeTables, by_prefix
from riskscore.lexicon import NUMBER

col = pl.col

# Class of goods that a text concept speaks of, most telling first.
_SPOKEN = {
    "conversion_device": "conversion_device",
    "suppressor": "suppressor",
    "blank_or_alarm": "alarm",
    "airsoft": "airsoft",
    "airgun": "airgun",
    "firearm": "firearm",
    "firearm_part": "part",
    "ammunition": "ammunition",
    "ammunition_component": "ammunition_component",
    "optics": "optics",
}
_SPOKEN_BITS = [1 << NUMBER[concept] for concept in _SPOKEN]
_SPOKEN_MASK = sum(_SPOKEN_BITS)
# Every mixture of those concepts → the class of the most telling one.
_MIXTURES = {
    sum(mixture): next(name for bit, name in zip(_SPOKEN_BITS, _SPOKEN.values(), strict=True) if bit in mixture)
    for size in range(1, len(_SPOKEN_BITS) + 1)
    for mixture in combinations(_SPOKEN_BITS, size)
}
_SPOKEN_CLASS = pl.Series(list(_MIXTURES), dtype=pl.Int64), pl.Series(list(_MIXTURES.values()), dtype=pl.String)
_SHARED_WITH_AIR = ("9304", "930599", "930629", "930690")


@feature("item", direction=0, sort="text", reads=("item.hs",))
def hs_class(trade: TradeTables) -> pl.Expr:
    """Class of the declared HS code in the tariff table: firearm, toy, filter, hardware …"""
    return pl.when(col("item.hs").is_not_null()).then(by_prefix(col(HS), trade.hs_class).fill_null("other"))


@feature("item", direction=0, sort="text", reads=("item.hs", "item.description"))
def goods_class(trade: TradeTables) -> pl.Expr:
    """Class of goods for licence questions: what the HS code says, else what the words say."""
    by_code = by_prefix(col(HS), trade.goods_class)
    spoken = col(TEXT) & _SPOKEN_MASK
    of_mixture = spoken.replace_strict(*_SPOKEN_CLASS, default=None, return_dtype=pl.String)
    by_words = only_where(spoken != 0, (TEXT,), of_mixture, pl.String)
    # Air and airsoft goods share codes with arms of other kinds; there the words are the better witness.
    shared = by_prefix(col(HS), dict.fromkeys(_SHARED_WITH_AIR, 1.0)).is_not_null()
    by_words_of_air = pl.when(shared & by_words.is_in(["airgun", "airsoft"])).then(by_words)
    controlled = pl.coalesce(by_words_of_air, pl.when(by_code != "other").then(by_code))
    known = col("item.hs").is_not_null() | col(TEXT).is_not_null()
    return pl.coalesce(controlled, by_words, pl.when(known).then(pl.lit("other")))


@feature("item", direction=0, reads=("item.description",))
def rounds_stated(_: TradeTables) -> pl.Expr:
    """Number of rounds that the goods description states (30 rd, 20 Schuss, 15 metaka)."""
    unit = "rds?|rounds?|shots?|schu(?:ss|ß)|metak[a-z]*|naboj[a-z]*|метак[а-я]*|набој[а-я]*"
    pattern = rf"(?i)\b(\d{{1,3}}) ?-? ?(?:{unit})\b"
    rounds = col("item.description").str.extract(pattern).cast(pl.Int64, strict=False)
    return only_where(col("item.description").str.contains(r"\d"), ("item.description",), rounds, pl.Int64)


@feature("item", direction=0, reads=("item.description",))
def stated_energy_joule(_: TradeTables) -> pl.Expr:
    """Muzzle energy that the goods description states, joule (0,5 J; 16 Joule; 7.5 džula)."""
    # "5 J/cm²" is a lamp; the letter J is written in two scripts.
    unit = "joules?|joula|joul|d[zž]ul[a-z]*|џул[а-яј]*|јоулес?|[jј]"
    pattern = rf"(?i)(?:^|[\s(<≤~:-])(\d{{1,3}}(?:[.,]\d{{1,2}})?) ?-?(?:{unit})(?:$|[^\w/-])"
    return (
        col("item.description").str.extract(pattern).str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
    )


@feature("item", direction=0, reads=("item.description",))
def stated_year(_: TradeTables) -> pl.Expr:
    """Year after 1899 that the goods description states (1952; 1944. godine), not a measure (1950 mm)."""
    pattern = r"(?:^|[\s(])((?:19\d\d|20[0-2]\d))(?:$|[^\w\s.,]|[.,](?:$|\D)|\s+(?:[^\W\d_]{4}|\())"
    return col("item.description").str.extract(pattern).cast(pl.Int64, strict=False)
