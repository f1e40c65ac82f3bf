"""Features say what their docstrings say, read what they declare, and leave unknown unknown."""

from __future__ import annotations

import re
from typing import Any

import polars as pl
import pytest
from factory import (
    AS_OF,
    RICH,
    Record,
    get_path,
    in_cyrillic,
    item,
    manifest,
    pack_parcels,
    parcel,
    set_path,
    stated_paths,
    tables,
    the_engine,
    without,
)
from hypothesis import given
from hypothesis import strategies as st

from riskscore.evidence import fields_behind
from riskscore.features import FEATURES, Facts, Feature, build_facts
from riskscore.features.registry import INFORMATIVE, TEXT, feature
from riskscore.goods_text import read_goods
from riskscore.normalise import normalise
from riskscore.schema import BY_PATH, FIELDS

ALL = frozenset(FEATURES)


def facts(*parcels: Record, wanted: frozenset[str] = ALL) -> Facts:
    engine = the_engine()
    typed = normalise(tables(*parcels), engine.reference, AS_OF)
    goods = read_goods(typed.items["item.description"].fill_null("").to_list(), engine.lexicon)
    return build_facts(typed, goods, engine.trade, AS_OF, wanted)


def value(name: str, nested: Record) -> Any:
    """A feature of a parcel, or of its first item."""
    found = facts(nested, wanted=frozenset({name}) & ALL)
    frame = found.items if name in (INFORMATIVE, TEXT) or FEATURES[name].level == "item" else found.parcels
    return frame[name][0]


def licence(**fields: Any) -> Record:
    nested: Record = {"type": "licence", "number": "L-1"}
    for name, given_value in fields.items():
        set_path(nested, name.replace("__", "."), given_value)
    return nested


BOX = {"dims_cm.length": 50, "dims_cm.width": 10, "dims_cm.height": 20}
DE_BY_TR = {"sender.country": "DE", "route.origin_country": "TR"}
ON_THE_LAST_DAY = "2026-06-30T09:00:00Z"
FIRST_HALF = licence(valid_from="2026-01-01", valid_to="2026-06-30")
RS_TO_BA = {"route.origin_country": "RS", "route.destination_country": "BA"}


