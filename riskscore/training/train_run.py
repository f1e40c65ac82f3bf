"""The commands `riskscore train` and `riskscore model verify`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import polars as pl

from riskscore.assess import Engine, load_engine
from riskscore.errors import ModelError
from riskscore.formats import open_manifest
from riskscore.mapping import parse_mapping
from riskscore.places import default_models
from riskscore.schema import Tables
from riskscore.scorecard import load_scorecard
from riskscore.terminal import Screen
from riskscore.training.estimators import load_estimators
from riskscore.training.evaluation_labels import read_labels
from riskscore.training.frozen import read_frozen, served_points
from riskscore.training.simulate import ORDINARY, Mix, simulated
from riskscore.training.train import Origin, train

# Rare things are made frequent for training; calibration brings the rates back to ordinary ones.
RAISED = {"illicit_per_million": 30_000.0, "gaps_per_million": 30_000.0}
START, DAYS = date(2026, 6, 1), 28


def train_model(
    *,
    manifest: str | None,
    labels: Path | None,
    basis: str,
    confirmed_finds: int,
    rate: tuple[float, float] | None,
    parcels: int,
    seed: int,
    on: date,
    name: str,
    output: Path | None,
    mapping: str | None,
    encoding: str | None,
    as_of: datetime | None,
    sops: Path | None,
) -> int:
    """Train on a labelled manifest, or on parcels simulated on the spot; returns the exit status."""
    engine = load_engine(sops)
    models = output or default_models()
    screen = Screen()
    if manifest is None:
        mix = Mix(**RAISED)
        rates = {"illicit": ORDINARY.illicit_per_million / 1e6, "compliance": ordinary_noncompliance()}
        origin = Origin(
            "simulated",
            rates,
            told={
                "source": "riskscore simulate",
                "seed": seed,
                "period": f"{DAYS} days from {START.isoformat()}",
                "mix": {key: getattr(mix, key) for key in mix.__dataclass_fields__},
            },
        )
        clock = datetime.combine(START + timedelta(days=DAYS), time(), UTC)
        batches = simulated(parcels, seed=seed, mix=mix, start=START, days=DAYS)
        folder = _train(screen, batches, parcels, engine, models, name, on, clock, origin)
    else:
        if labels is None or as_of is None or rate is None:
            raise ModelError("a manifest needs --labels, --as-of and --rate: what is known, when, and what is ordinary")
        origin = Origin(
            basis,
            {"illicit": rate[0] / 1e6, "compliance": rate[1] / 1e6},
            confirmed_finds,
            told={"source": Path(manifest).name},
        )
        with labelled(manifest, labels, engine, mapping, encoding) as (batches, total):
            folder = _train(screen, batches, total, engine, models, name, on, as_of, origin)
    screen.out.print(f"model: {folder}")
    screen.out.print(f"to serve it: write {folder.name} into {models / 'current'} (evaluate it first)")
    return 0


def ordinary_noncompliance() -> float:
    """Share of parcels that the ordinary mix labels non-compliant, counted on 50,000 of them."""
    (_, labels), *_ = simulated(50_000, seed=0, mix=ORDINARY)
    return float(labels["noncompliant"].cast(pl.Float64).mean())  # type: ignore[arg-type]


def _train(
    screen: Screen,
    batches: Iterator[tuple[Tables, pl.DataFrame]],
    total: int | None,
    engine: Engine,
    models: Path,
    name: str,
    on: date,
    as_of: datetime,
    origin: Origin,
) -> Path:
    with screen.counting("examining parcels", total) as advance:

        def counted() -> Iterator[tuple[Tables, pl.DataFrame]]:
            for tables, known in batches:
                yield tables, known
                advance(tables.parcels.height)

        return train(counted(), engine, models=models, name=name, on=on, as_of=as_of, origin=origin)


@contextmanager
def labelled(
    manifest: str, labels: Path, engine: Engine, mapping: str | None, encoding: str | None
) -> Iterator[tuple[Iterator[tuple[Tables, pl.DataFrame]], int | None]]:
    """Batches of a manifest with their labels.

    Raises
    ------
    ManifestError, LabelError
    """
    known, _ = read_labels(labels)
    known = known.select("parcel_id", "illicit", "noncompliant", "pattern")
    countries = engine.reference.countries
    with open_manifest(manifest, mapping=parse_mapping(mapping), encoding=encoding, countries=countries) as source:

        def batches() -> Iterator[tuple[Tables, pl.DataFrame]]:
            for tables in source:
                yield tables, tables.parcels.select("parcel_id").join(known, on="parcel_id", how="inner")

        yield batches(), source.total_rows


def verify_model(models: Path | None, model_id: str | None) -> int:
    """Prove a model folder: the estimator is that of the card, and the code answers the frozen scores."""
    screen = Screen()
    models = models or default_models()
    card = load_scorecard(models, model_id)
    folder = models / card.id
    load_estimators(folder)
    versions, fired, figures, frozen = read_frozen(folder)
    engine = load_engine()
    by_id = {(i.id, i.version): i for i in engine.active}
    unknown = [
        f"{i} version {v}" for i, v in versions if (i, v) not in by_id and fired[:, versions.index((i, v))].any()
    ]
    if unknown:
        raise ModelError(
            f"{folder.name}: the packs have changed since: {', '.join(unknown[:5])}; frozen scores speak of older ones"
        )
    kept = [n for n, key in enumerate(versions) if key in by_id]
    now = served_points(card, [by_id[versions[n]] for n in kept], fired[:, kept], figures)
    wrong = int((now != frozen).any(axis=1).sum())
    if wrong:
        raise ModelError(f"{folder.name}: {wrong} of {len(frozen)} frozen scores come out differently")
    screen.out.print(f"{folder.name}: the estimator is that of the card; {len(frozen)} frozen scores come out the same")
    return 0
