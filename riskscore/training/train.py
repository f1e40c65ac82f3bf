"""`riskscore train`: labelled parcels in, a model folder out: scorecard, estimator, card, frozen scores."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import polars as pl
from numpy.typing import NDArray

from riskscore import __version__
from riskscore.assess import Engine
from riskscore.features import FEATURES
from riskscore.schema import Tables as Parcels
from riskscore.scorecard import FORMAT, load_scorecard
from riskscore.sops import AXES, Indicator
from riskscore.training.card import write_card
from riskscore.training.compile import cell_weights
from riskscore.training.estimators import save_estimators
from riskscore.training.fit import Calibration, Fitted, Input, Settings, axis_card, calibrate, compile_axis, fit_axis
from riskscore.training.frozen import write_frozen
from riskscore.training.inputs import FIGURES, FITS_UP_TO, PAIRS, Rows, gather

# The expert scale stays: each axis starts at 300, review is reached 200 points above the most usual parcel.
BASE, REVIEW, HOLD = 300.0, 500.0, 650.0
GROUP_CAPS = {
    "description": 300,
    "tariff": 200,
    "value": 125,
    "party": 200,
    "route": 100,
    "history": 200,
    "booking": 75,
    "split": 300,
    "documents": 300,
    "handling": 400,
    "sector": 300,
}
WEAK_CAP, MEDIUM_CAP, MITIGATING_CAP = 75, 300, 165
# Points that a learned indicator may have: at least so much that one strong reason outranks all weak ones of a group
# together, at most so much that goods openly declared in words and by code are for review, not to be kept aside.
BOUNDS = {
    "weak": (0.0, 50.0),
    "medium": (20.0, 150.0),
    "strong": (80.0, 240.0),
    "definitive": (80.0, 300.0),
    "mitigating": (-165.0, 0.0),
}
LEAST_FIRED = 100  # an indicator that fired in fewer training rows has not been seen; its expert points stay
_HELD_BACK = 5  # every fifth parcel, by a hash of its id, is kept for calibration


@dataclass(frozen=True)
class Origin:
    """What the training parcels are, for the card.

    Parameters
    ----------
    basis : {"simulated", "mixed", "outcomes"}
    rates : dict
        Axis → share of positives among ordinary parcels, to which calibration is brought.
    told : dict
        Anything else that the card shows: source, seed, period, mix.
    """

    basis: str
    rates: dict[str, float]
    confirmed_finds: int = 0
    weight: float = 1.0
    told: dict[str, Any] = field(default_factory=dict)


def train(
    batches: Iterable[tuple[Parcels, pl.DataFrame]],
    engine: Engine,
    *,
    models: Path,
    name: str,
    on: date,
    as_of: datetime,
    origin: Origin,
    settings: Settings | None = None,
) -> Path:
    """Train both axes and write ``models/<date>-<name>/``; ``current`` stays as it is.

    Parameters
    ----------
    batches : iterable of (Tables, DataFrame)
        Parcels with labels (parcel_id, illicit, noncompliant, pattern).
    engine : Engine
    models : Path
        Folder of models.
    name, on : str, date
        Id of the model; the same input and date give the same bytes.
    as_of : datetime
        The one clock under which the parcels are examined.
    origin : Origin
    settings : Settings, optional

    Raises
    ------
    ModelError
    """
    settings = settings or Settings()
    rows = gather(batches, engine, as_of)
    held_back = _held_back(rows.parcel_ids)
    fitted = {axis: _fit(axis, rows, held_back, engine.active, origin, settings) for axis in AXES}
    model_id = f"{on.isoformat()}-{name}"
    folder = models / model_id
    folder.mkdir(parents=True, exist_ok=True)
    scorecard = {
        "id": model_id,
        "format": FORMAT,
        "points": "learned",
        "basis": origin.basis,
        "confirmed_finds": origin.confirmed_finds,
        "group_caps": GROUP_CAPS,
        "weak_cap": WEAK_CAP,
        "medium_cap": MEDIUM_CAP,
        "mitigating_cap": MITIGATING_CAP,
        "axes": {axis: axis_card(fitted[axis], BASE, REVIEW, HOLD) for axis in AXES},
    }
    (folder / "scorecard.json").write_bytes(orjson.dumps(scorecard, option=orjson.OPT_INDENT_2) + b"\n")
    digest = save_estimators(folder, {axis: fitted[axis].estimator for axis in AXES})
    card = load_scorecard(models, model_id)
    write_frozen(folder, rows, fitted, card, engine.active)
    facts = _facts(model_id, on, rows, fitted, origin, settings, engine, digest, held_back)
    facts["scorecard_sha256"] = hashlib.sha256((folder / "scorecard.json").read_bytes()).hexdigest()
    (folder / "card.json").write_bytes(orjson.dumps(facts, option=orjson.OPT_INDENT_2) + b"\n")
    write_card(folder, card, facts, engine.active)
    return folder


def _held_back(parcel_ids: list[str]) -> NDArray[np.bool_]:
    """Rows kept for calibration: by a hash of the id, so that neither order nor number changes a row's side."""
    digests = (hashlib.blake2b(i.encode("utf-8", "surrogatepass"), digest_size=4).digest() for i in parcel_ids)
    return np.array([int.from_bytes(d) % _HELD_BACK == 0 for d in digests], np.bool_)


