"""The command `riskscore simulate`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import click
import polars as pl

from riskscore.training.simulate import Mix, simulate_files


def simulate_command(
    *,
    parcels: int,
    output: str,
    labels: str | None,
    seed: int,
    start: datetime,
    days: int,
    **mix: float,
) -> int:
    """Write the files, say what is in them; returns the exit status."""
    began = time.monotonic()
    with _progress(parcels) as advance:
        truth = simulate_files(
            parcels,
            output,
            labels=labels,
            seed=seed,
            mix=Mix(**mix),
            start=start.date(),
            days=days,
            advance=advance,
        )
    counts = truth.select(pl.len(), pl.col("illicit", "noncompliant").sum().cast(pl.Int64)).row(0)
    kits = truth["kit"].n_unique() - int(truth["kit"].null_count() > 0)
    places = " and ".join(str(place) for place in (output if output != "-" else None, labels) if place)
    click.echo(
        f"simulated {counts[0]:,} parcels: {counts[1]:,} illicit ({kits:,} kits or series), "
        f"{counts[2]:,} not compliant; {time.monotonic() - began:.1f} s" + (f"\nwritten: {places}" if places else ""),
        err=True,
    )
    return 0


@contextmanager
def _progress(parcels: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, nothing in a pipe."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with click.progressbar(length=parcels, label="simulating", file=sys.stderr) as bar:
        yield bar.update
