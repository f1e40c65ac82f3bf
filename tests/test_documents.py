"""Generated pages are what the schema says now."""

from __future__ import annotations

from pathlib import Path

import pytest

from riskscore.documents import pages

DOCS = Path(__file__).resolve().parent.parent / "docs"


@pytest.mark.parametrize("name", ["manifest.md", "parcel.schema.json"])
def test_the_committed_page_is_current(name: str) -> None:
    assert (DOCS / name).read_text("utf-8") == pages()[name], "run: make docs"
