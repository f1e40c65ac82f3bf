"""Conditions mean one thing: as polars, as numpy, and as three-valued logic on plain values."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from factory import AS_OF, parcel, tables
from hypothesis import given, settings
from hypothesis import strategies as st

from riskscore.assess import Assessed
from riskscore.conditions import (
    Combined,
    Condition,
    Leaf,
    OverItems,
    leaves,
    parse,
)
from riskscore.features import FEATURES, build_facts
from riskscore.goods_text import read_descriptions
from riskscore.judging import SMALL_BATCH, evaluate
from riskscore.known import Grouping
from riskscore.lexicon import CONCEPTS, NUMBER, TOPIC_NUMBER, TOPICS, bit
from riskscore.normalise import normalise

# Column → (subject, dtype, values of facts, operators with their values). Both subjects, every kind of column.
TEXTS = st.sampled_from(["", "A", "AB", "ABC", "9302", "930200", "ч", "a|b"])
FLOATS = st.sampled_from([-1.0, 0.0, 0.1, 0.5, 1.0, 1.5, 50.0, 1e12])
WHOLE = st.integers(0, 3)
CODES = st.lists(st.sampled_from(["CAO", "MUW", "SWP"]), max_size=3)
MODES = st.sampled_from(["air", "road", "rail", "sea"])
FLAGS = st.booleans()
MASKS = st.lists(st.sampled_from([*CONCEPTS, *TOPICS]), max_size=3).map(lambda names: bit(list(set(names))))
NUMBERS = st.one_of(FLOATS, WHOLE)
PREFIXES = st.sampled_from(["", "A", "AB", "93", "ч"])


def choose(values: st.SearchStrategy[Any], **more: st.SearchStrategy[Any]) -> dict[str, st.SearchStrategy[Any]]:
    some = {"is": values, "in": st.lists(values, min_size=1, max_size=3)}
    return {**some, "stated": st.booleans(), **more}


MEASURE = {
    "is": NUMBERS,
    "stated": st.booleans(),
    "above": NUMBERS,
    "at_least": NUMBERS,
    "below": NUMBERS,
    "at_most": NUMBERS,
}
FLOAT = {**MEASURE, "in": st.lists(FLOATS, min_size=1, max_size=3)}
INTEGER = {**MEASURE, "in": st.lists(WHOLE, min_size=1, max_size=3)}
TEXT_LIKE = choose(TEXTS, starts_with=st.lists(PREFIXES, min_size=1, max_size=3))
MEMBERS = st.sampled_from(["CAO", "MUW", "XXX"])
LIST_LIKE = {"stated": st.booleans(), "has": MEMBERS, "has_any": st.lists(MEMBERS, min_size=1, max_size=2)}

PARCEL: dict[str, tuple[str, Any, st.SearchStrategy[Any], dict[str, st.SearchStrategy[Any]]]] = {
    "route.carrier": ("field", pl.String, TEXTS, TEXT_LIKE),
    "route.mode": ("field", pl.String, MODES, choose(MODES)),
    "gross_mass_kg": ("field", pl.Float64, FLOATS, FLOAT),
    "booking.redirects": ("field", pl.Int64, WHOLE, INTEGER),
    "handling_codes": ("field", pl.List(pl.String), CODES, LIST_LIKE),
    "declared_at": (
        "field",
        pl.Datetime("us", "UTC"),
        st.just(datetime(2026, 1, 1, tzinfo=UTC)),
        {"stated": st.booleans()},
    ),
    "licence_expected": ("feature", pl.Boolean, FLAGS, choose(FLAGS)),
    "mass_gap_share": ("feature", pl.Float64, FLOATS, FLOAT),
    "licence_authority": ("feature", pl.String, TEXTS, TEXT_LIKE),
}
ITEM = {
    "item.description": ("field", pl.String, TEXTS, TEXT_LIKE),
    "item.hs": ("field", pl.String, TEXTS, TEXT_LIKE),
    "item.quantity": ("field", pl.Float64, FLOATS, FLOAT),
    "item.seq": ("field", pl.Int64, WHOLE, INTEGER),
    "item.marks": ("field", pl.List(pl.String), CODES, LIST_LIKE),
    "informative_words": ("feature", pl.Int64, WHOLE, INTEGER),
    "unit_mass_kg": ("feature", pl.Float64, FLOATS, FLOAT),
    "goods_class": ("feature", pl.String, TEXTS, TEXT_LIKE),
    "text": ("text", pl.Int64, MASKS, {}),
}


@st.composite
def leaf(draw: st.DrawFn, columns: dict[str, Any]) -> dict[str, Any]:
    column = draw(st.sampled_from(sorted(columns)))
    subject, _, _, operators = columns[column]
    if subject == "text":
        key, names = draw(st.sampled_from([("text", CONCEPTS), ("says", TOPICS)]))
        some = draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True))
        return {key: some if len(some) > 1 else some[0]}
    operator = draw(st.sampled_from(sorted(operators)))
    return {subject: column, operator: draw(operators[operator])}


def combined(parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    some = st.lists(parts, min_size=1, max_size=3)
    return st.one_of(some.map(lambda c: {"all": c}), some.map(lambda c: {"any": c}), parts.map(lambda c: {"not": c}))


ABOUT_ITEM = st.recursive(leaf(ITEM), combined, max_leaves=4)
ABOUT_PARCEL = st.recursive(
    st.one_of(leaf(PARCEL), ABOUT_ITEM.map(lambda c: {"any_item": c}), ABOUT_ITEM.map(lambda c: {"every_item": c})),
    combined,
    max_leaves=5,
)


def rows(columns: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({name: st.one_of(st.none(), values) for name, (_, _, values, _) in columns.items()})


PARCELS = st.lists(st.tuples(rows(PARCEL), st.lists(rows(ITEM), max_size=3)), max_size=5)


def frames(parcels: list[tuple[dict[str, Any], list[dict[str, Any]]]]) -> tuple[pl.DataFrame, pl.DataFrame, Grouping]:
    top = pl.DataFrame([p for p, _ in parcels], schema={n: c[1] for n, c in PARCEL.items()})
    below = [{"parcel": n, **item} for n, (_, items) in enumerate(parcels) for item in items]
    items = pl.DataFrame(below, schema={"parcel": pl.UInt32, **{n: c[1] for n, c in ITEM.items()}})
    return top, items, Grouping.of(items, len(parcels))


def plain(  # noqa: PLR0911 - one return for each law
    condition: Condition, parcel: dict[str, Any], items: list[dict[str, Any]]
) -> bool | None:
    """The meaning of a condition, on plain values."""
    if isinstance(condition, Combined):
        parts = [plain(part, parcel, items) for part in condition.parts]
        if condition.how == "not":
            return None if parts[0] is None else not parts[0]
        decides = condition.how == "any"
        if decides in parts:
            return decides
        return None if None in parts else not decides
    if isinstance(condition, OverItems):
        each = [plain(condition.part, item, []) for item in items]
        decides = condition.how == "any_item"
        if decides in each:
            return decides
        return None if None in each or not each else not decides
    value, target = parcel[condition.column], condition.value
    if condition.operator == "stated":
        return (value is not None) is target
    if value is None:
        return None
    return {
        "text": lambda: any(value >> (NUMBER | TOPIC_NUMBER)[name] & 1 for name in target),
        "is": lambda: value == target,
        "in": lambda: any(value == t for t in target),
        "above": lambda: value > target,
        "at_least": lambda: value >= target,
        "below": lambda: value < target,
        "at_most": lambda: value <= target,
        "starts_with": lambda: any(value.startswith(t) for t in target),
        "has": lambda: any(v == target for v in value),
        "has_any": lambda: any(v == t for v in value for t in target),
    }[condition.operator]()


def answers(conditions: list[Condition], parcels: Any, target: Any) -> list[list[bool | None]]:
    truth = evaluate(conditions, *frames(parcels), by=target).truth
    assert truth.true.shape == (len(parcels), len(conditions))
    assert not (truth.true & truth.false).any()
    return [
        [True if t else False if f else None for t, f in zip(*pair, strict=True)]
        for pair in zip(truth.true.tolist(), truth.false.tolist(), strict=True)
    ]


@settings(max_examples=150)
@given(st.lists(ABOUT_PARCEL, min_size=1, max_size=5), PARCELS)
def test_one_meaning_three_ways(raw: list[Any], parcels: Any) -> None:
    conditions = [parse(r) for r in raw]
    expected = [[plain(c, parcel, items) for c in conditions] for parcel, items in parcels]
    assert answers(conditions, parcels, "rows") == expected
    assert answers(conditions, parcels, "columns") == expected


@given(ABOUT_ITEM, PARCELS)
def test_both_ways_know_the_same_of_every_item(raw: Any, parcels: Any) -> None:
    condition = parse({"any_item": raw})
    expected = [plain(condition.part, item, []) for _, items in parcels for item in items]  # type: ignore[union-attr]
    for target in ("rows", "columns"):
        seen = evaluate([condition], *frames(parcels), by=target).items[condition]  # type: ignore[index,arg-type]
        assert [True if t else False if f else None for t, f in zip(seen.true, seen.false, strict=True)] == expected


@given(ABOUT_PARCEL, PARCELS)
def test_knowing_less_never_turns_an_answer_round(raw: Any, parcels: Any) -> None:
    """A condition without `stated` can only become unknown when a value does: never true from false, or the reverse."""
    condition = parse(raw)
    if any(found.operator == "stated" for found in leaves(condition)):
        return
    before = answers([condition], parcels, "rows")
    for name in PARCEL:
        less = [({**parcel, name: None}, items) for parcel, items in parcels]
        for (old,), (new,) in zip(before, answers([condition], less, "rows"), strict=True):
            assert new in (old, None)
    for name in ITEM:
        less = [(parcel, [{**item, name: None} for item in items]) for parcel, items in parcels]
        for (old,), (new,) in zip(before, answers([condition], less, "rows"), strict=True):
            assert new in (old, None)


@given(ABOUT_PARCEL)
def test_nothing_known_is_never_true_without_asking_for_absence(raw: Any) -> None:
    condition = parse(raw)
    if any(found.operator == "stated" for found in leaves(condition)):
        return
    nothing = [(dict.fromkeys(PARCEL), [dict.fromkeys(ITEM)]), (dict.fromkeys(PARCEL), [])]
    assert answers([condition], nothing, "rows") == [[None], [None]]
    assert answers([condition], nothing, "columns") == [[None], [None]]


def test_every_operator_is_tried() -> None:
    tried = {o for c in (PARCEL, ITEM) for _, _, _, operators in c.values() for o in operators}
    assert tried == {"is", "in", "above", "at_least", "below", "at_most", "starts_with", "stated", "has", "has_any"}


def test_all_committed_conditions_mean_the_same_both_ways(example_assessments: Assessed) -> None:
    facts = example_assessments.facts
    conditions = [i.when for i in example_assessments.engine.active]
    one = evaluate(conditions, facts.parcels, facts.items, facts.grouping, "columns")
    two = evaluate(conditions, facts.parcels, facts.items, facts.grouping, "rows")
    assert (one.truth.true == two.truth.true).all()
    assert (one.truth.false == two.truth.false).all()
    assert set(one.items) == set(two.items)
    for part, truth in one.items.items():
        assert (truth.true == two.items[part].true).all()
        assert (truth.false == two.items[part].false).all()


@pytest.mark.parametrize("size", [SMALL_BATCH, SMALL_BATCH + 1])
def test_the_size_of_the_batch_does_not_matter(size: int) -> None:
    conditions = [parse({"field": "route.mode", "is": "air"}), parse({"not": {"field": "gross_mass_kg", "above": 1}})]
    some = [({**dict.fromkeys(PARCEL), "route.mode": "air"}, []), ({**dict.fromkeys(PARCEL), "gross_mass_kg": 2.0}, [])]
    many = (some * size)[:size]
    assert answers(conditions, many, None) == ([[True, None], [None, False]] * size)[:size]


@pytest.mark.parametrize("numbers", [[1, 2], [1, 0.5], [1.0, 2.0]])
@pytest.mark.parametrize("field", ["gross_mass_kg", "booking.redirects"])
def test_numbers_written_with_and_without_a_point_are_the_same(field: str, numbers: list[float]) -> None:
    condition = parse({"field": field, "in": numbers})
    parcels = [({**dict.fromkeys(PARCEL), field: value}, []) for value in (1, 3, None)]
    for target in ("rows", "columns"):
        assert answers([condition], parcels, target) == [[True], [False], [None]]


@pytest.mark.parametrize("target", ["rows", "columns"])
def test_a_concept_named_twice_is_that_concept(target: str) -> None:
    condition = parse({"any_item": {"text": ["firearm", "firearm"]}})
    masks = [bit(["firearm"]), bit(["firearm_part"])]
    parcels = [(dict.fromkeys(PARCEL), [{**dict.fromkeys(ITEM), "text": mask}]) for mask in masks]
    assert answers([condition], parcels, target) == [[True], [False]]


# -- parsing -----------------------------------------------------------------------------------------------------------


def test_a_condition_as_a_tree() -> None:
    condition = parse(
        {"all": [{"field": "route.mode", "in": ["air", "sea"]}, {"any_item": {"not": {"text": ["firearm", "brand"]}}}]}
    )
    assert condition == Combined(
        "all",
        (
            Leaf("route.mode", "field", "in", ("air", "sea")),
            OverItems("any_item", Combined("not", (Leaf("text", "text", "text", ("firearm", "brand")),))),
        ),
    )
    assert [found.column for found in leaves(condition)] == ["route.mode", "text"]
    assert [part.how for part in condition.parts if isinstance(part, OverItems)] == ["any_item"]  # type: ignore[union-attr]
    assert hash(condition) == hash(parse({"all": [{"field": "route.mode", "in": ["air", "sea"]},
                                                  {"any_item": {"not": {"text": ["firearm", "brand"]}}}]}))  # fmt: skip


BAD: list[tuple[Any, str]] = [
    (None, "mapping"),
    ({}, "mapping"),
    ([], "mapping"),
    ("GD-01", "mapping"),
    ({"all": []}, "all"),
    ({"all": {"field": "route.mode", "is": "air"}}, "all"),
    ({"any": None}, "any"),
    ({"not": None}, "mapping"),
    ({"all": [{"field": "route.mode", "is": "air"}], "any": []}, "side by side"),
    ({"any_item": {"any_item": {"text": "firearm"}}}, "inside"),
    ({"any_item": {"every_item": {"text": "firearm"}}}, "inside"),
    ({"field": "route.moda", "is": "air"}, "route.moda"),
    ({"feature": "colour", "is": "red"}, "colour"),
    ({"text": "firearm"}, "any_item"),
    ({"says": "metal"}, "any_item"),
    ({"any_item": {"text": "gun"}}, "gun"),
    ({"any_item": {"text": "metal"}}, "metal"),
    ({"any_item": {"says": "firearm"}}, "firearm"),
    ({"any_item": {"text": "firearm", "is": True}}, "is"),
    ({"field": "item.hs", "is": "9302"}, "item.hs"),
    ({"any_item": {"field": "route.mode", "is": "air"}}, "route.mode"),
    ({"feature": "unit_mass_kg", "above": 1}, "unit_mass_kg"),
    ({"any_item": {"feature": "mass_gap_kg", "above": 1}}, "mass_gap_kg"),
    ({"feature": "informative_words", "at_most": 0}, "informative_words"),
    ({"field": "route.mode"}, "operator"),
    ({"is": "air"}, "subject"),
    ({"field": "route.mode", "feature": "mass_gap_kg", "is": 1}, "subject"),
    ({"field": "route.mode", "is": "air", "in": ["sea"]}, "operator"),
    ({"field": "route.mode", "equals": "air"}, "equals"),
    ({"field": "route.mode", "is": "boat"}, "boat"),
    ({"field": "route.mode", "in": ["air", "boat"]}, "boat"),
    ({"field": "route.mode", "in": "air"}, "list"),
    ({"field": "route.mode", "in": []}, "list"),
    ({"field": "gross_mass_kg", "above": "2"}, "number"),
    ({"field": "gross_mass_kg", "above": True}, "number"),
    ({"field": "gross_mass_kg", "above": None}, "number"),
    ({"any_item": {"field": "item.hs", "starts_with": "93"}}, "list"),
    ({"any_item": {"field": "item.hs", "starts_with": [93]}}, "quotes"),
    ({"field": "documents", "stated": "no"}, "stated"),
    ({"field": "route.mode", "has": "air"}, "list"),
    ({"field": "documents", "has": "licence"}, "list"),
    ({"field": "observations", "has": "weapon_visibel"}, "weapon_visibel"),
    ({"field": "observations", "has_any": ["retaped", "weapon_visibel"]}, "weapon_visibel"),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "named"), BAD)
def test_a_bad_condition_is_refused_with_its_reason(raw: Any, named: str) -> None:
    with pytest.raises(ValueError, match=r".") as error:
        parse(raw)
    assert named in str(error.value)


UNFIT: list[Any] = [
    # A value of another type than the column: never true on a small batch, an exception on a large one.
    {"field": "gross_mass_kg", "is": "heavy"},
    {"field": "gross_mass_kg", "in": ["1", "2"]},
    {"field": "gross_mass_kg", "starts_with": ["1"]},
    {"field": "item_id", "above": 5},
    {"field": "item_id", "is": 5},
    {"field": "item_id", "in": [12, 14]},
    {"field": "item_id", "is": None},
    {"field": "item_id", "is": ["a", "b"]},
    {"field": "declared_at", "above": 5},
    {"field": "declared_at", "is": "2026-01-01"},
    {"field": "documents", "is": "licence"},
    {"field": "handling_codes", "is": "CAO"},
    {"field": "handling_codes", "has": 5},
    {"field": "route.mode", "above": 1},
    {"feature": "mass_gap_kg", "is": "heavy"},
    {"feature": "mass_gap_kg", "starts_with": ["1"]},
    {"feature": "mass_gap_kg", "has": "x"},
    {"feature": "licence_expected", "is": "yes"},
    {"feature": "licence_expected", "above": 0},
    {"feature": "licence_authority", "above": 1},
    {"any_item": {"feature": "goods_class", "at_least": 2}},
    {"any_item": {"feature": "informative_words", "starts_with": ["1"]}},
    {"field": "gross_mass_kg", "above": float("nan")},
    {"field": "gross_mass_kg", "above": float("inf")},
    {"field": "booking.redirects", "in": [10**400]},
    {"feature": "licence_expected", "is": 1},
]


@pytest.mark.parametrize("raw", UNFIT, ids=str)
def test_a_value_of_the_wrong_type_is_refused_at_load(raw: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(raw)


@pytest.mark.parametrize(
    "raw",
    [
        {"field": ["route.mode"], "is": "air"},
        {"feature": {"a": 1}, "is": 1},
        {"any_item": {"text": [["firearm"]]}},
        {"any_item": {"text": {"firearm": 1}}},
        {"any_item": {"text": []}},
        {"any_item": {"text": "firearm"}, 5: 1},
        {5: 1},
        {"field": None, "is": 1},
        {"field": "route.mode", "in": [["air"]]},
        {"field": "item_id", "in": [{"a": 1}]},
    ],
    ids=str,
)
def test_a_wild_condition_is_one_sentence_not_a_traceback(raw: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(raw)


def test_the_sort_of_every_feature_is_that_of_its_column(engine: Any) -> None:
    """Whoever adds a feature of yes and no, or of text, says so."""
    typed = normalise(tables(parcel("Shoes")), engine.reference, AS_OF)
    goods = read_descriptions(typed.items["item.description"], engine.lexicon)
    facts = build_facts(typed, goods, engine.trade, AS_OF, frozenset(FEATURES))
    for name, feature in FEATURES.items():
        column = (facts.items if feature.level == "item" else facts.parcels)[name]
        assert (column.dtype == pl.Boolean) == (feature.sort == "flag"), name
        assert (column.dtype == pl.String) == (feature.sort == "text"), name


def test_every_committed_leaf_fits_its_column(engine: Any) -> None:
    """Facts of an empty parcel hold every column that the packs ask for."""
    from riskscore.assess import assess

    facts = assess(tables({}), engine, as_of=AS_OF).facts
    for indicator in engine.active:
        for found in leaves(indicator.when):
            assert found.column in facts.parcels.columns or found.column in facts.items.columns, (indicator.id, found)
            if found.kind == "feature" and found.column in FEATURES:
                frame = facts.items if FEATURES[found.column].level == "item" else facts.parcels
                assert found.column in frame.columns
