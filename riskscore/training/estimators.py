"""The estimators of a model, for retraining and proof only: never opened before their sha256 matches the card.

Opening one runs what is in it, as with any pickle. Serving never does; it reads `scorecard.json`.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import orjson

from riskscore.errors import ModelError

FILE = "estimator.joblib"


def save_estimators(folder: Path, estimators: dict[str, Any]) -> str:
    """Write the estimators by axis; returns the sha256 for the card."""
    import joblib

    joblib.dump(estimators, folder / FILE, compress=3)
    return hashlib.sha256((folder / FILE).read_bytes()).hexdigest()


def load_estimators(folder: Path) -> dict[str, Any]:
    """The estimators by axis.

    Raises
    ------
    ModelError
        When the file is not there, or is not the one that the card names; it is then not opened.
    """
    import io

    import joblib

    try:
        expected = orjson.loads((folder / "card.json").read_bytes())["estimator"]["sha256"]
        content = (folder / FILE).read_bytes()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{folder}: no estimator with its card can be read: {error}") from error
    if hashlib.sha256(content).hexdigest() != expected:
        raise ModelError(f"{folder / FILE}: its sha256 is not the one on the card; it was not opened")
    loaded: dict[str, Any] = joblib.load(io.BytesIO(content))
    return loaded
