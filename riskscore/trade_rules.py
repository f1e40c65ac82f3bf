"""Dated rules of trade, postal traffic and carriers: what the tables of the SOP desk say about goods on a route.

Every question is three-valued: True and False are what a table says, None is what it leaves open. A missing country,
class of goods or carrier is written `UNSTATED`; it never makes an answer True.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import polars as pl

from riskscore.keys import fold_key
from riskscore.table_files import DAY, POSITIVE, Table, read_tables

UNSTATED = "?"
EVERYWHERE = "*"
MARKS = ("f_pentagon", "ptb", "cip", "deactivation")
NEAR_KM = 500.0  # between nearer countries the distance of their middles says nothing about a detour
_EARTH_KM = 6371.0
_NO_END = "9999-12-31"

_CLASS = "[a-z_]+"
_COUNTRY = "[A-Z]{2}"
_PLACE = r"\*|[A-Z]{2}|[A-Z][A-Z_]{2,}"  # everywhere, a country, a region
_CONFIDENCE = {"confidence": ("high", "medium", "low")}
_SOURCED = ("legal_source", "source", "date", "confidence", "note")
_DAYS = {"valid_from": DAY, "valid_to": DAY, "date": DAY}

RULE_TABLES: dict[str, Table] = {
    "regions": Table(
        ("region", "country", "source", "date"),
        ("region", "country"),
        {},
        {"region": "EU|[A-Z][A-Z_]{2,}", "country": _COUNTRY, "date": DAY},
    ),
    "centroids": Table(
        ("country", "latitude", "longitude", "source", "date"),
        ("country",),
        {},
        {"country": _COUNTRY, "latitude": r"-?\d{1,2}(?:\.\d+)?", "longitude": r"-?\d{1,3}(?:\.\d+)?", "date": DAY},
    ),
    "low_value": Table(
        ("jurisdiction", "applies_to", "limit", "currency", "valid_from", "valid_to", *_SOURCED),
        ("jurisdiction", "applies_to", "valid_from"),
        {"applies_to": ("procedure", "duty_relief", "gift_relief"), **_CONFIDENCE},
        {"jurisdiction": _PLACE, "limit": POSITIVE, "currency": "[A-Z]{3}", **_DAYS},
        optional=("valid_to", "note"),
    ),
    "simplified_exclusions": Table(
        ("jurisdiction", "prefix", "goods_class", "valid_from", "valid_to", *_SOURCED),
        ("jurisdiction", "prefix", "goods_class", "valid_from"),
        _CONFIDENCE,
        {"jurisdiction": _PLACE, "prefix": r"\d{2}|\d{4}|\d{6}|\d{8}|\d{10}", "goods_class": _CLASS, **_DAYS},
        optional=("prefix", "goods_class", "valid_to", "note"),
    ),
    "embargoes": Table(
        ("binds", "country", "direction", "goods_classes", "valid_from", "valid_to", *_SOURCED),
        ("binds", "country", "direction", "valid_from"),
        {"direction": ("to", "from"), **_CONFIDENCE},
        {"binds": _PLACE, "country": _COUNTRY, "goods_classes": rf"{_CLASS}(?: {_CLASS})*", **_DAYS},
        optional=("valid_to", "note"),
    ),
    "postal_prohibitions": Table(
        ("country", "direction", "goods_class", "rule", "channel", "valid_from", "valid_to", *_SOURCED),
        ("country", "direction", "goods_class", "channel", "valid_from"),
        {
            "direction": ("import", "export", "both"),
            "rule": ("prohibited", "conditional"),
            "channel": ("postal",),
            **_CONFIDENCE,
        },
        {"country": _PLACE, "goods_class": _CLASS, **_DAYS},
        optional=("valid_to", "note"),
    ),
    "marks": Table(
        ("country", "goods_class", "mark", "valid_from", "valid_to", *_SOURCED),
        ("country", "goods_class", "mark", "valid_from"),
        {"mark": MARKS, **_CONFIDENCE},
        {"country": _PLACE, "goods_class": _CLASS, **_DAYS},
        optional=("valid_to", "note"),
    ),
    "lanes": Table(
        ("origin", "destination", "goods_class", "valid_from", "expires", "source", "date", "confidence", "note"),
        ("origin", "destination", "goods_class", "valid_from"),
        _CONFIDENCE,
        {
            "origin": _PLACE,
            "destination": _PLACE,
            "goods_class": _CLASS,
            "valid_from": DAY,
            "expires": DAY,
            "date": DAY,
        },
        optional=("note",),
    ),
    "carriers": Table(
        ("carrier", "goods_class", "rule", "valid_from", "valid_to", "source", "date", "confidence", "note"),
        ("carrier", "goods_class", "valid_from"),
        {"rule": ("refused", "conditional"), **_CONFIDENCE},
        {"goods_class": _CLASS, **_DAYS},
        optional=("valid_to", "note"),
        may_be_empty=True,
    ),
}
# Columns that name a country or a region, and columns that name one or more classes of goods.
_PLACES = {
    "low_value": ("jurisdiction",),
    "simplified_exclusions": ("jurisdiction",),
    "embargoes": ("binds", "country"),
    "postal_prohibitions": ("country",),
    "marks": ("country",),
    "lanes": ("origin", "destination"),
    "regions": ("country",),
    "centroids": ("country",),
}


def _rule_faults(
    frames: Mapping[str, pl.DataFrame], goods_classes: set[str], countries: set[str], currencies: set[str]
) -> Iterator[str]:
    """What is wrong with tables of a sound form: names that no other table knows, periods that end early."""
    regions = set(frames["regions"]["region"])
    for table, frame in frames.items():
        columns = frame.columns
        for line, row in enumerate(frame.iter_rows(named=True), start=2):
            where = f"tables/{table}.csv: line {line}:"
            for column in _PLACES.get(table, ()):
                if row[column] not in countries | regions | {EVERYWHERE}:
                    yield f"{where} {column} {row[column]!r} is neither a country nor a region of regions.csv"
            classes = [name for c in ("goods_class", "goods_classes") if row.get(c) for name in row[c].split()]
            for name in sorted(set(classes) - goods_classes):
                yield f"{where} {name!r} is no class of goods"
            last = row.get("valid_to") or row.get("expires")
            if last and last < row["valid_from"]:
                yield f"{where} ends before it begins"
            if "prefix" in columns and (row["prefix"] is None) == (row["goods_class"] is None):
                yield f"{where} needs either a prefix or a goods_class"
            if "limit" in columns and row["currency"] not in currencies:
                yield f"{where} no exchange rate is known for {row['currency']}"


def any_known(answers: Iterable[bool | None]) -> bool | None:
    """True when one is, False when each is; else open."""
    open_ = False
    for answer in answers:
        if answer:
            return True
        open_ |= answer is None
    return None if open_ else False


def both_known(one: bool | None, other: bool | None) -> bool | None:
    """False when one is, True when both are; else open."""
    if one is False or other is False:
        return False
    return None if one is None or other is None else True


Row = dict[str, str]


@dataclass(frozen=True, eq=False)
class TradeRules:
    """The rule tables, ready to be asked about one kind of goods on one route on one day.

    Parameters
    ----------
    frames : dict of str to polars.DataFrame
        Tables of `RULE_TABLES`, checked.
    rates : dict of str to list of (str, float)
        Currency → first day of validity and units for one euro, ascending.
    """

    frames: dict[str, pl.DataFrame]
    rates: dict[str, list[tuple[str, float]]]

    @cached_property
    def regions(self) -> dict[str, frozenset[str]]:
        """Region → its countries."""
        found: dict[str, set[str]] = {}
        for region, country in self.frames["regions"].select("region", "country").iter_rows():
            found.setdefault(region, set()).add(country)
        return {region: frozenset(countries) for region, countries in found.items()}

    @cached_property
    def centroids(self) -> dict[str, tuple[float, float]]:
        """Country → latitude and longitude of its middle, degrees."""
        return {r["country"]: (float(r["latitude"]), float(r["longitude"])) for r in self._rows("centroids")}

    def _rows(self, table: str) -> list[Row]:
        return self.frames[table].to_dicts()

    @cached_property
    def _by_class(self) -> dict[str, dict[str, list[Row]]]:
        """Table → class of goods → its rows."""
        found: dict[str, dict[str, list[Row]]] = {}
        for table in ("embargoes", "postal_prohibitions", "marks", "lanes", "simplified_exclusions"):
            of_class = found.setdefault(table, {})
            for row in self._rows(table):
                for name in (row.get("goods_classes") or row.get("goods_class") or "").split():
                    of_class.setdefault(name, []).append(row)
        return found

    def classes(self, table: str) -> list[str]:
        """Classes of goods that a table has rows about."""
        return sorted(self._by_class[table])

    @cached_property
    def carrier_rules(self) -> dict[str, dict[str, list[Row]]]:
        """Folded name of a carrier → class of goods → its rows."""
        found: dict[str, dict[str, list[Row]]] = {}
        for row in self._rows("carriers"):
            found.setdefault(fold_key(row["carrier"]), {}).setdefault(row["goods_class"], []).append(row)
        return found

    @cached_property
    def excluded_prefixes(self) -> tuple[str, ...]:
        """HS prefixes that some jurisdiction excludes from its simplified procedures."""
        return tuple(sorted({r["prefix"] for r in self._rows("simplified_exclusions") if r["prefix"]}))

    @cached_property
    def low_value_places(self) -> list[Row]:
        """Limits of the simplified procedures, the latest first."""
        rows = [r for r in self._rows("low_value") if r["applies_to"] == "procedure"]
        return sorted(rows, key=lambda r: r["valid_from"], reverse=True)

    def within(self, country: str, place: str) -> bool | None:
        """Does a country lie in a place: itself, a region, or everywhere?"""
        if place == EVERYWHERE:
            return True
        if country == UNSTATED:
            return None
        return country in self.regions[place] if place in self.regions else country == place

    def _in_force(self, table: str, goods_class: str, day: str) -> list[Row]:
        return [row for row in self._by_class[table].get(goods_class, []) if in_force(row, day)]

    def embargoed(self, goods_class: str, origin: str, destination: str, transit: str, day: str) -> bool | None:
        """Does a listed embargo forbid such goods on this route? `transit`: country codes with commas between."""
        through = [code for code in transit.split(",") if code]

        def forbids(row: Row) -> bool | None:
            start, end = (origin, destination) if row["direction"] == "to" else (destination, origin)
            bound = any_known(self.within(code, row["binds"]) for code in (start, *through))
            return both_known(self.within(end, row["country"]), bound)

        return any_known(forbids(row) for row in self._in_force("embargoes", goods_class, day))

    def barred_from_post(self, goods_class: str, origin: str, destination: str, day: str) -> bool | None:
        """Are such goods prohibited in the post between the two? None where no row says so."""

        def bars(row: Row) -> bool | None:
            ends = {"import": (destination,), "export": (origin,), "both": (origin, destination)}[row["direction"]]
            return any_known(self.within(end, row["country"]) for end in ends)

        rows = [r for r in self._in_force("postal_prohibitions", goods_class, day) if r["rule"] == "prohibited"]
        return any_known(bars(row) for row in rows) or None

    def mark_missing(self, goods_class: str, destination: str, marks: str, day: str) -> bool | None:
        """Is a mark that the destination asks for absent from the stated marks (with commas between)?"""
        rows = self._in_force("marks", goods_class, day)
        if UNSTATED in (destination, marks):
            return None
        wanted = {row["mark"] for row in rows if self.within(destination, row["country"])}
        return bool(wanted - set(marks.split(","))) if wanted else None

    def lane_reported(self, goods_class: str, origin: str, destination: str, day: str) -> bool | None:
        """Is the lane listed for such goods, and the entry not expired?"""
        rows = self._in_force("lanes", goods_class, day)
        return any_known(
            both_known(self.within(origin, row["origin"]), self.within(destination, row["destination"])) for row in rows
        )

    def excluded_from_simplified(self, goods_class: str, hs: str, destination: str, day: str) -> bool | None:
        """Are such goods closed to the simplified low-value procedures of the destination? None where no row says."""
        of_class = self._in_force("simplified_exclusions", goods_class, day)
        of_code = [r for r in self._prefix_rows if hs.startswith(r["prefix"]) and in_force(r, day)]
        return any_known(self.within(destination, row["jurisdiction"]) for row in (*of_class, *of_code)) or None

    @cached_property
    def _prefix_rows(self) -> list[Row]:
        return [r for r in self._rows("simplified_exclusions") if r["prefix"]]

    def carrier_refuses(self, carrier: str, goods_class: str, day: str) -> bool | None:
        """Does the carrier (folded name) refuse such goods by its published rules?"""
        rows = [r for r in self.carrier_rules.get(carrier, {}).get(goods_class, []) if in_force(r, day)]
        return any(r["rule"] == "refused" for r in rows) if rows else None

    def low_value_limit_eur(self, destination: str, day: str) -> float | None:
        """Highest value of a simplified low-value declaration at the destination on a day, EUR."""
        for row in self.low_value_places:
            if self.within(destination, row["jurisdiction"]) and in_force(row, day):
                per_eur = self._per_eur(row["currency"], day)
                return None if per_eur is None else float(row["limit"]) / per_eur
        return None

    def _per_eur(self, currency: str, day: str) -> float | None:
        if currency == "EUR":
            return 1.0
        known = [rate for first, rate in self.rates.get(currency, []) if first <= day]
        return known[-1] if known else None

    def detour_share(self, origin: str, transit: str, destination: str) -> float | None:
        """How much longer the way over the transit countries is than the direct one, as a share of it."""
        stops = [origin, *(code for code in transit.split(",") if code), destination]
        if any(stop not in self.centroids for stop in stops):
            return None
        direct = self._km(origin, destination)
        if direct < NEAR_KM:
            return None
        return sum(self._km(a, b) for a, b in pairwise(stops)) / direct - 1

    def _km(self, one: str, other: str) -> float:
        """Great-circle distance between the middles of two countries, km."""
        (lat, lon), (lat2, lon2) = (map(math.radians, self.centroids[code]) for code in (one, other))
        half = math.sin((lat2 - lat) / 2) ** 2 + math.cos(lat) * math.cos(lat2) * math.sin((lon2 - lon) / 2) ** 2
        return 2 * _EARTH_KM * math.asin(math.sqrt(min(1.0, half)))


def in_force(row: Mapping[str, str], day: str) -> bool:
    """Does a dated row hold on a day (YYYY-MM-DD)?"""
    return row["valid_from"] <= day <= (row.get("valid_to") or row.get("expires") or _NO_END)


def load_trade_rules(
    sops: Path, goods_classes: Iterable[str], general: Mapping[str, pl.DataFrame]
) -> tuple[TradeRules | None, list[str]]:
    """Read and check the tables of `RULE_TABLES`.

    Parameters
    ----------
    sops : pathlib.Path
        Folder that holds ``tables/``.
    goods_classes : iterable of str
        Classes of goods that there are.
    general : mapping of str to polars.DataFrame
        The tables ``countries`` and ``exchange_rates``, texts as written.

    Returns
    -------
    rules : TradeRules or None
        None when there are faults.
    faults : list of str
        Every fault of every table.
    """
    frames, faults = read_tables(sops, RULE_TABLES)
    if faults or not {"countries", "exchange_rates"} <= general.keys():
        return None, faults
    rates: dict[str, list[tuple[str, float]]] = {}
    for currency, first, per_eur in general["exchange_rates"].select("currency", "valid_from", "per_eur").iter_rows():
        rates.setdefault(currency, []).append((first, float(per_eur)))
    faults = list(_rule_faults(frames, set(goods_classes), set(general["countries"]["code"]), {"EUR", *rates}))
    return None if faults else TradeRules(frames, {name: sorted(known) for name, known in rates.items()}), faults


def ask(key: pl.Expr, answer: Callable[..., bool | float | str | None], dtype: type[pl.DataType]) -> pl.Expr:
    """Ask a rule about every row of a column of keys, each different key once.

    Parameters
    ----------
    key : polars.Expr
        Arguments of `answer` in one text, ``|`` between them (`rule_key`); null: not asked, the answer is null.
    answer : callable
        Takes the parts of the key.
    dtype : polars data type
        Of the answers.
    """

    def look_up(keys: pl.Series) -> pl.Series:
        if keys.null_count() == len(keys):
            return pl.Series(keys.name, [None], dtype=dtype).new_from_index(0, len(keys))
        distinct = keys.drop_nulls().unique()
        found = pl.Series([answer(*key.split("|")) for key in distinct.to_list()], dtype=dtype)
        return keys.replace_strict(distinct, found, default=None, return_dtype=dtype)

    return key.map_batches(look_up, return_dtype=dtype, is_elementwise=True)


def rule_key(*parts: pl.Expr) -> pl.Expr:
    """Arguments of a rule as one text; what is missing is `UNSTATED`."""
    return pl.concat_str([part.fill_null(UNSTATED) for part in parts], separator="|")
