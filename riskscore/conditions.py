"""One small expression tree for the conditions of indicators, read from YAML and checked; `judging` answers it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from riskscore.features.registry import FEATURES, INFORMATIVE, TEXT
from riskscore.lexicon import NUMBER, TOPIC_NUMBER
from riskscore.schema import BY_PATH, Kind

Level = Literal["item", "parcel"]
Sort = Literal["text", "number", "flag", "list", "records", "time"]
# What an operator can ask about. polars would refuse anything else, and numpy would silently never find it true.
_ASKS_ABOUT: dict[str, tuple[Sort, ...]] = {
    "is": ("text", "number", "flag"),
    "in": ("text", "number", "flag"),
    "above": ("number",),
    "at_least": ("number",),
    "below": ("number",),
    "at_most": ("number",),
    "starts_with": ("text",),
    "stated": ("text", "number", "flag", "list", "records", "time"),
    "has": ("list",),
    "has_any": ("list",),
}
OPERATORS = tuple(_ASKS_ABOUT)
_LIST_OPERATORS = ("in", "has_any", "starts_with")

# Columns that normalisation adds, beside the fields of the declaration.
NORMALISED: dict[str, Kind] = {
    "item.hs": "text",
    "item.hs_status": "choice",
    "item.value_eur": "number",
    "s10_status": "choice",
    "value_eur": "number",
    "postage_eur": "number",
    "insured_eur": "number",
}
_SORTS: dict[Kind, Sort] = {
    "text": "text",
    "choice": "text",
    "country": "text",
    "currency": "text",
    "number": "number",
    "integer": "number",
    "timestamp": "time",
    "date": "time",
    "list": "list",
    "records": "records",
}


@dataclass(frozen=True, slots=True)
class Leaf:
    """One question about one column."""

    column: str
    kind: Literal["field", "feature", "text"]
    operator: str
    value: Any


@dataclass(frozen=True, slots=True)
class Combined:
    """all or any of some conditions, or not one."""

    how: Literal["all", "any", "not"]
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class OverItems:
    """A condition about one and the same item, for any or every item of the parcel."""

    how: Literal["any_item", "every_item"]
    part: Condition


Condition = Leaf | Combined | OverItems


def parse(raw: Any, level: Level = "parcel") -> Condition:
    """Condition from its YAML form.

    Raises
    ------
    ValueError
        With one sentence that says what is wrong.
    """
    if not isinstance(raw, dict) or not raw:
        raise ValueError(f"a condition must be a mapping, not {raw!r}")
    keys = set(raw)
    if keys & {"all", "any", "not", "any_item", "every_item"}:
        if len(keys) != 1:
            raise ValueError(f"{sorted(map(str, keys))} cannot stand side by side; put them under `all`")
        (how,) = keys
        if how in ("all", "any"):
            if not isinstance(raw[how], list) or not raw[how]:
                raise ValueError(f"`{how}` needs a list of conditions")
            return Combined(how, tuple(parse(part, level) for part in raw[how]))
        if how == "not":
            return Combined("not", (parse(raw["not"], level),))
        if level == "item":
            raise ValueError(f"`{how}` cannot stand inside another one")
        return OverItems(how, parse(raw[how], "item"))
    return _parse_leaf(raw, level)


def _parse_leaf(raw: dict[str, Any], level: Level) -> Leaf:
    for key, known in (("text", NUMBER), ("says", TOPIC_NUMBER)):
        if key in raw:
            return _parse_words(raw, key, known, level)
    subjects = [k for k in ("field", "feature") if k in raw]
    operators = [k for k in raw if k in OPERATORS]
    strange = [k for k in raw if k not in OPERATORS and k not in ("field", "feature")]
    if strange:
        raise ValueError(f"unknown key `{strange[0]}`; operators are {', '.join(OPERATORS)}")
    if len(subjects) != 1 or len(operators) != 1:
        raise ValueError("needs one subject (field, feature, text or says) and one operator")
    subject, operator = subjects[0], operators[0]
    name, value = raw[subject], raw[operator]
    if not isinstance(name, str):
        raise ValueError(f"`{subject}` needs one name, not {name!r}")
    _check_value(name, _sort(subject, name, level), operator, value)
    value = tuple(value) if isinstance(value, list) else value
    return Leaf(name, "field" if subject == "field" else "feature", operator, value)


def _parse_words(raw: dict[str, Any], key: str, known: Mapping[str, int], level: Level) -> Leaf:
    if level != "item":
        raise ValueError(f"`{key}` asks about one item; put it under `any_item`")
    if len(raw) != 1:
        raise ValueError(f"`{key}` stands alone, without {sorted(str(k) for k in raw if k != key)}")
    names = raw[key] if isinstance(raw[key], list) else [raw[key]]
    strange = [name for name in names if not isinstance(name, str) or name not in known]
    if strange or not names:
        raise ValueError(f"`{key}` does not know {strange or 'an empty list'}; it takes {', '.join(known)}")
    return Leaf(TEXT, "text", "text", tuple(names))


def _sort(subject: str, name: str, level: Level) -> Sort:
    """What sort of value a column holds."""
    sort: Sort = "number"
    if subject == "field":
        if name not in BY_PATH and name not in NORMALISED:
            raise ValueError(f"unknown field `{name}`")
        of_item = name.startswith("item.")
        sort = _SORTS[NORMALISED[name] if name in NORMALISED else BY_PATH[name].kind]
    elif name == INFORMATIVE:
        of_item = True
    else:
        if name not in FEATURES:
            raise ValueError(f"unknown feature `{name}`")
        feature = FEATURES[name]
        of_item = feature.level == "item"
        sort = feature.sort
    if of_item and level != "item":
        raise ValueError(f"`{name}` is about one item; put it under `any_item` or `every_item`")
    if not of_item and level == "item":
        raise ValueError(f"`{name}` is about the parcel; it cannot stand under `any_item`")
    return sort


def _check_value(name: str, sort: Sort, operator: str, value: Any) -> None:
    if sort not in _ASKS_ABOUT[operator]:
        fits = " or ".join(_ASKS_ABOUT[operator])
        raise ValueError(f"`{operator}` does not fit `{name}` ({sort}); it asks about {fits}")
    if operator == "stated":
        if not isinstance(value, bool):
            raise ValueError(f"`{name}`: `stated` needs true or false")
        return
    if operator in _LIST_OPERATORS and (not isinstance(value, list) or not value):
        raise ValueError(f"`{name}`: `{operator}` needs a list")
    choices = BY_PATH[name].choices if name in BY_PATH and operator != "starts_with" else ()
    for target in value if operator in _LIST_OPERATORS else [value]:
        if sort == "number" and (isinstance(target, bool) or not isinstance(target, int | float) or not _exact(target)):
            raise ValueError(f"`{name}`: `{operator}` needs a number, not {target!r}")
        if sort == "flag" and not isinstance(target, bool):
            raise ValueError(f"`{name}`: `{operator}` needs true or false, not {target!r}")
        if sort in ("text", "list") and not isinstance(target, str):
            raise ValueError(f"`{name}`: `{operator}` needs text in quotes, not {target!r}")
        if choices and target not in choices:
            raise ValueError(f"`{name}` is never {target!r}; it is one of {', '.join(choices)}")


def _exact(number: float) -> bool:
    """Small enough to be the same as a whole number and as a double; neither infinite nor NaN."""
    return abs(number) < 2**53


def leaves(condition: Condition) -> Iterator[Leaf]:
    """All leaves of a condition, left to right."""
    if isinstance(condition, Leaf):
        yield condition
    elif isinstance(condition, OverItems):
        yield from leaves(condition.part)
    else:
        for part in condition.parts:
            yield from leaves(part)
