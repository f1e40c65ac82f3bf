"""How addresses are written: postcodes and calling codes by country, and words that stand where a party should.

Two tables of the SOP desk, ``postcodes.csv`` and ``party_words.csv``, made ready to look up in columns. What they do
not know stays unknown: a country without a row, a town without a row, a number that is written without its country.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from riskscore.keys import fold_key
from riskscore.table_files import DAY, Table, read_tables

MEANINGS = ("stop", "placeholder", "po_box", "locker", "forwarder")
WHOLE = ("stop", "placeholder")  # these count only where they are the whole entry
_NUMBER = "#"  # at the end of a word of the table: a number follows
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


@dataclass(frozen=True, slots=True, eq=False)
class AddressRules:
    """What the two tables say, ready for columns.

    Parameters
    ----------
    countries : tuple of str
        Countries whose postcodes are known.
    postcode : str
        Pattern for ``COUNTRY|POSTCODE`` (`compact`): it matches what has the form of its country.
    towns : dict of str to str
        ``COUNTRY|folded town`` → first digit of its postcodes.
    town_postcode : str
        Pattern for ``COUNTRY|folded town|POSTCODE``.
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

    countries: tuple[str, ...]
    postcode: str
    towns: dict[str, str]
    town_postcode: str
    calling_code: str
    calls: frozenset[str]
    called: frozenset[str]
    whole: dict[str, frozenset[str]]
    within: dict[str, str]


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
        tuple(countries["country"]),
        _one_of(rf"{c}\|{_PREFIX}(?:{form})" for c, form in countries.select("country", "form").iter_rows()),
        dict(zip(town_keys, towns["form"].str.slice(0, 1), strict=True)),
        _one_of(rf"{re.escape(key)}\|{_PREFIX}(?:{form})" for key, form in zip(town_keys, towns["form"], strict=True)),
        f"^({'|'.join(sorted({code for _, code in calls}, key=len, reverse=True))})",
        frozenset(f"{country}|{code}" for country, code in calls),
        frozenset(country for country, _ in calls),
        {m: frozenset(map(fold_key, by_meaning[m])) for m in WHOLE},
        {m: _inside(by_meaning[m]) for m in MEANINGS if m not in WHOLE},
    )


def _one_of(patterns: Iterable[str]) -> str:
    return f"^(?:{'|'.join(patterns)})$"


def _inside(words: list[str]) -> str:
    """Pattern that finds any of the words, as whole words, in a folded text."""
    forms = {fold_key(word) + (r" ?(?:no |nr |br )?[0-9]+" if word.endswith(_NUMBER) else "") for word in words}
    return rf"(?:^| )(?:{'|'.join(sorted(forms, key=lambda form: (-len(form), form)))})(?: |[0-9]|$)"
