"""What is known about the parcels of a manifest, beside how they were scored."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from polars.exceptions import PolarsError

from riskscore.assess import Assessed
from riskscore.errors import RiskscoreError
from riskscore.formats.coerce import read_ids
from riskscore.scorecard import MILLION
from riskscore.sops import ACTIONS, AXES, BANDS

NEEDED = ("parcel_id", "illicit", "noncompliant", "pattern", "obvious")
LABEL_OF = {"illicit": "illicit", "compliance": "noncompliant"}  # axis → the label that it is judged by
SIMULATED_IDS = "SIM"  # how the reference of every simulated parcel begins
NO_PATTERN = "(no pattern)"
_YES_NO = {"1": True, "0": False, "true": True, "false": False}
_LONG_AGO = timedelta(days=30)


class LabelError(RiskscoreError):
    """A labels file that cannot be used, or that belongs to another manifest."""


def read_labels(path: Path) -> tuple[pl.DataFrame, list[str]]:
    """Labels of parcels, and what there is to say about them.

    Parameters
    ----------
    path : Path
        CSV (plain or compressed) or Parquet with the columns ``parcel_id, illicit, noncompliant, pattern, obvious`` and
        ``kit`` where parcels belong together.

    Returns
    -------
    labels : DataFrame
        One row per parcel; ``illicit``, ``noncompliant`` and ``obvious`` are true, false or null (not known).
    notes : list of str

    Raises
    ------
    LabelError
        When the file cannot be read, lacks a column, or says two things about one parcel.
    """
    raw = _read(path)
    if lacking := [name for name in NEEDED if name not in raw.columns]:
        raise LabelError(
            f"{path}: labels need the columns {', '.join(NEEDED)} (and kit where parcels belong together); "
            f"missing: {', '.join(lacking)}"
        )
    kit = raw["kit"].cast(pl.String) if "kit" in raw.columns else pl.Series("kit", [None] * raw.height, pl.String)
    labels = pl.DataFrame(
        {
            "parcel_id": read_ids(raw["parcel_id"]),
            **{name: _yes_or_no(raw[name], path) for name in ("illicit", "noncompliant", "obvious")},
            "pattern": _text(raw["pattern"].cast(pl.String)).fill_null(NO_PATTERN),
            "kit": _text(kit),
        }
    )
    if nameless := labels["parcel_id"].null_count():
        raise LabelError(f"{path}: {_number(nameless, 'row')} without a parcel_id")
    notes = [f"column {name} of the labels is not used" for name in raw.columns if name not in (*NEEDED, "kit")]
    distinct = labels.unique()
    if repeated := labels.height - distinct.height:
        notes.append(f"{_number(repeated, 'label')} stood in the file more than once and counted once")
    twice = distinct.filter(pl.col("parcel_id").is_duplicated())["parcel_id"].unique().sort()
    if len(twice):
        raise LabelError(
            f"{path}: {_number(len(twice), 'parcel')} labelled more than once in different ways, "
            f"for example {', '.join(twice.head(3).to_list())}"
        )
    for axis, name in LABEL_OF.items():
        if unknown := distinct[name].null_count():
            notes.append(f"{_number(unknown, 'label')} without {name}: not counted on the {axis} axis")
    return distinct, notes


def _read(path: Path) -> pl.DataFrame:
    try:
        if path.suffix == ".parquet":
            return pl.read_parquet(path)
        return pl.read_csv(path, infer_schema=False)
    except (PolarsError, UnicodeDecodeError) as error:
        raise LabelError(f"{path}: the labels cannot be read: {str(error).splitlines()[0]}") from error


def _text(column: pl.Series) -> pl.Series:
    stripped = column.str.strip_chars()
    return stripped.to_frame("text").select(pl.when(pl.col("text") != "").then("text")).to_series()


def _yes_or_no(column: pl.Series, path: Path) -> pl.Series:
    """True, false, or null where nothing is said; anything else is an error, never a guess."""
    text = _text(column.cast(pl.String)).str.to_lowercase()
    read = text.replace_strict(_YES_NO, default=None, return_dtype=pl.Boolean)
    strange = text.filter(read.is_null() & text.is_not_null())
    if len(strange):
        raise LabelError(f"{path}: {column.name} must be 0 or 1; {_number(len(strange), 'row')} such as {strange[0]!r}")
    return read


def _number(n: int, what: str) -> str:
    return f"{n:,} {what}{'' if n == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class Judged:
    """Scored parcels with what is known about them, in the order of their references.

    Parameters
    ----------
    table : DataFrame (n rows)
        ``parcel_id``; ``illicit_points`` and ``compliance_points`` in millionths; ``illicit_band``, ``compliance_band``
        and ``action`` as numbers in `BANDS` and `ACTIONS`; the labels, null where there is none.
    reasons : DataFrame
        ``row`` (of the table), ``axis``, ``key`` of every reason that raised a flagged or positive parcel.
    descriptions : dict of str to str
        Goods as declared, of positive parcels that one axis leaves clear.
    simulated : bool
        Every labelled parcel is a simulated one.
    notes : list of str
        What was left out, and why.
    """

    table: pl.DataFrame
    reasons: pl.DataFrame
    descriptions: dict[str, str]
    simulated: bool
    notes: list[str]

    def points(self, axis: str) -> NDArray[np.int64]:
        """Scores in millionths (n,)."""
        return self.table[f"{axis}_points"].to_numpy()

    def positive(self, axis: str) -> NDArray[np.bool_]:
        """Parcels known to be positive on an axis (n,)."""
        return self.table[LABEL_OF[axis]].fill_null(value=False).to_numpy()

    def known(self, axis: str) -> NDArray[np.bool_]:
        """Parcels with a label on an axis (n,)."""
        return self.table[LABEL_OF[axis]].is_not_null().to_numpy()


@dataclass(slots=True)
class Scored:
    """What evaluation keeps of scored batches: a few numbers per parcel, and reasons only where somebody will look.

    Parameters
    ----------
    labels : DataFrame
        As `read_labels` gives them.
    """

    labels: pl.DataFrame
    _positive: pl.Series = field(init=False)
    _parcels: list[pl.DataFrame] = field(default_factory=list)
    _reasons: list[pl.DataFrame] = field(default_factory=list)
    _descriptions: list[pl.DataFrame] = field(default_factory=list)
    _latest: datetime | None = None

    def __post_init__(self) -> None:
        self._positive = self.labels.filter(pl.col("illicit") | pl.col("noncompliant"))["parcel_id"]

    def add(self, batch: Assessed, flat: pl.DataFrame) -> None:
        """Keep what is needed of one batch and its flat output, which has a row for each parcel of the batch."""
        bands = pl.Enum(BANDS)
        millionths = {"illicit_points": "score", "compliance_points": "compliance_score"}
        parcels = flat.select(
            "parcel_id",
            *((pl.col(score) * MILLION).round().cast(pl.Int64).alias(name) for name, score in millionths.items()),
            *(pl.col(f"{axis}_band").cast(bands).to_physical() for axis in AXES),
            pl.col("action").cast(pl.Enum(ACTIONS)).to_physical(),
        )
        self._parcels.append(parcels)
        positive = flat["parcel_id"].is_in(self._positive.implode())
        self._reasons.append(
            flat.filter((pl.col("band") != BANDS[0]) | positive)
            .select("parcel_id", "reasons")
            .explode("reasons")
            .select("parcel_id", *(pl.col("reasons").struct.field(name) for name in ("axis", "key", "kind", "points")))
            .filter(pl.col("points") > 0, pl.col("kind") != "cap")
            .select("parcel_id", "axis", "key")
        )
        left_clear = (parcels["illicit_band"] == 0) | (parcels["compliance_band"] == 0)
        rows = (positive & left_clear).arg_true()
        goods = (
            batch.facts.items.select("parcel", "item.description")
            .filter(pl.col("parcel").is_in(rows.implode()))
            .group_by("parcel", maintain_order=True)
            .agg(pl.col("item.description").drop_nulls().str.join(" · "))
        )
        self._descriptions.append(
            goods.select(flat["parcel_id"].gather(goods["parcel"]), description="item.description")
        )
        latest = batch.facts.parcels["declared_at"].max()
        if isinstance(latest, datetime):
            self._latest = max(latest, self._latest or latest)

    def judged(self, as_of: datetime) -> Judged:
        """All parcels beside their labels.

        Raises
        ------
        LabelError
            When no label belongs to a scored parcel.
        """
        parcels = pl.concat(self._parcels) if self._parcels else None
        matching = 0 if parcels is None else parcels["parcel_id"].is_in(self.labels["parcel_id"].implode()).sum()
        if parcels is None or not matching:
            raise LabelError(
                f"none of the {_number(self.labels.height, 'label')} belongs to any of the "
                f"{_number(0 if parcels is None else parcels.height, 'scored parcel')}: is this the right labels file?"
            )
        notes = self._gaps(parcels, int(matching))
        if self._latest and as_of - self._latest > _LONG_AGO:
            notes.append(
                f"as of {as_of:%Y-%m-%d}, {(as_of - self._latest).days} days after the last declaration "
                f"({self._latest:%Y-%m-%d}): indicators about time may fire more than they would on the day"
            )
        table = parcels.join(self.labels, on="parcel_id", how="left").sort("parcel_id")
        rows = table.select("parcel_id").with_row_index("row")
        reasons = pl.concat(self._reasons).join(rows, on="parcel_id").select("row", "axis", "key").sort(pl.all())
        labelled = table.filter(pl.col("pattern").is_not_null())["parcel_id"]
        return Judged(
            table,
            reasons,
            dict(pl.concat(self._descriptions).iter_rows()),
            bool(labelled.str.starts_with(SIMULATED_IDS).all()),
            notes,
        )

    def _gaps(self, parcels: pl.DataFrame, matching: int) -> list[str]:
        notes = []
        if without := parcels.height - matching:
            notes.append(
                f"{_number(without, 'scored parcel')} without a label: in the alert budget, in no other figure "
                "(what nobody examined is not innocent)"
            )
        if self.labels.height > matching:
            absent = self.labels.join(parcels, on="parcel_id", how="anti")
            illicit, noncompliant = (int(absent[name].sum()) for name in ("illicit", "noncompliant"))
            notes.append(
                f"{_number(absent.height, 'label')} without a scored parcel, {illicit:,} illicit and {noncompliant:,} "
                f"non-compliant among them: in no figure (for example {absent['parcel_id'].sort()[0]})"
            )
        return notes
