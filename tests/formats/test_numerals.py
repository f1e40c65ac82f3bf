"""Numbers in every notation that couriers use, and the judgement between comma and point."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from manifests import read_text

from riskscore.formats.numerals import Decimals, read_numbers


def number(text: str, measure: Any = "plain", comma: bool = False, thousands: bool = False) -> float | None:
    value: float | None = read_numbers(pl.Series([text]), measure, comma, thousands)["value"][0]
    return value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.5", 1.5),
        ("1,5", 1.5),
        ("1.234,56", 1234.56),
        ("1,234.56", 1234.56),
        ("1 234,5", 1234.5),
        ("1\u00a0234,50", 1234.5),
        ("1\u202f234 567,5", 1234567.5),
        ("1'234.50", 1234.5),
        ("1’234.50", 1234.5),
        ("1.234.567", 1234567.0),
        ("1,234,567", 1234567.0),
        ("0,123", 0.123),
        ("0.123", 0.123),
        ("12345,678", 12345.678),
        (".5", 0.5),
        (",5", 0.5),
        ("5.", 5.0),
        ("12,-", 12.0),
        ("+5", 5.0),
        ("1e3", 1000.0),
        ("  7 ", 7.0),
        ("-5", -5.0),
        ("\u22125", -5.0),
        ("1 2", None),
        ("12,3,4", None),
        ("1,2.3,4", None),
        ("1.2.3", None),
        ("abc", None),
        ("5 bananas", None),
        ("0x10", None),
        ("1_000", None),
    ],
)
@pytest.mark.parametrize("comma", [False, True])
def test_forms_that_can_be_read_one_way_only(text: str, value: float | None, comma: bool) -> None:
    assert number(text, comma=comma, thousands=comma) == value


def test_forms_that_can_be_read_both_ways() -> None:
    assert (number("1,234"), number("1.234")) == (1234.0, 1.234)
    assert (number("1,234", comma=True), number("1.234", comma=True)) == (1.234, 1.234)
    assert (number("1,234", comma=True, thousands=True), number("1.234", comma=True, thousands=True)) == (1.234, 1234.0)


@pytest.mark.parametrize(
    ("text", "measure", "value"),
    [
        ("350 g", "mass", 0.35),
        ("0,5kg", "mass", 0.5),
        ("0.5 KG.", "mass", 0.5),
        ("1,5 кг", "mass", 1.5),
        ("2 lb", "mass", 0.90718474),
        ("16 oz", "mass", 0.45359237),
        ("10 cm", "length", 10.0),
        ("105mm", "length", 10.5),
        ("1,2 m", "length", 120.0),
        ("2 in", "length", 5.08),
        ('2"', "length", 5.08),
        ("12,50 KM", "amount", 12.5),
        ("€ 5", "amount", 5.0),
        ("-€5", "amount", -5.0),
        ("USD 1,234.50", "amount", 1234.5),
        ("1.000,00 din.", "amount", 1000.0),
        ("2 pcs", "quantity", 2.0),
        ("3 kom.", "quantity", 3.0),
        ("10 паров", "quantity", 10.0),
        ("2 pcs", "amount", None),
        ("5 st", "mass", None),
        ("3 kg", "length", None),
        ("EUR 5 EUR", "amount", None),
        ("2 kg", "plain", None),
    ],
)
def test_units_and_currencies_beside_a_number(text: str, measure: Any, value: float | None) -> None:
    assert number(text, measure) == (None if value is None else pytest.approx(value, abs=1e-9))


def test_an_amount_may_name_its_currency() -> None:
    texts = ["12,50 KM", "€ 5", "$5", "5 £", "USD 5", "5", "5 kom"]
    read = read_numbers(pl.Series(texts), "amount", comma_is_decimal=False, point_is_thousands=False)
    assert read["currency"].to_list() == ["BAM", "EUR", "USD", "GBP", "USD", None, None]


STYLES = {"1234.5": ("", "."), "1234,5": ("", ","), "1.234,5": (".", ","), "1,234.5": (",", "."), "1 234,5": (" ", ",")}


@given(
    values=st.lists(st.decimals(0, 9_999_999, places=2, allow_nan=False), min_size=1, max_size=30),
    style=st.sampled_from(sorted(STYLES)),
)
def test_a_column_in_one_notation_is_read_back(values: list[Any], style: str) -> None:
    thousands, decimal = STYLES[style]
    texts = [f"{v:,.2f}".replace(",", "\0").replace(".", decimal).replace("\0", thousands) for v in values]
    decimals = Decimals()
    decimals.learn(pl.DataFrame({"total_value": texts}))
    read = read_numbers(
        pl.Series(texts), "amount", decimals.comma_is_decimal("total_value"), decimals.point_is_thousands("total_value")
    )
    assert read["value"].to_list() == [pytest.approx(float(v)) for v in values]


@pytest.mark.parametrize(
    ("values", "separator", "expected"),
    [
        (["1,234", "2,5"], ",", [1.234, 2.5]),
        (["1,234", "2.5"], ",", [1234.0, 2.5]),
        (["1,234"], ",", [1234.0]),
        (["1,234"], ";", [1.234]),
        (["1.234", "2,5"], ";", [1234.0, 2.5]),
        (["1.234", "2.5"], ";", [1.234, 2.5]),
        (["1.234"], ";", [1.234]),
        (["1,234", "1.234.567"], ",", [1.234, 1234567.0]),
    ],
)
def test_the_column_decides_then_the_separator(
    tmp_path: Path, values: list[str], separator: str, expected: list[float]
) -> None:
    rows = [f'P{n}{separator}"{value}"' for n, value in enumerate(values)]
    result = read_text(tmp_path, f"parcel_id{separator}gross_mass_kg\n" + "\n".join(rows))
    assert result.column("gross_mass_kg") == expected
    assert ("decimal comma" in result.notes) == any(v in ("2,5", "1.234.567") for v in values)


def test_another_column_decides_before_the_separator(tmp_path: Path) -> None:
    result = read_text(tmp_path, "parcel_id\tgross_mass_kg\ttotal_value\nP1\t1,234\t12,50\n")
    assert result.column("gross_mass_kg") == [1.234]


def test_evidence_may_come_last_and_the_batch_does_not_matter(tmp_path: Path) -> None:
    content = "parcel_id,gross_mass_kg\n" + "".join(f'P{n},"1,234"\n' for n in range(50)) + 'Q,"0,5"\n'
    for batch_rows in (1, 7, 1_000):
        result = read_text(tmp_path, content, batch_rows=batch_rows)
        assert result.column("gross_mass_kg") == [1.234] * 50 + [0.5]


def test_what_is_no_sensible_number_is_unknown_and_reported(tmp_path: Path) -> None:
    values = ["-1", "1e13", "inf", "-inf", "1e400", "abc", "nan", "-0", "1e12"]
    rows = "".join(f"P{n};{value}\n" for n, value in enumerate(values))
    result = read_text(tmp_path, "parcel_id;total_value\n" + rows)
    assert result.column("total_value") == [None] * 7 + [0.0, 1e12]
    assert result.reasons() == [
        "negative",
        "absurdly large",
        "not a finite number",
        "not a finite number",
        "not a finite number",
        "not a number",
    ]
    assert [p["raw"] for p in result.problems] == values[:6]
    assert result.column("unreadable") == [["total_value"]] * 6 + [[]] * 3


def test_whole_numbers(tmp_path: Path) -> None:
    content = "parcel_id;booking.redirects;item.seq\nP1;2;1\nP2;2.0;002\nP3;2.5;x\n"
    result = read_text(tmp_path, content)
    assert result.column("booking.redirects") == [2, 2, None]
    assert result.column("item.seq") == [1, 2, None]
    assert result.reasons() == ["not a whole number", "not a number"]


def test_the_currency_of_an_amount_fills_a_gap_only(tmp_path: Path) -> None:
    content = "parcel_id;total_value;currency;item.value\nP1;5 KM;;7 EUR\nP2;5 KM;USD;\nP3;5;;\n"
    result = read_text(tmp_path, content)
    assert result.column("currency") == ["BAM", "USD", None]
    assert result.column("item.currency") == ["EUR"]
