"""Bytes become UTF-8 whatever the courier exported, packed or not, and never more of them than a chunk at a time."""

from __future__ import annotations

import gzip
import io
import os
import sys
import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from manifests import read, read_text, same, save
from test_letters import SENTENCES

from riskscore.errors import ManifestError
from riskscore.formats.decode import Source, Text, find_source

HEADER = "parcel_id;description\n"


def text_of(data: bytes, folder: Path, encoding: str | None = None, size: int = 1 << 20) -> tuple[str, Text]:
    text = Text(find_source(save(folder, data), folder), encoding, size)
    return b"".join(text.chunks()).decode(), text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1250"])
@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_unicode_and_old_encodings_are_found(tmp_path: Path, encoding: str, size: int) -> None:
    content = HEADER + "P1;dječija obuća\r\nP2;šal i čarape\r\n"
    assert text_of(content.encode(encoding), tmp_path, size=size)[0] == content


@pytest.mark.parametrize(("encoding", "line"), [(e, lines[0]) for e, lines in SENTENCES.items()])
def test_a_file_of_one_special_line(tmp_path: Path, encoding: str, line: str) -> None:
    result = read_text(tmp_path, (HEADER + f'P1;"{line}"\n').encode(encoding))
    assert result.column("item.description") == [line]
    assert f"encoding {encoding}" in result.notes


def test_utf_16_of_cyrillic_text_without_a_mark(tmp_path: Path) -> None:
    content = HEADER + "P1;" + "детска облека " * 40 + "\n"
    text, found = text_of(content.encode("utf-16-le"), tmp_path)
    assert (text, found.encoding) == (content, "utf-16-le")


def test_utf_8_that_breaks_late_loses_no_row(tmp_path: Path) -> None:
    good = "".join(f"P{i};obuća broj {i}\n" for i in range(3_000))
    data = (HEADER + good).encode() + "Q1;noćni stolić\n".encode("cp1250") + "Q2;čizme\n".encode()
    result = read_text(tmp_path, data)
    assert result.counts.rows_used == 3_002
    assert result.column("item.description")[-2:] == ["noćni stolić", "čizme"]
    assert "encoding utf-8, but 1 line read as cp1250" in result.notes


def test_two_exports_pasted_together(tmp_path: Path) -> None:
    data = (HEADER + "P1;šal\nP2;ćebe\n").encode() + "P3;kućište\nP4;igračke\nP5;punjač\n".encode("cp1250")
    assert read_text(tmp_path, data).column("item.description") == ["šal", "ćebe", "kućište", "igračke", "punjač"]


def test_a_byte_order_mark_settles_it(tmp_path: Path) -> None:
    data = b"\xef\xbb\xbf" + HEADER.encode() + "P1;čizme\n".encode("cp1250")
    result = read_text(tmp_path, data)
    assert (result.ids, result.column("item.description")) == (["P1"], ["čizme"])


def test_the_caller_may_know_better(tmp_path: Path) -> None:
    text, found = text_of("Ћевапи".encode("iso8859-5"), tmp_path, "iso8859-5")
    assert (text, found.encoding) == ("Ћевапи", "iso8859-5")
    assert text_of("šal".encode(), tmp_path, "UTF8")[0] == "šal"


@pytest.mark.parametrize("encoding", ["nonsense", "rot13", "hex", "zlib", "cp\0"])
def test_an_encoding_that_is_none(tmp_path: Path, encoding: str) -> None:
    with pytest.raises(ManifestError, match="encoding"):
        read_text(tmp_path, HEADER + "P1;x\n", encoding=encoding)


@given(
    lines=st.lists(st.sampled_from([t for s in SENTENCES.values() for t in s]), min_size=1, max_size=8), data=st.data()
)
def test_what_a_line_is_read_as_does_not_depend_on_chunks(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("chunks")
    encodings = data.draw(st.lists(st.sampled_from(["utf-8", "cp1250", "cp1251"]), min_size=len(lines)))
    content = b"\r\n".join(line.encode(encoding, "replace") for line, encoding in zip(lines, encodings, strict=False))
    whole, found = text_of(content, folder)
    size = data.draw(st.integers(1, len(content) + 1))
    again, found_again = text_of(content, folder, size=size)
    assert (again, found_again.note()) == (whole, found.note())


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "two gzip members": lambda data: gzip.compress(data[:20]) + gzip.compress(data[20:]),
    "two zstd frames": lambda data: b"".join(zstandard.ZstdCompressor().compress(d) for d in (data[:20], data[20:])),
    "zstd without sizes": lambda data: b"".join(zstandard.ZstdCompressor().read_to_iter(io.BytesIO(data))),
    "a skippable frame first": lambda data: (
        b"\x50\x2a\x4d\x18\x03\0\0\0abc" + zstandard.ZstdCompressor().compress(data)
    ),
}


