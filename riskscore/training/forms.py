"""References, customs forms and routes: what follows from lane, value and mass."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskscore.training.chance import Flags, Floats, weighted
from riskscore.training.sources import countries, people, traffic

_CN22_KG, _CN22_EUR = 2.0, 350.0
_LOW_VALUE_HOME, _LOW_VALUE_EU = 153.0, 150.0  # 300 KM; the limit of H7
c = pl.col


@dataclass(frozen=True, slots=True)
class Period:
    """When parcels are declared, and what their references begin with."""

    start: date
    days: int
    later: bool
    prefix: str

    @property
    def midnight(self) -> datetime:
        """The first moment of the period."""
        return datetime(self.start.year, self.start.month, self.start.day, tzinfo=UTC)


@dataclass
class Planned:
    """Planned parcels on their way to a form.

    Parameters
    ----------
    rng : numpy.random.Generator
        The source of chance.
    plan, goods : polars.DataFrame
        `PARCEL_PLAN` and `ITEM_PLAN`, items sorted by parcel.
    period : Period
        When they are declared.
    """

    rng: np.random.Generator
    plan: pl.DataFrame
    goods: pl.DataFrame
    period: Period

    def __post_init__(self) -> None:
        self.n = self.plan.height
        self.filled: dict[str, float] = traffic()["filled"]
        self.of_parcel = self.goods["parcel"].to_numpy()

    def share(self, name: str) -> Flags:
        """Which parcels fill a field in."""
        return self.rng.random(self.n) < float(self.filled[name])

    def filled_items(self, name: str) -> pl.Series:
        """Which items fill a field in."""
        return pl.Series(self.rng.random(self.goods.height) < float(self.filled[name]))

    def per_parcel(self, values: Any) -> Floats:
        """Sum over the items of each parcel."""
        return np.bincount(self.of_parcel, values, minlength=self.n).astype(np.float64)


def references(of: Planned, total_eur: Floats, gross: Floats, first_number: int) -> pl.DataFrame:
    """References, forms and routes.

    Parameters
    ----------
    of : Planned
        The parcels.
    total_eur, gross : float64 arrays (n,)
        Value in EUR and gross mass in kg.
    first_number : int
        Of the references.
    """
    rng, plan, n = of.rng, of.plan, of.n
    codes = pl.Series(countries())
    far = np.isin(plan["source"].to_numpy(), _far()) | np.isin(plan["target"].to_numpy(), _far())
    chance = rng.random(n)
    firm = plan["sender_firm"].to_numpy()
    express = (total_eur > 35) & (chance < np.where(firm, np.where(total_eur > 80, 0.7, 0.35), 0.06))
    air = far | (rng.random(n) < np.where(express, 0.5, 0.06))
    small = (gross <= _CN22_KG) & (total_eur <= _CN22_EUR)
    numbers = pl.int_range(first_number, first_number + n, eager=True).cast(pl.String).str.pad_start(8, "0")
    frame = plan.select("direction", "category", "minute").with_columns(
        parcel_id=of.period.prefix + numbers,
        channel=pl.when(pl.Series(express)).then(pl.lit("express")).otherwise(pl.lit("postal")),
        source=codes.gather(plan["source"]),
        target=codes.gather(plan["target"]),
        small=pl.Series(small),
        firm=pl.Series(firm),
        far=pl.Series(far),
        eur=pl.Series(total_eur),
        chance=pl.Series(rng.random(n)),
        declared_at=pl.lit(of.period.midnight) + pl.duration(minutes="minute"),
        **{"route.mode": pl.when(pl.Series(air)).then(pl.lit("air")).otherwise(pl.lit("road"))},
    )
    serial = rng.integers(10_000_000, 99_999_999, n)
    parcel_post = (c("chance") < 0.05, "EE"), (~c("small"), "CP"), (c("category") == "sale", "LX")
    service = pl.coalesce(*(pl.when(when).then(pl.lit(code)) for when, code in parcel_post), pl.lit("RR"))
    post = service + pl.Series(serial).cast(pl.String) + pl.Series(_s10_digit(serial)).cast(pl.String) + c("source")
    postal, home = c("channel") == "postal", c("direction") == "domestic"
    currencies = {code: str(entry["currency"]) for code, entry in people()["countries"].items()}
    usual = c("source").replace_strict(currencies, return_dtype=pl.String)
    stage = {"import": "pre_arrival", "export": "pre_loading", "transit": "arrival", "domestic": "counter"}
    return frame.with_columns(
        item_id=pl.when(postal).then(post),
        waybill=pl.when(~postal).then("SIM" + pl.Series(rng.integers(10**8, 10**9, n)).cast(pl.String)),
        declaration_form=pl.when(home)
        .then(pl.lit("none"))
        .when(~postal)
        .then(pl.lit("invoice"))
        .when("small")
        .then(pl.lit("CN22"))
        .otherwise(pl.lit("CN23")),
        procedure=pl.when(pl.Series(of.share("procedure"))).then(_procedure()),
        stage=pl.when((c("direction") == "export") & ~c("firm"))
        .then(pl.lit("counter"))
        .when((c("direction") == "import") & (c("chance") > 0.7))
        .then(pl.lit("arrival"))
        .otherwise(c("direction").replace_strict(stage, return_dtype=pl.String)),
        decide_by=pl.when(pl.Series(of.share("decide_by"))).then(
            c("declared_at") + pl.when(c("route.mode") == "air").then(timedelta(hours=8)).otherwise(timedelta(hours=30))
        ),
        currency=pl.when(c("chance") < 0.3).then(pl.lit("EUR")).otherwise(usual),
        **_route(of),
    )


def _route(of: Planned) -> dict[str, pl.Expr]:
    """Route columns; offices are made-up offices of a made-up post."""
    rng, n = of.rng, of.n
    hubs = pl.Series(["HU", "BE", "DE", "AT", "RS"]).gather(rng.integers(0, 5, n))
    office = pl.Series(rng.integers(1, 90, n)).cast(pl.String)
    carrier = pl.when(c("channel") == "express").then(pl.lit("Example Express")).otherwise(pl.lit("Example Post"))
    usual = pl.Series(["economy", "standard", "priority"]).gather(weighted(rng, (45, 45, 10), n))
    via = (
        pl.when(c("direction") == "transit")
        .then(pl.lit([traffic()["home"]]))
        .when("far")
        .then(pl.concat_list(pl.lit(hubs)))
    )
    return {
        "route.origin_country": c("source"),
        "route.destination_country": c("target"),
        "route.transit_countries": pl.when(
            (c("direction") == "transit") | pl.Series(of.share("route.transit_countries"))
        ).then(via),
        "route.posting_office": pl.when(pl.Series(of.share("route.posting_office"))).then(
            "Example office " + c("source") + " " + pl.lit(office)
        ),
        "route.destination_office": pl.when(pl.Series(of.share("route.destination_office"))).then(
            "Example office " + c("target") + " " + pl.lit(office.reverse())
        ),
        "route.carrier": pl.when(pl.Series(of.share("route.carrier"))).then(carrier),
        "route.service": pl.when(pl.Series(of.share("route.service"))).then(
            pl.when(c("channel") == "express").then(pl.lit("express")).otherwise(pl.lit(usual))
        ),
    }


def _far() -> list[int]:
    return [countries().index(code) for code in traffic()["far"]]


def _procedure() -> pl.Expr:
    eur = c("eur")
    local = pl.when(eur <= _LOW_VALUE_HOME).then(pl.lit("simplified_low_value")).otherwise(pl.lit("full"))
    abroad = pl.when(eur <= _LOW_VALUE_EU).then(pl.lit("H7")).otherwise(pl.lit("H1"))
    return (
        pl.when(c("direction") == "transit")
        .then(pl.lit("transit"))
        .when(c("direction") == "import")
        .then(local)
        .when((c("direction") == "export") & c("target").is_in(traffic()["eu"]) & (c("category") == "sale"))
        .then(abroad)
    )


def _s10_digit(serials: NDArray[np.int64]) -> NDArray[np.int64]:
    """Check digit of UPU S10 serial numbers."""
    digits = (serials[:, None] // 10 ** np.arange(7, -1, -1)) % 10
    rest = 11 - (digits * np.array([8, 6, 4, 2, 3, 5, 9, 7])).sum(axis=1) % 11
    return np.where(rest == 10, 0, np.where(rest == 11, 5, rest))
