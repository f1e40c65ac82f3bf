"""`riskscore check`: everything loads, every in-file test holds, and the lock fits."""

from __future__ import annotations

import csv
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np
import orjson
import polars as pl

from riskscore.declaration import valid_record
from riskscore.errors import ManifestError, SopError
from riskscore.features import build_facts
from riskscore.features.tables import TradeTables
from riskscore.formats import open_manifest
from riskscore.goods_text import check_examples, read_descriptions
from riskscore.judging import evaluate
from riskscore.lexicon import Lexicon
from riskscore.normalise import normalise
from riskscore.places import default_sops
from riskscore.schema import Tables, tables_from_records
from riskscore.sops import Indicator, lock_faults, read_lock, wanted_features, write_lock

if TYPE_CHECKING:
    from riskscore.reference import Reference

TEST_CLOCK = datetime(2026, 11, 16, 12, 0, tzinfo=UTC)  # as_of of the tests inside the packs


def indicator_test_faults(
    indicators: list[Indicator], lexicon: Lexicon, trade: TradeTables, reference: Reference
) -> list[str]:
    """Run the tests inside the packs; one line for each that does not hold."""
    faults: list[str] = []
    cases: list[tuple[int, int, Any]] = []
    tables: list[Tables] = []
    for column, indicator in enumerate(indicators):
        for number, test in enumerate(indicator.tests, start=1):
            try:
                if "rows" in test:
                    tables.append(_tables_from_rows(test["rows"], reference))
                else:
                    record = valid_record(test["parcel"], reference, f"{indicator.id}-{number}")
                    tables.append(tables_from_records([record]))
            except (ValueError, ManifestError) as error:
                faults.append(f"{indicator.file}: {indicator.id}: tests[{number}]: {error}")
                continue
            cases.append((column, number, test["fires"]))
    merged = normalise(join_tables(tables), reference, TEST_CLOCK)
    goods = read_descriptions(merged.items["item.description"], lexicon)
    facts = build_facts(merged, goods, trade, TEST_CLOCK, wanted_features(indicators))
    truth = evaluate([i.when for i in indicators], facts.parcels, facts.items, facts.grouping).truth
    for row, (column, number, expected) in enumerate(cases):
        true, false = bool(truth.true[row, column]), bool(truth.false[row, column])
        got = "fires" if true else "does not fire" if false else "is unknown"
        holds = true if expected is True else not true if expected is False else not true and not false
        if not holds:
            want = {True: "should fire", False: "should not fire", "unknown": "should be unknown"}[expected]
            indicator = indicators[column]
            test = indicator.tests[number - 1]
            faults.append(
                f"{indicator.file}: {indicator.id}: tests[{number}]: {want}, but {got}: "
                f"{orjson.dumps(test.get('parcel', test.get('rows')), default=str).decode()}"
            )
    return faults


def _tables_from_rows(rows: list[dict[str, Any]], reference: Reference) -> Tables:
    """Rows of a flat manifest, read as such (for what only a file can be: unreadable, contradictory)."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerows(rows)
        with open_manifest(path, countries=reference.countries) as manifest:
            tables = join_tables(list(manifest))
    if tables.parcels.height != 1:
        raise ValueError(f"the rows are {tables.parcels.height} parcels; a test is about one")
    return tables


def join_tables(parts: list[Tables]) -> Tables:
    """Several batches of parcels as one."""
    first = np.concatenate(([0], np.cumsum([part.parcels.height for part in parts])))
    return Tables(
        pl.concat([part.parcels for part in parts]),
        pl.concat([part.items.with_columns(pl.col("parcel") + int(n)) for part, n in zip(parts, first, strict=False)]),
    )


def run_checks(sops: Path | None, models: Path | None, *, lock: bool) -> int:
    """The command `riskscore check`; returns its exit status.

    Raises
    ------
    SopError, ModelError
        With everything that does not hold.
    """
    from riskscore.assess import load_engine

    engine = load_engine(sops, models)
    folder = sops or default_sops()
    faults = check_examples(engine.lexicon)
    faults += indicator_test_faults(engine.indicators, engine.lexicon, engine.trade, engine.reference)
    if not lock:
        faults += lock_faults(engine.indicators, read_lock(folder / "lock.json"))
    if faults:
        raise SopError(faults)
    if lock:
        write_lock(folder / "lock.json", engine.indicators)
    tests = sum(len(i.tests) for i in engine.indicators)
    click.echo(
        f"{len(engine.indicators)} indicators with {tests} tests, {len(engine.lexicon.terms):,} terms with "
        f"{len(engine.lexicon.examples)} examples, model {engine.scorecard.id}: all hold"
    )
    return 0
