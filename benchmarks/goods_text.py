"""How well goods descriptions are read: recall by class and false alarms on labelled titles from outside the project.

The titles are not part of the project; name the file: ``python -m benchmarks.goods_text TITLES.csv.gz``. Columns ``id,
source, lang, cls, text``; classes firearm, firearm_part, ammunition, blank_or_alarm,
airgun_or_airsoft, accessory, benign.
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime

import polars as pl

from riskscore.assess import Engine, assess, load_engine
from riskscore.lexicon import WEAPON_CONCEPTS, bit
from riskscore.schema import Tables, item_schema, parcel_schema

AS_OF = datetime(2026, 11, 16, 6, tzinfo=UTC)
RECOGNISED = {
    "firearm": ("firearm",),
    "firearm_part": ("firearm_part", "conversion_device", "suppressor"),
    "ammunition": ("ammunition", "ammunition_component"),
    "blank_or_alarm": ("blank_or_alarm",),
    "airgun_or_airsoft": ("airgun", "airsoft"),
    "accessory": ("accessory", "optics"),
}


def titles_as_parcels(titles: pl.DataFrame) -> Tables:
    """One parcel of one item for each title, nothing else known."""
    n = titles.height
    parcels = pl.DataFrame({"parcel_id": titles["id"]}).with_columns(
        pl.lit(None, dtype).alias(name) for name, dtype in parcel_schema().items() if name != "parcel_id"
    )
    empty = pl.lit([], dtype=pl.List(pl.String))
    items = pl.DataFrame(
        {
            "parcel": pl.Series(range(n), dtype=pl.UInt32),
            "item_no": pl.Series([0] * n, dtype=pl.UInt32),
            "item.description": titles["text"],
        }
    ).with_columns(
        pl.lit(None, dtype).alias(name)
        for name, dtype in item_schema().items()
        if name not in ("parcel", "item_no", "item.description")
    )
    return Tables(parcels.with_columns(unreadable=empty, contradictory=empty), items.select(item_schema().names()))


def read_titles(path: str, engine: Engine) -> pl.DataFrame:
    """The titles with what the engine says: ``recognised``, ``named`` (any weapon concept) and ``flagged``."""
    titles = pl.read_csv(path, infer_schema=False).fill_null("")
    batch = assess(titles_as_parcels(titles), engine, as_of=AS_OF)
    concepts = pl.Series("concepts", batch.goods.concepts)
    right = pl.coalesce(
        *(
            pl.when(pl.col("cls") == cls).then((pl.col("concepts") & bit(list(names))) != 0)
            for cls, names in RECOGNISED.items()
        ),
        pl.lit(False),
    )
    return titles.with_columns(concepts).with_columns(
        recognised=right,
        named=(pl.col("concepts") & bit(list(WEAPON_CONCEPTS))) != 0,
        flagged=pl.Series(batch.flagged),
    )


def main() -> None:
    """Print the table; with ``--misses N`` also some titles that went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("titles", nargs="?")
    parser.add_argument("--misses", type=int, default=0)
    parser.add_argument("--source")
    options = parser.parse_args()
    if not options.titles:
        sys.exit(
            "name the labelled titles: python -m benchmarks.goods_text TITLES.csv.gz (they are not part of the project)"
        )
    read = read_titles(options.titles, load_engine())
    table = read.group_by("source", "cls").agg(
        titles=pl.len(),
        recognised=(100 * pl.col("recognised").mean()).round(1),
        any_weapon_word=(100 * pl.col("named").mean()).round(1),
        flagged=(100 * pl.col("flagged").mean()).round(2),
    )
    with pl.Config(tbl_rows=50, tbl_cols=10, tbl_hide_dataframe_shape=True):
        print(table.sort("source", "cls"))
    chosen = read.filter(pl.col("source") == options.source) if options.source else read
    wrong = chosen.filter(
        ((pl.col("cls") == "benign") & pl.col("flagged"))
        | (~pl.col("cls").is_in(["benign", "accessory"]) & ~pl.col("recognised"))
    )
    for row in wrong.sample(min(options.misses, wrong.height), seed=1).rows(named=True):
        print(f"{row['source']:12} {row['cls']:16} {row['text'][:120]}")


if __name__ == "__main__":
    main()
