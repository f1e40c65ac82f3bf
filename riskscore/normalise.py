"""What the declared values mean: HS codes, S10 identifiers, units and money, each beside the value as it was typed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskscore.keys import fold_key, fold_key_expr
from riskscore.known import Grouping
from riskscore.reference import Reference, hs_place
from riskscore.schema import Tables

__all__ = [
    "fold_key",
    "fold_key_expr",
    "hs_digits",
    "hs_status",
    "normalise",
    "s10_status",
    "to_eur",
    "unit_class",
]

_HS_SEPARATORS = dict.fromkeys((".", ",", "-", "\u2013", "/", " ", "\u00a0", "\t"), "")
_HS_LENGTHS = (4, 6, 8, 10, 12)  # a heading; a subheading; CN 8, TARIC 10, the Turkish tariff 12
_HS_COUNTING = (1234, 123456, 12345678, 1234567890)

_S10_SEPARATORS = dict.fromkeys((" ", "-", "\u00a0", "\t"), "")
_S10_FORM = "^[A-Z]{2}[0-9]{9}[A-Z]{2}$"
_S10_WEIGHTS = np.array((8, 6, 4, 2, 3, 5, 9, 7))


def normalise(tables: Tables, reference: Reference, as_of: datetime) -> Tables:
    """Add what the declared codes and amounts mean; the declared values stay as they are.

    Parameters
    ----------
    tables : Tables
        Parcels and items as read.
    reference : Reference
        Reference tables.
    as_of : datetime
        The one clock of the run; its day (in UTC, as `declared_at`) gives the exchange rate of a parcel that does not
        say when it was declared.

    Returns
    -------
    Tables
        Items with ``item.hs`` (digits; null when malformed), ``item.hs_status`` and ``item.value_eur``; parcels with
        ``s10_status``, ``value_eur`` (the total value; without one the sum of the items, if every item's value is known),
        ``postage_eur`` and ``insured_eur``. Unknown currency or no rate yet: null.
    """
    parcels, items = tables.parcels, tables.items
    today = (as_of if as_of.tzinfo is None else as_of.astimezone(UTC)).date()
    terms = parcels.select("currency", day=pl.col("declared_at").dt.date().fill_null(today))
    of_items = terms[items["parcel"]].select(pl.coalesce(items["item.currency"], "currency"), "day")
    digits, status = _read_hs(items["item.hs_code"], reference)
    items = items.with_columns(
        digits.alias("item.hs"),
        status.alias("item.hs_status"),
        (items["item.value"] / _per_eur(*of_items, reference)).alias("item.value_eur"),
    )
    per_eur = _per_eur(*terms, reference)
    value_of_items = Grouping.of(items, parcels.height).sum_known(items["item.value_eur"])
    value = (
        pl.when(pl.col("total_value").is_null()).then(value_of_items).otherwise(pl.col("total_value") / pl.lit(per_eur))
    )
    parcels = parcels.with_columns(
        s10_status=_check_s10(parcels["item_id"]),
        value_eur=value,
        postage_eur=pl.col("postage") / pl.lit(per_eur),
        insured_eur=pl.col("insured_value") / pl.lit(per_eur),
    )
    return Tables(parcels, items)


def hs_digits(expr: pl.Expr, reference: Reference) -> pl.Expr:
    """An HS code as digits: 4, 6, 8, 10 or 12 of them; null when it cannot be read as a code.

    Dots, commas, hyphens, slashes and blanks are dropped. What spreadsheets do to codes is undone: ``930200.0`` lost
    nothing, ``9303.9`` lost its last zero, ``101.21`` its first (restored only where that yields an existing code).

    Parameters
    ----------
    expr : polars.Expr
        Codes as declared, String.
    reference : Reference
        For the codes that exist.
    """
    return _by_column(expr, lambda codes: _read_hs(codes, reference)[0])


def hs_status(expr: pl.Expr, reference: Reference) -> pl.Expr:
    """Does the declared HS code exist: ``valid``, ``unknown_code``, ``placeholder`` or ``malformed``; null stays null.

    National codes of 8 to 12 digits are judged by their first six. A blank text counts as not stated.

    Parameters
    ----------
    expr : polars.Expr
        Codes as declared, String.
    reference : Reference
        Codes of the Harmonized System 2022.
    """
    return _by_column(expr, lambda codes: _read_hs(codes, reference)[1])


def s10_status(expr: pl.Expr) -> pl.Expr:
    """Is the S10 item identifier sound: ``valid``, ``bad_check_digit`` or ``malformed``; null stays null.

    Small letters, blanks and hyphens are tolerated; a blank text counts as not stated. A bad check digit is a sign of
    poor data, often of a misread label, not of risk by itself.

    Parameters
    ----------
    expr : polars.Expr
        Identifiers as declared, String.

    Notes
    -----
    UPU S10: eight digits weighted 8 6 4 2 3 5 9 7; check digit 11 − (sum mod 11), with 10 → 0 and 11 → 5.
    """
    return _by_column(expr, _check_s10)


def unit_class(expr: pl.Expr, reference: Reference) -> pl.Expr:
    """What a unit counts: ``pieces``, ``pairs``, ``sets``, ``packs``, ``kg``, ``g``, ``l`` …; null when not known.

    Parameters
    ----------
    expr : polars.Expr
        Units as declared, String: ``kom.``, ``Stück``, ``adet``, ``KGM``.
    reference : Reference
        For the table of units.
    """
    return fold_key_expr(expr).replace_strict(reference.units, default=None, return_dtype=pl.String)


def to_eur(amount: pl.Expr, currency: pl.Expr, on: pl.Expr, reference: Reference) -> pl.Expr:
    """An amount in euro at the latest rate not after the day; null for an unknown currency or when no rate holds yet.

    Parameters
    ----------
    amount : polars.Expr
        Float64, in `currency`.
    currency : polars.Expr
        ISO 4217 code.
    on : polars.Expr
        Date.
    reference : Reference
        For the rates.
    """
    per_eur = pl.map_batches(
        [currency, on],
        lambda columns: _per_eur(columns[0], columns[1], reference),
        return_dtype=pl.Float64,
        is_elementwise=True,
    )
    return amount / per_eur


def _by_column(expr: pl.Expr, function: Callable[[pl.Series], pl.Series]) -> pl.Expr:
    """One call per column, never per row: in stages and on numbers, which nested expressions would compute again."""
    return expr.map_batches(function, return_dtype=pl.String, is_elementwise=True)


def _read_hs(declared: pl.Series, reference: Reference) -> tuple[pl.Series, pl.Series]:
    """Digits and status of declared HS codes."""
    typed = pl.col("declared").str.strip_chars().str.strip_suffix(".0")
    frame = declared.to_frame("declared").select(
        compact=typed.str.replace_many(_HS_SEPARATORS), cut=typed.str.contains("^[0-9]{4}[.,][1-9]$")
    )
    facts = frame.select(
        number=pl.col("compact").str.to_integer(strict=False),
        length=pl.col("compact").str.len_bytes(),
        cut="cut",
        plain=~pl.col("compact").str.starts_with("+"),
    )
    number = facts["number"].fill_null(-1).to_numpy()
    length = facts["length"].fill_null(0).to_numpy().astype(np.int64)
    readable = (number >= 0) & (length <= max(_HS_LENGTHS)) & facts["plain"].fill_null(False).to_numpy()

    cut = readable & facts["cut"].fill_null(False).to_numpy()
    number, length = np.where(cut, number * 10, number), length + cut
    padded = readable & (length % 2 == 1) & (length >= 3)
    padded &= reference.hs_known[hs_place(number, length + 1, padded)]
    length = length + padded
    formed = readable & np.isin(length, _HS_LENGTHS)
    exists = formed & reference.hs_known[hs_place(number, length, formed)]

    ones = (10 ** np.where(readable, length, 1) - 1) // 9
    placeholder = readable & ((number == 0) | ((length >= 4) & (number % ones == 0)) | np.isin(number, _HS_COUNTING))
    status = np.select([placeholder, exists, formed], ["placeholder", "valid", "unknown_code"], "malformed")
    read = frame.with_columns(
        padded=pl.Series(padded), cut=pl.Series(cut), formed=pl.Series(formed), status=pl.Series(status)
    ).select(
        digits=pl.when("formed").then(
            pl.when("padded").then("0" + pl.col("compact")).when("cut").then(pl.col("compact") + "0").otherwise("compact")
        ),
        status=pl.when(pl.col("compact").str.len_bytes() > 0).then("status"),
    )
    return read["digits"], read["status"]


def _check_s10(declared: pl.Series) -> pl.Series:
    """Status of declared S10 identifiers."""
    compact = declared.to_frame("compact").select(
        pl.col("compact").str.replace_many(_S10_SEPARATORS).str.to_uppercase()
    )
    facts = compact.select(
        stated=pl.col("compact").str.len_bytes() > 0,
        formed=pl.col("compact").str.contains(_S10_FORM),
        number=pl.col("compact").str.slice(2, 9).str.to_integer(strict=False).fill_null(0),
    )
    number = facts["number"].to_numpy()
    digits = number[:, None] // 10 ** np.arange(8, 0, -1) % 10
    check = 11 - digits @ _S10_WEIGHTS % 11
    expected = np.where(check == 10, 0, np.where(check == 11, 5, check))
    sound = pl.lit(pl.Series(number % 10 == expected))
    return facts.select(
        pl.when("stated").then(
            pl.when(~pl.col("formed"))
            .then(pl.lit("malformed"))
            .when(sound)
            .then(pl.lit("valid"))
            .otherwise(pl.lit("bad_check_digit"))
        )
    ).to_series()


def _per_eur(currency: pl.Series, on: pl.Series, reference: Reference) -> pl.Series:
    """Units of the currency for one euro on a day; null when not known."""
    rates = reference.rates
    facts = pl.select(code=currency.str.to_integer(base=36, strict=False), known=currency.is_not_null() & on.is_not_null())
    return pl.Series()
