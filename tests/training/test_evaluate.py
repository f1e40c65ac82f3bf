"""Figures of an evaluation, by hand on small tables and against scikit-learn on random ones."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from factory import assessed, parcel
from sklearn.metrics import average_precision_score, precision_recall_curve

from riskscore.assess import rank_key
from riskscore.errors import RiskscoreError
from riskscore.scorecard import MILLION
from riskscore.sops import ACTIONS
from riskscore.training.evaluate import MOST_MISSED, evaluate
from riskscore.training.evaluation_labels import Judged, LabelError, Scored, read_labels
from riskscore.training.evaluation_numbers import AxisNumbers, Numbers, parse_capacities
from riskscore.training.evaluation_rates import (
    bootstrap_average_precision,
    gains,
    score_bins,
    share,
    top_of_ranking,
)

NONE, DESK, ISOLATE = (ACTIONS.index(a) for a in ("none", "desk_review", "isolate_and_notify"))


def judged(*rows: dict[str, Any], reasons: list[tuple[int, str, str]] | None = None, simulated: bool = True) -> Judged:
    """Parcels SIM-00, SIM-01, … with scores in points; what a row leaves out is clear, ordinary and not positive."""
    usual = {
        "illicit_points": 300,
        "compliance_points": 300,
        "illicit_band": 0,
        "compliance_band": 0,
        "action": NONE,
        "illicit": False,
        "noncompliant": False,
        "pattern": "ordinary",
        "obvious": False,
        "kit": None,
    }
    table = pl.DataFrame(
        [{"parcel_id": f"SIM-{n:02}", **usual, **row} for n, row in enumerate(rows)],
        schema_overrides={"kit": pl.String, "illicit": pl.Boolean, "noncompliant": pl.Boolean, "pattern": pl.String},
        infer_schema_length=None,
    ).with_columns(pl.col("illicit_points", "compliance_points") * MILLION)
    schema = {"row": pl.UInt32, "axis": pl.String, "key": pl.String}
    return Judged(table, pl.DataFrame(reasons or [], schema, orient="row"), {}, simulated, [])


def figures(of: Judged, capacity: str = "2,5") -> Numbers:
    return evaluate(of, parse_capacities(capacity), titles={"X-1": "An indicator"}, fired={"X-1": 7})


def illicit(of: Judged, capacity: str = "2,5") -> AxisNumbers:
    return figures(of, capacity).axes[0]


# Ten parcels: four illicit with 700, 520, 520 and 300 points; a look-alike flagged with 600; five ordinary ones.
TEN = (
    {"illicit_points": 700, "illicit_band": 2, "action": ISOLATE, "illicit": True, "pattern": "named", "obvious": True},
    {"illicit_points": 600, "illicit_band": 1, "action": DESK, "pattern": "lookalike:toy"},
    {"illicit_points": 520, "illicit_band": 1, "action": DESK, "illicit": True, "pattern": "kit", "kit": "K1"},
    {"illicit_points": 520, "illicit_band": 1, "illicit": True, "pattern": "named", "obvious": True},
    {"compliance_points": 560, "compliance_band": 1, "illicit": True, "pattern": "kit", "kit": "K1"},
    *({} for _ in range(5)),
)
REASONS = [(0, "illicit", "X-1"), (0, "illicit", "X-2"), (1, "illicit", "X-2"), (3, "illicit", "X-2")]


# -- rates -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"), [(8, 10, 0.4902, 0.9433), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0)]
)
def test_wilson_intervals(hits: int, of: int, low: float, high: float) -> None:
    one = share(hits, of)
    assert (one.low, one.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))
    assert one.low <= hits / of <= one.high


def test_a_share_of_nothing_is_unknown() -> None:
    assert share(0, 0).share is None
    assert share(0, 0).low is None


def test_ranking_breaks_ties_by_the_keyed_hash_in_any_order_of_rows() -> None:
    draw = np.random.default_rng(1)
    points = draw.integers(0, 4, 200)
    ids = [f"P{n}" for n in range(200)]
    by_hand = sorted(range(200), key=lambda n: (points[n], rank_key(ids[n])), reverse=True)
    assert top_of_ranking(points, pl.Series(ids), 70).tolist() == by_hand[:70]
    mixed = draw.permutation(200)
    again = top_of_ranking(points[mixed], pl.Series(ids).gather(mixed), 70)
    assert mixed[again].tolist() == by_hand[:70]
    assert len(top_of_ranking(points, pl.Series(ids), 0)) == 0


@pytest.mark.parametrize("levels", [3, 40, 10_000])
def test_precision_and_recall_are_those_of_scikit_learn(levels: int) -> None:
    draw = np.random.default_rng(levels)
    points = draw.integers(0, levels, 500)
    positive = draw.random(500) < 0.1 + 0.3 * (points / levels)
    curve = gains(points, positive)
    assert curve.average_precision == pytest.approx(average_precision_score(positive, points))
    precision, recall, thresholds = precision_recall_curve(positive, points)
    at = np.searchsorted(thresholds, curve.points)
    assert curve.precision == pytest.approx(precision[at])
    assert curve.recall == pytest.approx(recall[at])


def test_bootstrap_holds_the_estimate_is_repeatable_and_draws_kits_together() -> None:
    draw = np.random.default_rng(5)
    positive = np.arange(4_000) < 60
    points = (draw.normal(size=4_000) + 2 * positive * (1 + np.arange(4_000) // 20 % 3)) * 100
    whole = points.astype(np.int64)
    alone = np.full(4_000, -1)
    low, high = bootstrap_average_precision(whole, positive, alone) or (1.0, 0.0)
    estimate = gains(whole, positive).average_precision
    assert estimate is not None
    assert low < estimate < high
    assert bootstrap_average_precision(whole, positive, alone) == (low, high)
    # Six kits of ten alike parcels know less than sixty parcels.
    kits = np.where(positive, np.arange(4_000) // 10, -1)
    wide_low, wide_high = bootstrap_average_precision(whole, positive, kits) or (1.0, 0.0)
    assert wide_high - wide_low > high - low
    assert bootstrap_average_precision(whole, positive, np.where(positive, np.arange(4_000) // 20, -1)) is None


def test_score_bins_count_every_parcel_once() -> None:
    points = np.array([-10, 0, 49, 50, 120]) * MILLION
    bins = score_bins(points, np.array([False, False, True, True, False]))
    assert [(b.start, b.end, b.positive.hits, b.positive.of) for b in bins] == [
        (-50, 0, 0, 1),
        (0, 50, 1, 2),
        (50, 100, 1, 1),
        (100, 150, 0, 1),
    ]
    assert len(score_bins(np.arange(0, 5_000, 7) * MILLION, np.zeros(715, np.bool_))) <= 16


# -- the small table ---------------------------------------------------------------------------------------------------


def test_capacity_figures_by_hand() -> None:
    two, five = illicit(judged(*TEN)).capacities
    assert (two.opened, two.recall.hits, two.hit_rate.share, two.recall.share) == (2, 1, 0.5, 0.25)
    assert two.lift == pytest.approx(0.5 / 0.4)
    assert two.lift_low == pytest.approx((two.recall.low or 0) * 5)
    assert (two.at_random, two.most, two.false_alarms, two.waiting, two.lowest) == (0.8, 2, 1, 0, 600)
    # The fifth place is one of six parcels with 300 points: the keyed hash decides which.
    last = max((f"SIM-{n:02}" for n in range(4, 10)), key=rank_key)
    assert five.waiting == 5
    assert five.recall.hits == 3 + (last == "SIM-04")


def test_recall_by_pattern_at_bands_and_kits_by_hand() -> None:
    kit, named = illicit(judged(*TEN)).patterns
    assert (kit.pattern, kit.parcels, kit.obvious) == ("kit", 2, 0)
    assert (kit.on_axis.hits, kit.flagged.hits, kit.desk_review.hits) == (1, 2, 1)
    assert (kit.kits.hits, kit.kits.of) == (1, 1)
    assert (named.on_axis.hits, named.flagged.hits, named.desk_review.hits, named.obvious) == (2, 2, 1, 2)
    assert named.kits.of == 0
    assert named.at[0].hits == 1


def test_the_whole_axis_by_hand() -> None:
    axis = illicit(judged(*TEN))
    assert (axis.n, axis.positives.hits) == (10, 4)
    assert (axis.on_axis.hits, axis.flagged.hits, axis.desk_review.hits) == (3, 4, 2)
    assert (axis.precision.hits, axis.precision.of) == (3, 4)
    # 700: 1 of 1; 520: 3 of 4; 300: 4 of 10.
    assert axis.curve.average_precision == pytest.approx((1 + 2 * 3 / 4 + 4 / 10) / 4)
    assert axis.curve.low is None  # four positives, two of them one kit
    assert axis.curve.steps == ((1, 1), (4, 3), (10, 4))
    assert (0.5, 0.75, 4) in axis.curve.levels
    assert axis.curve.levels[-1] == (1.0, 0.4, 10)


def test_false_alarms_and_indicators_by_hand() -> None:
    axis = illicit(judged(*TEN, reasons=REASONS))
    (alarm,) = axis.false_alarms
    assert (alarm.pattern, alarm.flagged.hits, alarm.flagged.of, alarm.hold, alarm.other) == (
        "lookalike:toy",
        1,
        1,
        0,
        0,
    )
    assert alarm.indicators == (("X-2", 1),)
    assert [(f.key, f.flagged, f.positive, f.everywhere) for f in axis.indicators] == [
        ("X-2", 3, 2, None),
        ("X-1", 1, 1, 7),
    ]
    assert axis.indicators[1].title == "An indicator"


def test_a_false_alarm_of_one_axis_may_be_a_find_of_the_other() -> None:
    gap = {"illicit_points": 600, "illicit_band": 1, "noncompliant": True, "pattern": "licence_gap"}
    numbers = figures(judged(gap, *TEN))
    assert next(f for f in numbers.axes[0].false_alarms if f.pattern == "licence_gap").other == 1
    assert [m.parcel_id for m in numbers.axes[1].missed_shown] == ["SIM-00"]
    assert numbers.axes[1].missed_shown[0].flagged


def test_missed_parcels_are_shown_from_every_pattern() -> None:
    many = [{"illicit": True, "pattern": "many"} for _ in range(50)]
    few = [{"illicit": True, "pattern": f"few{n}", "obvious": n == 2} for n in range(3)]
    axis = illicit(judged(*many, *few, {"illicit": True, "pattern": "seen", "illicit_band": 1}))
    assert axis.missed == 53
    assert len(axis.missed_shown) == MOST_MISSED
    assert {"few0", "few1", "few2", "many"} == {m.pattern for m in axis.missed_shown}


def test_budget_and_target() -> None:
    numbers = figures(judged(*TEN))
    review, hold, compliance, isolate = numbers.budget
    assert (review.rate, hold.rate, compliance.rate, isolate.rate) == (400, 100, 100, 10_000)
    assert not any(line.met for line in numbers.budget)
    assert (review.ordinary.hits, review.ordinary.of) == (1, 6)
    assert review.families == (("named", 2), ("kit", 1), ("lookalike:toy", 1))
    assert (numbers.obvious.all.hits, numbers.obvious.all.of, numbers.obvious.met) == (2, 2, True)
    # Two alerts in a thousand are exactly the budget; three are over it.
    flagged = {"illicit_band": 1}
    assert figures(judged(*[flagged] * 2, *[{}] * 998)).budget[0].met
    assert not figures(judged(*[flagged] * 3, *[{}] * 997)).budget[0].met
    assert figures(judged({}, {})).obvious.met is None
    nine = [{"illicit": True, "obvious": True, "illicit_band": int(n < 9)} for n in range(10)]
    assert figures(judged(*nine)).obvious.met
    assert not figures(judged(*nine[1:])).obvious.met


def test_what_has_no_label_is_neither_positive_nor_negative() -> None:
    unknown = {"illicit": None, "noncompliant": None, "pattern": None, "obvious": None, "illicit_band": 2}
    numbers = figures(judged(*TEN, unknown))
    assert numbers.axes[0].n == 10
    assert numbers.axes == figures(judged(*TEN)).axes
    assert (numbers.parcels, numbers.labelled) == (11, 10)
    assert numbers.budget[0].alerts.hits == 5  # an alert is work whether or not somebody labelled the parcel


def test_no_positives_and_no_parcels_are_no_fault() -> None:
    numbers = figures(judged({}, {}))
    assert numbers.axes[0].curve.average_precision is None
    assert numbers.axes[0].capacities[0].lift is None
    nothing = figures(judged({"illicit": None, "noncompliant": True}))
    assert nothing.axes[0].n == 0
    assert nothing.axes[0].capacities == ()


# -- capacities and labels ---------------------------------------------------------------------------------------------


def test_capacities_are_numbers_or_shares() -> None:
    half, fifty, all_of_it = parse_capacities("0.05%, 50,100%")
    assert (half.of(1_000_000), half.of(20_000), half.of(3)) == (500, 10, 1)
    assert (fifty.of(1_000), fifty.of(30)) == (50, 30)
    assert all_of_it.of(7) == 7


@pytest.mark.parametrize("text", ["", "0", "-3", "0%", "101%", "few", "5,,6", "nan%", "1.5"])
def test_other_capacities_are_refused(text: str) -> None:
    with pytest.raises(RiskscoreError, match="is not a capacity"):
        parse_capacities(text)


HEAD = "parcel_id,illicit,noncompliant,pattern,obvious,kit\n"


def labels(tmp_path: Path, text: str) -> tuple[pl.DataFrame, list[str]]:
    path = tmp_path / "labels.csv"
    path.write_text(text, "utf-8")
    return read_labels(path)


def test_labels_from_csv_and_parquet_are_the_same(tmp_path: Path) -> None:
    read, notes = labels(tmp_path, HEAD + "P1,1,0,named,1,\nP2,0,,ordinary,0,K1\nP2,0,,ordinary,0,K1\n")
    assert read.sort("parcel_id").rows() == [
        ("P1", True, False, True, "named", None),
        ("P2", False, None, False, "ordinary", "K1"),
    ]
    assert any("more than once and counted once" in note for note in notes)
    assert any("without noncompliant" in note for note in notes)
    read.write_parquet(tmp_path / "labels.parquet")
    again, _ = read_labels(tmp_path / "labels.parquet")
    assert again.sort("parcel_id").equals(read.sort("parcel_id"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("parcel_id,illicit\nP1,1\n", "missing: noncompliant, pattern, obvious"),
        (HEAD + "P1,2,0,named,1,\n", "illicit must be 0 or 1; 1 row such as '2'"),
        (HEAD + "P1,1,0,named,maybe,\n", "obvious must be 0 or 1"),
        (HEAD + "P1,1,0,named,1,\nP1,0,0,named,1,\n", "1 parcel labelled more than once in different ways.*P1"),
        (HEAD + " ,1,0,named,1,\n", "1 row without a parcel_id"),
        ("", "cannot be read"),
    ],
)
def test_bad_labels_are_one_clear_sentence(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(LabelError, match=says):
        labels(tmp_path, text)


def test_labels_that_are_no_table_are_refused(tmp_path: Path) -> None:
    (tmp_path / "labels.parquet").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(LabelError, match="cannot be read"):
        read_labels(tmp_path / "labels.parquet")


def test_scored_and_labelled_parcels_are_joined_and_every_gap_is_told(tmp_path: Path) -> None:
    known, _ = labels(tmp_path, HEAD + "SIM-B,1,1,named,1,\nSIM-A,0,0,ordinary,0,\nSIM-Z,1,0,gone,0,\n")
    batch = assessed(
        parcel("Glock 19", "books", parcel_id="SIM-B", declared_at="2026-06-01T00:00:00Z"),
        parcel("shoes", parcel_id="SIM-A"),
        parcel("shoes", parcel_id="OTHER"),
    )
    scored = Scored(known)
    scored.add(batch, batch.flat())
    joined = scored.judged(datetime(2026, 11, 16, tzinfo=UTC))
    assert joined.table["parcel_id"].to_list() == ["OTHER", "SIM-A", "SIM-B"]
    flat = batch.flat()
    assert joined.points("illicit").tolist() == [
        round(dict(flat.select("parcel_id", "score").iter_rows())[i] * MILLION) for i in joined.table["parcel_id"]
    ]
    assert joined.known("illicit").tolist() == [False, True, True]
    assert joined.positive("compliance").tolist() == [False, False, True]
    assert joined.simulated  # only labelled parcels decide that
    told = " / ".join(joined.notes)
    assert "1 scored parcel without a label" in told
    assert "1 label without a scored parcel, 1 illicit and 0 non-compliant" in told
    assert "after the last declaration (2026-06-01)" in told
    first = next(r for r in flat.filter(parcel_id="SIM-B")["reasons"][0].to_list() if r["points"] > 0)
    assert (2, first["axis"], first["key"]) in joined.reasons.rows()
    if flat.filter(parcel_id="SIM-B")["illicit_band"][0] == "clear" or flat["compliance_band"][0] == "clear":
        assert joined.descriptions["SIM-B"] == "Glock 19 · books"


def test_labels_of_another_manifest_are_an_error(tmp_path: Path) -> None:
    known, _ = labels(tmp_path, HEAD + "SIM-Z,1,0,gone,0,\n")
    batch = assessed(parcel("shoes", parcel_id="SIM-A"))
    scored = Scored(known)
    scored.add(batch, batch.flat())
    with pytest.raises(LabelError, match="none of the 1 label belongs to any of the 1 scored parcel"):
        scored.judged(datetime(2026, 11, 16, tzinfo=UTC))
    with pytest.raises(LabelError, match="0 scored parcels"):
        Scored(known).judged(datetime(2026, 11, 16, tzinfo=UTC))
