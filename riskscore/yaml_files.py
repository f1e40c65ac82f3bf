"""Reading the YAML files of the SOP desk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

# The C loader is five times faster; both build plain data only.
_Safe: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Safe):  # type: ignore[misc]
    """Refuses a key that stands twice in one mapping; YAML readers otherwise let the last one win in silence."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        pairs = node.value if isinstance(node, yaml.MappingNode) else ()
        keys = [key.value for key, _ in pairs if isinstance(key, yaml.ScalarNode)]
        if twice := next((key for key in keys if keys.count(key) > 1), None):
            raise yaml.constructor.ConstructorError(None, None, f"`{twice}` stands twice", node.start_mark)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path, faults: list[str]) -> dict[str, Any] | None:
    """A YAML file that holds a mapping; None, and a line in `faults`, when it does not."""
    try:
        content = yaml.load(path.read_text("utf-8"), Loader=_Loader)  # noqa: S506
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        faults.append(f"{path.name}: cannot be read: {' '.join(str(error).split())}")
        return None
    if not isinstance(content, dict):
        faults.append(f"{path.name}: must be a mapping")
        return None
    return content
