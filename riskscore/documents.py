"""`make docs`: the pages that are generated from the schema, so that code and documentation cannot part."""

from __future__ import annotations

from pathlib import Path

from riskscore.declaration import json_schema
from riskscore.places import default_sops
from riskscore.reference import load_reference
from riskscore.schema import FIELDS

_HEAD = """# The declaration, field by field

One row per item in flat files; rows with the same `parcel_id` are items of one parcel. Only `parcel_id` is needed.
A plain `description` is read as `item.description`. Lists are `|`-separated; documents and screening are JSON text.
In JSON Lines a parcel is nested: `sender: {name: …}`, `items: [{description: …}]`. The JSON Schema of that form is
[parcel.schema.json](parcel.schema.json). This page is made by `make docs` and held by a test.

| column | kind | meaning |
|---|---|---|
"""


def manifest_page() -> str:
    """``docs/manifest.md``: every field with its kind and meaning."""
    rows = []
    for field in FIELDS:
        kind: str = field.kind
        if field.choices:
            kind += ": " + " · ".join(f"`{choice}`" for choice in field.choices)
        elif field.fields:
            kind += ": " + ", ".join(f"`{member.path}`" for member in field.fields)
        rows.append(f"| `{field.path}` | {kind} | {field.doc} |\n")
    return _HEAD + "".join(rows)


def pages() -> dict[str, str]:
    """File name in ``docs/`` → content."""
    reference = load_reference(default_sops())
    return {
        "manifest.md": manifest_page(),
        "parcel.schema.json": json_schema(reference.country_codes, reference.currencies),
    }


if __name__ == "__main__":
    for name, content in pages().items():
        (Path(__file__).resolve().parent.parent / "docs" / name).write_text(content, encoding="utf-8")
