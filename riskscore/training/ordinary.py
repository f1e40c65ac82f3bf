"""What ordinary parcels of a week are: who sends what to whom, before anything is written on a form."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import polars as pl

from riskscore.training.chance import Flags, Floats, Ids, Ints, log_uniform, weighted
from riskscore.training.people import identity
from riskscore.training.sources import TONGUES, Goods, countries, goods, people, traffic

CUES = (
    "new_account",
    "cash",
    "redirected",
    "insured_high",
    "dear_postage",
    "mass_gap",
    "ticked",
    "third_payer",
)
PARCEL_PLAN: dict[str, Any] = {
    "minute": pl.Int64,
    "direction": pl.String,
    "category": pl.String,
    "source": pl.Int64,
    "target": pl.Int64,
    "sender": pl.UInt64,
    "recipient": pl.UInt64,
    "sender_firm": pl.Boolean,
    "recipient_firm": pl.Boolean,
    "tongue": pl.String,
    "pattern": pl.String,
    "illicit": pl.Int8,
    "noncompliant": pl.Int8,
    "obvious": pl.Int8,
    "kit": pl.String,
    "case": pl.Int64,
    "insured_times": pl.Float64,
    **{f"cue_{cue}": pl.Boolean for cue in CUES},
}
ITEM_PLAN: dict[str, Any] = {
    "parcel": pl.Int64,
    "text": pl.String,
    "hs_code": pl.String,
    "family": pl.String,
    "count": pl.Int64,
    "eur": pl.Float64,
    "kg": pl.Float64,
    "length": pl.Float64,
    "width": pl.Float64,
    "height": pl.Float64,
    "as_it_stands": pl.Boolean,
    "marks": pl.List(pl.String),
}
_ITEMS = {"gift": (0.6, 0.22, 0.12, 0.06), "sale": (0.85, 0.1, 0.035, 0.015)}
_HOME_PEOPLE, _PEOPLE, _FIRMS = 1_100_000, 150_000, 9_000  # of whom anybody sends or receives parcels
# Day of the week (Monday first) and hour of the day in which parcels are declared, as weights
_DAYS = (17, 16, 16, 16, 15, 11, 9)
_HOURS = (1, 1, 1, 1, 1, 2, 4, 7, 10, 12, 12, 11, 10, 10, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1)


@dataclass(frozen=True, slots=True)
class Sort:
    """One sort of parcels of traffic.yml."""

    direction: str
    category: str
    firms: tuple[float, float]
    sources: Ints
    targets: Ints
    weights: Floats
    kinds: Ints
    kind_weights: Floats
    likes: Ints
    like_weights: Floats
    cheap: float


def lane_of(lane: str) -> tuple[int, int]:
    """Positions of the two countries of ``"CN>*"``."""
    home, codes = traffic()["home"], countries()
    source, target = (codes.index(home if code == "*" else code) for code in lane.split(">"))
    return source, target


@cache
def sorts(later: bool) -> dict[str, Sort]:
    """The sorts of parcels, with their lanes and goods as columns."""
    stock = goods(later)
    made = {}
    for name, entry in traffic()["sorts"].items():
        lanes = [lane_of(lane) for lane in entry["lanes"]]
        here = np.array([bool(set(entry["goods"]) & set(where)) for where in stock.where]) & (stock.how_many[:, 0] > 0)
        alike = stock.family.is_not_null().to_numpy()
        kinds, likes = np.flatnonzero(here & ~alike), np.flatnonzero(here & alike)
        wanted = stock.weight * np.where(entry.get("dear", False), stock.eur.mean(axis=1) ** 1.8, 1.0)
        made[name] = Sort(
            direction=entry["direction"],
            category=entry["category"],
            firms=(float(entry["firms"][0]), float(entry["firms"][1])),
            sources=np.array([source for source, _ in lanes]),
            targets=np.array([target for _, target in lanes]),
            weights=np.array([float(w) for w in entry["lanes"].values()]),
            kinds=kinds,
            kind_weights=wanted[kinds],
            likes=likes if len(likes) else kinds,
            like_weights=wanted[likes if len(likes) else kinds],
            cheap=2.6 if entry.get("far") else 0.8 if entry.get("dear") else 1.3,
        )
    return made


def minutes(rng: np.random.Generator, n: int, days: int, weekday: int) -> Ints:
    """Minutes since the first midnight at which parcels are declared.

    Parameters
    ----------
    weekday : int
        Of the first day, Monday being 0.
    """
    day = weighted(rng, [_DAYS[(weekday + d) % 7] for d in range(days)], n)
    hour = weighted(rng, _HOURS, n)
    return day * 1440 + hour * 60 + rng.integers(0, 60, n)


def known_party(rng: np.random.Generator, country: Ints, firm: Flags) -> Ids:
    """Parties of the simulated population: most people come once, shops and some people again and again."""
    n = len(country)
    home = country == countries().index(traffic()["home"])
    everybody = np.where(home, _HOME_PEOPLE, _PEOPLE)
    person = np.where(rng.random(n) < 0.88, rng.random(n) * everybody, log_uniform(rng, 40_000, n)).astype(np.uint64)
    return identity(country, firm, np.where(firm, log_uniform(rng, _FIRMS, n), person))


@cache
def _tongue_weights() -> Floats:
    data = people()["countries"]
    return np.array([[float(data[code]["tongues"].get(t, 0)) for t in TONGUES] for code in countries()])


def tongues(rng: np.random.Generator, source: Ints, private: Flags) -> Ints:
    """Positions in `TONGUES`: what is usual where the sender is; relatives abroad often write their own language."""
    weights = _tongue_weights()[source]
    ends = np.cumsum(weights, axis=1)
    drawn = (ends < rng.random(len(source))[:, None] * ends[:, -1:]).sum(axis=1)
    home = countries().index(traffic()["home"])
    own = private & (source != home) & (rng.random(len(source)) < 0.25)
    return np.where(own & (weights[:, TONGUES.index("bs")] > 0), TONGUES.index("bs"), drawn)


def ordinary(
    rng: np.random.Generator, n: int, *, days: int, weekday: int, lookalike_share: float, later: bool
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Plan n ordinary parcels.

    Parameters
    ----------
    rng : numpy.random.Generator
        The source of chance.
    lookalike_share : float
        Share of items whose words look like controlled goods.
    later : bool
        With the phrases of later periods.

    Returns
    -------
    tuple of polars.DataFrame
        `PARCEL_PLAN` and `ITEM_PLAN`.
    """
    every = list(sorts(later).values())
    stock = goods(later)
    drawn = weighted(rng, [float(s["share"]) for s in traffic()["sorts"].values()], n)
    source, target = np.zeros(n, np.int64), np.zeros(n, np.int64)
    firms = np.zeros((n, 2), np.bool_)
    lines = np.ones(n, np.int64)
    for number, entry in enumerate(every):
        mine = np.flatnonzero(drawn == number)
        lane = weighted(rng, entry.weights, len(mine))
        source[mine], target[mine] = entry.sources[lane], entry.targets[lane]
        firms[mine] = rng.random((len(mine), 2)) < entry.firms
        lines[mine] = 1 + weighted(rng, _ITEMS["gift" if entry.category == "gift" else "sale"], len(mine))
    tongue = tongues(rng, source, ~firms[:, 0])
    category = pl.Series([s.category for s in every]).gather(drawn)
    category = _other_category(rng, category, firms[:, 0])
    parcels = _with_defaults(
        {
            "minute": minutes(rng, n, days, weekday),
            "direction": pl.Series([s.direction for s in every]).gather(drawn),
            "category": category,
            "source": source,
            "target": target,
            "sender": known_party(rng, source, firms[:, 0]),
            "recipient": known_party(rng, target, firms[:, 1]),
            "sender_firm": firms[:, 0],
            "recipient_firm": firms[:, 1],
            "tongue": pl.Series(TONGUES).gather(tongue),
        },
        PARCEL_PLAN,
        {"pattern": "ordinary", "illicit": 0, "noncompliant": 0, "obvious": 0, **{f"cue_{c}": False for c in CUES}},
    )
    parcel = np.repeat(np.arange(n), lines)
    return parcels, _items(rng, stock, every, drawn[parcel], parcel, tongue[parcel], lookalike_share)


