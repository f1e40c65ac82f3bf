"""Commands that make, train and judge models: simulate, evaluate, train, model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from riskscore.cli_options import Commands, day, folders, moment_or_none, plain_errors, reading


@click.command()
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
@plain_errors
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


@click.command()
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
@reading
@plain_errors
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


@click.command()
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
    callback=day,
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
@click.option("--as-of", metavar="TIME", callback=moment_or_none, help="The one clock under which MANIFEST is read.")
@click.option(
    "--sops", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of packs and tables."
)
@plain_errors
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


@click.group(cls=Commands)
def model() -> None:
    """Look at the models: their points, curves and pairs, and what they were made from."""


@model.command(name="show")
@click.argument("model_id", required=False)
@click.option("--axis", type=click.Choice(["illicit", "compliance"]), help="One axis only.")
@click.option("--feature", metavar="NAME", help="Every cell of the curve of one feature, and its pairs.")
@click.option("--json", "as_json", is_flag=True, help="All points as JSON.")
@folders
@plain_errors
def model_show(**options: Any) -> int:
    """Show the model MODEL_ID, or the current one: points of indicators, curves, pairs, caps and limits."""
    from riskscore.model_show import show_model

    return show_model(**options)


@model.command(name="list")
@click.option("--models", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of scorecards.")
@plain_errors
def model_list(models: Path | None) -> int:
    """List the models of a folder and mark the current one."""
    from riskscore.model_show import list_models

    return list_models(models)


@model.command(name="verify")
@click.argument("model_id", required=False)
@click.option("--models", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of models.")
@plain_errors
def model_verify(models: Path | None, model_id: str | None) -> int:
    """Prove a model: its estimator is the one on the card, and the code answers its frozen scores."""
    from riskscore.training.train_run import verify_model

    return verify_model(models, model_id)
