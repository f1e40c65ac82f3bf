"""Poor data: the declarations that are not compliant although nobody means ill. Each slip is counted and named."""

from __future__ import annotations

import numpy as np
import polars as pl

from riskscore.training.chance import Flags
from riskscore.training.spoil import vague

# Slips in a million parcels; those that need a certain field happen only where it is filled in.
PER_MILLION = {
    "vague_description": 14_000,
    "wrong_code": 5_000,
    "placeholder_code": 3_500,
    "mass_mismatch": 8_000,
    "net_over_gross": 4_000,
    "placeholder_values": 4_500,
    "bad_s10": 2_000,
    "incomplete_party": 3_000,
}
USUAL_TOTAL = 50_000  # with the codes that are missing where they are due
_PLACEHOLDERS = ("000000", "999999", "111111", "00000000")
_NO_NAMES = ("same as above", "sender", "x", "A.", "N/A", ".", "customer")
c = pl.col


class Slips:
    """Which parcels suffer which slip.

    Parameters
    ----------
    n : int
        Number of parcels.
    rate : float
        1 for the usual rates.
    rng : numpy.random.Generator
        The source of chance.
    """

    def __init__(self, n: int, rate: float, rng: np.random.Generator) -> None:
        self.n = n
        self.rate = rate
        self.rng = rng
        self.found: dict[str, Flags] = {}

    def drawn(self, name: str, possible: pl.Series | Flags) -> Flags:
        """Draw the parcels of one slip among those where it is possible; more often where it rarely is."""
        here = np.asarray(possible, np.bool_)
        share = PER_MILLION[name] * self.rate / 1e6 / max(0.25, here.mean() if self.n else 1.0)
        flags = (self.rng.random(self.n) < share) & here
        self.found[name] = flags
        return flags

    def pattern(self) -> pl.Series:
        """The first slip of each parcel, by name; null where there is none."""
        text = pl.Series([None] * self.n, dtype=pl.String)
        for name, flags in reversed(self.found.items()):
            text = pl.select(pl.when(pl.Series(flags)).then(pl.lit(name)).otherwise(text)).to_series()
        return text


