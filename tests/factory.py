"""Parcels for tests: a test names what it is about, everything else stays unknown."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from riskscore.assess import Assessed, Engine, assess, load_engine
from riskscore.declaration import valid_record
from riskscore.schema import FIELDS, Tables, tables_from_records

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
AS_OF = datetime(2026, 11, 16, 12, tzinfo=UTC)  # the clock of the tests inside the packs, too

Record = dict[str, Any]


@cache
def the_engine() -> Engine:
    """The engine as committed."""
    return load_engine()


def share_cache(home: Path) -> None:
    """Let a home folder made for a test use the compiled lexicon of this machine; compiling it takes its time."""
    whole = Path.home() / ".cache" / "riskscore"
    whole.mkdir(parents=True, exist_ok=True)
    (home / ".cache").mkdir(exist_ok=True)
    if not (home / ".cache" / "riskscore").exists():
        (home / ".cache" / "riskscore").symlink_to(whole)


def item(description: str | None = None, **fields: Any) -> Record:
    """One item; what is None is left out.

    Examples
    --------
    >>> item("Shoes", hs_code="6403.99")
    {'description': 'Shoes', 'hs_code': '6403.99'}
    """
    return {name: value for name, value in {"description": description, **fields}.items() if value is not None}


def parcel(*items: Record | str, **dotted: Any) -> Record:
    """A nested declaration. ``route__mode="air"`` or ``**{"route.mode": "air"}`` sets ``route.mode``.

    Examples
    --------
    >>> parcel("Shoes", route__mode="air")
    {'route': {'mode': 'air'}, 'items': [{'description': 'Shoes'}]}
    """
    nested: Record = {}
    for path, value in dotted.items():
        set_path(nested, path.replace("__", "."), value)
    if items:
        nested["items"] = [item(entry) if isinstance(entry, str) else entry for entry in items]
    return nested


def set_path(nested: Record, path: str, value: Any) -> None:
    """Set a dotted path of a nested declaration."""
    *heads, last = path.split(".")
    for head in heads:
        nested = nested.setdefault(head, {})
    nested[last] = value


def get_path(nested: Record, path: str) -> Any:
    """The value at a dotted path, ``items[0].hs_code`` included; None where nothing is stated."""
    value: Any = nested
    for part in path.replace("[", ".").replace("]", "").split("."):
        if value is None:
            return None
        value = value[int(part)] if isinstance(value, list) else value.get(part)
    return value


def without(nested: Record, path: str) -> Record:
    """A copy of a declaration in which one stated field is unknown."""
    result = copy.deepcopy(nested)
    parts = path.replace("[", ".").replace("]", "").split(".")
    place: Any = result
    for part in parts[:-1]:
        place = place[int(part)] if isinstance(place, list) else place[part]
    place[parts[-1]] = None
    return result


def stated_paths(nested: Record) -> Iterator[tuple[str, str]]:
    """Every stated field of a declaration as (place, schema path): ``("items[0].hs_code", "item.hs_code")``."""
    for field in FIELDS:
        if field.of_item:
            for number, entry in enumerate(nested.get("items") or ()):
                name = field.path.removeprefix("item.")
                if entry.get(name) is not None:
                    yield f"items[{number}].{name}", field.path
        elif field.path != "parcel_id" and get_path(nested, field.path) is not None:
            yield field.path, field.path


def record(nested: Record, parcel_id: str = "P-1") -> Record:
    """A nested declaration as a validated record."""
    return valid_record({k: v for k, v in nested.items() if k != "parcel_id"}, the_engine().reference, parcel_id)


def tables(*parcels: Record) -> Tables:
    """Nested declarations as typed tables; those without a ``parcel_id`` are numbered."""
    return tables_from_records(record(p, p.get("parcel_id", f"P-{n}")) for n, p in enumerate(parcels))


def assessed(*parcels: Record, engine: Engine | None = None, **options: Any) -> Assessed:
    """Nested declarations, assessed at the clock of the tests."""
    return assess(tables(*parcels), engine or the_engine(), **{"as_of": AS_OF, **options})


def documents(*parcels: Record, **options: Any) -> list[Record]:
    """The whole assessments of some declarations."""
    return assessed(*parcels, **options).documents(list(range(len(parcels))))


def document(nested: Record, **options: Any) -> Record:
    """The whole assessment of one declaration."""
    return documents(nested, **options)[0]


def fired_on(*parcels: Record) -> list[set[str]]:
    """Ids of the indicators that fire on each declaration."""
    result = assessed(*parcels)
    ids = [i.id for i in result.engine.active]
    return [{key for key, true in zip(ids, row, strict=True) if true} for row in result.answers.truth.true]


def fired(nested: Record) -> set[str]:
    """Ids of the indicators that fire on one declaration."""
    return fired_on(nested)[0]


def truth_of(nested: Record, indicator: str) -> bool | None:
    """Does an indicator fire: True, False, or None where that is unknown."""
    result = assessed(nested)
    column = [i.id for i in result.engine.active].index(indicator)
    if result.answers.truth.true[0, column]:
        return True
    return False if result.answers.truth.false[0, column] else None


@cache
def manifest() -> tuple[Record, ...]:
    """The declarations of ``examples/manifest.jsonl``."""
    return tuple(map(orjson.loads, (EXAMPLES / "manifest.jsonl").read_bytes().splitlines()))


@cache
def manifest_records() -> tuple[Record, ...]:
    """The same, validated."""
    return tuple(record(p, p["parcel_id"]) for p in manifest())


def pack_parcels() -> list[tuple[str, Record]]:
    """The nested parcels of all tests inside the packs, each with the id of its indicator."""
    return [(i.id, t["parcel"]) for i in the_engine().indicators for t in i.tests if "parcel" in t]


def renamed(records: Iterable[Record], prefix: str) -> list[Record]:
    """The same declarations under new references."""
    return [{**r, "parcel_id": f"{prefix}{n}"} for n, r in enumerate(records)]


# A parcel of which nearly everything is stated, and much of it tells.
RICH = parcel(
    item(
        "Lovačka puška 7.62x39, 30 metaka",
        hs_code="9303.30",
        quantity=2,
        unit="pcs",
        net_mass_kg=1,
        value=30,
        currency="EUR",
        origin_country="CN",
        marks=["deactivation"],
        seq=1,
    ),
    item(
        "Glock 19 slide, 80% finished",
        hs_code="8421.23",
        quantity=60,
        net_mass_kg=0.4,
        value=30,
        currency="EUR",
        origin_country="TR",
        marks=["cip"],
        seq=2,
    ),
    item(
        "airsoft holster, not a weapon",
        hs_code="9503.00",
        quantity=1,
        net_mass_kg=6,
        value=30,
        currency="EUR",
        origin_country="TR",
        seq=3,
    ),
    item_id="RR473124828DE",
    waybill="771",
    channel="postal",
    direction="transit",
    stage="arrival",
    declaration_form="CN22",
    procedure="H7",
    category="sample",
    declared_at="2026-07-10T08:00:00Z",
    decide_by="2026-11-17T08:00:00Z",
    gross_mass_kg=5,
    measured_mass_kg=9,
    total_value=90,
    currency="EUR",
    postage=900,
    insured_value=900,
    handling_codes=["MUW", "RXS"],
    un_number="UN0012",
    observations=["weapon_visible", "smell_of_propellant"],
    documents=[
        {
            "type": "licence",
            "number": "L-1",
            "valid_from": "2026-01-01",
            "valid_to": "2026-06-30",
            "quantity": 1,
            "verification": {"status": "refuted"},
        }
    ],
    screening=[{"method": "xray", "result": "suspect"}],
    booking__channel="counter",
    booking__payment_method="cash",
    booking__account_opened_on="2026-01-01",
    booking__account_shipping_frequency=3,
    booking__redirects=1,
    dims_cm__length=90,
    dims_cm__width=3,
    dims_cm__height=3,
    **{
        "route.origin_country": "RS",
        "route.destination_country": "BA",
        "route.transit_countries": ["HR"],
        "route.mode": "air",
        "route.posting_office": "Niš",
        "route.destination_office": "Tuzla",
        "route.carrier": "Planinska pošta",
        "route.service": "priority",
    },
    **{
        f"{p}.{n}": f"{n} of {p}"
        for p in ("sender", "recipient", "payer")
        for n in (
            "name",
            "company",
            "id_number",
            "street",
            "city",
            "postcode",
            "region",
            "phone",
            "email",
            "account_id",
        )
    },
    **{f"{p}.{n}": v for p in ("sender", "recipient", "payer") for n, v in (("kind", "natural"), ("country", "DE"))},
)


# Serbian Latin to Cyrillic, digraphs first.
_DIGRAPHS = {"lj": "љ", "nj": "њ", "dž": "џ", "Lj": "Љ", "Nj": "Њ", "Dž": "Џ", "LJ": "Љ", "NJ": "Њ", "DŽ": "Џ"}
_LETTERS = dict(zip("abcčćdđefghijklmnoprsštuvzž", "абцчћдђефгхијклмнопрсштувзж", strict=True))
_TO_CYRILLIC = str.maketrans({**_LETTERS, **{a.upper(): b.upper() for a, b in _LETTERS.items()}})
_SERBIAN = frozenset(_LETTERS) | {letter.upper() for letter in _LETTERS}


def in_cyrillic(text: str) -> str:
    """A text in Serbian Cyrillic; words with letters that Serbian has not (9x19, Stück) stay as they are."""
    out, word = [], ""
    for character in f"{text} ":
        if character.isalnum():
            word += character
            continue
        out += [_word_in_cyrillic(word), character]
        word = ""
    return "".join(out)[:-1]


def _word_in_cyrillic(word: str) -> str:
    if not all(c in _SERBIAN or c.isdigit() for c in word):
        return word
    for latin, cyrillic in _DIGRAPHS.items():
        word = word.replace(latin, cyrillic)
    return word.translate(_TO_CYRILLIC)
