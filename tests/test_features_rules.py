"""Features that ask dated rules, the way, the papers of both ends and the sums of a declaration."""

from __future__ import annotations

from typing import Any

import pytest
from factory import AS_OF, Record, fired, item, parcel, tables, the_engine

from riskscore.features import FEATURES, build_facts
from riskscore.goods_text import read_goods
from riskscore.normalise import normalise


def value(name: str, nested: Record) -> Any:
    """A feature of a parcel, or of its first item."""
    engine = the_engine()
    typed = normalise(tables(nested), engine.reference, AS_OF)
    goods = read_goods(typed.items["item.description"].fill_null("").to_list(), engine.lexicon)
    found = build_facts(typed, goods, engine.trade, AS_OF, frozenset({name}))
    return (found.items if FEATURES[name].level == "item" else found.parcels)[name][0]


def on(origin: str | None = None, destination: str | None = None, transit: list[str] | None = None) -> dict[str, Any]:
    stated = {"origin_country": origin, "destination_country": destination, "transit_countries": transit}
    return {f"route.{name}": place for name, place in stated.items() if place is not None}


def paper(kind: str, **fields: Any) -> Record:
    return {"type": kind, "number": "N-1", **fields}


RIFLE = item("Hunting rifle")
ALARM = item("Blank-firing pistol")
LONG_AGO = {"declared_at": "2013-05-01T10:00:00Z"}
PASS = {"valid_from": "2024-01-01", "valid_to": "2028-12-31"}


