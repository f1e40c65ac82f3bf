"""Raw columns → typed columns, generously and vectorised.

A value that cannot be read becomes unknown and a problem line; it never costs its parcel. Null in, null out: nothing is
guessed, and nothing missing becomes zero, false or empty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from riskscore.formats.columns import Notes
from riskscore.formats.leaves import flat_member, leaf, members_of, shown
from riskscore.formats.moments import read_days, read_times
from riskscore.formats.numerals import Decimals, measure_of, read_currency, read_numbers
from riskscore.formats.stated import known_ids, read_texts, stated
from riskscore.keys import fold_key_expr
from riskscore.schema import BY_PATH, Field, Kind

ABSURD = 1e12  # no parcel weighs, measures, costs or counts more
NUMBER = ":number"  # a column `x:number` beside `x` holds the values that came as numbers (JSON)
PROBLEM_SCHEMA = pl.Schema({"row": pl.UInt32, "field": pl.String, "raw": pl.String, "reason": pl.String})


@dataclass(slots=True)
class Coercion:
    """How the values of one manifest are read.

    Parameters
    ----------
    countries : mapping of str to str
        Folded country name or code → ISO 3166-1 alpha-2.
    decimals : Decimals
        What is known about decimal signs.
    notes : Notes
        Receives unknown keys of documents and screenings.
    """

    countries: Mapping[str, str]
    decimals: Decimals
    notes: Notes = field(default_factory=Notes)
    _country_codes: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        self._country_codes = tuple(sorted(set(self.countries.values())))

    def frame(self, raw: pl.DataFrame, paths: Iterable[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Type the columns of a batch.

        Parameters
        ----------
        raw : polars.DataFrame
            Raw columns named by path, text or native.
        paths : iterable of str
            The columns to read; those that `raw` does not have are left out.

        Returns
        -------
        tuple of polars.DataFrame
            The typed columns, and the problems: ``row``, ``field``, ``raw``, ``reason``.
        """
        paths = list(paths)
        plain = [p for p in paths if raw.schema.get(p) == pl.String and BY_PATH[p].kind == "text"]
        paths = [*plain, *(p for p in paths if p not in plain)]
        typed = self._as_they_are(raw, plain, paths)
        problems: list[pl.DataFrame] = []
        named: dict[str, pl.Series] = {}
        for path in paths:
            if path in typed:
                continue
            number = raw[path + NUMBER] if path + NUMBER in raw.columns else None
            if path in raw.columns:
                column = raw[path]
            elif number is not None:
                column = _unknown(raw.height)
            else:
                continue
            values, problem, currency = self.column(column, BY_PATH[path], number)
            typed[path] = values.alias(path)
            problems.extend(problem)
            if currency is not None:
                named[path] = currency
        _currencies_of_amounts(typed, named)
        found = pl.concat(problems) if problems else pl.DataFrame(schema=PROBLEM_SCHEMA)
        return pl.DataFrame({**{path: typed[path] for path in paths if path in typed}, **typed}), found

    def _as_they_are(self, raw: pl.DataFrame, texts: list[str], paths: list[str]) -> dict[str, pl.Series]:
        """Read texts, and the columns all of whose values are what they should be; few queries for the whole batch."""
        schema = raw.schema
        typed = read_texts(raw, [path for path in texts if path != "parcel_id"])
        if "parcel_id" in texts:
            typed["parcel_id"] = raw["parcel_id"]  # read already
        sound = {}
        for path in paths:
            field = BY_PATH[path]
            canonical = self._canonical(field.kind, field)
            if canonical and schema.get(path) == pl.String:
                sound[path] = pl.col(path).is_in(canonical)
            elif field.kind == "number" and schema.get(path) == pl.Float64 and path + NUMBER not in schema:
                sound[path] = pl.col(path).is_between(0, ABSURD)  # NaN is not
        if sound:
            answers = raw.select(expression.all().alias(path) for path, expression in sound.items()).row(0)
            typed |= {path: raw[path] for path, all_sound in zip(sound, answers, strict=True) if all_sound}
        return typed

    def _canonical(self, kind: Kind, field: Field) -> tuple[str, ...]:
        """The values of a closed list as they are kept; none for a list that is not closed."""
        return {"choice": field.choices, "country": self._country_codes}.get(kind, ())

    def column(
        self, raw: pl.Series, field: Field, number: pl.Series | None = None
    ) -> tuple[pl.Series, list[pl.DataFrame], pl.Series | None]:
        """Type one column: its values, its problems, and the currencies that amounts state themselves."""
        if number is None and raw.null_count() == len(raw):
            return pl.Series(raw.name, [None], dtype=field.dtype).new_from_index(0, len(raw)), [], None
        if field.kind in ("number", "integer"):
            return self._numbers(raw, field, number)
        if field.kind == "list":
            values, problems = _once(raw, lambda distinct: self._lists(distinct, field))
        elif field.kind == "records":
            values, problems = _once(raw, lambda distinct: self._records(distinct, field))
        elif field.kind in ("timestamp", "date"):
            values, problems = _times(raw, field)
        elif field.kind == "text":
            text = as_text(raw).alias(field.path)
            values, problems = read_texts(text.to_frame(), [field.path])[field.path], []
        else:
            text = as_text(raw)
            values, unread = self._closed(text, field)
            problems = _bad(field.path, text, unread, _reason(field))
        return values, problems, None

    def _closed(self, text: pl.Series, field: Field) -> tuple[pl.Series, pl.Series]:
        """Read codes from a closed list (choices, countries, currencies); tell which are not of it."""
        kind = field.of if field.kind == "list" else field.kind
        canonical = self._canonical(kind, field)
        if canonical and (text.is_in(canonical) | text.is_null()).all():
            return text, pl.repeat(value=False, n=len(text), eager=True)
        if kind == "choice":
            values = _by_distinct(text, lambda t: _choices(t, field.choices))
        elif kind == "country":
            values = _by_distinct(text, self._countries)
        else:
            values = _by_distinct(text, _currencies)
        unread = values.is_null() & text.is_not_null()
        return values, unread & stated(text).is_not_null() if unread.any() else unread

    def _countries(self, text: pl.Series) -> pl.Series:
        key = text.to_frame("t").select(fold_key_expr(pl.col("t"))).to_series()
        return key.replace_strict(
            list(self.countries), list(self.countries.values()), default=None, return_dtype=pl.String
        )

    def _numbers(
        self, raw: pl.Series, field: Field, number: pl.Series | None
    ) -> tuple[pl.Series, list[pl.DataFrame], pl.Series | None]:
        currency = None
        if raw.dtype.is_numeric():
            values = raw.cast(pl.Float64)
            text, missing = None, raw.is_null()
        else:
            text = as_text(raw)
            missing = stated(text).is_null()
            path = field.path
            comma, point = self.decimals.comma_is_decimal(path), self.decimals.point_is_thousands(path)
            read = read_numbers(text.set(missing, None), measure_of(field), comma, point)
            values, currency = read["value"], read["currency"]
        if number is not None:
            missing = missing & number.is_null()
            values = number if text is None else number.zip_with(number.is_not_null(), values)
        whole = field.kind == "integer"
        value = pl.col("value")
        good = value.is_between(0, ABSURD) & ((value.floor() == value) if whole else True)  # NaN is not between
        bad = values.alias("value").to_frame().select(~good.fill_null(value=False)).to_series() & ~missing
        problems: list[pl.DataFrame] = []
        if bad.any():
            seen = values.filter(bad)
            reasons = seen.alias("value").to_frame().select(_why_not(value, whole)).to_series()
            written = _plainly(seen)
            if text is not None:
                written = text.filter(bad).zip_with(text.filter(bad).is_not_null(), written)
            problems = [_problem(field.path, bad.arg_true(), written, reasons)]
            values = values.set(bad, None)
        return values.set(missing, None).cast(field.dtype), problems, currency

    def _lists(self, raw: pl.Series, field: Field) -> tuple[pl.Series, list[pl.DataFrame]]:
        native = isinstance(raw.dtype, (pl.List, pl.Array))
        lists = raw.cast(pl.List(pl.String), strict=False) if native else stated(as_text(raw)).str.split("|")
        members = pl.DataFrame({"row": pl.int_range(len(raw), dtype=pl.UInt32, eager=True), "member": lists})
        empty = members.filter(pl.col("member").list.len() == 0)
        members = members.filter(pl.col("member").list.len() > 0).explode("member")
        members = members.with_columns(stated(members["member"])).drop_nulls()
        texts = members["member"]
        if field.of == "text":
            values, unread = texts.str.strip_chars(), pl.repeat(value=False, n=len(texts), eager=True)
        else:
            values, unread = self._closed(texts, field)
        problems = []
        if unread.any():
            wrong = members.filter(unread)
            problems = [_problem(field.path, wrong["row"], wrong["member"], _reason(field))]
        kept = members.with_columns(values.alias("member")).drop_nulls()
        grouped = kept.group_by("row", maintain_order=True).agg("member")
        if native:
            grouped = pl.concat([grouped, empty])
        return _at_rows(grouped["row"], grouped["member"], len(raw), pl.List(pl.String)), problems

    def _records(self, raw: pl.Series, field: Field) -> tuple[pl.Series, list[pl.DataFrame]]:
        """Read documents or screenings: JSON text or lists of objects; few, so a loop over them is fine."""
        texts: dict[str, list[str | None]] = {f.path: [] for f in field.fields}
        numbers: dict[str, list[float | None]] = {f.path: [] for f in field.fields}
        places: list[tuple[int, int]] = []  # row, position in its list
        empty: list[int] = []
        faults: list[tuple[int, str, str, str]] = []
        values = stated(raw) if raw.dtype == pl.String else raw
        for row in values.is_not_null().arg_true().to_list():
            members, fault = members_of(values[row])
            if fault:
                faults.append((row, field.path, shown(values[row]), fault))
            if members == [] and not fault:
                empty.append(row)
            for position, member in enumerate(members):
                if not isinstance(member, dict):
                    faults.append((row, f"{field.path}[{position}]", shown(member), "not an object"))
                    continue
                places.append((row, position))
                flat = flat_member(member)
                for f in field.fields:
                    value = flat.pop(f.path, None)
                    text, number, fault = leaf(value, f.kind)
                    texts[f.path].append(text)
                    numbers[f.path].append(number)
                    if fault:
                        faults.append((row, f"{field.path}[{position}].{f.path}", shown(value), fault))
                for key in flat:
                    self.notes.add(f"unknown key {field.path}.{key[:80]} ignored")
        problems = [pl.DataFrame(faults, schema=PROBLEM_SCHEMA, orient="row")] if faults else []
        at = pl.DataFrame(places, schema={"row": pl.UInt32, "position": pl.UInt32}, orient="row")
        columns = []
        for f in field.fields:
            column, wrong, _ = self.column(
                pl.Series(texts[f.path], dtype=pl.String), f, pl.Series(numbers[f.path], dtype=pl.Float64)
            )
            columns.append(column.alias(f.path))
            for frame in wrong:
                where = at[frame["row"]] if frame.height else at.clear()
                label = pl.format(f"{field.path}[{{}}].{f.path}", where["position"])
                problems.append(frame.with_columns(row=where["row"], field=where.select(label).to_series()))
        structs = pl.DataFrame(columns).to_struct("member") if columns else pl.Series("member", [])
        grouped = pl.DataFrame({"row": at["row"], "member": structs}).group_by("row", maintain_order=True).agg("member")
        none = pl.Series(empty, dtype=pl.UInt32)
        both = pl.concat([grouped["row"], none])
        lists = pl.concat([grouped["member"].cast(field.dtype), pl.Series([[]] * len(empty), dtype=field.dtype)])
        return _at_rows(both, lists, len(raw), field.dtype), problems


