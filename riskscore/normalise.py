"""What the declared values mean: HS codes, S10 identifiers, units and money, each beside the value as it was typed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskscore.keys import fold_key, fold_key_expr
from riskscore.known import Grouping
from riskscore.reference import HS_LENGTHS, Reference
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
_HS_LABEL = "HSTUCNhstucn:.# \u00a0\t"  # "HS 9302.00", "CN: 9302 00 00", "HTSUS 9302.00"
_HS_COUNTING = (1234, 123456, 12345678, 1234567890)
_HS_STATUSES = pl.lit(pl.Series(["placeholder", "valid", "unknown_code", "malformed"]))

_S10_SEPARATORS = dict.fromkeys((" ", "-", "\u00a0", "\t"), "")
_S10_FORM = "^[A-Z]{2}[0-9]{9}[A-Z]{2}$"
_S10_WEIGHTS = np.array((8, 6, 4, 2, 3, 5, 9, 7))
_S10_STATUSES = pl.lit(pl.Series(["valid", "bad_check_digit", "malformed"]))

_UNSTATED, _UNREADABLE = -2, -1  # currencies


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
        ``s10_status``, ``value_eur`` (the total value; without one the sum of the items, if every item's value is
        known), ``postage_eur`` and ``insured_eur``. Unknown currency or no rate yet: null.
    """
    parcels, items = tables.parcels, tables.items
    today = (as_of if as_of.tzinfo is None else as_of.astimezone(UTC)).date()
    of_parcel = parcels.select_seq(
        _s10_compact(pl.col("item_id")),
        currency=_currency_number(pl.col("currency")),
        day=pl.col("declared_at").dt.date().fill_null(today),
    )
    of_item = items.select_seq(*_hs_compact(pl.col("item.hs_code")), currency=_currency_number(pl.col("item.currency")))
    currency, day = of_parcel["currency"].to_numpy(), of_parcel["day"].to_numpy()
    parcel = items["parcel"].to_numpy()
    own = of_item["currency"].to_numpy()
    item_currency = np.where(own == _UNSTATED, currency[parcel], own)

    digits, hs = _read_hs(of_item, reference)
    items = items.with_columns_seq(
        digits.alias("item.hs"),
        hs.alias("item.hs_status"),
        (pl.col("item.value") / _per_eur(item_currency, day[parcel], reference)).alias("item.value_eur"),
    )
    per_eur = _per_eur(currency, day, reference)
    value = pl.col("total_value") / per_eur
    if parcels["total_value"].null_count():
        of_items = Grouping.of(items, parcels.height).sum_known(items["item.value_eur"])
        value = pl.when(pl.col("total_value").is_null()).then(of_items).otherwise(value)
    parcels = parcels.with_columns_seq(
        s10_status=_check_s10(of_parcel),
        value_eur=value,
        postage_eur=pl.col("postage") / per_eur,
        insured_eur=pl.col("insured_value") / per_eur,
    )
    return Tables(parcels, items)


def hs_digits(expr: pl.Expr, reference: Reference) -> pl.Expr:
    """An HS code as digits: 4, 6, 8, 10 or 12 of them; null when it cannot be read as a code.

    Dots, commas, hyphens, slashes, blanks and a label in front (``HS``, ``CN``) are dropped. What spreadsheets do to
    codes is undone: ``930200.0`` lost nothing, ``9303.9`` lost its last zero, ``101.21`` its first (restored only where
    that yields an existing code).

    Parameters
    ----------
    expr : polars.Expr
        Codes as declared, String.
    reference : Reference
        For the codes that exist.
    """
    return _by_column(expr, lambda codes: _read_hs(codes.to_frame().select(*_hs_compact(pl.all())), reference)[0])


def hs_status(expr: pl.Expr, reference: Reference) -> pl.Expr:
    """Does the declared HS code exist: ``valid``, ``unknown_code``, ``placeholder`` or ``malformed``; null stays null.

    National codes of 8 to 12 digits are judged by their first six. A text of blanks and separators only counts as not
    stated.

    Parameters
    ----------
    expr : polars.Expr
        Codes as declared, String.
    reference : Reference
        Codes of the Harmonized System 2022.
    """
    return _by_column(expr, lambda codes: _read_hs(codes.to_frame().select(*_hs_compact(pl.all())), reference)[1])


def s10_status(expr: pl.Expr) -> pl.Expr:
    """Is the S10 item identifier sound: ``valid``, ``bad_check_digit`` or ``malformed``; null stays null.

    Small letters, blanks and hyphens are tolerated; a text of nothing else counts as not stated. A bad check digit is a
    sign of poor data, often of a misread label, not of risk by itself.

    Parameters
    ----------
    expr : polars.Expr
        Identifiers as declared, String.

    Notes
    -----
    UPU S10: eight digits weighted 8 6 4 2 3 5 9 7; check digit 11 − (sum mod 11), with 10 → 0 and 11 → 5.
    """
    return _by_column(_s10_compact(expr), lambda compact: _check_s10(compact.to_frame("s10")))


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

    def per_eur(columns: Sequence[pl.Series]) -> pl.Series:
        numbers = columns[0].to_frame().select(_currency_number(pl.all())).to_series()
        return pl.select(_per_eur(numbers.to_numpy(), columns[1].to_numpy(), reference)).to_series()

    return amount / pl.map_batches([currency, on], per_eur, return_dtype=pl.Float64, is_elementwise=True)


