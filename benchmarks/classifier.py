"""What scoring is held against: scikit-learn's bare `predict_proba` on the matrix that a model reads.

The classifier is what one would fit without asking for reasons: no monotone directions, no named pairs, 150 trees of 31
leaves. Two programs: ``prepare MANIFEST FOLDER`` lays out the matrix once and fits, ``predict FOLDER`` only predicts.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.manifests import AS_OF, DAYS, START

if TYPE_CHECKING:
    import polars as pl

    from riskscore.schema import Tables

PARAMETERS: dict[str, Any] = {"max_iter": 150, "max_leaf_nodes": 31, "early_stopping": False, "random_state": 1}
THREADS, CHUNK = 2, 10_000
FIT_ON, FIT_SEED = 100_000, 2


def prepare(manifest: Path, folder: Path) -> dict[str, Any]:
    """Write ``matrix.npy`` of a manifest and ``classifier.joblib``, fitted on simulated parcels of raised rates."""
    import joblib
    from sklearn.ensemble import HistGradientBoostingClassifier

    from riskscore.assess import load_engine
    from riskscore.formats import open_manifest
    from riskscore.training.inputs import ILLICIT, gather
    from riskscore.training.simulate import Mix, simulated
    from riskscore.training.train_run import RAISED

    engine = load_engine()
    mix = Mix(**RAISED)
    learn = gather(simulated(FIT_ON, seed=FIT_SEED, mix=mix, start=START, days=DAYS), engine, AS_OF)
    estimator = HistGradientBoostingClassifier(**PARAMETERS).fit(learn.matrix, learn.labels[ILLICIT])
    joblib.dump(estimator, folder / "classifier.joblib")
    with open_manifest(manifest, countries=engine.reference.countries) as source:
        rows = gather(unlabelled(iter(source)), engine, AS_OF)
    np.save(folder / "matrix.npy", rows.matrix)
    return {
        "parcels": len(rows.matrix),
        "inputs": len(rows.names),
        "fitted_on": FIT_ON,
        "fitted_positives": int(learn.labels[ILLICIT].sum()),
    }


def unlabelled(batches: Iterator[Tables]) -> Iterator[tuple[Tables, pl.DataFrame]]:
    """Batches with labels that nobody reads: only the matrix is wanted."""
    import polars as pl

    for tables in batches:
        nothing = {"illicit": pl.lit(0), "noncompliant": pl.lit(0), "pattern": pl.lit(None, pl.String)}
        yield tables, tables.parcels.select("parcel_id", **nothing)


def predict(folder: Path) -> dict[str, Any]:
    """Predict the matrix in chunks and write the probabilities; says what the bare calls took."""
    import joblib
    from threadpoolctl import threadpool_limits

    estimator = joblib.load(folder / "classifier.joblib")
    matrix = np.load(folder / "matrix.npy")
    with threadpool_limits(THREADS):
        began = monotonic()
        parts = [estimator.predict_proba(matrix[n : n + CHUNK])[:, 1] for n in range(0, len(matrix), CHUNK)]
        seconds = monotonic() - began
    np.save(folder / "probabilities.npy", np.concatenate(parts))
    return {"calls_seconds": seconds}


def main() -> None:
    """Print one line of JSON."""
    program, *places = sys.argv[1:]
    numbers = prepare(*map(Path, places)) if program == "prepare" else predict(*map(Path, places))
    print(json.dumps(numbers))


if __name__ == "__main__":
    main()
