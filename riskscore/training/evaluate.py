"""How well a ranking finds what is known to be there: alert budget, recall, false alarms, at bands and at capacities.

Everything here is a share of labelled parcels. Nothing is an odds or a probability of a single parcel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskscore.scorecard import MILLION
from riskscore.sops import ACTIONS, AXES
from riskscore.training.evaluation_labels import LABEL_OF, Judged
from riskscore.training.evaluation_numbers import (
    ALERT_BUDGET,
    OBVIOUS_TARGET,
    AtCapacity,
    AxisNumbers,
    BudgetLine,
    Capacity,
    Curve,
    FalseAlarms,
    Fired,
    Missed,
    Numbers,
    Obvious,
    PatternRecall,
)
from riskscore.training.evaluation_rates import (
    Gains,
    Share,
    bootstrap_average_precision,
    gains,
    score_bins,
    share,
    top_of_ranking,
)

MOST_MISSED = 30  # missed parcels shown per axis
TOP_FAMILIES = 6  # named beside each kind of alert
TOP_INDICATORS = 5  # named beside each family of false alarms
RECALL_LEVELS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
CURVE_POINTS = 200
_REVIEW, _HOLD = 1, 2
_DESK_REVIEW, _ISOLATE = ACTIONS.index("desk_review"), ACTIONS.index("isolate_and_notify")


def evaluate(
    judged: Judged,
    capacities: Sequence[Capacity],
    *,
    titles: Mapping[str, str],
    fired: Mapping[str, int],
) -> Numbers:
    """All figures of a scored and labelled manifest; the order of its parcels never matters.

    Parameters
    ----------
    judged : Judged
    capacities : sequence of Capacity
    titles : mapping of str to str
        Indicator → what it is called.
    fired : mapping of str to int
        Indicator → in how many parcels of the manifest it fired.
    """
    table = judged.table
    return Numbers(
        table.height,
        int((judged.known("illicit") | judged.known("compliance")).sum()),
        judged.simulated,
        _budget(table),
        _obvious(table),
        tuple(_axis(axis, judged, capacities, titles, fired) for axis in AXES),
    )


def _budget(table: pl.DataFrame) -> tuple[BudgetLine, ...]:
    ordinary = (~table["illicit"] & ~table["noncompliant"]).fill_null(value=False)
    alerts = {
        "illicit_review": table["illicit_band"] >= _REVIEW,
        "illicit_hold": table["illicit_band"] >= _HOLD,
        "compliance_review": table["compliance_band"] >= _REVIEW,
        "isolate_and_notify": table["action"] == _ISOLATE,
    }
    return tuple(
        BudgetLine(
            limit,
            share(int(alerts[limit.key].sum()), table.height),
            share(int((alerts[limit.key] & ordinary).sum()), int(ordinary.sum())),
            _families(table.filter(alerts[limit.key])),
        )
        for limit in ALERT_BUDGET
    )


def _families(alerts: pl.DataFrame) -> tuple[tuple[str, int], ...]:
    """The patterns that most alerts come from, most first; parcels without a label are none of them."""
    counts = alerts["pattern"].drop_nulls().value_counts(name="n")
    return tuple(counts.sort("n", "pattern", descending=[True, False]).head(TOP_FAMILIES).iter_rows())


def _obvious(table: pl.DataFrame) -> Obvious:
    flagged = (pl.col("illicit_band") >= _REVIEW) | (pl.col("compliance_band") >= _REVIEW)
    found = (
        table.filter(pl.col("illicit"), pl.col("obvious"))
        .group_by("pattern")
        .agg(flagged.sum().alias("hits"), pl.len().alias("n"))
        .sort("pattern")
    )
    return Obvious(
        share(int(found["hits"].sum()), int(found["n"].sum())),
        OBVIOUS_TARGET,
        tuple((pattern, share(hits, n)) for pattern, hits, n in found.iter_rows()),
    )


def _axis(
    axis: str,
    judged: Judged,
    capacities: Sequence[Capacity],
    titles: Mapping[str, str],
    fired: Mapping[str, int],
) -> AxisNumbers:
    label = LABEL_OF[axis]
    rows = np.flatnonzero(judged.known(axis))
    table = judged.table[rows]
    points, positive = judged.points(axis)[rows], judged.positive(axis)[rows]
    n, found = len(rows), int(positive.sum())
    sizes = [capacity.of(n) for capacity in capacities] if n else []
    order = top_of_ranking(points, table["parcel_id"], max(sizes, default=0))
    curve = gains(points, positive)
    table = table.with_columns(
        on_axis=pl.col(f"{axis}_band") >= _REVIEW,
        flagged=(pl.col("illicit_band") >= _REVIEW) | (pl.col("compliance_band") >= _REVIEW),
        desk_review=pl.col("action") >= _DESK_REVIEW,
        **{f"at_{i}": _opened(order[:size], n) for i, size in enumerate(sizes)},
    )
    on_axis = table["on_axis"]
    hits = int((on_axis & pl.Series(positive)).sum())
    # Reasons of this axis only, on the parcels judged here.
    reasons = judged.reasons.filter(pl.col("axis") == axis).join(
        table.with_row_index("place").select("place", row=pl.Series(rows).cast(judged.reasons["row"].dtype)), on="row"
    )
    positives = table.filter(positive)

    def found_by(column: str) -> Share:
        return share(int(positives[column].sum()), found)

    missed = positives.filter(~pl.col("on_axis"))
    return AxisNumbers(
        axis,
        label,
        n,
        share(found, n),
        share(hits, int(on_axis.sum())),
        found_by("on_axis"),
        found_by("flagged"),
        found_by("desk_review"),
        tuple(
            _at_capacity(capacity, order[:size], points, positive)
            for capacity, size in zip(capacities, sizes, strict=False)
        ),
        _patterns(positives, [f"at_{i}" for i in range(len(sizes))]),
        _false_alarms(table, positive, axis, reasons),
        _fired(table, positive, reasons, titles, fired),
        _curve(curve, points, positive, table["kit"]),
        tuple(score_bins(points, positive)) if n else (),
        missed.height,
        _missed(missed, axis, judged),
    )


def _opened(rows: NDArray[np.int64], n: int) -> pl.Series:
    opened = np.zeros(n, np.bool_)
    opened[rows] = True
    return pl.Series(opened)


def _at_capacity(
    capacity: Capacity, opened: NDArray[np.int64], points: NDArray[np.int64], positive: NDArray[np.bool_]
) -> AtCapacity:
    n, k, positives = len(points), len(opened), int(positive.sum())
    hits = int(positive[opened].sum())
    lowest = int(points[opened[-1]])
    recall = share(hits, positives)

    def lift(recalled: float | None) -> float | None:
        return None if recalled is None else recalled * n / k

    return AtCapacity(
        capacity.text,
        k,
        lowest / MILLION,
        int((points >= lowest).sum()) - k,
        share(hits, k),
        recall,
        lift(recall.share),
        lift(recall.low),
        lift(recall.high),
        k * positives / n,
        min(k, positives),
        k - hits,
    )


def _patterns(positives: pl.DataFrame, at: Sequence[str]) -> tuple[PatternRecall, ...]:
    columns = ("on_axis", "flagged", "desk_review", *at)
    kits = (
        positives.filter(pl.col("kit").is_not_null())
        .group_by("pattern", "kit")
        .agg(pl.col("flagged").any())
        .group_by("pattern")
        .agg(kits=pl.len(), kits_flagged=pl.col("flagged").sum())
    )
    counts = (
        positives.group_by("pattern")
        .agg(pl.len().alias("n"), pl.col("obvious").sum(), *(pl.col(name).sum() for name in columns))
        .join(kits, on="pattern", how="left")
        .with_columns(pl.col("kits", "kits_flagged").fill_null(0))
        .sort("pattern")
    )
    return tuple(
        PatternRecall(
            row["pattern"],
            row["n"],
            row["obvious"],
            share(row["kits_flagged"], row["kits"]),
            share(row["on_axis"], row["n"]),
            share(row["flagged"], row["n"]),
            share(row["desk_review"], row["n"]),
            tuple(share(row[name], row["n"]) for name in at),
        )
        for row in counts.iter_rows(named=True)
    )


def _false_alarms(
    table: pl.DataFrame, positive: NDArray[np.bool_], axis: str, reasons: pl.DataFrame
) -> tuple[FalseAlarms, ...]:
    other = next(label for name, label in LABEL_OF.items() if name != axis)
    negatives = table.with_row_index("place").filter(~pl.Series(positive))
    alarms = negatives.filter(pl.col("on_axis"))
    shared = (
        reasons.join(alarms.select("place", "pattern"), on="place")
        .group_by("pattern", "key")
        .len()
        .sort("pattern", "len", "key", descending=[False, True, False])
        .group_by("pattern", maintain_order=True)
        .agg(pl.struct("key", "len").head(TOP_INDICATORS))
    )
    top = {pattern: tuple((r["key"], r["len"]) for r in best) for pattern, best in shared.iter_rows()}
    counts = (
        negatives.group_by("pattern")
        .agg(
            pl.len().alias("n"),
            pl.col("on_axis").sum().alias("flagged"),
            (pl.col(f"{axis}_band") >= _HOLD).sum().alias("hold"),
            (pl.col("on_axis") & pl.col(other)).sum().alias("other"),
        )
        .filter(pl.col("flagged") > 0)
        .sort("flagged", "pattern", descending=[True, False])
    )
    return tuple(
        FalseAlarms(pattern, share(flagged, n), hold, also, top.get(pattern, ()))
        for pattern, n, flagged, hold, also in counts.iter_rows()
    )


def _fired(
    table: pl.DataFrame,
    positive: NDArray[np.bool_],
    reasons: pl.DataFrame,
    titles: Mapping[str, str],
    fired: Mapping[str, int],
) -> tuple[Fired, ...]:
    flagged = table.with_row_index("place").select("place", "on_axis", positive=pl.Series(positive))
    counts = (
        reasons.join(flagged.filter(pl.col("on_axis")), on="place")
        .group_by("key")
        .agg(pl.len().alias("n"), pl.col("positive").sum())
        .sort("n", "key", descending=[True, False])
    )
    return tuple(Fired(key, titles.get(key, ""), fired.get(key), n, hits) for key, n, hits in counts.iter_rows())


def _curve(found: Gains, points: NDArray[np.int64], positive: NDArray[np.bool_], kit: pl.Series) -> Curve:
    if not found.positives:
        return Curve(None, None, None, (), ())
    kits = kit.rank("dense").cast(pl.Int64).fill_null(-1).to_numpy()
    low, high = bootstrap_average_precision(points, positive, kits) or (None, None)
    first = np.searchsorted(found.hits, np.ceil(np.array(RECALL_LEVELS) * found.positives - 1e-9))
    # Even steps of the rank on a logarithmic scale: the beginning of the ranking is what matters.
    shown = np.unique(
        np.searchsorted(found.opened, np.geomspace(found.opened[0], found.opened[-1], CURVE_POINTS).round())
    )
    shown = shown[shown < len(found.opened)]
    return Curve(
        found.average_precision,
        low,
        high,
        tuple((int(found.opened[i]), int(found.hits[i])) for i in shown),
        tuple(
            (level, float(found.precision[i]), int(found.opened[i]))
            for level, i in zip(RECALL_LEVELS, first, strict=True)
        ),
    )


def _missed(missed: pl.DataFrame, axis: str, judged: Judged) -> tuple[Missed, ...]:
    """Some of the missed, of as many patterns as possible: nowhere flagged first, then the obvious ones."""
    turn = pl.int_range(pl.len()).over("pattern")
    chosen = (
        missed.sort("flagged", ~pl.col("obvious").fill_null(value=False), f"{axis}_points", "parcel_id")
        .with_columns(turn=turn)
        .sort("flagged", "turn", "pattern")
        .head(MOST_MISSED)
    )
    rows = judged.table.select("parcel_id").with_row_index("row").join(chosen.select("parcel_id"), on="parcel_id")
    named = judged.reasons.join(rows, on="row").group_by("parcel_id").agg(pl.col("key").unique().sort())
    keys = dict(named.iter_rows())
    return tuple(
        Missed(
            row["parcel_id"],
            row["pattern"],
            row["obvious"],
            judged.descriptions.get(row["parcel_id"], ""),
            row[f"{axis}_points"] / MILLION,
            row["flagged"],
            tuple(keys.get(row["parcel_id"], ())),
        )
        for row in chosen.iter_rows(named=True)
    )