@pytest.mark.parametrize(
    ("name", "nested", "expected"),
    [
        ("unit_value_eur", parcel(item(value=30, quantity=3), currency="EUR"), 10),
        ("unit_value_eur", parcel(item(value=30, quantity=0), currency="EUR"), None),
        ("unit_value_eur", parcel(item(value=30, quantity=3)), None),
        ("unit_value_eur", parcel(item(value=30), currency="EUR"), None),
        ("unit_mass_kg", parcel(item(net_mass_kg=1.5, quantity=3)), 0.5),
        ("unit_mass_kg", parcel(item(net_mass_kg=1.5)), None),
        ("declared_net_mass_kg", parcel(item(net_mass_kg=1), item(net_mass_kg=2)), 3),
        ("declared_net_mass_kg", parcel(item(net_mass_kg=1), item("Shoes")), None),
        ("declared_net_mass_kg", parcel(), None),
        ("net_to_gross_ratio", parcel(item(net_mass_kg=1), gross_mass_kg=2), 0.5),
        ("net_to_gross_ratio", parcel(item(net_mass_kg=1), gross_mass_kg=0), None),
        ("net_to_gross_ratio", parcel(gross_mass_kg=2), None),
        ("mass_gap_kg", parcel(gross_mass_kg=2, measured_mass_kg=1.5), 0.5),
        ("mass_gap_kg", parcel(gross_mass_kg=2), None),
        ("mass_gap_share", parcel(gross_mass_kg=2, measured_mass_kg=3), 0.5),
        ("mass_gap_share", parcel(gross_mass_kg=0, measured_mass_kg=3), None),
        ("mass_per_litre", parcel(gross_mass_kg=5, **BOX), 0.5),
        ("mass_per_litre", parcel(gross_mass_kg=5, **{**BOX, "dims_cm.width": 0}), None),
        ("mass_per_litre", parcel(**BOX), None),
        ("density_limit", parcel(item(hs_code="9999.99")), None),
        ("highest_density_limit", parcel(item(hs_code="0902.10"), item("tea")), None),
        ("density_over_limit", parcel(item(hs_code="0902.10"), gross_mass_kg=6, **BOX), 1.0),
        ("density_over_limit", parcel(item(hs_code="0902.10"), item(hs_code="9999"), gross_mass_kg=6, **BOX), None),
        ("longest_side_cm", parcel(**BOX), 50),
        ("longest_side_cm", parcel(dims_cm__length=50, dims_cm__width=10), None),
        ("length_to_width", parcel(**BOX), 2.5),
        ("length_to_width", parcel(dims_cm__length=5, dims_cm__width=5, dims_cm__height=5), 1),
        ("length_to_width", parcel(dims_cm__length=5, dims_cm__width=0, dims_cm__height=0), None),
        ("postage_to_value", parcel(postage=10, total_value=40, currency="EUR"), 0.25),
        ("postage_to_value", parcel(postage=10, total_value=40), None),
        ("postage_to_value", parcel(postage=10, total_value=0, currency="EUR"), None),
        ("insured_to_value", parcel(insured_value=80, total_value=40, currency="BAM"), 2),
        ("insured_to_value", parcel(item(value=40), insured_value=80, currency="EUR"), 2),
        ("identical_values", parcel(item(value=20), item(value=20)), True),
        ("identical_values", parcel(item(value=20)), False),
        ("identical_values", parcel(item(value=20), item(value=30)), False),
        ("identical_values", parcel(item(value=23), item(value=23)), False),
        ("identical_values", parcel(item(value=0)), True),
        ("identical_values", parcel(item(value=1), item(value=1)), True),
        ("identical_values", parcel(item(value=0), item(value=1)), True),  # every value is 0 or 1
        ("identical_values", parcel(item(value=20), item("Shoes")), None),
        ("identical_values", parcel(), None),
        ("hs_class", parcel(item(hs_code="9302.00")), "firearm"),
        ("hs_class", parcel(item(hs_code="0000.99")), "other"),
        ("hs_class", parcel(item("Shoes")), None),
        ("goods_class", parcel(item(hs_code="9302.00")), "firearm"),
        ("goods_class", parcel(item("Revolver")), "firearm"),
        ("goods_class", parcel(item("Revolver", hs_code="6403.99")), "firearm"),
        ("goods_class", parcel(item("Shoes", hs_code="9302.00")), "firearm"),
        ("goods_class", parcel(item("Shoes")), "other"),
        ("goods_class", parcel(item(hs_code="6403.99")), "other"),
        ("goods_class", parcel(item(quantity=1)), None),
        ("goods_class", parcel(item("  ")), None),
        ("rounds_stated", parcel(item("Magazine, 30 rounds")), 30),
        ("rounds_stated", parcel(item("Magazin 20 Schuss")), 20),
        ("rounds_stated", parcel(item("Magazin 20 Schuß")), 20),
        ("rounds_stated", parcel(item("okvir za 15 metaka")), 15),
        ("rounds_stated", parcel(item("оквир за 15 метака")), 15),
        ("rounds_stated", parcel(item("30 pounds")), None),
        ("rounds_stated", parcel(item("Shoes")), None),
        ("rounds_stated", parcel(item(quantity=1)), None),
        ("export_licence_needed", parcel(item("Shoes"), **RS_TO_BA), False),
        ("import_licence_needed", parcel(item("Lovačka puška"), **RS_TO_BA), True),
        ("import_licence_needed", parcel(item("Lovačka puška")), None),
        ("import_licence_needed", parcel(item("Lovačka puška"), route__destination_country="PT"), None),
        ("licence_expected", parcel(item("Lovačka puška"), **RS_TO_BA), True),
        ("licence_expected", parcel(item("Shoes"), item("Lovačka puška"), **RS_TO_BA), True),
        ("licence_expected", parcel(item("Shoes"), **RS_TO_BA), False),
        ("licence_expected", parcel(item("Shoes")), False),
        ("licence_expected", parcel(item(quantity=1), **RS_TO_BA), None),
        ("licence_expected", parcel(**RS_TO_BA), None),
        ("licence_jurisdiction", parcel(item("Lovačka puška"), **RS_TO_BA), "BA"),
        ("licence_jurisdiction", parcel(item("Shoes"), **RS_TO_BA), None),
        ("licence_claimed", parcel(documents=[licence()]), True),
        ("licence_claimed", parcel(documents=[{"type": "invoice"}]), False),
        ("licence_claimed", parcel(documents=[]), False),
        ("licence_claimed", parcel(), None),
        ("licence_claimed", parcel(documents=[{"number": "L-1"}]), None),  # of what kind is not said
        ("licence_claimed", parcel(documents=[{"number": "L-1"}, licence()]), True),
        ("licence_confirmed", parcel(documents=[licence(verification__status="confirmed")]), True),
        ("licence_confirmed", parcel(documents=[licence()]), False),
        ("licence_confirmed", parcel(documents=[{"type": "invoice", "verification": {"status": "confirmed"}}]), False),
        ("licence_refuted", parcel(documents=[licence(verification__status="refuted")]), True),
        ("licence_refuted", parcel(documents=[licence()]), False),
        ("licence_expired", parcel(documents=[licence(valid_to="2026-11-15")]), True),
        ("licence_expired", parcel(documents=[licence(valid_from="2026-01-01", valid_to="2026-11-16")]), False),
        ("licence_expired", parcel(documents=[licence(valid_from="2026-11-17")]), True),
        ("licence_expired", parcel(documents=[licence(valid_to="2026-06-30")], declared_at=ON_THE_LAST_DAY), None),
        ("licence_expired", parcel(documents=[FIRST_HALF], declared_at=ON_THE_LAST_DAY), False),
        ("licence_expired", parcel(documents=[FIRST_HALF]), True),
        ("licence_expired", parcel(documents=[licence()]), None),
        ("licence_expired", parcel(documents=[]), False),
        ("licence_expired", parcel(documents=[{"type": "invoice", "valid_to": "2020-01-01"}]), False),
        ("licence_expired", parcel(), None),
        ("licence_quantity_short", parcel(item(quantity=3), documents=[licence(quantity=2)]), True),
        ("licence_quantity_short", parcel(item(quantity=2), documents=[licence(quantity=2)]), False),
        ("licence_quantity_short", parcel(item(quantity=3), documents=[licence()]), None),
        ("licence_quantity_short", parcel(item("Shoes"), documents=[licence(quantity=2)]), None),
        ("deactivation_shown", parcel(item(marks=["deactivation"])), True),
        ("deactivation_shown", parcel(item(quantity=1), documents=[{"type": "deactivation"}]), True),
        ("deactivation_shown", parcel(item(marks=[]), documents=[]), False),
        ("deactivation_shown", parcel(item(marks=[])), None),
        ("deactivation_shown", parcel(item(marks=["ptb"]), item(quantity=1), documents=[]), None),
        ("dangerous_goods_papers", parcel(un_number="UN0012"), True),
        ("dangerous_goods_papers", parcel(documents=[{"type": "dgd"}]), True),
        ("dangerous_goods_papers", parcel(handling_codes=["RXS"]), True),
        ("dangerous_goods_papers", parcel(handling_codes=["PER"], documents=[]), None),
        ("dangerous_goods_papers", parcel(un_number=" "), None),  # a blank is no number
        ("dangerous_goods_papers", parcel(un_number=""), None),
        ("dangerous_goods_papers", parcel(), None),
        ("screening_suspect", parcel(screening=[{"method": "xray", "result": "suspect"}]), True),
        ("screening_suspect", parcel(screening=[{"method": "xray", "result": "clear"}]), False),
        (
            "screening_suspect",
            parcel(screening=[{"method": "xray", "result": "suspect"}, {"method": "physical", "result": "clear"}]),
            False,
        ),
        (
            "screening_suspect",
            parcel(screening=[{"method": "physical", "result": "clear", "at": "2026-11-01T08:00:00Z"},
                              {"method": "xray", "result": "suspect", "at": "2026-11-02T08:00:00Z"}]),
            True,  # the examination came first: it cleared nothing
        ),
        ("screening_suspect", parcel(screening=[]), False),
        ("screening_suspect", parcel(), None),
        ("simplified_procedure", parcel(procedure="H7"), True),
        ("simplified_procedure", parcel(declaration_form="CN22"), True),
        ("simplified_procedure", parcel(procedure="H1", declaration_form="CN23"), False),
        ("simplified_procedure", parcel(procedure="H1"), None),
        ("simplified_procedure", parcel(), None),
        ("crosses_border_in_transit", parcel(direction="transit"), True),
        ("crosses_border_in_transit", parcel(direction="import"), False),
        ("crosses_border_in_transit", parcel(), None),
        ("countries_disagree", parcel(item(origin_country="CN"), **DE_BY_TR), True),
        ("countries_disagree", parcel(item(origin_country="DE"), **DE_BY_TR), False),
        ("countries_disagree", parcel(item("Shoes"), **DE_BY_TR), None),
        ("days_since_declared", parcel(declared_at="2026-11-15T12:00:00Z"), 1),
        ("days_since_declared", parcel(declared_at="2026-11-17T00:00:00+12:00"), 0),
        ("days_since_declared", parcel(declared_at="2026-11-17T12:00:00Z"), -1),
        ("days_since_declared", parcel(), None),
        ("unreadable_values", parcel(), 0),
        ("contradictory_values", parcel(), 0),
        (INFORMATIVE, parcel(item("wooden train")), 2),
        (INFORMATIVE, parcel(item("12 34")), 0),
        (INFORMATIVE, parcel(item(quantity=1)), None),
        (INFORMATIVE, parcel(item("")), None),
    ],
)  # fmt: skip
def test_value(name: str, nested: Record, expected: Any) -> None:
    found = value(name, nested)
    if isinstance(expected, bool) or expected is None or isinstance(expected, str):
        assert found is expected or found == expected, found
        assert (found is None) is (expected is None)
    else:
        assert found == pytest.approx(expected)


