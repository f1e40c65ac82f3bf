"""`make bench`: one million parcels, Parquet to explained Parquet, against a polars pass that only reads and writes.

Both are whole processes measured in the same run, in turn; the ratio carries over to other machines, seconds do not.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.manifests import write_varied

LAST = Path(__file__).resolve().parent / "throughput.json"
AS_OF = "2026-11-16T06:00:00Z"
FLOOR = "import sys, polars as pl; pl.scan_parquet(sys.argv[1]).sink_parquet(sys.argv[2])"


def measured(command: list[str]) -> dict[str, float]:
    """Wall seconds, processor seconds and peak memory (MB) of one whole process."""
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - began
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"failed: {' '.join(command)}")
    return {"seconds": seconds, "cpu": usage.ru_utime + usage.ru_stime, "peak_mb": usage.ru_maxrss / 1024}


def run(parcels: int, rounds: int) -> dict[str, Any]:
    """Measure scoring and floor in turn; medians over the rounds."""
    with tempfile.TemporaryDirectory() as folder:
        manifest, out, copy = (str(Path(folder) / n) for n in ("manifest.parquet", "scored.parquet", "copy.parquet"))
        write_varied(Path(manifest), parcels)
        score = [sys.executable, "-m", "riskscore.cli", "score", manifest, "-o", out, "--as-of", AS_OF, "--top", "0"]
        floor = [sys.executable, "-c", FLOOR, manifest, copy]
        rows = [(measured(floor), measured(score)) for _ in range(rounds)]
    seconds = statistics.median(s["seconds"] for _, s in rows)
    return {
        "parcels": parcels,
        "rounds": rounds,
        "parcels_per_second": round(parcels / seconds),
        "seconds": round(seconds, 2),
        "cpu_seconds": round(statistics.median(s["cpu"] for _, s in rows), 2),
        "peak_mb": round(max(s["peak_mb"] for _, s in rows)),
        "floor_seconds": round(statistics.median(f["seconds"] for f, _ in rows), 2),
        "times_floor": round(statistics.median(s["seconds"] / f["seconds"] for f, s in rows), 1),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
    }


def main() -> None:
    """Print the numbers and keep them in ``throughput.json``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parcels", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keep", action="store_true", help="write the numbers to benchmarks/throughput.json")
    options = parser.parse_args()
    numbers = run(options.parcels, options.rounds)
    for name, value in numbers.items():
        print(f"{name:20} {value:,}" if isinstance(value, int) else f"{name:20} {value}")
    if options.keep:
        LAST.write_text(json.dumps(numbers, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
