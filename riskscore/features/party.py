"""Sender and recipient within one declaration: do their fields hold together?

Nothing here looks at what a name is, in which language or script it is written, or where somebody comes from. Names
are only compared with the words that forms and senders put where no name is; parties are compared by identifiers.
Domains reserved for examples (example.com) are not taken for placeholders: all test and training data live there.
"""

from __future__ import annotations

import operator
import string
from collections.abc import Callable
from functools import reduce

import polars as pl

from riskscore.address_rules import WHOLE, compact, digits_abroad
from riskscore.business_numbers import unsound
from riskscore.features.registry import feature
from riskscore.features.tables import TradeTables
from riskscore.keys import fold_key_expr

col = pl.col
_ROLES = ("sender", "recipient")
_END = {"sender": "route.origin_country", "recipient": "route.destination_country"}
_SHORTEST_PHONE = 7


def _of_both(*fields: str) -> tuple[str, ...]:
    return tuple(f"{role}.{field}" for role in _ROLES for field in fields)


_ENTRIES = _of_both("name", "company", "street", "city")
_STOP, _PLACEHOLDER = 1, 2


# "xxx", "000": one character over and over.
_REPEATED = f"^(?:{'|'.join(f'{c}{{3,}}' for c in string.ascii_lowercase + string.digits)})$"


def _by_value(column: pl.Expr, answer: Callable[[pl.Expr], pl.Expr], dtype: pl.DataType) -> pl.Expr:
    """Ask about the folded form of each different value once: names, streets and towns come back again and again."""

    def look_up(values: pl.Series) -> pl.Series:
        distinct = values.drop_nulls().unique()
        folded = distinct.to_frame("text").select(fold_key_expr(col("text")))
        found = folded.select(answer(col("text"))).to_series()
        return values.replace_strict(distinct, found, default=None, return_dtype=dtype)

    return column.map_batches(look_up, return_dtype=dtype, is_elementwise=True)


def _folded(column: pl.Expr) -> pl.Expr:
    return _by_value(column, lambda text: text, pl.String())


def _is_among(column: pl.Expr, words: frozenset[str]) -> pl.Expr:
    listed = sorted(words)
    return _by_value(column, lambda text: text.is_in(listed), pl.Boolean())


@feature("parcel", direction=0, reads=_ENTRIES)
def lone_words(trade: TradeTables) -> pl.Expr:
    """What stands alone in a name, company, street or city: 1 a word that names nobody, 2 a pattern, 3 both, else 0."""
    stop, placeholder = (sorted(trade.addresses.whole[meaning]) for meaning in WHOLE)

    def kind(text: pl.Expr) -> pl.Expr:
        # Dashes and dots fold to nothing.
        stops = text.is_in(stop) | (text == "") | text.str.contains(_REPEATED)
        return stops.cast(pl.Int64) * _STOP + text.is_in(placeholder).cast(pl.Int64) * _PLACEHOLDER

    # Each entry is asked once: an expression that stands twice would be computed twice.
    kinds = [_by_value(col(entry), kind, pl.Int64()).fill_null(0) for entry in _ENTRIES]
    stated = pl.any_horizontal([col(entry).is_not_null() for entry in _ENTRIES])
    return reduce(operator.or_, kinds, pl.when(stated).then(pl.lit(0, pl.Int64)))


def _both_named() -> pl.Expr:
    return pl.all_horizontal([col(f"{r}.name").is_not_null() | col(f"{r}.company").is_not_null() for r in _ROLES])


def _holds(found: pl.Expr) -> pl.Expr:
    """True where it is found, false where it is not and both parties are named, else unknown."""
    return found.fill_null(False) | pl.when(_both_named()).then(False)


@feature("parcel", direction=1, sort="flag", reads=("lone_words", *_of_both("name", "company")))
def party_stop_word(_: TradeTables) -> pl.Expr:
    """A name, company, street or city is only a word that names nobody and no place ("unknown", "same as above")."""
    return _holds((col("lone_words") & _STOP) != 0)


@feature("parcel", direction=1, sort="flag", reads=("lone_words", *_of_both("name", "company", "email")))
def party_placeholder(trade: TradeTables) -> pl.Expr:
    """A name, company, street, city or e-mail is a pattern of the form or a row of keys ("name surname", "asdf")."""
    empty = trade.addresses.whole["placeholder"] | trade.addresses.whole["stop"]

    def is_empty_mail(email: str) -> pl.Expr:
        domain = _is_among(col(email).str.extract(r"@([^@.]+)\."), empty)
        return domain & _is_among(col(email).str.extract(r"^([^@]+)@"), empty)

    mails = [is_empty_mail(email).fill_null(False) for email in _of_both("email")]
    return _holds(pl.any_horizontal([((col("lone_words") & _PLACEHOLDER) != 0).fill_null(False), *mails]))


