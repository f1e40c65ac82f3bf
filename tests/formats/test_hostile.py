"""Broken and hostile input: one clear error or honest sums, never a traceback, never a parcel lost in silence.

Each case says what must come out: the ids that are scored, and how many rows are rejected; or the error of the whole.
"""

from __future__ import annotations

import gzip
import io
import json
import random
import zipfile
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
import zstandard
from manifests import COUNTRIES, Read, read_text, save
from test_xlsx import workbook

from riskscore.errors import ManifestError
from riskscore.formats import open_manifest

HEADER = b"parcel_id,description,total_value\n"


@dataclass
class Case:
    """One hostile file."""

    content: bytes
    ids: list[str] | None = None  # None: the whole file is refused
    rejected: int = 0
    error: str = ""
    name: str = "manifest.csv"


def parquet(frame: pl.DataFrame) -> bytes:
    file = io.BytesIO()
    frame.write_parquet(file)
    return file.getvalue()


def zipped(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def many(count: int) -> list[str]:
    return [f"P{n}" for n in range(count)]


CASES = {
    # Quotes
    "a quote never closed at the end": Case(HEADER + b'P1,a,1\nP2,"b,2', ["P1"], 1),
    "a quote never closed in every row": Case(HEADER + b"".join(b'P%d,"a,1\n' % n for n in range(50)), [], 50),
    "a quote never closed before good quotes": Case(HEADER + b'P1,"a,1\nP2,"b",2\nP3,"c",3\n', ["P2", "P3"], 1),
    "a quote that tries to swallow rows": Case(HEADER + b'P1,"a,1\nP2,b,2\nP3,c",3\n', ["P2", "P3"], 1),
    "text behind a closing quote": Case(HEADER + b'P1,"a" b,1\nP2,b,2\n', ["P2"], 1),
    "nothing but quotes": Case(HEADER + b'"""""""""\n' * 20 + b"P1,a,1\n", ['""""\n""""', "P1"]),
    "quotes beyond the span of a field": Case(HEADER + b'P1,"' + b'""\n' * 1_200 + b"P2,b,2\n", None, 0, "sums"),
    # Rows
    "rows of every length": Case(HEADER + b"P1\nP2,a\nP3,a,1\nP4,a,1,x\nP5,a,1,,,\n", ["P1", "P2", "P3", "P5"], 1),
    "very many separators": Case(HEADER + b"P1" + b"," * 300_000 + b"x\nP2,b,2\n", ["P2"], 1),
    "a line of five megabytes": Case(HEADER + b"P1," + b"x" * 5_000_000 + b",1\nP2,b,2\n", ["P1", "P2"]),
    "no parcel_id in any row": Case(HEADER + b",a,1\n , b,2\nnull,c,3\n", [], 3),
    "a header repeated in the middle": Case(HEADER + b"P1,a,1\n" + HEADER + b"P2,b,2\n", ["P1", "parcel_id", "P2"]),
    "blank lines everywhere": Case(b"\n\r\n" + HEADER + b"\n \n\t\nP1,a,1\n\n\n", ["P1"]),
    "returns that forge rows": Case(HEADER + b"P1,a\rP9,forged,1\rP8,x,1\nP2,b,2\n", ["P2"], 1),
    # Bytes
    "zero bytes": Case(HEADER + b"P1,\0\0a,1\0\n\0\0,b,2\n", ["P1"], 1),
    "every control character": Case(HEADER + b"P1,\x01\x02\x03\x04\x05\x06\x07\x08\x0b\x0c\x0e\x1b\x7f,1\n", ["P1"]),
    "a mark in the middle": Case(b"\xef\xbb\xbf" + HEADER + b"\xef\xbb\xbfP1,a,1\n", ["P1"]),
    "broken utf-8": Case(HEADER + b"P1,\xc3\x28\xa0\xff\xfe,1\nP2,\xe2\x82,2\n", ["P1", "P2"]),
    "overlong utf-8": Case(HEADER + b"P1,\xc0\xaf\xe0\x80\xaf,1\n", ["P1"]),
    "utf-16 cut in a letter": Case((HEADER + b"P1,a,1\n").decode().encode("utf-16")[:-1], ["P1"]),
    "utf-16 with half pairs": Case(b"\xff\xfe" + "parcel_id\nP1".encode("utf-16-le") + b"\x00\xd8", ["P1\ufffd"]),
    "directions and joiners": Case(HEADER + "P1,\u202egnp.exe\u200d\u2066,1\n".encode(), ["P1"]),
    "formulas": Case(HEADER + b"=1+1,=HYPERLINK(1),=2\n@x,+1,1\n", ["=1+1", "@x"]),
    # Values
    "absurd numbers": Case(HEADER + b"P1,a,1e999\nP2,b,-1e9\nP3,c," + b"9" * 5_000 + b"\n", ["P1", "P2", "P3"]),
    "words for nothing": Case(HEADER + b"P1,null,nan\nP2,none,--\nP3,n/a,?\n", ["P1", "P2", "P3"]),
    "json bombs in a cell": Case(b"parcel_id;documents\nP1;" + b"[" * 500_000 + b"\nP2;{}\n", ["P1", "P2"]),
    "ten thousand list members": Case(b"parcel_id;observations\nP1;" + b"x|" * 10_000 + b"\n", ["P1"]),
    # Headers
    "an empty file": Case(b"", error="empty"),
    "only blanks": Case(b" \r\n\t\n", error="empty"),
    "no header": Case(b"P1,a,1\nP2,b,2\n", error="no parcel_id column"),
    "a header of ten thousand names": Case(
        b"parcel_id," + b",".join(b"c%d" % n for n in range(10_000)) + b"\nP1\n", ["P1"]
    ),
    "a header without an end": Case(b'"' + b"parcel_id," * 200_000, error="cannot be read|no parcel_id"),
    "names with zero bytes": Case(b"\0parcel_id\0,description\nP1,a\n", ["P1"]),
    "the same name a hundred times": Case(b"parcel_id," * 100 + b"description\nP1" + b",x" * 100 + b"\n", ["P1"]),
    # Other formats
    "xml with an entity bomb": Case(b'<!DOCTYPE z [<!ENTITY a "&b;&b;">]><z>&a;</z>', error="XML or HTML"),
    "a pdf": Case(b"%PDF-1.4\n", error="PDF"),
    "a plain zip": Case(zipped(**{"manifest.csv": HEADER}), error="zip archive but no .xlsx"),
    "a zip that is cut": Case(workbook([["parcel_id"], ["A"]])[:-30], error="damaged", name="a.xlsx"),
    "noise": Case(random.Random(1).randbytes(5_000), error="binary|no parcel_id|has no header"),
    "parquet without an end": Case(parquet(pl.DataFrame({"parcel_id": ["A"]}))[:-8], error="damaged", name="a.parquet"),
    "parquet of zeros": Case(b"PAR1" + bytes(500) + b"PAR1", error="damaged", name="a.parquet"),
    "gzip of nothing": Case(gzip.compress(b""), error="empty"),
    "gzip cut short": Case(gzip.compress(HEADER + b"P1,a,1\n" * 9_999)[:-20], error="damaged or cut short"),
    "gzip with rubbish behind": Case(gzip.compress(HEADER + b"P1,a,1\n") + b"rubbish", error="damaged or cut short"),
    "zstd with a giant window": Case(b"\x28\xb5\x2f\xfd\x00\xf8" + bytes(50), error="damaged or cut short"),
    "zstd cut short": Case(zstandard.compress(HEADER + random.Random(2).randbytes(9_999))[:-20], error="cut short"),
    # JSON Lines
    "json nested without end": Case(b'{"parcel_id":"A"}\n' + b'{"a":[' * 100_000, ["A"], 1, name="a.jsonl"),
    "json with nan": Case(b'{"parcel_id":"A","total_value":NaN,"dims_cm":{"length":-Infinity}}', ["A"], name="a.jsonl"),
    "json of other things": Case(b'1\n"a"\n[]\nnull\n{"parcel_id":"A"}', ["A"], 4, name="a.jsonl"),
    "json without a single parcel": Case(b"{]\n{]\n", error="no line can be read as a parcel", name="a.jsonl"),
    "json with repeats": Case(b'{"parcel_id":"A"}\n{"parcel_id":"A"}\n' * 50, ["A"], 99, name="a.jsonl"),
    "json with ten thousand keys": Case(
        json.dumps({"parcel_id": "A", **{f"k{n}": n for n in range(10_000)}}).encode(), ["A"], name="a.jsonl"
    ),
    "json with types upside down": Case(
        b'{"parcel_id":1,"items":{"a":1},"sender":[],"documents":"x","route":7,"currency":{}}', ["1"], name="a.jsonl"
    ),
    "one json list over many lines": Case(b'[\n{"parcel_id":"A"},\n{"parcel_id":"B"}\n]', error="one JSON list"),
}


@pytest.mark.parametrize("kind", CASES)
def test_hostile(tmp_path: Path, kind: str) -> None:
    case = CASES[kind]
    if case.error and case.error != "sums":
        path = save(tmp_path, case.content, case.name)
        with pytest.raises(ManifestError, match=case.error), open_manifest(path, countries=COUNTRIES) as manifest:
            list(manifest)
        return
    for batch_rows in (50_000, 3):
        result = read_text(tmp_path, case.content, case.name, batch_rows=batch_rows)
        if case.ids is not None:
            assert result.ids == case.ids
            assert result.counts.rows_rejected == case.rejected


def test_there_are_many_kinds() -> None:
    assert len(CASES) >= 30


def test_a_hostile_sender_cannot_hide_the_next_parcel(tmp_path: Path) -> None:
    # What a sender can type into a goods description, at a courier whose export escapes nothing.
    texts = ['"', '""', 'a"', '"a', '";', ';"', '"";"', "\r", '"\r', '\\"', "\0", "\u2028", "'", '";"', '"\u2029"']
    for text in texts:
        rows = f'parcel_id;description;total_value\nP1;{text};1\nP2;rifle;2\nP3;"quoted";3\n'
        result = read_text(tmp_path, rows)
        assert {"P2", "P3"} <= set(result.ids), text
        assert "rifle" in result.column("item.description"), text


def flipped(data: bytes, draw: random.Random) -> bytes:
    """The same file after an accident."""
    broken = bytearray(data)
    for _ in range(draw.randint(1, 6)):
        accident, place = draw.randrange(3), draw.randrange(len(broken))
        if accident == 0:
            broken[place] = draw.randrange(256)
        elif accident == 1:
            del broken[place : place + draw.randint(1, 20)]
        else:
            broken[place:place] = draw.randbytes(draw.randint(1, 5))
        if not broken:
            break
    return bytes(broken)


GOOD = {
    "a.csv": HEADER + b"".join(b'P%d,"item, no ""%d""",%d\n' % (n, n, n) for n in range(40)),
    "a.jsonl": b"".join(
        b'{"parcel_id": "P%d", "sender": {"country": "DE"}, "items": [{"description": "item %d"}]}\n' % (n, n)
        for n in range(40)
    ),
    "a.parquet": parquet(pl.DataFrame({"parcel_id": many(40), "item.description": many(40)})),
    "a.xlsx": workbook([["parcel_id", "description"], *([name, name] for name in many(40))]),
    "a.csv.gz": gzip.compress(HEADER + b"".join(b"P%d,a,1\n" % n for n in range(400))),
    "a.csv.zst": zstandard.compress(HEADER + b"".join(b"P%d,a,1\n" % n for n in range(400))),
}


@pytest.mark.parametrize("name", GOOD)
def test_accidents_give_an_error_or_honest_sums(tmp_path: Path, name: str) -> None:
    draw = random.Random(name)
    outcomes: list[Read | ManifestError] = []
    for _ in range(25):
        try:
            outcomes.append(read_text(tmp_path, flipped(GOOD[name], draw), name))
        except ManifestError as error:
            outcomes.append(error)
    assert len(outcomes) == 25
    assert read_text(tmp_path, GOOD[name], name).counts.rows_rejected == 0
