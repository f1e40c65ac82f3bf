"""What the tariff code says against the words of the goods description."""

from __future__ import annotations

import polars as pl

from riskscore.features.registry import HS, TEXT, feature
from riskscore.features.tables import TradeTables, by_prefix
from riskscore.lexicon import bit

col = pl.col


@feature("item", direction=1, sort="flag", reads=("item.description", "item.hs"))
def words_far_from_code(trade: TradeTables) -> pl.Expr:
    """The words name one everyday class of goods, and the HS code is one that such goods never have."""
    bits = {topic: bit([topic]) for topic in trade.bands.far}
    spoken = col(TEXT) & sum(bits.values())
    # A code's longest known prefix stands for the shorter ones, too. Numbers of bits are exact as doubles.
    prefixes = {prefix for far in trade.bands.far.values() for prefix in far}
    far_from = {
        prefix: float(sum(bits[topic] for topic, far in trade.bands.far.items() if prefix.startswith(far)))
        for prefix in prefixes
    }
    far = by_prefix(col(HS), far_from).fill_null(0).cast(pl.Int64)
    one_class = (spoken & (spoken - 1)) == 0
    return pl.when(col("item.hs").is_not_null()).then(one_class & ((spoken & far) != 0))
