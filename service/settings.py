"""Settings of the service; the only place that reads the environment."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True)
class Settings:
    """What a deployment may choose.

    Parameters
    ----------
    sops, models : Path, optional
        Folders instead of those in the package (``RISKSCORE_SOPS``, ``RISKSCORE_MODELS``).
    profile : {"operator", "authority"}
        Whom the answers are for (``RISKSCORE_PROFILE``); couriers get operator assessments.
    max_body : int
        Largest request body, bytes (``RISKSCORE_MAX_BODY``).
    clock : callable
        Time of receipt; tests stop it.
    """

    sops: Path | None = None
    models: Path | None = None
    profile: Literal["operator", "authority"] = "operator"
    max_body: int = 1_048_576
    clock: Callable[[], datetime] = _now

    @staticmethod
    def from_environment(sops: Path | None = None, models: Path | None = None, profile: str | None = None) -> Settings:
        """Settings from ``RISKSCORE_*`` variables; arguments come first.

        Raises
        ------
        ValueError
            When a variable has no meaning.
        """
        env = os.environ
        chosen = profile or env.get("RISKSCORE_PROFILE", "operator")
        if chosen not in ("operator", "authority"):
            raise ValueError(f"RISKSCORE_PROFILE is {chosen!r}; it must be operator or authority")
        size = env.get("RISKSCORE_MAX_BODY", str(Settings.max_body))
        if not size.isdigit() or int(size) < 1:
            raise ValueError(f"RISKSCORE_MAX_BODY is {size!r}; it must be a number of bytes")
        return Settings(
            sops or _folder("RISKSCORE_SOPS"),
            models or _folder("RISKSCORE_MODELS"),
            "authority" if chosen == "authority" else "operator",
            int(size),
        )


def _folder(name: str) -> Path | None:
    value = os.environ.get(name)
    return Path(value) if value else None
