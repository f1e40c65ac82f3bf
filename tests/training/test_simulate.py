"""Simulated manifests: the same every time, rare things as rare as said, gaps in the data that give nothing away."""

from __future__ import annotations

import csv
import re
from datetime import date, datetime
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from factory import ROOT, the_engine
from polars.testing import assert_frame_equal

from riskscore.assess import assess
from riskscore.errors import RiskscoreError
from riskscore.formats import open_manifest
from riskscore.schema import Tables, item_schema, parcel_schema
from riskscore.training import simulate
from riskscore.training.simulate import LABELS, Mix, simulate_files, simulated
from riskscore.training.sources import goods, pattern_file

RICH = Mix(illicit_per_million=60_000, gaps_per_million=40_000, open_per_million=4_000, licit_arms_per_million=4_000)
N = 12_000
SLIPS = ("vague_description", "wrong_code", "placeholder_code", "code_missing", "mass_mismatch", "net_over_gross")
RATES = {"EUR": 1.0, "USD": 1.12, "BAM": 1.95583, "CHF": 0.94, "SEK": 11.2, "GBP": 0.86, "CZK": 25.0, "PLN": 4.3}


@cache
def usual() -> tuple[Tables, pl.DataFrame]:
    """Parcels at the usual rates."""
    return next(simulated(N, seed=11))


@cache
def rich() -> tuple[Tables, pl.DataFrame]:
    """Parcels with many cases among them."""
    return next(simulated(N, seed=12, mix=RICH))


def joined(made: tuple[Tables, pl.DataFrame]) -> pl.DataFrame:
    return made[0].parcels.join(made[1], on="parcel_id", maintain_order="left")


def with_parcels(made: tuple[Tables, pl.DataFrame]) -> pl.DataFrame:
    """Items with the fields and labels of their parcels."""
    parcels = joined(made).with_row_index("parcel")
    return made[0].items.join(parcels, on="parcel", maintain_order="left")


def within(found: int, expected: float) -> bool:
    """As far from what is expected as chance may bring it (five standard deviations)."""
    return abs(found - expected) <= 5 * np.sqrt(expected) + 1


def test_tables_are_typed_and_labels_fit() -> None:
    for tables, labels in (usual(), rich()):
        extra = {"unreadable": pl.List(pl.String), "contradictory": pl.List(pl.String)}
        assert tables.parcels.schema == {**parcel_schema(), **extra}
        assert tables.items.schema == item_schema()
        assert labels.schema == LABELS
        assert tables.parcels["parcel_id"].to_list() == labels["parcel_id"].to_list()
        assert labels["parcel_id"].str.starts_with("SIM").all()
        assert labels["parcel_id"].is_unique().all()
        assert tables.items["parcel"].is_sorted()
        assert set(tables.items["parcel"]) == set(range(N))
        assert labels["pattern"].null_count() == 0


def test_the_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    files = []
    for name in ("a", "b"):
        simulate_files(1_500, str(tmp_path / f"{name}.parquet"), labels=str(tmp_path / f"{name}.csv"), seed=3, mix=RICH)
        files.append(((tmp_path / f"{name}.parquet").read_bytes(), (tmp_path / f"{name}.csv").read_bytes()))
    assert files[0] == files[1]
    simulate_files(1_500, str(tmp_path / "c.parquet"), seed=4, mix=RICH)
    assert (tmp_path / "c.parquet").read_bytes() != files[0][0]


def test_batches_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulate, "BLOCK", 400)
    whole = list(simulated(1_000, seed=5, mix=RICH, batch=1_000))
    parts = list(simulated(1_000, seed=5, mix=RICH, batch=333))
    assert [labels.height for _, labels in whole] == [1_000]
    assert [labels.height for _, labels in parts] == [333, 333, 333, 1]
    assert whole[0][1]["parcel_id"].is_unique().all()
    assert_frame_equal(pl.concat([labels for _, labels in parts]), whole[0][1])
    assert_frame_equal(pl.concat([tables.parcels for tables, _ in parts]), whole[0][0].parcels)
    columns = [name for name in item_schema() if name != "parcel"]
    assert_frame_equal(pl.concat([t.items for t, _ in parts]).select(columns), whole[0][0].items.select(columns))
    for tables, _ in parts:
        assert set(tables.items["parcel"]) == set(range(tables.parcels.height))


def test_rare_things_come_as_often_as_said() -> None:
    labels = rich()[1]
    cases = {kind: set(pattern_file()[kind]) for kind in ("illicit", "gaps", "open", "licit_arms")}
    counts = {kind: labels.filter(pl.col("pattern").is_in(list(names))).height for kind, names in cases.items()}
    # parcels of a kit come together, which makes their number vary more
    assert abs(counts["illicit"] - 0.06 * N) < 8 * np.sqrt(0.06 * N)
    assert counts["illicit"] == labels["illicit"].sum()
    assert within(counts["gaps"], 0.04 * N)
    assert within(counts["open"], 0.004 * N)
    assert within(counts["licit_arms"], 0.004 * N)
    assert set(labels.filter(pl.col("illicit") == 1)["pattern"]) == cases["illicit"]
    gaps = labels.filter(pl.col("pattern").is_in(list(cases["gaps"])))
    assert gaps["noncompliant"].min() == 1


