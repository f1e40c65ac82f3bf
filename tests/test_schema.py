"""The declaration is defined once: header, schemas and tables come from the same list."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime

import polars as pl
import pytest
from factory import AS_OF, EXAMPLES, item, parcel, record

from riskscore.schema import (
    ALIASES,
    BY_PATH,
    FIELDS,
    ITEM_FIELDS,
    PARCEL_FIELDS,
    Field,
    csv_header,
    item_schema,
    parcel_schema,
    tables_from_records,
)

# Contract 1, written out once more by hand: whoever drops or renames a field must change this list, too.
PARTY = [
    "name",
    "company",
    "kind",
    "id_number",
    "street",
    "city",
    "postcode",
    "region",
    "country",
    "phone",
    "email",
    "account_id",
]
CONTRACT = [
    "parcel_id",
    "item_id",
    "waybill",
    "channel",
    "direction",
    "stage",
    "declaration_form",
    "procedure",
    "category",
    "declared_at",
    "decide_by",
    *(f"{party}.{name}" for party in ("sender", "recipient", "payer") for name in PARTY),
    "route.origin_country",
    "route.destination_country",
    "route.transit_countries",
    "route.mode",
    "route.posting_office",
    "route.destination_office",
    "route.carrier",
    "route.service",
    "gross_mass_kg",
    "measured_mass_kg",
    "dims_cm.length",
    "dims_cm.width",
    "dims_cm.height",
    "total_value",
    "currency",
    "postage",
    "insured_value",
    "handling_codes",
    "un_number",
    "documents",
    "booking.channel",
    "booking.payment_method",
    "booking.account_opened_on",
    "booking.account_shipping_frequency",
    "booking.redirects",
    "observations",
    "screening",
    "item.seq",
    "item.description",
    "item.hs_code",
    "item.quantity",
    "item.unit",
    "item.net_mass_kg",
    "item.value",
    "item.currency",
    "item.origin_country",
    "item.marks",
]
DOCUMENT = [
    "type",
    "number",
    "issuer_country",
    "holder",
    "goods_class",
    "quantity",
    "valid_from",
    "valid_to",
    "verification.status",
    "verification.by",
    "verification.at",
]
CLOSED = {
    "channel": ("postal", "express"),
    "direction": ("import", "export", "transit", "domestic"),
    "stage": ("pre_loading", "pre_arrival", "arrival", "counter"),
    "declaration_form": ("CN22", "CN23", "invoice", "none"),
    "procedure": ("H7", "H1", "F32", "F43", "simplified_low_value", "full", "transit", "other"),
    "category": ("sale", "gift", "documents", "sample", "returned", "other"),
    "sender.kind": ("natural", "legal"),
    "route.mode": ("air", "road", "rail", "sea"),
    "route.service": ("economy", "standard", "priority", "express"),
    "booking.channel": ("counter", "web", "api", "pickup"),
    "booking.payment_method": ("account", "card", "cash", "prepaid", "transfer", "other"),
}


def test_the_fields_are_those_of_the_contract() -> None:
    assert csv_header() == CONTRACT
    assert [f.path for f in FIELDS] == CONTRACT
    assert [f.path for f in BY_PATH["documents"].fields] == DOCUMENT
    assert [f.path for f in BY_PATH["screening"].fields] == ["method", "result", "at", "reference"]


@pytest.mark.parametrize(("path", "choices"), CLOSED.items())
def test_the_closed_lists_are_those_of_the_contract(path: str, choices: tuple[str, ...]) -> None:
    assert BY_PATH[path].choices == choices


def test_the_example_manifest_uses_these_columns_in_this_order() -> None:
    with (EXAMPLES / "manifest.csv").open(encoding="utf-8", newline="") as file:
        header = next(csv.reader(file))
    assert header == [name for name in csv_header() if name in header]
    assert len(header) > 40


@pytest.mark.parametrize("field", FIELDS, ids=lambda f: f.path)
def test_every_field_is_documented(field: Field) -> None:
    assert field.doc
    assert not field.doc.endswith(".")
    assert bool(field.choices) == (field.kind == "choice" or field.path == "observations")
    assert bool(field.fields) == (field.kind == "records")
    for member in field.fields:
        assert member.doc


def test_observations_are_behaviours_never_looks_or_accents() -> None:
    codes = BY_PATH["observations"].choices
    assert {"refuses_to_open", "cannot_describe", "third_party_pickup", "retaped"} <= set(codes)
    assert len(codes) == len(set(codes))
    forbidden = ("appearance", "accent", "skin", "foreign", "nationality", "nervous", "dress")
    assert not [c for c in codes if any(word in c for word in forbidden)]


def test_a_plain_description_is_that_of_an_item() -> None:
    assert ALIASES["description"] == "item.description"
    assert ALIASES["items.hs_code"] == "item.hs_code"
    assert not set(ALIASES) & set(BY_PATH), "an alias never hides a field"
    assert ALIASES.get("currency") is None


def test_parcels_and_items_share_no_column() -> None:
    parcels, items = parcel_schema(), item_schema()
    assert set(parcels) | set(items) == set(CONTRACT) | {"parcel", "item_no"}
    assert not set(parcels) & set(items)
    assert len(PARCEL_FIELDS) + len(ITEM_FIELDS) == len(FIELDS)
    assert parcels["declared_at"] == pl.Datetime("us", "UTC")
    assert parcels["booking.redirects"] == pl.Int64
    assert items["item.quantity"] == pl.Float64
    assert items["item.marks"] == pl.List(pl.String)


def test_tables_hold_every_kind_of_value() -> None:
    nested = parcel(
        item("Shoes", quantity=2, marks=["ptb"], seq=7),
        item("Socks"),
        declared_at="2026-11-16T13:00:00+01:00",
        booking__account_opened_on="2020-01-31",
        booking__redirects=2,
        handling_codes=["CAO"],
        documents=[
            {
                "type": "licence",
                "quantity": 3,
                "valid_to": "2027-01-01",
                "verification": {"status": "confirmed", "at": "2026-01-01T00:00:00Z"},
            }
        ],
        screening=[{"method": "xray", "result": "clear"}],
        dims_cm__length=30,
    )
    typed = tables_from_records([record(nested, "A"), record(parcel(), "B"), record(parcel("Hat"), "C")])
    assert typed.parcels.schema == pl.Schema(
        {**parcel_schema(), "unreadable": pl.List(pl.String), "contradictory": pl.List(pl.String)}
    )
    assert typed.items.schema == item_schema()
    assert typed.parcels["parcel_id"].to_list() == ["A", "B", "C"]
    assert typed.items["parcel"].to_list() == [0, 0, 2]
    assert typed.items["item_no"].to_list() == [0, 1, 0]
    first = typed.parcels.row(0, named=True)
    assert first["declared_at"] == AS_OF == datetime(2026, 11, 16, 12, tzinfo=UTC)
    assert first["booking.account_opened_on"] == date(2020, 1, 31)
    assert first["documents"][0]["verification.status"] == "confirmed"
    assert first["documents"][0]["valid_to"] == date(2027, 1, 1)
    assert first["documents"][0]["number"] is None
    assert first["screening"][0]["at"] is None
    assert first["unreadable"] == first["contradictory"] == []
    second = typed.parcels.row(1, named=True)
    assert all(v is None for k, v in second.items() if k not in ("parcel_id", "unreadable", "contradictory"))
    assert typed.items.row(1, named=True)["item.quantity"] is None


def test_an_empty_list_is_not_a_missing_one() -> None:
    typed = tables_from_records([record(parcel(documents=[], handling_codes=[])), record(parcel())])
    assert typed.parcels["documents"].is_null().to_list() == [False, True]
    assert typed.parcels["handling_codes"].to_list() == [[], None]


def test_no_records_are_empty_tables() -> None:
    typed = tables_from_records([])
    assert typed.parcels.height == typed.items.height == 0
    assert typed.items.schema == item_schema()
