"""One flagged parcel as it stands on the report page: its declaration with the words that count, and its ledgers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from markupsafe import Markup, escape

from riskscore.typed import LONGEST_TEXT, Span, place, plain, references, shown

MILLION = 1_000_000  # points are integers in millionths inside, so that the sums shown are exact
AXES = {"illicit": "Firearms concern", "compliance": "Compliance"}
MOST_ITEMS = 12  # items shown on a card, besides those with marked words
UNNUMBERED = ("cap", "other")  # lines of a ledger that are sums, not reasons of their own

# Groups of the declaration as they stand on the card: label, what joins the parts, fields. Fields named nowhere here
# (papers, booking, screening, whatever comes later) follow at the end, so that nothing declared is left out.
_PARTY = (
    ("Name", " ", ("name",)),
    ("Company", " ", ("company",)),
    ("Person", " ", ("kind",)),
    ("Street", " ", ("street",)),
    ("Place", " ", ("postcode", "city", "region", "country")),
    ("Phone", " ", ("phone",)),
    ("E-mail", " ", ("email",)),
    ("Id number", " ", ("id_number",)),
    ("Account", " ", ("account_id",)),
)
_CONSIGNMENT = (
    ("Route", " → ", ("route.origin_country", "route.transit_countries", "route.destination_country")),
    ("Carried by", " · ", ("route.mode", "route.service", "route.carrier", "channel")),
    ("Offices", " → ", ("route.posting_office", "route.destination_office")),
    ("Direction", " · ", ("direction", "stage")),
    ("Declared as", " · ", ("declaration_form", "procedure", "category")),
    ("Declared at", " ", ("declared_at",)),
    ("Decide by", " ", ("decide_by",)),
    ("S10 number", " ", ("item_id",)),
    ("Waybill", " ", ("waybill",)),
    ("Mass declared, kg", " ", ("gross_mass_kg",)),
    ("Mass on the scale, kg", " ", ("measured_mass_kg",)),
    ("Size, cm", " × ", ("dims_cm.length", "dims_cm.width", "dims_cm.height")),
    ("Value", " ", ("total_value", "currency")),
    ("Postage", " ", ("postage",)),
    ("Insured for", " ", ("insured_value",)),
    ("Dangerous goods", " · ", ("un_number", "handling_codes")),
)
_LAYOUT = (
    *(
        (party.title(), tuple((label, joint, tuple(f"{party}.{f}" for f in fields)) for label, joint, fields in _PARTY))
        for party in ("sender", "recipient", "payer")
    ),
    ("Consignment", _CONSIGNMENT),
)
_ITEM = (
    ("HS code", ("hs_code",)),
    ("Quantity", ("quantity", "unit")),
    ("Net mass, kg", ("net_mass_kg",)),
    ("Value", ("value", "currency")),
    ("Origin", ("origin_country",)),
    ("Marks", ("marks",)),
)


# -- points


@dataclass(frozen=True)
class Step:
    """One line of a ledger, from the sum before it to the sum after it (millionths of a point)."""

    title: str
    kind: str
    number: int | None
    start: int
    end: int


@dataclass(frozen=True)
class Ledger:
    """One axis of an assessment as lines that add up, in millionths of a point."""

    axis: str
    band: str
    base: int
    steps: tuple[Step, ...]
    score: int

    @property
    def total(self) -> int:
        """Base points plus every line."""
        return self.steps[-1].end if self.steps else self.base

    @property
    def decimals(self) -> int:
        """Fewest decimal places with which every number of this ledger is exact."""
        numbers = [self.base, self.total, *(step.end - step.start for step in self.steps)]
        return next(d for d in range(7) if all(n % 10 ** (6 - d) == 0 for n in numbers))

    def band_of(self, thresholds: Mapping[str, float]) -> str:
        """The band that the score alone would give; the floor of an indicator may have raised it."""
        reached = [name for name in ("hold", "review") if self.score >= millionths(thresholds[name])]
        return reached[0] if reached else "clear"

    def points(self, micro: int, *, signed: bool = False) -> Markup:
        """Points with the ledger's decimals, the fraction set apart so that the whole points read first."""
        whole, fraction = divmod(abs(micro), MILLION)
        sign = "−" if micro < 0 else "+" if signed and micro > 0 else ""
        if not self.decimals:
            return escape(f"{sign}{whole}")
        return Markup("{}<small>{}</small>").format(f"{sign}{whole}", f".{fraction:06d}"[: self.decimals + 1])


@dataclass(frozen=True)
class Scale:
    """Where points lie across a drawing, in per cent; one scale for both ledgers of a card."""

    low: float
    high: float

    def at(self, micro: float) -> str:
        """Distance from the left edge."""
        return percent(micro - self.low, self.high - self.low)

    def width(self, micro: float) -> str:
        """Length of so many points."""
        return percent(abs(micro), self.high - self.low)


