"""Reading the YAML files of the SOP desk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C loader is five times faster; both build plain data only


def read_yaml(path: Path, faults: list[str]) -> dict[str, Any] | None:
    """A YAML file that holds a mapping; None, and a line in `faults`, when it does not."""
    try:
        content = yaml.load(path.read_text("utf-8"), Loader=_LOADER)  # noqa: S506
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        faults.append(f"{path.name}: cannot be read: {' '.join(str(error).split())}")
        return None
    if not isinstance(content, dict):
        faults.append(f"{path.name}: must be a mapping")
        return None
    return content