def _once(
    raw: pl.Series, read: Callable[[pl.Series], tuple[pl.Series, list[pl.DataFrame]]]
) -> tuple[pl.Series, list[pl.DataFrame]]:
    """Read each distinct text once; its values and problems go to every row that has it."""
    if raw.dtype != pl.String:
        return read(raw)
    coded = raw.to_arrow().dictionary_encode()
    distinct = pl.Series(raw.name, coded.dictionary, dtype=pl.String)
    if 2 * len(distinct) > len(raw) - raw.null_count():
        return read(raw)
    codes = pl.Series("code", coded.indices).cast(pl.UInt32)
    values, problems = read(distinct)
    rows = pl.DataFrame({"code": codes}).with_row_index("row").drop_nulls() if problems else None
    return values.gather(codes), [
        rows.join(frame.rename({"row": "code"}), on="code", maintain_order="left").drop("code")
        for frame in problems
        if rows is not None
    ]


def as_text(raw: pl.Series) -> pl.Series:
    """Bring a column to text: 123.0 becomes ``123``, bytes are UTF-8 or else Western letters."""
    if raw.dtype == pl.String:
        return raw
    if raw.dtype.is_float():
        return _plainly(raw)
    if isinstance(raw.dtype, (pl.List, pl.Array, pl.Struct)):
        return (
            pl.DataFrame({"v": raw})
            .select(pl.when(pl.col("v").is_not_null()).then(pl.struct("v").struct.json_encode()))
            .to_series()
        )
    if raw.dtype == pl.Binary:
        return pl.Series(raw.name, [None if b is None else b.decode("utf-8", "replace") for b in raw], dtype=pl.String)
    return raw.cast(pl.String)


