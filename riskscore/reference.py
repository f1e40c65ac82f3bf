"""The reference tables of a sops folder, read once: countries, tariff, currencies, rates, units, licences, density."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskscore.address_rules import AddressRules, load_address_rules
from riskscore.errors import SopError
from riskscore.goods_bands import GoodsBands, load_goods_bands
from riskscore.keys import fold_key_expr
from riskscore.table_files import DAY, POSITIVE, Table, read_tables
from riskscore.trade_rules import TradeRules, load_trade_rules

HS_CLASSES = (
    "firearm",
    "military_weapon",
    "firearm_part",
    "ammunition",
    "ammunition_tool",
    "explosive",
    "airgun",
    "alarm",
    "optics",
    "edged_weapon",
    "toy",
    "sport",
    "filter",
    "hardware",
    "vehicle_part",
    "furniture_fitting",
    "tool",
    "apparatus",
    "print",
    "case",
    "plastics",
    "antique",
    "clothing",
)
GOODS_CLASSES = (
    "firearm",
    "essential_part",
    "part",
    "ammunition",
    "ammunition_component",
    "explosive",
    "suppressor",
    "conversion_device",
    "alarm",
    "airgun",
    "airsoft",
    "optics",
    "other",
)

HS_LENGTHS = (4, 6, 8, 10, 12)  # a heading; a subheading; CN 8, TARIC 10, the Turkish tariff 12
_HEADINGS_FROM = 1_000_000  # headings follow the subheadings in the lookup of codes


TABLES: dict[str, Table] = {
    "countries": Table(
        ("name", "code", "language", "source", "date"), ("name", "code"), {}, {"code": "[A-Z]{2}", "date": DAY}
    ),
    "hs2022": Table(("code", "source", "date"), ("code",), {}, {"code": r"\d{4}|\d{6}", "date": DAY}),
    "currencies": Table(("code", "name", "source", "date"), ("code",), {}, {"code": "[A-Z]{3}", "date": DAY}),
    "exchange_rates": Table(
        ("currency", "per_eur", "valid_from", "source"),
        ("currency", "valid_from"),
        {},
        {"currency": "[A-Z]{3}", "per_eur": POSITIVE, "valid_from": DAY},
    ),
    "units": Table(("unit", "unit_class", "language", "source", "date"), ("unit", "unit_class"), {}, {"date": DAY}),
    "tariff": Table(
        ("prefix", "hs_class", "goods_class", "description", "source", "date"),
        ("prefix",),
        {"hs_class": HS_CLASSES, "goods_class": GOODS_CLASSES},
        {"prefix": r"\d{2}|\d{4}|\d{6}|\d{8}|\d{10}", "date": DAY},
    ),
    "licences": Table(
        (
            "jurisdiction",
            "goods_class",
            "direction",
            "licence_needed",
            "authority",
            "legal_source",
            "source",
            "date",
            "confidence",
            "note",
        ),
        ("jurisdiction", "goods_class", "direction"),
        {
            "goods_class": GOODS_CLASSES,
            "direction": ("import", "export", "transit"),
            "licence_needed": ("yes", "no"),
            "confidence": ("high", "medium", "low"),
        },
        {"jurisdiction": "[A-Z]{2}", "date": DAY},
        optional=("authority", "note"),
    ),
    "density": Table(
        ("prefix", "max_kg_per_litre", "goods", "source", "date"),
        ("prefix",),
        {},
        {"prefix": r"\d{2}|\d{4}|\d{6}", "max_kg_per_litre": POSITIVE, "date": DAY},
    ),
}


@dataclass(frozen=True, slots=True, eq=False)
class Rates:
    """Exchange rates as a grid: one row per currency, one column per day on which some rate changed.

    Parameters
    ----------
    row_of : int array (46656,)
        Row of a currency by its code read as a number in base 36, -1 for none: an array is looked up five times faster
        than a join when one parcel is scored.
    days : datetime64[D] array (d,)
        Ascending: the first day of each column.
    per_eur : float array (c, d)
        Units of the currency for one euro; NaN before its first rate.
    """

    row_of: NDArray[np.int64]
    days: NDArray[np.datetime64]
    per_eur: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """Everything that is looked up while parcels are normalised and judged.

    Parameters
    ----------
    countries : dict of str to str
        Folded country name or code (`fold_key`) → ISO 3166-1 alpha-2 or XK; ambiguous names are absent.
    country_codes : frozenset of str
        ISO 3166-1 alpha-2 codes and XK.
    currencies : frozenset of str
        ISO 4217 codes in use, and a few historical ones that still turn up.
    rates : Rates
        Exchange rates to the euro.
    hs_codes : bool array
        The codes that exist, looked up by `hs_exists`.
    units : dict of str to str
        Folded unit → class of unit.
    tariff, licences, density : polars.DataFrame
        The tables of the same names, texts as written, ``max_kg_per_litre`` Float64.
    addresses : AddressRules
        Postcodes, calling codes and party words.
    bands : GoodsBands
        What ordinary goods cost and weigh, and which codes are far from an everyday noun.
    """

    countries: dict[str, str]
    country_codes: frozenset[str]
    currencies: frozenset[str]
    rates: Rates
    hs_codes: NDArray[np.bool_]
    units: dict[str, str]
    tariff: pl.DataFrame
    licences: pl.DataFrame
    density: pl.DataFrame
    addresses: AddressRules
    bands: GoodsBands
    rules: TradeRules

    def hs_exists(self, number: NDArray[np.int64], length: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which codes exist: a heading by its four digits, any longer code by its first six.

        Parameters
        ----------
        number, length : int arrays (n,)
            The digits read as a number, and how many they are with leading zeros; of other lengths than `HS_LENGTHS`
            none exists.
        """
        usable = np.isin(length, HS_LENGTHS) & (number >= 0)
        six = number // 10 ** np.where(usable, np.maximum(length - 6, 0), 0)
        place = np.where(length == 4, number + _HEADINGS_FROM, six)
        return usable & self.hs_codes[np.where(usable, place, 0)]


