"""CSV and TSV as couriers export them: any separator, any quoting, faults and all, streamed."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import polars as pl

from riskscore.errors import ManifestError
from riskscore.formats.columns import Columns
from riskscore.formats.decode import Text
from riskscore.formats.reading import LINE, Reading
from riskscore.formats.records import MAX_LINE, Flags, Lines, NeedMoreError, Record, scan, take_record

SEPARATORS = (b",", b";", b"\t", b"|")
MAX_HEADER = 1 << 20
_LINE_END = re.compile(rb"\r\n|\r|\n")
_EXCEL_HINT = re.compile(rb'\s*"?sep=([^\w"\r\n])\1*"?\s*', re.IGNORECASE)  # first line that tells Excel the separator


class CsvRows:
    """The rows of a CSV manifest as raw text columns.

    The header is read at once, so that a file that cannot be used is refused before anything else happens.

    Parameters
    ----------
    text : Text
        The manifest's text.
    columns : Columns
        What its names mean.
    reading : Reading
        Receives counts, notes and rejected rows.

    Raises
    ------
    ManifestError
        When there is no header with a parcel_id.
    """

    def __init__(self, text: Text, columns: Columns, reading: Reading) -> None:
        self._reading = reading
        self._chunks = text.chunks()
        self._rest = b""
        self._last = False
        self._line = 1  # number of the first line of `_rest`
        while len(self._rest) < MAX_HEADER and not self._last:
            self._read_on()
        reading.notes.add(text.note())
        self._read_header(columns)
        shown = "tab" if self._separator == b"\t" else self._separator.decode()
        reading.notes.add(f"delimiter {shown}")
        reading.decimals.semicolons = self._separator == b";"

    def batches(self) -> Iterator[pl.DataFrame]:
        """Give the rows: ``line`` and one text column per known path."""
        while True:
            frame = self._take_lines()
            if frame.height:
                yield frame
            if self._last and not self._rest:
                return
            self._read_on()

    def _read_on(self) -> None:
        """Read at least one more line end, or a line that is too long, or to the end."""
        parts = [self._rest]
        length = len(self._rest)
        for chunk in self._chunks:
            parts.append(chunk)
            length += len(chunk)
            if b"\n" in chunk or b"\r" in chunk or length > MAX_LINE + 1:
                break
        else:
            self._last = True
        self._rest = b"".join(parts)

    def _whole_lines(self) -> bytes:
        if self._last:
            return self._rest
        end = self._rest.rfind(b"\n")
        return self._rest[: max(end, self._rest.rfind(b"\r", 0, -1) if self._returns else end) + 1]

    def _scan(self, data: bytes) -> Lines:
        return scan(data, self._separator[0], self._returns)

    def _read_header(self, columns: Columns) -> None:
        # The first line end decides: in a file with line feeds, a return alone is a sender's, not the exporter's.
        first = _LINE_END.search(self._rest)
        self._returns = first is not None and first[0] == b"\r"
        head = self._whole_lines()[:MAX_HEADER]
        separators: tuple[bytes, ...] = SEPARATORS
        lines = scan(head, 0, self._returns)
        texts = [head[start:stop] for start, stop in zip(lines.start[:1000], lines.stop, strict=False)]
        said = [number for number, text in enumerate(texts) if text.strip(b' \t\v\f"')][:2]
        hint = _EXCEL_HINT.fullmatch(texts[said[0]]) if said else None
        if hint:
            separators, said = (hint[1],), said[1:]
        if not said:
            raise ManifestError(f"{columns.name}: has no header")
        number = said[0]
        choices = []
        for separator in separators:
            lines = scan(head, separator[0], self._returns)
            header = take_record(head, lines, number, separator, None, 0, last=True)
            names = [field.decode("utf-8", "replace") for field in header.fields]
            choices.append(((columns.recognised(names), len(names)), separator, names, header, lines))
        _, self._separator, names, header, lines = max(choices, key=lambda choice: choice[0])
        if header.fault:
            raise ManifestError(f"{columns.name}: the header cannot be read, {header.fault}")
        self._positions = columns.resolve(names)
        self._width = len(names)
        self._line += number + header.lines
        self._rest = self._rest[lines.next[number + header.lines - 1] :]

    def _take_lines(self) -> pl.DataFrame:
        """Take all records that are complete off `_rest`."""
        data = self._whole_lines()
        if not data:
            if len(self._rest) > MAX_LINE + 1:
                self._skip_endless_line()
            return self._frame([], [])
        lines = self._scan(data)
        ends_empty = np.frombuffer(data, dtype=np.uint8)[np.maximum(lines.stop - 1, 0)] == self._separator[0]
        fits = (lines.fields <= self._width) | ((lines.fields == self._width + 1) & ends_empty)
        simple = (lines.quoted | lines.literal) & fits & ~lines.blank & (lines.stop - lines.start <= MAX_LINE)
        by_hand, end = self._take_by_hand(data, lines, simple)
        frames = [
            self._parse(data, lines, simple & lines.quoted, '"'),
            self._parse(data, lines, simple & ~lines.quoted, None),
            by_hand,
        ]
        frames = [frame for frame in frames if frame.height]
        self._line += end
        self._rest = self._rest[lines.next[end - 1] if end else 0 :]
        if len(frames) == 1:
            return frames[0]
        return pl.concat(frames).sort(LINE) if frames else by_hand

    def _take_by_hand(self, data: bytes, lines: Lines, simple: Flags) -> tuple[pl.DataFrame, int]:
        """Take the other lines apart one by one; clears `simple` where a record runs into simple lines."""
        numbers: list[int] = []
        rows: list[list[bytes]] = []
        free = 0
        for line in np.flatnonzero(~simple & ~lines.blank).tolist():
            if line < free:
                continue
            try:
                record = self._take_record(data, lines, line)
            except NeedMoreError:
                simple[line:] = False
                return self._frame(numbers, rows), line
            free = line + record.lines
            simple[line:free] = False
            if record.fault:
                start = lines.start[line]
                self._reject(self._line + line, record, data[start : min(lines.stop[free - 1], start + 4096)])
            else:
                numbers.append(self._line + line)
                rows.append(record.fields)
        return self._frame(numbers, rows), len(lines.start)

    def _take_record(self, data: bytes, lines: Lines, line: int) -> Record:
        start, stop = lines.start[line], lines.stop[line]
        if stop - start > MAX_LINE:
            return Record(data[start : start + MAX_HEADER].split(self._separator), 1, _too_long())
        record = take_record(
            data, lines, line, self._separator, self._width, self._positions["parcel_id"], last=self._last
        )
        extra = record.fields[self._width :]
        if not record.fault and any(field.strip() for field in extra):
            record.fault = f"{len(record.fields)} fields where the header has {self._width}"
        return record

    def _skip_endless_line(self) -> None:
        """Reject a line that outgrows all bounds without holding it."""
        head = self._rest[:MAX_HEADER]
        self._reject(self._line, Record(head.split(self._separator), 1, _too_long()), head[:4096])
        rest = self._rest
        while not self._last:
            end = min((at for at in (rest.find(b"\n"), self._lone_return(rest)) if at >= 0), default=-1)
            if end >= 0:
                break
            rest, self._last = _next(self._chunks, rest[-1:])
        else:
            end = len(rest)
        crlf = rest[end : end + 2] == b"\r\n"
        self._rest = rest[end + 1 + crlf :]
        self._line += 1

    def _lone_return(self, rest: bytes) -> int:
        return rest.find(b"\r", 0, -1) if self._returns else -1

    def _reject(self, line: int, record: Record, raw: bytes) -> None:
        at = self._positions["parcel_id"]
        cell = record.fields[at].decode("utf-8", "replace").strip(' "\t\x00') if at < len(record.fields) else ""
        self._reading.reject(line, cell or None, raw.decode("utf-8", "replace"), record.fault or "")

    def _parse(self, data: bytes, lines: Lines, chosen: Flags, quote: str | None) -> pl.DataFrame:
        """Let polars parse the lines that are records by themselves."""
        numbers = np.flatnonzero(chosen)
        if not len(numbers):
            return self._frame([], [])
        separator = self._separator
        width = self._width + 1
        columns = sorted(set(self._positions.values()))
        header = separator.join(str(position).encode() for position in range(width))
        frame = pl.read_csv(
            header + b"\n" + _joined(data, lines, chosen, self._returns),
            separator=separator.decode(),
            quote_char=quote,
            infer_schema=False,
            columns=columns,
            truncate_ragged_lines=True,
        )
        if frame.height != len(numbers):
            records = [self._take_record(data, lines, line) for line in numbers.tolist()]
            return self._frame((numbers + self._line).tolist(), [record.fields for record in records])
        frame = frame.select(
            pl.Series(LINE, numbers + self._line, dtype=pl.Int64),
            *(pl.col(str(position)).alias(path) for path, position in self._positions.items()),
        )
        self._report_short(frame, lines.fields[numbers])
        return frame

    def _frame(self, numbers: list[int], rows: list[list[bytes]]) -> pl.DataFrame:
        texts = {
            path: [row[at].decode("utf-8", "replace") if at < len(row) else None for row in rows]
            for path, at in self._positions.items()
        }
        schema = {LINE: pl.Int64, **dict.fromkeys(self._positions, pl.String)}
        frame = pl.DataFrame({LINE: numbers, **texts}, schema=schema)
        self._report_short(frame, np.array([len(row) for row in rows], dtype=np.int64))
        return frame

    def _report_short(self, frame: pl.DataFrame, fields: np.ndarray[tuple[int], np.dtype[np.int64]]) -> None:
        short = fields < self._width
        if not short.any():
            return
        counts = pl.Series("fields", fields[short])
        reason = pl.format("{} fields where the header has {}; the others are missing", "fields", pl.lit(self._width))
        self._reading.problems.extend(
            frame.filter(pl.Series(short)).select(
                LINE,
                "parcel_id",
                pl.lit("").alias("field"),
                pl.lit(None, dtype=pl.String).alias("raw"),
                counts.to_frame().select(reason).to_series().alias("reason"),
                pl.lit(value=False).alias("rejected"),
            )
        )


def _too_long() -> str:
    return f"the line is longer than {MAX_LINE >> 20} MiB"


def _next(chunks: Iterator[bytes], rest: bytes) -> tuple[bytes, bool]:
    chunk = next(chunks, None)
    return (rest, True) if chunk is None else (rest + chunk, False)


def _joined(data: bytes, lines: Lines, chosen: Flags, returns: bool) -> bytes:
    """Cut the chosen lines out, every line end a line feed."""
    if not chosen.all():
        edges = np.flatnonzero(np.diff(np.concatenate([[False], chosen, [False]]).astype(np.int8)))
        first, last = edges[0::2], edges[1::2] - 1
        runs = zip(lines.start[first].tolist(), lines.next[last].tolist(), strict=True)
        data = b"".join([data[start:stop] for start, stop in runs])
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
        data = data.replace(b"\r", b"\n") if returns else data
    return data
