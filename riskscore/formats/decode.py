"""Where a manifest's bytes are, unpacked and turned into UTF-8 a chunk at a time, whatever the courier exported.

Nothing here holds a whole file: compressed input is unpacked in bounded pieces, so an archive that would grow to
terabytes costs no more memory than an honest one.
"""

from __future__ import annotations

import codecs
import gzip
import io
import stat
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

import zstandard

from riskscore.errors import ManifestError
from riskscore.formats.letters import guess_letters
from riskscore.formats.records import MAX_LINE

CHUNK = 4 << 20  # bytes per piece; large enough for vectorised work, small enough to forget
HEAD = 64 << 10
MAX_UNPACKED = 8 << 30  # of a Parquet or Excel file inside an archive, which must be written out to be read
UTF8_SHARE = 0.1  # of the lines with special letters: from here the file is UTF-8 with some lines in an old encoding
_ZSTD_PIECE = 256  # one byte of zstd can become 32 kB: small pieces bound the output
_GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPABLE = tuple(bytes([0x50 + i, 0x2A, 0x4D, 0x18]) for i in range(16))

Packing = Literal["none", "gzip", "zstd"]


@dataclass(frozen=True, slots=True)
class Source:
    """The bytes of one manifest.

    Parameters
    ----------
    path : Path
        A regular file: standard input and pipes have been copied to one.
    name : str
        What messages call it.
    packing : {"none", "gzip", "zstd"}
        Found by the first bytes, whatever the name says.
    """

    path: Path
    name: str
    packing: Packing

    def chunks(self, size: int = CHUNK) -> Iterator[bytes]:
        """Give the unpacked bytes in pieces of about `size`.

        Raises
        ------
        ManifestError
            When the file cannot be read, or the archive is cut short or damaged.
        """
        try:
            with self.path.open("rb") as file:
                yield from _UNPACK[self.packing](file, size)
        except (EOFError, gzip.BadGzipFile, zlib.error, zstandard.ZstdError) as error:
            raise ManifestError(
                f"{self.name}: the {self.packing} archive is damaged or cut short ({error}); fetch the file again"
            ) from error
        except OSError as error:
            raise ManifestError(f"{self.name}: cannot be read ({error.strerror or error})") from error

    def head(self) -> bytes:
        """Return the first 64 kB, unpacked."""
        parts: list[bytes] = []
        length = 0
        for piece in self.chunks(HEAD):
            parts.append(piece)
            length += len(piece)
            if length >= HEAD:
                break
        return b"".join(parts)[:HEAD]

    def unpacked(self, folder: Path) -> Source:
        """Return a source that is not packed, for formats that are read from their end.

        Raises
        ------
        ManifestError
            When more than 8 GiB come out.
        """
        if self.packing == "none":
            return self
        target = folder / "unpacked"
        length = 0
        with target.open("wb") as file:
            for piece in self.chunks():
                length += len(piece)
                if length > MAX_UNPACKED:
                    raise ManifestError(f"{self.name}: the archive holds more than {MAX_UNPACKED >> 30} GiB; refused")
                file.write(piece)
        return Source(target, self.name, "none")


def find_source(source: str | Path, folder: Path) -> Source:
    """Find a manifest: a path, or ``-`` for standard input.

    Parameters
    ----------
    source : str or Path
        A path, or ``-``.
    folder : Path
        Temporary folder; what cannot be read twice (standard input, pipes) is copied there.

    Raises
    ------
    ManifestError
        When there is no such file, it is a folder, or it may not be read.
    """
    name = "standard input" if str(source) == "-" else str(source)
    try:
        if str(source) == "-":
            path = _copy(sys.stdin.buffer, folder)
        else:
            path = Path(source)
            mode = path.stat().st_mode
            if stat.S_ISDIR(mode):
                raise ManifestError(f"{name}: is a folder; name one file")
            if not stat.S_ISREG(mode):
                with path.open("rb") as pipe:
                    path = _copy(pipe, folder)
        with path.open("rb") as file:
            magic = file.read(4)
    except FileNotFoundError as error:
        raise ManifestError(f"{name}: no such file") from error
    except (OSError, ValueError) as error:
        raise ManifestError(f"{name}: cannot be read ({getattr(error, 'strerror', None) or error})") from error
    packing: Packing = "none"
    if magic[:2] == _GZIP_MAGIC:
        packing = "gzip"
    elif magic == _ZSTD_MAGIC or magic in _ZSTD_SKIPPABLE:
        packing = "zstd"
    return Source(path, name, packing)


def _copy(pipe: BinaryIO, folder: Path) -> Path:
    target = folder / "input"
    with target.open("wb") as file:
        while piece := pipe.read(CHUNK):
            file.write(piece)
    return target


def _plain(file: BinaryIO, size: int) -> Iterator[bytes]:
    while piece := file.read(size):
        yield piece


def _gunzip(file: BinaryIO, size: int) -> Iterator[bytes]:
    with gzip.GzipFile(fileobj=file) as archive:
        while piece := archive.read(size):
            yield piece


def _unzstd(file: BinaryIO, size: int) -> Iterator[bytes]:
    waiting = io.BytesIO()
    frame = None
    rest = b""
    while True:
        packed = rest or file.read(_ZSTD_PIECE)
        rest = b""
        if not packed:
            break
        if frame is None:
            frame = zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj()
        waiting.write(frame.decompress(packed))
        if frame.eof:
            rest, frame = frame.unused_data, None
        if waiting.tell() >= size:
            yield waiting.getvalue()
            waiting = io.BytesIO()
    if waiting.tell():
        yield waiting.getvalue()
    if frame is not None:
        raise EOFError("it ends inside a frame")


