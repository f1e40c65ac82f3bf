"""One small expression tree for the conditions of indicators, with two compile targets that mean the same.

polars expressions serve large tables; numpy serves small batches, where building a query costs more than the answer.
Both are three-valued: what is missing makes a leaf unknown, and an unknown indicator does not fire. Only ``stated``
asks about absence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl

from riskscore.features.registry import FEATURES, INFORMATIVE, TEXT
from riskscore.known import UNKNOWN, Grouping, Truth
from riskscore.lexicon import NUMBER, TOPIC_NUMBER, bit
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


def over_items(condition: Condition) -> Iterator[OverItems]:
    """All item conditions inside a condition."""
    if isinstance(condition, OverItems):
        yield condition
    elif isinstance(condition, Combined):
        for part in condition.parts:
            yield from over_items(part)


# -- target one: polars ------------------------------------------------------------------------------------------------


def to_polars(condition: Condition, names: Mapping[OverItems, str]) -> pl.Expr:
    """Condition as a nullable boolean expression; item conditions are read from the columns `names` gives them."""
    if isinstance(condition, OverItems):
        return pl.col(names[condition])
    if isinstance(condition, Leaf):
        return _leaf_polars(condition)
    parts = [to_polars(part, names) for part in condition.parts]
    if condition.how == "not":
        return ~parts[0]
    return pl.all_horizontal(parts) if condition.how == "all" else pl.any_horizontal(parts)


def _leaf_polars(leaf: Leaf) -> pl.Expr:
    column = pl.col(leaf.column)
    if leaf.operator == "stated":
        return column.is_not_null() if leaf.value else column.is_null()
    return _EXPRESSIONS[leaf.operator](column, bit(leaf.value) if leaf.operator == "text" else leaf.value)


def _is_among(column: pl.Expr, targets: tuple[Any, ...]) -> pl.Expr:
    if isinstance(targets[0], str):
        return column.is_in(list(targets))
    # is_in would not compare a whole number with a column of doubles, or the reverse
    return pl.any_horizontal([column.eq(target) for target in targets])


_EXPRESSIONS: dict[str, Callable[[pl.Expr, Any], pl.Expr]] = {
    "text": lambda column, mask: (column & mask) != 0,
    "is": lambda column, target: column.eq(target),
    "in": _is_among,
    "above": lambda column, limit: column.gt(limit),
    "at_least": lambda column, limit: column.ge(limit),
    "below": lambda column, limit: column.lt(limit),
    "at_most": lambda column, limit: column.le(limit),
    "starts_with": lambda column, prefixes: pl.any_horizontal([column.str.starts_with(p) for p in prefixes]),
    "has": lambda column, member: column.list.contains(member),
    "has_any": lambda column, members: pl.any_horizontal([column.list.contains(m) for m in members]),
}


# -- target two: numpy -------------------------------------------------------------------------------------------------


class Columns:
    """Columns of a small table as Python values, fetched once each."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame
        self._lists: dict[str, list[Any]] = {}

    def __getitem__(self, name: str) -> list[Any]:
        if name not in self._lists:
            self._lists[name] = self._frame[name].to_list()
        return self._lists[name]


def to_numpy(
    condition: Condition, parcels: Columns, items: Columns, grouping: Grouping, seen: dict[OverItems, Truth]
) -> Truth:
    """Condition evaluated on a small table; ``seen`` collects the truth of each item condition per item."""
    if isinstance(condition, OverItems):
        truth = to_numpy(condition.part, items, items, grouping, seen)
        seen[condition] = truth
        return grouping.any_known(truth) if condition.how == "any_item" else grouping.all_known(truth)
    if isinstance(condition, Leaf):
        return _leaf_numpy(condition, parcels[condition.column])
    parts = [to_numpy(part, parcels, items, grouping, seen) for part in condition.parts]
    result = parts[0]
    if condition.how == "not":
        return ~result
    for part in parts[1:]:
        result = result & part if condition.how == "all" else result | part
    return result


def _leaf_numpy(leaf: Leaf, values: list[Any]) -> Truth:
    known = np.array([v is not None for v in values], np.bool_)
    if leaf.operator == "stated":
        return Truth(known, ~known) if leaf.value else Truth(~known, known)
    ask = _QUESTIONS[leaf.operator]
    target = bit(leaf.value) if leaf.operator == "text" else leaf.value
    true = np.array([v is not None and bool(ask(v, target)) for v in values], np.bool_)
    return Truth(true, known & ~true)


_QUESTIONS: dict[str, Any] = {
    "text": lambda v, mask: v & mask,
    "is": lambda v, target: v == target,
    "in": lambda v, targets: v in targets,
    "above": lambda v, limit: v > limit,
    "at_least": lambda v, limit: v >= limit,
    "below": lambda v, limit: v < limit,
    "at_most": lambda v, limit: v <= limit,
    "starts_with": lambda v, prefixes: v.startswith(prefixes),
    "has": lambda v, member: member in v,
    "has_any": lambda v, members: any(m in v for m in members),
}


# -- a whole set of conditions -----------------------------------------------------------------------------------------

SMALL_BATCH = 256  # up to here numpy is faster (measured crossover: 160 to 270 rows)


@dataclass(frozen=True, slots=True)
class Answers:
    """Truth of many conditions for a batch.

    Parameters
    ----------
    truth : Truth
        Arrays (n parcels, number of conditions).
    items : dict
        Truth per item of every item condition, for evidence.
    """

    truth: Truth
    items: dict[OverItems, Truth]


def evaluate(
    conditions: list[Condition],
    parcels: pl.DataFrame,
    items: pl.DataFrame,
    grouping: Grouping,
    target: Literal["polars", "numpy"] | None = None,
) -> Answers:
    """Truth of every condition for every parcel.

    Parameters
    ----------
    conditions : list of Condition
    parcels, items : polars.DataFrame
        Facts of the batch.
    grouping : Grouping
    target : {"polars", "numpy"}, optional
        By default chosen by the size of the batch; the answers are the same.
    """
    if target is None:
        target = "numpy" if parcels.height <= SMALL_BATCH else "polars"
    seen: dict[OverItems, Truth] = {}
    if target == "numpy":
        shape = (parcels.height, len(conditions))
        true, false = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
        parcel_columns, item_columns = Columns(parcels), Columns(items)
        for number, condition in enumerate(conditions):
            truth = to_numpy(condition, parcel_columns, item_columns, grouping, seen)
            true[:, number], false[:, number] = truth.true, truth.false
        return Answers(Truth(true, false), seen)
    about_items = list(dict.fromkeys(part for condition in conditions for part in over_items(condition)))
    names = {part: f"over_items_{number}" for number, part in enumerate(about_items)}
    asked = items.select(to_polars(part.part, names).alias(names[part]) for part in about_items)
    grouped = []
    for part in about_items:
        truth = Truth.of(asked[names[part]])
        seen[part] = truth
        whole = grouping.any_known(truth) if part.how == "any_item" else grouping.all_known(truth)
        grouped.append(whole.series(names[part]))
    table = parcels.hstack(grouped) if grouped else parcels
    states = table.select(
        to_polars(c, names).cast(pl.Int8).fill_null(UNKNOWN).alias(f"c{i}") for i, c in enumerate(conditions)
    ).to_numpy()
    return Answers(Truth(states == 1, states == 0), seen)
