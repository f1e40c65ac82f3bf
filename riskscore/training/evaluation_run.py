"""The command `riskscore evaluate`: score a manifest, join its labels, say how well it went."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Literal

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from riskscore.assess import Engine, load_engine
from riskscore.batch import Totals, scored_batches
from riskscore.formats import open_manifest
from riskscore.mapping import parse_mapping
from riskscore.report_card import AXES as AXIS_WORDS
from riskscore.scorecard import MILLION
from riskscore.sops import AXES
from riskscore.terminal import Screen
from riskscore.training.evaluate import evaluate
from riskscore.training.evaluation_labels import Scored, read_labels
from riskscore.training.evaluation_numbers import AxisNumbers, Numbers, parse_capacities
from riskscore.training.evaluation_page import (
    Evaluation,
    as_json,
    percent,
    rate_text,
    share_text,
    target_text,
    verdict,
    write_page,
)
from riskscore.typed import plain

_VERDICT_STYLE = {"met": "green", "unmet": "bold red", "none": "yellow"}


def evaluate_manifest(
    *,
    manifest: str,
    labels: Path,
    output: Path | None,
    json_path: Path | None,
    capacity: str,
    gate: bool,
    threads: int,
    mapping: str | None,
    encoding: str | None,
    as_of: datetime,
    profile: Literal["authority", "operator"],
    lang: str,
    sops: Path | None,
    models: Path | None,
) -> int:
    """Evaluate a manifest; returns the exit status: 1 when ``gate`` is set and a limit is not met, else 0."""
    capacities = parse_capacities(capacity)
    known, notes = read_labels(labels)
    engine = load_engine(sops, models)
    screen = Screen()
    scored = Scored(known)
    totals = Totals.start(engine, 0)
    countries = engine.reference.countries
    with open_manifest(manifest, mapping=parse_mapping(mapping), encoding=encoding, countries=countries) as source:
        with screen.progress(source) as advance:
            for batch, flat in scored_batches(
                iter(source), engine, as_of=as_of, profile=profile, reasons="flagged", threads=threads
            ):
                scored.add(batch, flat)
                totals.add(batch)
                advance(max(batch.facts.items.height, flat.height))
        counts, name = source.counts, Path(source.name).name
        notes = [*source.notes, *notes]
        if source.n_problems:
            rejects = Path(f"{output or name}.rejects.csv")
            source.write_rejects(rejects)
            notes.append(f"{source.n_problems:,} rows or values could not be read; they are listed in {rejects.name}")
    judged = scored.judged(as_of)
    fired = {i.id: int(n) for i, n in zip(engine.active, totals.fired, strict=True)}
    numbers = evaluate(judged, capacities, titles={i.id: i.title for i in engine.active}, fired=fired)
    evaluation = Evaluation(
        name,
        labels.name,
        profile,
        as_of,
        _versions(engine),
        asdict(counts),
        {
            axis: {"review": card.review / MILLION, "hold": card.hold / MILLION}
            for axis, card in ((axis, engine.scorecard.axes[axis]) for axis in AXES)
        },
        [*notes, *judged.notes],
        numbers,
    )
    if output:
        write_page(output, evaluation)
    if json_path:
        json_path.write_bytes(as_json(evaluation))
    _show(screen, evaluation)
    for what, path in (("page", output), ("numbers", json_path)):
        if path:
            screen.out.print(f"{what}: {escape(str(path))}")
    return gate_status(screen, numbers) if gate else 0


def _versions(engine: Engine) -> dict[str, object]:
    return engine.versions if engine.scorecard.points == "learned" else {**engine.versions, "basis": "expert"}


def gate_status(screen: Screen, numbers: Numbers) -> int:
    """1 with a sentence for every limit that is not met; what cannot be judged does not pass."""
    failed = [
        f"{line.limit.says}: {rate_text(line)} in {line.limit.per:,} parcels, budget {line.limit.most:g}"
        for line in numbers.budget
        if not line.met
    ]
    if numbers.obvious.met is None:
        failed.append("obvious illicit parcels: there is none, so the target cannot be judged")
    elif not numbers.obvious.met:
        failed.append(
            f"obvious illicit parcels: {percent(numbers.obvious.all.share)} % flagged, "
            f"target {target_text(numbers.obvious.target)}"
        )
    for sentence in failed:
        screen.out.print(Text(f"gate: {sentence}", style="bold red"))
    if not failed:
        screen.out.print(Text("gate: the alert budget and the target of obvious patterns are met", style="green"))
    return 1 if failed else 0


def _show(screen: Screen, evaluation: Evaluation) -> None:
    numbers = evaluation.numbers
    screen.out.print(_limits(numbers))
    for axis in numbers.axes:
        screen.out.print(_recall(axis))
    screen.out.print(Text(f"{evaluation.standing} {evaluation.basis}", style="dim"))
    counts = evaluation.counts
    screen.out.print(
        f"parcels read {counts['parcels_read']:,} = scored {counts['parcels_scored']:,} "
        f"+ rejected {counts['parcels_rejected']:,}; with a label {numbers.labelled:,}"
    )
    for note in evaluation.notes:
        screen.out.print(Text(f"note: {plain(note)}", style="dim"))


def _limits(numbers: Numbers) -> Table:
    table = Table(title="Alert budget and target", title_justify="left")
    for name in ("", "measured", "limit", ""):
        table.add_column(name, no_wrap=True)
    rows: list[tuple[str, str, str, bool | None]] = [
        (
            line.limit.says,
            f"{rate_text(line)} in {line.limit.per:,} parcels ({line.alerts.hits:,})",
            f"at most {line.limit.most:g}",
            line.met,
        )
        for line in numbers.budget
    ]
    obvious = numbers.obvious
    rows.append(
        (
            "obvious illicit parcels flagged",
            share_text(obvious.all),
            f"at least {target_text(obvious.target)}",
            obvious.met,
        )
    )
    for says, measured, limit, met in rows:
        style, sign, word = verdict(met)
        table.add_row(says, measured, limit, Text(f"{sign} {word}", style=_VERDICT_STYLE[style]))
    return table


def _recall(axis: AxisNumbers) -> Table:
    """Recall by pattern: short, with the narrowest and the widest capacity only."""
    ends = list(dict.fromkeys((0, len(axis.capacities) - 1))) if axis.capacities else []
    average = axis.curve.average_precision
    title = f"{AXIS_WORDS[axis.axis]}: {axis.positives.hits:,} of {axis.n:,} parcels positive" + (
        f", average precision {percent(average)} %" if average is not None else ""
    )
    table = Table(title=title, title_justify="left")
    table.add_column("pattern", no_wrap=True, overflow="ellipsis")
    for name in (
        "parcels",
        "on axis",
        "any axis",
        "desk review",
        *(f"first {axis.capacities[i].opened:,}" for i in ends),
    ):
        table.add_column(name, justify="right", no_wrap=True)
    for p in axis.patterns:
        shares = (p.on_axis, p.flagged, p.desk_review, *(p.at[i] for i in ends))
        table.add_row(escape(plain(p.pattern)), f"{p.parcels:,}", *(f"{percent(s.share)} %" for s in shares))
    table.add_section()
    total = (axis.on_axis, axis.flagged, axis.desk_review, *(axis.capacities[i].recall for i in ends))
    table.add_row("all", f"{axis.positives.hits:,}", *(share_text(s).replace(" (", "\n(") for s in total), style="bold")
    return table
