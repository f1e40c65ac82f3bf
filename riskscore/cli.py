"""The command line. It imports what a command needs inside that command, so that `--help` answers at once."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import wraps
from pathlib import Path
from typing import Any

import click

from riskscore import __version__
from riskscore.errors import RiskscoreError

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


class _Commands(click.Group):
    """Commands in the order in which people meet them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(cls=_Commands, context_settings=CONTEXT, epilog="Tab-completion: riskscore completion --help")
@click.version_option(__version__, prog_name="riskscore")
def main() -> None:
    """Firearms risk scores for parcel declarations, with reasons that add up.

    \b
    A first run:
      riskscore score manifest.csv --report report.html
      riskscore explain PARCEL_ID

    It proposes inspections of parcels; it never decides, and it scores parcels, not people.
    """


def _plain_errors(command: Callable[..., int]) -> Callable[..., None]:
    """One clear sentence and exit status 2 instead of a traceback."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            status = command(*args, **kwargs)
        except RiskscoreError as error:
            click.secho(f"riskscore: {error}", fg="red", err=True)
            sys.exit(2)
        except BrokenPipeError:
            sys.exit(1)
        except KeyboardInterrupt:
            click.echo("riskscore: stopped", err=True)
            sys.exit(130)
        except OSError as error:
            click.secho(f"riskscore: {error.filename or ''}: {error.strerror}".replace(": :", ":"), fg="red", err=True)
            sys.exit(2)
        sys.exit(status)

    return run


def _moment(_context: click.Context, _parameter: click.Parameter, value: str | None) -> datetime:
    """RFC 3339 time; without an offset it is UTC; by default now."""
    if value is None:
        return datetime.now(UTC).replace(microsecond=0)
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a time such as 2026-11-16T06:00:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _moment_or_none(context: click.Context, parameter: click.Parameter, value: str | None) -> datetime | None:
    return None if value is None else _moment(context, parameter, value)


def _day(_context: click.Context, _parameter: click.Parameter, value: str | None) -> date:
    if value is None:
        return datetime.now(UTC).date()
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a date such as 2026-11-21") from None


def _folders(command: Callable[..., Any]) -> Callable[..., Any]:
    folder = click.Path(exists=True, file_okay=False, path_type=Path)
    command = click.option("--models", type=folder, help="Folder of scorecards instead of the one that comes along.")(
        command
    )
    return click.option(
        "--sops", type=folder, help="Folder of packs, lexicons and tables instead of the one that comes along."
    )(command)


def _reading(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options that say how a manifest is read and assessed."""
    options = [
        click.option(
            "--map",
            "mapping",
            metavar="A=B,… | FILE",
            help="Their column names: parcel_id=REF,item.description=CONTENTS, or a file with one pair per line.",
        ),
        click.option("--encoding", help="Encoding of the file; detected by default."),
        click.option(
            "--as-of",
            metavar="TIME",
            callback=_moment,
            help="The one clock of this run, e.g. 2026-11-16T06:00:00Z; now by default.",
        ),
        click.option(
            "--profile",
            type=click.Choice(["authority", "operator"]),
            default="authority",
            show_default=True,
            help="Who reads: customs, or a courier.",
        ),
        click.option(
            "--lang", type=click.Choice(["en"]), default="en", show_default=True, help="Language of the wording."
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return _folders(command)


@main.command()
@click.argument("manifest", metavar="MANIFEST")
@click.option(
    "-o",
    "--output",
    metavar="OUT",
    help="Scored manifest: .csv .tsv .jsonl .parquet .xlsx (+ .gz .zst); - writes JSON Lines.",
)
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="HTML",
    help="One page to look at, without network.",
)
@click.option(
    "--rejects",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="CSV",
    help="Where rejected rows and unreadable values go.",
)
@click.option("--top", type=click.IntRange(0, 10_000), default=20, show_default=True, help="Rows of the ranked table.")
@click.option(
    "--reasons",
    type=click.Choice(["flagged", "full"]),
    default="flagged",
    show_default=True,
    help="Word the reasons of flagged parcels, or of all.",
)
@click.option(
    "--threads", type=click.IntRange(1, 64), default=2, show_default=True, help="Batches scored at the same time."
)
@click.option("--engine", type=click.Choice(["local"]), default="local", show_default=True, help="Where it runs.")
@_reading
@_plain_errors
def score(**options: Any) -> int:
    """Score a MANIFEST and rank its parcels.

    CSV, TSV, Excel, JSON Lines or Parquet, plain or gzip/zstd; - reads standard input. Encoding and delimiter are
    detected. Exit status: 0 done, 1 done with rejected rows, 2 could not run.

    \b
    Examples:
      riskscore score manifest.csv
      riskscore score export.csv --map parcel_id=REF,item.description=CONTENTS -o scored.parquet
      zcat week.csv.gz | riskscore score - -o - --top 0
    """
    from riskscore.batch import score_manifest

    return score_manifest(**options)


@main.command()
@click.argument("parcel_id")
@click.option(
    "-m", "--manifest", metavar="MANIFEST", help="Where the parcel stands; by default the manifest scored last."
)
@click.option("--json", "as_json", is_flag=True, help="The whole assessment as JSON.")
@_reading
@_plain_errors
def explain(**options: Any) -> int:
    """Show one parcel's assessment: both ledgers, the words that count, what is missing, what to do next."""
    from riskscore.terminal import explain_parcel

    return explain_parcel(**options)


@main.command()
@click.argument("description", nargs=-1, required=True)
@_folders
@_plain_errors
def text(description: tuple[str, ...], sops: Path | None, models: Path | None) -> int:
    """Show what the goods-text engine sees in a GOODS DESCRIPTION."""
    from riskscore.terminal import show_text

    return show_text(" ".join(description), sops)


@main.command()
@click.option("--lock", is_flag=True, help="Write the lock file of the packs after the checks.")
@_folders
@_plain_errors
def check(lock: bool, sops: Path | None, models: Path | None) -> int:
    """Check that every pack, lexicon, table and model loads and every in-file test holds."""
    from riskscore.checks import run_checks

    return run_checks(sops, models, lock=lock)


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65_535), default=8000, show_default=True)
@click.option(
    "--profile", type=click.Choice(["operator", "authority"]), help="Whom the answers are for; operator by default."
)
@_folders
@_plain_errors
def serve(host: str, port: int, profile: str | None, sops: Path | None, models: Path | None) -> int:
    """Serve assessments over HTTP (nothing is stored: every call is a dry run)."""
    import uvicorn

    from service.app import create_app
    from service.settings import Settings

    try:
        settings = Settings.from_environment(sops, models, profile)
    except ValueError as error:
        raise RiskscoreError(str(error)) from error
    app = create_app(settings)
    click.echo(f"riskscore serves http://{host}:{port}/docs  (stop with Ctrl-C)", err=True)
    uvicorn.run(app, host=host, port=port, log_level="warning", access_log=False)
    return 0


