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
from riskscore.schema import BY_PATH

Level = Literal["item", "parcel"]
OPERATORS = ("is", "in", "above", "at_least", "below", "at_most", "starts_with", "stated", "has", "has_any")

# Columns that normalisation adds, beside the fields of the declaration.
NORMALISED: dict[str, str] = {
    "item.hs": "text",
    "item.hs_status": "choice",
    "item.value_eur": "number",
    "s10_status": "choice",
    "value_eur": "number",
    "postage_eur": "number",
    "insured_eur": "number",
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
            raise ValueError(f"{sorted(keys)} cannot stand side by side; put them under `all`")
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
            if level != "item":
                raise ValueError(f"`{key}` asks about one item; put it under `any_item`")
            names = raw[key] if isinstance(raw[key], list) else [raw[key]]
            unknown = [c for c in names if c not in known]
            if unknown or len(raw) != 1:
                raise ValueError(
                    f"`{key}` does not know {unknown or sorted(set(raw) - {key})}; it takes {', '.join(known)}"
                )
            return Leaf(TEXT, "text", "text", tuple(names))
    subjects = [k for k in ("field", "feature") if k in raw]
    operators = [k for k in raw if k in OPERATORS]
    strange = [k for k in raw if k not in OPERATORS and k not in ("field", "feature")]
    if strange:
        raise ValueError(f"unknown key `{strange[0]}`; operators are {', '.join(OPERATORS)}")
    if len(subjects) != 1 or len(operators) != 1:
        raise ValueError("needs one subject (field, feature, text or says) and one operator")
    subject, operator = subjects[0], operators[0]
    name, value = raw[subject], raw[operator]
    kind = _kind(subject, name, level)
    _check_value(name, kind, operator, value)
    value = tuple(value) if isinstance(value, list) else value
    return Leaf(name, "field" if subject == "field" else "feature", operator, value)


def _kind(subject: str, name: str, level: Level) -> str:
    """What sort of value a column holds: text, number, flag, list …"""
    if subject == "field":
        if name not in BY_PATH and name not in NORMALISED:
            raise ValueError(f"unknown field `{name}`")
        of_item = name.startswith("item.")
        kind = NORMALISED.get(name) or BY_PATH[name].kind
    elif name == INFORMATIVE:
        of_item, kind = True, "number"
    else:
        if name not in FEATURES:
            raise ValueError(f"unknown feature `{name}`")
        of_item, kind = FEATURES[name].level == "item", "any"
    if of_item and level != "item":
        raise ValueError(f"`{name}` is about one item; put it under `any_item` or `every_item`")
    if not of_item and level == "item":
        raise ValueError(f"`{name}` is about the parcel; it cannot stand under `any_item`")
    return kind


def _check_value(name: str, kind: str, operator: str, value: Any) -> None:
    if operator in ("above", "at_least", "below", "at_most") and (
        isinstance(value, bool) or not isinstance(value, int | float)
    ):
        raise ValueError(f"`{name}`: `{operator}` needs a number, not {value!r}")
    if operator in ("in", "has_any", "starts_with") and (not isinstance(value, list) or not value):
        raise ValueError(f"`{name}`: `{operator}` needs a list")
    if operator == "stated" and not isinstance(value, bool):
        raise ValueError(f"`{name}`: `stated` needs true or false")
    if operator in ("has", "has_any") and kind not in ("list", "any"):
        raise ValueError(f"`{name}` is not a list; `{operator}` does not fit")
    if kind == "choice" and name in BY_PATH and operator in ("is", "in"):
        values = value if isinstance(value, list) else [value]
        strange = [v for v in values if v not in BY_PATH[name].choices]
        if strange:
            raise ValueError(f"`{name}` is never {strange[0]!r}; it is one of {', '.join(BY_PATH[name].choices)}")
    if operator == "starts_with" and not all(isinstance(v, str) for v in value):
        raise ValueError(f"`{name}`: write the prefixes in quotes")


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
    return _EXPRESSIONS[leaf.operator](column, bit(list(leaf.value)) if leaf.operator == "text" else leaf.value)


_EXPRESSIONS: dict[str, Callable[[pl.Expr, Any], pl.Expr]] = {
    "text": lambda column, mask: (column & mask) != 0,
    "is": lambda column, target: column.eq(target),
    "in": lambda column, targets: column.is_in(list(targets)),
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
    target = bit(list(leaf.value)) if leaf.operator == "text" else leaf.value
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
