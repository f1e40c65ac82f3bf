"""The command line. It imports what a command needs inside that command, so that `--help` answers at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from riskscore import __version__
from riskscore.cli_models import evaluate, model, simulate, train
from riskscore.cli_options import Commands, folders, plain_errors, reading
from riskscore.errors import RiskscoreError

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


@click.group(cls=Commands, context_settings=CONTEXT, epilog="Tab-completion: riskscore completion --help")
@click.version_option(__version__, prog_name="riskscore")
def main() -> None:
    """Firearms risk scores for parcel declarations, with reasons that add up.

    \b
    A first run:
      riskscore score manifest.csv --report report.html
      riskscore explain PARCEL_ID

    It proposes inspections of parcels; it never decides, and it scores parcels, not people.
    """


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
@reading
@plain_errors
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
    from riskscore.terminal import say_if_compiling

    say_if_compiling(options["sops"])
    return score_manifest(**options)


@main.command()
@click.argument("parcel_id")
@click.option(
    "-m", "--manifest", metavar="MANIFEST", help="Where the parcel stands; by default the manifest scored last."
)
@click.option("--json", "as_json", is_flag=True, help="The whole assessment as JSON.")
@reading
@plain_errors
def explain(**options: Any) -> int:
    """Show one parcel's assessment: both ledgers, the words that count, what is missing, what to do next."""
    from riskscore.terminal import explain_parcel, say_if_compiling

    say_if_compiling(options["sops"])
    return explain_parcel(**options)


@main.command()
@click.argument("description", nargs=-1, required=True)
@folders
@plain_errors
def text(description: tuple[str, ...], sops: Path | None, models: Path | None) -> int:
    """Show what the goods-text engine sees in a GOODS DESCRIPTION."""
    from riskscore.terminal import say_if_compiling, show_text

    say_if_compiling(sops)
    return show_text(" ".join(description), sops)


@main.command()
@click.option("--lock", is_flag=True, help="Write the lock file of the packs after the checks.")
@folders
@plain_errors
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
@folders
@plain_errors
def serve(host: str, port: int, profile: str | None, sops: Path | None, models: Path | None) -> int:
    """Serve assessments over HTTP (nothing is stored: every call is a dry run)."""
    import uvicorn

    from riskscore.terminal import say_if_compiling
    from service.app import create_app
    from service.settings import Settings

    try:
        settings = Settings.from_environment(sops, models, profile)
    except ValueError as error:
        raise RiskscoreError(str(error)) from error
    say_if_compiling(settings.sops)
    app = create_app(settings)
    click.echo(f"riskscore serves http://{host}:{port}/docs  (stop with Ctrl-C)", err=True)
    uvicorn.run(app, host=host, port=port, log_level="warning", access_log=False)
    return 0


for command in (simulate, evaluate, train, model):
    main.add_command(command)


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