def read_ids(raw: pl.Series) -> pl.Series:
    """Read parcel ids: no blanks or zero bytes at the ends, and null where nothing is stated."""
    return known_ids(as_text(raw))


def _choices(text: pl.Series, choices: tuple[str, ...]) -> pl.Series:
    key = text.str.strip_chars().str.to_lowercase().str.replace_all(r"[\s\-]+", "_")
    return key.replace_strict([c.lower() for c in choices], choices, default=None, return_dtype=pl.String)


def _currencies(text: pl.Series) -> pl.Series:
    return stated(text).alias("t").to_frame().select(read_currency(pl.col("t"))).to_series()  # NAN is none


def _by_distinct(text: pl.Series, read: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Read each distinct value once: a column of codes has few of them."""
    distinct = text.drop_nulls().unique()
    if 2 * len(distinct) > len(text):
        return read(text)
    values = read(distinct)
    return text.replace_strict(distinct, values, default=None, return_dtype=values.dtype)


def _times(raw: pl.Series, field: Field) -> tuple[pl.Series, list[pl.DataFrame]]:
    if isinstance(raw.dtype, pl.Datetime):
        zoned = raw.dt.convert_time_zone("UTC") if raw.dtype.time_zone else raw.dt.replace_time_zone("UTC")
        return zoned.dt.cast_time_unit("us").cast(field.dtype), []
    if raw.dtype == pl.Date:
        return raw.cast(pl.Datetime("us")).dt.replace_time_zone("UTC").cast(field.dtype), []
    texts = stated(as_text(raw))
    values = read_times(texts) if field.kind == "timestamp" else read_days(texts)
    what = "a date" if field.kind == "date" else "a date and time"
    return values, _bad(field.path, texts, values.is_null() & texts.is_not_null(), f"not {what}")


def _plainly(number: pl.Series) -> pl.Series:
    """Write numbers as people do: no ``.0`` behind whole ones."""
    whole = ((number.floor() == number) & (number.abs() < 2**53)).fill_null(value=False)
    return number.cast(pl.Int64, strict=False).cast(pl.String).zip_with(whole, number.cast(pl.String))


def _why_not(value: pl.Expr, whole: bool) -> pl.Expr:
    why = (
        pl.when(value.is_null())
        .then(pl.lit("not a number"))
        .when(~value.is_finite())
        .then(pl.lit("not a finite number"))
        .when(value < 0)
        .then(pl.lit("negative"))
        .when(value > ABSURD)
        .then(pl.lit("absurdly large"))
    )
    return why.otherwise(pl.lit("not a whole number" if whole else "not a number"))


def _reason(field: Field) -> str:
    kind = field.of if field.kind == "list" else field.kind
    if kind == "choice":
        known = ", ".join(field.choices)
        return f"not one of {known}" if len(known) < 120 else "not on the list of known codes"
    return "not a known country" if kind == "country" else "not a currency code"


def _bad(path: str, raw: pl.Series, bad: pl.Series, reason: str) -> list[pl.DataFrame]:
    return [_problem(path, bad.arg_true(), raw.filter(bad), reason)] if bad.any() else []


def _problem(path: str, rows: pl.Series, raw: pl.Series, reason: str | pl.Series) -> pl.DataFrame:
    frame = pl.DataFrame({"row": rows.cast(pl.UInt32), "field": [path] * len(rows), "raw": raw})
    return frame.with_columns(pl.lit(reason).alias("reason") if isinstance(reason, str) else reason.alias("reason"))


def _at_rows(rows: pl.Series, values: pl.Series, height: int, dtype: Any) -> pl.Series:
    """Spread values over `height` rows; null elsewhere."""
    frame = pl.DataFrame({"row": pl.int_range(height, dtype=pl.UInt32, eager=True)})
    found = pl.DataFrame({"row": rows.cast(pl.UInt32), "value": values.cast(dtype)})
    return frame.join(found, on="row", how="left", maintain_order="left")["value"]


def _unknown(height: int) -> pl.Series:
    return pl.Series([None], dtype=pl.String).new_from_index(0, height)


def _currencies_of_amounts(typed: dict[str, pl.Series], stated_by: dict[str, pl.Series]) -> None:
    """Let an amount that names its currency name it, where the currency itself is not stated."""
    for path, currencies in stated_by.items():
        if currencies.null_count() == len(currencies):
            continue
        target = "item.currency" if path.startswith("item.") else "currency"
        known = typed.get(target)
        typed[target] = currencies.alias(target) if known is None else known.zip_with(known.is_not_null(), currencies)
