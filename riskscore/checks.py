"""`riskscore check`: everything loads, every in-file test holds, and the lock fits."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
from pydantic import ValidationError

from riskscore.conditions import evaluate
from riskscore.declaration import parcel_model
from riskscore.features import build_facts
from riskscore.features.tables import TradeTables
from riskscore.goods_text import read_goods
from riskscore.lexicon import Lexicon
from riskscore.normalise import normalise
from riskscore.schema import tables_from_records
from riskscore.sops import Indicator, wanted_features

if TYPE_CHECKING:
    from riskscore.reference import Reference

TEST_CLOCK = datetime(2026, 11, 16, 12, 0, tzinfo=UTC)  # as_of of the tests inside the packs


def indicator_test_faults(
    indicators: list[Indicator], lexicon: Lexicon, trade: TradeTables, reference: Reference
) -> list[str]:
    """Run the tests inside the packs; one line for each that does not hold."""
    faults: list[str] = []
    cases: list[tuple[int, int, Any]] = []
    records: list[dict[str, Any]] = []
    for column, indicator in enumerate(indicators):
        for number, test in enumerate(indicator.tests, start=1):
            where = f"{indicator.file}: {indicator.id}: tests[{number}]"
            try:
                records.append(valid_record(test["parcel"], reference, f"{indicator.id}-{number}"))
            except ValueError as error:
                faults.append(f"{where}: {error}")
                continue
            cases.append((column, number, test["fires"]))
    tables = normalise(tables_from_records(records), reference, TEST_CLOCK)
    goods = read_goods(tables.items["item.description"].fill_null("").to_list(), lexicon)
    facts = build_facts(tables, goods, trade, TEST_CLOCK, wanted_features(indicators))
    truth = evaluate([i.when for i in indicators], facts.parcels, facts.items, facts.grouping).truth
    for row, (column, number, expected) in enumerate(cases):
        true, false = bool(truth.true[row, column]), bool(truth.false[row, column])
        got = "fires" if true else "does not fire" if false else "is unknown"
        holds = true if expected is True else not true if expected is False else not true and not false
        if not holds:
            want = {True: "should fire", False: "should not fire", "unknown": "should be unknown"}[expected]
            indicator = indicators[column]
            faults.append(
                f"{indicator.file}: {indicator.id}: tests[{number}]: {want}, but {got}: "
                f"{orjson.dumps(indicator.tests[number - 1]['parcel'], default=str).decode()}"
            )
    return faults


def valid_record(parcel: dict[str, Any], reference: Reference, parcel_id: str) -> dict[str, Any]:
    """A parcel of a test as a validated record.

    Raises
    ------
    ValueError
        With the path of each bad field.
    """
    model = parcel_model(reference.country_codes, reference.currencies)
    raw = orjson.dumps({"parcel_id": parcel_id, **parcel}, default=str)
    try:
        return model.model_validate_json(raw).model_dump()
    except ValidationError as error:
        raise ValueError("; ".join(f"{dotted(e['loc'])}: {e['msg']}" for e in error.errors())) from error


def dotted(location: Iterable[int | str]) -> str:
    """A pydantic location as a path: items[0].hs_code."""
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path or "(body)"