def percent(part: float, whole: float = 1.0) -> str:
    """A share of a drawing's length as CSS and SVG take it."""
    return f"{100 * part / whole:.2f}".rstrip("0").rstrip(".") if whole else "0"


def millionths(points: float) -> int:
    """Points as the exact integer that they are inside."""
    return round(points * MILLION)


def score_text(score: float) -> str:
    """A score for a list, rounded down to a tenth, so that 499.96 never reads as 500."""
    tenths = millionths(score) // 100_000
    whole, tenth = divmod(abs(tenths), 10)
    return ("−" if tenths < 0 else "") + (f"{whole}.{tenth}" if tenth else f"{whole}")


def ledger(assessment: Mapping[str, Any], axis: str, numbers: Mapping[int, int]) -> Ledger:
    """The ledger of one axis: base, every reason, then caps and the rest.

    Parameters
    ----------
    numbers : mapping of int to int
        Index of a reason in the assessment → its number on the card.
    """
    head = assessment if axis == "illicit" else assessment["compliance"]
    lines = [(i, r) for i, r in enumerate(assessment["reasons"]) if r["axis"] == axis]
    lines.sort(key=lambda line: {"cap": 1, "other": 2}.get(line[1]["kind"], 0))
    base = at = millionths(head["base_points"])
    steps = []
    for i, reason in lines:
        start, at = at, at + millionths(reason["points"])
        steps.append(Step(_title(reason), reason["kind"], numbers.get(i), start, at))
    band = head["illicit_band"] if axis == "illicit" else head["band"]
    return Ledger(axis, band, base, tuple(steps), millionths(head["score"]))


def _title(reason: Mapping[str, Any]) -> str:
    if reason.get("title"):
        return str(reason["title"])
    if reason["kind"] == "cap":
        return f"Cap on {str(reason['key']).removeprefix('cap:')} reasons together"
    return "All other lines, each under 5 points" if reason["kind"] == "other" else str(reason["key"])


# -- the card


def card(rank: int, entry: Mapping[str, Any], thresholds: Mapping[str, float]) -> dict[str, Any]:
    """What the template needs to draw one flagged parcel.

    Parameters
    ----------
    rank : int
        Place in the ranking, from 1; also the anchor of the card.
    entry : mapping
        ``assessment`` and ``declaration``, as for `riskscore.report.write_report`.
    thresholds : mapping of str to float
        Points from which a parcel is ``review`` and ``hold``.
    """
    assessment, declaration = entry["assessment"], entry["declaration"]
    order = [
        i
        for axis in AXES
        for i, r in enumerate(assessment["reasons"])
        if r["axis"] == axis and r["kind"] not in UNNUMBERED
    ]
    numbers = {i: n for n, i in enumerate(order, 1)}
    ledgers = [ledger(assessment, axis, numbers) for axis in AXES]
    ends = [end for led in ledgers for end in (led.base, *(step.end for step in led.steps))]
    ends += [millionths(t) for t in thresholds.values()]
    pad = max((max(ends) - min(ends)) * 0.05, 1.0)
    spans = _spans(assessment["reasons"], numbers)
    reasons = [_reason(assessment["reasons"][i], numbers[i]) for i in order]
    route = declaration.get("route") or {}
    return {
        "rank": rank,
        "a": assessment,
        "ledgers": ledgers,
        "scale": Scale(min(ends) - pad, max(ends) + pad),
        "reasons": reasons,
        "exact": {step.number: led.points(step.end - step.start, signed=True) for led in ledgers for step in led.steps},
        "top": sorted((r for r in reasons if r["points"] > 0), key=lambda r: -r["points"])[:2],
        "steps": sorted(assessment["procedure"], key=lambda step: not step["safety"]),
        "route": " → ".join(plain(route[k]) for k in ("origin_country", "destination_country") if route.get(k)),
        "mode": " · ".join(plain(route[k]) for k in ("mode", "service") if route.get(k)),
        "decide_by": declaration.get("decide_by"),
        "goods": _goods(declaration, spans),
        "declared": declared(declaration, spans, rank),
    }


