"""Folded keys: one spelling for what people write in many, and one meaning in Python and in columns."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskscore.keys import fold_key, fold_key_expr

# Code points that Python's Unicode tables know; newer ones may be a letter here and unknown there.
ASSIGNED = st.characters(exclude_categories=("Cs", "Cn"))
ODD = st.sampled_from("ђћџљњѓќйёїщъьđłøæœßıİΣςου\u0301\u0306\u0308\u0327ﬁ½²㎏Ⅳʼ’ \u200b\u00a0-_/AZaz09")


@given(st.lists(st.text(st.one_of(ODD, ASSIGNED), max_size=30), min_size=1, max_size=20))
def test_a_column_folds_as_its_texts_do(texts: list[str]) -> None:
    column = pl.DataFrame({"text": texts}).select(fold_key_expr(pl.col("text"))).to_series()
    assert column.to_list() == [fold_key(text) for text in texts]


@given(st.text(st.one_of(ODD, ASSIGNED), max_size=30))
def test_a_key_is_its_own_key(text: str) -> None:
    assert fold_key(fold_key(text)) == fold_key(text)


@pytest.mark.parametrize(
    ("spellings", "key"),
    [
        (["Đorđe Anić", "Djordje Anic", "ЂОРЂЕ АНИЋ", "  djordje\tanić. "], "djordje anic"),
        (["Džemal Ljubović", "Џемал Љубовић", "Ǆemal ǈubović"], "dzemal ljubovic"),
        (["Straße 5/2", "STRASSE 5-2"], "strasse 5 2"),
        (["Işıklar", "ISIKLAR", "IŞIKLAR"], "isiklar"),
        (["Ţórður Æsir", "tordur aesir"], "tordur aesir"),
        (["Łódź", "LODZ"], "lodz"),
        (["Νίκος Ρούσσος", "nikos roussos"], "nikos roussos"),
        (["Андрей", "Andrej"], "andrej"),
        (["O'Neill & Sons", "O’Neill—Sons"], "o neill sons"),
    ],
)
def test_spellings_of_one_name_meet(spellings: list[str], key: str) -> None:
    assert {fold_key(spelling) for spelling in spellings} == {key}


def test_other_scripts_keep_their_letters() -> None:
    assert fold_key("中国 (China)") == "中国 china"


def test_unknown_stays_unknown() -> None:
    column = pl.DataFrame({"text": [None, "Ana", None, "Šeki"]}, schema={"text": pl.String})
    assert column.select(fold_key_expr(pl.col("text"))).to_series().to_list() == [None, "ana", None, "seki"]
