"""Rows on their way from the order of the file to the order of parcels, on disk and in bounded memory.

A *run* is a row or several of one parcel that stand together; nearly always they are the whole parcel. `Order` keeps a
64-bit hash of every run and tells, once all are known, which runs continue an earlier parcel. `Spool` keeps the rows on
disk and gives them back parcel by parcel: where parcels come back, the late rows are merged in like an external sort.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

Indexes = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]

RANK = "rank"  # of a row: the number of its run; once the order is settled, that of its parcel
LATE_SHARE = 4  # late rows are held in memory up to this many batches


class Order:
    """The order in which parcels first appear: 8 bytes per run, 24 more where parcels come back.

    Attributes
    ----------
    first : numpy array or None
        For each run, the first run of the same parcel; None as long as no parcel comes back.
    """

    def __init__(self) -> None:
        self.runs = 0
        self.first: Indexes | None = None
        self._hashes: list[Hashes] = []
        self._sorted: Hashes = np.zeros(0, dtype=np.uint64)

    def add(self, hashes: Hashes) -> None:
        """Append the hashes of further runs."""
        self._hashes.append(hashes)
        self.runs += len(hashes)

    def settle(self) -> None:
        """Find the parcels that come back; all runs are known now."""
        hashes = np.concatenate(self._hashes) if self._hashes else self._sorted
        self._hashes = []
        ordered = np.sort(hashes)
        begins = np.concatenate([[True], ordered[1:] != ordered[:-1]])[: len(ordered)]
        self._sorted = ordered[begins]
        if begins.all():
            return
        by_hash = np.argsort(hashes, kind="stable")
        self.first = np.empty(len(hashes), dtype=np.int64)
        self.first[by_hash] = np.repeat(by_hash[begins], np.diff(np.flatnonzero(begins), append=len(hashes)))

    @property
    def parcels(self) -> int:
        """Different parcels."""
        return len(self._sorted)

    def absent(self, hashes: Hashes) -> int:
        """Count the hashes that no run has."""
        if not self.parcels:
            return len(hashes)
        at = np.minimum(np.searchsorted(self._sorted, hashes), self.parcels - 1)
        return int((self._sorted[at] != hashes).sum())


class Cuts:
    """Where to cut rows so that no parcel is parted and no range is longer than a batch, unless one parcel is."""

    def __init__(self, rows: int) -> None:
        self._at = [0]
        self._rows = rows
        self._fits = 0  # the last begin of a parcel that is near enough to the last cut

    def add(self, begins: Indexes) -> None:
        """Take the rows at which further parcels begin, ascending."""
        while len(begins):
            near = int(np.searchsorted(begins, self._at[-1] + self._rows, side="right"))
            if near:
                self._fits = int(begins[near - 1])
            begins = begins[near:]
            if len(begins):
                self._at.append(self._fits if self._fits > self._at[-1] else int(begins[0]))

    def ranges(self, end: int) -> list[tuple[int, int]]:
        """Give the first row of each range and the one after its last; `end` is the number of all rows."""
        self.add(np.array([end], dtype=np.int64))  # nothing begins there, but the last range must be near it, too
        firsts = [first for first in self._at if first < end]
        return list(zip(firsts, [*firsts[1:], end], strict=False))  # no rows, no range


class _Part:
    """Rows in memory, or in a file of which only what is asked for is read."""

    def __init__(self, rows: pl.DataFrame) -> None:
        self._rows: pl.DataFrame | None = rows
        self._path: Path | None = None
        self._table: pa.Table | None = None
        self._ranks: Indexes | None = None

    def store(self, path: Path) -> None:
        """Move the rows to a file."""
        if self._rows is not None:
            self._rows.write_ipc(path, compression="uncompressed")
            self._rows, self._path = None, path

    def all_rows(self) -> pl.DataFrame:
        """Return all rows."""
        return self._rows if self._rows is not None else pl.read_ipc(self._path or "")

    def rows(self, begin: int, end: int) -> pl.DataFrame:
        """Return some rows."""
        return self._rows[begin:end] if self._rows is not None else pl.DataFrame(self._mapped()[begin:end])

    def between(self, first: int, stop: int) -> tuple[int, int]:
        """Find the rows with a rank from `first` to before `stop`, in a part that is sorted by rank."""
        if self._ranks is None:
            ranks = self._rows[RANK] if self._rows is not None else self._mapped()[RANK]
            self._ranks = ranks.to_numpy()
        begin, end = np.searchsorted(self._ranks, [first, stop])
        return int(begin), int(end)

    def forget(self) -> None:
        """Give memory and file back."""
        self._rows = self._table = self._ranks = None
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _mapped(self) -> pa.Table:
        if self._table is None:
            self._table = pa.ipc.open_file(pa.memory_map(str(self._path))).read_all()
        return self._table


class Spool:
    """Rows by parcel.

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
        self._stops: list[int] = [0]  # for each part, its first new run; and one for the end
        self._late: list[_Part] = []
        self._held: list[pl.DataFrame] = []
        self._held_rows = 0
        self._files = 0

    def add(self, rows: pl.DataFrame) -> None:
        """Keep a batch of rows, in file order; ``rank`` is the number of their run."""
        if not rows.height:
            return
        if len(self._parts) == 1:
            self._parts[0].store(self._path())
        part = _Part(rows)
        if self._parts:
            part.store(self._path())
        self._parts.append(part)
        self._stops.append(int(rows[RANK][-1]) + 1)

    def batches(self, order: Order) -> Iterator[list[pl.DataFrame]]:
        """Give all rows of the next parcels, as frames that together are about one batch; each parcel only once.

        Within a parcel the frames are in the order of the file.
        """
        for number, part in enumerate(self._parts):
            self._hold(self._share(part, number, order, late=True))
        self._drop_held()
        for number, part in enumerate(self._parts):
            rows = self._share(part, number, order, late=False)
            if rows.height:
                yield from self._split(_Part(rows), self._stops[number], self._stops[number + 1])
            part.forget()
        for part in self._late:
            part.forget()

    def _share(self, part: _Part, number: int, order: Order, late: bool) -> pl.DataFrame:
        """Return the rows of parcels that begin in this part, or the late ones: those of earlier parcels."""
        begin = self._stops[number]
        if order.first is None:  # only a run that the end of a batch cut in two is late
            cut = part.between(begin, begin)[0]
            return part.rows(0, cut) if late else part.all_rows()[cut:]
        rows = part.all_rows()
        runs = rows[RANK].to_numpy()
        first = order.first[runs]
        here = first >= begin
        if late:
            return rows.with_columns(pl.Series(RANK, first)).filter(pl.Series(~here))
        return rows.with_columns(pl.Series(RANK, first)).filter(pl.Series(here)).sort(RANK, maintain_order=True)

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
        if not rows.height:
            return
        self._held.append(rows)
        self._held_rows += rows.height
        if self._held_rows >= LATE_SHARE * self._batch_rows:
            self._drop_held()
            self._late[-1].store(self._path())

    def _drop_held(self) -> None:
        if self._held:
            self._late.append(_Part(pl.concat(self._held).sort(RANK, maintain_order=True)))
        self._held, self._held_rows = [], 0

    def _path(self) -> Path:
        self._files += 1
        return self._folder / f"rows-{self._files}.arrow"
