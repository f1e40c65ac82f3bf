"""Procedures, counter cards and the words people see for codes, by reader and language."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from riskscore.errors import SopError
from riskscore.sops import ACTIONS, CASE_TYPES
from riskscore.yaml_files import read_yaml

_STEP = {"id", "role", "actions", "case_types", "text", "safety", "confirm"}
_CARD = {"actions", "case_types", "headline", "do", "do_not", "say_to_customer", "call"}
ROLES = {"operator": "clerk", "authority": "officer"}


@dataclass(frozen=True, slots=True)
class Wording:
    """All wording of one language; read it with `load_wording`."""

    lang: str
    steps: tuple[dict[str, Any], ...]
    cards: tuple[dict[str, Any], ...]
    words: dict[str, Any]

    def procedure(self, action: str, case_type: str, profile: str) -> list[dict[str, Any]]:
        """SOP steps for an action and reader, safety first.

        Parameters
        ----------
        action, case_type : str
            Codes of the assessment.
        profile : {"operator", "authority"}
            Who reads: a clerk of the courier or an officer of customs.
        """
        chosen = [s for s in self.steps if s["role"] == ROLES[profile] and _fits(s, action, case_type)]
        chosen.sort(key=lambda step: not step["safety"])
        return [{key: step[key] for key in ("id", "role", "text", "safety", "confirm")} for step in chosen]

    def counter(self, action: str, case_type: str) -> dict[str, Any]:
        """The card a clerk sees in ten seconds: the first that fits."""
        card = next(c for c in self.cards if _fits(c, action, case_type))
        return {key: card[key] for key in ("headline", "do", "do_not", "say_to_customer", "call")}

    def word(self, kind: str, code: str | None, profile: str | None = None) -> str:
        """The words for a code; the code itself where words are lacking, so that a gap is seen."""
        table = self.words.get(kind, {})
        if profile is not None:
            table = table.get(profile, {})
        return str(table.get(code, code or ""))


def _fits(entry: dict[str, Any], action: str, case_type: str) -> bool:
    return action in entry["actions"] and (entry["case_types"] == "any" or case_type in entry["case_types"])


def load_wording(folder: Path, lang: str = "en") -> Wording:
    """Read the procedures of a folder in one language.

    Raises
    ------
    SopError
        With every fault; among them any action for which no counter card exists.
    """
    faults: list[str] = []
    steps: list[dict[str, Any]] = []
    cards: list[dict[str, Any]] = []
    words: dict[str, Any] = {}
    for path in sorted(folder.glob("*.yml")):
        content = read_yaml(path, faults)
        if content is None or content.get("lang") != lang:
            continue
        for name, keys, target in (("steps", _STEP, steps), ("cards", _CARD, cards)):
            for number, entry in enumerate(content.get(name) or (), start=1):
                fault = _entry_fault(entry, keys)
                if fault:
                    faults.append(f"{path.name}: {name}[{number}]: {fault}")
                else:
                    target.append(entry)
        if "steps" not in content and "cards" not in content:
            words.update(content)
    ids = [step["id"] for step in steps]
    faults.extend(f"procedures: step {id_} is there twice" for id_ in sorted({i for i in ids if ids.count(i) > 1}))
    faults.extend(
        f"procedures: no counter card for action {action} and case type {case}"
        for action in ACTIONS
        for case in CASE_TYPES
        if not any(_fits(card, action, case) for card in cards)
    )
    if faults:
        raise SopError(faults)
    return Wording(lang, tuple(steps), tuple(cards), words)


def _entry_fault(entry: Any, keys: set[str]) -> str | None:
    if not isinstance(entry, dict) or set(entry) != keys:
        return f"must have the keys {', '.join(sorted(keys))}"
    if not isinstance(entry["actions"], list) or any(action not in ACTIONS for action in entry["actions"]):
        return f"unknown action in actions: {entry['actions']!r}"
    cases = entry["case_types"]
    if cases != "any" and (not isinstance(cases, list) or any(case not in CASE_TYPES for case in cases)):
        return f"case_types must be any, or a list of known case types, not {cases!r}"
    if entry.get("role") not in (None, *ROLES.values()):
        return f"unknown role {entry['role']!r}"
    if any(len(entry.get(key, ())) > 3 for key in ("do", "do_not")):
        return "`do` and `do_not` hold at most three lines"
    return None
