"""The report page: self-contained, exact, escaped, and readable without a script."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from riskscore.report import BANDS, Summary, histogram, workload, write_report
from riskscore.report_card import card, ledger, score_text
from riskscore.typed import LONGEST_TEXT, Span, plain, shown

THRESHOLDS = {"review": 500.0, "hold": 650.0}
VERSIONS = {"model": "2025-11-prior", "sops": "2025.11", "code": "0.1.0", "basis": "simulated", "confirmed_finds": 0}
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class Page(HTMLParser):
    """The page as a tree walk: complains about unbalanced tags, collects what the tests ask about."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[tuple[str, dict[str, str]]] = []
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.texts: list[tuple[str, tuple[tuple[str, str], ...]]] = []
        self.feed(html)
        self.close()
        assert not self.open, f"left open: {[tag for tag, _ in self.open]}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.seen.append((tag, attributes))
        if tag not in VOID:
            self.open.append((tag, attributes))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        expected, _ = self.open.pop()
        assert tag == expected, f"</{tag}> closes <{expected}> at {self.getpos()}"

    def handle_data(self, data: str) -> None:
        self.texts.append((data, tuple((tag, a.get("class", "")) for tag, a in self.open)))

    def text(self) -> str:
        """What a reader sees, styles and scripts apart."""
        parts = [t for t, within in self.texts if not {"style", "script"} & {tag for tag, _ in within}]
        return re.sub(r"\s+", " ", "".join(parts))


def reason(key: str, points: float, *, axis: str = "illicit", kind: str = "indicator", **more: Any) -> dict[str, Any]:
    """One reason of an assessment, with every field that the contract names."""
    return {
        "key": key,
        "kind": kind,
        "axis": axis,
        "group": "description",
        "strength": "medium",
        "points": points,
        "points_basis": "learned" if kind in {"feature", "pair"} else "expert",
        "version": 1,
        "title": f"Indicator {key}",
        "text": "What the declaration says here is unusual for this kind of goods.",
        "evidence": [],
        "benign_explanation": "Many honest senders write it this way.",
        "question": {"text": "What is it made of, and what will it be used for?", "to": "authority"},
        "action": "none",
        "action_by": None,
        "source": "UN Firearms Protocol, Article 3",
        **more,
    }


