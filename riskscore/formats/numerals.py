"""Numbers as people and programs write them: ``1.234,56``, ``1,234.56``, ``0,5``, ``12,50 KM``, ``350 g``, ``2 in``.

Whether a comma is a decimal sign is judged per column over the whole manifest, never value by value, so the answer
does not depend on the order of rows. Only forms that can be read both ways (``1,234``) need the judgement.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from riskscore.schema import BY_PATH, Field

Measure = Literal["mass", "length", "amount", "quantity", "plain"]

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
    "zł": "PLN",
    "₺": "TRY",
}
_ISO_4217 = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF
CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK
HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL
MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON
RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH
UGX USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG
"""
_KG = {"": 1.0, "kg": 1.0, "kgs": 1.0, "кг": 1.0, "g": 0.001, "gr": 0.001, "гр": 0.001, "г": 0.001, "mg": 1e-6}
_KG |= {"lb": 0.45359237, "lbs": 0.45359237, "oz": 0.028349523125, "t": 1000.0}
_CM = {"": 1.0, "cm": 1.0, "см": 1.0, "mm": 0.1, "мм": 0.1, "m": 100.0, "м": 100.0, "in": 2.54, "inch": 2.54, '"': 2.54}

_GAPS = "[ '’\u00a0\u202f\u2009]"
_PARTS = (
    r"^(?<before>[^\d.,+-]*)(?<sign>[+-]?)(?<between>[^\d.,+-]*)"
    r"(?<number>\d[\d.,'’ \u{a0}\u{202f}\u{2009}]*|[.,]\d+)(?<exponent>e[+-]?\d{1,3})?(?<after>\D*)$"
)


def _only_with(decimal: str, thousands: str) -> str:
    """Match what can only be a number with this decimal sign."""
    return (
        rf"^\D*\d{{1,3}}(?:(?:{_GAPS}|{thousands})\d{{3}})+{decimal}\d+\D*$"  # the last of two signs is the decimal one
        rf"|^\D*\d{{1,3}}(?:{thousands}\d{{3}}){{2,}}\D*$"  # a sign that comes twice is not
        rf"|^[^\d.,]*(?:0|\d{{4,}})?{decimal}\d+\D*$"  # after nothing, 0 or four digits it cannot stand for thousands
        rf"|^\D*\d*{decimal}(?:\d{{1,2}}|\d{{4,}})\D*$"  # nor before other than three
    )


_COMMA = _only_with(",", r"\.")
_POINT = _only_with(r"\.", ",")


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

    def learn(self, frame: pl.DataFrame) -> None:
        """Count the evidence in the raw text columns of a batch that hold numbers."""
        names = [
            name
            for name, dtype in frame.schema.items()
            if dtype == pl.String and name in BY_PATH and BY_PATH[name].kind in ("number", "integer")
        ]
        sides = ((self.comma, _COMMA), (self.point, _POINT))
        counted = frame.select(
            pl.col(name).str.contains(pattern).sum().alias(f"{side}{name}")
            for name in names
            for side, (_, pattern) in enumerate(sides)
        )
        for name in names:
            for side, (votes, _) in enumerate(sides):
                votes[name] = votes.get(name, 0) + int(counted.item(0, f"{side}{name}"))

    def comma_is_decimal(self, path: str) -> bool:
        """Tell how ``1,234`` is read: as the column does, else as the file does, else as its separator suggests."""
        here = self.comma.get(path, 0) - self.point.get(path, 0)
        if here:
            return here > 0
        everywhere = sum(self.comma.values()) - sum(self.point.values())
        return everywhere > 0 if everywhere else self.semicolons

    def point_is_thousands(self, path: str) -> bool:
        """Tell how ``1.234`` is read: decimal, unless the column itself uses the comma for that."""
        return not self.point_is_decimal and self.comma.get(path, 0) > self.point.get(path, 0)

    def any_comma(self) -> bool:
        """Tell whether some column uses the decimal comma."""
        return any(count > self.point.get(path, 0) for path, count in self.comma.items())


def measure_of(field: Field) -> Measure:
    """Tell what a number counts, and so which units may stand beside it."""
    if field.path.endswith("mass_kg"):
        return "mass"
    if field.path.startswith("dims_cm."):
        return "length"
    if field.path in ("total_value", "postage", "insured_value", "item.value"):
        return "amount"
    return "quantity" if field.path.endswith("quantity") else "plain"