def test_a_free_alarm_pistol_that_the_destination_licenses() -> None:
    licensed = {k for k, need in the_engine().trade.licences.items() if need.needed}
    free = {k for k, need in the_engine().trade.licences.items() if not need.needed}
    pairs = [
        (a.split("|")[0], b.split("|")[0], a.split("|")[1])
        for a in sorted(free)
        for b in sorted(licensed)
        if a.endswith("export") and b.endswith("import") and a.split("|")[1] == b.split("|")[1] == "alarm"
    ]
    assert pairs
    origin, destination, _ = pairs[0]
    there = parcel("Startni pištolj", route__origin_country=origin, route__destination_country=destination)
    back = parcel("Startni pištolj", route__origin_country=destination, route__destination_country=origin)
    assert value("free_at_origin_licensed_at_destination", there) is True
    assert value("free_at_origin_licensed_at_destination", back) is not True
    assert value("licence_authority", there) == the_engine().trade.licences[f"{destination}|alarm|import"].authority
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", value("licence_as_of", there))


# -- all features ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("known", FEATURES.values(), ids=lambda f: f.name)
def test_each_is_documented_and_reads_what_exists(known: Feature) -> None:
    assert known.doc[0].isupper()
    assert known.doc.rstrip()[-1] in ".…:", known.doc
    assert known.direction in (-1, 0, 1)
    assert known.reads
    for read in known.reads:
        assert (
            read in FEATURES
            or read in BY_PATH
            or read
            in (
                "item.hs",
                "item.value_eur",
                "value_eur",
                "postage_eur",
                "insured_eur",
                "unreadable",
                "contradictory",
                "item_no",
            )
        ), read


