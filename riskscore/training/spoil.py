"""How goods descriptions are really typed: extra words, lost marks, slips, short forms, capitals, the other script."""

from __future__ import annotations

import numpy as np
import polars as pl

from riskscore.training.chance import Flags
from riskscore.training.people import in_cyrillic, unmarked
from riskscore.training.sources import in_period, traffic

# Shares of texts that lose their marks, by tongue
_UNMARKED = {"bs": 0.45, "de": 0.15, "sl": 0.3, "tr": 0.3, "sq": 0.5}


def typed(
    rng: np.random.Generator, text: pl.Series, tongue: pl.Series, commercial: Flags, keep: Flags, later: bool
) -> pl.Series:
    """Descriptions as senders type them.

    Parameters
    ----------
    rng : numpy.random.Generator
        The source of chance.
    text, tongue : polars.Series
        What the goods are called, and in which tongue.
    commercial : bool array (n,)
        Shops put more words around a name than relatives do.
    keep : bool array (n,)
        Texts that stay as they are.
    later : bool
        With the phrases of later periods.
    """
    n = len(text)
    frame = pl.DataFrame({"text": text, "tongue": tongue}).with_columns(
        *(pl.Series(f"r{k}", rng.random(n)) for k in range(6)),
        before=_around(rng, tongue, "before", later),
        after=_around(rng, tongue, "after", later),
        busy=pl.Series(commercial),
        keep=pl.Series(keep),
        at=pl.Series(rng.random(n)),
    )
    c = pl.col
    share = pl.when("busy").then(0.45).otherwise(0.12)
    text_ = (
        pl.when((c("r0") < share * 0.35) & c("before").is_not_null())
        .then(c("before") + " " + c("text"))
        .when((c("r0") < share) & c("after").is_not_null())
        .then(c("text") + " " + c("after"))
        .otherwise(c("text"))
    )
    frame = frame.with_columns(text=pl.when("keep").then("text").otherwise(text_))
    lost = c("tongue").replace_strict(_UNMARKED, default=0.0, return_dtype=pl.Float64)
    frame = frame.with_columns(
        text=pl.when(c("tongue") == "sr")
        .then(in_cyrillic(c("text")))
        .when((c("r1") < lost) & ~c("keep"))
        .then(unmarked(c("text")))
        .otherwise("text")
    )
    frame = frame.with_columns(text=pl.when(~c("keep") & (c("r2") < 0.085)).then(_slip()).otherwise("text"))
    cased = (
        pl.when(c("r3") < 0.13)
        .then(c("text").str.to_uppercase())
        .when(c("r3") < 0.36)
        .then(c("text").str.to_lowercase())
        .when(c("r3") < 0.6)
        .then(c("text").str.slice(0, 1).str.to_uppercase() + c("text").str.slice(1))
        .otherwise("text")
    )
    return frame.select(pl.when("keep").then("text").otherwise(cased).alias("text")).to_series()


def _slip() -> pl.Expr:
    """One slip of the pen behind the second letter: two letters swapped, one lost, one doubled, or a word cut short."""
    text, kind = pl.col("text"), pl.col("r4")
    length = text.str.len_chars()
    at = (2 + (length - 4).clip(0) * pl.col("at")).cast(pl.UInt32)
    head, one, two = text.str.slice(0, at), text.str.slice(at, 1), text.str.slice(at + 1, 1)
    tail = text.str.slice(at + 2)
    letters = (one + two).str.contains(r"^\p{L}{2}$")
    slip = (
        pl.when(kind < 0.35)
        .then(head + two + one + tail)
        .when(kind < 0.55)
        .then(head + two + tail)
        .when(kind < 0.7)
        .then(head + one + one + two + tail)
        .otherwise(text.str.replace(r"(\p{L}{4})\p{L}{3,}", "${1}."))
    )
    return pl.when((length >= 6) & letters).then(slip).otherwise(text)


def _around(rng: np.random.Generator, tongue: pl.Series, where: str, later: bool) -> pl.Series:
    """A word that is put around a name, in the tongue of the text; null where we know none."""
    extras = traffic()["extras"]
    words: list[str | None] = []
    first: dict[str, int] = {}
    many: dict[str, int] = {}
    for code, entry in extras.items():
        found = in_period(entry[where], later)
        first[code], many[code] = len(words), len(found)
        words += found
    begins = tongue.replace_strict(first, default=len(words), return_dtype=pl.Int64).to_numpy()
    length = tongue.replace_strict(many, default=1, return_dtype=pl.Int64).to_numpy()
    return pl.Series([*words, None], dtype=pl.String).gather(
        begins + (rng.random(len(tongue)) * length).astype(np.int64)
    )


def vague(rng: np.random.Generator, tongue: pl.Series) -> pl.Series:
    """Words that say nothing, in the tongue of the sender."""
    lists = traffic()["vague"]
    words: list[str] = []
    first: dict[str, int] = {}
    many: dict[str, int] = {}
    for code, found in lists.items():
        first[code], many[code] = len(words), len(found)
        words += found
    begins = tongue.replace_strict(first, default=first["en"], return_dtype=pl.Int64).to_numpy()
    length = tongue.replace_strict(many, default=many["en"], return_dtype=pl.Int64).to_numpy()
    return pl.Series(words).gather(begins + (rng.random(len(tongue)) * length).astype(np.int64))
