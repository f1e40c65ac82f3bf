"""What a model says of itself: the card beside its scorecard, and all its points as one document.

Log-odds are no part of it: points rank parcels, and nothing here turns them into anything else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from riskscore.errors import ModelError
from riskscore.features import FEATURES
from riskscore.points import weigh
from riskscore.scorecard import MILLION, Axis, Curve, Floats, Scorecard
from riskscore.sops import AXES, Indicator

FEW_FINDS = 50  # with fewer confirmed finds points are a ranking order and nothing else
UNSTATED = "not stated"
FIRED = ("did not fire", "fired")
DIRECTIONS = {1: "never falls", -1: "never rises", 0: "rises and falls"}


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What a model folder says beside its points; read it with `read_model_card`.

    Parameters
    ----------
    id : str
    first_line : str
        What the model was made from.
    limits : tuple of str
        Sentences.
    facts : dict
        All of card.json; empty where there is none.
    """

    id: str
    first_line: str
    limits: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)


def read_model_card(models: Path, card: Scorecard) -> ModelCard:
    """The card of a scorecard; without card.json or card.md it says what the scorecard itself knows.

    Raises
    ------
    ModelError
        When a file is there and damaged, or belongs to another model.
    """
    folder = models / card.id
    try:
        facts = _facts(folder / "card.json")
        line = _first_line_of(folder / "card.md")
    except (OSError, ValueError) as error:
        raise ModelError(f"{folder}: the card cannot be read: {error}") from error
    limits = facts.get("limits", [])
    if facts.get("id", card.id) != card.id:
        raise ModelError(f"{folder}: card.json is that of the model {facts['id']!r}")
    if not isinstance(limits, list) or not all(isinstance(limit, str) for limit in limits):
        raise ModelError(f"{folder}: card.json is damaged: limits must be a list of sentences")
    return ModelCard(card.id, line or first_line(card, facts), tuple(limits), facts)


