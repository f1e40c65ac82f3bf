"""Simulated people and firms: one invented population, of which every identity is a number.

Name, address, telephone and e-mail follow from the number alone, so the same party looks the same in every batch and
every manifest, and nothing has to be kept. Surnames, firms, streets and mailboxes belong to nobody; telephone numbers
come from fictitious ranges or from blocks that are not allocated, e-mail domains are ``example``.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import polars as pl

from riskscore.training.chance import Flags, Ids, Ints, as_share, of_identity
from riskscore.training.sources import countries, people

_NUMBER_FIRST = ("US", "GB", "FR")
_DOMAINS = pl.Series(["example.com", "example.org", "example.net", "mail.example.com", "post.example.org"])
_SPECIAL = str.maketrans({"đ": "dj", "Đ": "Dj", "ß": "ss", "ı": "i", "ł": "l", "Ł": "L", "ø": "o"})
_DIGRAPHS = {"lj": "љ", "nj": "њ", "dž": "џ", "Lj": "Љ", "Nj": "Њ", "Dž": "Џ", "LJ": "Љ", "NJ": "Њ", "DŽ": "Џ"}
_LETTERS = dict(zip("abcčćdđefghijklmnoprsštuvzž", "абцчћдђефгхијклмнопрсштувзж", strict=True))
CYRILLIC = {**_DIGRAPHS, **_LETTERS, **{latin.upper(): letter.upper() for latin, letter in _LETTERS.items()}}

FIRM = np.uint64(1) << np.uint64(39)
COUNTRY_BIT = np.uint64(40)
INVOLVED = np.uint64(1) << np.uint64(36)  # from this rank on: parties that belong to one simulated case


def without_marks(text: str) -> str:
    """Latin text without diacritics, as on many keyboards."""
    decomposed = unicodedata.normalize("NFD", text.translate(_SPECIAL))
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def in_cyrillic(text: pl.Expr) -> pl.Expr:
    """Serbian words in Cyrillic; a text with letters that Serbian has not stays as it is."""
    turned = text.str.replace_many(list(CYRILLIC), list(CYRILLIC.values()), leftmost=True)
    return pl.when(text.str.contains(r"[wxyqWXYQäöüßçğışëþ@0-9]")).then(text).otherwise(turned)


def unmarked(text: pl.Expr) -> pl.Expr:
    """Latin text without diacritics, as a column."""
    plain = text.str.replace_many(["đ", "Đ", "ß", "ı", "ł", "Ł"], ["dj", "Dj", "ss", "i", "l", "L"])
    return plain.str.normalize("NFD").str.replace_all(r"[\u0300-\u036f]", "")


@dataclass(frozen=True, slots=True)
class _Choices:
    """One list of texts per country, flat: where it begins and how long it is."""

    first: Ints
    how_many: Ints
    texts: pl.Series

    def at(self, country: Ints, numbers: Ids) -> Ints:
        """Position of one text for each number."""
        return self.first[country] + (numbers % self.how_many[country].astype(np.uint64)).astype(np.int64)

    def pick(self, country: Ints, numbers: Ids) -> pl.Series:
        """One text for each number."""
        return self.texts.gather(self.at(country, numbers))


def _choices(lists: list[list[str]]) -> _Choices:
    how_many = np.array([len(texts) for texts in lists], np.int64)
    return _Choices(np.cumsum(how_many) - how_many, how_many, pl.Series([t for texts in lists for t in texts]))


@cache
def _tables() -> dict[str, _Choices]:
    """All lists of people.yml by country."""
    data = people()
    groups = [data["groups"][data["countries"][code]["group"]] for code in countries()]

    def each(name: str, split: str | None) -> list[list[str]]:
        return [g[name] if isinstance(g[name], list) else g[name].split(split) for g in groups]

    def halves(lists: list[list[str]], latin: bool) -> list[list[str]]:
        return [[t.split("=")[-1 if latin else 0] for t in texts] for texts in lists]

    first, last = each("first", None), each("last", None)
    places = [data["countries"][code]["cities"].split("|") for code in countries()]
    phones = [data["countries"][code]["phones"] for code in countries()]
    lists: dict[str, list[list[str]]] = {
        "first": halves(first, False),
        "last": halves(last, False),
        "first_latin": [[without_marks(t).lower() for t in texts] for texts in halves(first, True)],
        "last_latin": [[without_marks(t).lower() for t in texts] for texts in halves(last, True)],
        "streets": each("streets", "|"),
        "stems": each("stems", "|"),
        "trades": each("trades", "|"),
        "suffixes": each("suffixes", "|"),
        "city": [[p.split(":")[0] for p in texts] for texts in places],
        "postcode": [[p.split(":")[1] for p in texts] for texts in places],
        "region": [[[*p.split(":"), ""][2] for p in texts] for texts in places],
        "phone": [[p.split(":")[0] for p in texts] for texts in phones],
        "digits": [[p.split(":")[1] for p in texts] for texts in phones],
    }
    return {name: _choices(texts) for name, texts in lists.items()}


def identity(country: Ints, firm: Flags, rank: Ids) -> Ids:
    """The number of a party.

    Parameters
    ----------
    country : int64 array (n,)
        Position in `countries`.
    firm : bool array (n,)
        A firm, or a person.
    rank : uint64 array (n,)
        Which of that country's firms or persons; small ranks send and receive most.
    """
    return (country.astype(np.uint64) << COUNTRY_BIT) + np.where(firm, FIRM, np.uint64(0)) + rank


def parties(ids: Ids) -> pl.DataFrame:
    """All that is known of some parties, before anybody leaves a field empty.

    Parameters
    ----------
    ids : uint64 array (n,)
        From `identity`.

    Returns
    -------
    polars.DataFrame
        Fields of a party as in the declaration.
    """
    tables = _tables()
    country = (ids >> COUNTRY_BIT).astype(np.int64)
    firm = (ids & FIRM) != 0
    n = [of_identity(ids, attribute) for attribute in range(14)]
    place = n[3]
    phone_at = tables["phone"].at(country, n[6])
    digits = tables["digits"].texts.gather(phone_at).cast(pl.Int64).to_numpy()
    free = (n[7] % np.power(10, digits).astype(np.uint64)).astype(np.int64)
    columns: dict[str, Any] = {
        "first": tables["first"].pick(country, n[0]),
        "last": tables["last"].pick(country, n[1]),
        "first_latin": tables["first_latin"].pick(country, n[0]),
        "last_latin": tables["last_latin"].pick(country, n[1]),
        "stem": tables["stems"].pick(country, n[0]),
        "trade": tables["trades"].pick(country, n[1]),
        "suffix": tables["suffixes"].pick(country, n[2]),
        "road": tables["streets"].pick(country, n[4]),
        "number": (n[5] % np.uint64(160) + np.uint64(1)).astype(np.int64),
        "city": tables["city"].pick(country, place),
        "postcode": tables["postcode"].pick(country, place),
        "region": tables["region"].pick(country, place),
        "country": pl.Series(countries()).gather(country),
        "prefix": tables["phone"].texts.gather(phone_at),
        "digits": digits,
        "free": free,
        "mailbox": (n[8] % np.uint64(9_000)).astype(np.int64),
        "domain": _DOMAINS.gather((n[9] % np.uint64(len(_DOMAINS))).astype(np.int64)),
        "branch": (n[10] % np.uint64(400)).astype(np.int64),
        "account": (n[11] % np.uint64(9_000_000) + np.uint64(1_000_000)).astype(np.int64),
        "firm": firm,
        "cyrillic": as_share(n[12]) < _cyrillic_share()[country],
    }
    c = pl.col
    person = pl.when(c("country") == "CN").then(c("last") + c("first")).otherwise(c("first") + " " + c("last"))
    trade_name = (
        c("stem")
        + " "
        + c("trade")
        + pl.when(c("branch") < 40).then(pl.lit("")).otherwise(" " + c("branch").cast(pl.String))
    )
    firm_name = trade_name + " " + c("suffix")
    number = c("number").cast(pl.String)
    street = (
        pl.when(c("country").is_in(_NUMBER_FIRST)).then(number + " " + c("road")).otherwise(c("road") + " " + number)
    )
    mailbox = (
        pl.when("firm")
        .then(unmarked(trade_name).str.to_lowercase().str.replace_all(r"[^a-z0-9]+", "."))
        .otherwise(c("first_latin") + "." + c("last_latin") + c("mailbox").cast(pl.String))
    )
    spelled = {
        "name": pl.when("firm").then(firm_name).otherwise(person),
        "street": street,
        "city": c("city"),
    }
    return pl.DataFrame(columns).select(
        **{
            name: pl.when(c("cyrillic") & ~c("firm")).then(_each_word_in_cyrillic(text)).otherwise(text)
            for name, text in spelled.items()
        },
        company=pl.when("firm").then(firm_name),
        kind=pl.when("firm").then(pl.lit("legal")).otherwise(pl.lit("natural")),
        id_number=pl.when("firm").then("SIM" + c("account").cast(pl.String)),
        postcode=c("postcode"),
        region=pl.when(c("region") != "").then("region"),
        country=c("country"),
        phone=c("prefix").str.strip_suffix(" ") + c("free").cast(pl.String).str.pad_start(c("digits"), "0"),
        email=mailbox + "@" + c("domain"),
        account_id="AC-" + c("account").cast(pl.String),
    )


def _each_word_in_cyrillic(text: pl.Expr) -> pl.Expr:
    """Names and streets have no foreign letters, house numbers stay digits."""
    return text.str.replace_many(list(CYRILLIC), list(CYRILLIC.values()), leftmost=True)


@cache
def _cyrillic_share() -> np.ndarray[Any, np.dtype[np.float64]]:
    data = people()["countries"]
    return np.array([float(data[code]["cyrillic"]) for code in countries()])
