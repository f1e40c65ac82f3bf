"""Rule tables: what they answer, that their days count, and what is wrong with a bad one."""

from __future__ import annotations

import csv
import math
import shutil
from pathlib import Path

import polars as pl
import pytest
from factory import the_engine

from riskscore.errors import SopError
from riskscore.places import default_sops
from riskscore.reference import load_reference
from riskscore.trade_rules import RULE_TABLES, TradeRules, any_known, ask, both_known, rule_key

DAY = "2026-11-16"
COUNTRIES = (
    *("BA", "RS", "ME", "MK", "AL", "XK", "TR", "GB", "US", "CN"),
    *("HR", "SI", "BG", "RO", "GR", "DE", "AT", "IT", "FR", "HU"),
)


@pytest.fixture(scope="module")
def rules() -> TradeRules:
    return the_engine().trade.rules


@pytest.fixture
def sops(tmp_path: Path) -> Path:
    """A copy of the tables that a test may spoil."""
    shutil.copytree(default_sops() / "tables", tmp_path / "tables")
    return tmp_path


def table(name: str) -> list[dict[str, str]]:
    with (default_sops() / "tables" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_three_valued() -> None:
    assert any_known([None, True]) is True
    assert any_known([None, False]) is None
    assert any_known([]) is False
    assert both_known(None, False) is False
    assert both_known(True, None) is None
    assert both_known(True, True) is True


@pytest.mark.parametrize(
    ("goods", "origin", "destination", "transit", "day", "expected"),
    [
        ("firearm", "DE", "RU", "", DAY, True),
        ("firearm", "DE", "RU", "", "2014-07-31", False),  # the day before
        ("firearm", "DE", "RU", "", "2014-08-01", True),
        ("firearm", "RU", "DE", "", DAY, True),  # both directions
        ("airgun", "DE", "RU", "", DAY, False),
        ("firearm", "DE", "FR", "", DAY, False),
        ("firearm", "CN", "US", "", DAY, True),
        ("airsoft", "CN", "US", "", DAY, False),
        ("firearm", "TR", "BY", "", DAY, False),  # binds the Union, not this route
        ("firearm", "TR", "BY", "BG,PL", DAY, True),  # but it passes through
        ("firearm", "TR", "BY", "?", DAY, None),
        ("firearm", "?", "BY", "", DAY, None),
        ("firearm", "?", "LY", "", DAY, True),  # binds everybody
        ("firearm", "?", "?", "?", DAY, None),
        ("firearm", "BA", "CF", "", "2020-01-01", True),
        ("firearm", "BA", "CF", "", DAY, False),  # lifted in 2024
        ("firearm", "IR", "BA", "", "2022-01-01", False),  # ended, and not yet in force again
        ("firearm", "IR", "BA", "", DAY, True),
    ],
)
def test_embargoes(
    rules: TradeRules, goods: str, origin: str, destination: str, transit: str, day: str, expected: bool | None
) -> None:
    assert rules.embargoed(goods, origin, destination, transit, day) is expected


@pytest.mark.parametrize(
    ("goods", "origin", "destination", "expected"),
    [
        ("ammunition", "?", "?", True),
        ("explosive", "BA", "DE", True),
        ("firearm", "BA", "JP", True),
        ("firearm", "JP", "BA", None),  # the row is about imports; no row about exports is no permission
        ("firearm", "BA", "?", None),
        ("ammunition_component", "BA", "DE", None),  # conditional is not prohibited
        ("firearm", "US", "CA", None),
    ],
)
def test_the_post(rules: TradeRules, goods: str, origin: str, destination: str, expected: bool | None) -> None:
    assert rules.barred_from_post(goods, origin, destination, DAY) is expected


@pytest.mark.parametrize(
    ("goods", "destination", "marks", "expected"),
    [
        ("airsoft", "DE", "", True),
        ("airsoft", "DE", "cip,f_pentagon", False),
        ("airsoft", "DE", "?", None),
        ("airsoft", "?", "", None),
        ("airsoft", "RS", "", None),
        ("alarm", "DE", "cip", True),
        ("firearm", "AT", "", True),
        ("firearm", "BA", "", None),
    ],
)
def test_marks(rules: TradeRules, goods: str, destination: str, marks: str, expected: bool | None) -> None:
    assert rules.mark_missing(goods, destination, marks, DAY) is expected


def test_lanes_begin_and_expire(rules: TradeRules) -> None:
    assert rules.lane_reported("alarm", "TR", "GB", DAY) is True
    assert rules.lane_reported("alarm", "TR", "GB", "2024-10-23") is False
    assert rules.lane_reported("alarm", "TR", "GB", "2027-05-01") is False
    assert rules.lane_reported("alarm", "TR", "DE", DAY) is True
    assert rules.lane_reported("alarm", "TR", "BA", DAY) is False
    assert rules.lane_reported("alarm", "?", "DE", DAY) is None
    for row in table("lanes"):
        assert row["expires"] > row["date"], "an entry that has expired is taken out"


def test_what_the_simplified_procedures_exclude(rules: TradeRules) -> None:
    assert rules.excluded_from_simplified("?", "930330", "?", DAY) is True  # everywhere
    assert rules.excluded_from_simplified("firearm", "950300", "FR", DAY) is True
    assert rules.excluded_from_simplified("firearm", "950300", "?", DAY) is None
    assert rules.excluded_from_simplified("firearm", "950300", "JP", DAY) is None  # nobody has read that law
    assert rules.excluded_from_simplified("other", "640399", "FR", DAY) is None


@pytest.mark.parametrize(
    ("destination", "day", "expected"),
    [
        ("DE", DAY, 150),
        ("DE", "2021-06-30", None),
        ("BA", DAY, 300 / 1.95583),
        ("US", "2025-08-28", "800 USD"),
        ("US", "2025-08-29", None),
        ("RS", DAY, None),
        ("?", DAY, None),
    ],
)
def test_low_value_limits(rules: TradeRules, destination: str, day: str, expected: float | str | None) -> None:
    found = rules.low_value_limit_eur(destination, day)
    if expected is None:
        assert found is None
    elif isinstance(expected, str):
        assert found is not None
        assert 500 < found < 900
    else:
        assert found == pytest.approx(expected)


def test_the_gift_relief_is_no_limit_of_the_procedure(rules: TradeRules) -> None:
    assert {r["applies_to"] for r in rules.low_value_places} == {"procedure"}
    assert any(r["applies_to"] == "gift_relief" and r["limit"] == "45" for r in table("low_value"))


def test_carriers(rules: TradeRules) -> None:
    assert rules.carrier_refuses("dhl express", "firearm", DAY) is True
    assert rules.carrier_refuses("dhl express", "part", DAY) is False  # by agreement
    assert rules.carrier_refuses("dhl express", "optics", DAY) is None
    assert rules.carrier_refuses("?", "firearm", DAY) is None


def test_detours(rules: TradeRules) -> None:
    assert rules.detour_share("TR", "", "DE") == pytest.approx(0, abs=1e-12)
    straight = rules.detour_share("TR", "BG,RS", "DE")
    round_about = rules.detour_share("TR", "ES", "DE")
    assert straight is not None
    assert round_about is not None
    assert 0 <= straight < 0.1
    assert round_about > 0.6
    assert rules.detour_share("HR", "DE", "BA") is None  # neighbours
    assert rules.detour_share("TR", "QQ", "DE") is None
    assert rules.detour_share("TR", "?", "DE") is None
    (lat, lon), (lat2, lon2) = (map(math.radians, rules.centroids[code]) for code in ("BA", "DE"))
    cosine = math.sin(lat) * math.sin(lat2) + math.cos(lat) * math.cos(lat2) * math.cos(lon2 - lon)
    assert rules._km("BA", "DE") == pytest.approx(6371 * math.acos(cosine))


def test_a_rule_is_asked_once_for_each_different_key() -> None:
    asked: list[tuple[str, ...]] = []

    def answer(*parts: str) -> bool | None:
        asked.append(parts)
        return True if parts[0] == "a" else None

    frame = pl.DataFrame({"x": ["a", "a", "b", None, "a"], "y": ["1", "1", None, "2", "1"]})
    key = pl.when(pl.col("x").is_not_null()).then(rule_key(pl.col("x"), pl.col("y")))
    assert frame.select(ask(key, answer, pl.Boolean)).to_series().to_list() == [True, True, None, None, True]
    assert sorted(asked) == [("a", "1"), ("b", "?")]


# -- the tables themselves ---------------------------------------------------------------------------------------------


def test_the_licence_table_answers_for_twenty_countries() -> None:
    needs = {(r["jurisdiction"], r["goods_class"], r["direction"]) for r in table("licences")}
    assert sorted({country for country, _, _ in needs}) == sorted(COUNTRIES)
    for country in COUNTRIES:
        for goods in ("firearm", "ammunition"):
            assert {(country, goods, "import"), (country, goods, "export"), (country, goods, "transit")} <= needs


def test_unread_law_is_never_sure() -> None:
    for name in ("licences", *RULE_TABLES):
        for row in table(name):
            unread = "not read" in row["source"] and not row["source"].startswith(
                "general knowledge of published lists"
            )
            assert not unread or row.get("confidence") in ("low", "medium"), row


def test_every_country_of_a_rule_has_a_middle(rules: TradeRules) -> None:
    assert set(COUNTRIES) <= set(rules.centroids)
    assert len(rules.regions["EU"]) == 27
    assert len(rules.regions["CIP"]) == 14


@pytest.mark.parametrize(
    ("name", "spoil", "fault"),
    [
        ("embargoes", ("EU,RU,to,", "EU,RU,into,"), "direction is none of to, from"),
        ("embargoes", (",MM,to,", ",QQ,to,"), "'QQ' is neither a country nor a region"),
        ("embargoes", ("firearm essential_part", "firearms essential_part"), "'firearms' is no class of goods"),
        ("embargoes", ("2013-12-05,2024-07-30", "2013-12-05,2012-07-30"), "ends before it begins"),
        ("lanes", ("2027-04-30", "soon"), "expires does not read as it should"),
        ("lanes", ("TR,EU,alarm", "TR,EUROPE,alarm"), "'EUROPE' is neither a country nor a region"),
        ("low_value", (",BAM,", ",QQQ,"), "no exchange rate is known for QQQ"),
        ("low_value", ("EU,procedure,150,", "EU,procedure,0,"), "limit does not read as it should"),
        ("marks", (",ptb,", ",pbt,"), "mark is none of"),
        ("postal_prohibitions", (",prohibited,", ",forbidden,"), "rule is none of"),
        ("simplified_exclusions", ("*,9301,,", "*,9301,firearm,"), "needs either a prefix or a goods_class"),
        ("carriers", (",refused,", ",refuses,"), "rule is none of"),
        ("centroids", ("AD,42.5", "AD,north"), "latitude does not read as it should"),
        ("regions", ("EU,AT,", "EU,ZZ,"), "'ZZ' is neither a country nor a region"),
    ],
)
def test_a_spoilt_table_is_refused_with_file_and_line(
    sops: Path, name: str, spoil: tuple[str, str], fault: str
) -> None:
    path = sops / "tables" / f"{name}.csv"
    text = path.read_text("utf-8")
    assert spoil[0] in text
    path.write_text(text.replace(*spoil, 1), "utf-8")
    with pytest.raises(SopError) as error:
        load_reference(sops)
    assert [f for f in error.value.faults if f.startswith(f"tables/{name}.csv: line") and fault in f]


def test_a_carrier_table_without_rows_will_do(sops: Path) -> None:
    path = sops / "tables" / "carriers.csv"
    path.write_text(path.read_text("utf-8").splitlines()[0] + "\n", "utf-8")
    assert load_reference(sops).rules.carrier_refuses("dhl express", "firearm", DAY) is None


def test_a_missing_table_is_named(sops: Path) -> None:
    (sops / "tables" / "embargoes.csv").unlink()
    with pytest.raises(SopError, match=r"embargoes\.csv: cannot be read"):
        load_reference(sops)
