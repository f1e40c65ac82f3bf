"""The simulated population: the same party every time, and nobody's telephone."""

from __future__ import annotations

import numpy as np
import phonenumbers
import polars as pl
from polars.testing import assert_frame_equal

from riskscore.training.chance import Ids, log_uniform
from riskscore.training.people import identity as identity_of
from riskscore.training.people import in_cyrillic, parties, unmarked, without_marks
from riskscore.training.sources import countries

FICTITIOUS = ("DE", "FR", "GB", "US")  # regulators there keep numbers for fiction


def some(n: int, firm: bool = False) -> Ids:
    rng = np.random.default_rng(2)
    country = rng.integers(0, len(countries()), n)
    return identity_of(country, np.full(n, firm), rng.integers(0, 50_000, n).astype(np.uint64))


def test_a_party_is_always_the_same() -> None:
    ids = some(500)
    assert_frame_equal(parties(ids)[100:200], parties(ids[100:200]))
    assert parties(ids)["email"].n_unique() > 0.97 * len(set(ids.tolist()))


def test_people_and_firms() -> None:
    people, firms = parties(some(400)), parties(some(400, firm=True))
    assert set(people["kind"]) == {"natural"}
    assert people["company"].null_count() == 400
    assert set(firms["kind"]) == {"legal"}
    assert firms["name"].to_list() == firms["company"].to_list()
    assert firms["id_number"].str.starts_with("SIM").all()
    scripts = people["name"].str.extract_all(r"\p{Cyrillic}|\p{Greek}|\p{Han}|\p{Latin}").list.len()
    assert scripts.min() > 0  # type: ignore[operator]
    assert people["name"].str.contains(r"\p{Cyrillic}").any()
    assert people["name"].str.contains(r"\p{Han}").any()
    assert people["street"].null_count() + people["city"].null_count() == 0


def test_telephone_numbers_belong_to_nobody() -> None:
    for country, phone in parties(some(1_500)).select("country", "phone").iter_rows():
        number = phonenumbers.parse(phone, None)
        assert phonenumbers.is_possible_number(number), phone
        assert country in FICTITIOUS or not phonenumbers.is_valid_number(number), phone


def test_scripts_and_marks() -> None:
    texts = pl.DataFrame({"t": ["Ljubičasti džemper", "đak i šećer", "wifi kabl", "8 žica"]})
    assert texts.select(in_cyrillic(pl.col("t")))["t"].to_list() == [
        "Љубичасти џемпер",
        "ђак и шећер",
        "wifi kabl",
        "8 žica",
    ]
    assert texts.select(unmarked(pl.col("t")))["t"].to_list() == [
        "Ljubicasti dzemper",
        "djak i secer",
        "wifi kabl",
        "8 zica",
    ]
    assert without_marks("Łąka ß Žđ") == "Laka ss Zdj"


def test_some_ranks_come_again_and_again() -> None:
    ranks = log_uniform(np.random.default_rng(1), 10_000, 20_000)
    assert ranks.max() < 10_000
    assert (ranks < 10).mean() > 0.2
