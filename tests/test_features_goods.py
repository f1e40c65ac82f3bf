"""Features of goods, code, value and mass of one piece: what they read, and that unknown stays unknown."""

from __future__ import annotations

from typing import Any

import pytest
from factory import AS_OF, Record, fired, item, parcel, tables, the_engine, truth_of

from riskscore.features import build_facts
from riskscore.goods_text import read_goods
from riskscore.normalise import normalise


def of_items(name: str, *parcels: Record) -> list[Any]:
    """An item feature of the first item of each declaration."""
    engine = the_engine()
    typed = normalise(tables(*parcels), engine.reference, AS_OF)
    goods = read_goods(typed.items["item.description"].fill_null("").to_list(), engine.lexicon)
    found = build_facts(typed, goods, engine.trade, AS_OF, frozenset({name})).items
    return found.filter(found["item_no"] == 0)[name].to_list()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Airsoft pistol 0,5 J", 0.5),
        ("Air rifle 16 joule", 16),
        ("Luftgewehr 7.5 J, F im Fünfeck", 7.5),
        ("Softair <0.5J", 0.5),
        ("zračna puška 24 džula", 24),
        ("ваздушна пушка 24 џула", 24),
        ("ваздушна пушка 7,5 Ј", 7.5),
        ("air gun 12 Joules max", 12),
        ("max. 1 J", 1),
        ("IPL lamp 5 J/cm²", None),
        ("poslano 16 jula", None),
        ("M4 J-hook", None),
        ("model 12345 J", None),
        ("Shoes", None),
    ],
)
def test_stated_energy(text: str, expected: float | None) -> None:
    assert of_items("stated_energy_joule", parcel(text)) == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pistol 1938", 1938),
        ("rifle (1944)", 1944),
        ("пушка, 1952. година", 1952),
        ("Baujahr 1960, gebraucht", 1960),
        ("from 1970 with case", 1970),
        ("pistol, 1790", None),
        ("pipe 1950 mm", None),
        ("set 2000 g", None),
        ("cable 1950mm", None),
        ("order 19501", None),
        ("size 12x1950", None),
        ("length 1950,5 mm", None),
        ("Shoes", None),
    ],
)
def test_stated_year(text: str, expected: int | None) -> None:
    assert of_items("stated_year", parcel(text)) == [expected]


def priced(value: float, quantity: float, unit: str | None, hs_code: str | None = "9503.00") -> Record:
    return parcel(item("Toy", hs_code=hs_code, value=value, quantity=quantity, unit=unit), currency="EUR")


def test_value_against_its_band() -> None:
    cases = [
        (priced(800, 1, "pcs"), 2.0),
        (priced(800, 2, "kom."), 1.0),
        (priced(800, 1, "kg"), None),
        (priced(800, 1, None), None),
        (priced(800, 1, "pcs", "0101.21"), None),
        (priced(800, 1, "pcs", None), None),
    ]
    assert of_items("value_over_band", *(p for p, _ in cases)) == [v for _, v in cases]
    under = of_items("value_under_band", priced(0.05, 1, "pcs"), priced(0, 1, "pcs"), priced(0.05, 1, None))
    assert under == [pytest.approx(2), None, None]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"net_mass_kg": 1.1, "quantity": 1, "unit": "pcs", "hs_code": "9503.00"}, "handgun"),
        ({"net_mass_kg": 9, "quantity": 3, "unit": "pcs", "hs_code": "9503.00"}, "long_arm"),
        ({"net_mass_kg": 0.2, "quantity": 1, "unit": "pcs", "hs_code": "9503.00"}, "none"),
        ({"net_mass_kg": 1.1, "quantity": 1, "unit": "pcs", "hs_code": "6109.10"}, "none"),
        ({"net_mass_kg": 1.1, "quantity": 1, "unit": "kg", "hs_code": "9503.00"}, None),
        ({"net_mass_kg": 1.1, "quantity": 1, "hs_code": "9503.00"}, None),
        ({"quantity": 1, "unit": "pcs", "hs_code": "9503.00"}, None),
        ({"net_mass_kg": 1.1, "quantity": 1, "unit": "pcs"}, None),
    ],
)
def test_mass_like(fields: dict[str, Any], expected: str | None) -> None:
    assert of_items("mass_like", parcel(item("Toy", **fields))) == [expected]


