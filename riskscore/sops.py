"""Packs of indicators, checked: each entry complete, its condition sound, its version locked, all faults at once."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson

from riskscore.conditions import NORMALISED, Condition, leaves, parse
from riskscore.errors import SopError
from riskscore.features import FEATURES
from riskscore.schema import BY_PATH
from riskscore.yaml_files import read_yaml

GROUPS = (
    "description",
    "tariff",
    "value",
    "party",
    "route",
    "history",
    "booking",
    "split",
    "documents",
    "handling",
    "sector",
)
AXES = ("illicit", "compliance")
STRENGTHS = ("weak", "medium", "strong", "definitive", "mitigating")
BANDS = ("clear", "review", "hold")
FLOORS = ("none", "review", "hold")
ACTIONS = (  # lowest first
    "none",
    "request_information",
    "desk_review",
    "licence_check",
    "screen",
    "examine",
    "isolate_and_notify",
)
ACTORS = ("courier", "customs", "licensing_authority", "police")
CASE_TYPES = (
    "none",
    "data_quality",
    "licence_gap",
    "suspected_contraband",
    "watchlist",
    "dangerous_goods",
)  # last first
STATUSES = ("draft", "shadow", "active", "retired")

POINTS_OF_STRENGTH = {  # least and most that an indicator of a strength may count
    "weak": (15, 50),
    "medium": (50, 150),
    "strong": (150, 280),
    "definitive": (150, 300),
    "mitigating": (-165, -15),
}
_REQUIRED = (
    "id",
    "version",
    "title",
    "status",
    "owner",
    "axis",
    "when",
    "strength",
    "points",
    "reason",
    "rationale",
    "benign",
    "question",
    "source",
    "tests",
)
_TEXTS = ("id", "title", "owner", "reason", "rationale", "benign", "source")
_OPTIONAL = ("floor", "action", "action_by", "case_type", "physical")
_LISTS = {
    "axis": AXES,
    "strength": STRENGTHS,
    "status": STATUSES,
    "floor": FLOORS,
    "action": ACTIONS,
    "case_type": CASE_TYPES,
}
_ASKED = ("sender", "courier", "authority")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_ID = re.compile(r"[A-Z]{2}-\d{2}")


@dataclass(frozen=True)
class Indicator:
    """One risk indicator, as the SOP desk wrote it."""

    id: str
    version: int
    title: str
    status: str
    owner: str
    group: str
    axis: str
    when: Condition
    strength: str
    points: int
    floor: str
    action: str
    action_by: str | None
    case_type: str
    physical: bool
    reason: str
    rationale: str
    benign: str
    question: dict[str, str]
    source: str
    tests: tuple[dict[str, Any], ...]
    file: str
    sha256: str

    @cached_property
    def proposes(self) -> bool:
        """Medium and stronger ones and those with a floor propose an action; a weak one may ask for information."""
        strong_enough = self.strength in ("medium", "strong", "definitive") or self.floor != "none"
        return strong_enough or self.action == "request_information"


def load_packs(folder: Path) -> list[Indicator]:
    """All indicators of a folder of packs, sorted by id.

    Raises
    ------
    SopError
        With every fault of every file.
    """
    faults: list[str] = []
    indicators: dict[str, Indicator] = {}
    for path in sorted(folder.glob("*.yml")):
        for indicator in _load_pack(path, faults):
            if indicator.id in indicators:
                faults.append(f"{path.name}: {indicator.id}: also in {indicators[indicator.id].file}")
            indicators[indicator.id] = indicator
    if not indicators and not faults:
        faults.append(f"{folder}: no packs (*.yml)")
    if faults:
        raise SopError(faults)
    return [indicators[key] for key in sorted(indicators)]


def _load_pack(path: Path, faults: list[str]) -> Iterator[Indicator]:
    content = read_yaml(path, faults)
    if content is None:
        return
    if set(content) != {"group", "indicators"}:
        faults.append(f"{path.name}: must hold `group` and `indicators` and nothing else")
        return
    group = content["group"]
    if group not in GROUPS:
        faults.append(f"{path.name}: group {group!r} is not one of {', '.join(GROUPS)}")
    if not isinstance(content["indicators"], list):
        faults.append(f"{path.name}: `indicators` must be a list, not {content['indicators']!r}")
        return
    for number, entry in enumerate(content["indicators"], start=1):
        indicator = _load_indicator(path.name, number, group, entry, faults)
        if indicator is not None:
            yield indicator


def _load_indicator(file: str, number: int, group: str, entry: Any, faults: list[str]) -> Indicator | None:
    if not isinstance(entry, dict):
        faults.append(f"{file}: indicators[{number}]: must be a mapping")
        return None
    where = f"{file}: {entry.get('id') or f'indicators[{number}]'}"
    before = len(faults)
    faults.extend(f"{where}: `{key}` is missing" for key in _REQUIRED if entry.get(key) in (None, "", []))
    faults.extend(f"{where}: unknown key `{key}`" for key in entry if key not in _REQUIRED + _OPTIONAL)
    faults.extend(f"{where}: `{key}` must be text" for key in _TEXTS if not _is_text(entry.get(key, "left out")))
    faults.extend(f"{where}: {fault}" for fault in _json_faults(entry))
    if len(faults) > before:
        return None
    values = {"floor": "none", "action": "none", "case_type": "none", "physical": False, "action_by": None, **entry}
    faults.extend(
        f"{where}: `{key}` is {values[key]!r}; it must be one of {', '.join(allowed)}"
        for key, allowed in _LISTS.items()
        if values[key] not in allowed
    )
    if len(faults) > before:
        return None
    if not _ID.fullmatch(entry["id"]):
        faults.append(f"{where}: an id is two capitals, a hyphen and two digits")
    if not _is_whole(entry["version"]) or entry["version"] < 1:
        faults.append(f"{where}: `version` must be a whole number from 1")
    low, high = POINTS_OF_STRENGTH[entry["strength"]]
    points = entry["points"]
    if not _is_whole(points) or not low <= points <= high:
        faults.append(f"{where}: `points` of a {entry['strength']} indicator are from {low} to {high}, not {points!r}")
    if (values["action"] == "none") != (values["action_by"] is None):
        faults.append(f"{where}: `action_by` belongs to an action, and an action needs it")
    elif values["action_by"] is not None and values["action_by"] not in ACTORS:
        faults.append(f"{where}: `action_by` must be one of {', '.join(ACTORS)}")
    if not isinstance(values["physical"], bool):
        faults.append(f"{where}: `physical` must be true or false, not {values['physical']!r}")
    question = entry["question"]
    if (
        not isinstance(question, dict)
        or set(question) != {"text", "to"}
        or not _is_text(question["text"])
        or question["to"] not in _ASKED
    ):
        faults.append(f"{where}: `question` needs `text` and `to` (sender, courier or authority)")
    condition = None
    try:
        condition = parse(entry["when"])
    except ValueError as error:
        faults.append(f"{where}: when: {error}")
    faults.extend(f"{where}: reason: {fault}" for fault in _placeholder_faults(entry["reason"]))
    faults.extend(f"{where}: tests: {fault}" for fault in _test_faults(entry["tests"]))
    if len(faults) > before or condition is None:
        return None
    digest = hashlib.sha256(orjson.dumps({**entry, "group": group}, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return Indicator(
        **{k: values[k] for k in values if k not in ("when", "tests")},
        group=group,
        when=condition,
        tests=tuple(entry["tests"]),
        file=file,
        sha256=digest,
    )


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _json_faults(entry: dict[str, Any]) -> Iterator[str]:
    """Values that JSON cannot hold, so that the entry could not be locked."""
    for key, value in entry.items():
        try:
            orjson.dumps(value)
        except TypeError as error:
            yield f"`{key}` cannot be written as JSON: {error}"


def _placeholder_faults(reason: str) -> Iterator[str]:
    for name in _PLACEHOLDER.findall(reason):
        kind, _, key = name.partition(":")
        if name == "words":
            continue
        if kind == "field" and (key in BY_PATH or key in NORMALISED):
            continue
        if kind == "feature" and key in FEATURES and FEATURES[key].level == "parcel":
            continue
        yield f"unknown placeholder {{{name}}}"
    if set("{}") & set(_PLACEHOLDER.sub("", reason)):
        yield "has a brace without its partner"


def _test_faults(tests: Any) -> Iterator[str]:
    if not isinstance(tests, list) or not all(
        isinstance(t, dict) and (isinstance(t.get("parcel"), dict) != isinstance(t.get("rows"), list)) for t in tests
    ):
        yield "must be a list of {fires, parcel} or {fires, rows}"
        return
    for outcome, word in ((True, "must fire"), (False, "must not fire")):
        if not any(t.get("fires") is outcome for t in tests):
            yield f"no parcel that {word}"
    for number, test in enumerate(tests, start=1):
        if test.get("fires") not in (True, False, "unknown"):
            yield f"[{number}]: `fires` must be true, false or unknown"
        if strange := set(test) - {"fires", "parcel", "rows", "why"}:
            yield f"[{number}]: unknown key {sorted(strange)}"


def wanted_features(indicators: list[Indicator]) -> frozenset[str]:
    """Names of the features that the conditions and reasons of some indicators ask for."""
    names = {leaf.column for i in indicators for leaf in leaves(i.when) if leaf.kind == "feature"}
    for indicator in indicators:
        for placeholder in _PLACEHOLDER.findall(indicator.reason):
            kind, _, key = placeholder.partition(":")
            if kind == "feature":
                names.add(key)
    return frozenset(names)


# -- the lock: a changed indicator must change its version -------------------------------------------------------------


def read_lock(path: Path) -> dict[str, dict[str, Any]]:
    """The lock file: id → version, sha256."""
    try:
        content = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise SopError([f"{path.name}: cannot be read: {error}; write it with `riskscore check --lock`"]) from error
    if not isinstance(content, dict) or not all(
        isinstance(entry, dict) and _is_whole(entry.get("version")) and _is_text(entry.get("sha256"))
        for entry in content.values()
    ):
        raise SopError([f"{path.name}: must hold a version and a sha256 for each id; restore it from the repository"])
    return content


def lock_faults(indicators: list[Indicator], lock: dict[str, dict[str, Any]]) -> list[str]:
    """What the lock says against the packs."""
    faults = []
    for indicator in indicators:
        entry = lock.get(indicator.id)
        where = f"{indicator.file}: {indicator.id}"
        if entry is None:
            faults.append(f"{where}: not in the lock; run `riskscore check --lock`")
        elif entry["sha256"] == indicator.sha256 and entry["version"] != indicator.version:
            faults.append(f"{where}: version changed from {entry['version']} without any other change")
        elif entry["sha256"] != indicator.sha256 and entry["version"] < indicator.version:
            faults.append(f"{where}: version {indicator.version} is not in the lock; run `riskscore check --lock`")
    return faults + _refusals(indicators, lock)


def _refusals(indicators: list[Indicator], lock: dict[str, dict[str, Any]]) -> list[str]:
    """What no new lock may cover up: a number or an id that would stand for two contents."""
    faults = [
        f"{i.file}: {i.id}: changed, but version {lock[i.id]['version']} is locked and this is {i.version}; raise it"
        for i in indicators
        if i.id in lock and lock[i.id]["sha256"] != i.sha256 and i.version <= lock[i.id]["version"]
    ]
    gone = lock.keys() - {i.id for i in indicators}
    faults.extend(f"lock.json: {key} is locked but in no pack; retire it, never delete it" for key in sorted(gone))
    return faults


def write_lock(path: Path, indicators: list[Indicator]) -> None:
    """Lock the indicators as they are.

    Raises
    ------
    SopError
        When an indicator changed without a higher version, or is gone: the lock is there to refuse that.
    """
    if path.exists() and (faults := _refusals(indicators, read_lock(path))):
        raise SopError(faults)
    lock = {i.id: {"version": i.version, "sha256": i.sha256} for i in indicators}
    path.write_bytes(orjson.dumps(lock, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n")