def _facts(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    facts = orjson.loads(path.read_bytes())
    if not isinstance(facts, dict):
        raise ValueError("card.json must be an object")
    return facts


def _first_line_of(path: Path) -> str:
    if not path.exists():
        return ""
    lines = (line.strip().strip("#*").strip() for line in path.read_text("utf-8").splitlines())
    return next(filter(None, lines), "")


def first_line(card: Scorecard, facts: dict[str, Any]) -> str:
    """What the model was made from, in one line; what the facts do not say is left out."""
    finds = f"confirmed finds: {card.confirmed_finds:,}."
    if card.points == "expert":
        return f"Expert points, not learned: nobody has trained this scorecard; {finds}"
    said = facts.get("trained_on")
    said = said if isinstance(said, dict) else {}
    parts = [f"{shown(said['parcels'])} parcels"] if "parcels" in said else []
    for key, words in (("illicit", "illicit"), ("compliance", "non-compliant"), ("noncompliant", "non-compliant")):
        parts += [f"{shown(said[key])} {words}"] if key in said else []
    parts += [f"{key} {shown(said[key])}" for key in ("source", "period") if said.get(key) is not None]
    parts += [f"seed {said['seed']}"] if said.get("seed") is not None else []
    origin = {
        "simulated": "Trained on simulated parcels",
        "mixed": "Trained on simulated parcels and on outcomes of inspections",
        "outcomes": "Trained on outcomes of inspections",
    }[card.basis]
    return f"{origin}: {', '.join(parts) or 'how many is not stated'}; {finds}"


def ranks_only(card: Scorecard) -> bool:
    """True while too few outcomes stand behind the points to be read as more than an order."""
    return card.points == "expert" or card.basis == "simulated" or card.confirmed_finds < FEW_FINDS


def ranking_note(card: Scorecard) -> str:
    """How points may be read."""
    if card.points == "expert":
        return "Ranking order only: expert points, not learned from outcomes."
    if card.basis == "simulated":
        return "Ranking order only, learned from simulated parcels."
    if card.confirmed_finds < FEW_FINDS:
        also = "simulated parcels and " if card.basis == "mixed" else ""
        return f"Ranking order only, learned from {also}{card.confirmed_finds} confirmed finds."
    return "Points rank parcels: a proposal about a declaration, not a finding about a person."


def shown(value: Any) -> str:
    """A fact as people read it: 1,234; 0.9125; yes; not stated; a to b."""
    if value is None:
        return UNSTATED
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 10_000 else f"{value:,.0f}"
    if isinstance(value, list | tuple):
        return " to ".join(map(str, value)) if len(value) == 2 else ", ".join(map(shown, value))
    return ", ".join(f"{k} {shown(v)}" for k, v in value.items()) if isinstance(value, dict) else str(value)


def shown_points(millionths: int, *, sign: bool = True) -> str:
    """Points to two decimals, without idle zeros."""
    points = round(int(millionths) / MILLION, 2)
    return f"{points:{'+' if sign and points else ''},.2f}".rstrip("0").rstrip(".") if points else "0"


# -- cells in words ----------------------------------------------------------------------------------------------------


def title_of(name: str) -> str:
    """The sentence that describes a feature; its name where this version of the code does not know it."""
    return FEATURES[name].doc if name in FEATURES else name


def edge_texts(edges: Floats) -> list[str]:
    """Edges with as few digits as keep them apart, four at least."""
    for digits in range(4, 18):
        texts = [_plain_number(f"{edge:.{digits}g}") for edge in edges]
        if len(set(texts)) == len(texts):
            break
    return texts


def _plain_number(text: str) -> str:
    within = "e" in text and 1e-5 <= abs(float(text)) < 1e9
    return np.format_float_positional(float(text), trim="-") if within else text


def is_flag(curve: Curve) -> bool:
    """A curve of a yes and a no."""
    flag = curve.name in FEATURES and FEATURES[curve.name].sort == "flag"
    return flag and len(curve.edges) == 1 and 0 <= curve.edges[0] < 1


def span_text(curve: Curve, first: int, last: int) -> str:
    """The values of the stated cells from ``first`` to ``last``, in words."""
    texts, end = edge_texts(curve.edges), len(curve.edges)
    if is_flag(curve) and first == last:
        return ("no", "yes")[first]
    parts = [f"over {texts[first - 1]}"] if first else []
    parts += [f"up to {texts[last]}"] if last < end else []
    return " ".join(parts) or "any value"


def runs(table: np.ndarray[Any, Any], keep: Sequence[int] = ()) -> list[tuple[int, int]]:
    """Neighbouring rows of a table (cells, …) that are equal, as first and last; rows in ``keep`` stand alone."""
    found: list[tuple[int, int]] = []
    for number in range(len(table)):
        joins = found and number not in keep and found[-1][1] not in keep
        if joins and np.array_equal(table[number], table[found[-1][1]]):
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def curve_rows(curve: Curve) -> list[tuple[str, int, bool]]:
    """A curve as rows: values in words, millionths, whether it is the usual cell. The last row is "not stated"."""
    stated = runs(curve.points[:-1], (curve.usual,))
    rows = [(span_text(curve, a, b), int(curve.points[a]), a == curve.usual) for a, b in stated]
    return [*rows, (UNSTATED, int(curve.points[-1]), False)]


def pair_side(axis: Axis, name: str, table: np.ndarray[Any, Any]) -> list[tuple[str, int]]:
    """Cells of one input of a pair, equal neighbours as one: their values in words, and the row of the table."""
    if name in axis.indicators:
        return [(words, cell) for cell, words in enumerate(FIRED)]
    curve = next(c for c in axis.curves if c.name == name)
    last = len(curve.edges) + 1
    return [(span_text(curve, a, b), a) for a, b in runs(table[:last])] + [(UNSTATED, last)]


def spread(points: np.ndarray[Any, np.dtype[np.int64]]) -> int:
    """Largest less smallest of some millionths."""
    return int(points.max() - points.min())


# -- the document ------------------------------------------------------------------------------------------------------


def describe_model(card: Scorecard, indicators: Sequence[Indicator], said: ModelCard) -> dict[str, Any]:
    """Everything that counts under a scorecard, in points, as JSON shows it.

    Parameters
    ----------
    card : Scorecard
    indicators : sequence of Indicator
        The active ones: each with its learned points, or the pack's expert points for a version the model never saw.
    said : ModelCard
    """
    active = list(indicators)
    weights = weigh(card, active)
    date = said.facts.get("date")
    return {
        "id": card.id,
        "date": str(date) if date is not None else None,
        "points": card.points,
        "basis": card.basis,
        "confirmed_finds": card.confirmed_finds,
        "reading": ranking_note(card),
        "axes": {
            name: {
                **_axis(card.axes[name]),
                "indicators": [
                    {
                        "id": indicator.id,
                        "version": indicator.version,
                        "title": indicator.title,
                        "points": points / MILLION,
                        "points_basis": "learned" if learned else "expert",
                    }
                    for indicator, points, learned in zip(
                        active, weights.points.tolist(), weights.learned.tolist(), strict=True
                    )
                    if indicator.axis == name
                ],
            }
            for name in AXES
        },
        "group_caps": {group: cap / MILLION for group, cap in card.group_caps.items()},
        "weak_cap": card.weak_cap / MILLION,
        "medium_cap": card.medium_cap / MILLION,
        "mitigating_cap": card.mitigating_cap / MILLION,
        "card": {"first_line": said.first_line, "limits": list(said.limits)},
    }


def _axis(axis: Axis) -> dict[str, Any]:
    return {
        "base_points": axis.base / MILLION,
        "review": axis.review / MILLION,
        "hold": axis.hold / MILLION,
        "features": [
            {
                "name": curve.name,
                "title": title_of(curve.name),
                "direction": curve.direction,
                "edges": curve.edges.tolist(),
                "points": (curve.points[:-1] / MILLION).tolist(),
                "usual": curve.usual,
                "not_stated": int(curve.points[-1]) / MILLION,
            }
            for curve in axis.curves
        ],
        "pairs": [{"of": list(pair.of), "points": (pair.points / MILLION).tolist()} for pair in axis.pairs],
    }
