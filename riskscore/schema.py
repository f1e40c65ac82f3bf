"""The parcel declaration, defined once: polars schema and CSV header here, pydantic model in `declaration`.

A *path* is the name of a field as people write it: ``sender.country``, ``dims_cm.length``, ``item.description``.
``item.`` fields exist once per item, all others once per parcel. Every field but ``parcel_id`` may be missing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

Kind = Literal["text", "number", "integer", "timestamp", "date", "choice", "country", "currency", "list", "records"]

MAX_ITEMS = 9_999  # goods items in one declaration, as in the EU entry summary declaration
TIMESTAMP = pl.Datetime("us", "UTC")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the declaration.

    Parameters
    ----------
    path : str
        Dotted name; ``item.`` in front for a field of an item.
    kind : str
        ``text`` is never refused: a malformed S10, HS code, phone or mark is itself a sign.
    doc : str
        What it means, with its unit.
    choices : tuple of str
        The closed list of a ``choice`` field, or of the members of a ``list`` field.
    of : str
        Member kind of a ``list`` field.
    fields : tuple of Field
        Members of a ``records`` field.
    """

    path: str
    kind: Kind
    doc: str
    choices: tuple[str, ...] = ()
    of: Kind = "text"
    fields: tuple[Field, ...] = ()

    @property
    def of_item(self) -> bool:
        """True for a field that exists once per item."""
        return self.path.startswith("item.")

    @property
    def dtype(self) -> Any:
        """The polars data type of the typed column."""
        if self.kind == "list":
            return pl.List(pl.String)
        if self.kind == "records":
            return pl.List(pl.Struct({f.path: f.dtype for f in self.fields}))
        return _DTYPES[self.kind]


_DTYPES: dict[str, Any] = {
    "text": pl.String,
    "choice": pl.String,
    "country": pl.String,
    "currency": pl.String,
    "number": pl.Float64,
    "integer": pl.Int64,
    "timestamp": TIMESTAMP,
    "date": pl.Date,
}


def _party(name: str, role: str) -> list[Field]:
    return [
        Field(f"{name}.name", "text", f"Name of the {role}, as written"),
        Field(f"{name}.company", "text", f"Organisation of the {role}"),
        Field(f"{name}.kind", "choice", "A natural or a legal person", ("natural", "legal")),
        Field(f"{name}.id_number", "text", "EORI, VAT, tax or personal number as declared"),
        Field(f"{name}.street", "text", "Street and number"),
        Field(f"{name}.city", "text", "City"),
        Field(f"{name}.postcode", "text", "Postcode"),
        Field(f"{name}.region", "text", "Region or sub-division"),
        Field(f"{name}.country", "country", "Country, ISO 3166-1 alpha-2 or XK"),
        Field(f"{name}.phone", "text", "Telephone as declared"),
        Field(f"{name}.email", "text", "E-mail as declared"),
        Field(f"{name}.account_id", "text", f"The courier's account of the {role}"),
    ]


OBSERVATIONS = (
    "refuses_to_open",
    "cannot_describe",
    "insists_no_id",
    "third_party_pickup",
    "contradicts_declaration",
    "retaped",
    "covered_labels",
    "label_tampered",
    "two_labels",
    "shifting_mass",
    "powder_or_leak",
    "smell_of_propellant",
    "weapon_visible",
)