@pytest.mark.parametrize("packing", PACKED)
@pytest.mark.parametrize("name", ["manifest.csv.gz", "manifest.csv", "manifest"])
def test_archives_are_read_by_content(tmp_path: Path, packing: str, name: str) -> None:
    content = HEADER + "".join(f"P{i};čizme {i}\n" for i in range(500))
    result = read_text(tmp_path, PACKED[packing](content.encode()), name)
    assert result.counts.rows_used == 500
    assert result.column("item.description")[499] == "čizme 499"


@pytest.mark.parametrize("packing", ["gzip", "zstd", "two zstd frames"])
@pytest.mark.parametrize("share", [0.3, 0.8, 0.99])
def test_an_archive_cut_short_is_refused(tmp_path: Path, packing: str, share: float) -> None:
    content = HEADER + "".join(f"P{i};{os.urandom(8).hex()}\n" for i in range(2_000))
    packed = PACKED[packing](content.encode())
    with pytest.raises(ManifestError, match=r"damaged or cut short"):
        read_text(tmp_path, packed[: int(len(packed) * share)])


@pytest.mark.parametrize("packing", ["gzip", "zstd"])
def test_a_damaged_archive_is_refused(tmp_path: Path, packing: str) -> None:
    content = (HEADER + "".join(f"P{i};{os.urandom(8).hex()}\n" for i in range(2_000))).encode()
    checked = zstandard.ZstdCompressor(write_checksum=True).compress(content)
    packed = bytearray(checked if packing == "zstd" else gzip.compress(content))
    middle = len(packed) // 2
    packed[middle : middle + 8] = b"\xff" * 8
    with pytest.raises(ManifestError):
        read_text(tmp_path, bytes(packed))


def test_an_archive_in_an_archive_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="archive inside an archive"):
        read_text(tmp_path, gzip.compress(gzip.compress(b"parcel_id\nP1\n")))


@pytest.mark.parametrize("packing", ["gzip", "zstd"])
def test_a_bomb_costs_no_memory(tmp_path: Path, packing: str) -> None:
    path = tmp_path / "bomb"
    plain = b"\0" * (1 << 20)
    with path.open("wb") as file:
        if packing == "gzip":
            with gzip.GzipFile(fileobj=file, mode="wb") as archive:
                for _ in range(64):
                    archive.write(plain)
        else:
            with zstandard.ZstdCompressor().stream_writer(file) as writer:
                for _ in range(64):
                    writer.write(plain)
    source = find_source(path, tmp_path)
    assert source.packing == packing
    tracemalloc.start()
    length = sum(len(piece) for piece in source.chunks(1 << 20))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert length == 64 << 20
    assert peak < 40 << 20


def test_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = gzip.compress((HEADER + "P1;šal\n").encode())
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(packed)))
    result = read("-")
    assert result.column("item.description") == ["šal"]


def test_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(b"parcel_id\nP1\n"))
    writer.start()
    assert read(pipe).ids == ["P1"]
    writer.join()


def test_temporary_files_go_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    content = HEADER + "".join(f"P{i % 40};{i}\n" for i in range(200))
    assert read_text(tmp_path, content, batch_rows=10).counts.parcels_scored == 40
    with pytest.raises(ManifestError):
        read_text(tmp_path, "nothing here\n")
    with pytest.raises(ManifestError):
        read_text(tmp_path, gzip.compress(content.encode())[:-9], batch_rows=10)
    assert list((tmp_path / "temporary").iterdir()) == []


def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"nowhere\.csv: no such file"):
        read(tmp_path / "nowhere.csv")
    with pytest.raises(ManifestError, match="is a folder"):
        read(tmp_path)
    with pytest.raises(ManifestError):
        read("in\0side")
    with pytest.raises(ManifestError, match="cannot be read"):
        list(Source(tmp_path, "a folder", "none").chunks())


def test_chunks_do_not_change_a_packed_file(tmp_path: Path) -> None:
    path = save(tmp_path, PACKED["zstd"]((HEADER + "P1;šal\nP2;čizme\n").encode()))
    assert same(read(path), read(path, batch_rows=1))
