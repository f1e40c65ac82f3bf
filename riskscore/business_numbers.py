"""Numbers of businesses as declared: do form and check digits hold, where both are public?

VAT numbers of some countries of the EU, IOSS numbers, and the tax numbers of the Western Balkans that carry a check
digit. A number that claims none of these schemes is not judged: an EORI number is free after its country, the JIB of
Bosnia and Herzegovina has no public check digit, and personal numbers are not read at all.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import polars as pl

# Country and number, as "COUNTRY|NUMBER": who claims which scheme. A prefix speaks for itself; without one the country
# of the party does.
_SCHEMES: dict[str, str] = {
    "im": r"[A-Z]*\|IM[0-9]{8,14}",
    "at.uid": r"[A-Z]*\|ATU[0-9]{8}",
    "be.vat": r"[A-Z]*\|BE[01][0-9]{9}",
    "de.vat": r"[A-Z]*\|DE[0-9]{9}",
    "dk.cvr": r"[A-Z]*\|DK[0-9]{8}",
    "fr.tva": r"[A-Z]*\|FR[0-9A-Z]{2}[0-9]{9}",
    "gr.vat": r"[A-Z]*\|(?:EL|GR)[0-9]{9}",
    "hr.oib": r"[A-Z]*\|HR[0-9]{11}|HR\|[0-9]{11}",
    "it.iva": r"[A-Z]*\|IT[0-9]{11}",
    "nl.btw": r"[A-Z]*\|NL[0-9]{9}B[0-9]{2}",
    "pl.nip": r"[A-Z]*\|PL[0-9]{10}",
    "pt.nif": r"[A-Z]*\|PT[0-9]{9}",
    "si.ddv": r"[A-Z]*\|SI[0-9]{8}|SI\|[0-9]{8}",
    "rs.pib": r"[A-Z]*\|RS[0-9]{9}|RS\|[0-9]{9}",
    "me.pib": r"[A-Z]*\|ME[0-9]{8}|ME\|[0-9]{8}",
    "mk.edb": r"[A-Z]*\|MK[45][0-9]{12}|MK\|[45][0-9]{12}",  # 4 and 5 only: others are personal numbers
}


def unsound(number: pl.Expr, country: pl.Expr) -> pl.Expr:
    """True where a number claims a scheme and breaks it, false where it keeps it, null where no scheme can tell.

    Parameters
    ----------
    number : polars.Expr
        As declared, String.
    country : polars.Expr
        Country of the party, ISO 3166-1 alpha-2 or XK; null if unknown.
    """
    claim = pl.concat_str(
        country.fill_null(""), pl.lit("|"), number.str.to_uppercase().str.replace_all("[^0-9A-Z]", "")
    )
    return claim.map_batches(_judge, return_dtype=pl.Boolean, is_elementwise=True)


def _judge(claims: pl.Series) -> pl.Series:
    """Each different number is checked once; most claim no scheme."""
    found = pl.Series(claims.name, [None] * len(claims), dtype=pl.Boolean)
    for scheme, form in _SCHEMES.items():
        here = claims.str.contains(f"^(?:{form})$").fill_null(False)
        if here.any():
            distinct = claims.filter(here).unique()
            bad = [not _sound(scheme, claim.partition("|")[2]) for claim in distinct]
            judged = claims.replace_strict(distinct, pl.Series(bad, dtype=pl.Boolean), default=None)
            found = pl.select(pl.coalesce(pl.lit(judged), pl.lit(found))).to_series()
    return found.alias(claims.name)


def _sound(scheme: str, number: str) -> bool:
    if scheme == "im":
        return len(number) == len("IM") + 10
    return _validator(scheme)(number[2:] if number[:2].isalpha() else number)


@cache
def _validator(scheme: str) -> Callable[[str], bool]:
    from stdnum import get_cc_module  # only when a number is to be judged: most parcels carry none

    country, _, name = scheme.partition(".")
    module = get_cc_module(country, name)
    if module is None:
        raise LookupError(f"python-stdnum knows no {scheme}")

    def valid(number: str) -> bool:
        return bool(module.is_valid(number))

    return valid
