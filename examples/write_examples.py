"""Writes the invented week in every format: flat, nested, and as a courier's own system exports it."""

from __future__ import annotations

import csv
import io
import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl

Row = dict[str, Any]  # a value by path

_PARTY = ("name", "company", "kind", "street", "city", "postcode", "region", "country", "phone", "email", "account_id")
COLUMNS: tuple[str, ...] = (
    *("parcel_id", "item_id", "waybill", "channel", "direction", "stage", "declaration_form", "procedure", "category"),
    *("declared_at", "decide_by"),
    *(f"sender.{key}" for key in _PARTY),
    *(f"recipient.{key}" for key in _PARTY),
    *("route.origin_country", "route.destination_country", "route.transit_countries", "route.mode"),
    *("route.posting_office", "route.destination_office", "route.carrier", "route.service"),
    *("gross_mass_kg", "measured_mass_kg", "dims_cm.length", "dims_cm.width", "dims_cm.height"),
    *("total_value", "currency", "postage", "insured_value", "handling_codes", "un_number", "documents"),
    *("booking.channel", "booking.payment_method", "booking.account_opened_on", "booking.account_shipping_frequency"),
    *("observations", "screening"),
    *("item.seq", "item.description", "item.hs_code", "item.quantity", "item.unit", "item.net_mass_kg", "item.value"),
    *("item.origin_country", "item.marks"),
)

# the courier's column, our path (or none for a column that we do not read)
COURIER: tuple[tuple[str, str | None], ...] = (
    ("BROJ_POSILJKE", "parcel_id"),
    ("BARKOD", "item_id"),
    ("DATUM_PRIJEMA", "declared_at"),
    ("SMJER", "direction"),
    ("POSTUPAK", "procedure"),
    ("VID_PREVOZA", "route.mode"),
    ("POSILJALAC", "sender.name"),
    ("ADRESA_POSILJAOCA", "sender.street"),
    ("PTT_POSILJAOCA", "sender.postcode"),
    ("GRAD_POSILJAOCA", "sender.city"),
    ("DRZAVA_POSILJAOCA", "sender.country"),
    ("PRIMALAC", "recipient.name"),
    ("ADRESA", "recipient.street"),
    ("PTT", "recipient.postcode"),
    ("GRAD", "recipient.city"),
    ("DRZAVA", "recipient.country"),
    ("TELEFON", "recipient.phone"),
    ("BRUTO_KG", "gross_mass_kg"),
    ("DUZINA_CM", "dims_cm.length"),
    ("SIRINA_CM", "dims_cm.width"),
    ("VISINA_CM", "dims_cm.height"),
    ("UKUPNA_VRIJEDNOST", "total_value"),
    ("VALUTA", "currency"),
    ("REDNI_BROJ", "item.seq"),
    ("OPIS_ROBE", "item.description"),
    ("TARIFNI_BROJ", "item.hs_code"),
    ("KOLICINA", "item.quantity"),
    ("NETO_KG", "item.net_mass_kg"),
    ("VRIJEDNOST", "item.value"),
    ("PORIJEKLO", "item.origin_country"),
    ("SALTER", None),
)
# of the parcels that fit its character set the courier exports one in so many, and all those to be flagged
COURIER_EVERY = 5
COUNTRY_NAMES = {
    "AT": "Austrija",
    "BA": "Bosna i Hercegovina",
    "CH": "Švicarska",
    "CN": "Kina",
    "CZ": "Češka",
    "DE": "Njemačka",
    "GB": "Velika Britanija",
    "GR": "Grčka",
    "HR": "Hrvatska",
    "IT": "Italija",
    "ME": "Crna Gora",
    "MK": "Sjeverna Makedonija",
    "NL": "Nizozemska",
    "PL": "Poljska",
    "RS": "Srbija",
    "SE": "Švedska",
    "SI": "Slovenija",
    "TR": "Turska",
    "US": "SAD",
}


