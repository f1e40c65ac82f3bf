"""Bands of value and mass and far codes of everyday nouns: what the tables say, and what is wrong with a bad one."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from factory import the_engine

from riskscore.errors import SopError
from riskscore.goods_bands import ARMS, TABLES, GoodsBands, load_goods_bands
from riskscore.lexicon import TOPIC_NUMBER
from riskscore.places import default_sops
from riskscore.reference import HS_CLASSES, load_reference


@pytest.fixture(scope="module")
def bands() -> GoodsBands:
    found, faults = load_goods_bands(default_sops(), HS_CLASSES)
    assert not faults
    assert found is not None
    return found


@pytest.fixture
def sops(tmp_path: Path) -> Path:
    """A copy of the tables that a test may spoil."""
    shutil.copytree(default_sops() / "tables", tmp_path / "tables")
    return tmp_path


def test_the_engine_has_the_same_bands(bands: GoodsBands) -> None:
    assert the_engine().trade.bands == bands == load_reference(default_sops()).bands


def test_a_band_is_wide_enough_for_ordinary_trade(bands: GoodsBands) -> None:
    assert bands.value_low.keys() == bands.value_high.keys()
    assert all(bands.value_high[p] / low > 50 for p, low in bands.value_low.items())
    assert all(band.arms_class in ARMS and band.high_kg > 1.5 * band.low_kg for band in bands.masses)


def test_arms_and_explosives_are_far_from_every_noun(bands: GoodsBands) -> None:
    assert {t for t in TOPIC_NUMBER if t.startswith("noun_")} == set(bands.far)
    assert all({"36", "93"} <= set(far) for far in bands.far.values())
    tariff = load_reference(default_sops()).tariff["prefix"].to_list()
    known = {code[:n] for code in tariff for n in (2, 4, 6)} | {"84", "73"}
    assert {prefix for far in bands.far.values() for prefix in far} - known <= {"8479", "8487"}


def test_pieces_and_pairs_count_articles_kilograms_do_not() -> None:
    units = the_engine().trade.piece_units
    assert {"pcs", "kom", "stuck", "par"} <= set(units)
    assert not {"kg", "g", "m", "l"} & set(units)


@pytest.mark.parametrize("name", TABLES)
def test_every_row_is_dated_and_sourced(name: str) -> None:
    header = (default_sops() / "tables" / f"{name}.csv").read_text("utf-8").splitlines()[0].split(",")
    assert {"source", "date", "confidence"} <= set(header)


@pytest.mark.parametrize(
    ("table", "spoil", "fault"),
    [
        ("value_bands", ("9503,0.1,8,400", "9503,9,8,400"), "low_eur, median_eur and high_eur must rise"),
        ("value_bands", ("9503,0.1,8,400", "9503,0.1,400,400"), "low_eur, median_eur and high_eur must rise"),
        ("value_bands", ("9503,0.1,8,400", "950,0.1,8,400"), "prefix does not read as it should"),
        ("value_bands", ("9503,0.1,8,400", "9503,0.1,8,much"), "high_eur does not read as it should"),
        ("value_bands", ("9505,", "9503,"), "prefix stand there twice"),
        ("mass_bands", ("handgun,0.6,1.4", "handgun,1.6,1.4"), "low_kg must be below high_kg"),
        ("mass_bands", ("toy,handgun", "dolls,handgun"), "hs_class is none of"),
        ("mass_bands", ("toy,handgun", "toy,cannon"), "arms_class is none of handgun, long_arm"),
        ("noun_chapters", ("noun_food", "noun_drinks"), "topic is no topic of the lexicons"),
        ("noun_chapters", (" 7304 ", " 73;04 "), "far does not read as it should"),
        ("noun_chapters", (",medium", ",sure"), "confidence is none of"),
    ],
)
def test_a_spoilt_table_is_refused_with_file_and_line(
    sops: Path, table: str, spoil: tuple[str, str], fault: str
) -> None:
    path = sops / "tables" / f"{table}.csv"
    text = path.read_text("utf-8")
    assert spoil[0] in text
    path.write_text(text.replace(*spoil, 1), "utf-8")
    with pytest.raises(SopError, match=rf"tables/{table}.csv: line \d+: {re.escape(fault)}"):
        load_reference(sops)


def test_all_faults_are_told_at_once(sops: Path) -> None:
    (sops / "tables" / "mass_bands.csv").unlink()
    path = sops / "tables" / "value_bands.csv"
    path.write_text(path.read_text("utf-8").replace(",low\n", ",perhaps\n", 2), "utf-8")
    found, faults = load_goods_bands(sops, HS_CLASSES)
    assert found is None
    assert len(faults) == 3
    assert faults[0].startswith("tables/value_bands.csv: line 2: confidence")
    assert faults[2].startswith("tables/mass_bands.csv: cannot be read")
