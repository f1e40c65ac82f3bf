"""Many simulated parcels of raised rates: every ledger adds up, and no batch size or number of threads shows."""

from __future__ import annotations

from itertools import islice

import polars as pl
import pytest
from factory import the_engine

from benchmarks.ledgers import parcels_in_batches, written, wrong_ledgers
from benchmarks.manifests import AS_OF
from riskscore.assess import Assessed, assess
from riskscore.training.simulate import Mix
from riskscore.training.train_run import RAISED

MANY, FEW, SEED = 20_000, 500, 6
MIX = Mix(**RAISED)
TELLING = Mix(illicit_per_million=300_000, gaps_per_million=300_000)  # few parcels, so most of them have reasons


@pytest.fixture(scope="module")
def many() -> Assessed:
    (tables,) = parcels_in_batches(MANY, MANY, seed=SEED, mix=MIX)
    return assess(tables, the_engine(), as_of=AS_OF)


@pytest.fixture(scope="module")
def flat(many: Assessed) -> pl.DataFrame:
    return many.flat()


def lines(batch: int, threads: int, most: int, mix: Mix = TELLING) -> list[bytes]:
    """Explained parcels as JSON Lines: the first ``most`` of the few, scored in batches."""
    batches = islice(parcels_in_batches(FEW, batch, seed=SEED, mix=mix), -(-most // batch))
    return b"".join(written(batches, the_engine(), AS_OF, threads)).splitlines()


@pytest.fixture(scope="module")
def whole() -> list[bytes]:
    return lines(50_000, 1, FEW)


def test_every_ledger_adds_up(flat: pl.DataFrame) -> None:
    assert flat.height == MANY
    assert wrong_ledgers(flat).rows() == []


def test_there_is_much_to_add_up(many: Assessed, flat: pl.DataFrame) -> None:
    assert 300 < many.flagged.sum() < MANY / 2
    kinds = flat["reasons"].explode().drop_nulls().struct.field("kind").value_counts()
    counted = dict(kinds.iter_rows())
    assert counted["indicator"] > 3_000
    assert counted["cap"] > 20


def test_wording_all_changes_no_points(many: Assessed, flat: pl.DataFrame) -> None:
    scores = ["parcel_id", "score", "compliance_score", "band"]
    full = many.flat("full")
    assert full.select(scores).equals(flat.select(scores))
    points = pl.col("reasons").list.eval(pl.element().struct.field("points"))
    assert full.select(points).equals(flat.select(points))


@pytest.mark.parametrize(
    "spoilt",
    [
        pl.col("score") + 1e-6,
        pl.col("compliance_score") - 1e-6,
        pl.col("base_points") + 1.0,
        pl.lit(None, pl.Float64).alias("score"),
        pl.lit(float("nan")).alias("compliance_score"),
        pl.col("reasons").list.slice(1),
        pl.lit([], pl.List(pl.Null)).alias("reasons"),
    ],
    ids=lambda spoilt: str(spoilt)[:40],
)
def test_a_ledger_that_is_off_is_found(flat: pl.DataFrame, spoilt: pl.Expr) -> None:
    flagged = flat.filter(pl.col("band") != "clear").head(50)
    assert wrong_ledgers(flagged).height == 0
    off = flagged.with_columns(spoilt.cast(flagged.schema[spoilt.meta.output_name()]))
    assert wrong_ledgers(off)["parcel_id"].to_list() == off["parcel_id"].to_list()


# A batch costs about the same whether it holds one parcel or a hundred, so the smallest ones hold only the first.
@pytest.mark.parametrize(("batch", "most"), [(1, 20), (7, 105), (64, FEW)])
def test_the_bytes_are_those_of_one_batch(whole: list[bytes], batch: int, most: int) -> None:
    assert len(whole) == FEW
    assert lines(batch, 2, most) == whole[:most]


@pytest.mark.parametrize("threads", [1, 2, 3, 4])
def test_the_bytes_are_those_of_one_thread(whole: list[bytes], threads: int) -> None:
    assert lines(125, threads, FEW) == whole


def test_other_parcels_are_other_bytes(whole: list[bytes]) -> None:
    assert lines(50_000, 1, FEW, MIX) != whole
    assert len(set(whole)) == FEW