@main.command()
@click.option("-n", "parcels", type=click.IntRange(0), required=True, metavar="N", help="Number of parcels.")
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="FILE",
    help="The manifest: .parquet .csv .tsv .jsonl .xlsx; - writes JSON Lines.",
)
@click.option("--labels", metavar="FILE", help="What each parcel really is: .csv or .parquet.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="The same seed, the same bytes.")
@click.option(
    "--start",
    type=click.DateTime(["%Y-%m-%d"]),
    default="2026-06-01",
    show_default=True,
    metavar="DATE",
    help="First day. From 2026-09-01 on, a part of the wordings is new.",
)
@click.option("--days", type=click.IntRange(1, 3660), default=7, show_default=True, help="Days in the manifest.")
@click.option(
    "--illicit-per-million", type=float, default=20, show_default=True, help="Illicit parcels, those of kits included."
)
@click.option(
    "--gaps-per-million", type=float, default=1_500, show_default=True, help="Missing licences, marks and papers."
)
@click.option(
    "--open-per-million", type=float, default=300, show_default=True, help="Openly declared air and airsoft guns."
)
@click.option(
    "--licit-arms-per-million", type=float, default=30, show_default=True, help="Licensed arms with their papers."
)
@click.option(
    "--poor-data-per-million", type=float, default=50_000, show_default=True, help="Declarations that are merely poor."
)
@click.option(
    "--lookalike-share", type=float, default=0.03, show_default=True, help="Goods whose words look like arms, 0 to 1."
)
@_plain_errors
def simulate(**options: Any) -> int:
    """Make a simulated manifest, with labels, to train and to evaluate with.

    Every parcel is invented; the references begin with SIM. The usual rates are as rare as in life: raise them to
    train. Score the manifest as of the end of its period.

    \b
    Examples:
      riskscore simulate -n 20000 -o week.csv --labels labels.csv
      riskscore simulate -n 300000 -o train.parquet --labels train_labels.parquet --illicit-per-million 20000
      riskscore simulate -n 200000 -o later.parquet --labels later_labels.parquet --seed 2 --start 2026-10-05
    """
    from riskscore.training.simulate_run import simulate_command

    return simulate_command(**options)


@main.command()
@click.argument("manifest", metavar="MANIFEST")
@click.option(
    "--labels",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    metavar="LABELS",
    help="CSV or Parquet: parcel_id, illicit, noncompliant, obvious (0 or 1), pattern, and kit where there are kits.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="HTML",
    help="One page to look at, without network.",
)
@click.option(
    "--json",
    "json_path",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="JSON",
    help="All figures, for machines.",
)
@click.option(
    "--capacity",
    default="0.05%,0.1%,0.2%,0.5%,1%",
    show_default=True,
    metavar="N,…",
    help="How many parcels can be opened: numbers (50) or shares of all (0.1%).",
)
@click.option("--gate", is_flag=True, help="Exit status 1 when the alert budget or the target is not met.")
@click.option(
    "--threads", type=click.IntRange(1, 64), default=2, show_default=True, help="Batches scored at the same time."
)
@_reading
@_plain_errors
def evaluate(**options: Any) -> int:
    """Score a MANIFEST whose parcels have LABELS and show what the ranking finds, misses and flags in vain.

    Recall by pattern at the bands and at fixed capacities, the alert budget, false alarms by family, precision and
    recall, shares by score. Score it as of the end of its period, not as of today. Exit status: 0 done, 1 a limit is
    not met (only with --gate), 2 could not run.

    \b
    Examples:
      riskscore simulate -n 200000 -o week.parquet --labels labels.parquet
      riskscore evaluate week.parquet --labels labels.parquet --as-of 2026-06-08 -o evaluation.html
      riskscore evaluate week.parquet --labels labels.parquet --as-of 2026-06-08 --capacity 50,200 --gate
    """
    from riskscore.training.evaluation_run import evaluate_manifest

    return evaluate_manifest(**options)


@main.command()
@click.argument("manifest", metavar="[MANIFEST]", required=False)
@click.option(
    "--labels",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="LABELS",
    help="What is known about the parcels of MANIFEST: parcel_id, illicit, noncompliant, pattern.",
)
@click.option(
    "--basis",
    type=click.Choice(["simulated", "mixed", "outcomes"]),
    default="simulated",
    show_default=True,
    help="What the labels rest on; it stands in the first line of the card.",
)
@click.option(
    "--confirmed-finds", type=click.IntRange(0), default=0, show_default=True, help="Confirmed finds among the labels."
)
@click.option(
    "--rate",
    type=(click.FloatRange(0, 1e6, min_open=True), click.FloatRange(0, 1e6, min_open=True)),
    metavar="ILLICIT NONCOMPLIANT",
    help="Per million ordinary parcels; calibration is brought to these.",
)
@click.option(
    "-n",
    "parcels",
    type=click.IntRange(1_000),
    default=600_000,
    show_default=True,
    help="Without MANIFEST: how many parcels to simulate.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Without MANIFEST: seed of the simulation.")
@click.option(
    "--date",
    "on",
    callback=_day,
    metavar="DATE",
    help="First part of the model's id; with the same input, the same date gives the same bytes. Today by default.",
)
@click.option("--name", default="trained", show_default=True, help="Second part of the model's id.")
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of models; by default the one in use.",
)
@click.option("--map", "mapping", metavar="A=B,… | FILE", help="Column names of MANIFEST, as for score.")
@click.option("--encoding", help="Encoding of MANIFEST; detected by default.")
@click.option("--as-of", metavar="TIME", callback=_moment_or_none, help="The one clock under which MANIFEST is read.")
@click.option(
    "--sops", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of packs and tables."
)
@_plain_errors
def train(**options: Any) -> int:
    """Train a scorecard on labelled parcels: both axes, compiled to tables, with its card and frozen scores.

    Without MANIFEST it simulates its parcels and says so everywhere. It writes a folder of models and changes nothing
    that is served: evaluate it first, then name it in the file `current`.

    \b
    Examples:
      riskscore train --name simulated --date 2026-11-21
      riskscore train outcomes.parquet --labels outcomes.csv --basis outcomes --rate 20 50000 --as-of 2026-11-01
    """
    from riskscore.training.train_run import train_model

    return train_model(**options)


