"""How addresses are written: postcodes and calling codes by country, and words that stand where a party should.

Two tables of the SOP desk, ``postcodes.csv`` and ``party_words.csv``, made ready to look up in columns. What they do
not know stays unknown: a country without a row, a town without a row, a number that is written without its country.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import polars as pl

from riskscore.keys import fold_key
from riskscore.table_files import DAY, Table, read_tables

MEANINGS = ("stop", "placeholder", "po_box", "locker", "forwarder")
WHOLE = ("stop", "placeholder")  # these count only where they are the whole entry
_NUMBER = "#"  # at the end of a word of the table: a number follows
_DIGIT, _NO_CODE = re.compile("[0-9]"), re.compile("[^0-9A-Z]+")
_KEPT = 1 << 14  # postcodes and towns whose reading is remembered
_TOWN_CODE = 5  # digits at most of a postcode whose first one is that of a town's region
_PREFIX = "[A-Z]{0,3}"  # D-10115, SI-1000: the sign of the country in front

TABLES: dict[str, Table] = {
    "postcodes": Table(
        ("country", "city", "form", "calling_codes", "source", "date", "confidence", "note"),
        ("country", "city"),
        {"confidence": ("high", "medium", "low")},
        {"country": "[A-Z]{2}", "calling_codes": r"[1-9]\d{0,2}(?:\|[1-9]\d{0,2})*", "date": DAY},
        optional=("city", "calling_codes", "note"),
    ),
    "party_words": Table(
        ("word", "meaning", "language", "source", "date"),
        ("word", "meaning"),
        {"meaning": MEANINGS},
        {"language": "[a-z]{2}|any", "date": DAY},
    ),
}


@dataclass(frozen=True, eq=False)
class AddressRules:
    """What the two tables say, ready for columns.

    Parameters
    ----------
    postcode : dict of str to str
        Country whose postcodes are known → pattern that a whole postcode (`compact`) matches.
    towns : dict of str to str
        ``COUNTRY|folded town`` → first digit of its postcodes.
    town_postcode : dict of str to str
        ``COUNTRY|folded town`` → pattern that a whole postcode of the town matches.
    calling_code : str
        Pattern for a number in international form; its group is the calling code.
    calls : frozenset of str
        ``COUNTRY|calling code`` of every country whose codes are known.
    called : frozenset of str
        Those countries.
    whole : dict of str to frozenset of str
        Meaning, stop or placeholder → folded words that count as a whole entry.
    within : dict of str to str
        Meaning, po_box, locker or forwarder → pattern that finds its words in a folded address.
    """

    postcode: dict[str, str]
    towns: dict[str, str]
    town_postcode: dict[str, str]
    calling_code: str
    calls: frozenset[str]
    called: frozenset[str]
    whole: dict[str, frozenset[str]]
    within: dict[str, str]

    def postcode_conflict(self, country: str | None, postcode: str | None, town: str | None) -> bool | None:
        """Has a postcode not the form of its country, or does it belong elsewhere than its town? None if unknown."""
        code = None if postcode is None else _compact(postcode)
        if code is None or country is None or country not in self.postcode:
            return None
        if not _pattern(self.postcode[country]).fullmatch(code):
            return True
        there = None if town is None else self.town_postcode.get(f"{country}|{_town_key(town)}")
        return there is not None and not _pattern(there).fullmatch(code)

    def posted_far_away(self, postcode: str | None, office: str | None, country: str | None) -> bool | None:
        """Does a town lie in another postal region than a postcode of its country? None if unknown."""
        code = None if postcode is None else _compact(postcode)
        if code is None or country is None or office is None:
            return None
        number = code.lstrip(string.ascii_uppercase)
        region = self.towns.get(f"{country}|{_town_key(office)}")
        # Codes of six digits count by another rule than towns do.
        return None if region is None or len(number) > _TOWN_CODE else number[:1] != region

    def place_within(self, address: str) -> str | None:
        """Meaning of the first kind of words of `within` that a folded address holds."""
        return next((meaning for meaning, words in self.within.items() if _pattern(words).search(address)), None)


def load_address_rules(sops: Path) -> tuple[AddressRules | None, list[str]]:
    """Read and check the two tables of a sops folder.

    Parameters
    ----------
    sops : pathlib.Path
        Folder that holds ``tables/``.

    Returns
    -------
    rules : AddressRules or None
        None when something does not hold.
    faults : list of str
        Every fault: file, row (the header is line 1) and what is wrong.
    """
    frames, faults = read_tables(sops, TABLES)
    if not faults:
        faults += [f"tables/postcodes.csv: {fault}" for fault in _postcode_faults(frames["postcodes"])]
        faults += [f"tables/party_words.csv: {fault}" for fault in _word_faults(frames["party_words"])]
    return (None, faults) if faults else (_rules(frames["postcodes"], frames["party_words"]), [])


def compact(postcode: pl.Expr) -> pl.Expr:
    """Postcodes in capitals and digits only; null where no digit is in them ("none" is no postcode)."""
    return pl.when(postcode.str.contains("[0-9]")).then(postcode.str.to_uppercase().str.replace_all("[^0-9A-Z]+", ""))


@lru_cache(_KEPT)
def _compact(postcode: str) -> str | None:
    """`compact` for one text."""
    return _NO_CODE.sub("", postcode.upper()) if _DIGIT.search(postcode) else None


_town_key = lru_cache(_KEPT)(fold_key)


@cache
def _pattern(form: str) -> re.Pattern[str]:
    return re.compile(form)


def digits_abroad(phone: pl.Expr) -> pl.Expr:
    """Digits of a telephone number in international form (+49, 0049) from the calling code on; else null."""
    typed = phone.str.replace_all(r"[^0-9+]+", "")
    return typed.str.extract(r"^(?:\+|00)([1-9][0-9]{6,14})$")


def _postcode_faults(table: pl.DataFrame) -> Iterator[str]:
    whole = set(table.filter(pl.col("city").is_null())["country"])
    towns: set[str] = set()
    for line, row in enumerate(table.iter_rows(named=True), start=2):
        try:
            pl.select(pl.lit("").str.contains(f"^(?:{row['form']})$"))
        except pl.exceptions.PolarsError:
            yield f"line {line}: form is no regular expression"
        if row["city"] is None:
            if row["calling_codes"] is None:
                yield f"line {line}: calling_codes is empty"
            continue
        if row["country"] not in whole:
            yield f"line {line}: {row['country']} has a town but no row of its own"
        if not row["form"][:1].isdigit():
            yield f"line {line}: the form of a town begins with its first digit"
        key = f"{row['country']}|{fold_key(row['city'])}"
        if key in towns:
            yield f"line {line}: {row['city']} stands there twice"
        towns.add(key)


def _word_faults(table: pl.DataFrame) -> Iterator[str]:
    meaning_of: dict[str, str] = {}
    for line, (word, meaning) in enumerate(table.select("word", "meaning").iter_rows(), start=2):
        folded, number = fold_key(word), word.endswith(_NUMBER)
        if not folded:
            yield f"line {line}: {word!r} has neither letter nor digit"
        elif number and meaning in WHOLE:
            yield f"line {line}: {word!r}: a number can follow only a word inside an address"
        elif meaning_of.setdefault(f"{folded}{number}", meaning) != meaning:
            yield f"line {line}: {word!r} means {meaning} here and {meaning_of[f'{folded}{number}']} above"


def _rules(postcodes: pl.DataFrame, words: pl.DataFrame) -> AddressRules:
    countries = postcodes.filter(pl.col("city").is_null())
    towns = postcodes.filter(pl.col("city").is_not_null())
    calls = {
        (country, code)
        for country, codes in countries.select("country", "calling_codes").iter_rows()
        for code in codes.split("|")
    }
    town_keys = [f"{country}|{fold_key(city)}" for country, city in towns.select("country", "city").iter_rows()]
    by_meaning = {m: words.filter(pl.col("meaning") == m)["word"].to_list() for m in MEANINGS}
    return AddressRules(
        {c: f"{_PREFIX}(?:{form})" for c, form in countries.select("country", "form").iter_rows()},
        dict(zip(town_keys, towns["form"].str.slice(0, 1), strict=True)),
        {key: f"{_PREFIX}(?:{form})" for key, form in zip(town_keys, towns["form"], strict=True)},
        f"^({'|'.join(sorted({code for _, code in calls}, key=len, reverse=True))})",
        frozenset(f"{country}|{code}" for country, code in calls),
        frozenset(country for country, _ in calls),
        {m: frozenset(map(fold_key, by_meaning[m])) for m in WHOLE},
        {m: _inside(by_meaning[m]) for m in MEANINGS if m not in WHOLE},
    )


def _inside(words: list[str]) -> str:
    """Pattern that finds any of the words, as whole words, in a folded text."""
    forms = {fold_key(word) + (r" ?(?:no |nr |br )?[0-9]+" if word.endswith(_NUMBER) else "") for word in words}
    return rf"(?:^| )(?:{'|'.join(sorted(forms, key=lambda form: (-len(form), form)))})(?: |[0-9]|$)"
