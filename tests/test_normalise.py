"""What declared values mean."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskscore.normalise import hs_digits, hs_status, normalise, s10_status, to_eur, unit_class
from riskscore.places import default_sops
from riskscore.reference import Reference, load_reference
from riskscore.schema import Tables, tables_from_records

AS_OF = datetime(2025, 6, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def reference() -> Reference:
    return load_reference(default_sops())


def read(expr: pl.Expr, *values: str | None) -> list[Any]:
    return pl.DataFrame({"value": values}, schema={"value": pl.String}).select(expr).to_series().to_list()


VALUE = pl.col("value")


@pytest.mark.parametrize(
    ("declared", "digits", "status"),
    [
        ("930200", "930200", "valid"),
        ("9302.00", "930200", "valid"),
        (" 9302 00 ", "930200", "valid"),
        ("9302-00-00", "93020000", "valid"),
        ("HS 9302.00", "930200", "valid"),
        ("CN: 9303 20 95", "93032095", "valid"),
        ("9302", "9302", "valid"),
        ("9303.90.00.00", "9303900000", "valid"),
        ("9303.90.00.00.00", "930390000000", "valid"),
        ("930200.0", "930200", "valid"),  # a spreadsheet's number
        ("9303.9", "930390", "valid"),  # … that lost its last zero
        ("9303,9", "930390", "valid"),
        ("101.21", "010121", "valid"),  # … that lost its first
        ("10121", "010121", "valid"),
        ("101", "0101", "valid"),
        ("1012100", "01012100", "valid"),
        ("930211", "930211", "unknown_code"),
        ("93021100", "93021100", "unknown_code"),
        ("9308", "9308", "unknown_code"),
        ("000000", "000000", "placeholder"),
        ("0", None, "placeholder"),
        ("999999", "999999", "placeholder"),
        ("9999.99", "999999", "placeholder"),
        ("111111", "111111", "placeholder"),
        ("88888888", "88888888", "placeholder"),
        ("123456", "123456", "placeholder"),
        ("1234.56.78", "12345678", "placeholder"),
        ("93020", None, "malformed"),  # odd, and 0930.20 does not exist
        ("93", None, "malformed"),
        ("77", None, "malformed"),
        ("9302001", None, "malformed"),
        ("93020000000000", None, "malformed"),
        ("9" * 40, None, "malformed"),
        ("pistol", None, "malformed"),
        ("9302.0O", None, "malformed"),
        ("+930200", None, "malformed"),
        ("", None, None),
        (" - ", None, None),
        (None, None, None),
    ],
)
def test_hs_codes(reference: Reference, declared: str | None, digits: str | None, status: str | None) -> None:
    assert read(hs_digits(VALUE, reference), declared) == [digits]
    assert read(hs_status(VALUE, reference), declared) == [status]


@pytest.mark.parametrize(
    ("declared", "status"),
    [
        ("RR473124829DE", "valid"),
        ("CP876543216TR", "valid"),
        ("RR100000140DE", "valid"),  # sum 45: 11 - 1 = 10 is written 0
        ("RR100000025DE", "valid"),  # sum 22: 11 - 0 = 11 is written 5
        ("rr 4731 2482 9 de", "valid"),
        ("RR-473124829-DE", "valid"),
        ("CP001020301BR", "bad_check_digit"),  # a government's sample that does not validate: 7 is right
        ("CP001020307BR", "valid"),
        ("RR473124828DE", "bad_check_digit"),
        ("RR437124829DE", "bad_check_digit"),  # two digits swapped
        ("RR47312482DE", "malformed"),
        ("R1473124829DE", "malformed"),
        ("RR473124829D", "malformed"),
        ("1Z999AA10123456784", "malformed"),
        ("", None),
        (" ", None),
        (None, None),
    ],
)
def test_s10_identifiers(declared: str | None, status: str | None) -> None:
    assert read(s10_status(VALUE), declared) == [status]


@given(st.integers(0, 99_999_999))
def test_each_serial_has_exactly_one_check_digit(serial: int) -> None:
    statuses = read(s10_status(VALUE), *(f"LX{serial:08d}{check}BA" for check in range(10)))
    assert sorted(statuses) == ["bad_check_digit"] * 9 + ["valid"]


def test_units(reference: Reference) -> None:
    typed = ["kom.", "Komada", "Stück", "ADET", "шт.", "H87", "pár", "Set", "KGM", "kilo", "гр", "l", "box", "m²"]
    found = ["pieces"] * 6 + ["pairs", "sets", "kg", "kg", "g", "l", "packs", "m2"]
    assert read(unit_class(VALUE, reference), *typed) == found
    assert read(unit_class(VALUE, reference), "furlong", "", None) == [None, None, None]


def eur(reference: Reference, amount: float | None, currency: str | None, on: date | None) -> float | None:
    row = pl.DataFrame(
        {"amount": [amount], "currency": [currency], "on": [on]},
        schema={"amount": pl.Float64, "currency": pl.String, "on": pl.Date},
    )
    found = row.select(to_eur(pl.col("amount"), pl.col("currency"), pl.col("on"), reference)).item()
    assert found is None or isinstance(found, float)
    return found


def test_the_latest_rate_not_after_the_day_holds(reference: Reference) -> None:
    assert eur(reference, 10.389, "USD", date(2024, 12, 31)) == pytest.approx(10)
    assert eur(reference, 10.389, "USD", date(2026, 3, 1)) == pytest.approx(10)
    assert eur(reference, 11.05, "USD", date(2024, 12, 30)) == pytest.approx(10)
    assert eur(reference, 1, "USD", date(2023, 12, 28)) is None
    assert eur(reference, 12, "EUR", date(2010, 1, 1)) == 12


@pytest.mark.parametrize("on", [date(2020, 1, 1), date(2026, 5, 1)])
def test_fixed_rates_hold_before_and_after(reference: Reference, on: date) -> None:
    assert eur(reference, 195.583, "BAM", on) == pytest.approx(100)
    assert eur(reference, 195.583, "BGN", on) == pytest.approx(100)
    assert eur(reference, 195.583, "DEM", on) == pytest.approx(100)


def test_the_kuna_is_read_after_it_is_gone(reference: Reference) -> None:
    assert eur(reference, 753.45, "HRK", date(2024, 1, 1)) == pytest.approx(100)


@pytest.mark.parametrize(
    ("amount", "currency", "on"),
    [
        (1.0, "QQQ", date(2025, 1, 1)),
        (1.0, "€", date(2025, 1, 1)),
        (1.0, "EURO", date(2025, 1, 1)),
        (1.0, "", date(2025, 1, 1)),
        (1.0, "KES", date(2025, 1, 1)),  # a currency without a rate
        (1.0, None, date(2025, 1, 1)),
        (1.0, "EUR", None),
        (None, "EUR", date(2025, 1, 1)),
    ],
)
def test_unknown_money_stays_unknown(
    reference: Reference, amount: float | None, currency: str | None, on: date | None
) -> None:
    assert eur(reference, amount, currency, on) is None


def one(reference: Reference, as_of: datetime = AS_OF, **parcel: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    tables = normalise(tables_from_records([{"parcel_id": "P1", **parcel}]), reference, as_of)
    return tables.parcels.row(0, named=True), list(tables.items.iter_rows(named=True))


def test_normalise_adds_columns_beside_what_was_declared(reference: Reference) -> None:
    parcel, items = one(
        reference,
        item_id="rr 473124829 de",
        total_value=103.89,
        currency="USD",
        postage=10.389,
        insured_value=207.78,
        items=[{"hs_code": "9302.00", "value": 97.7915, "currency": "BAM"}, {"hs_code": "x", "value": 10.389}],
    )
    assert (parcel["item_id"], parcel["s10_status"]) == ("rr 473124829 de", "valid")
    assert parcel["value_eur"] == pytest.approx(100)
    assert parcel["postage_eur"] == pytest.approx(10)
    assert parcel["insured_eur"] == pytest.approx(200)
    assert [item["item.hs_code"] for item in items] == ["9302.00", "x"]
    assert [item["item.hs"] for item in items] == ["930200", None]
    assert [item["item.hs_status"] for item in items] == ["valid", "malformed"]
    assert [item["item.value_eur"] for item in items] == pytest.approx([50, 10])


def test_a_missing_total_is_the_sum_of_items_only_when_every_item_says_its_value(reference: Reference) -> None:
    whole, _ = one(reference, items=[{"value": 10.0, "currency": "EUR"}, {"value": 1.95583, "currency": "BAM"}])
    assert whole["value_eur"] == pytest.approx(11)
    for gap in ({"currency": "EUR"}, {"value": 3.0}, {"value": 3.0, "currency": "QQQ"}):
        partial, _ = one(reference, items=[{"value": 10.0, "currency": "EUR"}, gap])
        assert partial["value_eur"] is None
    bare, _ = one(reference, currency="EUR")
    assert bare["value_eur"] is None


def test_a_stated_total_in_no_known_currency_is_unknown(reference: Reference) -> None:
    parcel, _ = one(reference, total_value=5.0, items=[{"value": 5.0, "currency": "EUR"}])
    assert parcel["value_eur"] is None


def test_an_items_own_unreadable_currency_is_not_replaced_by_the_parcels(reference: Reference) -> None:
    _, items = one(reference, currency="EUR", items=[{"value": 5.0, "currency": "€€"}, {"value": 5.0}])
    assert [item["item.value_eur"] for item in items] == [None, 5]


def test_the_rate_is_of_the_declared_day_else_of_the_run(reference: Reference) -> None:
    declared, _ = one(reference, total_value=11.05, currency="USD", declared_at=datetime(2024, 5, 1, tzinfo=UTC))
    assert declared["value_eur"] == pytest.approx(10)
    undated, _ = one(reference, total_value=10.389, currency="USD")
    assert undated["value_eur"] == pytest.approx(10)
    # one hour after midnight in Sarajevo is still the day before in UTC
    new_year = datetime(2024, 12, 31, 0, 30, tzinfo=timezone(timedelta(hours=1)))
    early, _ = one(reference, new_year, total_value=11.05, currency="USD")
    assert early["value_eur"] == pytest.approx(10)


def test_a_bare_parcel_stays_unknown(reference: Reference) -> None:
    parcel, items = one(reference, items=[{"description": "shirt"}])
    assert [parcel[name] for name in ("s10_status", "value_eur", "postage_eur", "insured_eur")] == [None] * 4
    assert [items[0][name] for name in ("item.hs", "item.hs_status", "item.value_eur")] == [None] * 3


@pytest.mark.parametrize("records", [[], [{"parcel_id": "P1"}]])
def test_tables_without_rows_keep_their_columns(reference: Reference, records: list[dict[str, Any]]) -> None:
    tables = normalise(tables_from_records(records), reference, AS_OF)
    assert tables.items.schema["item.hs"] == tables.items.schema["item.hs_status"] == pl.String
    assert tables.items.schema["item.value_eur"] == tables.parcels.schema["value_eur"] == pl.Float64
    assert tables.parcels.schema["s10_status"] == pl.String
    assert (tables.parcels.height, tables.items.height) == (len(records), 0)


amounts = st.none() | st.floats(0, 1e6)
currencies = st.sampled_from([None, "EUR", "USD", "TRY", "BAM", "QQQ"])
item = st.fixed_dictionaries(
    {"value": amounts, "currency": currencies, "hs_code": st.sampled_from([None, "9302.00", "10121", "0", "x"])}
)
parcel = st.fixed_dictionaries(
    {"total_value": amounts, "currency": currencies, "postage": amounts, "items": st.lists(item, max_size=4)}
)


@given(st.lists(parcel, min_size=1, max_size=8))
def test_a_parcel_reads_the_same_alone_and_in_company(reference: Reference, parcels: list[dict[str, Any]]) -> None:
    records = [{"parcel_id": f"P{i}", **declared} for i, declared in enumerate(parcels)]
    together = normalise(tables_from_records(records), reference, AS_OF)
    alone = [normalise(tables_from_records([record]), reference, AS_OF) for record in records]
    apart = Tables(pl.concat(t.parcels for t in alone), pl.concat(t.items for t in alone))
    assert together.parcels.equals(apart.parcels)
    assert together.items.drop("parcel").equals(apart.items.drop("parcel"))