def _items(
    rng: np.random.Generator,
    stock: Goods,
    every: list[Sort],
    sort: Ints,
    parcel: Ints,
    tongue: Ints,
    lookalike_share: float,
) -> pl.DataFrame:
    m = len(parcel)
    kind = np.zeros(m, np.int64)
    power = np.ones(m)
    alike = rng.random(m) < lookalike_share
    for number, entry in enumerate(every):
        for is_alike, kinds, weights in (
            (False, entry.kinds, entry.kind_weights),
            (True, entry.likes, entry.like_weights),
        ):
            mine = np.flatnonzero((sort == number) & (alike == is_alike))
            kind[mine] = kinds[weighted(rng, weights, len(mine))]
            power[mine] = entry.cheap
    phrase = stock.first[kind, tongue] + (rng.random(m) * stock.how_many[kind, tongue]).astype(np.int64)
    count = np.where(rng.random(m) < 0.66, 1, 1 + (rng.random(m) * stock.most[kind]).astype(np.int64))
    low, high = stock.eur[kind, 0], stock.eur[kind, 1]
    # far shops sell below the prices of the region, and what relatives send is put down for less
    cheap = np.where(power > 2, 0.4, np.where(power > 1, 0.6, 1.0))
    eur = cheap * low * (high / low) ** (rng.random(m) ** power)
    kg = stock.kg[kind, 0] + (stock.kg[kind, 1] - stock.kg[kind, 0]) * rng.random(m)
    size = stock.size[kind]
    return _with_defaults(
        {
            "parcel": parcel,
            "text": stock.phrases.gather(phrase),
            "hs_code": stock.hs_code.gather(kind),
            "family": stock.family.gather(kind),
            "count": count,
            "eur": np.maximum(eur, 0.2),
            "kg": kg,
            "length": size[:, 0],
            "width": size[:, 1],
            "height": size[:, 2] * count,
        },
        ITEM_PLAN,
        {"as_it_stands": False},
    )


def _other_category(rng: np.random.Generator, category: pl.Series, firm: Flags) -> pl.Series:
    chance = rng.random(len(category))
    return pl.select(
        pl.when(pl.lit(category) == "documents")
        .then(pl.lit(category))
        .when(pl.lit(chance) < 0.012)
        .then(pl.lit("returned"))
        .when((pl.lit(chance) < 0.03) & pl.lit(firm))
        .then(pl.lit("sample"))
        .when(pl.lit(chance) < 0.045)
        .then(pl.lit("other"))
        .otherwise(pl.lit(category))
        .alias("category")
    ).to_series()


def _with_defaults(columns: dict[str, Any], schema: dict[str, Any], defaults: dict[str, Any]) -> pl.DataFrame:
    frame = pl.DataFrame(columns)
    missing = [
        pl.lit(defaults.get(name), dtype=dtype).alias(name) for name, dtype in schema.items() if name not in columns
    ]
    return frame.with_columns(missing).select([pl.col(name).cast(dtype) for name, dtype in schema.items()])