PERSONAL = {
    f"{p}.{n}"
    for p in ("sender", "recipient", "payer")
    for n in (
        "name",
        "company",
        "kind",
        "id_number",
        "street",
        "city",
        "postcode",
        "region",
        "phone",
        "email",
        "account_id",
    )
}


@pytest.mark.parametrize("known", [f for f in FEATURES.values() if f.group != "party"], ids=lambda f: f.name)
def test_none_looks_at_a_person(known: Feature) -> None:
    """But those of the party, which ask only whether its fields hold together."""
    assert not set(fields_behind(known.name)) & PERSONAL


def test_a_feature_needs_a_docstring_and_a_direction() -> None:
    def nameless(_: Any) -> pl.Expr:
        return pl.lit(1)

    with pytest.raises(TypeError, match="docstring"):
        feature("parcel", direction=0, reads=())(nameless)
    nameless.__doc__ = "Something."
    with pytest.raises(TypeError, match="direction"):
        feature("parcel", direction=2, reads=())(nameless)
    assert "nameless" not in FEATURES


def changed_features(one: Facts, other: Facts) -> set[str]:
    """Features of which a parcel or an item differs."""
    frames = ((one.parcels, other.parcels), (one.items, other.items))
    return {
        n
        for a, b in frames
        for n in a.columns
        if n in ALL and n in b.columns and not a[n].equals(b[n], null_equal=True)
    }


