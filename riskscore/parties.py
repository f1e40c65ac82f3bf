"""How a party was understood: phone, e-mail, postcode, and the keys by which the same party is met again.

Not on the way of scoring: phone numbers are read one by one in Python, though each distinct one only once. `riskscore
explain` and the building of history use it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

import phonenumbers
import polars as pl

from riskscore.keys import fold_key_expr

Role = Literal["sender", "recipient", "payer"]

# One @, a domain with a dot, labels that neither begin nor end with a hyphen; what may stand before the @ is free.
_EMAIL = re.compile(r"[^\s@<>,;:\"()\[\]\\]+@(?:[^\W_](?:[\w-]*[^\W_])?\.)+[^\W\d_](?:[\w-]*[^\W_])")
_MAX_EMAIL = 254


def phones(numbers: pl.Series, countries: pl.Series) -> pl.Series:
    """Telephone numbers as E.164 (``+38761123456``); null for what cannot be a number there.

    Parameters
    ----------
    numbers : polars.Series
        As declared, String.
    countries : polars.Series
        ISO 3166-1 alpha-2 or XK, same length: where a number written without a country prefix belongs; null if
        unknown.
    """
    pairs = pl.DataFrame([numbers.alias("number"), countries.alias("country")])
    distinct = pairs.unique(maintain_order=True)
    read = pl.Series("e164", [_e164(number, country) for number, country in distinct.iter_rows()], dtype=pl.String)
    found = pairs.join(
        distinct.with_columns(read), on=pairs.columns, how="left", nulls_equal=True, maintain_order="left"
    )
    return found["e164"].alias(numbers.name)


def emails(addresses: pl.Series) -> pl.Series:
    """E-mail addresses trimmed, with the domain in small letters; null for what is no address.

    Parameters
    ----------
    addresses : polars.Series
        As declared, String.
    """
    return _by_distinct_value(addresses, _email)


def postcodes(codes: pl.Series) -> pl.Series:
    """Postcodes in capitals without blanks; null stays null, and so becomes a blank one.

    Parameters
    ----------
    codes : polars.Series
        As declared, String.
    """
    return codes.to_frame().select(_stated(pl.all().str.to_uppercase().str.replace_all(r"\s+", ""))).to_series()


def party_keys(parcels: pl.DataFrame, role: Role) -> pl.DataFrame:
    """The keys by which a party of each parcel is met again; parties that share one are linked.

    Parameters
    ----------
    parcels : polars.DataFrame
        Parcels table (n rows) with the columns of the role.
    role : str
        ``sender``, ``recipient`` or ``payer``.

    Returns
    -------
    polars.DataFrame
        n rows, String, null where the declaration does not say enough: ``name`` (folded name, or company where no name
        is given, with the postcode), ``phone`` (E.164), ``email`` (small letters), ``address`` (folded street with the
        postcode, else the folded city) and ``account`` (as the courier writes it; it means nothing beside another
        courier).
    """

    def said(field: str) -> pl.Series:
        return parcels[f"{role}.{field}"]

    folded = parcels.select(
        name=_stated(
            pl.coalesce(*(_stated(fold_key_expr(pl.col(f"{role}.{field}"))) for field in ("name", "company")))
        ),
        street=_stated(fold_key_expr(pl.col(f"{role}.street"))),
        city=_stated(fold_key_expr(pl.col(f"{role}.city"))),
        postcode=postcodes(said("postcode")),
        account=_stated(pl.col(f"{role}.account_id").str.strip_chars()),
        phone=phones(said("phone"), said("country")),
        email=emails(said("email")).str.to_lowercase(),
    )
    return folded.select(
        name=pl.concat_str("name", "postcode", separator="|"),
        phone="phone",
        email="email",
        address=pl.concat_str("street", pl.coalesce("postcode", "city"), separator="|"),
        account="account",
    )


def _stated(text: pl.Expr) -> pl.Expr:
    return pl.when(text.str.len_bytes() > 0).then(text)


def _by_distinct_value(values: pl.Series, function: Callable[[str], str | None]) -> pl.Series:
    distinct = values.drop_nulls().unique()
    read = pl.Series([function(value) for value in distinct], dtype=pl.String)
    return values.replace_strict(distinct, read, default=None, return_dtype=pl.String)


def _e164(number: str | None, country: str | None) -> str | None:
    if number is None:
        return None
    digits = number.strip()
    if digits.startswith("00"):
        digits = f"+{digits[2:]}"  # the prefix for abroad, nearly everywhere; without a country it could not be read
    try:
        read = phonenumbers.parse(digits, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(read):
        return None
    return phonenumbers.format_number(read, phonenumbers.PhoneNumberFormat.E164)


def _email(address: str) -> str | None:
    trimmed = address.strip()
    if len(trimmed) > _MAX_EMAIL or not _EMAIL.fullmatch(trimmed):
        return None
    mailbox, domain = trimmed.rsplit("@", 1)
    return f"{mailbox}@{domain.lower()}"
