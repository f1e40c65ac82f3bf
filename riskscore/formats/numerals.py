"""Numbers as people and programs write them: ``1.234,56``, ``1,234.56``, ``0,5``, ``12,50 KM``, ``350 g``, ``2 in``.

Whether a comma is a decimal sign is judged per column over the whole manifest, never value by value, so the answer
does not depend on the order of rows. Only forms that can be read both ways (``1,234``) need the judgement.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from riskscore.schema import BY_PATH, Field

Measure = Literal["mass", "length", "amount", "quantity", "plain"]

ABSURD = 1e12
CURRENCY_SIGNS = {
    "km": "BAM",
    "км": "BAM",
    "€": "EUR",
    "$": "USD",
    "us$": "USD",
    "£": "GBP",
    "din": "RSD",
    "дин": "RSD",
    "ден": "MKD",
    "kn": "HRK",
    "zł": "PLN",
    "kč": "CZK",
    "ft": "HUF",
    "₺": "TRY",
    "tl": "TRY",
    "₴": "UAH",
}
_KG = {"kg": 1.0, "kgs": 1.0, "кг": 1.0, "kilogram": 1.0, "kilograms": 1.0, "g": 0.001, "gr": 0.001, "г": 0.001}
_KG |= {"gram": 0.001, "grams": 0.001, "гр": 0.001, "mg": 1e-6, "t": 1000.0}
_KG |= {"lb": 0.45359237, "lbs": 0.45359237, "oz": 0.028349523125}
_CM = {"cm": 1.0, "см": 1.0, "mm": 0.1, "мм": 0.1, "m": 100.0, "м": 100.0, "dm": 10.0}
_CM |= {"in": 2.54, "inch": 2.54, "inches": 2.54, '"': 2.54, "″": 2.54, "ft": 30.48}

_GAP = "[ '’\u00a0\u202f\u2009]"
_ALONE = r"^\D*[1-9]\d{0,2}[.,]\d{3}\D*$"


def _votes(decimal: str, thousands: str) -> str:
    """Match what can only be a number with this decimal sign."""
    group = rf"(?:{_GAP}|{thousands})\d{{3}}"
    return (
        rf"^\D*\d{{1,3}}(?:{group})+{decimal}\d+\D*$"  # both signs: the last is the decimal one
        rf"|^\D*\d{{1,3}}(?:{thousands}\d{{3}}){{2,}}\D*$"  # a sign that comes twice is no decimal one
        rf"|^[^\d.,]*(?:0|\d{{4,}})?{decimal}\d+\D*$"  # no thousands sign stands after nothing, 0 or four digits
        rf"|^\D*\d*{decimal}(?:\d{{1,2}}|\d{{4,}})\D*$"  # nor before other than three
    )


_COMMA = _votes(",", r"\.")
_POINT = _votes(r"\.", ",")


@dataclass(slots=True)
class Decimals:
    """What the columns of one manifest say about their decimal sign.

    Parameters
    ----------
    semicolons : bool
        The fields are separated by ``;``, as programs do where the comma is the decimal sign.
    point_is_decimal : bool
        A single point is always decimal: the cells were numbers (Excel).
    """

    semicolons: bool = False
    point_is_decimal: bool = False
    comma: dict[str, int] = field(default_factory=dict)
    point: dict[str, int] = field(default_factory=dict)

    def learn(self, frame: pl.DataFrame, paths: Iterable[str] | None = None) -> None:
        """Count the evidence in the text columns of a batch that hold numbers.

        Parameters
        ----------
        frame : polars.DataFrame
            Raw columns, named by path.
        paths : iterable of str, optional
            The columns to look at; all by default.
        """
        names = [
            name
            for name in (frame.columns if paths is None else paths)
            if name in BY_PATH and BY_PATH[name].kind in ("number", "integer") and frame.schema[name] == pl.String
        ]
        if not names:
            return
        odd = frame.lazy().select(pl.col(name).filter(_worth_counting(pl.col(name))).implode() for name in names)
        for name, values in odd.collect().row(0, named=True).items():
            if not values:
                continue
            texts = pl.Series(values, dtype=pl.String)
            self.comma[name] = self.comma.get(name, 0) + int(texts.str.contains(_COMMA).sum())
            self.point[name] = self.point.get(name, 0) + int(texts.str.contains(_POINT).sum())

    def comma_is_decimal(self, path: str) -> bool:
        """Tell how ``1,234`` is read in this column."""
        here = self.comma.get(path, 0) - self.point.get(path, 0)
        if here:
            return here > 0
        everywhere = sum(self.comma.values()) - sum(self.point.values())
        return everywhere > 0 if everywhere else self.semicolons

    def point_is_thousands(self, path: str) -> bool:
        """Tell how ``1.234`` is read in this column: decimal, unless the column itself uses the comma."""
        return not self.point_is_decimal and self.comma.get(path, 0) > self.point.get(path, 0)

    def any_comma(self) -> bool:
        """Tell whether some column uses the decimal comma."""
        return any(count > self.point.get(path, 0) for path, count in self.comma.items())


def _worth_counting(column: pl.Expr) -> pl.Expr:
    return column.str.contains(",", literal=True) | column.str.contains(r"\.\d*\.|^[^\d.,]*\d{4,}\.|\.\d{1,2}\D*$")


def measure_of(field: Field) -> Measure:
    """Tell what a number counts, and so which units may stand beside it."""
    path = field.path
    if path.endswith("mass_kg"):
        return "mass"
    if path.startswith("dims_cm."):
        return "length"
    if path in ("total_value", "postage", "insured_value", "item.value"):
        return "amount"
    return "quantity" if path.endswith("quantity") else "plain"


def read_numbers(raw: pl.Series, measure: Measure, comma_is_decimal: bool, point_is_thousands: bool) -> pl.DataFrame:
    """Read a column of numbers.

    Parameters
    ----------
    raw : polars.Series
        Texts; null is missing.
    measure : {"mass", "length", "amount", "quantity", "plain"}
        Which units are understood; masses come out in kg, lengths in cm.
    comma_is_decimal, point_is_thousands : bool
        How ``1,234`` and ``1.234`` are read (`Decimals`).

    Returns
    -------
    polars.DataFrame
        ``value`` (Float64; may be negative, infinite or absurd) and ``currency`` (what an amount says of its own).
    """
    value = raw.cast(pl.Float64, strict=False)
    odd = value.is_null() & raw.is_not_null()
    if point_is_thousands:
        odd = odd | raw.str.contains(".", literal=True).fill_null(value=False)
    if not odd.any():
        return pl.DataFrame({"value": value, "currency": pl.Series([None], dtype=pl.String).new_from_index(0, len(raw))})
    text = raw.filter(odd).to_frame("t").select(_clean(pl.col("t")).alias("t"))
    parts = text.lazy().select(
        pl.col("t").str.extract_groups(
            r"^(?<before>[^\d.,+-]*?)\s*(?<sign>[+-]?)\s*(?<before2>[^\d.,+-]*?)\s*"
            r"(?<number>\d[\d.,'’ \u00a0\u202f\u2009]*|[.,]\d+)(?<exponent>e[+-]?\d{1,3})?\s*(?<after>\D*)$"
        )
    )
    parts = parts.select(
        ("before", "sign", "exponent") and pl.col("t").struct.unnest(),
    )
    read = parts.select(
        _number(pl.col("number"), comma_is_decimal, point_is_thousands).alias("digits"),
        pl.col("sign"),
        pl.col("exponent"),
        _unit(pl.concat_str("before", "before2", ignore_nulls=True)).alias("before"),
        _unit(pl.col("after")).alias("after"),
    ).with_columns(_factor(measure).alias("factor"), _currency(measure).alias("currency"))
    number = pl.concat_str("digits", pl.col("exponent").fill_null("")).cast(pl.Float64, strict=False)
    sign = pl.when(pl.col("sign") == "-").then(-1.0).otherwise(1.0)
    result = read.select((number * pl.col("factor") * sign).alias("value"), "currency").collect()
    places = odd.arg_true()
    currency = pl.Series([None], dtype=pl.String).new_from_index(0, len(raw))
    return pl.DataFrame(
        {
            "value": value.scatter(places, result["value"]),
            "currency": currency.scatter(places, result["currency"]),
        }
    )