def test_the_usual_mix() -> None:
    labels = usual()[1]
    assert labels["illicit"].sum() <= 8  # 20 in a million
    assert 0.04 <= labels["noncompliant"].mean() <= 0.06  # type: ignore[operator]
    alike = usual()[0].items.height * 0.03
    assert within(labels.filter(pl.col("pattern").str.starts_with("lookalike:")).height, alike * 0.93)
    items = usual()[0].items.height / N
    assert 1.2 <= items <= 1.4
    none = next(simulated(3_000, seed=1, mix=Mix(0, 0, 0, 0, 0, 0)))[1]
    assert set(none["pattern"]) <= {"ordinary", "code_missing"}  # what is due and missing stays a gap of the form


def test_values_and_codes_are_those_of_small_parcels() -> None:
    items = with_parcels(usual()).with_columns(
        eur=pl.col("item.value") / pl.col("currency").replace_strict(RATES, return_dtype=pl.Float64)
    )
    low = items.filter((pl.col("direction") == "import") & (pl.col("procedure") == "simplified_low_value"))
    assert 4 < low["eur"].mean() < 9  # type: ignore[operator]
    assert 0.65 < items.filter(pl.col("category") == "sale")["item.hs_code"].is_not_null().mean() < 0.78  # type: ignore[operator]
    totals = items.group_by("parcel").agg(
        pl.col("item.value").sum(), pl.col("item.value").null_count().alias("unstated"), pl.col("total_value").first()
    )
    assert totals.filter(
        (pl.col("unstated") == 0) & ((pl.col("item.value") - pl.col("total_value")).abs() > 0.02)
    ).is_empty()


def test_masses_and_boxes_fit_the_goods() -> None:
    sound = with_parcels(usual()).filter(~pl.col("pattern").is_in(SLIPS))
    assert sound.filter(pl.col("item.net_mass_kg") > pl.col("gross_mass_kg") * 1.02 + 0.002).is_empty()
    sides = [f"dims_cm.{side}" for side in ("length", "width", "height")]
    assert (sound.select(pl.min_horizontal(sides).drop_nulls().min()).item()) >= 1
    tables, labels = next(simulated(4_000, seed=13))
    fired = assess(tables, the_engine(), as_of=datetime.fromisoformat("2026-06-08T00:00:00+00:00"))
    dense = [i.id for i in fired.engine.active].index("VW-03")
    ordinary = (labels["pattern"] == "ordinary").to_numpy()
    assert fired.answers.truth.true[ordinary, dense].mean() < 0.002


def test_codes_are_those_of_the_tariff() -> None:
    listed = {row["code"] for row in csv.DictReader((ROOT / "sops" / "tables" / "hs2022.csv").open(encoding="utf-8"))}
    codes = set(goods(False).hs_code)
    for kind in ("illicit", "gaps", "open", "licit_arms"):
        for pattern in pattern_file()[kind].values():
            codes |= {str(code) for variant in pattern["variants"] for code in variant["hs"]} - {"none"}
    assert not codes - listed


OPTIONAL = """sender.phone sender.email sender.kind recipient.street dims_cm.length measured_mass_kg gross_mass_kg
postage route.carrier decide_by booking.payment_method booking.account_opened_on"""


@pytest.mark.parametrize("path", OPTIONAL.split())
def test_a_missing_field_says_nothing_about_the_goods(path: str) -> None:
    parcels = joined(rich())
    shares = [parcels.filter(pl.col("illicit") == flag)[path].is_not_null().mean() for flag in (0, 1)]
    n = int(parcels["illicit"].sum())
    assert abs(shares[0] - shares[1]) < 5 * np.sqrt(0.25 / n)  # type: ignore[operator]


@pytest.mark.parametrize("path", ["item.net_mass_kg", "item.quantity", "item.value", "item.origin_country", "item.seq"])
def test_a_missing_field_of_an_item_says_nothing(path: str) -> None:
    items = with_parcels(rich())
    shares = [items.filter(pl.col("illicit") == flag)[path].is_not_null().mean() for flag in (0, 1)]
    n = int(items["illicit"].sum())
    assert abs(shares[0] - shares[1]) < 5 * np.sqrt(0.25 / n)  # type: ignore[operator]


def test_nothing_points_at_a_real_mailbox() -> None:
    for role in ("sender", "recipient"):
        emails = rich()[0].parcels[f"{role}.email"].drop_nulls()
        assert len(emails)
        assert emails.str.contains(r"^[a-z0-9.\-]+@([a-z]+\.)?example\.(com|org|net)$").all()
    assert rich()[0].parcels["route.posting_office"].drop_nulls().str.starts_with("Example office").all()


