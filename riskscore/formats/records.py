"""Lines of separated values → records, when quotes make that anything but simple.

`scan` sorts the lines of a chunk with numpy: those that are records by themselves go to polars, whole; the few others
are taken apart here by `take_record`, one by one. What a line is read as depends on the text alone, never on where a
chunk ends.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

MAX_LINE = 16 << 20  # bytes of one physical line
MAX_SPAN = 1 << 20  # bytes, lines and doubled quotes of one quoted field over several lines
MAX_SPAN_LINES = 1_000
MAX_SPAN_QUOTES = 1_000
MAX_ID = 64

LF, CR, QUOTE, SPACE = 10, 13, 34, 32
Indexes = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(slots=True)
class Lines:
    """The physical lines of a chunk.

    Attributes
    ----------
    start, stop, next : numpy arrays
        Where each line begins, where its text ends, where the next one begins.
    fields : numpy array
        Fields of the line, if it is a record by itself.
    quoted : numpy array
        Quotes stand only where they open and close a field, and every one is closed on the line.
    literal : numpy array
        Quotes, if any, stand only inside fields: they are text.
    blank : numpy array
        Nothing but blanks.
    """

    start: Indexes
    stop: Indexes
    next: Indexes
    fields: Indexes
    quoted: Flags
    literal: Flags
    blank: Flags


def scan(data: bytes, separator: int, returns: bool = False) -> Lines:
    """Find and sort the lines of a chunk that ends with a whole line.

    Parameters
    ----------
    data : bytes
        UTF-8; the last line may lack its line end.
    separator : int
        The byte between fields.
    returns : bool
        A carriage return alone ends a line (old Macintosh); otherwise it is text.
    """
    array = np.frombuffer(data, dtype=np.uint8)
    alone = np.zeros(0, dtype=np.int64)
    ends = np.flatnonzero(array == LF)
    stop = ends
    if CR in data:
        before = ends - 1
        stop = ends - ((before >= 0) & (array[before] == CR))
        alone = np.flatnonzero(array == CR)
        alone = alone[(alone + 1 == len(array)) | (array[np.minimum(alone + 1, len(array) - 1)] != LF)]
    if returns and len(alone):
        ends, stop = np.concatenate([ends, alone]), np.concatenate([stop, alone])
        order = np.argsort(ends, kind="stable")
        ends, stop = ends[order], stop[order]
    following = ends + 1
    if not len(ends) or following[-1] < len(array):
        following = np.append(following, len(array))
        stop = np.append(stop, len(array))
    start = np.concatenate([[0], following[:-1]])
    separators = np.flatnonzero(array == separator)
    fields = np.diff(np.searchsorted(separators, np.append(start, len(array)))) + 1
    quotes = np.flatnonzero(array == QUOTE)
    quoted = np.ones(len(start), dtype=bool)
    literal = np.ones(len(start), dtype=bool)
    if len(quotes):
        quoted, literal, inside = _judge_quotes(array, separator, start, stop, quotes, separators)
        fields = fields - np.where(quoted, inside, 0)
    if len(alone) and not returns:
        of_line = np.searchsorted(start, alone, side="right") - 1
        quoted[of_line] = literal[of_line] = False  # polars drops a return at the end of a field
    return Lines(start, stop, following, fields, quoted, literal, _blank(data, array, start, stop, separator))


def _judge_quotes(
    array: npt.NDArray[np.uint8], separator: int, start: Indexes, stop: Indexes, quotes: Indexes, separators: Indexes
) -> tuple[Flags, Flags, Indexes]:
    """Tell well-quoted lines and lines whose quotes are text, and count the separators inside quotes."""
    bounds = np.searchsorted(quotes, np.append(start, len(array)))
    counts = np.diff(bounds)
    line = np.repeat(np.arange(len(start)), counts)
    opening = (np.arange(len(quotes)) - bounds[line]) % 2 == 0
    before = array[np.maximum(quotes - 1, 0)]
    after = array[np.minimum(quotes + 1, len(array) - 1)]
    at_start = (quotes == start[line]) | (before == separator)
    at_stop = (quotes + 1 == stop[line]) | (after == separator)
    wrong = np.where(opening, ~(at_start | (before == QUOTE)), ~(at_stop | (after == QUOTE)))
    quoted = (counts % 2 == 0) & (np.bincount(line[wrong], minlength=len(start)) == 0)
    literal = np.bincount(line[at_start], minlength=len(start)) == 0
    inside = np.zeros(len(start), dtype=np.int64)
    if len(separators):
        of_line = np.searchsorted(start, separators, side="right") - 1
        within = (np.searchsorted(quotes, separators) - bounds[of_line]) % 2 == 1
        inside = np.bincount(of_line[within], minlength=len(start))
    return quoted, literal, inside


def _blank(data: bytes, array: npt.NDArray[np.uint8], start: Indexes, stop: Indexes, separator: int) -> Flags:
    blank: Flags = np.equal(start, stop)
    blanks = b" \t\v\f".replace(bytes([separator]), b"")
    for line in np.flatnonzero(~blank & (array[np.minimum(start, len(array) - 1)] <= SPACE)).tolist():
        blank[line] = not data[start[line] : stop[line]].strip(blanks)
    return blank


@dataclass(slots=True)
class Record:
    """One record that was taken apart by hand.

    Attributes
    ----------
    fields : list of bytes
        Its fields, unquoted; of a rejected one as far as they make sense.
    lines : int
        Physical lines that it takes up.
    fault : str or None
        Why it is rejected.
    """

    fields: list[bytes]
    lines: int
    fault: str | None = None


class NeedMoreError(Exception):
    """The record goes on behind the end of the chunk."""


def take_record(
    data: bytes, lines: Lines, line: int, separator: bytes, width: int | None, id_at: int, last: bool
) -> Record:
    """Take one record apart.

    A quoted field may go on over several lines if it is closed properly. Otherwise its quote was never meant to open
    anything: only the first line is rejected, and reading goes on with the next.

    Parameters
    ----------
    data : bytes
        The chunk.
    lines : Lines
        Its lines.
    line : int
        The line where the record begins.
    separator : bytes
        The byte between fields.
    width : int or None
        Fields of the header; None for the header itself.
    id_at : int
        Position of the parcel_id.
    last : bool
        Nothing comes behind this chunk.

    Raises
    ------
    NeedMoreError
        When the end of the chunk leaves open where the record ends.
    """
    start, stop = int(lines.start[line]), int(lines.stop[line])
    fields: list[bytes] = []
    at, end, end_line = start, stop, line
    while True:
        if data[at : at + 1] != b'"' or at >= end:
            cut = data.find(separator, at, end)
            fields.append(data[at : end if cut < 0 else cut])
        else:
            close, end_line = _closing_quote(data, lines, line, end_line, at, separator, last)
            if close < 0:
                return _never_closed(data, start, stop, separator, width)
            end = int(lines.stop[end_line])
            fields.append(data[at + 1 : close].replace(b'""', b'"'))
            cut = close + 1 if close + 1 < end else -1
        if cut < 0:
            break
        at = cut + 1
    taken = end_line - line + 1
    if taken > 1 and width is not None and _swallows_rows(data, lines, line, taken, fields, separator, width, id_at):
        return _never_closed(data, start, stop, separator, width)
    return Record(fields, taken)


def _closing_quote(
    data: bytes, lines: Lines, first_line: int, line: int, opening: int, separator: bytes, last: bool
) -> tuple[int, int]:
    """Find the quote that closes a field and the line it stands on; -1 if none does."""
    first_stop = int(lines.stop[line])
    reach = min(len(data), opening + MAX_SPAN)
    last_line = min(len(lines.stop) - 1, first_line + MAX_SPAN_LINES)
    at, pairs, strays = opening + 1, 0, 0
    while pairs < MAX_SPAN_QUOTES or at <= first_stop:
        quote = data.find(b'"', at, max(reach, first_stop))
        if quote < 0:
            break
        if quote >= lines.next[line]:
            line = int(np.searchsorted(lines.next, quote, side="right"))
            if line > last_line or strays:
                return -1, 0
        follows = data[quote + 1 : quote + 2]
        if quote + 1 >= lines.stop[line] or follows == separator:
            return quote, line
        if follows == b'"':
            pairs += 1
            at = quote + 2
        elif quote < first_stop:
            strays += 1  # text, as long as the field ends on this line
            at = quote + 1
        else:
            return -1, 0
    open_end = reach == len(data) and last_line == len(lines.stop) - 1 and pairs < MAX_SPAN_QUOTES and not strays
    if open_end and not last:
        raise NeedMoreError
    return -1, 0


def _never_closed(data: bytes, start: int, stop: int, separator: bytes, width: int | None) -> Record:
    """Save a line whose last inner quote was not doubled (``"monitor 19"";``), or reject it."""
    text = data[start:stop]
    repaired = _split_loosely(text, separator)
    if width is not None and repaired is not None and len(repaired) == width:
        return Record(repaired, 1)
    return Record(text.split(separator), 1, "a quote is never closed")


def _split_loosely(text: bytes, separator: bytes) -> list[bytes] | None:
    fields = []
    rest: bytes | None = text
    while rest is not None:
        if rest[:1] == b'"':
            close = rest.find(b'"' + separator, 1)
            body, rest = (rest[1:close], rest[close + 2 :]) if close >= 0 else (rest[1:], None)
            if rest is None:
                if not body.endswith(b'"'):
                    return None
                body = body[:-1]
            fields.append(body.replace(b'""', b'"'))
        else:
            body, found, behind = rest.partition(separator)
            fields.append(body)
            rest = behind if found else None
    return fields


def _swallows_rows(
    data: bytes, lines: Lines, line: int, taken: int, fields: list[bytes], separator: bytes, width: int, id_at: int
) -> bool:
    """Tell a stray quote, which would swallow good rows up to the next one, from a field over several lines."""
    if width < 2:
        return False
    cells = [data[lines.start[number] : lines.stop[number]].split(separator) for number in range(line, line + taken)]
    rows = [len(row) == width and _is_reference(row[id_at]) for row in cells[1:]]
    if len(fields) < width or any(field.strip() for field in fields[width:]):
        return any(rows)
    return len(cells[0]) == width and all(rows)


def _is_reference(cell: bytes) -> bool:
    name = cell.strip(b' "')
    return 0 < len(name) <= MAX_ID and b" " not in name and any(digit in name for digit in b"0123456789")
