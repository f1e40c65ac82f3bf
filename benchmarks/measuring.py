"""Whole processes, measured: seconds, processor seconds and peak memory of each."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any


@dataclass(frozen=True, slots=True)
class Run:
    """One process from its start to its end.

    Parameters
    ----------
    seconds, cpu : float
        Wall and processor seconds (user and system, all threads).
    peak_mb : float
        Largest resident memory.
    told : dict
        What it printed as JSON on its last line, if it did.
    """

    seconds: float
    cpu: float
    peak_mb: float
    told: dict[str, Any]


def measured(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Run:
    """Run a command to its end.

    The peak of a process is never reported below that of the one that started it, so a program that measures must stay
    small itself.

    Raises
    ------
    SystemExit
        When the command fails.
    """
    began = monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, **(environment or {})})
    assert process.stdout  # noqa: S101 - a pipe was asked for
    lines = process.stdout.read().decode("utf-8", "replace").splitlines()
    process.stdout.close()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"failed with status {process.returncode}: {' '.join(command)}")
    told = json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {}
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, told)


def python(module: str, *arguments: object) -> list[str]:
    """Command that runs a module with this interpreter."""
    return [sys.executable, "-m", module, *map(str, arguments)]


def median(runs: Sequence[Run], name: str) -> float:
    """Median of one measure over some runs."""
    return float(statistics.median(getattr(run, name) for run in runs))


def machine() -> str:
    """The machine in a few words."""
    libraries = ", ".join(f"{name} {_version(name)}" for name in ("polars", "numpy", "scikit-learn"))
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, {libraries}"


def others() -> dict[str, float]:
    """How busy the machine was with other work over the last minutes; ask before measuring begins."""
    return {"load_average_before": round(os.getloadavg()[1], 2)}


def _version(name: str) -> str:
    from importlib.metadata import version

    return version(name)


def show(numbers: Mapping[str, Any]) -> None:
    """Print numbers one by one."""
    for name, value in numbers.items():
        print(f"{name:40} {value:,}" if isinstance(value, int | float) else f"{name:40} {value}")


def keep(numbers: Mapping[str, Any], place: Path) -> None:
    """Write numbers where they are kept."""
    place.write_text(json.dumps(numbers, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
