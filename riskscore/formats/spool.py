"""Rows on their way from the order of the file to the order of parcels, on disk and in bounded memory.

Every parcel gets a rank: its place in the order of first appearance. `FirstSeen` finds the rank by a 64-bit hash;
`Spool` keeps the rows sorted by rank in a few files and gives them back rank by rank: an external merge sort that costs
nothing where a parcel's rows stand together, as they nearly always do.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

Ranks = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]

RANK = "rank"
LATE_SHARE = 4  # late rows are held in memory up to this many batches


class FirstSeen:
    """64-bit hashes and when each was first seen: sorted arrays of doubling size, about 16 bytes per hash."""

    def __init__(self) -> None:
        self.size = 0
        self._levels: list[tuple[Hashes, Ranks]] = []

    def find(self, hashes: Hashes) -> Ranks:
        """Return what each hash was added with; -1 for one that was not."""
        found = np.full(len(hashes), -1, dtype=np.int64)
        for keys, values in self._levels:
            at = np.minimum(np.searchsorted(keys, hashes), len(keys) - 1)
            hit = keys[at] == hashes
            found[hit] = values[at[hit]]
        return found

    def add(self, hashes: Hashes, values: Ranks) -> None:
        """Add hashes that were not seen before, each once and in ascending order."""
        if not len(hashes):
            return
        self.size += len(hashes)
        level = (hashes, values)
        while self._levels and len(self._levels[-1][0]) <= 2 * len(level[0]):
            level = _merge(self._levels.pop(), level)
        self._levels.append(level)


def _merge(one: tuple[Hashes, Ranks], two: tuple[Hashes, Ranks]) -> tuple[Hashes, Ranks]:
    at = np.searchsorted(one[0], two[0])
    return np.insert(one[0], at, two[0]), np.insert(one[1], at, two[1])


class _Part:
    """Rows sorted by rank: in memory, or in a file of which only what is asked for is read."""

    def __init__(self, first: int, stop: int, rows: pl.DataFrame) -> None:
        self.first = first
        self.stop = stop
        self.path: Path | None = None
        self._rows: pl.DataFrame | None = rows
        self._table: pa.Table | None = None

    def between(self, first: int, stop: int) -> tuple[int, int]:
        """Find the rows with a rank from `first` to before `stop`."""
        if self.stop <= first or self.first >= stop:
            return 0, 0
        ranks = self._rows[RANK].to_numpy() if self._rows is not None else self._mapped()[RANK].to_numpy()
        begin, end = np.searchsorted(ranks, [first, stop])
        return int(begin), int(end)

    def rows(self, begin: int, end: int) -> pl.DataFrame:
        """Return some rows."""
        if self._rows is not None:
            return self._rows[begin:end]
        return pl.DataFrame(self._mapped().slice(begin, end - begin))

    def store(self, path: Path) -> None:
        """Move the rows to a file."""
        if self._rows is not None:
            self._rows.write_ipc(path, compression="uncompressed")
        self._rows, self.path = None, path

    def forget(self) -> None:
        """Give memory and file back."""
        self._rows = self._table = None
        if self.path is not None:
            self.path.unlink(missing_ok=True)

    def _mapped(self) -> pa.Table:
        if self._table is None:
            self._table = pa.ipc.open_file(pa.memory_map(str(self.path))).read_all()
        return self._table


class Spool:
    """Rows by rank.

    Parameters
    ----------
    folder : Path
        Temporary folder.
    batch_rows : int
        Rows to give back at a time, about.
    """

    def __init__(self, folder: Path, batch_rows: int) -> None:
        self._folder = folder
        self._batch_rows = batch_rows
        self._parts: list[_Part] = []
        self._late: list[_Part] = []
        self._held: list[pl.DataFrame] = []
        self._held_rows = 0
        self._files = 0

    def add(self, rows: pl.DataFrame, first_new: int, next_new: int) -> None:
        """Keep a batch of rows.

        Parameters
        ----------
        rows : polars.DataFrame
            In file order, with a ``rank`` column.
        first_new, next_new : int
            The ranks that appear here for the first time; smaller ones are late rows of earlier parcels.
        """
        ranks = rows[RANK]
        late = ranks < first_new
        if late.any():
            self._hold(rows.filter(late))
            rows = rows.filter(~late)
        if next_new == first_new:
            return
        if not rows[RANK].is_sorted():
            rows = rows.sort(RANK, maintain_order=True)
        if self._parts and self._parts[-1].path is None:
            self._parts[-1].store(self._path())
        self._parts.append(_Part(first_new, next_new, rows))
        if len(self._parts) > 1:
            self._parts[-1].store(self._path())

    def __iter__(self) -> Iterator[list[pl.DataFrame]]:
        """Give all rows of the next parcels as frames that together are about one batch; each rank only once."""
        if self._held:
            self._late.append(self._sorted_late())
        for part in self._parts:
            yield from self._split(part, part.first, part.stop)
            part.forget()
        for part in self._late:
            part.forget()

    def _split(self, part: _Part, first: int, stop: int) -> Iterator[list[pl.DataFrame]]:
        slices = [(source, *source.between(first, stop)) for source in (part, *self._late)]
        total = sum(end - begin for _, begin, end in slices)
        if total > 1.5 * self._batch_rows and stop - first > 1:
            middle = (first + stop) // 2
            yield from self._split(part, first, middle)
            yield from self._split(part, middle, stop)
        elif total:
            yield [source.rows(begin, end) for source, begin, end in slices if end > begin]

    def _hold(self, rows: pl.DataFrame) -> None:
        self._held.append(rows)
        self._held_rows += rows.height
        if self._held_rows >= LATE_SHARE * self._batch_rows:
            part = self._sorted_late()
            part.store(self._path())
            self._late.append(part)

    def _sorted_late(self) -> _Part:
        rows = pl.concat(self._held, how="diagonal").sort(RANK, maintain_order=True)
        self._held, self._held_rows = [], 0
        return _Part(int(rows[RANK][0]), int(rows[RANK][-1]) + 1, rows)

    def _path(self) -> Path:
        self._files += 1
        return self._folder / f"rows-{self._files}.arrow"
