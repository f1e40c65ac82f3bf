"""Adding up: exact in any order, capped by group, banded by thresholds and floors."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from factory import the_engine
from hypothesis import given
from hypothesis import strategies as st

from riskscore.errors import ModelError
from riskscore.known import Truth
from riskscore.places import default_models
from riskscore.points import Scores, score, weigh
from riskscore.scorecard import MILLION, Axis, Learned, Scorecard, load_scorecard
from riskscore.sops import AXES, BANDS, GROUPS, Indicator

INDICATORS = the_engine().active
CARD = the_engine().scorecard
BY_ID = {i.id: i for i in INDICATORS}


def indicator(**changes: Any) -> Indicator:
    """The first committed indicator with other numbers."""
    sound = {"axis": "illicit", "group": "description", "strength": "strong", "points": 200, "floor": "none", **changes}
    fields = {name: getattr(INDICATORS[0], name) for name in Indicator.__dataclass_fields__}
    return Indicator(**{**fields, "id": "XX-01", **sound})


def card(**changes: Any) -> Scorecard:
    axis = Axis(300 * MILLION, 500 * MILLION, 650 * MILLION)
    sound = {"axes": dict.fromkeys(AXES, axis), "group_caps": {}, "weak_cap": 10_000 * MILLION, **changes}
    return Scorecard("test", "expert", "simulated", 0, **sound)


def scored(on: Scorecard, indicators: list[Indicator], fired: Truth) -> Scores:
    """Scores by expert points: the card's curves, if any, are left out."""
    plain = {name: replace(axis, curves=(), pairs=(), indicators={}) for name, axis in on.axes.items()}
    return score(weigh(replace(on, axes=plain), indicators), fired)


def truth(*rows: list[bool | None]) -> Truth:
    return Truth(np.array([[v is True for v in r] for r in rows]), np.array([[v is False for v in r] for r in rows]))


def outcome(indicators: list[Indicator], row: list[bool | None], on: Scorecard) -> tuple[float, str]:
    """Illicit points and band of one parcel."""
    scores = scored(on, indicators, truth(row))
    return scores.points[0, 0] / MILLION, BANDS[scores.bands[0, 0]]


# -- the sum -----------------------------------------------------------------------------------------------------------


def test_points_are_added_to_the_base() -> None:
    two = [indicator(points=60), indicator(points=-25, strength="mitigating")]
    assert outcome(two, [True, False], card()) == (360, "clear")
    assert outcome(two, [True, True], card()) == (335, "clear")
    assert outcome(two, [None, None], card()) == (300, "clear")


@pytest.mark.parametrize(
    ("points", "band"),
    [(199, "clear"), (200, "review"), (201, "review"), (349, "review"), (350, "hold"), (400, "hold")],
)
def test_a_band_begins_at_its_threshold(points: int, band: str) -> None:
    assert outcome([indicator(points=points)], [True], card())[1] == band


@pytest.mark.parametrize(("floor", "band"), [("none", "clear"), ("review", "review"), ("hold", "hold")])
def test_a_floor_lifts_the_band_and_not_the_score(floor: str, band: str) -> None:
    assert outcome([indicator(points=20, floor=floor)], [True], card()) == (320, band)
    assert outcome([indicator(points=20, floor=floor)], [False], card()) == (300, "clear")


def test_mitigation_never_takes_a_floor_away() -> None:
    two = [indicator(points=200, floor="hold"), indicator(points=-165, strength="mitigating")]
    assert outcome(two, [True, True], card()) == (335, "hold")


def test_a_floor_never_lowers_a_band() -> None:
    assert outcome([indicator(points=400, floor="review")], [True], card())[1] == "hold"


def test_the_axes_are_never_blended() -> None:
    two = [indicator(points=250), indicator(points=400, axis="compliance", floor="hold")]
    scores = scored(card(), two, truth([True, False], [False, True]))
    assert (scores.points / MILLION).tolist() == [[550, 300], [300, 700]]
    assert scores.bands.tolist() == [[1, 0], [0, 2]]


# -- caps --------------------------------------------------------------------------------------------------------------


