"""JSON values → texts and numbers, generously: a value of the wrong type is reported, never an error."""

from __future__ import annotations

import datetime as dt
import decimal
import json
from typing import Any

import orjson
import polars as pl

from riskscore.schema import Kind

NUMBERS: tuple[Kind, ...] = ("number", "integer")


class Literally(str):
    """A JSON number as it was written, so that ``9303.20`` stays ``9303.20`` where text is meant."""

    __slots__ = ()


class NotJsonError(ValueError):
    """Text that is no JSON, or nested beyond reason."""


def parse_json(text: bytes | str, literally: bool = False) -> Any:
    """Parse JSON.

    Parameters
    ----------
    text : bytes or str
        One JSON value; NaN, Infinity and control characters in strings are let through.
    literally : bool
        Give numbers as `Literally`, character for character.

    Raises
    ------
    NotJsonError
        When it is not JSON.
    """
    if not literally:
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            pass
    try:
        return _LITERAL.decode(text.decode("utf-8", "replace") if isinstance(text, bytes) else text)
    except (ValueError, RecursionError) as error:
        raise NotJsonError("nested too deeply" if isinstance(error, RecursionError) else str(error)) from error


_LITERAL = json.JSONDecoder(parse_float=Literally, parse_int=Literally, parse_constant=Literally, strict=False)


def leaf(value: Any, kind: Kind) -> tuple[str | None, float | None, str | None]:
    """Take one JSON value apart.

    Parameters
    ----------
    value : any
        What the JSON parser gave.
    kind : str
        Kind of the field it is for.

    Returns
    -------
    tuple
        Text, number, and what is wrong with its type; at most one is not None.
    """
    text = number = fault = None
    if isinstance(value, str) and not (isinstance(value, Literally) and kind in NUMBERS):
        text = encodable(value)
    elif isinstance(value, (Literally, int, float, decimal.Decimal)) and not isinstance(value, bool):
        if kind in NUMBERS:
            number = float(value)
        else:
            text = f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value)
    elif isinstance(value, dt.date):
        text = value.isoformat()
    elif value is not None:
        fault = f"expected {_EXPECTED.get(kind, 'text')}, found {_NAMES.get(type(value), 'something else')}"
    return text, number, fault


def shown(value: Any) -> str:
    """Show a JSON value in a problem line."""
    if isinstance(value, str):
        return encodable(value)
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except (TypeError, ValueError, RecursionError):
        return f"({_NAMES.get(type(value), 'a value')})"


def encodable(text: str) -> str:
    """Replace half surrogate pairs, which no file can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def members_of(value: Any) -> tuple[list[Any], str | None]:
    """Take a list of records: JSON text, one object, or a list already.

    Returns
    -------
    tuple
        The members, and what is wrong with the whole.
    """
    if isinstance(value, str):
        try:
            value = parse_json(value, literally=True)
        except NotJsonError as error:
            return [], f"not JSON: {error}"[:200]
    if isinstance(value, pl.Series):
        value = value.to_list()
    if isinstance(value, dict):
        return [value], None
    if isinstance(value, list):
        return value, None
    return ([], None) if value is None else ([], "not a list of objects")


def flat_member(member: dict[str, Any]) -> dict[str, Any]:
    """Name the keys of a record by their dotted path."""
    flat: dict[str, Any] = {}
    for key, value in member.items():
        if key == "verification" and isinstance(value, dict):
            flat.update((f"verification.{inner}", v) for inner, v in value.items())
        else:
            flat[encodable(str(key))] = value
    return flat


_EXPECTED = {"number": "a number", "integer": "a whole number", "list": "a list", "records": "a list of objects"}
_NAMES: dict[type, str] = {bool: "true or false", list: "a list", dict: "an object"}
