"""What one reading of one manifest keeps: counts, notes, problem lines, temporary files."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from riskscore.formats.coerce import Coercion, read_ids
from riskscore.formats.columns import Notes
from riskscore.formats.numerals import Decimals
from riskscore.formats.rejects import Problems
from riskscore.formats.spool import Hashes, Order

FLUSH = 20_000  # ids of rejected rows that wait to be hashed together
LINE = "line"  # of every raw batch: the physical line where the row begins, the header being line 1


@dataclass(slots=True)
class Counts:
    """What went in and what became of it: ``rows_read = rows_used + rows_rejected``, and the same for parcels."""

    rows_read: int = 0
    rows_used: int = 0
    rows_rejected: int = 0
    parcels_read: int = 0
    parcels_scored: int = 0
    parcels_rejected: int = 0


@dataclass(slots=True)
class Reading:
    """The state of one reading.

    Parameters
    ----------
    name : str
        The manifest, for messages.
    folder : Path
        Temporary folder, removed with everything in it when the manifest is left.
    batch_rows : int
        Item rows per batch, about.
    countries : mapping of str to str
        Folded country name or code → ISO 3166-1 alpha-2.
    """

    name: str
    folder: Path
    batch_rows: int
    countries: Mapping[str, str]
    notes: Notes = field(default_factory=Notes)
    counts: Counts = field(default_factory=Counts)
    decimals: Decimals = field(default_factory=Decimals)
    total_rows: int | None = None
    problems: Problems = field(init=False)
    coercion: Coercion = field(init=False)
    _seed: int = field(init=False)
    _rejected: Hashes = field(init=False)
    _rejected_names: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.problems = Problems(self.name, self.folder)
        self.coercion = Coercion(self.countries, self.decimals, self.notes)
        # A fixed seed would let a sender choose references that collide.
        self._seed = secrets.randbits(63)
        self._rejected = np.zeros(0, dtype=np.uint64)

    def hash(self, ids: pl.Series) -> Hashes:
        """Hash parcel ids to 64 bits, keyed by a seed of this reading."""
        return ids.hash(self._seed).to_numpy()

    def reject(self, line: int, parcel_id: str | None, raw: str, reason: str) -> None:
        """Reject a row that could not be read as a row."""
        self.counts.rows_read += 1
        self.counts.rows_rejected += 1
        self.problems.add(line, parcel_id, "", raw, reason, rejected=True)
        if parcel_id:
            self._rejected_names.append(parcel_id)
            if len(self._rejected_names) >= FLUSH:
                self._remember_rejected()

    def _remember_rejected(self) -> None:
        ids = read_ids(pl.Series(self._rejected_names, dtype=pl.String)).drop_nulls()
        self._rejected = np.unique(np.concatenate([self._rejected, self.hash(ids)]))
        self._rejected_names = []

    def settle(self, order: Order) -> None:
        """Do the sums once all rows are known: parcels, rows, decimal signs."""
        order.settle()
        self._remember_rejected()
        self.counts.parcels_rejected = order.absent(self._rejected)
        self.counts.parcels_read = order.parcels + self.counts.parcels_rejected
        self.total_rows = self.counts.rows_read
        if self.decimals.any_comma():
            self.notes.add("decimal comma")


def rebatch(frames: Iterable[pl.DataFrame], rows: int) -> Iterator[pl.DataFrame]:
    """Cut a stream of frames into frames of exactly `rows` rows (the last one smaller)."""
    held: list[pl.DataFrame] = []
    height = 0
    for frame in frames:
        start = 0
        while height + frame.height - start >= rows:
            stop = start + rows - height
            yield pl.concat([*held, frame[start:stop]])
            held, height, start = [], 0, stop
        if start < frame.height:
            held.append(frame[start:])
            height += frame.height - start
    if held:
        yield pl.concat(held)
