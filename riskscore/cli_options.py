"""What commands share: how errors are said, how times are read, which folders and manifests they take."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import wraps
from pathlib import Path
from typing import Any

import click

from riskscore.errors import RiskscoreError


class Commands(click.Group):
    """Commands in the order in which people meet them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


def plain_errors(command: Callable[..., int]) -> Callable[..., None]:
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


def moment(_context: click.Context, _parameter: click.Parameter, value: str | None) -> datetime:
    """RFC 3339 time; without an offset it is UTC; by default now."""
    if value is None:
        return datetime.now(UTC).replace(microsecond=0)
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a time such as 2026-11-16T06:00:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def moment_or_none(context: click.Context, parameter: click.Parameter, value: str | None) -> datetime | None:
    return None if value is None else moment(context, parameter, value)


def day(_context: click.Context, _parameter: click.Parameter, value: str | None) -> date:
    if value is None:
        return datetime.now(UTC).date()
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a date such as 2026-11-21") from None


def folders(command: Callable[..., Any]) -> Callable[..., Any]:
    folder = click.Path(exists=True, file_okay=False, path_type=Path)
    command = click.option("--models", type=folder, help="Folder of scorecards instead of the one that comes along.")(
        command
    )
    return click.option(
        "--sops", type=folder, help="Folder of packs, lexicons and tables instead of the one that comes along."
    )(command)


def reading(command: Callable[..., Any]) -> Callable[..., Any]:
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
            callback=moment,
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
    return folders(command)
