"""The programs that `benchmarks.training` measures: examine simulated parcels, then fit both axes on rows of them."""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.manifests import AS_OF, DAYS, START
from riskscore.assess import load_engine
from riskscore.features import FEATURES
from riskscore.sops import AXES
from riskscore.training.fit import Input, Settings, calibrate, compile_axis, fit_axis
from riskscore.training.inputs import FITS_UP_TO, PAIRS, gather
from riskscore.training.simulate import Mix, simulated
from riskscore.training.train import BOUNDS
from riskscore.training.train_run import RAISED

SEED, CALIBRATED_ON = 3, 5  # one row in five more than are fitted, as training holds back one in five
NOISE, FLIPPED = 0.05, 0.01  # of a copied figure, and of a copied indicator


def examine(folder: Path, parcels: int) -> dict[str, Any]:
    """Simulate parcels at the rates of training, examine them, and write matrix and labels."""
    batches = simulated(parcels, seed=SEED, mix=Mix(**RAISED), start=START, days=DAYS)
    rows = gather(batches, load_engine(), AS_OF)
    np.save(folder / "rows.npy", rows.matrix)
    np.save(folder / "labels.npy", np.column_stack([rows.labels[axis] for axis in AXES]))
    (folder / "names.json").write_text(json.dumps(rows.names), encoding="utf-8")
    return {"parcels": parcels, "columns": len(rows.names)}


def real_inputs(names: list[str]) -> list[Input]:
    """Columns of the matrix as training takes them."""
    indicators = {i.id: i for i in load_engine().active}
    inputs = []
    for name in names:
        if one := indicators.get(name):
            way = -1 if one.strength == "mitigating" else 1
            inputs.append(Input(name, way, one.version, BOUNDS[one.strength]))
        else:
            inputs.append(Input(name, FEATURES[name].direction))
    return inputs


def padded(
    rows: NDArray[np.float64], inputs: list[Input], number: int, columns: int, chance: np.random.Generator
) -> tuple[NDArray[np.float64], list[Input], NDArray[np.int64]]:
    """Rows drawn again and inputs copied with noise, to a size.

    Parameters
    ----------
    rows : float64 array (m, inputs)
    inputs : list of Input
    number, columns : int
        The size wanted; with fewer columns than there are inputs, the last ones (figures) stay.
    chance : numpy.random.Generator

    Returns
    -------
    tuple
        Matrix (number, columns), its inputs, and the row (number,) that each was drawn from.
    """
    drawn = np.arange(number) if number <= len(rows) else chance.integers(0, len(rows), number)
    kept = min(columns, len(inputs))
    rows, inputs = rows[:, len(inputs) - kept :], inputs[len(inputs) - kept :]
    matrix = np.empty((number, columns))
    matrix[:, :kept] = rows[drawn]
    told = list(inputs)
    for copy in range(kept, columns):
        source = kept - 1 - (copy - kept) % kept  # figures first: they have more cells to search than indicators
        one, column = inputs[source], matrix[:, source]
        if one.is_indicator:
            matrix[:, copy] = np.where(chance.random(number) < FLIPPED, 1 - column, column)
        else:
            matrix[:, copy] = column * (1 + NOISE * chance.standard_normal(number))
        told.append(Input(f"{one.name}~{copy}", one.direction, one.version, one.bounds))
    return matrix, told, drawn


def fit(folder: Path, number: int, columns: int) -> dict[str, Any]:
    """Fit, compile and calibrate both axes; says the seconds of each step."""
    rows = np.load(folder / "rows.npy")
    labels = np.load(folder / "labels.npy")
    names = json.loads((folder / "names.json").read_text("utf-8"))
    held_back = number // CALIBRATED_ON
    chance = np.random.default_rng(SEED)
    matrix, inputs, drawn = padded(rows, real_inputs(names), number + held_back, columns, chance)
    del rows
    learn, check = matrix[:number], matrix[number:]
    fits = [FITS_UP_TO.get(one.name.partition("~")[0], 0.0) for one in inputs]
    weights = np.ones(number)
    told: dict[str, Any] = {"rows": number, "inputs": columns, "calibrated_on": held_back}
    before = monotonic()
    for column, axis in enumerate(AXES):
        label = labels[drawn, column]
        clock = [monotonic()]
        stated = np.where(np.isnan(learn), fits, learn)
        estimator, pairs = fit_axis(stated, label[:number], weights, inputs, PAIRS[axis], Settings())
        del stated
        clock.append(monotonic())
        tables = compile_axis(estimator, pairs, learn, weights)
        clock.append(monotonic())
        calibration = calibrate(tables.log_odds(check), label[number:], np.ones(held_back))
        clock.append(monotonic())
        steps = zip(("fit", "compile", "calibrate"), np.diff(clock), strict=True)
        told |= {f"{axis}_{step}_seconds": round(float(seconds), 1) for step, seconds in steps}
        told |= {f"{axis}_trees": int(estimator.n_iter_), f"{axis}_calibration_slope": round(calibration.slope, 4)}
    told["both_axes_seconds"] = round(monotonic() - before, 1)
    told["matrix_mb"] = round(matrix.nbytes / 1e6)
    told["own_peak_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return told


def main() -> None:
    """Print one line of JSON."""
    program, folder, *sizes = sys.argv[1:]
    step = examine if program == "examine" else fit
    print(json.dumps(step(Path(folder), *map(int, sizes))))


if __name__ == "__main__":
    main()
