"""How well goods descriptions are read: recall by class, false alarms on ordinary goods, and texts per second.

The labelled titles are not part of the project: name the folder that holds them (``--data DIR``, every ``*.csv`` and
``*.csv.gz`` in it with the columns ``id, source, lang, cls, text`` and, if known, ``ambiguous``). Classes: firearm,
firearm_part, ammunition, blank_or_alarm, airgun_or_airsoft, accessory (neither hit nor false alarm), benign. A benign
title with a word in ``ambiguous`` counts as goods with a trap word.

A title is a parcel that carries nothing else. Flagged: band review or hold. Recognised: the evidence names the right
concept.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from riskscore.assess import Engine, assess, load_engine
from riskscore.goods_text import GoodsText, read_descriptions
from riskscore.lexicon import CONCEPTS, NUMBER, WEAPON_CONCEPTS, bit
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
SPEED_TEXTS, SPEED_ROUNDS, SPEED_PIECE = 100_000, 2, 20_000


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


def read_titles(data: Path) -> pl.DataFrame:
    """All titles of a folder; `ambiguous` is empty where a file does not have it."""
    wanted = ("id", "source", "lang", "cls", "text", "ambiguous")
    frames = []
    for path in sorted([*data.glob("*.csv"), *data.glob("*.csv.gz")]):
        frame = pl.read_csv(path, infer_schema=False).fill_null("")
        if {"source", "cls", "text"} <= set(frame.columns):
            missing = [pl.lit("").alias(name) for name in wanted if name not in frame.columns]
            frames.append(frame.with_columns(missing).select(wanted))
    if not frames:
        sys.exit(f"{data}: no *.csv or *.csv.gz with the columns id, source, lang, cls, text")
    return pl.concat(frames)


def judged(titles: pl.DataFrame, engine: Engine) -> pl.DataFrame:
    """The titles with what the engine says: ``recognised``, ``named`` (any weapon concept), ``flagged``, ``sees``."""
    batch = assess(titles_as_parcels(titles), engine, as_of=AS_OF)
    right = pl.coalesce(
        *(
            pl.when(pl.col("cls") == cls).then((pl.col("concepts") & bit(names)) != 0)
            for cls, names in RECOGNISED.items()
        ),
        pl.lit(False),
    )
    concepts = batch.goods.concepts
    sees = [" ".join(name for i, name in enumerate(CONCEPTS) if mask >> i & 1) for mask in concepts.tolist()]
    informative = pl.Series("informative", batch.goods.informative)
    return titles.with_columns(
        informative, concepts=pl.Series(concepts), sees=pl.Series(sees), flagged=pl.Series(batch.flagged)
    ).with_columns(recognised=right, named=(pl.col("concepts") & bit(WEAPON_CONCEPTS)) != 0)


def found() -> pl.Expr:
    """What counts as found: flagged; for air and airsoft guns, which are ordinary goods, recognised."""
    return pl.when(pl.col("cls") == "airgun_or_airsoft").then("recognised").otherwise("flagged")


def kind_of_miss() -> pl.Expr:
    """Why a title was not found, by what it says to the engine."""
    sees, none = pl.col("concepts"), pl.lit(0)
    unsure = (sees & (1 << NUMBER["ambiguous"])) != none
    masked = (sees & bit(["lookalike", "accessory", "optics"])) != none
    return (
        pl.when(pl.col("informative") == 0)
        .then(pl.lit("no word: figures, prices, shop codes"))
        .when(masked)
        .then(pl.lit("read as an accessory or a look-alike"))
        .when(pl.col("named"))
        .then(pl.lit("a weapon word of another class"))
        .when(unsure)
        .then(pl.lit("only a word with two meanings"))
        .otherwise(pl.lit("no word that the lexicons know"))
    )


def recall_table(read: pl.DataFrame) -> pl.DataFrame:
    """Titles, and the share found, recognised and named, by source, language and class of arms."""
    arms = read.filter(~pl.col("cls").is_in(["benign"]))
    return (
        arms.group_by("source", "lang", "cls")
        .agg(
            pl.len().alias("titles"),
            *((100 * pl.col(name).mean()).round(1).alias(f"{name} %") for name in ("flagged", "recognised", "named")),
        )
        .sort("source", "cls")
    )


def false_alarm_table(read: pl.DataFrame) -> pl.DataFrame:
    """Benign titles and the share flagged, by source and whether a trap word stands in them; the last rows pool."""
    benign = read.filter(pl.col("cls") == "benign").with_columns(
        goods=pl.when(pl.col("ambiguous") == "").then(pl.lit("ordinary")).otherwise(pl.lit("trap word"))
    )
    pooled = benign.with_columns(source=pl.lit("pooled"), lang=pl.lit("all"))
    return (
        pl.concat([benign, pooled])
        .group_by("source", "lang", "goods", maintain_order=True)
        .agg(pl.len().alias("titles"), pl.col("flagged").sum(), (100 * pl.col("flagged").mean()).round(3).alias("%"))
        .sort("goods", "source")
    )


def write_cases(read: pl.DataFrame, folder: Path) -> None:
    """What was missed and what was flagged wrongly, as files to read."""
    folder.mkdir(parents=True, exist_ok=True)
    columns = ["source", "lang", "cls", "text", "sees"]
    missed = read.filter(~pl.col("cls").is_in(["benign", "accessory"]) & ~found())
    missed.with_columns(kind=kind_of_miss()).select("kind", *columns).sort("source", "cls", "kind").write_csv(
        folder / "missed.csv"
    )
    wrong = read.filter((pl.col("cls") == "benign") & pl.col("flagged"))
    wrong.select("ambiguous", *columns).sort("source").write_csv(folder / "falsely_flagged.csv")


def speed(titles: pl.DataFrame, engine: Engine) -> dict[str, float]:
    """Texts per second as the batch pipeline reads them (two threads), against a bare search for the same words."""
    many = pl.concat([titles["text"]] * (SPEED_TEXTS // titles.height + 1)).head(SPEED_TEXTS)
    # A number behind each makes them distinct, so that no text is read once for many.
    distinct = many + " " + pl.int_range(SPEED_TEXTS, eager=True).cast(pl.String)
    words = engine.lexicon.phrases.words
    best = {"distinct": 0.0, "as typed": 0.0, "one thread": 0.0, "bare search": 0.0}
    for _ in range(SPEED_ROUNDS):
        for name, texts, threads in (("distinct", distinct, 2), ("as typed", many, 2), ("one thread", distinct, 1)):
            best[name] = max(best[name], SPEED_TEXTS / _seconds(texts, engine, threads))
        begin = time.perf_counter()
        distinct.str.to_lowercase().str.contains_any(words)
        best["bare search"] = max(best["bare search"], SPEED_TEXTS / (time.perf_counter() - begin))
    return {name: round(value) for name, value in best.items()} | _one_text(titles, engine)


def _seconds(texts: pl.Series, engine: Engine, threads: int) -> float:
    pieces = [texts.slice(at, SPEED_PIECE) for at in range(0, len(texts), SPEED_PIECE)]

    def read(piece: pl.Series) -> GoodsText:
        return read_descriptions(piece, engine.lexicon)

    begin = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(read, pieces):
            pass
    return time.perf_counter() - begin


def _one_text(titles: pl.DataFrame, engine: Engine) -> dict[str, float]:
    """Microseconds that one more text costs in a small batch: the slope between batches of one and of 101."""
    texts = titles["text"].sample(101, seed=1)
    cost = {}
    for size in (1, 101):
        piece, rounds = texts.head(size), []
        for _ in range(60):
            begin = time.perf_counter()
            read_descriptions(piece, engine.lexicon)
            rounds.append(time.perf_counter() - begin)
        cost[size] = sorted(rounds)[len(rounds) // 4]
    return {
        "microseconds per further text": round(1e6 * (cost[101] - cost[1]) / 100, 1),
        "fixed microseconds of a call": round(1e6 * cost[1]),
    }


def main() -> None:
    """Print the tables; with ``--out`` also write the cases, with ``--speed`` measure texts per second."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.goods_text", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="folder of labelled titles (never part of the project)"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="write missed.csv and falsely_flagged.csv there")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.add_argument("--speed", action="store_true", help="also measure texts per second")
    options = parser.parse_args()
    if options.data is None:
        parser.error("name the folder of labelled titles: --data DIR (they are not part of the project)")
    engine = load_engine()
    read = judged(read_titles(options.data), engine)
    missed = read.filter(~pl.col("cls").is_in(["benign", "accessory"]) & ~found())
    kinds = missed.group_by("source", "cls", kind_of_miss().alias("kind")).agg(pl.len().alias("titles"))
    tables = {
        "recall (counted: flagged; air and airsoft guns: recognised)": recall_table(read),
        "false alarms": false_alarm_table(read),
        "what was not found, by what the title says": kinds.sort("source", "cls", "titles", descending=True),
    }
    look = {"tbl_rows": 80, "tbl_cols": 12, "fmt_str_lengths": 60, "tbl_formatting": "MARKDOWN"}
    with pl.Config(**look, tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True):
        for title, table in tables.items():
            print(f"\n{title}\n{table}")
    figures = {title: table.to_dicts() for title, table in tables.items()}
    if options.speed:
        figures["speed"] = [speed(read, engine)]
        print("\nspeed, texts/s unless said otherwise")
        for name, value in figures["speed"][0].items():
            print(f"  {name}: {value:,}")
    if options.out:
        write_cases(read, options.out)
        print(f"\nwritten: {options.out}/missed.csv, falsely_flagged.csv")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