FIELDS: tuple[Field, ...] = (
    Field("parcel_id", "text", "The courier's own reference; unique within one courier"),
    Field("item_id", "text", "UPU S10 identifier, e.g. RR473124829DE"),
    Field("waybill", "text", "House waybill number"),
    Field("channel", "choice", "How it travels", ("postal", "express")),
    Field("direction", "choice", "As seen from the office that scores", ("import", "export", "transit", "domestic")),
    Field("stage", "choice", "Where the parcel is", ("pre_loading", "pre_arrival", "arrival", "counter")),
    Field("declaration_form", "choice", "Form of the declaration", ("CN22", "CN23", "invoice", "none")),
    Field(
        "procedure",
        "choice",
        "Data set or customs procedure",
        ("H7", "H1", "F32", "F43", "simplified_low_value", "full", "transit", "other"),
    ),
    Field("category", "choice", "Category ticked", ("sale", "gift", "documents", "sample", "returned", "other")),
    Field("declared_at", "timestamp", "When it was declared (RFC 3339)"),
    Field("decide_by", "timestamp", "Last moment before loading or delivery"),
    *_party("sender", "sender"),
    *_party("recipient", "recipient"),
    *_party("payer", "payer"),
    Field("route.origin_country", "country", "Country of dispatch"),
    Field("route.destination_country", "country", "Country of destination"),
    Field("route.transit_countries", "list", "Countries passed through", of="country"),
    Field("route.mode", "choice", "Main mode of transport", ("air", "road", "rail", "sea")),
    Field("route.posting_office", "text", "Office of posting"),
    Field("route.destination_office", "text", "Office of destination"),
    Field("route.carrier", "text", "Carrier"),
    Field("route.service", "choice", "Service level", ("economy", "standard", "priority", "express")),
    Field("gross_mass_kg", "number", "Gross mass as declared, kg"),
    Field("measured_mass_kg", "number", "Mass on the operator's scale, kg; never overwrites the declared one"),
    Field("dims_cm.length", "number", "Length, cm"),
    Field("dims_cm.width", "number", "Width, cm"),
    Field("dims_cm.height", "number", "Height, cm"),
    Field("total_value", "number", "Total value, in `currency`"),
    Field("currency", "currency", "Currency of the amounts, ISO 4217"),
    Field("postage", "number", "Postal charges, in `currency`"),
    Field("insured_value", "number", "Insured value, in `currency`"),
    Field("handling_codes", "list", "IATA special handling codes"),
    Field("un_number", "text", "Dangerous goods entry, e.g. UN0012"),
    Field(
        "documents",
        "records",
        "Licences, certificates and other papers that are claimed",
        fields=(
            Field(
                "type",
                "choice",
                "Kind of document",
                ("licence", "permit", "certificate", "deactivation", "efp", "invoice", "dgd", "other"),
            ),
            Field("number", "text", "Number as written"),
            Field("issuer_country", "country", "Country of the issuing authority"),
            Field("holder", "text", "Holder as written"),
            Field("goods_class", "text", "Class of goods it covers"),
            Field("quantity", "number", "Quantity it covers"),
            Field("valid_from", "date", "First day of validity"),
            Field("valid_to", "date", "Last day of validity"),
            Field(
                "verification.status", "choice", "Has the authority said so?", ("unverified", "confirmed", "refuted")
            ),
            Field("verification.by", "text", "Who verified"),
            Field("verification.at", "timestamp", "When it was verified"),
        ),
    ),
    Field("booking.channel", "choice", "Where it was booked", ("counter", "web", "api", "pickup")),
    Field(
        "booking.payment_method",
        "choice",
        "How the transport was paid",
        ("account", "card", "cash", "prepaid", "transfer", "other"),
    ),
    Field("booking.account_opened_on", "date", "Day the account was opened"),
    Field("booking.account_shipping_frequency", "number", "Parcels a month"),
    Field("booking.redirects", "integer", "Redirections asked for after dispatch"),
    Field(
        "observations", "list", "Behaviours and handling signs that a clerk ticked", choices=OBSERVATIONS, of="choice"
    ),
    Field(
        "screening",
        "records",
        "Results of screening so far",
        fields=(
            Field("method", "choice", "Method", ("xray", "canine", "etd", "physical")),
            Field("result", "choice", "Result", ("clear", "suspect")),
            Field("at", "timestamp", "When"),
            Field("reference", "text", "Image or report reference"),
        ),
    ),
    Field("item.seq", "integer", "Number of the item on the form"),
    Field("item.description", "text", "Goods description as the sender typed it"),
    Field("item.hs_code", "text", "HS or CN code as declared"),
    Field("item.quantity", "number", "Quantity, in `item.unit`"),
    Field("item.unit", "text", "Unit of the quantity"),
    Field("item.net_mass_kg", "number", "Net mass, kg"),
    Field("item.value", "number", "Value, in `item.currency`, else in `currency`"),
    Field("item.currency", "currency", "Currency of the item's value, ISO 4217"),
    Field("item.origin_country", "country", "Country of origin of the goods"),
    Field("item.marks", "list", "Marks seen or claimed: ptb, f_pentagon, cip, deactivation"),
)

