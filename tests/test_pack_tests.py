"""Every test inside the packs, each as a case of its own, with its parcel."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from factory import AS_OF, record, the_engine

from riskscore.checks import join_tables
from riskscore.features import build_facts
from riskscore.formats import open_manifest
from riskscore.goods_text import read_goods
from riskscore.judging import evaluate
from riskscore.known import Truth
from riskscore.normalise import normalise
from riskscore.schema import Tables, tables_from_records
from riskscore.sops import Indicator, wanted_features

INDICATORS = the_engine().indicators
CASES = [
    (column, number, i, test) for column, i in enumerate(INDICATORS) for number, test in enumerate(i.tests, start=1)
]
IDS = [f"{i.id}-{number}" for _, number, i, _ in CASES]


def from_rows(rows: list[dict[str, Any]], path: Path) -> Tables:
    """Rows of a flat manifest, read as such."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)
    with open_manifest(path, countries=the_engine().reference.countries) as manifest:
        return join_tables(list(manifest))


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Truth:
    """Truth of every indicator (columns) for the parcel of every case (rows)."""
    folder = tmp_path_factory.mktemp("rows")
    engine = the_engine()
    parts = [
        from_rows(test["rows"], folder / f"{name}.csv")
        if "rows" in test
        else tables_from_records([record(test["parcel"], name)])
        for (_, _, _, test), name in zip(CASES, IDS, strict=True)
    ]
    assert all(part.parcels.height == 1 for part in parts)
    typed = normalise(join_tables(parts), engine.reference, AS_OF)
    goods = read_goods(typed.items["item.description"].fill_null("").to_list(), engine.lexicon)
    facts = build_facts(typed, goods, engine.trade, AS_OF, wanted_features(INDICATORS))
    return evaluate([i.when for i in INDICATORS], facts.parcels, facts.items, facts.grouping).truth


@pytest.mark.parametrize(("row", "case"), list(enumerate(CASES)), ids=IDS)
def test_case(row: int, case: tuple[int, int, Indicator, dict[str, Any]], truth: Truth) -> None:
    column, _, indicator, test = case
    true, false = bool(truth.true[row, column]), bool(truth.false[row, column])
    said = f"{indicator.title}: {test.get('parcel', test.get('rows'))} {test.get('why', '')}"
    if test["fires"] is True:
        assert true, said
    elif test["fires"] is False:
        assert not true, said
    else:
        assert not true, said
        assert not false, said


@pytest.mark.parametrize("indicator", INDICATORS, ids=lambda i: i.id)
def test_both_kinds_are_there(indicator: Indicator) -> None:
    outcomes = [t["fires"] for t in indicator.tests]
    assert True in outcomes
    assert False in outcomes