@pytest.mark.parametrize(
    ("text", "hs_code", "expected"),
    [
        ("Cotton T-shirts", "8487.90", True),
        ("Памучна мајица", "9305.10", True),
        ("Cotton T-shirts", "6109.10", False),
        ("T-shirts and chocolate bar", "8487.90", False),  # two classes of goods: not sure which
        ("Steel bracket", "8487.90", False),
        ("Cotton T-shirts", None, None),
        (None, "8487.90", None),
    ],
)
def test_words_far_from_code(text: str | None, hs_code: str | None, expected: bool | None) -> None:
    assert of_items("words_far_from_code", parcel(item(text, hs_code=hs_code))) == [expected]


@pytest.mark.parametrize(
    ("text", "hs_code", "expected"),
    [
        ("Glock switch", "8536.50", "conversion_device"),
        ("Solvent trap kit", "8421.23", "suppressor"),
        ("80% lower receiver", "7616.99", "semi_finished"),
        ("Glock 19 slide", "8302.42", "essential_part"),
        ("Glock 19 slide", "9305.10", "none"),
        ("Glock 19 slide screws", "7318.15", "none"),
        ("Drawer slides", "8302.42", "none"),
        ("Glock 19 slide", None, None),
        (None, "8302.42", None),
    ],
)
def test_clashing_class(text: str | None, hs_code: str | None, expected: str | None) -> None:
    assert of_items("clashing_class", parcel(item(text, hs_code=hs_code))) == [expected]


@pytest.mark.parametrize(
    ("text", "hs_code", "row"),
    [
        ("Glock switch", "8536.50", "SS-09"),
        ("Solvent trap kit", "8421.23", "SS-08"),
        ("80% lower receiver", "7616.99", "SS-05"),
        ("Glock 19 slide", "8302.42", "SS-11"),
        ("Hunting rifle", "8205.59", "HS-06"),
        ("Pistol with slide and barrel", "8487.90", "SS-11"),
    ],
)
def test_a_code_that_contradicts_the_words_counts_once(text: str, hs_code: str, row: str) -> None:
    rows = {"HS-06", "SS-05", "SS-08", "SS-09", "SS-11"}
    assert fired(parcel(item(text, hs_code=hs_code))) & rows == {row}


def test_toy_weight_speaks_on_one_side_only() -> None:
    """What VW-04 finds heavy, SS-17 does not call light."""
    for kg in (0.1, 0.5, 0.59, 0.6, 0.7, 1, 1.3, 2):
        toy = item("Toy pistol", hs_code="9503.00", quantity=1, unit="pcs", net_mass_kg=kg)
        assert len(fired(parcel(toy)) & {"VW-04", "SS-17"}) == (1 if kg <= 1.4 else 0), kg


def test_flobert_counts_once() -> None:
    assert fired(parcel("6 mm Flobert")) & {"SS-02", "SS-04", "GD-05"} == {"SS-04"}


def test_an_antique_that_is_modern_counts_once() -> None:
    words = item("Antique pistol Tokarev, 1938")
    assert fired(parcel(words)) & {"HS-13", "SS-12"} == {"SS-12"}
    assert fired(parcel({**words, "hs_code": "9706.90"})) & {"HS-13", "SS-12"} == {"HS-13"}


def test_energy_of_tools_and_fences_is_no_sign() -> None:
    for text in ("Rotary hammer SDS 24 J", "Weidezaungerät 12 Joule", "Defibrillator 200 J"):
        assert truth_of(parcel(item(text, hs_code="8467.29")), "GD-20") is not True