BY_PATH: dict[str, Field] = {f.path: f for f in FIELDS}
PARCEL_FIELDS: tuple[Field, ...] = tuple(f for f in FIELDS if not f.of_item)
ITEM_FIELDS: tuple[Field, ...] = tuple(f for f in FIELDS if f.of_item)

# Names that couriers use for the same thing; a plain `description` is the description of an item.
ALIASES: dict[str, str] = {
    name: path
    for f in ITEM_FIELDS
    for name, path in [(f.path.removeprefix("item."), f.path), (f.path.replace("item.", "items."), f.path)]
    if name not in BY_PATH
}


def csv_header() -> list[str]:
    """Column names of a flat manifest, one row per item."""
    return [f.path for f in FIELDS]


def parcel_schema() -> pl.Schema:
    """Polars schema of the parcels table: one row per parcel, dotted column names."""
    return pl.Schema({f.path: f.dtype for f in PARCEL_FIELDS})


def item_schema() -> pl.Schema:
    """Polars schema of the items table.

    ``parcel`` is the row number in the parcels table (UInt32, ascending), ``item_no`` the position in the parcel.
    """
    return pl.Schema({"parcel": pl.UInt32, "item_no": pl.UInt32, **{f.path: f.dtype for f in ITEM_FIELDS}})


@dataclass(frozen=True, slots=True)
class Tables:
    """Parcels as typed columns: what every reader makes and what `assess` takes.

    Parameters
    ----------
    parcels : polars.DataFrame
        `parcel_schema()`, plus ``unreadable`` (List[String]: paths whose value could not be read) and
        ``contradictory`` (List[String]: paths on which rows of one parcel disagree).
    items : polars.DataFrame
        `item_schema()`, sorted by ``parcel`` and ``item_no``.
    """

    parcels: pl.DataFrame
    items: pl.DataFrame


def tables_from_records(records: Iterable[dict[str, Any]]) -> Tables:
    """Typed tables from validated nested declarations (`parcel_model` dumps).

    Parameters
    ----------
    records : iterable of dict
        One nested declaration each, values already of their Python types.
    """
    parcel_columns: dict[str, list[Any]] = {f.path: [] for f in PARCEL_FIELDS}
    item_columns: dict[str, list[Any]] = {name: [] for name in item_schema()}
    paths = [(f.path, f.path.split(".")) for f in PARCEL_FIELDS]
    item_keys = [(f.path, f.path.removeprefix("item.")) for f in ITEM_FIELDS]
    for number, record in enumerate(records):
        for path, keys in paths:
            value: Any = record
            for key in keys:
                value = value.get(key) if value is not None else None
            if value is not None and BY_PATH[path].kind == "records":
                value = [_flat_record(BY_PATH[path], member) for member in value]
            parcel_columns[path].append(_unless_blank(value))
        for item_no, item in enumerate(record.get("items") or ()):
            item_columns["parcel"].append(number)
            item_columns["item_no"].append(item_no)
            for path, key in item_keys:
                item_columns[path].append(_unless_blank(item.get(key)))
    parcels = pl.DataFrame(parcel_columns, schema=parcel_schema())
    empty = pl.lit([], dtype=pl.List(pl.String))
    return Tables(
        parcels.with_columns(unreadable=empty, contradictory=empty),
        pl.DataFrame(item_columns, schema=item_schema()),
    )


def _unless_blank(value: Any) -> Any:
    """A blank text states nothing, at any door."""
    return None if isinstance(value, str) and not value.strip() else value


def _flat_record(field: Field, member: dict[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for f in field.fields:
        value: Any = member
        for key in f.path.split("."):
            value = value.get(key) if value is not None else None
        flat[f.path] = value
    return flat