def load_reference(sops: Path) -> Reference:
    """Read and check the reference tables of a sops folder.

    Parameters
    ----------
    sops : pathlib.Path
        Folder that holds ``tables/``.

    Raises
    ------
    SopError
        With every fault of every table: file, row (the header is line 1) and column.
    """
    frames, faults = read_tables(sops, TABLES)
    addresses, more = load_address_rules(sops)
    bands, wrong_bands = load_goods_bands(sops, HS_CLASSES)
    rules, wrong_rules = load_trade_rules(sops, GOODS_CLASSES, frames)
    faults += more + wrong_bands + wrong_rules
    if faults or addresses is None or bands is None or rules is None:
        raise SopError(faults)
    countries = frames["countries"]
    units = _folded(frames["units"], "unit", "unit_class")
    clashes = units.filter(pl.col("folded").is_duplicated())["folded"].unique(maintain_order=True)
    faults += [f"tables/units.csv: {unit!r} stands for more than one class" for unit in clashes]
    unnamed = frames["exchange_rates"].filter(~pl.col("currency").is_in(frames["currencies"]["code"].to_list()))
    faults += [f"tables/exchange_rates.csv: {code} is not in currencies.csv" for code in unnamed["currency"].unique()]
    if faults:
        raise SopError(faults)
    # a name that two countries share says nothing
    names = _folded(countries, "name", "code").filter(~pl.col("folded").is_duplicated())
    return Reference(
        countries=dict(names.iter_rows()),
        country_codes=frozenset(countries.filter(pl.col("language") == "alpha-2")["code"]),
        currencies=frozenset(frames["currencies"]["code"]),
        rates=_rates(frames["exchange_rates"]),
        hs_codes=_hs_codes(frames["hs2022"]["code"]),
        units=dict(units.iter_rows()),
        tariff=frames["tariff"],
        licences=frames["licences"],
        density=frames["density"].with_columns(pl.col("max_kg_per_litre").cast(pl.Float64)),
        addresses=addresses,
        bands=bands,
        rules=rules,
    )


def _folded(frame: pl.DataFrame, key: str, value: str) -> pl.DataFrame:
    """Folded keys with their values, each pair once."""
    return frame.select(fold_key_expr(pl.col(key)).alias("folded"), value).unique(maintain_order=True)


def _hs_codes(codes: pl.Series) -> NDArray[np.bool_]:
    number = codes.str.to_integer().to_numpy()
    exists = np.zeros(_HEADINGS_FROM + 10_000, dtype=bool)
    exists[np.where(codes.str.len_bytes().to_numpy() == 4, number + _HEADINGS_FROM, number)] = True
    return exists


def _rates(table: pl.DataFrame) -> Rates:
    row_of = np.full(36**3, -1)
    codes, rows = np.unique(table["currency"].str.to_integer(base=36).to_numpy(), return_inverse=True)
    row_of[codes] = np.arange(len(codes))
    days, columns = np.unique(table["valid_from"].str.to_date().to_numpy(), return_inverse=True)
    grid = np.full((len(codes), len(days)), np.nan)
    grid[rows, columns] = table["per_eur"].cast(pl.Float64).to_numpy()
    last_known = np.maximum.accumulate(np.where(np.isnan(grid), 0, np.arange(len(days))), axis=1)
    return Rates(row_of, days, np.take_along_axis(grid, last_known, axis=1))  # a rate holds until the next one
