"""`make bench`: one million simulated parcels, Parquet to explained Parquet, everything switched on.

Held against two things in the same run: a polars pass that only reads and writes the manifest, and scikit-learn's bare
`predict_proba` on the matrix that a model reads. All three are whole processes, in turn; the ratios carry over to other
machines, seconds do not.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.manifests import AS_OF, simulate
from benchmarks.measuring import keep, machine, measured, median, others, python, show

LAST = Path(__file__).resolve().parent / "throughput.json"
FLOOR = "import sys, polars as pl; pl.scan_parquet(sys.argv[1]).sink_parquet(sys.argv[2])"
WRITTEN = """
import json, sys
import polars as pl
numbers = pl.scan_parquet(sys.argv[1]).select(parcels=pl.len(), model=pl.first("model")).collect()
print(json.dumps(numbers.to_dicts()[0]))
"""


def run(manifest: Path, folder: Path, rounds: int) -> dict[str, Any]:
    """Measure floor, classifier and scoring in turn; medians over the rounds.

    Parameters
    ----------
    manifest : Path
    folder : Path
        For what is made on the way.
    rounds : int

    Raises
    ------
    SystemExit
        When a process fails, or not every parcel comes out.
    """
    out = folder / "scored.parquet"
    # `explain` keeps pointing to the manifest that a person scored last; threads of the classifier that wait for a busy
    # core sleep instead of spinning, which would make it look up to ten times slower than it is.
    own = {"XDG_CONFIG_HOME": str(folder), "OMP_WAIT_POLICY": "passive"}
    prepared = measured(python("benchmarks.classifier", "prepare", manifest, folder), own).told
    commands = {
        "floor": [sys.executable, "-c", FLOOR, str(manifest), str(folder / "copy.parquet")],
        "bare": python("benchmarks.classifier", "predict", folder),
        "score": python("riskscore.cli", "score", manifest, "-o", out, "--as-of", AS_OF.isoformat(), "--top", 0),
    }
    turns = [{name: measured(command, own) for name, command in commands.items()} for _ in range(rounds)]
    parcels = int(prepared["parcels"])
    written = measured([sys.executable, "-c", WRITTEN, str(out)]).told
    if written["parcels"] != parcels:
        raise SystemExit(f"{parcels:,} parcels went in and {written['parcels']:,} came out")
    floor, bare, score = ([turn[name] for turn in turns] for name in commands)
    calls = [float(one.told["calls_seconds"]) for one in bare]

    def times(others: list[float]) -> float:
        return round(statistics.median(s.seconds / o for s, o in zip(score, others, strict=True)), 2)

    def rate(seconds: float) -> int:
        return round(parcels / seconds)

    return {
        "parcels": parcels,
        "rounds": rounds,
        "model": written["model"],
        "parcels_per_second": rate(median(score, "seconds")),
        "seconds": round(median(score, "seconds"), 2),
        "cpu_seconds": round(median(score, "cpu"), 2),
        "peak_mb": round(max(one.peak_mb for one in score)),
        "floor_parcels_per_second": rate(median(floor, "seconds")),
        "floor_seconds": round(median(floor, "seconds"), 2),
        "floor_cpu_seconds": round(median(floor, "cpu"), 2),
        "times_floor": times([one.seconds for one in floor]),
        "times_floor_cpu": round(median(score, "cpu") / median(floor, "cpu"), 2),
        "inputs": prepared["inputs"],
        "bare_predict_proba_parcels_per_second": rate(median(bare, "seconds")),
        "bare_predict_proba_seconds": round(median(bare, "seconds"), 2),
        "bare_predict_proba_cpu_seconds": round(median(bare, "cpu"), 2),
        "times_bare_predict_proba": times([one.seconds for one in bare]),
        "times_bare_predict_proba_cpu": round(median(score, "cpu") / median(bare, "cpu"), 2),
        "calls_alone_parcels_per_second": rate(statistics.median(calls)),
        "times_calls_alone": times(calls),
        "machine": machine(),
    }


def main() -> None:
    """Print the numbers; with ``--keep`` they stay in ``throughput.json``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parcels", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--keep-manifest",
        type=Path,
        metavar="PARQUET",
        help="use this manifest, whatever its number of parcels; where there is none, make it and leave it there",
    )
    parser.add_argument("--keep", action="store_true", help="write the numbers to benchmarks/throughput.json")
    options = parser.parse_args()
    load = others()
    with tempfile.TemporaryDirectory() as folder:
        manifest = options.keep_manifest or Path(folder) / "manifest.parquet"
        if not manifest.exists():
            measured(simulate(options.parcels, manifest, options.seed))
        numbers = run(manifest, Path(folder), options.rounds)
    numbers |= load
    show(numbers)
    if options.keep:
        keep(numbers, LAST)


if __name__ == "__main__":
    main()