_UNPACK = {"none": _plain, "gzip": _gunzip, "zstd": _unzstd}


class Text:
    """A manifest's text as UTF-8 bytes.

    The whole file is surveyed once, so that what a line is read as never depends on where a chunk ends.

    Parameters
    ----------
    source : Source
        The bytes.
    encoding : str, optional
        What the caller says it is; otherwise it is found out.
    size : int
        Bytes per chunk.

    Attributes
    ----------
    encoding : str
        What the text is read as.
    old_lines : int
        Lines of an otherwise UTF-8 file that are not UTF-8 and are read as `old_encoding`.

    Raises
    ------
    ManifestError
        For an encoding that does not exist, and for files that cannot be read.
    """

    def __init__(self, source: Source, encoding: str | None = None, size: int = CHUNK) -> None:
        self.source = source
        self.size = size
        self.old_encoding = "cp1252"
        self.old_lines = 0
        told = _known_encoding(source, encoding) if encoding else None
        head = source.head()
        self.encoding = told or encoding_by_bytes(head)
        if self.encoding == "utf-8":
            self._survey(told is not None or head.startswith(codecs.BOM_UTF8))

    def note(self) -> str:
        """Say in one line what the text was read as."""
        if not self.old_lines:
            return f"encoding {self.encoding}"
        lines = "1 line" if self.old_lines == 1 else f"{self.old_lines:,} lines"
        return f"encoding {self.encoding}, but {lines} read as {self.old_encoding}"

    def chunks(self) -> Iterator[bytes]:
        """Give valid UTF-8 without a byte-order mark, in pieces of about `size` bytes."""
        if self.encoding != "utf-8":
            pieces = self._decoded()
        elif self.old_lines:
            pieces = (self._mended(lines) for lines in _whole_lines(self._without_mark()))
        else:
            pieces = self._without_mark()
        yield from pieces

    def _without_mark(self) -> Iterator[bytes]:
        chunks = self.source.chunks(self.size)
        head = b""
        for chunk in chunks:
            head += chunk
            if len(head) >= len(codecs.BOM_UTF8):
                break
        yield head.removeprefix(codecs.BOM_UTF8)
        yield from chunks

    def _decoded(self) -> Iterator[bytes]:
        decoder = codecs.getincrementaldecoder(self.encoding)(errors="replace")
        first = True
        try:
            for chunk in self.source.chunks(self.size):
                text = decoder.decode(chunk)
                if first and text:
                    text, first = text.removeprefix("\ufeff"), False
                yield text.encode("utf-8", "replace")
            yield decoder.decode(b"", final=True).encode("utf-8", "replace")
        except UnicodeError as error:
            raise ManifestError(f"{self.source.name}: is not {self.encoding} text ({error})") from error

    def _mended(self, chunk: bytes) -> bytes:
        if _is_utf8(chunk):
            return chunk
        lines = chunk.splitlines(keepends=True)
        return b"".join(
            line if _is_utf8(line) else line.decode(self.old_encoding, "replace").encode() for line in lines
        )

    def _survey(self, certain: bool) -> None:
        """Find out whether every line is UTF-8, and what the others are."""
        if all(_is_utf8(chunk) for chunk in _whole_lines(self._without_mark())):
            return
        good = bad = 0
        sample = bytearray()
        for chunk in _whole_lines(self._without_mark()):
            for line in chunk.splitlines():
                if line.isascii():
                    continue
                if _is_utf8(line):
                    good += 1
                else:
                    bad += 1
                    if len(sample) < HEAD:
                        sample += line + b"\n"
        letters = guess_letters(bytes(sample))
        if certain or good >= UTF8_SHARE * (good + bad):
            self.old_encoding, self.old_lines = letters, bad
        else:
            self.encoding = letters


def _known_encoding(source: Source, encoding: str) -> str:
    try:
        found = codecs.lookup(encoding)
    except (LookupError, ValueError) as error:
        raise ManifestError(f"{source.name}: there is no encoding called {encoding!r}; try cp1250 or utf-8") from error
    if not getattr(found, "_is_text_encoding", True):
        raise ManifestError(f"{source.name}: {encoding!r} is not a text encoding; try cp1250 or utf-8")
    return "utf-8" if found.name in ("utf-8", "utf-8-sig", "ascii") else found.name


def encoding_by_bytes(head: bytes) -> str:
    """Tell UTF-16 by its mark or by the zero byte beside every plain letter; all else starts as UTF-8."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    start = head[:64]  # names of columns, or a brace: plain letters in every language
    low, high = start[0::2].count(0), start[1::2].count(0)
    enough = 0.3 * len(start) / 2
    if len(start) >= 4 and max(low, high) >= enough and min(low, high) <= 0.05 * len(start) / 2:
        return "utf-16-le" if high > low else "utf-16-be"
    return "utf-8"


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _whole_lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Cut between lines, so that a line is judged as one; only a line beyond all measure is cut inside."""
    rest = b""
    for chunk in chunks:
        data = rest + chunk
        end = max(data.rfind(b"\n"), data.rfind(b"\r", 0, -1)) + 1
        if not end and len(data) > MAX_LINE:
            end = len(data)
        rest = data[end:]
        if end:
            yield data[:end]
    if rest:
        yield rest