@main.group(cls=_Commands)
def model() -> None:
    """Look at the models: their points, curves and pairs, and what they were made from."""


@model.command(name="show")
@click.argument("model_id", required=False)
@click.option("--axis", type=click.Choice(["illicit", "compliance"]), help="One axis only.")
@click.option("--feature", metavar="NAME", help="Every cell of the curve of one feature, and its pairs.")
@click.option("--json", "as_json", is_flag=True, help="All points as JSON.")
@_folders
@_plain_errors
def model_show(**options: Any) -> int:
    """Show the model MODEL_ID, or the current one: points of indicators, curves, pairs, caps and limits."""
    from riskscore.model_show import show_model

    return show_model(**options)


@model.command(name="list")
@click.option("--models", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of scorecards.")
@_plain_errors
def model_list(models: Path | None) -> int:
    """List the models of a folder and mark the current one."""
    from riskscore.model_show import list_models

    return list_models(models)


@main.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the tab-completion script of a SHELL.

    \b
      riskscore completion bash >> ~/.bashrc
      riskscore completion zsh  >> ~/.zshrc
      riskscore completion fish > ~/.config/fish/completions/riskscore.fish
    """
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    if kind is None:
        raise click.ClickException(f"no completion for {shell}")
    click.echo(kind(main, {}, "riskscore", "_RISKSCORE_COMPLETE").source())


if __name__ == "__main__":
    main()