# What follows works in stages, on numbers: nested expressions would compute their parts again and again. Each stage is
# one call into polars, and a sequential one: handing one parcel to a thread pool costs more than the work.


def _by_column(expr: pl.Expr, function: Callable[[pl.Series], pl.Expr]) -> pl.Expr:
    """One Python call per column, never per row."""
    return expr.map_batches(
        lambda column: pl.select(function(column)).to_series(), return_dtype=pl.String, is_elementwise=True
    )


def _hs_compact(declared: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """``hs`` without separators, and ``hs_cut``: does it look like a code that lost its last zero?"""
    typed = declared.str.strip_chars_start(_HS_LABEL).str.strip_chars_end().str.strip_suffix(".0")
    return (
        typed.str.replace_many(_HS_SEPARATORS).alias("hs"),
        typed.str.contains("^[0-9]{4}[.,][1-9]$").fill_null(False).alias("hs_cut"),
    )


def _read_hs(frame: pl.DataFrame, reference: Reference) -> tuple[pl.Expr, pl.Expr]:
    """Digits and status of HS codes from the columns of `_hs_compact`."""
    facts = frame.select_seq(
        number=pl.col("hs").str.to_integer(strict=False).fill_null(-1),
        length=pl.col("hs").str.len_bytes().cast(pl.Int64).fill_null(0),
        signed=pl.col("hs").str.starts_with("+").fill_null(False),
    )
    number, length = facts["number"].to_numpy(), facts["length"].to_numpy()
    readable = (number >= 0) & (length <= HS_LENGTHS[-1]) & ~facts["signed"].to_numpy()

    cut = readable & frame["hs_cut"].to_numpy()
    number, length = np.where(cut, number * 10, number), length + cut
    padded = readable & (length % 2 == 1) & reference.hs_exists(number, length + 1)
    length = length + padded
    formed = readable & np.isin(length, HS_LENGTHS)
    exists = formed & reference.hs_exists(number, length)

    ones = (10 ** np.where(readable, length, 1) - 1) // 9
    repeated = (number == 0) | ((length >= 4) & (number % ones == 0))
    placeholder = readable & (repeated | np.isin(number, _HS_COUNTING))
    status = np.select([placeholder, exists, formed], [0, 1, 2], 3)
    typed = pl.lit(frame["hs"])
    whole = pl.when(_column(padded)).then("0" + typed).when(_column(cut)).then(typed + "0").otherwise(typed)
    stated = _column(facts["length"].to_numpy() > 0)
    return pl.when(_column(formed)).then(whole), pl.when(stated).then(_HS_STATUSES.gather(_column(status)))


def _s10_compact(declared: pl.Expr) -> pl.Expr:
    """``s10``: capitals without separators."""
    return declared.str.replace_many(_S10_SEPARATORS).str.to_uppercase().alias("s10")


def _check_s10(frame: pl.DataFrame) -> pl.Expr:
    """Status of S10 identifiers from the column of `_s10_compact`."""
    facts = frame.select_seq(
        stated=pl.col("s10").str.len_bytes() > 0,
        formed=pl.col("s10").str.contains(_S10_FORM).fill_null(False),
        number=pl.col("s10").str.slice(2, 9).str.to_integer(strict=False).fill_null(0),
    )
    number = facts["number"].to_numpy()
    digits = number[:, None] // 10 ** np.arange(8, 0, -1) % 10
    check = 11 - digits @ _S10_WEIGHTS % 11
    expected = np.where(check == 10, 0, np.where(check == 11, 5, check))
    status = np.where(~facts["formed"].to_numpy(), 2, np.where(number % 10 == expected, 0, 1))
    return pl.when(facts["stated"]).then(_S10_STATUSES.gather(_column(status)))


def _currency_number(code: pl.Expr) -> pl.Expr:
    """A currency code as a number in base 36; `_UNSTATED` for null, `_UNREADABLE` for what is no such number."""
    number = code.str.to_integer(base=36, strict=False).fill_null(_UNREADABLE)
    return pl.when(code.is_null()).then(_UNSTATED).otherwise(number)


def _per_eur(currency: NDArray[np.int64], on: NDArray[np.datetime64], reference: Reference) -> pl.Expr:
    """Units of the currency (a number of `_currency_number`) for one euro on a day; null when not known."""
    rates = reference.rates
    listed = (currency >= 0) & (currency < len(rates.row_of))
    row = rates.row_of[np.where(listed, currency, 0)]
    column = np.searchsorted(rates.days, on, side="right") - 1
    known = listed & (row >= 0) & (column >= 0) & ~np.isnat(on)
    return _column(np.where(known, rates.per_eur[row, column], np.nan)).fill_nan(None)


def _column(values: NDArray[Any]) -> pl.Expr:
    return pl.lit(pl.Series(values))
