"""Score a manifest of any size: batches in, explained batches out, and the numbers of the whole."""

from __future__ import annotations

import heapq
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskscore.assess import Assessed, Engine, assess, load_engine, rank_key
from riskscore.formats import open_manifest
from riskscore.formats.write import open_writer
from riskscore.mapping import parse_mapping
from riskscore.schema import FIELDS, Tables, tables_from_records
from riskscore.scorecard import MILLION
from riskscore.sops import AXES, BANDS

MOST_CARDS = 200  # flagged parcels shown in full on the report page
_HISTOGRAM = 3_000  # whole points up to which scores are counted one by one


@dataclass
class Totals:
    """Numbers of a whole run, added up batch by batch.

    Parameters
    ----------
    bands : int64 array (3, 3)
        Parcels by band (columns) overall and on each axis (rows: overall, illicit, compliance).
    histogram : int64 array (2, points)
        Parcels by whole points of score, per axis.
    fired, fired_flagged : int64 arrays (k,)
        How often each indicator fired, and in how many flagged parcels.
    best : list
        Flagged parcels to show, as a heap: the least urgent first.
    """

    bands: NDArray[np.int64]
    histogram: NDArray[np.int64]
    fired: NDArray[np.int64]
    fired_flagged: NDArray[np.int64]
    keep: int
    parcels: int = 0
    best: list[tuple[tuple[Any, ...], dict[str, Any]]] = field(default_factory=list)

    @staticmethod
    def start(engine: Engine, keep: int) -> Totals:
        """Nothing counted yet; ``keep`` flagged parcels will be remembered."""
        k = len(engine.active)
        zeros = np.zeros
        return Totals(
            zeros((3, 3), np.int64), zeros((2, _HISTOGRAM), np.int64), zeros(k, np.int64), zeros(k, np.int64), keep
        )

    def add(self, batch: Assessed) -> None:
        """Count one batch and remember its most urgent flagged parcels."""
        self.parcels += len(batch.band)
        bands = (batch.band, batch.scores.bands[:, 0], batch.scores.bands[:, 1])
        for row, values in enumerate(bands):
            self.bands[row] += np.bincount(values, minlength=3)
        for axis in range(len(AXES)):
            whole = np.clip(batch.scores.points[:, axis] // MILLION, 0, _HISTOGRAM - 1)
            self.histogram[axis] += np.bincount(whole, minlength=_HISTOGRAM)
        true = batch.answers.truth.true
        self.fired += true.sum(axis=0)
        self.fired_flagged += true[batch.flagged].sum(axis=0)
        self._remember(batch)

    def _remember(self, batch: Assessed) -> None:
        rows = np.flatnonzero(batch.flagged)
        if not len(rows) or not self.keep:
            return
        points = batch.scores.points
        urgency = np.stack([batch.band[rows], points[rows, 0], points[rows, 1]])
        order = rows[np.lexsort(-urgency[::-1])]
        if len(order) > self.keep:  # all that tie with the last one stay in: the keyed hash decides among them
            last = order[self.keep - 1]
            ties = (batch.band == batch.band[last]) & (points == points[last]).all(axis=1)
            order = order[: self.keep + int(ties[order[self.keep :]].sum())]
        keyed = []
        for row in order.tolist():
            parcel_id = batch.parcel_ids[row]
            keyed.append(((int(batch.band[row]), *map(int, points[row]), rank_key(parcel_id), parcel_id), row))
        best = heapq.nlargest(self.keep, keyed)
        chosen = [(row, key) for key, row in best if len(self.best) < self.keep or key > self.best[0][0]]
        documents = batch.documents([row for row, _ in chosen])
        for (row, key), document in zip(chosen, documents, strict=True):
            card = {"assessment": document, "declaration": declaration_of(batch, row)}
            if len(self.best) < self.keep:
                heapq.heappush(self.best, (key, card))
            else:
                heapq.heappushpop(self.best, (key, card))

    @property
    def flagged(self) -> int:
        """Parcels with band review or hold."""
        return int(self.bands[0, 1:].sum())

    def cards(self) -> list[dict[str, Any]]:
        """Remembered flagged parcels, most urgent first."""
        return [card for _, card in sorted(self.best, key=lambda entry: entry[0], reverse=True)]


def declaration_of(batch: Assessed, row: int) -> dict[str, Any]:
    """One parcel as declared, nested, without what was not stated."""
    parcel = batch.facts.parcels[row].to_dicts()[0]
    items = batch.facts.items.filter(pl.col("parcel") == row).to_dicts()
    declaration: dict[str, Any] = {}
    for f in FIELDS:
        if f.of_item or parcel[f.path] is None:
            continue
        place = declaration
        *heads, last = f.path.split(".")
        for head in heads:
            place = place.setdefault(head, {})
        place[last] = parcel[f.path]
    declaration["items"] = [
        {f.path.removeprefix("item."): item[f.path] for f in FIELDS if f.of_item and item[f.path] is not None}
        for item in items
    ]
    return declaration


def scored_batches(
    batches: Iterator[Tables], engine: Engine, *, as_of: datetime, profile: Any, reasons: Any, threads: int
) -> Iterator[tuple[Assessed, pl.DataFrame]]:
    """Assess batches on some threads, in their order, with few of them in memory at once."""

    def work(tables: Tables) -> tuple[Assessed, pl.DataFrame]:
        batch = assess(tables, engine, as_of=as_of, profile=profile)
        return batch, batch.flat(reasons)

    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[tuple[Assessed, pl.DataFrame]]] = deque()
        for tables in batches:
            waiting.append(pool.submit(work, tables))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def score_manifest(
    *,
    manifest: str,
    output: str | None,
    report: Path | None,
    rejects: Path | None,
    top: int,
    reasons: Literal["flagged", "full"],
    threads: int,
    mapping: str | None,
    encoding: str | None,
    as_of: datetime,
    profile: Literal["authority", "operator"],
    lang: str,
    engine: str,
    sops: Path | None,
    models: Path | None,
) -> int:
    """The command `riskscore score`; returns its exit status."""
    from riskscore import terminal

    began = time.monotonic()
    loaded = load_engine(sops, models)
    totals = Totals.start(loaded, max(top, MOST_CARDS if report else 0))
    screen = terminal.Screen(results_to_stderr=output == "-")
    countries = loaded.reference.countries
    with open_manifest(manifest, mapping=parse_mapping(mapping), encoding=encoding, countries=countries) as source:
        with ExitStack() as stack:
            writer = stack.enter_context(open_writer(output, "jsonl" if output == "-" else None)) if output else None
            advance = stack.enter_context(screen.progress(source))
            for batch, flat in scored_batches(
                iter(source), loaded, as_of=as_of, profile=profile, reasons=reasons, threads=threads
            ):
                if writer:
                    writer.write(flat)
                totals.add(batch)
                advance(max(batch.facts.items.height, flat.height))
            if writer and not totals.parcels:
                writer.write(assess(tables_from_records([]), loaded, as_of=as_of, profile=profile).flat())
        rejects_path = rejects or _rejects_path(manifest, output, source.n_problems)
        if rejects_path:
            source.write_rejects(rejects_path)
        counts, notes, problems = source.counts, list(source.notes), source.n_problems
    seconds = time.monotonic() - began
    if report:
        from riskscore.report import write_report
        from riskscore.summary import summarise

        summary = summarise(totals, loaded, manifest, as_of, profile, counts, notes, seconds, rejects_path)
        write_report(report, summary, totals.cards()[:MOST_CARDS], shown_of=totals.flagged)
    screen.ranked_table(totals.cards()[:top], totals.flagged, loaded)
    screen.closing(totals, counts, notes, problems, rejects_path, output, report, seconds)
    terminal.remember_run(manifest, mapping, encoding, as_of, profile)
    return 1 if counts.rows_rejected else 0


def _rejects_path(manifest: str, output: str | None, problems: int) -> Path | None:
    """OUT.rejects.csv; without an output file, beside the shell and only when there is something to say."""
    if output and output != "-":
        return Path(f"{output}.rejects.csv")
    if not problems:
        return None
    return Path(f"{Path(manifest).name if manifest != '-' else 'stdin'}.rejects.csv")


__all__ = ["BANDS", "MOST_CARDS", "Totals", "declaration_of", "score_manifest", "scored_batches"]
