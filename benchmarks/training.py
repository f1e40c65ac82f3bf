"""`make bench-training`: one million rows of 150 inputs, both axes, from rows to calibrated tables.

The rows are simulated parcels of raised rates, as training examines them; what lacks to a million rows is drawn again
from them, and what lacks to 150 inputs are noisy copies. Also: how long it takes to simulate a million parcels.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.manifests import simulate
from benchmarks.measuring import Run, keep, machine, measured, others, python, show

LAST = Path(__file__).resolve().parent / "training.json"


def told(name: str, one: Run) -> dict[str, Any]:
    """Measures of one process under a name."""
    return {
        f"{name}_seconds": round(one.seconds, 1),
        f"{name}_cpu_seconds": round(one.cpu, 1),
        f"{name}_peak_mb": round(one.peak_mb),
        **{f"{name}_{key}": value for key, value in one.told.items()},
    }


def main() -> None:
    """Print the numbers; with ``--keep`` they stay in ``training.json``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--inputs", type=int, default=150)
    parser.add_argument("--examined", type=int, default=300_000, help="parcels that the rows are drawn from")
    parser.add_argument("--simulated", type=int, default=1_000_000, help="parcels of the manifest; 0: none")
    parser.add_argument("--keep", action="store_true", help="write the numbers to benchmarks/training.json")
    options = parser.parse_args()
    numbers: dict[str, Any] = {}
    load = others()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.simulated:
            simulated = measured(simulate(options.simulated, folder / "manifest.parquet"))
            rate = {"parcels": options.simulated, "parcels_per_second": round(options.simulated / simulated.seconds)}
            numbers |= {**{f"simulate_{k}": v for k, v in rate.items()}, **told("simulate", simulated)}
        steps = "benchmarks.training_steps"
        numbers |= told("examine", measured(python(steps, "examine", folder, options.examined)))
        fit = python(steps, "fit", folder, options.rows, options.inputs)
        # On a busy machine threads that wait sleep instead of spinning.
        numbers |= told("train", measured(fit, {"OMP_WAIT_POLICY": "passive"}))
    numbers |= {"machine": machine(), **load}
    show(numbers)
    if options.keep:
        keep(numbers, LAST)


if __name__ == "__main__":
    main()
