"""The content says what a file is, then its name."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import polars as pl
import pytest
from manifests import COUNTRIES, save

from riskscore.errors import ManifestError
from riskscore.formats import open_manifest
from riskscore.formats.sniff import sniff


@pytest.mark.parametrize(
    ("content", "name", "format_"),
    [
        (b"parcel_id,description\nP1,x\n", "a.parquet", "csv"),
        (b"parcel_id,description\nP1,x\n", "a.xlsx", "csv"),
        (b"parcel_id\nP1\n", "noname", "csv"),
        (b'{"parcel_id": "P1"}\n', "a.csv", "jsonl"),
        (b'\n \xef\xbb\xbf{"parcel_id": "P1"}\n', "a.jsonl", "jsonl"),
        (b'garbage\n{"parcel_id": "P1"}\n', "a.ndjson", "jsonl"),
        (b'garbage\n{"parcel_id": "P1"}\n', "a.jsonl.gz", "jsonl"),
        ('{"parcel_id": "P1"}\n'.encode("utf-16"), "a.csv", "jsonl"),
        (b"PAR1....", "a.csv", "parquet"),
        (b"PK\x03\x04", "a.csv", "xlsx"),
    ],
)
def test_content_before_name(content: bytes, name: str, format_: str) -> None:
    encoding = "utf-16" if content[:2] == b"\xff\xfe" else "utf-8"
    assert sniff(content, encoding, name) == format_


REFUSED = {
    "nothing": (b"", "empty"),
    "blanks": (b" \n\t\r\n", "empty"),
    "only a mark": (b"\xef\xbb\xbf", "empty"),
    "xml": (b'<?xml version="1.0"?><CC315A/>', "XML or HTML"),
    "xml with entities": (b'<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>', "XML or HTML"),
    "utf-16 xml": ('<?xml version="1.0"?><a/>'.encode("utf-16"), "XML or HTML"),
    "html": (b"\n <html><body>Login</body></html>", "XML or HTML"),
    "a web page without a head": (b"<div>Session expired</div>", "XML or HTML"),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3", "PDF"),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(50), "picture"),
    "old excel": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "password"),
    "7z": (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
    "bzip2": (b"BZh91AY&SY", "bzip2"),
    "noise": (bytes(range(256)) * 8, "binary file"),
    "zeros": (bytes(1000), "binary file"),
    "json list": (b'[\n {"parcel_id": "P1"}\n]', "one JSON list"),
}


@pytest.mark.parametrize("kind", REFUSED)
@pytest.mark.parametrize("packed", [False, True])
def test_what_is_refused_says_what_it_is(tmp_path: Path, kind: str, packed: bool) -> None:
    content, message = REFUSED[kind]
    path = save(tmp_path, gzip.compress(content) if packed else content, "manifest.csv")
    with pytest.raises(ManifestError, match=message) as caught:
        open_manifest(path, countries=COUNTRIES)
    assert str(path) in str(caught.value)


def test_a_json_document_by_name_only(tmp_path: Path) -> None:
    content = json.dumps([{"parcel_id": "P1"}])
    with pytest.raises(ManifestError, match="one JSON list"):
        open_manifest(save(tmp_path, content, "manifest.json"), countries=COUNTRIES)
    with open_manifest(save(tmp_path, "[1]\n" + json.dumps({"parcel_id": "P1"}), "a.jsonl"), countries=COUNTRIES) as m:
        assert m.format == "jsonl"
        assert [t.parcels.height for t in m] == [1]


def test_parquet_and_excel_inside_archives(tmp_path: Path) -> None:
    frame = pl.DataFrame({"parcel_id": ["P1"]})
    frame.write_parquet(tmp_path / "plain")
    path = save(tmp_path, gzip.compress((tmp_path / "plain").read_bytes()), "manifest.parquet.gz")
    with open_manifest(path, countries=COUNTRIES) as manifest:
        assert manifest.format == "parquet"
        assert [t.parcels["parcel_id"].to_list() for t in manifest] == [["P1"]]