@pytest.mark.parametrize(
    ("name", "nested", "expected"),
    [
        ("embargoed_route", parcel(RIFLE, **on("DE", "RU")), True),
        ("embargoed_route", parcel(RIFLE, **on("DE", "RU"), **LONG_AGO), False),
        ("embargoed_route", parcel(item("Shoes"), **on("DE", "RU")), False),
        ("embargoed_route", parcel(item(quantity=1), **on("DE", "RU")), None),
        ("embargoed_route", parcel(RIFLE, **on("TR", "RU", ["BG"])), True),
        ("embargoed_route", parcel(RIFLE, **on("TR", "RU", [])), False),
        ("embargoed_route", parcel(RIFLE, **on("TR", "RU")), None),  # by which way is not said
        ("embargoed_route", parcel(RIFLE, **on("DE", "FR")), False),
        ("postal_prohibition", parcel(RIFLE, **on("BA", "JP")), True),
        ("postal_prohibition", parcel(item(hs_code="9306.30")), True),
        ("postal_prohibition", parcel(RIFLE, **on("BA", "DE")), None),
        ("postal_prohibition", parcel(item("Shoes"), **on("BA", "JP")), False),
        ("mark_missing", parcel(item("Airsoft pistol", marks=[]), **on(None, "DE")), True),
        ("mark_missing", parcel(item("Airsoft pistol", marks=["f_pentagon"]), **on(None, "DE")), False),
        ("mark_missing", parcel(item("Airsoft pistol"), **on(None, "DE")), None),
        ("mark_missing", parcel(item("Shoes", marks=[]), **on(None, "DE")), False),
        ("lane_reported", parcel(ALARM, **on("TR", "DE")), True),
        ("lane_reported", parcel(ALARM, **on("TR", "DE"), **LONG_AGO), False),
        ("lane_reported", parcel(ALARM, **on("TR")), None),
        ("lane_reported", parcel(RIFLE, **on("TR", "DE")), False),
        ("excluded_from_simplified", parcel(item(hs_code="9303.30")), True),
        ("excluded_from_simplified", parcel(RIFLE, **on(None, "FR")), True),
        ("excluded_from_simplified", parcel(RIFLE), None),
        ("excluded_from_simplified", parcel(item("Shoes"), **on(None, "FR")), False),
        ("carrier_refuses", parcel(RIFLE, route__carrier="DHL  EXPRESS"), True),
        ("carrier_refuses", parcel(item("Shoes"), route__carrier="DHL Express"), False),
        ("carrier_refuses", parcel(RIFLE, route__carrier="Planinska pošta"), None),
        ("carrier_refuses", parcel(RIFLE), None),
        ("low_value_limit_eur", parcel(procedure="H7", **on(None, "DE")), 150),
        ("low_value_limit_eur", parcel(procedure="simplified_low_value", **on(None, "BA")), 300 / 1.95583),
        ("low_value_limit_eur", parcel(procedure="H1", **on(None, "DE")), None),
        ("value_over_low_value_limit", parcel(procedure="H7", total_value=151, currency="EUR", **on(None, "DE")), True),
        (
            "value_over_low_value_limit",
            parcel(procedure="H7", total_value=150, currency="EUR", **on(None, "DE")),
            False,
        ),
        ("value_over_low_value_limit", parcel(procedure="H7", total_value=151, currency="EUR"), None),
        ("value_over_low_value_limit", parcel(procedure="H7", total_value=151, **on(None, "DE")), None),
        ("detour_share", parcel(**on("TR", "DE", [])), 0),
        ("detour_share", parcel(**on("TR", "DE")), None),
        ("detour_share", parcel(**on("TR", None, ["RS"])), None),
        ("leaves_region_to_eu", parcel(**on("BA", "DE")), True),
        ("leaves_region_to_eu", parcel(**on("RS", "GB")), True),
        ("leaves_region_to_eu", parcel(**on("BA", "RS")), False),
        ("leaves_region_to_eu", parcel(**on("DE", "BA")), False),
        ("leaves_region_to_eu", parcel(**on("BA")), None),
        ("transit_licence_needed", parcel(RIFLE, **on(transit=["JP", "SI"])), True),
        ("transit_licence_needed", parcel(RIFLE, **on(transit=["JP"])), None),
        ("transit_licence_needed", parcel(RIFLE, **on(transit=[])), False),
        ("transit_licence_needed", parcel(RIFLE), None),
        ("transit_licence_needed", parcel(item("Airsoft rifle"), **on(transit=["DE"])), False),
        ("transit_licence_needed", parcel(item("Shoes")), False),
        ("licence_expected", parcel(RIFLE, **on("KE", "NG", ["SI"])), True),
        ("licence_jurisdiction", parcel(RIFLE, **on("KE", "NG", ["JP", "SI"])), "SI"),
        ("licence_jurisdiction", parcel(RIFLE, **on("BA", "NG", ["SI"])), "BA"),
        ("licence_authority", parcel(RIFLE, **on("KE", "NG", ["SI"])), "Ministry of the Interior (MNZ)"),
        (
            "import_authorisation_shown",
            parcel(documents=[paper("permit", issuer_country="DE")], **on(None, "DE")),
            True,
        ),
        (
            "import_authorisation_shown",
            parcel(documents=[paper("licence", issuer_country="BA")], **on(None, "DE")),
            False,
        ),
        ("import_authorisation_shown", parcel(documents=[paper("licence")], **on(None, "DE")), None),
        (
            "import_authorisation_shown",
            parcel(documents=[paper("licence"), paper("permit", issuer_country="DE")], **on(None, "DE")),
            True,
        ),
        (
            "import_authorisation_shown",
            parcel(documents=[paper("invoice", issuer_country="DE")], **on(None, "DE")),
            False,
        ),
        ("import_authorisation_shown", parcel(documents=[{"number": "N-1"}], **on(None, "DE")), None),
        ("import_authorisation_shown", parcel(documents=[], **on(None, "DE")), False),
        ("import_authorisation_shown", parcel(documents=[paper("permit", issuer_country="DE")]), None),
        ("import_authorisation_shown", parcel(**on(None, "DE")), None),
        ("firearms_pass_shown", parcel(documents=[paper("efp", **PASS)]), True),
        ("firearms_pass_shown", parcel(documents=[paper("efp", **PASS)], **LONG_AGO), False),
        ("firearms_pass_shown", parcel(documents=[paper("efp", valid_to="2028-12-31")]), None),
        ("firearms_pass_shown", parcel(documents=[paper("efp", **PASS, verification={"status": "refuted"})]), False),
        ("firearms_pass_shown", parcel(documents=[paper("licence", **PASS)]), False),
        ("firearms_pass_shown", parcel(), None),
        ("invoice_shown", parcel(documents=[paper("invoice")]), True),
        ("invoice_shown", parcel(documents=[]), False),
        ("invoice_shown", parcel(documents=[{"number": "N-1"}]), None),
        (
            "items_total_gap",
            parcel(item(value=40, quantity=1), item(value=20, quantity=1), total_value=100, currency="EUR"),
            0.4,
        ),
        (
            "items_total_gap",
            parcel(item(value=40, quantity=2), item(value=60, quantity=1), total_value=100, currency="EUR"),
            0,
        ),
        ("items_total_gap", parcel(item(value=20, quantity=3), total_value=60, currency="EUR"), 0),
        ("items_total_gap", parcel(item(value=20, quantity=1, currency="BAM"), total_value=20, currency="BAM"), 0),
        (
            "items_total_gap",
            parcel(item(value=40, quantity=1), item("Shoes", quantity=1), total_value=100, currency="EUR"),
            None,
        ),
        (
            "items_total_gap",
            parcel(item(value=40, quantity=1), currency="EUR"),
            None,
        ),  # without a total nothing to compare
        ("items_total_gap", parcel(item(value=40, quantity=1), total_value=0, currency="EUR"), None),
        ("items_total_gap", parcel(item(value=40, quantity=1), total_value=60), None),
        ("items_total_gap", parcel(item(value=20), total_value=60, currency="EUR"), None),  # three of them, perhaps
    ],
)
def test_value(name: str, nested: Record, expected: Any) -> None:
    found = value(name, nested)
    if isinstance(expected, bool) or expected is None or isinstance(expected, str):
        assert found == expected
        assert (found is None) is (expected is None)
    else:
        assert found == pytest.approx(expected, abs=1e-12)


def test_the_day_of_the_assessment_stands_in_for_that_of_the_declaration() -> None:
    today, last_year = parcel(RIFLE, **on("BA", "CF")), {"declared_at": "2024-01-15T10:00:00Z"}
    assert value("embargoed_route", today) is False  # lifted in July 2024
    assert value("embargoed_route", {**today, **last_year}) is True


def test_a_country_never_counts_without_a_class_of_goods() -> None:
    for destination in ("RU", "KP", "LY", "IR", "JP"):
        shoes = parcel("Shoes", channel="postal", **on("BA", destination, ["DE"]))
        assert not fired(shoes) & {"RT-01", "RT-03", "RT-05", "RT-08", "DL-04", "DL-08", "DL-10"}


def test_rules_stand_aside_where_another_row_states_the_fact() -> None:
    rounds = parcel("Live ammunition 9x19", channel="postal", documents=[])
    assert fired(rounds) & {"DL-05", "DL-08"} == {"DL-05"}
    nothing = parcel("Lovačka puška", direction="export", documents=[], **on("BA", "DE"))
    assert fired(nothing) & {"DL-01", "DL-04"} == {"DL-01"}