def _fit(
    axis: str,
    rows: Rows,
    held_back: NDArray[np.bool_],
    indicators: list[Indicator],
    origin: Origin,
    settings: Settings,
) -> Fitted:
    column = {name: number for number, name in enumerate(rows.names)}
    inputs = _inputs(axis, rows, held_back, indicators)
    chosen = np.array([column[one.name] for one in inputs])
    labels = rows.labels[axis]
    learn, check = ~held_back, held_back
    matrix = rows.matrix[np.ix_(np.flatnonzero(learn), chosen)]
    weights = np.full(len(matrix), origin.weight)
    # What is not stated is shown to the classifier as fitting: absence teaches it nothing.
    stated = np.where(np.isnan(matrix), [FITS_UP_TO.get(one.name, 0.0) for one in inputs], matrix)
    estimator, pairs = fit_axis(stated, labels[learn], weights, inputs, PAIRS[axis], settings)
    del stated
    ordinary = _ordinary_weights(labels[learn], origin.rates[axis])
    tables = compile_axis(estimator, pairs, matrix, ordinary)
    by_cell = cell_weights(tables, matrix, ordinary)
    del matrix
    kept_back = rows.matrix[np.ix_(np.flatnonzero(check), chosen)]
    calibration = calibrate(
        tables.log_odds(kept_back), labels[check], _ordinary_weights(labels[check], origin.rates[axis])
    )
    return Fitted(estimator, inputs, pairs, tables, by_cell, calibration)


def _inputs(axis: str, rows: Rows, held_back: NDArray[np.bool_], indicators: list[Indicator]) -> list[Input]:
    """Indicators of the axis that training has seen often enough, then all figures that vary."""
    fired = rows.matrix[~held_back].sum(axis=0)
    chosen = []
    for number, one in enumerate(indicators):
        if one.axis != axis or fired[number] < LEAST_FIRED:
            continue
        way = -1 if one.strength == "mitigating" else 1
        chosen.append(Input(one.id, way, one.version, BOUNDS[one.strength]))
    for number, name in enumerate(FIGURES, start=len(indicators)):
        values = rows.matrix[:, number]
        stated = values[~np.isnan(values)]
        if len(stated) and stated.min() < stated.max():
            chosen.append(Input(name, FEATURES[name].direction))
    return chosen


def _ordinary_weights(labels: NDArray[np.bool_], rate: float) -> NDArray[np.float64]:
    """Weights that bring the share of positives to the ordinary one; they add up to the number of rows."""
    share = max(float(labels.mean()), 1e-12)
    return np.where(labels, rate / share, (1 - rate) / max(1 - share, 1e-12))


def _facts(
    model_id: str,
    on: date,
    rows: Rows,
    fitted: dict[str, Fitted],
    origin: Origin,
    settings: Settings,
    engine: Engine,
    digest: str,
    held_back: NDArray[np.bool_],
) -> dict[str, Any]:
    """What card.json says."""
    import sklearn

    fired = rows.matrix[:, : len(engine.active)].sum(axis=0)
    seen = {one.name for axis in fitted.values() for one in axis.inputs}
    return {
        "id": model_id,
        "date": on.isoformat(),
        "basis": origin.basis,
        "confirmed_finds": origin.confirmed_finds,
        "trained_on": {
            "parcels": len(rows.parcel_ids),
            "held_back_for_calibration": int(held_back.sum()),
            **{axis: int(labels.sum()) for axis, labels in rows.labels.items()},
            "weight_of_a_parcel": origin.weight,
            **origin.told,
        },
        "calibration": {axis: _calibration(one.calibration, origin.rates[axis]) for axis, one in fitted.items()},
        "estimator": {
            "library": f"scikit-learn {sklearn.__version__}",
            "class": "HistGradientBoostingClassifier",
            "parameters": {**asdict(settings)},
            "sha256": digest,
        },
        "inputs": {axis: [one.name for one in fit.inputs] for axis, fit in fitted.items()},
        "pairs": {
            axis: ["*".join(fit.inputs[n].name for n in pair) for pair in fit.pairs] for axis, fit in fitted.items()
        },
        "measured": {axis: _measured(fit, rows, held_back, axis) for axis, fit in fitted.items()},
        "fired_in_training": {i.id: int(count) for i, count in zip(engine.active, fired, strict=True)},
        "expert_points_kept": [i.id for i in engine.active if i.id not in seen],
        "limits": list(_LIMITS[origin.basis != "outcomes"]),
        "sops": engine.sops_version,
        "code": __version__,
    }


_LIMITS = {
    True: (
        "The parcels, the offences and their rates are simulated: the points say how the simulator's authors see the "
        "trade, not how often anything happens.",
        "The score orders parcels; it measures nothing.",
        "Points of an indicator stay within bounds of the strength that the SOP desk gave it.",
        "Obvious words are caught by floors in the packs, not by this model.",
        "Weigh it against real outcomes, with a random share of openings, before relying on its order.",
    ),
    False: (
        "Outcomes exist only for parcels that somebody opened: what was never selected is not known to be innocent.",
        "Points of an indicator stay within the range of its strength as the SOP desk set it.",
    ),
}


def _calibration(one: Calibration, rate: float) -> dict[str, Any]:
    return {**asdict(one), "brought_to_positives_per_million": round(rate * 1e6, 3)}


def _measured(fit: Fitted, rows: Rows, held_back: NDArray[np.bool_], axis: str) -> dict[str, Any]:
    """Average precision on the parcels held back, at the rates of training."""
    from sklearn.metrics import average_precision_score

    column = {name: number for number, name in enumerate(rows.names)}
    chosen = np.array([column[one.name] for one in fit.inputs])
    matrix = rows.matrix[np.ix_(np.flatnonzero(held_back), chosen)]
    labels = rows.labels[axis][held_back]
    precision = float(average_precision_score(labels, fit.tables.log_odds(matrix)))
    return {
        "average_precision_on_held_back": round(precision, 6) if math.isfinite(precision) else None,
        "share_of_positives_on_held_back": round(float(labels.mean()), 6),
    }


__all__ = ["Origin", "Settings", "train"]
