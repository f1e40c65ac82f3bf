"""Times and days as couriers write them: RFC 3339, ``2026-01-05 10:30``, ``05.01.2026 10:30``, ``5/1/2026``.

A time without an offset is UTC. Day comes before month wherever the year is last.
"""

from __future__ import annotations

import polars as pl

from riskscore.schema import TIMESTAMP

FIRST_YEAR, LAST_YEAR = 1900, 2199  # outside, a date is a slip of the pen and not a date
_ZONE = "[+-]\\d{2}:?\\d{2}"
_QUICK = ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%d.%m.%Y", "%Y-%m-%dT%H:%M:%S%.f%#z")
_REWRITTEN = ("%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%d")


def read_times(raw: pl.Series) -> pl.Series:
    """Read a column of times.

    Parameters
    ----------
    raw : polars.Series
        Texts; null is missing.

    Returns
    -------
    polars.Series
        Datetime in UTC, microseconds; null where unread.
    """
    return _plausible(_first_that_reads(raw, TIMESTAMP))


def read_days(raw: pl.Series) -> pl.Series:
    """Read a column of days; a time behind the day is passed over, the day stays as written.

    Parameters
    ----------
    raw : polars.Series
        Texts; null is missing.
    """
    return _plausible(_first_that_reads(raw.str.replace(r"^(.*\d)[T ]\s*\d{1,2}:.*$", "$1"), pl.Date))


def _first_that_reads(raw: pl.Series, dtype: pl.DataType | type[pl.DataType]) -> pl.Series:
    found = pl.Series(raw.name, [None], dtype=dtype).new_from_index(0, len(raw))
    for rewrite, forms in ((False, _QUICK), (True, _REWRITTEN)):
        left = (found.is_null() & raw.is_not_null()).arg_true()
        if not len(left):
            break
        texts = _rewritten(raw.gather(left)) if rewrite else raw.gather(left)
        for form in forms:
            if not rewrite and _read(texts.head(1), form).is_null().all():
                continue
            read = _read(texts, form)
            got = read.is_not_null()
            if got.any():
                found = found.scatter(left.filter(got), read.filter(got).cast(dtype))
                left, texts = left.filter(~got), texts.filter(~got)
            if not len(left):
                break
    return found


def _read(texts: pl.Series, form: str) -> pl.Series:
    read = texts.str.to_datetime(form, time_unit="us", strict=False, cache=False)
    return read if read.dtype == TIMESTAMP else read.dt.replace_time_zone("UTC")


def _rewritten(raw: pl.Series) -> pl.Series:
    """Bring every understood form to ``YYYY-MM-DD`` or ``YYYY-MM-DD HH:MM:SS+00:00``."""
    text = raw.str.strip_chars().str.to_uppercase()
    text = text.str.replace(r"^(\d{4})\s*[-/.]\s*(\d{1,2})\s*[-/.]\s*(\d{1,2})\.?(?:$|[T\s,])", "$1-$2-$3 ")
    text = text.str.replace(r"^(\d{1,2})\s*[-/.]\s*(\d{1,2})\s*[-/.]\s*(\d{4})\.?(?:$|[T\s,])", "$3-$2-$1 ")
    text = text.str.strip_chars().str.replace(r"\s+", " ").str.replace(r"\s*(?:Z|UTC|GMT)$", "+00:00")
    text = text.str.replace(r"^(\S+ \d{1,2}):(\d{2})($|[+-]|\s)", "$1:$2:00$3")
    text = text.str.replace(r"^(\S+ [\d:]+)[.,](\d{1,6})\d*", "$1.$2").str.replace(rf"\s+({_ZONE})$", "$1")
    return text.str.replace(r"^(\S+ [\d:.]+)$", "$1+00:00")


def _plausible(found: pl.Series) -> pl.Series:
    year = found.dt.year()
    return found.set((year < FIRST_YEAR) | (year > LAST_YEAR), None)
