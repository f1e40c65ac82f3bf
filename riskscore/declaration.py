"""The declaration as it comes over HTTP: a strict pydantic model and its JSON Schema, made from `schema.FIELDS`.

A bad field is refused with its path. What is itself a sign (S10, HS codes, phones, e-mails, marks, document numbers,
free text) is a string and never refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal

import orjson
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Strict,
    ValidationError,
    create_model,
)
from pydantic import Field as ModelField
from pydantic.json_schema import WithJsonSchema

from riskscore.schema import FIELDS, MAX_ITEMS, Field

if TYPE_CHECKING:
    from riskscore.reference import Reference

_STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
_LARGEST = 1e12


def _member_of(codes: frozenset[str], what: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if value not in codes:
            raise ValueError(f"is not {what}")
        return value

    return check


def _stated(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be blank")
    return value


def _written_as(form: re.Pattern[str], sentence: str) -> Callable[[Any], str]:
    """Text of one form and nothing else: neither a bare number nor one in quotes is a moment."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or not form.fullmatch(value):
            raise ValueError(sentence)
        return value

    return check


_moment = _written_as(
    re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d)?"),
    "must be a time as in RFC 3339, such as 2026-11-16T08:00:00Z",
)
_day = _written_as(re.compile(r"\d{4}-\d\d-\d\d"), "must be a day such as 2026-11-16")


class _Types:
    """The Python type of each kind of field."""

    def __init__(self, countries: frozenset[str], currencies: frozenset[str]) -> None:
        country = _member_of(countries, "an ISO 3166-1 alpha-2 code (or XK)")
        currency = _member_of(currencies, "an ISO 4217 code")
        self.plain: dict[str, Any] = {
            "text": str,
            "number": Annotated[float, ModelField(ge=0, le=_LARGEST)],
            "integer": Annotated[int, ModelField(ge=0, le=10**9)],
            "timestamp": Annotated[AwareDatetime, Strict(False), BeforeValidator(_moment)],
            "date": Annotated[date, Strict(False), BeforeValidator(_day)],
            "country": Annotated[
                str, AfterValidator(country), WithJsonSchema({"type": "string", "pattern": "^[A-Z]{2}$"})
            ],
            "currency": Annotated[
                str, AfterValidator(currency), WithJsonSchema({"type": "string", "pattern": "^[A-Z]{3}$"})
            ],
        }

    def of(self, field: Field) -> Any:
        if field.kind == "choice":
            return Literal[field.choices]
        if field.kind == "list":
            member = Literal[field.choices] if field.choices else self.plain[field.of]
            return list[member]  # type: ignore[valid-type]
        if field.kind == "records":
            return list[_nested(_name(field.path), {f.path: f for f in field.fields}, self)]  # type: ignore[misc]
        return self.plain[field.kind]


def _name(path: str) -> str:
    return "".join(part.capitalize() for part in path.replace("_", " ").replace(".", " ").split())


def _nested(name: str, fields: dict[str, Field], types: _Types) -> type[BaseModel]:
    """A model whose dotted paths are nested models."""
    groups: dict[str, dict[str, Field]] = {}
    members: dict[str, Any] = {}
    for path, field in fields.items():
        head, _, rest = path.partition(".")
        if rest:
            groups.setdefault(head, {})[rest] = field
        else:
            members[head] = (types.of(field) | None, ModelField(default=None, description=field.doc))
    for head, inner in groups.items():
        model = _nested(f"{name}{_name(head)}" if name != "Parcel" else _name(head), inner, types)
        members[head] = (model | None, None)
    return create_model(name, __config__=_STRICT, **members)


@cache
def parcel_model(countries: frozenset[str], currencies: frozenset[str]) -> type[BaseModel]:
    """The strict nested declaration.

    Parameters
    ----------
    countries : frozenset of str
        ISO 3166-1 alpha-2 codes and XK.
    currencies : frozenset of str
        ISO 4217 codes.
    """
    types = _Types(countries, currencies)
    item = _nested("Item", {f.path.removeprefix("item."): f for f in FIELDS if f.of_item}, types)
    base = _nested("Parcel", {f.path: f for f in FIELDS if not f.of_item and f.path != "parcel_id"}, types)
    parcel_id = Annotated[str, ModelField(max_length=200), AfterValidator(_stated)]
    items: Any = Annotated[list[item], ModelField(max_length=MAX_ITEMS)] | None  # type: ignore[valid-type]
    return create_model(
        "ParcelDeclaration",
        __base__=base,
        __doc__="A parcel declaration. Every field but parcel_id may be left out; what is unknown stays unknown.",
        parcel_id=(parcel_id, ModelField(description="The courier's own reference; unique within one courier")),
        items=(items, ModelField(default=None, description="Goods items")),
    )


def json_schema(countries: frozenset[str], currencies: frozenset[str]) -> str:
    """JSON Schema of the declaration, as committed in ``docs/parcel.schema.json``."""
    schema = parcel_model(countries, currencies).model_json_schema()
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def valid_record(parcel: dict[str, Any], reference: Reference, parcel_id: str) -> dict[str, Any]:
    """A nested declaration of Python values (a test in a pack, an example) as a validated record.

    Raises
    ------
    ValueError
        With the path of each bad field.
    """
    model = parcel_model(reference.country_codes, reference.currencies)
    raw = orjson.dumps({"parcel_id": parcel_id, **parcel}, default=str)
    try:
        return model.model_validate_json(raw).model_dump()
    except ValidationError as error:
        raise ValueError("; ".join(f"{dotted(e['loc'])}: {e['msg']}" for e in error.errors())) from error


def dotted(location: Iterable[int | str]) -> str:
    """A pydantic location as a path: items[0].hs_code."""
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path or "(body)"