def write_all(folder: Path, parcels: list[Row], expected: list[dict[str, str]]) -> None:
    """Write every example file.

    Parameters
    ----------
    folder : Path
        Where the files go.
    parcels : list of dict
        A value by path; ``items`` holds the lines of goods in the same form.
    expected : list of dict
        ``parcel_id``, ``expected`` and ``why``, one per parcel.
    """
    rows = [{**parcel, **line} for parcel in parcels for line in parcel["items"]]
    columns = [path for path in COLUMNS if any(row.get(path) is not None for row in rows)]
    flat = [{path: _flat(row.get(path)) for path in columns} for row in rows]
    table = pl.DataFrame(flat, schema=columns, orient="row", infer_schema_length=None)

    texts = [[_text(row[path]) for path in columns] for row in flat]
    (folder / "manifest.csv").write_bytes(_csv(columns, texts, ",", "\n").encode())
    table.write_parquet(folder / "manifest.parquet")
    table.with_columns(pl.selectors.datetime().dt.replace_time_zone(None)).write_excel(
        folder / "manifest.xlsx",
        worksheet="manifest",
        dtype_formats={pl.Datetime: "yyyy-mm-dd hh:mm", pl.Date: "yyyy-mm-dd"},
        freeze_panes=(1, 1),
    )
    lines = [json.dumps(nested(parcel), ensure_ascii=False, default=_text) + "\n" for parcel in parcels]
    (folder / "manifest.jsonl").write_bytes("".join(lines).encode())

    found = [[row["parcel_id"], row["expected"], row["why"]] for row in expected]
    (folder / "expected.csv").write_bytes(_csv(["parcel_id", "expected", "why"], found, ",", "\n").encode())
    _write_courier(folder, rows, {row["parcel_id"] for row in expected if row["expected"] == "flag"})


def nested(parcel: Row) -> Row:
    """The parcel as it goes over HTTP: ``sender.country`` becomes a member of ``sender``."""
    record: Row = {}
    for path in COLUMNS:
        if parcel.get(path) is not None:
            head, _, tail = path.partition(".")
            if tail:
                record.setdefault(head, {})[tail] = parcel[path]
            else:
                record[head] = parcel[path]
    record["items"] = [
        {path.removeprefix("item."): value for path, value in line.items() if value is not None}
        for line in parcel["items"]
    ]
    return record


def _flat(value: Any) -> Any:
    """One cell of a flat file: lists divided by ``|``, papers and screenings as JSON text."""
    if not isinstance(value, list):
        return value
    if isinstance(value[0], dict):
        return json.dumps(value, ensure_ascii=False, default=_text)
    return "|".join(value)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return value.isoformat() if isinstance(value, date) else str(value)


def _csv(header: list[str], rows: list[list[str]], delimiter: str, line_end: str) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=line_end).writerows([header, *rows])
    return text.getvalue()


def _write_courier(folder: Path, rows: list[Row], to_flag: set[str]) -> None:
    """One row per item in cp1250, with local column names, decimal commas and names of countries."""
    by_parcel: dict[str, list[list[str]]] = {}
    for row in rows:
        counter = f"{row['recipient.postcode']}-{len(row['recipient.city']) % 4 + 1}"
        cells = [counter if path is None else _courier_cell(path, row.get(path)) for _, path in COURIER]
        by_parcel.setdefault(row["parcel_id"], []).append(cells)
    fitting = [key for key, lines in by_parcel.items() if all(_fits(cell) for line in lines for cell in line)]
    chosen = [key for number, key in enumerate(fitting) if key in to_flag or number % COURIER_EVERY == 0]
    text = _csv([column for column, _ in COURIER], [line for key in chosen for line in by_parcel[key]], ";", "\r\n")
    (folder / "courier_cp1250.csv").write_bytes(text.encode("cp1250"))
    mapping = "".join(f"{path}={column}\n" for column, path in COURIER if path)
    note = "# Columns of courier_cp1250.csv by our names. SALTER, the counter, is not mapped and so is ignored.\n"
    (folder / "courier_map.txt").write_bytes((note + mapping).encode())


def _fits(text: str) -> bool:
    return text.encode("cp1250", errors="ignore").decode("cp1250") == text


def _courier_cell(path: str, value: Any) -> str:
    if value is None:
        return ""
    if path in {"sender.country", "recipient.country", "item.origin_country"}:
        return COUNTRY_NAMES[value]
    if path == "item.hs_code":
        digits = value.replace(".", "")
        return f"{digits[:4]} {digits[4:]}"
    if isinstance(value, datetime):
        return value.strftime("%d.%m.%Y %H:%M")
    return f"{value:.2f}".replace(".", ",") if isinstance(value, float) else str(value)