def spoil_texts(
    frame: pl.DataFrame, items: pl.DataFrame, plan: pl.DataFrame, slips: Slips
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Descriptions that say nothing."""
    flags = slips.drawn("vague_description", (frame["category"] != "documents") & (plan["pattern"] == "ordinary"))
    mine = pl.Series(flags).gather(items["parcel"])
    words = vague(slips.rng, plan["tongue"].gather(items["parcel"]))
    return frame, items.with_columns(
        pl.when(mine).then(words).otherwise(c("item.description")).alias("item.description"),
        pl.when(~mine).then("family").alias("family"),
    )


def spoil_codes(
    frame: pl.DataFrame, items: pl.DataFrame, plan: pl.DataFrame, slips: Slips
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Codes that are missing where they are due, made up, or of other goods."""
    at, code = items["parcel"], items["item.hs_code"]
    coded = np.bincount(at.to_numpy(), code.is_not_null().to_numpy(), minlength=slips.n) > 0
    plain = coded & (plan["pattern"] == "ordinary").to_numpy()
    made_up = slips.drawn("placeholder_code", plain)
    wrong = slips.drawn("wrong_code", plain & ~made_up)
    pool = code.drop_nulls().filter(~code.drop_nulls().str.starts_with("93"))
    other = pool.gather(slips.rng.integers(0, max(1, len(pool)), items.height)) if len(pool) else code
    blank = pl.Series(_PLACEHOLDERS).gather(slips.rng.integers(0, len(_PLACEHOLDERS), items.height))
    items = items.with_columns(
        pl.when(code.is_null())
        .then(None)
        .when(pl.Series(made_up).gather(at))
        .then(blank)
        .when(pl.Series(wrong).gather(at))
        .then(other)
        .otherwise(code)
        .alias("item.hs_code")
    )
    due = (frame["category"] == "sale") & frame["declaration_form"].is_in(["CN23", "invoice"])
    missing = np.bincount(at.to_numpy(), code.is_null().to_numpy(), minlength=slips.n) > 0
    slips.found["code_missing"] = missing & due.to_numpy()
    return frame, items


def spoil_masses(frame: pl.DataFrame, items: pl.DataFrame, slips: Slips) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Scales that disagree with the form, and contents that outweigh their parcel."""
    gross, seen, rng = frame["gross_mass_kg"], frame["measured_mass_kg"], slips.rng
    flags = slips.drawn("mass_mismatch", gross.is_not_null() & seen.is_not_null())
    more = gross * rng.uniform(1.35, 2.6, slips.n) + 0.25
    less = (gross * rng.uniform(0.25, 0.7, slips.n)).round(3)
    differs = pl.select(
        pl.when(pl.Series(rng.random(slips.n) < 0.7) | (gross < 0.7)).then(more.round(3)).otherwise(less)
    ).to_series()
    unstated = np.bincount(
        items["parcel"].to_numpy(), items["item.net_mass_kg"].is_null().to_numpy(), minlength=slips.n
    )
    over = slips.drawn("net_over_gross", gross.is_not_null() & pl.Series(~flags & (unstated == 0)))
    factor = pl.Series(rng.uniform(1.3, 3.0, items.height))
    mine = pl.Series(over).gather(items["parcel"])
    return (
        frame.with_columns(
            pl.when(pl.Series(flags)).then(differs).otherwise(seen).alias("measured_mass_kg"),
        ),
        items.with_columns(
            pl.when(mine)
            .then((c("item.net_mass_kg") * factor).round(3))
            .otherwise("item.net_mass_kg")
            .alias("item.net_mass_kg")
        ),
    )


def spoil_numbers(frame: pl.DataFrame, items: pl.DataFrame, slips: Slips) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Placeholder values, and item numbers that were misread."""
    valued = items["item.value"].is_not_null().to_numpy()
    whole = np.bincount(items["parcel"].to_numpy(), valued, minlength=slips.n) > 0
    flags = slips.drawn("placeholder_values", whole & (frame["category"] != "documents").to_numpy())
    value = pl.Series(np.where(slips.rng.random(slips.n) < 0.6, 1.0, 0.0))
    mine = pl.Series(flags).gather(items["parcel"])
    lines = pl.Series(np.bincount(items["parcel"].to_numpy(), minlength=slips.n).astype(np.float64))
    misread = slips.drawn("bad_s10", frame["item_id"].is_not_null())
    digit = ((frame["item_id"].str.slice(10, 1).cast(pl.Int64) + 1) % 10).cast(pl.String)
    wrong = frame["item_id"].str.slice(0, 10) + digit + frame["item_id"].str.slice(11)
    return (
        frame.with_columns(
            pl.when(pl.Series(misread)).then(wrong).otherwise("item_id").alias("item_id"),
            pl.when(pl.Series(flags)).then(value * lines).otherwise("total_value").alias("total_value"),
            pl.when(~pl.Series(flags)).then("insured_value").alias("insured_value"),
        ),
        items.with_columns(
            pl.when(mine & c("item.value").is_not_null())
            .then(value.gather(items["parcel"]))
            .otherwise("item.value")
            .alias("item.value")
        ),
    )


def spoil_parties(frame: pl.DataFrame, slips: Slips) -> pl.DataFrame:
    """Senders that are no sender."""
    flags = pl.Series(slips.drawn("incomplete_party", np.ones(slips.n, np.bool_)))
    names = pl.Series(_NO_NAMES).gather(slips.rng.integers(0, len(_NO_NAMES), slips.n))
    return frame.with_columns(
        pl.when(flags).then(names).otherwise("sender.name").alias("sender.name"),
        *(pl.when(~flags).then(name).alias(name) for name in ("sender.street", "sender.company", "sender.phone")),
    )
