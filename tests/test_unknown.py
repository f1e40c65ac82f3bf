"""Unknown stays unknown: what is withheld, or typed as a blank, never makes an indicator fire or hides one."""

from __future__ import annotations

import numpy as np
import pytest
from factory import (
    RICH,
    assessed,
    document,
    fired,
    fired_on,
    item,
    manifest_records,
    pack_parcels,
    parcel,
    set_path,
    stated_paths,
    the_engine,
    truth_of,
    without,
)

from riskscore.assess import Engine
from riskscore.conditions import leaves
from riskscore.evidence import fields_behind
from riskscore.scorecard import MILLION
from riskscore.sops import Indicator

INDICATORS = the_engine().active


def asks_for_absence(indicator: Indicator, path: str) -> bool:
    """Does a condition ask openly whether a field, or something made from it, is stated?"""
    return any(
        leaf.operator == "stated" and path in (leaf.column, *fields_behind(leaf.column))
        for leaf in leaves(indicator.when)
    )


# Fields for which the declaration names another one that stands in (contract 1); withholding them is not silence.
STANDS_IN = {
    "declared_at": "documents are judged as of declared_at, else the time of assessment",
    "item.currency": "an item's value is in item.currency, else in currency",
    "total_value": "without a total the items' values are added up",
}


def test_withholding_a_field_never_makes_an_indicator_fire(engine: Engine) -> None:
    """Null every stated field of every parcel in turn: only what asks openly for absence may fire then."""
    packs = [p for _, p in pack_parcels()]
    origins = (item("Shoes", origin_country="DE"), item("Socks", origin_country="CN"))
    whole = [
        RICH,
        parcel(*origins, sender__country="DE", route__origin_country="TR"),
        *(without(RICH, f"items[{n}].description") for n in range(3)),
        *packs,
        *(dict(r) for r in manifest_records()[:40]),
    ]
    cases = [(n, place, path) for n, p in enumerate(whole) for place, path in stated_paths(p)]
    before = assessed(*whole).answers.truth.true
    less = assessed(*(without(whole[n], place) for n, place, _ in cases)).answers.truth.true
    assert len(cases) > 2_000
    wrong = []
    for row, (n, place, path) in enumerate(cases):
        for column in np.flatnonzero(less[row] & ~before[n]):
            if not asks_for_absence(INDICATORS[column], path) and path not in STANDS_IN:
                wrong.append((INDICATORS[column].id, place, whole[n]))
    assert not wrong, f"{len(wrong)}: {wrong[0]}"


def test_nothing_fires_on_unknown_alone() -> None:
    for nested in (parcel(), parcel(item()), parcel(item(), item())):
        result = assessed(nested)
        asked = {i.id for i in INDICATORS if any(leaf.operator == "stated" for leaf in leaves(i.when))}
        assert fired(nested) <= asked
        assert fired(nested) == set()
        # Base points, and what the curves count for what is not stated: little, and never less than nothing.
        silent = result.scores.points - 300 * MILLION
        assert (silent >= 0).all()
        assert (silent < 25 * MILLION).all()
        assert result.band.tolist() == [0]


@pytest.mark.parametrize("blank", ["", " ", "\u00a0", "\t\n", "\u200b"], ids=repr)
@pytest.mark.parametrize("field", ["description", "hs_code"])
def test_a_blank_hides_no_more_than_silence(field: str, blank: str) -> None:
    """Whoever types a blank into a field must not fare better than whoever leaves it out."""
    others = [
        item(hs_code="9306.30"),
        item(hs_code="9305.10"),
        item(hs_code="9302.00"),
        item("Municija 9x19"),
        item("Revolver"),
        item("metal parts"),
        item(hs_code="9304.00"),
        item(hs_code="3601.00"),
    ]
    routes = ({}, {"direction": "transit"}, {"procedure": "H7"}, {"category": "sale", "declaration_form": "CN23"})
    cases = [(other, more) for other in others if field not in other for more in routes]
    silent = fired_on(*(parcel(other, **more) for other, more in cases))
    typed = fired_on(*(parcel({**other, field: blank}, **more) for other, more in cases))
    assert not [case for case, a, b in zip(cases, silent, typed, strict=True) if a - b]


@pytest.mark.parametrize("blank", ["", " ", "\u00a0"], ids=repr)
def test_a_blank_number_of_dangerous_goods_is_none(blank: str) -> None:
    silent = parcel("Live ammunition 9x19, 50 rounds")
    assert fired({**silent, "un_number": blank}) == fired(silent)


@pytest.mark.parametrize("path", ["sender.name", "item_id", "route.carrier", "recipient.street"])
def test_a_blank_elsewhere_is_silence(path: str) -> None:
    blank = parcel("Shoes")
    set_path(blank, path, " ")
    assert document(blank)["score"] == document(parcel("Shoes"))["score"]
    assert fired(blank) == fired(parcel("Shoes"))


def test_completeness_falls_with_what_is_withheld() -> None:
    full, part, none = document(RICH), document(parcel("Lovačka puška")), document(parcel())
    assert 1 >= full["completeness"] > part["completeness"] > none["completeness"] >= 0


def test_missing_names_what_would_help_most() -> None:
    missing = document(parcel(item(quantity=1)))["missing"]
    assert 0 < len(missing) <= 3
    assert {"items[].description", "items[].hs_code"} <= {m["path"] for m in missing}
    assert all(m["path"] and "cannot be judged" in m["why"] for m in missing)
    assert document(RICH)["missing"] == [] or all(
        truth_of(RICH, key) is None
        for m in document(RICH)["missing"]
        for key in m["why"].split("(")[1].rstrip(" …)").split(", ")
    )


def test_missing_names_no_field_that_is_stated() -> None:
    for nested in (RICH, parcel("Shoes", gross_mass_kg=2), *(p for _, p in pack_parcels()[::20])):
        stated = {path for _, path in stated_paths(nested)}
        whole_items = {
            p
            for p in stated
            if p.startswith("item.") and all(i.get(p.removeprefix("item.")) is not None for i in nested["items"])
        }
        for entry in document(nested)["missing"]:
            path = entry["path"].replace("items[]", "item")
            assert path not in stated or (path.startswith("item.") and path not in whole_items)
