"""Which format a manifest is in: its content decides, then its name."""

from __future__ import annotations

import codecs
from typing import Literal

from riskscore.errors import ManifestError

Format = Literal["csv", "jsonl", "parquet", "xlsx"]

_REFUSED: tuple[tuple[bytes, str], ...] = (
    (b"\xd0\xcf\x11\xe0", "an old .xls workbook or one with a password; save it as .xlsx without a password"),
    (b"%PDF", "a PDF; ask the courier for the table behind it"),
    (b"\x89PNG", "a picture; ask the courier for the table behind it"),
    (b"\xff\xd8\xff", "a picture; ask the courier for the table behind it"),
    (b"ARROW1", "an Arrow file; write it as Parquet"),
    (b"ORC", "an ORC file; write it as Parquet"),
    (b"Obj\x01", "an Avro file; write it as Parquet"),
    (b"SQLite format 3", "an SQLite database; export the table as CSV"),
    (b"7z\xbc\xaf", "a 7-Zip archive; unpack it first"),
    (b"Rar!", "a RAR archive; unpack it first"),
    (b"BZh", "a bzip2 archive; unpack it first, gzip and zstd are read as they are"),
    (b"\xfd7zXZ", "an xz archive; unpack it first, gzip and zstd are read as they are"),
    (b"\x1f\x8b", "an archive inside an archive; unpack it first"),
    (b"\x28\xb5\x2f\xfd", "an archive inside an archive; unpack it first"),
)
_MARKUP = (b"<?xml", b"<!doctype", b"<html", b"<!--", b"<soap", b"<!entity")
_PLAIN_CONTROLS = frozenset(b"\t\n\v\f\r\x1a")
_JSON_NAMES = (".jsonl", ".ndjson", ".json")


def sniff(head: bytes, encoding: str, name: str) -> Format:
    """Tell the format of a manifest.

    Parameters
    ----------
    head : bytes
        The first bytes, unpacked.
    encoding : str
        What its text would be read as (see `decode.Text`).
    name : str
        File name, for messages and for what the content leaves open.

    Raises
    ------
    ManifestError
        When the file is empty, or of a kind that is not read here.
    """
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"PK\x03\x04"):
        return "xlsx"
    for magic, what in _REFUSED:
        if head.startswith(magic):
            raise ManifestError(f"{name}: is {what}")
    text = head.decode(encoding, "replace").encode() if encoding != "utf-8" else head
    text = text.removeprefix(codecs.BOM_UTF8)
    start = text.lstrip()
    if not start:
        raise ManifestError(f"{name}: is empty")
    if start[:9].lower().startswith(_MARKUP) or (start.startswith(b"<") and b"</" in start):
        raise ManifestError(f"{name}: is XML or HTML, which is not read; send CSV, TSV, Excel, JSON Lines or Parquet")
    if _looks_binary(text):
        raise ManifestError(
            f"{name}: is a binary file of an unknown format; send CSV, TSV, Excel, JSON Lines or Parquet"
        )
    bare = name.lower().removesuffix(".gz").removesuffix(".zst")
    if start.startswith(b"{") or bare.endswith(_JSON_NAMES):
        if bare.endswith(".json") and start.startswith(b"["):
            raise ManifestError(f"{name}: is one JSON list; write one parcel per line (JSON Lines)")
        return "jsonl"
    if start.startswith(b"[") and start[1:].lstrip().startswith(b"{"):
        raise ManifestError(f"{name}: is one JSON list; write one parcel per line (JSON Lines)")
    return "csv"


def _looks_binary(text: bytes) -> bool:
    """Judge by the first line: names of columns hold no control characters, whatever the values may hold."""
    line = text[:4096].lstrip().split(b"\n", 1)[0]
    controls = sum(byte < 0x20 and byte not in _PLAIN_CONTROLS for byte in line)
    return controls > max(2, 0.05 * len(line))