def test_a_group_counts_at_most_its_cap() -> None:
    capped = card(group_caps={"description": 300 * MILLION})
    three = [indicator(points=200), indicator(points=150), indicator(points=90, group="tariff")]
    scores = scored(capped, three, truth([True, True, True], [True, False, True]))
    assert (scores.points[:, 0] / MILLION).tolist() == [690, 590]
    assert scores.caps[0, 0, GROUPS.index("description")] == -50 * MILLION
    assert np.count_nonzero(scores.caps) == 1


def test_a_cap_leaves_mitigation_alone() -> None:
    capped = card(group_caps={"description": 300 * MILLION})
    three = [indicator(points=200), indicator(points=200), indicator(points=-100, strength="mitigating")]
    assert outcome(three, [True, True, True], capped)[0] == 300 + 300 - 100


def test_a_cap_counts_per_axis() -> None:
    capped = card(group_caps={"description": 300 * MILLION})
    scores = scored(capped, [indicator(points=250), indicator(points=250, axis="compliance")], truth([True, True]))
    assert not scores.caps.any()


def test_weak_ones_of_a_group_count_little_together() -> None:
    weak = [indicator(strength="weak", points=p) for p in (40, 30, 20)]
    on = card(weak_cap=75 * MILLION)
    assert outcome([*weak, indicator(points=200)], [True, True, True, True], on)[0] == 300 + 75 + 200
    assert outcome([*weak, indicator(points=200)], [True, True, False, True], on)[0] == 300 + 70 + 200
    other = [*weak[:2], indicator(strength="weak", points=40, group="tariff")]
    assert outcome(other, [True, True, True], on)[0] == 300 + 70 + 40


def test_ten_weak_cues_do_not_outrank_a_strong_one() -> None:
    """Design 4: on the committed card, all weak indicators of one group against any strong one."""
    for group in GROUPS:
        for axis in AXES:
            weak = [i for i in INDICATORS if (i.group, i.axis, i.strength) == (group, axis, "weak")]
            strong = [i for i in INDICATORS if i.axis == axis and i.strength == "strong"]
            everything = [*weak, *strong]
            column = AXES.index(axis)
            all_weak = scored(CARD, everything, truth([i in weak for i in everything])).points[0, column]
            for one in strong:
                alone = scored(CARD, everything, truth([i is one for i in everything])).points[0, column]
                assert alone > all_weak


@pytest.mark.parametrize("group", [g for g in GROUPS if g != "handling"])
def test_one_group_alone_does_not_reach_hold(group: str) -> None:
    """As sops/README.md says: hold needs two groups that agree, or a floor of hold."""
    mine = [i.group == group and i.points > 0 for i in INDICATORS]
    scores = scored(CARD, INDICATORS, truth(mine)).points[0]
    for column, axis in enumerate(AXES):
        assert scores[column] < CARD.axes[axis].hold


# -- exactness ---------------------------------------------------------------------------------------------------------

FIRED = st.lists(
    st.lists(st.sampled_from([True, False, None]), min_size=len(INDICATORS), max_size=len(INDICATORS)),
    min_size=1,
    max_size=5,
)


@given(FIRED)
def test_base_and_points_and_caps_are_the_score(rows: list[list[bool | None]]) -> None:
    scores = scored(CARD, INDICATORS, truth(*rows))
    assert scores.points.dtype == np.int64
    for n, row in enumerate(rows):
        for a, axis in enumerate(AXES):
            points = sum(i.points * MILLION for i, v in zip(INDICATORS, row, strict=True) if v and i.axis == axis)
            assert scores.points[n, a] == CARD.axes[axis].base + points + int(scores.caps[n, a].sum())
            floors = [
                BANDS.index(i.floor)
                for i, v in zip(INDICATORS, row, strict=True)
                if v and i.axis == axis and i.floor != "none"
            ]
            total = int(scores.points[n, a])
            by_points = (total >= CARD.axes[axis].review) + (total >= CARD.axes[axis].hold)
            assert scores.bands[n, a] == max([by_points, *floors])
    assert (scores.caps <= 0).all()


@given(FIRED, st.randoms(use_true_random=False))
def test_the_order_of_the_indicators_does_not_matter(rows: list[list[bool | None]], chance: random.Random) -> None:
    order = list(range(len(INDICATORS)))
    chance.shuffle(order)
    one = scored(CARD, INDICATORS, truth(*rows))
    other = scored(CARD, [INDICATORS[k] for k in order], truth(*([row[k] for k in order] for row in rows)))
    for name in ("points", "caps", "bands", "completeness"):
        assert (getattr(one, name) == getattr(other, name)).all()


