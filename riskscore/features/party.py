"""Sender and recipient within one declaration: do their fields hold together?

Nothing here looks at what a name is, in which language or script it is written, or where somebody comes from. Names
are only compared with the words that forms and senders put where no name is; parties are compared by identifiers.
Domains reserved for examples (example.com) are not taken for placeholders: all test and training data live there.
"""

from __future__ import annotations

import math
import string
from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
import pyarrow as pa

from riskscore.address_rules import WHOLE, compact, digits_abroad
from riskscore.business_numbers import unsound
from riskscore.features.columns import (
    FEW,
    begins_with_word,
    by_text,
    different,
    flags,
    fold_texts,
    folded,
    heads,
    is_among,
    may_begin_alike,
    numbered,
    only_where,
    states,
)
from riskscore.features.registry import feature
from riskscore.features.tables import TradeTables
from riskscore.features.word_starts import WordStarts
from riskscore.known import UNKNOWN

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


def _by_three(
    columns: Sequence[pl.Expr], answer: Callable[[str | None, str | None, str | None], bool | None]
) -> pl.Expr:
    """A flag asked once for each different triple of texts; unknown where the first or second is."""

    def look_up(values: Sequence[pl.Series]) -> pl.Series:
        asked = (values[0].is_not_null() & values[1].is_not_null()).to_numpy()
        known = np.full(len(asked), UNKNOWN, np.int8)
        if not asked.any():
            return flags("", known)
        rows = np.flatnonzero(asked)
        values = [column.gather(rows) for column in values]
        numbers, texts = zip(*(numbered(column) for column in values), strict=True)
        sizes = [len(distinct) + 1 for distinct in texts]
        keys = (numbers[0] * sizes[1] + numbers[1]) * sizes[2] + numbers[2]
        found, place = different(keys, math.prod(sizes))
        first, second, third = ([*distinct.to_list(), None] for distinct in texts)
        answers = [
            answer(first[key // (sizes[1] * sizes[2])], second[key // sizes[2] % sizes[1]], third[key % sizes[2]])
            for key in found.tolist()
        ]
        known[rows] = np.array([UNKNOWN if a is None else a for a in answers], np.int8)[place]
        return flags("", known)

    return pl.map_batches(columns, look_up, return_dtype=pl.Boolean, is_elementwise=True)


@feature("parcel", direction=0, reads=_ENTRIES)
def lone_words(trade: TradeTables) -> pl.Expr:
    """What stands alone in a name, company, street or city: 1 a word that names nobody, 2 a pattern, 3 both, else 0."""
    rules = trade.addresses
    stop, placeholder = (sorted(rules.whole[meaning]) for meaning in WHOLE)
    words = WordStarts.of(rules.whole["stop"] | rules.whole["placeholder"])

    def kind(texts: pl.Series) -> pl.Series:
        text = fold_texts(texts)
        # Dashes and dots fold to nothing.
        stops = text.is_in(stop) | (text == "") | text.str.contains(_REPEATED)
        return stops.cast(pl.Int64) * _STOP + text.is_in(placeholder).cast(pl.Int64) * _PLACEHOLDER

    def look_up(entries: Sequence[pl.Series]) -> pl.Series:
        kinds = np.zeros(len(entries[0]), np.int64)
        any_stated = np.zeros(len(entries[0]), np.bool_)
        rows, texts = [], []
        for values in entries:
            candidates = words.candidates(values)
            any_stated |= values.is_not_null().to_numpy()
            rows.append(candidates)
            texts.append(values.gather(candidates))
        numbers, distinct = numbered(pl.concat(texts))
        if len(distinct):
            found = np.append(kind(distinct).to_numpy(), 0)[numbers]
            np.bitwise_or.at(kinds, np.concatenate(rows), found)
        return pl.Series(pa.array(kinds, mask=~any_stated))

    return pl.map_batches([col(entry) for entry in _ENTRIES], look_up, return_dtype=pl.Int64, is_elementwise=True)


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
    starts = WordStarts.of(empty, end="@")

    def is_empty_mail(email: str) -> pl.Expr:
        domain = is_among(col(email).str.extract(r"@([^@.]+)\."), empty)
        mailbox = is_among(col(email).str.extract(r"^([^@]+)@"), empty)
        candidate = col(email).map_batches(starts.may_be, return_dtype=pl.Boolean, is_elementwise=True)
        return only_where(candidate, (email,), domain & mailbox, pl.Boolean)

    mails = [is_empty_mail(email).fill_null(False) for email in _of_both("email")]
    return _holds(pl.any_horizontal([((col("lone_words") & _PLACEHOLDER) != 0).fill_null(False), *mails]))


@feature("parcel", direction=1, sort="flag", reads=_of_both("country", "postcode", "city"))
def postcode_conflict(trade: TradeTables) -> pl.Expr:
    """A postcode has not the form of its country, or belongs to another part of the country than its town."""
    conflict = trade.addresses.postcode_conflict
    return pl.any_horizontal(
        [_by_three([col(f"{role}.{part}") for part in ("country", "postcode", "city")], conflict) for role in _ROLES]
    )


@feature("parcel", direction=0, sort="text", reads=("recipient.street", "recipient.company"))
def delivery_place(trade: TradeTables) -> pl.Expr:
    """Where the recipient takes it: po_box, locker, forwarder, or street."""
    street, company = col("recipient.street"), col("recipient.company")
    within = trade.addresses.within

    def place(texts: pl.Series) -> pl.Series:
        keys = fold_texts(texts)
        if len(keys) <= FEW:
            return pl.Series([trade.addresses.place_within(text) for text in keys.to_list()], dtype=pl.String)
        meanings = [pl.when(col("text").str.contains(words)).then(pl.lit(name)) for name, words in within.items()]
        return keys.to_frame("text").select(pl.coalesce(meanings)).to_series()

    said = pl.concat_str(street, company, separator=" ", ignore_nulls=True)
    return pl.coalesce(by_text(said, place, pl.String()), pl.when(street.is_not_null()).then(pl.lit("street")))


@feature("parcel", direction=1, sort="flag", reads=(*_of_both("phone", "country"), *_END.values()))
def contact_conflict(trade: TradeTables) -> pl.Expr:
    """Telephone, address and end of the route of one party name three different countries."""
    rules = trade.addresses

    def conflict(role: str) -> pl.Expr:
        phone, country, end = f"{role}.phone", f"{role}.country", _END[role]
        calling = digits_abroad(col(phone)).str.extract(rules.calling_code)

        def belongs(country: str) -> pl.Expr:
            known = col(country).is_in(sorted(rules.called))
            return pl.when(known).then(pl.concat_str(col(country), pl.lit("|"), calling).is_in(sorted(rules.calls)))

        # A party who lives at its end of the route is in no conflict, whatever the telephone says.
        at_end = col(country) == col(end)
        three = ~belongs(country) & ~belongs(end) & ~at_end
        asked = col(phone).is_not_null() & ~at_end.fill_null(False)
        return pl.when(at_end).then(False).otherwise(only_where(asked, (phone, country, end), three, pl.Boolean))

    return pl.any_horizontal([conflict(role) for role in _ROLES])


@feature("parcel", direction=0, sort="flag", reads=("sender.country", "sender.postcode", "route.posting_office"))
def posted_far_away(trade: TradeTables) -> pl.Expr:
    """The town of posting lies in another postal region than the sender's postcode."""
    return _by_three(
        [col("sender.postcode"), col("route.posting_office"), col("sender.country")], trade.addresses.posted_far_away
    )


@feature("parcel", direction=1, sort="flag", reads=_of_both("id_number", "country"))
def business_number_unsound(_: TradeTables) -> pl.Expr:
    """A VAT, IOSS or tax number of sender or recipient breaks its own form or check digit."""

    def judged(role: str) -> pl.Expr:
        number, country = f"{role}.id_number", f"{role}.country"
        answer = unsound(col(number), col(country))
        return only_where(col(number).is_not_null(), (number, country), answer, pl.Boolean)

    return pl.any_horizontal([judged(role) for role in _ROLES])


_IDENTIFIERS = ("account_id", "id_number", "email", "phone", "street", "postcode", "city", "country")


def _same_party() -> pl.Expr:
    """True where an identifier agrees, false where one is known on both sides and none agrees, else unknown."""
    here = col("sender.country") == col("recipient.country")  # addresses of two countries need no comparing

    def keys(role: str) -> list[pl.Expr]:
        said = {field: col(f"{role}.{field}") for field in _IDENTIFIERS}
        digits = said["phone"].str.replace_all("[^0-9]", "").str.strip_chars_start("0")
        street = folded(pl.when(here).then(said["street"]))
        place = pl.coalesce(compact(pl.when(here).then(said["postcode"])), folded(pl.when(here).then(said["city"])))
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


def _may_be_one(columns: Sequence[pl.Series]) -> pl.Series:
    """Rows that `_same_party` must be asked about; in all others something is known on both sides and nothing agrees.

    Most pairs differ in the first bytes of an e-mail or street, or in the last two digits of a telephone.
    """
    values = dict(zip(_of_both(*_IDENTIFIERS), columns, strict=True))
    sides = {field: (values[f"sender.{field}"], values[f"recipient.{field}"]) for field in _IDENTIFIERS}
    both = {field: (a.is_not_null() & b.is_not_null()).to_numpy() for field, (a, b) in sides.items()}
    here = both["country"] & (sides["country"][0] == sides["country"][1]).fill_null(False).to_numpy()
    mail = both["email"].copy()
    mail[mail] = may_begin_alike(*(heads(side)[mail] for side in sides["email"]))
    address = here & both["street"]
    streets = [heads(side)[address] for side in sides["street"]]
    located = address & both["city"]
    located[address] &= begins_with_word(streets[0]) & begins_with_word(streets[1])
    address[address] = may_begin_alike(*streets)
    known = (both["country"] & ~here) | both["account_id"] | both["id_number"] | both["email"] | located
    phone = both["phone"].copy()
    rows = np.flatnonzero(phone)
    ends = [side.gather(rows).str.tail(2) for side in sides["phone"]]
    digits = ends[0].str.contains("^[0-9]{2}$") & ends[1].str.contains("^[0-9]{2}$")
    phone[rows] = ~(digits & (ends[0] != ends[1])).to_numpy()
    return pl.Series(mail | address | phone | both["account_id"] | both["id_number"] | ~known)


@feature("parcel", direction=0, sort="flag", reads=_of_both(*_IDENTIFIERS))
def sent_to_oneself(_: TradeTables) -> pl.Expr:
    """Sender and recipient share an account, a number, an e-mail, a telephone or an address."""
    reads = _of_both(*_IDENTIFIERS)

    def look_up(columns: Sequence[pl.Series]) -> pl.Series:
        chosen = _may_be_one(columns).to_numpy()
        answers = np.zeros(len(chosen), np.int8)
        if chosen.any():
            rows = np.flatnonzero(chosen)
            frame = pl.DataFrame([c.gather(rows).alias(name) for name, c in zip(reads, columns, strict=True)])
            answers[rows] = states(frame.select(_same_party()).to_series())
        return flags("", answers)

    return pl.map_batches([col(name) for name in reads], look_up, return_dtype=pl.Boolean, is_elementwise=True)


@feature("parcel", direction=0, sort="flag", reads=tuple(_END.values()))
def crosses_border(_: TradeTables) -> pl.Expr:
    """Dispatch and destination are in different countries."""
    return col("route.origin_country") != col("route.destination_country")
