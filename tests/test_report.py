"""The report page: self-contained, exact, escaped, and readable without a script."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from riskscore.report import BANDS, Summary, histogram, workload, write_report
from riskscore.report_card import card, ledger, score_text
from riskscore.typed import LONGEST_TEXT

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
            {
                "id": "P-20",
                "role": "officer",
                "text": "Record weight, seals and labels.",
                "safety": False,
                "confirm": True,
            },
            {"id": "P-01", "role": "clerk", "text": "Do not open, shake or reseal.", "safety": True, "confirm": False},
            {
                "id": "P-02",
                "role": "clerk",
                "text": "Photograph label and all sides.",
                "safety": False,
                "confirm": False,
            },
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
                reason("GD-01", 220 + number % 7, title="A firearm is named in the goods", strength="strong",
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
                       evidence=[{"path": "measured_mass_kg", "value": 2.85}, {"path": "recipient.phone"}]),
                reason("other", 1.5, axis="compliance", kind="other", title=None),
            ],
        ),
        "declaration": declaration(parcel_id, description),
    }  # fmt: skip


def bins(*parcels: int) -> list[tuple[float, float, int]]:
    """A histogram from 200 points on, in steps of 25."""
    return [(200.0 + 25 * i, 225.0 + 25 * i, n) for i, n in enumerate(parcels)]


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
        "score_histogram": bins(3, 610, 2900, 4100, 2600, 1300, 520, 190, 80, 40, 17, 20, 14, 10, 7, 4, 2, 8, 6, 0, 4),
        "compliance_histogram": bins(0, 900, 5200, 3100, 1500, 800, 420, 210, 90, 50, 30, 80, 40, 20, 14, 8, 4, 9, 3),
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


def ledgers(html: str) -> list[tuple[str, list[Decimal]]]:
    """Each ledger as a reader sees it: axis, then base, lines and sum."""
    found = []
    for axis, body in re.findall(r'<table class="wf (\w+)".*?<tbody>(.*?)</table>', html, re.DOTALL):
        cells = re.findall(r'<td class="p">(.*?)</td>', body)
        found.append((axis, [Decimal(re.sub(r"<[^>]+>", "", c).replace("−", "-")) for c in cells]))
    return found


def test_the_page_asks_nothing_of_the_network(render: Any) -> None:
    html = render([flagged_parcel(), flagged_parcel(2)])
    page = Page(html)
    assert not {tag for tag, _ in page.seen} & {"link", "img", "iframe", "object", "embed", "base", "audio", "video"}
    for tag, attributes in page.seen:
        assert not {"src", "srcset", "action", "xlink:href"} & attributes.keys(), tag
        assert attributes.get("href", "#").startswith("#")
        assert not [name for name in attributes if name.startswith("on")], tag
    assert not re.search(r"https?://|//cdn|@import|url\(", html)
    script = re.search(r"<script>(.*?)</script>", html, re.DOTALL)
    assert script
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    assert f"default-src 'none'; script-src 'sha256-{digest}'" in html.replace("&#39;", "'")


def test_structure_is_sound(render: Any) -> None:
    for html in (render([flagged_parcel(), flagged_parcel(2)]), render([], bands={"clear": 12_480}, indicators=[])):
        page = Page(html)
        tags = Counter(tag for tag, _ in page.seen)
        assert html.startswith("<!doctype html>")
        assert ("html", {"lang": "en"}) in page.seen
        assert tags["h1"] == tags["main"] == tags["script"] == html.count("<title>Inspection proposals") == 1
        assert tags["nav"] == 1
        ids = [attributes["id"] for _, attributes in page.seen if "id" in attributes]
        assert len(ids) == len(set(ids))
        wanted = [a["href"][1:] for _, a in page.seen if "href" in a]
        wanted += [i for _, a in page.seen for i in (a.get("aria-labelledby", "") + " " + a.get("for", "")).split()]
        assert set(wanted) <= set(ids)


def test_ledgers_add_up_to_the_last_digit(render: Any) -> None:
    flagged = [flagged_parcel(n) for n in (1, 2, 3)]
    shown_ledgers = ledgers(render(flagged))
    assert [axis for axis, _ in shown_ledgers] == ["illicit", "compliance"] * 3
    for n, (axis, numbers) in enumerate(shown_ledgers):
        base, *lines, total = numbers
        assert base + sum(lines) == total
        a = flagged[n // 2]["assessment"]
        head = a if axis == "illicit" else a["compliance"]
        assert total == Decimal(str(head["score"]))
        assert sorted(lines) == sorted(Decimal(str(r["points"])) for r in a["reasons"] if r["axis"] == axis)
    assert "do not add up" not in render(flagged)


def test_a_ledger_that_does_not_add_up_says_so(render: Any) -> None:
    parcel = flagged_parcel()
    parcel["assessment"]["score"] += 0.000001
    assert "do not add up" in Page(render([parcel])).text()


def test_caps_and_the_rest_stand_last_before_the_sum() -> None:
    steps = ledger(flagged_parcel()["assessment"], "illicit", {}).steps
    assert [step.kind for step in steps][-2:] == ["cap", "other"]
    assert "description" in steps[-2].title
    assert all(a.end == b.start for a, b in pairwise(steps))


def test_every_kind_of_evidence_finds_its_field(render: Any) -> None:
    parcel = flagged_parcel()
    parcel["assessment"]["reasons"].append(
        reason(
            "HC-01",
            5,
            evidence=[{"path": "handling_codes[0]", "value": "RXS"}, {"path": "value_per_litre", "value": 2}],
        )
    )
    parcel["declaration"]["handling_codes"] = ["RXS", "CAO"]
    html = render([parcel])
    assert len(re.findall(r"<mark[^>]*>(?:62|12|9)<sup>", html)) == 3  # dims_cm as a whole
    assert re.search(r"<mark[^>]*>RXS, CAO<sup>", html)
    assert re.search(r"<mark[^>]*>24.5<sup>", html)
    assert re.search(r"not stated in the declaration: .*value per litre<sup>.*recipient, phone<sup>", html)


def test_every_stated_field_is_shown_and_unknown_stays_away(render: Any) -> None:
    parcel = flagged_parcel()
    parcel["declaration"] |= {"something_new": "kept", "insured_value": None}
    text = Page(render([parcel])).text()
    for word in (
        "Izmišljena 12",
        "testa@example.com",
        "something new",
        "kept",
        "unverified",
        "retaped",
        "7326.90",
        "RR473124829DE",
    ):
        assert word in text
    assert "None" not in text
    assert "Insured for" not in text


HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>"


def test_what_senders_type_is_never_markup(render: Any) -> None:
    parcel = flagged_parcel(description=f"A {HOSTILE} \" ' & rifle")
    parcel["declaration"]["recipient"]["name"] = HOSTILE
    parcel["declaration"]["route"]["origin_country"] = HOSTILE
    parcel["declaration"][HOSTILE] = HOSTILE
    a = parcel["assessment"]
    a |= {"parcel_id": HOSTILE, "missing": [{"path": HOSTILE, "why": HOSTILE}], "action_by": HOSTILE}
    a["reasons"][0] |= {
        "title": HOSTILE,
        "text": HOSTILE,
        "source": HOSTILE,
        "key": HOSTILE,
        "benign_explanation": HOSTILE,
    }
    a["reasons"][0]["evidence"][0] |= {"concept": HOSTILE, "start": 0, "end": 9}
    a["counter"]["do"] = [HOSTILE]
    html = render([parcel], manifest=HOSTILE, notes=[HOSTILE], rejects=HOSTILE)
    page = Page(html)
    assert [tag for tag, _ in page.seen].count("script") == 1
    assert "img" not in {tag for tag, _ in page.seen}
    assert page.text().count("<script>alert(1)</script>") > 10


def test_unseen_characters_are_seen_and_directions_isolated(render: Any) -> None:
    parcel = flagged_parcel(description="pi\u200bstol \u202egnol\u202c\u00a0x\u3164\ud800")
    parcel["declaration"]["sender"]["name"] = "نموذج اختبار"
    html = render([parcel])
    assert '<span class="inv" title="U+200B ZERO WIDTH SPACE">ZWSP</span>' in html
    for label in ("RLO", "PDF", "NBSP", "U+3164", "U+D800"):
        assert f">{label}</span>" in html
    assert not re.search("[\u200b-\u200f\u202a-\u202e\u2066-\u2069\u3164]", html)
    assert "<bdi>نموذج اختبار</bdi>" in html


def test_one_huge_declaration_does_not_swamp_the_page(render: Any) -> None:
    parcel = flagged_parcel()
    item = parcel["declaration"]["items"][0]
    parcel["declaration"]["items"] = [{**item, "seq": n, "description": f"bolt {n}"} for n in range(1, 501)]
    parcel["declaration"]["items"][400]["description"] = "x" * 50_000
    parcel["assessment"]["reasons"][0]["evidence"] = [
        {"path": "items[400].description", "value": "", "start": 2, "end": 5}
    ]
    html = render([parcel])
    assert len(html) < 150_000
    assert "487 more items" in html  # of 500: the first 12, and the one with words that count
    assert f"{50_000 - LONGEST_TEXT:,} more characters" in html
    assert '<li value="401">' in html


def test_nothing_flagged_is_not_a_release(render: Any) -> None:
    html = render([], bands={"clear": 12_480}, indicators=[], rank_curve=[])
    text = Page(html).text()
    assert "Nothing is proposed for a closer look" in text
    assert "This is not a release" in text
    assert "<article" not in html
    assert 'id="capacity"' not in html


def test_nothing_scored_is_not_clear(render: Any) -> None:
    none = dict.fromkeys(summary().counts, 0) | {"rows_read": 3, "rows_rejected": 3}
    text = Page(render([], counts=none, bands={}, score_histogram=[], compliance_histogram=[], indicators=[])).text()
    assert "No parcel could be scored" in text
    assert "unassessed, not clear" in text


def test_capacity_table_counts_the_first_parcels(render: Any) -> None:
    flagged = [flagged_parcel(n) for n in range(1, 26)]
    for n, parcel in enumerate(flagged):
        parcel["assessment"] |= {"action": "examine" if n % 3 == 0 else "licence_check", "score": 800.0 - n}
    html = render(flagged, rank_curve=[(8, 790.0), (60, 640.0), (9_000, 300.0)])
    table = re.search(r'<table class="plain capacity">.*?</table>', html, re.DOTALL)
    assert table
    rows = re.findall(r"<tr><th.*?</tr>", table[0], re.DOTALL)[1:]
    words = [re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", row)).strip() for row in rows]
    assert words[0].startswith("5 796 5 review 2 examine; 3 check the licence 5 refer to customs")
    assert words[1].startswith("10 791 10 review 4 examine; 6 check the licence")
    assert words[2].startswith("20 781 20 review 7 examine; 13 check the licence")
    assert words[3].startswith("25 all shown 776")
    assert len(words) == 4
    assert "opening 50 goes down to 640; opening 1,000 goes down to 300." in Page(html).text()


def test_workload_lowest_score_never_rises() -> None:
    cards = [card(n, flagged_parcel(n), THRESHOLDS) for n in range(1, 8)]
    lowest = workload(cards, [], THRESHOLDS)["lowest"]
    assert lowest == sorted(lowest, reverse=True)
    assert lowest[-1] == min(c["a"]["score"] for c in cards)


def test_the_page_says_what_it_is_and_promises_nothing(render: Any) -> None:
    text = Page(render([flagged_parcel()], shown_of=249)).text()
    assert text.count("A proposal about a declaration, not a finding about a person.") == 3  # top, card, foot
    assert "anking order only, learned from simulated parcels" in text
    assert "priority: proposed to keep aside for customs" in text
    assert "no control proposed (this is not a release)" in text
    assert "The first 1 of 249 flagged parcels" in text
    assert "scored.rejects.csv" in Page(render([], rejects="scored.rejects.csv")).text()
    assert not re.search(
        r"probab|odds|likel|chance|expected (catch|finds)|hit rate|suspected|\bhold\b", text, re.IGNORECASE
    )


@pytest.mark.parametrize(
    ("basis", "finds", "says"),
    [
        ("simulated", 0, "learned from simulated parcels."),
        ("expert", 0, "expert points, not learned from outcomes."),
        ("mixed", 12, "learned from simulated parcels and 12 confirmed finds."),
        ("outcomes", 70, "learned from 70 confirmed finds."),
    ],
)
def test_basis_of_the_points_is_told_truly(render: Any, basis: str, finds: int, says: str) -> None:
    text = Page(render([], versions={**VERSIONS, "basis": basis, "confirmed_finds": finds})).text()
    assert f"Ranking order only, {says}" in text


def test_a_courier_never_reads_examine_as_its_task(render: Any) -> None:
    text = Page(render([flagged_parcel()], profile="operator")).text()
    assert "present to customs, do not open" in text
    assert not re.search(r"\bexamine\b|check the licence", text)


def test_a_card_gives_reasons_doubts_questions_and_steps(render: Any) -> None:
    html = render([flagged_parcel()])
    text = Page(html).text()
    for words in ("Many honest senders write it this way.", "What is it made of", "Ask the authority", "expert points",
                  "learned points", "UN Firearms Protocol, Article 3", "Set this parcel aside", "extension 100",
                  "one contact of the recipient", "62 %", "mitigating", "2025-11-prior"):  # fmt: skip
        assert words in text
    steps = re.findall(r'<li( class="safety")?><label><input type="checkbox">', html)
    assert steps == [' class="safety"', "", ""]
    assert text.index("Do not open, shake") < text.index("Record weight")


def test_a_floor_above_the_points_is_explained(render: Any) -> None:
    parcel = flagged_parcel()
    parcel["assessment"]["compliance"]["band"] = "hold"
    assert Page(render([parcel])).text().count("by the floor of an indicator") == 1
    assert "by the floor" not in Page(render([flagged_parcel()])).text()


def test_histogram_shows_single_parcels_beside_thousands() -> None:
    drawing = histogram([(300.0, 400.0, 4_000), (400.0, 500.0, 0), (500.0, 600.0, 20), (650.0, 700.0, 1)], THRESHOLDS)
    clear, review, hold = drawing["bars"]
    assert drawing["log"]
    assert clear["h"] > review["h"] > hold["h"] > 5
    assert [b["band"] for b in drawing["bars"]] == ["clear", "review", "hold"]
    assert [name for _, name, _ in drawing["lines"]] == ["review", "hold"]
    assert drawing["lines"][0][0] == review["x"]
    assert all(0 <= b["x"] <= b["x"] + b["w"] <= 400 for b in drawing["bars"])
    assert not histogram([(300.0, 400.0, 7)], THRESHOLDS)["log"]


@pytest.mark.parametrize(("score", "text"), [(499.96, "499.9"), (500.0, "500"), (-3.25, "−3.3"), (649.999999, "649.9")])
def test_a_score_in_a_list_never_reads_as_a_band_too_high(score: float, text: str) -> None:
    assert score_text(score) == text


def test_two_hundred_cards_stay_quick_to_open(render: Any) -> None:
    html = render([flagged_parcel(n) for n in range(1, 201)])
    assert html.count("<article") == 200
    assert len(html.encode()) < 3_000_000
