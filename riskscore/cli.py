"""The command line. It imports what a command needs inside that command, so that `--help` answers at once."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
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