def assessment(parcel_id: str, reasons: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """An assessment whose scores are the sums of its reasons."""
    base = {"illicit": 312.0, "compliance": 290.0}
    score = {
        axis: float(Decimal(str(points)) + sum(Decimal(str(r["points"])) for r in reasons if r["axis"] == axis))
        for axis, points in base.items()
    }
    band = {axis: "hold" if s >= 650 else "review" if s >= 500 else "clear" for axis, s in score.items()}
    overall = min(band.values(), key=list(BANDS).index)
    return {
        "parcel_id": parcel_id,
        "assessed_at": "2025-11-21T20:00:00Z",
        "profile": "authority",
        "as_of": "2025-11-21T20:00:00Z",
        "score": score["illicit"],
        "band": overall,
        "illicit_band": band["illicit"],
        "base_points": base["illicit"],
        "compliance": {"score": score["compliance"], "band": band["compliance"], "base_points": base["compliance"]},
        "action": "examine",
        "action_by": "customs",
        "case_type": "suspected_contraband",
        "completeness": 0.62,
        "missing": [{"path": "recipient.phone", "why": "one contact of the recipient is usual on this lane"}],
        "reasons": sorted(reasons, key=lambda r: -r["points"]),
        "procedure": [
            {"id": "P-20", "role": "officer", "text": "Record weight, seals and labels.", "safety": False, "confirm": True},
            {"id": "P-01", "role": "clerk", "text": "Do not open, shake or reseal.", "safety": True, "confirm": False},
            {"id": "P-02", "role": "clerk", "text": "Photograph label and all sides.", "safety": False, "confirm": False},
        ],
        "counter": {
            "headline": "Set this parcel aside",
            "do": ["Leave it closed", "Call the shift supervisor", "Keep the papers with it"],
            "do_not": ["Discuss it with the customer", "Return it", "Re-tape it"],
            "say_to_customer": "Your parcel needs one more check. We will let you know.",
            "call": "Shift supervisor, extension 100",
        },
        "versions": VERSIONS,
        "lang": "en",
        **more,
    }


def declaration(parcel_id: str, description: str = "Steel pin samples", **more: Any) -> dict[str, Any]:
    """A plausible declaration of invented people."""
    return {
        "parcel_id": parcel_id,
        "item_id": "RR473124829DE",
        "channel": "postal",
        "direction": "import",
        "declaration_form": "CN23",
        "category": "gift",
        "declared_at": "2025-11-20T09:30:00Z",
        "decide_by": "2025-11-22T06:00:00Z",
        "sender": {"name": "Testa Muster", "street": "Beispielweg 4", "postcode": "00000", "city": "Musterstadt",
                   "country": "DE", "email": "testa@example.com"},
        "recipient": {"name": "Primjer Primjerić", "street": "Izmišljena 12", "city": "Sarajevo", "country": "BA"},
        "route": {"origin_country": "DE", "destination_country": "BA", "mode": "air", "service": "standard"},
        "gross_mass_kg": 2.0,
        "measured_mass_kg": 2.85,
        "dims_cm": {"length": 62, "width": 12, "height": 9},
        "total_value": 24.5,
        "currency": "EUR",
        "documents": [{"type": "licence", "number": "WBK 00-00", "issuer_country": "DE",
                       "verification": {"status": "unverified"}}],
        "observations": ["retaped"],
        "items": [{"seq": 1, "description": description, "hs_code": "7326.90", "quantity": 100, "unit": "piece",
                   "net_mass_kg": 1.9, "value": 24.5, "origin_country": "DE", "marks": []}],
        **more,
    }  # fmt: skip


def flagged_parcel(number: int = 1, description: str = "Hunting rifle barrel, steel") -> dict[str, Any]:
    """A flagged parcel with every kind of line; points with six decimals as a learned model gives them."""
    parcel_id = f"PK{number:06d}"
    return {
        "assessment": assessment(
            parcel_id,
            [
                reason("GD-01", 220 + number % 7, title="A firearm is named in the goods description", strength="strong",
                       evidence=[{"path": "items[0].description", "value": description, "start": 8, "end": 13,
                                  "concept": "firearm"}], action="examine", action_by="customs"),
                reason("GD-02", 150.5, title="A firearm part is named", strength="strong",
                       evidence=[{"path": "items[0].description", "value": description, "start": 8, "end": 20,
                                  "concept": "firearm_part"}]),
                reason("value_per_kg", 38.412907, kind="feature", title="Declared value per kilogram", group="value",
                       evidence=[{"path": "total_value", "value": 24.5, "start": None, "end": None, "concept": None}]),
                reason("length_to_width*mass_gap_share", 12.000001, kind="pair", title="Long box and mass gap",
                       group="value", evidence=[{"path": "dims_cm", "value": None}]),
                reason("SE-04", -41.25, strength="mitigating", title="Sender known for sport goods", group="history"),
                reason("cap:description", -60.0, kind="cap", title=None, evidence=[]),
                reason("other", 3.330003, kind="other", title=None, text=None),
                reason("DO-01", 160.0, axis="compliance", title="No licence shown", group="documents",
                       evidence=[{"path": "documents[0].number", "value": "WBK 00-00"}], action="licence_check",
                       action_by="licensing_authority"),
                reason("DQ-03", 55.0, axis="compliance", title="Mass on the scale differs", group="value",
                       evidence=[{"path": "measured_mass_kg", "value": 2.85}, {"path": "recipient.phone", "value": None}]),
                reason("other", 1.5, axis="compliance", kind="other", title=None),
            ],
        ),
        "declaration": declaration(parcel_id, description),
    }  # fmt: skip


def summary(**more: Any) -> Summary:
    """A run over 12,480 parcels."""
    values: dict[str, Any] = {
        "manifest": "flights-2025-11-21.csv",
        "as_of": datetime(2025, 11, 21, 20, 0, tzinfo=UTC),
        "profile": "authority",
        "versions": VERSIONS,
        "counts": {"rows_read": 14_020, "rows_used": 13_998, "rows_rejected": 22, "parcels_read": 12_489,
                   "parcels_scored": 12_480, "parcels_rejected": 9},
        "notes": ["Unknown columns ignored: INTERNAL_REF, DEPOT."],
        "bands": {"clear": 12_231, "review": 212, "hold": 37},
        "illicit_bands": {"clear": 12_400, "review": 57, "hold": 23},
        "compliance_bands": {"clear": 12_300, "review": 166, "hold": 14},
        "score_histogram": [(float(a), float(a + 25), n) for a, n in zip(
            range(200, 800, 25), [3, 40, 610, 2900, 4100, 2600, 1300, 520, 190, 80, 40, 17, 20, 14, 10, 7, 4, 2, 8, 6, 4, 0,
                                  3, 2], strict=True)],
        "compliance_histogram": [(float(a), float(a + 25), n) for a, n in zip(
            range(200, 800, 25), [0, 0, 900, 5200, 3100, 1500, 800, 420, 210, 90, 50, 30, 80, 40, 20, 14, 8, 4, 9, 3, 1, 1,
                                  0, 0], strict=True)],
        "thresholds": THRESHOLDS,
        "indicators": [
            {"key": "GD-01", "title": "A firearm is named", "group": "description", "axis": "illicit",
             "strength": "strong", "fired": 14, "flagged": 14},
            {"key": "GD-08", "title": "Only vague words", "group": "description", "axis": "illicit",
             "strength": "weak", "fired": 1204, "flagged": 31},
        ],
        "rank_curve": [(1, 780.0), (2, 760.5), (5, 700.0)],
        "seconds": 1.84,
        **more,
    }  # fmt: skip
    return Summary(**values)


@pytest.fixture
def render(tmp_path: Path) -> Any:
    """Write a report and read it back."""

    def write(flagged: list[dict[str, Any]], shown_of: int | None = None, **more: Any) -> str:
        path = tmp_path / "report.html"
        write_report(path, summary(**more), flagged, shown_of=len(flagged) if shown_of is None else shown_of)
        return path.read_text("utf-8")

    return write
