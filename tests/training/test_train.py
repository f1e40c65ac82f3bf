"""Training from end to end on few simulated parcels: the same bytes twice, and a folder that proves itself."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import polars as pl
import pytest
from factory import the_engine

from riskscore.errors import ModelError
from riskscore.places import default_models
from riskscore.points import cells_of
from riskscore.scorecard import load_scorecard
from riskscore.training.estimators import load_estimators
from riskscore.training.fit import Settings
from riskscore.training.frozen import read_frozen, served_points
from riskscore.training.simulate import Mix, simulated
from riskscore.training.train import Origin, train
from riskscore.training.train_run import RAISED, verify_model

N = 12_000
ORIGIN = Origin("simulated", {"illicit": 2e-5, "compliance": 0.05}, told={"source": "a test", "seed": 3})
WRITTEN = ("scorecard.json", "card.json", "card.md", "frozen_scores.csv", "estimator.joblib")


def batches(n: int = N) -> Any:
    return simulated(n, seed=3, mix=Mix(**RAISED), start=date(2026, 6, 1), days=7)


def trained(models: Path, parcels: Any = None) -> Path:
    return train(
        parcels or batches(),
        the_engine(),
        models=models,
        name="test",
        on=date(2026, 11, 21),
        as_of=datetime(2026, 6, 8, tzinfo=UTC),
        origin=ORIGIN,
        settings=Settings(iterations=25),
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(tmp_path_factory.mktemp("models"))


def test_the_same_input_and_date_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    again = trained(tmp_path)
    for name in WRITTEN:
        assert (again / name).read_bytes() == (folder / name).read_bytes(), name


def test_the_first_line_says_what_it_learned_from(folder: Path) -> None:
    first = (folder / "card.md").read_text("utf-8").splitlines()[0]
    assert "simulated parcels" in first


def test_the_card_names_what_training_saw(folder: Path) -> None:
    facts = orjson.loads((folder / "card.json").read_bytes())
    assert facts["trained_on"]["parcels"] == N
    assert facts["trained_on"]["seed"] == 3
    assert set(facts["inputs"]) == {"illicit", "compliance"}
    kept = set(facts["expert_points_kept"])
    learned = {i for axis in facts["inputs"].values() for i in axis}
    assert kept
    assert not kept & learned
    assert all(facts["fired_in_training"][i] >= 100 for i in learned if i in facts["fired_in_training"])


def test_frozen_scores_come_out_the_same(folder: Path) -> None:
    card = load_scorecard(folder.parent, folder.name)
    versions, fired, figures, frozen = read_frozen(folder)
    by_id = {i.id: i for i in the_engine().active}
    assert served_points(card, [by_id[i] for i, _ in versions], fired, figures).tolist() == frozen.tolist()
    assert len(set(map(tuple, frozen.tolist()))) > 20


def test_an_estimator_that_is_not_the_cards_is_never_opened(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / folder.name
    shutil.copytree(folder, copy)
    # Opening this pickle would fail loudly in another way; it must not be opened at all.
    (copy / "estimator.joblib").write_bytes(b"\x80\x04cposix\nsystem\n(S'exit 3'\ntR.")
    with pytest.raises(ModelError, match="not opened"):
        load_estimators(copy)
    (copy / "card.json").unlink()
    with pytest.raises(ModelError, match="with its card"):
        load_estimators(copy)


def test_served_tables_are_the_estimators_on_a_hundred_thousand_rows(folder: Path) -> None:
    """Rows drawn from the edges themselves, a bit above and below, and from what is not stated."""
    check_parity(folder)


def check_parity(folder: Path, rows: int = 100_000, few: int = 3) -> None:
    """Log-odds of the file against the estimator of the folder, on rows that meet every edge."""
    card = load_scorecard(folder.parent, folder.name)
    estimators = load_estimators(folder)
    inputs = orjson.loads((folder / "card.json").read_bytes())["inputs"]
    rng = np.random.default_rng(11)
    for name, axis in card.axes.items():
        curves = {c.name: c for c in axis.curves}
        columns, cells = [], {}
        total = np.full(rows, axis.intercept)
        for one in inputs[name]:
            if one in curves:
                edges = curves[one].edges if len(curves[one].edges) else np.array([0.0])
                around = np.concatenate([edges, np.nextafter(edges, np.inf), np.nextafter(edges, -np.inf), [np.nan]])
                column = rng.choice(around, rows)
                cells[one] = cells_of(curves[one].edges, column)
                total += curves[one].log_odds[cells[one]]
            else:
                column = rng.integers(0, 2, rows).astype(float)
                cells[one] = column.astype(int)
                total += np.array(axis.indicators[one].log_odds)[cells[one]]
            columns.append(column)
        for pair in axis.pairs:
            total += pair.log_odds[cells[pair.of[0]], cells[pair.of[1]]]
        decided = estimators[name].decision_function(np.column_stack(columns))
        assert np.abs(total - decided).max() < 1e-9
        assert np.unique(total).size > few


def test_the_committed_model_proves_itself() -> None:
    """Its estimator is the card's, its frozen scores come out the same, its tables are its estimators."""
    assert verify_model(None, None) == 0
    models = default_models()
    check_parity(models / (models / "current").read_text("utf-8").strip(), few=500)


def test_labels_that_do_not_fit_are_one_clear_error(tmp_path: Path) -> None:
    tables, labels = next(iter(batches(500)))
    with pytest.raises(ModelError, match="has no label"):
        trained(tmp_path, [(tables, labels.head(400))])
    with pytest.raises(ModelError, match="twice"):
        trained(tmp_path, [(tables, pl.concat([labels, labels.head(1)]))])
    with pytest.raises(ModelError, match="no parcels"):
        trained(tmp_path, iter(()))
    with pytest.raises(ModelError, match="alike"):
        trained(tmp_path, [(tables, labels.with_columns(illicit=pl.lit(0), noncompliant=pl.lit(0)))])
