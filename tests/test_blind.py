"""Metamorphic: names, addresses, mail and script never change a point."""

from __future__ import annotations

import re
import string
from typing import Any

import numpy as np
import orjson
from factory import (
    RICH,
    Record,
    assessed,
    document,
    fired,
    in_cyrillic,
    pack_parcels,
    parcel,
    set_path,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from riskscore.assess import Assessed

NAMES = st.one_of(
    st.text(string.ascii_letters + " ćčšžđ", max_size=20),
    st.text(max_size=20),
    st.sampled_from(
        ["Đorđe Pištoljević", "Ђорђе Пиштољевић", "محمد", "Glock Ammunition GmbH", "李四", "", " ", "Revolver"]
    ),
)
PERSONAL = [
    f"{p}.{n}"
    for p in ("sender", "recipient", "payer")
    for n in ("name", "company", "street", "city", "postcode", "region", "phone", "email", "id_number", "account_id")
]


def points(result: Assessed) -> list[Any]:
    return [
        result.scores.points.tolist(),
        result.scores.caps.tolist(),
        result.scores.bands.tolist(),
        result.answers.truth.true.tolist(),
        result.answers.truth.false.tolist(),
    ]


def beside_the_party(result: Assessed) -> list[Any]:
    """What the indicators outside the party group say (those ask whether the fields of a party hold together)."""
    others = [n for n, i in enumerate(result.engine.active) if i.group != "party"]
    return [result.answers.truth.true[:, others].tolist(), result.answers.truth.false[:, others].tolist()]


@settings(max_examples=25)
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(PERSONAL, NAMES)))
def test_names_addresses_and_mail_change_no_point(personal: dict[str, str]) -> None:
    chosen = [RICH, parcel("Lovačka puška", route__destination_country="BA"), parcel("Shoes", sender__country="BA")]
    other = []
    for nested in chosen:
        changed = orjson.loads(orjson.dumps(nested))
        for path, name in personal.items():
            set_path(changed, path, name)
        other.append(changed)
    assert beside_the_party(assessed(*other)) == beside_the_party(assessed(*chosen))


def test_the_script_of_names_changes_no_point(examples: tuple[Record, ...], example_assessments: Assessed) -> None:
    cyrillic = orjson.loads(orjson.dumps(examples))
    changed = 0
    for nested in cyrillic:
        for party in ("sender", "recipient", "payer"):
            for name in ("name", "company", "street", "city"):
                typed = nested.get(party, {}).get(name)
                if typed:
                    nested[party][name] = in_cyrillic(typed)
                    changed += nested[party][name] != typed
    assert changed > 500
    assert points(assessed(*cyrillic)) == points(example_assessments)


def test_the_script_of_the_goods_changes_no_point() -> None:
    """Serbian goods in both scripts, among them what only a figure in the text says."""
    typed = {i["description"] for _, p in pack_parcels() for i in p.get("items", ()) if i.get("description")}
    serbian = [t for t in sorted(typed) if in_cyrillic(t) != t and not set("qwxyQWXYäöüß") & set(t)]
    serbian = [t for t in serbian if not re.search("rounds|Schuss", t)]
    figures = ["okvir za 30 metaka, lovačka puška 7.62x39", "šaržer 20 metaka za pušku", "kalašnjikov okvir 30 metaka"]
    chosen = [*serbian, *figures]
    route = {"route.origin_country": "RS", "route.destination_country": "BA"}
    latin = assessed(*(parcel(t, **route) for t in chosen))
    cyrillic = assessed(*(parcel(in_cyrillic(t), **route) for t in chosen))
    differ = np.flatnonzero((latin.answers.truth.true != cyrillic.answers.truth.true).any(axis=1))
    assert len(serbian) > 100
    assert not [chosen[n] for n in differ]


def test_the_country_of_a_party_alone_is_no_cue() -> None:
    for country in ("BA", "DE", "TR", "RS", "CN", "XK"):
        assert fired(parcel("Shoes", sender__country=country, recipient__country=country)) == set()


def test_an_operator_reads_the_same_ledger_without_history() -> None:
    """Today nothing but the declaration counts, so the two profiles differ in procedure only."""
    authority, operator = document(RICH), document(RICH, profile="operator")
    for name in authority.keys() - {"profile", "procedure"}:
        assert authority[name] == operator[name], name
    assert {s["role"] for s in operator["procedure"]} <= {"clerk"}
    assert {s["role"] for s in authority["procedure"]} <= {"officer"}