def declared(declaration: Mapping[str, Any], spans: Mapping[str, Sequence[Span]], rank: int) -> dict[str, Any]:
    """The declaration in groups of lines, every stated field once, the words that count marked in place.

    Parameters
    ----------
    spans : mapping of str to sequence of Span
        Path of a field, or of what holds fields (``dims_cm``, ``items[0]``) → its marks.
    """
    leaves = dict(_leaves(declaration))
    marks, elsewhere = _located(spans, leaves)
    left = dict.fromkeys(leaves)
    left.pop("parcel_id", None)

    def line(joint: str, paths: Iterable[str]) -> Markup:
        present = [path for path in paths if path in leaves]
        for path in present:
            left.pop(path, None)
        return escape(joint).join(shown(leaves[path], marks.get(path, ()), rank) for path in present)

    groups = [
        (title, [(label, html) for label, joint, paths in lines if (html := line(joint, paths))])
        for title, lines in _LAYOUT
    ]
    count = len(declaration.get("items") or ())
    kept = [i for i in range(count) if i < MOST_ITEMS or any(path.startswith(f"items[{i}].") for path in marks)]
    goods = [
        (
            i + 1,
            line("", [f"items[{i}].description"]),
            [(label, html) for label, fields in _ITEM if (html := line(" ", (f"items[{i}].{f}" for f in fields)))],
        )
        for i in kept
    ]
    rest: dict[str, list[Markup]] = {}
    for path in list(left):
        whole, _, field = path.partition(".")
        index = re.match(r"items\[(\d+)\]", whole)
        if field == "seq" or (index and int(index[1]) not in kept):
            continue
        name = Markup("<small>{}</small> ").format(place(field)) if field else Markup()
        rest.setdefault(place(whole), []).append(name + line("", [path]))
    groups.append(("Papers, booking, handling", [(label, Markup(" · ").join(parts)) for label, parts in rest.items()]))
    return {
        "groups": [(title, lines) for title, lines in groups if lines],
        "goods": goods,
        "goods_left": count - len(kept),
        "elsewhere": [(place(path), references((span.number for span in at), rank)) for path, at in elsewhere],
    }


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, member in value.items():
            yield from _leaves(member, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and any(isinstance(member, Mapping) for member in value):
        for i, member in enumerate(value):
            yield from _leaves(member, f"{path}[{i}]")
    elif value is not None:
        yield path, value


def _spans(reasons: Sequence[Mapping[str, Any]], numbers: Mapping[int, int]) -> dict[str, list[Span]]:
    """Path of a field → the words of it that count; evidence without a span counts as a whole."""
    spans: dict[str, list[Span]] = {}
    for i, number in numbers.items():
        for evidence in reasons[i].get("evidence") or ():
            start, end = evidence.get("start"), evidence.get("end")
            if start is None or end is None or not 0 <= start < end:
                start, end = 0, LONGEST_TEXT
            concept = str(evidence.get("concept") or "")
            spans.setdefault(evidence["path"], []).append(Span(start, end, reasons[i]["axis"], number, concept))
    return spans


def _located(
    spans: Mapping[str, Sequence[Span]], leaves: Mapping[str, Any]
) -> tuple[dict[str, list[Span]], list[tuple[str, Sequence[Span]]]]:
    """Marks by field, and what counts without standing in the declaration (a missing field, a computed figure)."""
    marks: dict[str, list[Span]] = {}
    elsewhere = []
    for path, at in spans.items():
        one_of_list = re.sub(r"\[\d+\]$", "", path)  # handling_codes[0] is shown within handling_codes
        if path in leaves:
            marks.setdefault(path, []).extend(at)
            continue
        inside = [p for p in leaves if p == one_of_list or p.startswith((f"{path}.", f"{path}["))]
        for leaf in inside:
            marks.setdefault(leaf, []).extend(replace(span, start=0, end=LONGEST_TEXT) for span in at)
        if not inside:
            elsewhere.append((path, at))
    return marks, elsewhere


def _goods(declaration: Mapping[str, Any], spans: Mapping[str, Sequence[Span]]) -> tuple[str, int]:
    """The description that a list shows (the first with words that count), and how many items besides."""
    texts = [
        (f"items[{i}].description" not in spans, i, str(item["description"]))
        for i, item in enumerate(declaration.get("items") or ())
        if item.get("description")
    ]
    if not texts:
        return "", 0
    text = min(texts)[2]
    return (text if len(text) <= 90 else text[:89] + "…"), len(declaration["items"]) - 1


def _reason(reason: Mapping[str, Any], number: int) -> dict[str, Any]:
    evidence = []
    for e in reason.get("evidence") or ():
        value = e.get("value")
        words = value[e["start"] : e["end"]] if isinstance(value, str) and e.get("end") else value
        quoted = Markup("<q>{}</q>").format(shown(words)) if isinstance(words, str) else shown(words)
        evidence.append((place(e["path"]), None if words is None else quoted, e.get("concept") or ""))
    optional = ("strength", "points_basis", "version", "text", "benign_explanation", "question", "action_by", "source")
    return {
        **{name: reason.get(name) or "" for name in optional},
        "number": number,
        "key": reason["key"],
        "axis": reason["axis"],
        "group": reason["group"],
        "points": reason["points"],
        "action": reason.get("action") or "none",
        "title": _title(reason),
        "evidence": evidence,
    }