@given(FIRED)
def test_company_does_not_matter(rows: list[list[bool | None]]) -> None:
    together = scored(CARD, INDICATORS, truth(*rows))
    for n, row in enumerate(rows):
        alone = scored(CARD, INDICATORS, truth(row))
        for name in ("points", "caps", "bands", "completeness"):
            assert (getattr(together, name)[n] == getattr(alone, name)[0]).all()


@given(FIRED)
def test_one_more_raising_indicator_never_lowers_a_score_or_band(rows: list[list[bool | None]]) -> None:
    before = scored(CARD, INDICATORS, truth(*rows))
    for k in (0, len(INDICATORS) // 2, len(INDICATORS) - 1):
        if INDICATORS[k].points > 0:
            more = [[True if n == k else v for n, v in enumerate(row)] for row in rows]
            after = scored(CARD, INDICATORS, truth(*more))
            assert (after.points >= before.points).all()
            assert (after.bands >= before.bands).all()


def test_completeness_is_the_share_that_could_be_judged() -> None:
    two = [indicator(points=150), indicator(points=-50, strength="mitigating")]
    scores = scored(card(), two, truth([True, None], [False, False], [None, None], [None, True]))
    assert scores.completeness.tolist() == [0.75, 1, 0, 0.25]


def test_no_indicators_and_no_parcels() -> None:
    none = scored(card(), [], Truth(np.zeros((2, 0), np.bool_), np.zeros((2, 0), np.bool_)))
    assert (none.points / MILLION).tolist() == [[300, 300], [300, 300]]
    assert none.bands.tolist() == [[0, 0], [0, 0]]
    empty = scored(card(), [indicator()], Truth(np.zeros((0, 1), np.bool_), np.zeros((0, 1), np.bool_)))
    assert empty.points.shape == (0, 2)


# -- the file ----------------------------------------------------------------------------------------------------------

CURVE = {"name": "mass_gap_kg", "edges": [0.1, 0.5], "points": [0, 3.5, 7, 2], "log_odds": [0, 1, 2, 0.5]}
AXIS: dict[str, Any] = {
    "base_points": 300,
    "review": 500,
    "hold": 650,
    "points_per_log_odds": 60.5,
    "intercept_log_odds": -7.25,
    "indicators": [{"id": "GD-01", "version": 1, "points": 12.5, "log_odds": [-0.5, 3]}],
    "features": [{**CURVE, "usual": 0, "direction": 1}],
    "pairs": [
        {"of": ["GD-01", "mass_gap_kg"], "points": [[0, 0, 0, 0], [0, 1, 2, 0.5]], "log_odds": [[0] * 4, [0, 1, 2, 1]]}
    ],
}
SOUND: dict[str, Any] = {
    "id": "test",
    "format": 2,
    "points": "expert",
    "basis": "simulated",
    "confirmed_finds": 0,
    "axes": dict.fromkeys(AXES, AXIS),
    "group_caps": {"description": 300.5},
    "medium_cap": 300,
    "mitigating_cap": 165,
    "weak_cap": 75,
}


def models(folder: Path, content: Any, current: bytes = b"test\n") -> Path:
    (folder / "test").mkdir(exist_ok=True)
    raw = content if isinstance(content, bytes) else orjson.dumps(content)
    (folder / "test" / "scorecard.json").write_bytes(raw)
    (folder / "current").write_bytes(current)
    return folder


def test_a_card_there_and_back(tmp_path: Path) -> None:
    read = load_scorecard(models(tmp_path, SOUND))
    assert read.id == "test"
    axis = read.axes["illicit"]
    assert (axis.base, axis.review, axis.hold) == (300 * MILLION, 500 * MILLION, 650 * MILLION)
    assert (axis.points_per_log_odds, axis.intercept) == (60.5, -7.25)
    assert axis.indicators["GD-01"] == Learned("GD-01", 1, 12_500_000, (-0.5, 3.0))
    assert axis.curves[0].points.tolist() == [0, 3_500_000, 7_000_000, 2_000_000]
    assert axis.pairs[0].key == "GD-01*mass_gap_kg"
    assert axis.pairs[0].points[1].tolist() == [0, MILLION, 2 * MILLION, 500_000]
    assert read.group_caps == {"description": 300_500_000}
    assert (read.weak_cap, read.basis, read.confirmed_finds) == (75 * MILLION, "simulated", 0)


def test_the_committed_card() -> None:
    read = load_scorecard(default_models())
    assert read.id == CARD.id
    assert set(read.group_caps) <= set(GROUPS)
    assert {i.group for i in INDICATORS if i.strength == "strong"} - {"sector"} <= set(read.group_caps)
    for axis in read.axes.values():
        assert axis.base < axis.review < axis.hold


BAD_CURVES: list[Any] = [
    7,
    {},
    CURVE,
    *(
        {**AXIS["features"][0], **change}
        for change in (
            {"edges": [0.5, 0.1]},
            {"edges": "0.1"},
            {"edges": [0.1]},
            {"points": [0, 1, 2]},
            {"points": [0, 1, 2, 1e9]},
            {"points": [0, None, 2, 3]},
            {"log_odds": [0]},
            {"usual": 3},
            {"usual": "first"},
            {"direction": 2},
        )
    ),
]
BAD_PAIRS: list[Any] = [
    {},
    *(
        {**AXIS["pairs"][0], **change}
        for change in ({"of": ["GD-01"]}, {"of": ["GD-01", "weather"]}, {"of": 5}, {"points": [[0]]}, {"log_odds": [0]})
    ),
]
BAD_INDICATORS: list[Any] = [
    {},
    {"id": "GD-01"},
    {**AXIS["indicators"][0], "log_odds": [1]},
    {**AXIS["indicators"][0], "version": "x"},
]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b"null",
        *({k: v for k, v in SOUND.items() if k != key} for key in SOUND),
        {**SOUND, "format": 1},
        {**SOUND, "id": "other"},
        {**SOUND, "axes": {"illicit": AXIS}},
        {**SOUND, "axes": []},
        *({**SOUND, "axes": {**SOUND["axes"], "illicit": {k: v for k, v in AXIS.items() if k != key}}} for key in AXIS),
        *({**SOUND, "axes": {**SOUND["axes"], "illicit": {**AXIS, "features": [bad]}}} for bad in BAD_CURVES),
        *({**SOUND, "axes": {**SOUND["axes"], "illicit": {**AXIS, "pairs": [bad]}}} for bad in BAD_PAIRS),
        *({**SOUND, "axes": {**SOUND["axes"], "illicit": {**AXIS, "indicators": [bad]}}} for bad in BAD_INDICATORS),
        {**SOUND, "axes": {**SOUND["axes"], "illicit": {**AXIS, "review": "high"}}},
        {**SOUND, "axes": {**SOUND["axes"], "illicit": {**AXIS, "review": None}}},
        {**SOUND, "axes": {**SOUND["axes"], "illicit": {**AXIS, "review": 700}}},  # review above hold
        {**SOUND, "group_caps": {"weather": 5}},
        {**SOUND, "group_caps": []},
        {**SOUND, "group_caps": {"description": -5}},
        {**SOUND, "weak_cap": "x"},
        {**SOUND, "weak_cap": -1},
        {**SOUND, "confirmed_finds": "many"},
        {**SOUND, "basis": "guessed"},
        orjson.dumps(SOUND).replace(b"75}", b"1e400}"),
    ],
    ids=lambda value: str(value)[:70],
)
def test_a_damaged_card_is_one_clear_error(tmp_path: Path, content: Any) -> None:
    with pytest.raises(ModelError, match=str(tmp_path)):
        load_scorecard(models(tmp_path, content))


@pytest.mark.parametrize("current", [b"", b"absent", b"\xff\xfe", b"a\0b", b"../../etc"])
def test_a_damaged_choice_is_one_clear_error(tmp_path: Path, current: bytes) -> None:
    with pytest.raises(ModelError, match=str(tmp_path)):
        load_scorecard(models(tmp_path, SOUND, current))


def test_no_models_at_all(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no scorecard"):
        load_scorecard(tmp_path / "absent")
