"""CSV files of ``sops/tables``: the form each must have, and what is wrong with one that has another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

DAY = r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
POSITIVE = r"(?:0*[1-9]\d*(?:\.\d+)?|0*\.\d*[1-9]\d*)"


@dataclass(frozen=True, slots=True)
class Table:
    """What one file of ``sops/tables`` must hold: the form that is checked at load.

    Parameters
    ----------
    columns : tuple of str
        Every column; all but those in `optional` are filled in every row.
    key : tuple of str
        Columns that name a row; no two rows share them.
    choices : mapping of str to tuple of str
        Closed lists.
    patterns : mapping of str to str
        Regular expressions that the whole value must match.
    optional : tuple of str
        Columns that may be empty.
    may_be_empty : bool
        A header without rows will do.
    """

    columns: tuple[str, ...]
    key: tuple[str, ...]
    choices: Mapping[str, tuple[str, ...]]
    patterns: Mapping[str, str]
    optional: tuple[str, ...] = ()
    may_be_empty: bool = False


def read_tables(sops: Path, tables: Mapping[str, Table]) -> tuple[dict[str, pl.DataFrame], list[str]]:
    """Read and check tables of a sops folder.

    Parameters
    ----------
    sops : pathlib.Path
        Folder that holds ``tables/``.
    tables : mapping of str to Table
        Name of the file without ``.csv`` → its form.

    Returns
    -------
    frames : dict of str to polars.DataFrame
        Texts as written; a file that cannot be read is absent.
    faults : list of str
        Every fault of every table: file, row (the header is line 1) and column.
    """
    frames: dict[str, pl.DataFrame] = {}
    faults: list[str] = []
    for name, table in tables.items():
        path = sops / "tables" / f"{name}.csv"
        try:
            frames[name] = pl.read_csv(path, infer_schema=False)
        except (OSError, pl.exceptions.PolarsError) as error:
            faults.append(f"tables/{name}.csv: cannot be read: {str(error).splitlines()[0]}")
            continue
        faults += [f"tables/{name}.csv: {fault}" for fault in _faults(frames[name], table)]
    return frames, faults


def _faults(frame: pl.DataFrame, table: Table) -> Iterator[str]:
    missing = [column for column in table.columns if column not in frame.columns]
    if missing:
        yield f"column {', '.join(missing)} is missing"
        return
    if frame.is_empty():
        if not table.may_be_empty:
            yield "has no rows"
        return
    checks: dict[str, pl.Expr] = {
        f"{column} is empty": pl.col(column).is_null() for column in table.columns if column not in table.optional
    }
    for column, choices in table.choices.items():
        checks[f"{column} is none of {', '.join(choices)}"] = ~pl.col(column).is_in(choices)
    for column, pattern in table.patterns.items():
        checks[f"{column} does not read as it should"] = ~pl.col(column).str.contains(f"^(?:{pattern})$")
    checks[f"{' and '.join(table.key)} stand there twice"] = pl.struct(table.key).is_duplicated()
    failed = frame.select(bad.any().alias(says) for says, bad in checks.items()).row(0, named=True)
    for says in (says for says, fails in failed.items() if fails):
        for line in frame.select(pl.int_range(2, pl.len() + 2).filter(checks[says])).to_series():
            yield f"line {line}: {says}"