@pytest.mark.parametrize(("place", "path"), list(stated_paths(RICH)))
def test_reads_is_the_whole_truth(place: str, path: str) -> None:
    """A feature changes only with a field that it declares: otherwise a reason could not show what made it."""
    behind = {name for name in ALL if path in fields_behind(name)}
    changed = changed_features(facts(RICH), facts(without(RICH, place)))
    assert changed <= behind, changed - behind


@pytest.mark.parametrize(("place", "path"), list(stated_paths(RICH)))
def test_withholding_a_field_never_makes_a_flag_true(place: str, path: str) -> None:
    """Unknown is not yes: a presence flag holds only for what is stated."""
    before, after = facts(RICH), facts(without(RICH, place))
    flags = [n for n in ALL if FEATURES[n].level == "parcel" and after.parcels[n].dtype == pl.Boolean]
    assert len(flags) > 10
    for name in flags:
        if after.parcels[name][0] is True:
            assert before.parcels[name][0] is True, (name, path)


def test_a_parcel_of_which_nothing_is_known_has_no_features() -> None:
    counts = {"unreadable_values", "contradictory_values"}
    for nested in (parcel(), parcel(item()), parcel(item(), item())):
        found = facts(nested)
        for name in ALL - counts - {"last_item_no"}:
            frame = found.items if FEATURES[name].level == "item" else found.parcels
            assert frame[name].null_count() == frame.height, name


def test_only_what_is_wanted_is_computed() -> None:
    found = facts(RICH, wanted=frozenset({"mass_gap_share"}))
    assert {c for c in found.parcels.columns if c in ALL} == {"mass_gap_share", "mass_gap_kg"}
    assert not [c for c in found.items.columns if c in ALL]


def test_company_does_not_change_a_feature() -> None:
    parcels = [RICH, parcel(), parcel(item("Shoes")), *(p for _, p in pack_parcels()[:80]), *manifest()[:60]]
    together = facts(*parcels)
    for row in (0, 1, 2, 40, 85, len(parcels) - 1):
        alone = facts(parcels[row])
        for name in ALL:
            if FEATURES[name].level == "parcel":
                assert together.parcels[name][row] == alone.parcels[name][0], (name, row)


def test_the_script_of_a_description_changes_no_feature() -> None:
    typed = {i["description"] for _, p in pack_parcels() for i in p.get("items", ()) if i.get("description")}
    texts = sorted(t for t in typed if not re.search("rounds|Schuss", t))  # no Serbian words, in whatever letters
    latin = facts(*(parcel(t, **RS_TO_BA) for t in texts))
    cyrillic = facts(*(parcel(in_cyrillic(t), **RS_TO_BA) for t in texts))
    for name in ALL:
        a, b = ((f.items if FEATURES[name].level == "item" else f.parcels)[name].to_list() for f in (latin, cyrillic))
        assert a == b, (name, [t for t, x, y in zip(texts, a, b, strict=True) if x != y])


@given(st.floats(0, 1e12), st.floats(0, 1e12), st.floats(0, 1e12), st.floats(0, 1e12))
def test_no_feature_is_ever_not_a_number(a: float, b: float, c: float, d: float) -> None:
    found = facts(
        parcel(
            item(value=a, quantity=b, net_mass_kg=c),
            gross_mass_kg=d,
            measured_mass_kg=a,
            total_value=b,
            postage=c,
            insured_value=d,
            currency="EUR",
            dims_cm__length=a,
            dims_cm__width=b,
            dims_cm__height=c,
        )
    )
    for frame in (found.parcels, found.items):
        for name in frame.columns:
            if name in ALL and frame[name].dtype.is_float():
                assert not frame[name].is_nan().any(), name


def test_every_field_of_the_declaration_can_be_withheld_and_is_tried() -> None:
    tried = {path for _, path in stated_paths(RICH)}
    assert {"documents", "screening", "item.marks", "sender.country", "declared_at"} <= tried
    assert len(tried) > 50
    assert tried <= {f.path for f in FIELDS}
    assert get_path(without(RICH, "items[1].hs_code"), "items[1].hs_code") is None
