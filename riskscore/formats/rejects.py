"""Problem lines: every row that was rejected, every value that could not be read, every contradiction.

They are kept on disk, so a manifest of nothing but faults costs no more memory than a good one.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from riskscore.formats.write import open_writer

SCHEMA = pl.Schema(
    {
        "line": pl.Int64,
        "parcel_id": pl.String,
        "field": pl.String,
        "raw": pl.String,
        "reason": pl.String,
        "rejected": pl.Boolean,
    }
)
MAX_RAW = 1_000  # characters of a raw value that are shown
FLUSH = 20_000  # problem lines held in memory
SORTED = 1_000_000  # up to here the file is ordered by line; beyond, in the order of discovery


class Problems:
    """The problem lines of one manifest.

    Parameters
    ----------
    name : str
        The manifest, as the ``file`` column calls it.
    folder : Path
        Temporary folder for the spool.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.count = 0
        self._folder = folder
        self._parts: list[Path] = []
        self._frames: list[pl.DataFrame] = []
        self._rows: list[tuple[int, str | None, str, str | None, str, bool]] = []
        self._held = 0

    def add(self, line: int, parcel_id: str | None, field: str, raw: str | None, reason: str, rejected: bool) -> None:
        """Report one problem."""
        self._rows.append((line, parcel_id, field, None if raw is None else raw[: MAX_RAW + 1], reason, rejected))
        self._grow(1)

    def extend(self, frame: pl.DataFrame) -> None:
        """Report many: `frame` has the columns of `SCHEMA`."""
        if frame.height:
            self._collect_rows()
            self._frames.append(frame.select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items()))
            self._grow(frame.height)

    def scan(self) -> pl.LazyFrame:
        """Return all problem lines, in the order of discovery, as written to ``OUT.rejects.csv``."""
        self._collect_rows()
        held = [_shown(frame) for frame in self._frames]
        stored = [pl.scan_ipc(part) for part in self._parts]
        everything = pl.concat([*stored, *(frame.lazy() for frame in held)]) if stored or held else None
        if everything is None:
            everything = pl.LazyFrame(schema=_shown(SCHEMA.to_frame()).schema)
        return everything.select(pl.lit(self.name).alias("file"), pl.all())

    def write(self, path: str | Path) -> None:
        """Write ``file,line,parcel_id,field,raw,reason,rejected`` as CSV.

        Parameters
        ----------
        path : str or Path
            Replaced in one step when complete.
        """
        lines = self.scan()
        with open_writer(path, "csv") as writer:
            if self.count <= SORTED:
                writer.write(lines.sort("line", maintain_order=True).collect())
            else:
                for start in range(0, self.count, SORTED):
                    writer.write(lines.slice(start, SORTED).collect())

    def _grow(self, number: int) -> None:
        self.count += number
        self._held += number
        if self._held >= FLUSH:
            self._flush()

    def _collect_rows(self) -> None:
        if self._rows:
            self._frames.append(pl.DataFrame(self._rows, schema=SCHEMA, orient="row"))
            self._rows = []

    def _flush(self) -> None:
        self._collect_rows()
        part = self._folder / f"problems-{len(self._parts)}.arrow"
        _shown(pl.concat(self._frames)).write_ipc(part)
        self._parts.append(part)
        self._frames = []
        self._held = 0


def _shown(frame: pl.DataFrame) -> pl.DataFrame:
    raw = pl.col("raw")
    cut = pl.when(raw.str.len_chars() > MAX_RAW).then(raw.str.head(MAX_RAW) + "…").otherwise(raw)
    return frame.with_columns(
        cut.alias("raw"), pl.when("rejected").then(pl.lit("yes")).otherwise(pl.lit("no")).alias("rejected")
    )
