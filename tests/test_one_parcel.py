"""The same parcel gets the same answer, bit for bit: alone, in any batch, in any order, on any thread."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import orjson
import polars as pl
import pytest
from factory import (
    AS_OF,
    Record,
    assessed,
    item,
    manifest_records,
    pack_parcels,
    parcel,
    record,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from riskscore.assess import Assessed, Engine, assess
from riskscore.schema import Tables, tables_from_records


def parcel_bytes(result: Assessed, rows: list[int]) -> list[bytes]:
    """Whole assessments as JSON, without the courier's reference."""
    return [orjson.dumps({**d, "parcel_id": ""}) for d in result.documents(rows)]


def score_records(records: list[Record], engine: Engine) -> Assessed:
    return assess(tables_from_records(records), engine, as_of=AS_OF)


# Figures that lie on a threshold to the last bit, where another way to divide would be another answer.
ON_THE_EDGE = [
    parcel(
        item("glass", hs_code="8523.00"), gross_mass_kg=70.95, dims_cm__length=5, dims_cm__width=86, dims_cm__height=110
    ),
    parcel("Shoes", gross_mass_kg=2.5, measured_mass_kg=3.0),
    parcel(item("Shoes", net_mass_kg=1.1), gross_mass_kg=1),
    parcel("Shoes", postage=0.5, total_value=0.1, currency="BAM"),
    parcel("Shoes", insured_value=0.3, total_value=0.1, currency="BAM"),
    parcel("Shoes", declared_at="2026-08-18T12:00:00Z"),
]


@pytest.fixture(scope="module")
def records() -> list[Record]:
    edge = [record(p) for p in ON_THE_EDGE]
    packs = [record(p) for _, p in pack_parcels()]
    return [{**r, "parcel_id": f"P-{n}"} for n, r in enumerate([*edge, *packs, *manifest_records()[:150]])]


@pytest.fixture(scope="module")
def together(records: list[Record], engine: Engine) -> list[bytes]:
    return parcel_bytes(score_records(records, engine), list(range(len(records))))


def test_one_by_one(records: list[Record], together: list[bytes], engine: Engine) -> None:
    chosen = [*range(len(ON_THE_EDGE)), *range(len(ON_THE_EDGE), len(records), 6)]
    differ = [n for n in chosen if parcel_bytes(score_records([records[n]], engine), [0]) != [together[n]]]
    assert not differ


@pytest.mark.parametrize("size", [7, 64])
def test_in_batches(size: int, records: list[Record], together: list[bytes], engine: Engine) -> None:
    for first in range(0, min(len(records), 30 * size), size):
        some = records[first : first + size]
        found = parcel_bytes(score_records(some, engine), list(range(len(some))))
        assert found == together[first : first + size], first


def test_among_fifty_thousand(records: list[Record], together: list[bytes], engine: Engine) -> None:
    size = 50_000
    typed = tables_from_records(records)
    times = size // len(records) + 1
    n = len(records)
    parcels = pl.concat([typed.parcels] * times)
    parcels = parcels.with_columns(parcel_id=pl.format("Q-{}", pl.int_range(parcels.height)))[:size]
    items = pl.concat([typed.items.with_columns((pl.col("parcel") + k * n).cast(pl.UInt32)) for k in range(times)])
    result = assess(Tables(parcels, items.filter(pl.col("parcel") < size)), engine, as_of=AS_OF)
    rows = [*range(0, n, 2), *range(size - n, size, 3)]
    assert parcel_bytes(result, rows) == [together[row % n] for row in rows]


@pytest.mark.parametrize("threads", [1, 2, 3, 4])
def test_on_threads(threads: int, records: list[Record], together: list[bytes], engine: Engine) -> None:
    parts = [records[first : first + 40] for first in range(0, len(records), 40)]

    def work(part: list[Record]) -> list[bytes]:
        return parcel_bytes(score_records(part, engine), list(range(len(part))))

    with ThreadPoolExecutor(threads) as pool:
        found = [d for part in pool.map(work, parts) for d in part]
    assert found == together


def test_in_any_order(records: list[Record], together: list[bytes], engine: Engine) -> None:
    order = np.random.default_rng(5).permutation(len(records)).tolist()
    found = parcel_bytes(score_records([records[n] for n in order], engine), list(range(len(order))))
    assert found == [together[n] for n in order]


def test_asking_twice_and_asking_for_a_few(records: list[Record], together: list[bytes], engine: Engine) -> None:
    result = score_records(records, engine)
    rows = [5, 2, 2, len(records) - 1]
    assert parcel_bytes(result, rows) == parcel_bytes(result, rows) == [together[n] for n in rows]


def test_a_reference_changes_nothing(records: list[Record], together: list[bytes], engine: Engine) -> None:
    other = [{**r, "parcel_id": f"Ω {n} {'x' * (n % 50)}"} for n, r in enumerate(records[:60])]
    assert parcel_bytes(score_records(other, engine), list(range(60))) == together[:60]


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 60), st.integers(1, 20_000))
@settings(max_examples=60)
def test_a_figure_on_its_own_and_in_company(a: int, b: int, c: int, grams: int) -> None:
    nested = parcel(
        item("x", hs_code="0902.10", net_mass_kg=grams / 900, quantity=3),
        gross_mass_kg=grams / 1000,
        postage=a / 7,
        measured_mass_kg=grams / 833,
        dims_cm__length=a,
        dims_cm__width=b,
        dims_cm__height=c,
        total_value=b / 9,
        insured_value=c / 3,
        currency="BAM",
        declared_at=f"2026-10-{1 + a % 30:02d}T{b % 24:02d}:{c % 60:02d}:00Z",
    )
    alone, among = assessed(nested), assessed(nested, parcel("Shoes"), nested)
    for name in alone.facts.parcels.columns:
        if alone.facts.parcels[name].dtype.is_float():
            assert alone.facts.parcels[name][0] == among.facts.parcels[name][0] == among.facts.parcels[name][2], name