def test_kits_share_their_recipient_and_series_their_sender() -> None:
    parcels = joined(rich()).with_row_index("parcel")
    for pattern, role in (("kit_in_parcels", "recipient"), ("fan_out_small_parts", "sender")):
        kits = parcels.filter(pl.col("pattern") == pattern)
        assert kits["kit"].null_count() == 0
        per_kit = kits.group_by("kit").agg(
            pl.len(), pl.col(f"{role}.email").n_unique() - pl.col(f"{role}.email").has_nulls().cast(pl.UInt32)
        )
        assert per_kit["len"].max() > 1  # type: ignore[operator]
        assert per_kit[f"{role}.email"].max() == 1
        spread = kits.group_by("kit").agg(pl.col("declared_at").max() - pl.col("declared_at").min())["declared_at"]
        assert spread.max().days < 7  # type: ignore[union-attr]
    others = parcels.filter(~pl.col("pattern").is_in(["kit_in_parcels", "fan_out_small_parts"]))
    assert others["kit"].null_count() == others.height


def test_item_numbers_are_right_but_for_those_misread() -> None:
    parcels = joined(usual()).filter(pl.col("item_id").is_not_null())
    weights = (8, 6, 4, 2, 3, 5, 9, 7)
    wrong = 0
    for number in parcels["item_id"]:
        assert re.fullmatch(r"[A-Z]{2}\d{9}[A-Z]{2}", number)
        rest = 11 - sum(int(d) * w for d, w in zip(number[2:10], weights, strict=True)) % 11
        wrong += int(number[10]) != {10: 0, 11: 5}.get(rest, rest)
    assert within(wrong, 0.002 * len(parcels))


def test_later_periods_use_words_that_earlier_ones_do_not() -> None:
    mix = Mix(illicit_per_million=100_000)
    early, later = (
        next(simulated(6_000, seed=7, mix=mix, start=start)) for start in (date(2026, 6, 1), date(2026, 10, 5))
    )
    new = [
        re.escape(begins)
        for pattern in pattern_file()["illicit"].values()
        for variant in pattern["variants"]
        for texts in variant["text"].values()
        for text in texts
        if text.startswith("+") and len(begins := text[1:].split("{")[0].strip().lower()) > 6
    ]
    said = [t[0].items["item.description"].str.to_lowercase().str.contains("|".join(new)).sum() for t in (early, later)]
    assert said[1] > 60 > 10 * said[0]
    assert early[0].parcels["declared_at"].min().date() == date(2026, 6, 1)  # type: ignore[union-attr]
    assert later[0].parcels["declared_at"].max().date() == date(2026, 10, 11)  # type: ignore[union-attr]
    assert set(goods(True).phrases) > set(goods(False).phrases)


@pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl"])
def test_it_reads_back_as_it_was(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"m.{suffix}"
    labels = simulate_files(1_200, str(path), seed=8, mix=RICH)
    tables, truth = next(simulated(1_200, seed=8, mix=RICH))
    assert_frame_equal(labels, truth)
    with open_manifest(path, countries=the_engine().reference.countries) as manifest:
        (read,) = list(manifest)
        assert manifest.counts.rows_rejected == 0
        assert manifest.n_problems == 0
    lists = [pl.col(name).list.len() for name in ("documents", "screening")]
    drop = ["unreadable", "contradictory", "documents", "screening"]
    assert_frame_equal(read.parcels.drop(drop), tables.parcels.drop(drop))
    assert_frame_equal(read.parcels.select(lists), tables.parcels.select(lists))
    stated = tables.parcels["documents"].drop_nulls().to_list()
    assert read.parcels["documents"].drop_nulls().to_list() == stated
    assert_frame_equal(read.items, tables.items)


def test_an_empty_manifest_and_a_single_parcel(tmp_path: Path) -> None:
    assert simulate_files(0, str(tmp_path / "none.csv"), labels=str(tmp_path / "l.csv")).is_empty()
    assert (tmp_path / "none.csv").read_text("utf-8").startswith("parcel_id,")
    assert next(simulated(1, seed=1))[1].height == 1
    crowded = Mix(illicit_per_million=400_000, gaps_per_million=400_000)
    assert [next(simulated(3, seed=seed, mix=crowded))[1].height for seed in range(8)] == [3] * 8


@pytest.mark.parametrize("mix", [{"illicit_per_million": -1}, {"lookalike_share": 2}, {"gaps_per_million": 950_000}])
def test_rates_that_make_no_sense(mix: dict[str, float]) -> None:
    with pytest.raises(RiskscoreError):
        Mix(**mix)


def test_a_manifest_does_not_overwrite_its_labels(tmp_path: Path) -> None:
    with pytest.raises(RiskscoreError, match="two files"):
        simulate_files(10, str(tmp_path / "m.csv"), labels=str(tmp_path / "m.csv"))
