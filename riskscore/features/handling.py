"""What screening found on the parcel itself, by the kind of screening."""

from __future__ import annotations

import polars as pl

from riskscore.features.columns import listed
from riskscore.features.registry import feature
from riskscore.features.tables import TradeTables

col = pl.col


def _standing(suspect: pl.Expr) -> pl.Expr:
    """A suspect result that no later physical examination has cleared.

    Where a time is lacking, an opened and cleared parcel is taken as the later word.
    """
    element = pl.element().struct
    clear = (element.field("method") == "physical") & (element.field("result") == "clear")
    results = col("screening")
    last_suspect = results.list.eval(element.field("at").filter(suspect)).list.max()
    last_clear = results.list.eval(element.field("at").filter(clear)).list.max()
    found = results.list.eval(suspect.fill_null(False)).list.any()
    opened = results.list.eval(clear.fill_null(False)).list.any()
    before = (last_clear <= last_suspect).fill_null(False)
    return listed("screening", ("screening",), found & ~(opened & ~before), False)


def _by_dog() -> pl.Expr:
    return pl.element().struct.field("method").fill_null("not said") == "canine"


@feature("parcel", direction=1, sort="flag", reads=("screening",))
def canine_suspect(_: TradeTables) -> pl.Expr:
    """A detector dog alerted, and no later physical examination has cleared the parcel."""
    return _standing((pl.element().struct.field("result") == "suspect") & _by_dog())


@feature("parcel", direction=1, sort="flag", reads=("screening",))
def image_or_trace_suspect(_: TradeTables) -> pl.Expr:
    """A screening other than by a dog was suspect, and no later physical examination has cleared the parcel."""
    return _standing((pl.element().struct.field("result") == "suspect") & ~_by_dog())


@feature("parcel", direction=1, sort="flag", reads=("canine_suspect", "image_or_trace_suspect"))
def screening_suspect(_: TradeTables) -> pl.Expr:
    """A screening gave a suspect result and no later physical examination has cleared it."""
    return col("canine_suspect") | col("image_or_trace_suspect")
