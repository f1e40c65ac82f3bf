"""`make soak`: score batch after batch in one process and watch that memory stays where it is."""

from __future__ import annotations

import argparse
import gc
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.manifests import write_varied
from riskscore.assess import assess, load_engine
from riskscore.formats import open_manifest

AS_OF = datetime(2026, 11, 16, 6, tzinfo=UTC)
GROWTH_MB = 200  # more than allocators keep; a leak of one batch in ten passes it within a minute


def main() -> None:
    """Exit status 1 when the peak grows after the first minute."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    minutes = parser.parse_args().minutes
    engine = load_engine()
    began, parcels, settled = time.monotonic(), 0, 0.0
    with tempfile.TemporaryDirectory() as folder:
        manifest = Path(folder) / "manifest.parquet"
        write_varied(manifest, 50_000)
        while (passed := time.monotonic() - began) < minutes * 60:
            with open_manifest(manifest, countries=engine.reference.countries) as source:
                for tables in source:
                    parcels += assess(tables, engine, as_of=AS_OF).flat().height
            gc.collect()
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            settled = settled or (peak if passed > min(60, minutes * 30) else 0.0)
            print(f"\r{passed:6.0f} s  {parcels:12,} parcels  peak {peak:6.0f} MB", end="", file=sys.stderr)
            if settled and peak > settled + GROWTH_MB:
                raise SystemExit(f"\nmemory grew from {settled:.0f} to {peak:.0f} MB")
    print(f"\n{parcels:,} parcels, peak steady at {peak:.0f} MB")


if __name__ == "__main__":
    main()
