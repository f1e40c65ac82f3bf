"""Times and days in the notations of the region; no offset is UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from manifests import read_text

from riskscore.formats.moments import read_days, read_times

MORNING = datetime(2026, 1, 5, 10, 30, tzinfo=UTC)
MIDNIGHT = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-05T10:30:00Z", MORNING),
        ("2026-01-05t10:30:00z", MORNING),
        ("2026-01-05T12:30:00+02:00", MORNING),
        ("2026-01-05T12:30:00+0200", MORNING),
        ("2026-01-05T12:30+02", MORNING),
        ("2026-01-05T10:30:00", MORNING),
        ("2026-01-05 10:30:00", MORNING),
        ("2026-01-05 10:30", MORNING),
        ("2026-01-05 10:30 UTC", MORNING),
        ("2026-01-05 10:30:00 -00:00", MORNING),
        ("05.01.2026 10:30", MORNING),
        ("5.1.2026. 10:30:00", MORNING),
        ("05. 01. 2026. 10:30", MORNING),
        ("05/01/2026 10:30", MORNING),
        ("05-01-2026 10:30", MORNING),
        ("2026/01/05 10:30", MORNING),
        ("2026-01-05, 10:30", MORNING),
        ("2026-01-05T10:30:00.250Z", MORNING.replace(microsecond=250_000)),
        ("2026-01-05T10:30:00,25Z", MORNING.replace(microsecond=250_000)),
        ("2026-01-05T10:30:00.123456789Z", MORNING.replace(microsecond=123_456)),
        ("2026-01-05", MIDNIGHT),
        ("05.01.2026", MIDNIGHT),
        ("5.1.2026.", MIDNIGHT),
        ("5/1/2026", MIDNIGHT),
        (" 2026-01-05 ", MIDNIGHT),
        ("31/02/2026", None),
        ("12/31/2026", None),
        ("2026-13-01", None),
        ("2026-01-05 25:00", None),
        ("0026-01-05", None),
        ("05.01.26", None),
        ("9999-12-31", None),
        ("yesterday", None),
        ("46027", None),
        ("2026", None),
    ],
)
def test_notations(text: str, moment: datetime | None) -> None:
    assert read_times(pl.Series([text])).to_list() == [moment]
    if moment is not None and "+02" not in text:
        assert read_days(pl.Series([text])).to_list() == [moment.date()]


def test_a_day_stays_as_written() -> None:
    assert read_days(pl.Series(["2026-01-05T00:30:00+02:00"])).to_list() == [date(2026, 1, 5)]


@given(
    moments=st.lists(
        st.datetimes(datetime(1901, 1, 1), datetime(2199, 1, 1)).map(lambda t: t.replace(microsecond=0)), max_size=20
    ),
    forms=st.lists(
        st.sampled_from(["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%d/%m/%Y %H:%M:%S"]),
        min_size=20,
    ),
)
def test_any_mixture_of_notations_is_read_back(moments: list[datetime], forms: list[str]) -> None:
    texts = [moment.strftime(form) for moment, form in zip(moments, forms, strict=False)]
    read = read_times(pl.Series(texts, dtype=pl.String))
    assert read.to_list() == [moment.replace(tzinfo=UTC) for moment in moments]


@given(st.lists(st.text(alphabet="0123456789-:./TZ +", max_size=24), max_size=20))
def test_no_text_is_too_strange(texts: list[str]) -> None:
    assert len(read_times(pl.Series(texts, dtype=pl.String))) == len(texts)


def test_unreadable_times_are_reported(tmp_path: Path) -> None:
    content = "parcel_id;declared_at;booking.account_opened_on\nP1;soon;05.01.2026\nP2;n/a;32.01.2026\nP3;;\n"
    result = read_text(tmp_path, content)
    assert result.column("declared_at") == [None] * 3
    assert result.column("booking.account_opened_on") == [date(2026, 1, 5), None, None]
    assert [(p["parcel_id"], p["field"], p["raw"], p["reason"]) for p in result.problems] == [
        ("P1", "declared_at", "soon", "not a date and time"),
        ("P2", "booking.account_opened_on", "32.01.2026", "not a date"),
    ]