def read_numbers(raw: pl.Series, measure: Measure, comma_is_decimal: bool, point_is_thousands: bool) -> pl.DataFrame:
    """Read a column of numbers.

    Parameters
    ----------
    raw : polars.Series
        Texts; null is missing.
    measure : {"mass", "length", "amount", "quantity", "plain"}
        Which units are understood; masses come out in kg, lengths in cm.
    comma_is_decimal, point_is_thousands : bool
        How ``1,234`` and ``1.234`` are read (see `Decimals`).

    Returns
    -------
    polars.DataFrame
        ``value`` (Float64, null where unread; may be negative, infinite or absurd) and ``currency`` (what an amount
        says of its own: ``12,50 KM`` is BAM).
    """
    value = raw.cast(pl.Float64, strict=False)
    odd = value.is_null() & raw.is_not_null()
    if point_is_thousands:
        odd = odd | raw.str.contains(".", literal=True).fill_null(value=False)
    currency = pl.Series("currency", [None], dtype=pl.String).new_from_index(0, len(raw))
    if odd.any():
        places = odd.arg_true()
        read = _read_odd(raw.gather(places), measure, comma_is_decimal, point_is_thousands)
        value = value.scatter(places, read["value"])
        currency = currency.scatter(places, read["currency"])
    return pl.DataFrame({"value": value, "currency": currency})


def _read_odd(raw: pl.Series, measure: Measure, comma_is_decimal: bool, point_is_thousands: bool) -> pl.DataFrame:
    text = pl.col("text").str.strip_chars().str.to_lowercase().str.replace("−", "-", literal=True)
    text = text.str.replace(r"[.,][-–—]+", "")  # a price in whole units: 12,-
    before, after = (
        pl.concat_str(*names).str.strip_chars(" .:\t\u00a0\u202f") for names in (("before", "between"), ("after",))
    )
    number = _digits(pl.col("number"), comma_is_decimal, point_is_thousands)
    number = pl.concat_str(number, pl.col("exponent").fill_null("")).cast(pl.Float64, strict=False)
    unit = pl.when(before == "").then(after).when(after == "").then(before)
    return (
        raw.alias("text")
        .to_frame()
        .lazy()
        .select(text.str.extract_groups(_PARTS).alias("parts"))
        .unnest("parts")
        .select(
            pl.when(pl.col("sign") == "-").then(-number).otherwise(number).alias("number"),
            unit.alias("unit"),
        )
        .select(
            _in_base_unit(measure).alias("value"),
            (_stated_currency(pl.col("unit")) if measure == "amount" else pl.lit(None, pl.String)).alias("currency"),
        )
        .collect()
    )


def _digits(number: pl.Expr, comma_is_decimal: bool, point_is_thousands: bool) -> pl.Expr:
    """Rewrite a number with a decimal point and nothing else; null where its signs make no sense."""
    number = number.str.strip_chars(" '’\u00a0\u202f\u2009")
    grouped = number.str.contains(rf"^\d{{1,3}}(?:{_GAPS}\d{{3}})+(?:[.,]\d*)?$")
    number = pl.when(grouped).then(number.str.replace_all(_GAPS, "")).otherwise(number)
    no_commas = number.str.replace_all(",", "", literal=True)
    no_points = number.str.replace_all(".", "", literal=True)
    point_for_comma = no_points.str.replace(",", ".", literal=True)
    return (
        pl.when(number.str.contains(r"^[1-9]\d{0,2},\d{3}$"))
        .then(point_for_comma if comma_is_decimal else no_commas)
        .when(number.str.contains(r"^[1-9]\d{0,2}\.\d{3}$"))
        .then(no_points if point_is_thousands else number)
        .when(number.str.contains(r"^(?:\d+|\d*\.\d+|\d+\.)$"))
        .then(number)
        .when(number.str.contains(r"^(?:\d*,\d+|\d+,|\d{1,3}(?:\.\d{3})+,\d*|\d{1,3}(?:\.\d{3}){2,})$"))
        .then(point_for_comma)
        .when(number.str.contains(r"^(?:\d{1,3}(?:,\d{3})+\.\d*|\d{1,3}(?:,\d{3}){2,})$"))
        .then(no_commas)
    )


def _in_base_unit(measure: Measure) -> pl.Expr:
    number, unit = pl.col("number"), pl.col("unit")
    if measure in ("mass", "length"):
        factors = _KG if measure == "mass" else _CM
        factor = unit.replace_strict(list(factors), list(factors.values()), default=None, return_dtype=pl.Float64)
        return pl.when(factor == 1).then(number).otherwise((number * factor).round(9))
    fits = unit == ""
    if measure == "amount":
        fits = fits | _stated_currency(unit).is_not_null()
    elif measure == "quantity":
        fits = fits | unit.str.contains(r"^\p{L}{1,12}$")
    return pl.when(fits).then(number)


def _stated_currency(unit: pl.Expr) -> pl.Expr:
    """Read the currency beside an amount; three letters that are no currency are some other unit."""
    code = read_currency(unit)
    return pl.when(pl.lit(_ISO_4217).str.contains(code, literal=True)).then(code)


def read_currency(text: pl.Expr) -> pl.Expr:
    """Read a currency: an ISO 4217 code in any case, or a sign such as KM or €; null for anything else."""
    folded = text.str.strip_chars(" .\t\u00a0").str.to_lowercase()
    signs = folded.replace_strict(
        list(CURRENCY_SIGNS), list(CURRENCY_SIGNS.values()), default=None, return_dtype=pl.String
    )
    return pl.coalesce(signs, pl.when(folded.str.contains("^[a-z]{3}$")).then(folded.str.to_uppercase()))