@feature("parcel", direction=1, sort="flag", reads=_of_both("country", "postcode", "city"))
def postcode_conflict(trade: TradeTables) -> pl.Expr:
    """A postcode has not the form of its country, or belongs to another part of the country than its town."""
    rules = trade.addresses

    def conflict(role: str) -> pl.Expr:
        country, code = col(f"{role}.country"), compact(col(f"{role}.postcode"))
        town = pl.concat_str(country, pl.lit("|"), _folded(col(f"{role}.city")))
        formed = pl.concat_str(country, pl.lit("|"), code).str.contains(rules.postcode)
        there = pl.concat_str(town, pl.lit("|"), code).str.contains(rules.town_postcode)
        elsewhere = (town.is_in(list(rules.towns)) & ~there).fill_null(False)
        return pl.when(country.is_in(rules.countries)).then(~formed | elsewhere)

    return pl.any_horizontal([conflict(role) for role in _ROLES])


@feature("parcel", direction=0, sort="text", reads=("recipient.street", "recipient.company"))
def delivery_place(trade: TradeTables) -> pl.Expr:
    """Where the recipient takes it: po_box, locker, forwarder, or street."""
    street, company = col("recipient.street"), col("recipient.company")
    within = trade.addresses.within

    def place(text: pl.Expr) -> pl.Expr:
        return pl.coalesce(pl.when(text.str.contains(words)).then(pl.lit(meaning)) for meaning, words in within.items())

    said = pl.concat_str(street, company, separator=" ", ignore_nulls=True)
    return pl.coalesce(_by_value(said, place, pl.String()), pl.when(street.is_not_null()).then(pl.lit("street")))


@feature("parcel", direction=1, sort="flag", reads=(*_of_both("phone", "country"), *_END.values()))
def contact_conflict(trade: TradeTables) -> pl.Expr:
    """Telephone, address and end of the route of one party name three different countries."""
    rules = trade.addresses

    def conflict(role: str) -> pl.Expr:
        calling = digits_abroad(col(f"{role}.phone")).str.extract(rules.calling_code)

        def belongs(country: str) -> pl.Expr:
            known = col(country).is_in(sorted(rules.called))
            return pl.when(known).then(pl.concat_str(col(country), pl.lit("|"), calling).is_in(sorted(rules.calls)))

        country, end = f"{role}.country", _END[role]
        return ~belongs(country) & ~belongs(end) & (col(country) != col(end))

    return pl.any_horizontal([conflict(role) for role in _ROLES])


@feature("parcel", direction=0, sort="flag", reads=("sender.country", "sender.postcode", "route.posting_office"))
def posted_far_away(trade: TradeTables) -> pl.Expr:
    """The town of posting lies in another postal region than the sender's postcode."""
    office = pl.concat_str(col("sender.country"), pl.lit("|"), _folded(col("route.posting_office")))
    region = office.replace_strict(trade.addresses.towns, default=None, return_dtype=pl.String)
    code = compact(col("sender.postcode")).str.strip_chars_start("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    # Codes of six digits count by another rule than towns do.
    return pl.when(code.str.len_bytes() <= 5).then(code.str.slice(0, 1) != region)


@feature("parcel", direction=1, sort="flag", reads=_of_both("id_number", "country"))
def business_number_unsound(_: TradeTables) -> pl.Expr:
    """A VAT, IOSS or tax number of sender or recipient breaks its own form or check digit."""
    return pl.any_horizontal([unsound(col(f"{role}.id_number"), col(f"{role}.country")) for role in _ROLES])


_IDENTIFIERS = ("account_id", "id_number", "email", "phone", "street", "postcode", "city", "country")


@feature("parcel", direction=0, sort="flag", reads=_of_both(*_IDENTIFIERS))
def sent_to_oneself(_: TradeTables) -> pl.Expr:
    """Sender and recipient share an account, a number, an e-mail, a telephone or an address."""

    here = col("sender.country") == col("recipient.country")  # addresses of two countries need no comparing

    def keys(role: str) -> list[pl.Expr]:
        said = {field: col(f"{role}.{field}") for field in _IDENTIFIERS}
        digits = said["phone"].str.replace_all("[^0-9]", "").str.strip_chars_start("0")
        street = _folded(pl.when(here).then(said["street"]))
        place = pl.coalesce(compact(pl.when(here).then(said["postcode"])), _folded(pl.when(here).then(said["city"])))
        return [
            said["account_id"].str.strip_chars(),
            said["id_number"].str.to_uppercase().str.replace_all("[^0-9A-Z]", ""),
            said["email"].str.strip_chars().str.to_lowercase(),
            pl.when(digits.str.len_bytes() >= _SHORTEST_PHONE).then(digits),
            pl.concat_str(street.replace("", None), place, separator="|"),
        ]

    same = [a == b for a, b in zip(keys("sender"), keys("recipient"), strict=True)]
    # The largest of what is known: one that agrees, else one that differs, else nothing.
    return pl.max_horizontal([one.cast(pl.Int8) for one in [*same, pl.when(~here).then(False)]]) == 1


@feature("parcel", direction=0, sort="flag", reads=tuple(_END.values()))
def crosses_border(_: TradeTables) -> pl.Expr:
    """Dispatch and destination are in different countries."""
    return col("route.origin_country") != col("route.destination_country")
