"""Reasons that add up, and what they propose."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from factory import AS_OF, Record, assessed, document, in_cyrillic, item, pack_parcels, parcel, the_engine
from hypothesis import given
from hypothesis import strategies as st

from riskscore.assess import assess
from riskscore.ledger import propose
from riskscore.schema import tables_from_records
from riskscore.sops import ACTIONS, ACTORS, AXES, BANDS, CASE_TYPES, GROUPS, Indicator

INDICATORS = the_engine().active
BY_ID = {i.id: i for i in INDICATORS}
CARD = the_engine().scorecard
FIRST_CASES = (
    "dangerous_goods",
    "watchlist",
    "suspected_contraband",
    "licence_gap",
    "data_quality",
    "none",
)  # contract 2.1
HIGHEST_ACTIONS = (
    "isolate_and_notify",
    "examine",
    "screen",
    "licence_check",
    "desk_review",
    "request_information",
    "none",
)
WEIGHTS = the_engine().weights


def test_the_orders_of_the_contract() -> None:
    assert tuple(reversed(ACTIONS)) == HIGHEST_ACTIONS
    assert tuple(reversed(CASE_TYPES)) == FIRST_CASES
    assert BANDS == ("clear", "review", "hold")


# -- what holds for every assessment -----------------------------------------------------------------------------------


def check_sums(d: Record) -> None:
    """Per axis: base + the sum of the points = the score, exactly."""
    for axis, score, base in (
        ("illicit", d["score"], d["base_points"]),
        ("compliance", d["compliance"]["score"], d["compliance"]["base_points"]),
    ):
        lines = [r["points"] for r in d["reasons"] if r["axis"] == axis]
        assert abs(base + sum(lines) - score) < 1e-9
        millionths = sum(round(p * 1_000_000) for p in lines)
        assert round(base * 1_000_000) + millionths == round(score * 1_000_000)
        assert base == CARD.axes[axis].base / 1_000_000


def check_order(d: Record) -> None:
    points = [r["points"] for r in d["reasons"]]
    assert points == sorted(points, reverse=True)
    keys = [(r["key"], r["axis"]) for r in d["reasons"]]
    assert len(keys) == len(set(keys))


def check_caps(d: Record) -> None:
    """Weak ones together at most the weak cap, with medium ones the medium cap, the group its own; cuts are lines."""
    for number, axis in enumerate(AXES):
        for group_number, group in enumerate(GROUPS):
            mine = [r for r in d["reasons"] if (r["axis"], r["group"]) == (axis, group)]
            by_strength = {
                name: sum(max(r["points"], 0) for r in mine if r["kind"] != "cap" and r["strength"] == name)
                for name in ("weak", "medium", "strong", "definitive")
            }
            raising = sum(by_strength.values())
            counted = min(by_strength["weak"], CARD.weak_cap / 1e6) + by_strength["medium"]
            counted = min(counted, CARD.medium_cap / 1e6) + by_strength["strong"] + by_strength["definitive"]
            counted = min(counted, CARD.group_caps.get(group, 10**12) / 1e6)
            taking = sum(min(r["points"], 0) for r in mine if r["kind"] != "cap")
            back = max(taking, -CARD.mitigating_cap / 1e6) - taking
            caps = [r for r in mine if r["kind"] == "cap"]
            # Terms of less than five points stand in `other`, and count towards the cap of their group.
            terms = [t for t in WEIGHTS.terms if (t.axis, t.group) == (number, group_number)]
            shown = sum(r["points"] for r in caps)
            assert abs(shown - (counted - raising + back)) <= 1e-6 + 5 * len(terms), (axis, group)
            assert len(caps) <= 1
            assert all(r["key"] == f"cap:{group}" and r["strength"] is None and r["version"] is None for r in caps)


def check_bands(d: Record) -> None:
    bands = {"illicit": d["illicit_band"], "compliance": d["compliance"]["band"]}
    scores = {"illicit": d["score"], "compliance": d["compliance"]["score"]}
    for axis in AXES:
        by_points = "hold" if scores[axis] >= 650 else "review" if scores[axis] >= 500 else "clear"
        floors = [BY_ID[r["key"]].floor for r in d["reasons"] if r["kind"] == "indicator" and r["axis"] == axis]
        expected = max([by_points, *(f for f in floors if f != "none")], key=BANDS.index)
        assert bands[axis] == expected
    assert d["band"] == max(bands.values(), key=BANDS.index)


def check_proposals(d: Record) -> None:
    """Action and case type come from the reasons that may propose; every shown action is one of theirs."""
    indicators = [r for r in d["reasons"] if r["kind"] == "indicator"]
    proposing = [r for r in indicators if BY_ID[r["key"]].proposes]
    actions = [r["action"] for r in proposing]
    assert d["action"] == max([*actions, "none"], key=ACTIONS.index)
    cases = [BY_ID[r["key"]].case_type for r in proposing]
    assert d["case_type"] == min([*cases, "none"], key=FIRST_CASES.index)
    if d["action"] == "none":
        assert d["action_by"] is None
    else:
        strongest = max((r for r in proposing if r["action"] == d["action"]), key=lambda r: r["points"])
        assert d["action_by"] in {r["action_by"] for r in proposing if r["action"] == d["action"]}
        assert d["action_by"] == strongest["action_by"]
    for r in indicators:
        declared = BY_ID[r["key"]].action
        assert r["action"] == declared or (declared, r["action"]) == ("isolate_and_notify", "examine")
        if r["action"] in ("examine", "licence_check"):
            assert r["action_by"] != "courier", (
                f"{r['key']}: {r['action']} is never a courier's own task (contract 2.2)"
            )


def check_isolation(d: Record) -> None:
    """isolate_and_notify needs physical evidence or two agreeing facts (contract 2.1)."""
    fired = [BY_ID[r["key"]] for r in d["reasons"] if r["kind"] == "indicator"]
    physical = any(i.physical and i.action == "isolate_and_notify" for i in fired)
    danger = {i.group for i in fired if i.case_type == "dangerous_goods" and i.proposes}
    if d["action"] == "isolate_and_notify":
        assert physical or len(danger) >= 2
    if any(r["action"] == "isolate_and_notify" for r in d["reasons"]):
        assert d["action"] == "isolate_and_notify"


def check_questions(d: Record) -> None:
    floored = any(r["kind"] == "indicator" and BY_ID[r["key"]].floor != "none" for r in d["reasons"])
    for r in d["reasons"]:
        if r["kind"] in ("cap", "other"):
            assert r["question"] is None
            continue
        if r["kind"] != "indicator":
            assert r["question"]["text"].endswith("?")
            assert r["question"]["to"] == "courier"
            continue
        assert r["question"]["text"] == BY_ID[r["key"]].question["text"]
        if r["question"]["to"] == "sender":
            assert d["illicit_band"] == "clear"
            assert not floored
        elif not floored and d["illicit_band"] == "clear":
            assert r["question"]["to"] == BY_ID[r["key"]].question["to"]


def check_words(d: Record) -> None:
    for r in d["reasons"]:
        assert r["title"]
        assert r["text"]
        assert r["text"][-1] in ".?!)…"
        assert not re.search(r"\{(words|field:|feature:)", r["text"]), r["text"]
        if r["kind"] == "indicator":
            indicator = BY_ID[r["key"]]
            assert (r["version"], r["title"], r["source"]) == (indicator.version, indicator.title, indicator.source)
            assert r["benign_explanation"] == indicator.benign
            seen = CARD.axes[indicator.axis].indicators.get(indicator.id)
            known = seen is not None and seen.version == indicator.version
            assert r["points_basis"] == ("learned" if known else "expert")
            assert r["points"] == (seen.points / 1e6 if known else indicator.points)
        elif r["kind"] != "cap":
            assert r["points_basis"] == "learned"
            assert CARD.id in r["source"]
        assert r["group"] in GROUPS


CHECKS = (
    check_sums,
    check_order,
    check_caps,
    check_bands,
    check_proposals,
    check_isolation,
    check_questions,
    check_words,
)


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.__name__.removeprefix("check_"))
def test_every_example_keeps_to(check: Any, example_documents: list[Record]) -> None:
    assert sum(bool(d["reasons"]) for d in example_documents) > 50
    for d in example_documents:
        check(d)


@pytest.fixture(scope="module")
def pack_documents() -> list[Record]:
    """The assessments of all parcels inside the packs."""
    parcels = [p for _, p in pack_parcels()]
    return assessed(*parcels).documents(list(range(len(parcels))))


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.__name__.removeprefix("check_"))
def test_every_parcel_inside_the_packs_keeps_to(check: Any, pack_documents: list[Record]) -> None:
    for d in pack_documents:
        check(d)


DESCRIPTIONS = sorted({i["description"] for _, p in pack_parcels() for i in p.get("items", ()) if i.get("description")})
CODES = st.sampled_from(
    ["9301.00", "9302.00", "9303.30", "9305.10", "9306.30", "3601.00", "6403.99", "0000", "9503.00", "9502 {}"]
)
COUNTRIES = st.sampled_from(["BA", "DE", "RS", "TR", "US", "CN"])
ITEMS = st.fixed_dictionaries(
    {},
    optional={
        "description": st.one_of(
            st.sampled_from(DESCRIPTIONS), st.sampled_from(DESCRIPTIONS).map(in_cyrillic), st.text(max_size=20)
        ),
        "hs_code": CODES,
        "quantity": st.sampled_from([0, 1, 3, 51]),
        "net_mass_kg": st.sampled_from([0.1, 1, 6]),
        "value": st.sampled_from([0, 1, 20, 500]),
        "currency": st.sampled_from(["EUR", "BAM"]),
        "origin_country": COUNTRIES,
        "marks": st.lists(st.sampled_from(["ptb", "deactivation", "{}"]), max_size=2),
    },
)
PARCELS = st.builds(
    lambda items, rest: parcel(*items, **rest),
    st.lists(ITEMS, max_size=3),
    st.fixed_dictionaries(
        {},
        optional={
            "item_id": st.sampled_from(["RR473124829DE", "RR473124828DE", "{}"]),
            "direction": st.sampled_from(["import", "transit"]),
            "declaration_form": st.sampled_from(["CN22", "CN23"]),
            "category": st.sampled_from(["gift", "sale", "sample", "documents"]),
            "declared_at": st.sampled_from(
                ["2026-11-15T09:00:00Z", "2026-05-01T09:00:00+02:00", "2026-12-24T09:00:00Z"]
            ),
            "sender.country": COUNTRIES,
            "route.origin_country": COUNTRIES,
            "route.destination_country": COUNTRIES,
            "gross_mass_kg": st.sampled_from([0, 0.5, 2, 10]),
            "measured_mass_kg": st.sampled_from([0.5, 3, 10]),
            "total_value": st.sampled_from([0, 1, 100]),
            "postage": st.sampled_from([5, 50]),
            "insured_value": st.sampled_from([0, 900]),
            "currency": st.sampled_from(["EUR", "BAM"]),
            "handling_codes": st.lists(st.sampled_from(["MUW", "RXS", "CAO"]), max_size=2),
            "un_number": st.sampled_from(["UN0012", "UN3481"]),
            "observations": st.lists(st.sampled_from(["weapon_visible", "smell_of_propellant", "retaped"]), max_size=2),
            "documents": st.lists(
                st.sampled_from(
                    [
                        {"type": "licence", "number": "{}", "valid_to": "2026-01-01"},
                        {"type": "licence", "verification": {"status": "confirmed"}},
                        {"type": "dgd"},
                        {"type": "deactivation"},
                        {"number": "5"},
                    ]
                ),
                max_size=2,
            ),
            "screening": st.lists(
                st.sampled_from([{"method": "xray", "result": "suspect"}, {"method": "physical", "result": "clear"}]),
                max_size=2,
            ),
        },
    ),
)


@given(PARCELS)
def test_every_parcel_keeps_to(nested: Record) -> None:
    d = document(nested)
    for check in CHECKS:
        check(d)


# -- proposals ---------------------------------------------------------------------------------------------------------


def indicator(key: str, **changes: Any) -> Indicator:
    sound = {
        "strength": "strong",
        "points": 200,
        "floor": "none",
        "action": "none",
        "action_by": None,
        "case_type": "none",
        "physical": False,
        "group": "description",
        **changes,
    }
    fields = {name: getattr(INDICATORS[0], name) for name in Indicator.__dataclass_fields__}
    return Indicator(**{**fields, "id": key, **sound})


def proposed(*indicators: Indicator) -> tuple[str, str | None, str]:
    """Action, actor and case type of a parcel on which all of them fire."""
    p = propose(list(indicators), np.ones((1, len(indicators)), np.bool_))
    by = int(p.action_by[0])
    return ACTIONS[p.action[0]], ACTORS[by] if by >= 0 else None, CASE_TYPES[p.case_type[0]]


def test_the_highest_action_stands() -> None:
    ladder = [indicator(f"A{n}", action=a, action_by="customs", physical=True) for n, a in enumerate(ACTIONS[1:])]
    for n in range(len(ladder)):
        assert proposed(*ladder[: n + 1])[0] == ACTIONS[n + 1]
        assert proposed(*reversed(ladder[: n + 1]))[0] == ACTIONS[n + 1]


def test_the_first_case_type_stands() -> None:
    cases = [indicator(f"A{n}", case_type=c) for n, c in enumerate(CASE_TYPES)]
    for n in range(len(cases)):
        assert proposed(*cases[: n + 1])[2] == CASE_TYPES[n]
        assert proposed(*reversed(cases[: n + 1]))[2] == CASE_TYPES[n]


def test_a_weak_one_proposes_nothing_but_a_question() -> None:
    weak = {"strength": "weak", "points": 20, "action_by": "customs", "case_type": "suspected_contraband"}
    assert proposed(indicator("A", action="screen", **weak)) == ("none", None, "none")
    assert proposed(indicator("A", action="request_information", **weak))[0] == "request_information"
    assert proposed(indicator("A", action="screen", floor="review", **weak))[0] == "screen"
    assert proposed(indicator("A", action="screen", action_by="customs", strength="mitigating", points=-20)) == (
        "none",
        None,
        "none",
    )


def test_the_strongest_reason_names_the_actor() -> None:
    low = indicator("A", action="screen", action_by="courier", points=150)
    high = indicator("B", action="screen", action_by="customs", points=250)
    other = indicator("C", action="desk_review", action_by="police", points=280)
    assert proposed(low, high, other)[:2] == ("screen", "customs")
    assert proposed(other, high, low)[:2] == ("screen", "customs")


ISOLATE = {"action": "isolate_and_notify", "action_by": "courier", "case_type": "dangerous_goods"}


def test_isolation_needs_physical_evidence_or_two_agreeing_facts() -> None:
    alone = indicator("A", **ISOLATE)
    assert proposed(alone)[0] == "examine"
    assert proposed(alone, indicator("B", **ISOLATE))[0] == "examine"  # twice the same fact
    assert proposed(alone, indicator("B", group="tariff", **ISOLATE))[0] == "isolate_and_notify"
    assert proposed(alone, indicator("B", group="tariff", case_type="dangerous_goods"))[0] == "isolate_and_notify"
    assert proposed(alone, indicator("B", group="tariff", case_type="licence_gap"))[0] == "examine"
    assert proposed(indicator("A", physical=True, **ISOLATE)) == ("isolate_and_notify", "courier", "dangerous_goods")
    weak = indicator("B", group="tariff", case_type="dangerous_goods", strength="weak", points=20)
    assert proposed(alone, weak)[0] == "examine"


def test_an_isolation_that_is_not_upheld_is_no_task_of_the_courier() -> None:
    """Contract 2.2: a courier never reads `examine` as its own task."""
    assert proposed(indicator("A", **ISOLATE))[:2] == ("examine", "customs")


@pytest.mark.parametrize(
    "nested",
    [parcel(item(hs_code="9306.30")), parcel("Live ammunition 9x19, 50 rounds"), parcel(item(hs_code="3601.00"))],
    ids=["code of cartridges", "ammunition by name", "code of propellant"],
)
def test_no_courier_is_asked_to_examine(nested: Record) -> None:
    d = document(nested)
    assert d["action"] in ("examine", "isolate_and_notify")
    assert (d["action"], d["action_by"]) != ("examine", "courier")
    for r in d["reasons"]:
        assert (r["action"], r["action_by"]) != ("examine", "courier"), r["key"]


def test_propose_for_many_rows_is_propose_for_each() -> None:
    chance = np.random.default_rng(3)
    true = chance.random((200, len(INDICATORS))) < 0.08
    together = propose(INDICATORS, true)
    for row in range(len(true)):
        alone = propose(INDICATORS, true[row : row + 1])
        for name in ("action", "action_by", "case_type", "upheld", "floored"):
            assert getattr(together, name)[row] == getattr(alone, name)[0], name


def test_nothing_fired() -> None:
    assert proposed() == ("none", None, "none")
    nothing = propose(INDICATORS, np.zeros((2, len(INDICATORS)), np.bool_))
    assert nothing.action.tolist() == [0, 0]
    assert nothing.action_by.tolist() == [-1, -1]


def test_no_parcels() -> None:
    result = assess(tables_from_records([]), the_engine(), as_of=AS_OF)
    assert result.flat().height == 0
    assert result.documents([]) == []
