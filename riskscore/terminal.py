"""What a person sees in a terminal: progress, the ranked table, one parcel explained, what the text engine reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import orjson
from rich.console import Console, Group
from rich.markup import escape
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from riskscore.errors import ManifestError
from riskscore.model_card import ranking_note
from riskscore.typed import plain as shown_plain

if TYPE_CHECKING:
    from riskscore.assess import Engine
    from riskscore.batch import Totals
    from riskscore.formats import Counts, Manifest
    from riskscore.goods_text import GoodsText
    from riskscore.lexicon import Lexicon

_BAND_STYLE = {"hold": "bold red", "review": "yellow", "clear": "green"}
_BAND_SIGN = {"hold": "▲ priority", "review": "◆ review", "clear": "○ clear"}


_TOP_REASONS = 3
_OTHER_COLUMNS = 66  # width of the ranked table without the goods
_PIPE_WIDTH = 140  # columns where there is no terminal to ask


def console(*, stderr: bool = False) -> Console:
    """A console that colours only on a terminal and is wide enough in a pipe."""
    found = Console(stderr=stderr, highlight=False)
    return found if found.is_terminal else Console(stderr=stderr, highlight=False, width=_PIPE_WIDTH)


def say_if_compiling(sops: Path | None) -> None:
    """Tell people at a terminal why the first command after a change takes its time."""
    from riskscore.lexicon_cache import is_compiled
    from riskscore.places import default_sops

    err = Console(stderr=True, highlight=False)
    if err.is_terminal and not is_compiled((sops or default_sops()) / "lexicons"):
        err.print("compiling the lexicons, once after each change; about 20 seconds …", style="dim")


class Screen:
    """Standard output for people; on standard error when the results themselves go to standard output."""

    def __init__(self, *, results_to_stderr: bool = False) -> None:
        self.out = console(stderr=results_to_stderr)
        self.err = Console(stderr=True, highlight=False)

    @contextmanager
    def progress(self, source: Manifest) -> Iterator[Callable[[int], None]]:
        """A progress bar on a terminal, nothing in a pipe; call it with the rows done."""
        columns = (
            TextColumn("scoring"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.completed:,.0f} rows"),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=self.err, transient=True, disable=not self.err.is_terminal) as bar:
            task = bar.add_task("scoring", total=source.total_rows)

            def advance(rows: int) -> None:
                bar.update(task, advance=rows, total=source.total_rows)

            yield advance

    @contextmanager
    def counting(self, what: str, total: int | None) -> Iterator[Callable[[int], None]]:
        """A progress bar for other long work; call it with the parcels done."""
        columns = (TextColumn(what), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self.err, transient=True, disable=not self.err.is_terminal) as bar:
            task = bar.add_task(what, total=total)
            yield lambda parcels: bar.update(task, advance=parcels)

    def ranked_table(self, cards: list[dict[str, Any]], flagged: int, engine: Engine) -> None:
        """Flagged parcels, most urgent first."""
        if not cards:
            if not flagged:
                self.out.print("No parcel is flagged. (No control proposed is not a release.)")
            return
        title = f"{flagged} flagged parcel{'s' if flagged != 1 else ''}"
        table = Table(title=title + (f", the first {len(cards)}" if len(cards) < flagged else ""), title_justify="left")
        table.add_column("", no_wrap=True)
        table.add_column("score\n[dim]compl.[/dim]", justify="right", no_wrap=True)
        table.add_column("parcel\n[dim]route[/dim]", no_wrap=True)
        room = max(20, self.out.width - _OTHER_COLUMNS)
        table.add_column("goods\n[dim]top reasons[/dim]", no_wrap=True, overflow="ellipsis", max_width=room)
        table.add_column("proposed action", width=16)
        for card in cards:
            assessment, declaration = card["assessment"], card["declaration"]
            reasons = [r for r in assessment["reasons"] if r["points"] > 0][:_TOP_REASONS]
            band = assessment["band"]
            table.add_row(
                Text(_BAND_SIGN[band], style=_BAND_STYLE[band]),
                f"{assessment['score']:g}\n[dim]{assessment['compliance']['score']:g}[/dim]",
                escape(shown_plain(assessment["parcel_id"])) + f"\n[dim]{_route(declaration)}[/dim]",
                Text("\n").join(
                    [Text(_goods(declaration), style="bold"), *(Text(f"{r['key']} {r['title']}") for r in reasons)]
                ),
                escape(engine.wording.word("actions", assessment["action"], assessment["profile"])),
                end_section=True,
            )
        self.out.print(table)
        self.out.print(
            "[dim]A proposal about a declaration, not a finding about a person. "
            + ranking_note(engine.scorecard)
            + "[/dim]"
        )

    def closing(
        self,
        totals: Totals,
        counts: Counts,
        notes: list[str],
        problems: int,
        rejects: Path | None,
        output: str | None,
        report: Path | None,
        seconds: float,
    ) -> None:
        """Counts that add up, what was detected, and where things were written."""
        say = self.out.print
        hold, review, clear = (int(totals.bands[0, n]) for n in (2, 1, 0))
        say(
            f"rows read {counts.rows_read:,} = used {counts.rows_used:,} + rejected {counts.rows_rejected:,}\n"
            f"parcels read {counts.parcels_read:,} = "
            f"scored {counts.parcels_scored:,} + rejected {counts.parcels_rejected:,}\n"
            f"priority {hold:,}, review {review:,}, no control proposed {clear:,}; "
            f"{seconds:.1f} s",
        )
        if notes:
            say("[dim]" + escape("read as: " + " · ".join(notes)) + "[/dim]")
        if problems:
            where = f", listed in {rejects}" if rejects else ""
            say(f"[yellow]{problems:,} row or value problem{'s' if problems != 1 else ''}{escape(where)}[/yellow]")
        for what, path in (("scored manifest", output if output != "-" else None), ("report", report)):
            if path:
                say(f"{what}: {escape(str(path))}")


def _route(declaration: dict[str, Any]) -> str:
    route = declaration.get("route", {})
    ends = [route.get("origin_country"), route.get("destination_country")]
    return "→".join(end or "?" for end in ends) if any(ends) else ""


def _goods(declaration: dict[str, Any]) -> str:
    return "; ".join(shown_plain(i["description"]) for i in declaration["items"] if i.get("description"))


# -- one parcel --------------------------------------------------------------------------------------------------------


def _state_file() -> Path:
    return Path(click.get_app_dir("riskscore")) / "last-run.json"


def remember_run(manifest: str, mapping: str | None, encoding: str | None, as_of: datetime, profile: str) -> None:
    """Note which manifest was scored last, so that `explain` finds it; no parcel data."""
    if manifest == "-":
        return
    state = {
        "manifest": str(Path(manifest).resolve()),
        "mapping": mapping,
        "encoding": encoding,
        "as_of": as_of.isoformat(),
        "profile": profile,
    }
    try:
        _state_file().parent.mkdir(parents=True, exist_ok=True)
        _state_file().write_bytes(orjson.dumps(state))
    except OSError:
        return  # a read-only home: `explain` then needs --manifest


def explain_parcel(
    *,
    parcel_id: str,
    manifest: str | None,
    as_json: bool,
    mapping: str | None,
    encoding: str | None,
    as_of: datetime,
    profile: str,
    lang: str,
    sops: Path | None,
    models: Path | None,
) -> int:
    """The command `riskscore explain`; returns its exit status."""
    from riskscore.assess import assess, load_engine
    from riskscore.batch import declaration_of
    from riskscore.formats import open_manifest
    from riskscore.mapping import parse_mapping

    if manifest is None:
        try:
            last = orjson.loads(_state_file().read_bytes())
        except (OSError, orjson.JSONDecodeError):
            raise ManifestError("no manifest was scored yet; name one with --manifest") from None
        manifest, mapping, encoding = last["manifest"], mapping or last["mapping"], encoding or last["encoding"]
        as_of, profile = datetime.fromisoformat(last["as_of"]), last["profile"]
    engine = load_engine(sops, models)
    with open_manifest(
        str(manifest), mapping=parse_mapping(mapping), encoding=encoding, countries=engine.reference.countries
    ) as source:
        for tables in source:
            rows = (tables.parcels["parcel_id"] == parcel_id).arg_true()
            if not len(rows):
                continue
            batch = assess(tables, engine, as_of=as_of, profile=profile)  # type: ignore[arg-type]
            row = int(rows[0])
            document, declaration = batch.documents([row])[0], declaration_of(batch, row)
            if as_json:
                click.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())
            else:
                console().print(_explained(document, declaration, engine))
            return 0
    raise ManifestError(f"{manifest}: no parcel {parcel_id!r}")


def _explained(document: dict[str, Any], declaration: dict[str, Any], engine: Engine) -> Group:
    word = engine.wording.word
    band = document["band"]
    head = Text.assemble(
        (f"{_BAND_SIGN[band]}  ", _BAND_STYLE[band]),
        (word("bands", band), "bold"),
        f"\nproposed: {word('actions', document['action'], document['profile'])}",
        f"   case: {word('case_types', document['case_type'])}" if document["case_type"] != "none" else "",
        f"\ncompleteness {document['completeness']:.0%}",
    )
    parts: list[Any] = [Panel(head, title=escape(document["parcel_id"]), title_align="left", expand=False)]
    parts.append(_declared(declaration, document))
    for axis, total in (("illicit", document), ("compliance", document["compliance"])):
        parts.append(_ledger_table(axis, total, document, engine))
    if document["missing"]:
        lines = "\n".join(f"{m['path']}: {m['why']}" for m in document["missing"])
        parts.append(Panel(escape(lines), title="what would help most", title_align="left", expand=False))
    steps = "\n".join(f"{'!' if s['safety'] else '·'} {s['text']}" for s in document["procedure"])
    if steps:
        parts.append(Panel(escape(steps), title="next steps (! safety)", title_align="left", expand=False))
    parts.append(Text(word("sentences", "standing"), style="dim"))
    return Group(*parts)


def _declared(declaration: dict[str, Any], document: dict[str, Any]) -> Table:
    table = Table(title="declared", title_justify="left", show_header=False, box=None)
    spans: dict[str, list[tuple[int, int]]] = {}
    for reason in document["reasons"]:
        for e in reason["evidence"]:
            if e["concept"]:
                spans.setdefault(e["path"], []).append((e["start"], e["end"]))
    for path, value in _paths(declaration):
        shown = Text(str(value))
        for start, end in spans.get(path, []):
            shown.stylize("bold reverse", start, end)
        table.add_row(path, shown)
    return table


def _paths(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _paths(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for number, inner in enumerate(value):
            yield from _paths(inner, f"{path}[{number}]")
    else:
        yield path, value


def _ledger_table(axis: str, total: dict[str, Any], document: dict[str, Any], engine: Engine) -> Table:
    word = engine.wording.word
    table = Table(title=f"{word('axes', axis)}: {total['score']:g}", title_justify="left")
    table.add_column("points", justify="right")
    table.add_column("why")
    table.add_column("benign explanation; what to ask")
    table.add_row(f"{total['base_points']:g}", "base", "")
    for reason in document["reasons"]:
        if reason["axis"] != axis:
            continue
        question = reason["question"]
        aside = reason["benign_explanation"] or ""
        if question:
            aside += f"\n→ {word('question_to', question['to'])}: {question['text']}"
        strength = f" ({word('strengths', reason['strength'])}, {reason['points_basis']})" if reason["strength"] else ""
        table.add_row(f"{reason['points']:+g}", escape(f"{reason['key']} {reason['text']}{strength}"), escape(aside))
    table.add_section()
    table.add_row(Text(f"{total['score']:g}", style="bold"), Text("sum", style="bold"), "")
    return table


# -- one text ----------------------------------------------------------------------------------------------------------


def _one_row_each(read: GoodsText, lexicon: Lexicon) -> dict[int, list[str]]:
    """Rows of hits to show, one for a word and concept, each with the files that name it."""
    from riskscore.goods_text import INSIDE

    hits = read.hits
    shown: dict[tuple[int, int, int], int] = {}
    files: dict[int, list[str]] = {}
    order = sorted(range(len(hits.text)), key=lambda row: (hits.start[row], hits.status[row] == INSIDE, row))
    for row in order:
        key = int(hits.start[row]), int(hits.end[row]), int(hits.concept[row])
        first = shown.setdefault(key, row)
        name = lexicon.terms[hits.term[row]].file.removesuffix(".yml")
        if name not in files.setdefault(first, []):
            files[first].append(name)
    return files


def show_text(description: str, sops: Path | None) -> int:
    """The command `riskscore text`: folded text, hits, masks, concepts, spans."""
    from riskscore.folding import fold
    from riskscore.goods_text import COUNTS, LOWERED, MASKED, STATUS, read_goods
    from riskscore.lexicon import name_of
    from riskscore.lexicon_cache import load_cached
    from riskscore.places import default_sops

    lexicon = load_cached((sops or default_sops()) / "lexicons")
    read = read_goods([description], lexicon)
    hits, out = read.hits, console()
    marked = Text(description)
    for row in range(len(hits.text)):
        if hits.status[row] == COUNTS:
            marked.stylize("bold reverse", int(hits.start[row]), int(hits.end[row]))
    counting = sorted({name_of(int(c)) for c in hits.concept[hits.status == COUNTS]})
    out.print(Text.assemble("as typed   ", marked))
    out.print(Text.assemble("folded     ", fold(description)))
    out.print(f"concepts   {', '.join(counting) or '(none)'}")
    out.print(f"words that say something: {read.informative[0]}")
    if not len(hits.text):
        return 0
    table = Table()
    for name in ("span", "words", "concept", "term", "lexicons", "status"):
        table.add_column(name)
    for row, files in _one_row_each(read, lexicon).items():
        start, end = int(hits.start[row]), int(hits.end[row])
        status, by = STATUS[hits.status[row]], hits.by[row]
        if hits.status[row] in (MASKED, LOWERED):
            status += f" (by “{description[hits.start[by] : hits.end[by]]}”)" if by >= 0 else " (what it is for)"
        words = escape(shown_plain(description[start:end]))
        concept, term = name_of(int(hits.concept[row])), escape(lexicon.terms[hits.term[row]].text)
        table.add_row(f"{start}:{end}", words, concept, term, escape(", ".join(files)), status)
    out.print(table)
    return 0
