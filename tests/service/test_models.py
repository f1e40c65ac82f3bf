"""`GET /v1/models/current` over a real HTTP server: the points that count, and how they may be read."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import uvicorn

from riskscore.sops import AXES, load_packs
from service.answers import CurrentModel, ProblemDetails
from service.app import create_app
from service.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
PATH = "/v1/models/current"
PACKS = {i.id: i for i in load_packs(ROOT / "sops" / "packs")}
AXIS: dict[str, Any] = {
    "base_points": 271.25,
    "review": 500,
    "hold": 650,
    "points_per_log_odds": 60.5,
    "intercept_log_odds": -7.125,
    "indicators": [
        {"id": "GD-01", "version": PACKS["GD-01"].version, "points": 112.5, "log_odds": [-0.5, 3]},
        {"id": "GD-02", "version": 77, "points": 33.25, "log_odds": [-0.5, 3]},
    ],
    "features": [
        {
            "name": "mass_gap_kg",
            "edges": [0.1, 0.5],
            "points": [0, 3.5, 7, 2],
            "log_odds": [0, 1, 2, 0.5],
            "usual": 0,
            "direction": 1,
        }
    ],
    "pairs": [
        {"of": ["GD-01", "mass_gap_kg"], "points": [[0] * 4, [0, 1, 2, 0.5]], "log_odds": [[0] * 4, [0, 1, 2, 1]]}
    ],
}
CARD: dict[str, Any] = {
    "id": "learned",
    "format": 2,
    "points": "learned",
    "basis": "simulated",
    "confirmed_finds": 0,
    "axes": dict.fromkeys(AXES, AXIS),
    "group_caps": {"description": 300.5},
    "medium_cap": 300,
    "mitigating_cap": 165,
    "weak_cap": 75,
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(models: Path) -> Iterator[httpx.Client]:
    """A client of a service that answers with the models of a folder."""
    port = free_port()
    app = create_app(Settings(models=models))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="critical"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as connection:
        for _ in range(400):
            if server.started:
                break
            time.sleep(0.05)
        yield connection
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    models = tmp_path_factory.mktemp("models")
    (models / "learned").mkdir()
    (models / "learned" / "scorecard.json").write_bytes(orjson.dumps(CARD))
    (models / "current").write_text("learned\n")
    return models


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[httpx.Client]:
    with served(folder) as connection:
        yield connection


def test_a_damaged_card_is_a_problem_and_a_repaired_one_is_read(client: httpx.Client, folder: Path) -> None:
    path = folder / "learned" / "card.json"
    path.write_bytes(b"{")
    response = client.get(PATH)
    assert response.status_code == 503
    problem = ProblemDetails.model_validate_json(response.content)
    assert str(folder) not in response.text
    assert "cannot be read" in problem.detail
    facts = {"id": "learned", "date": "2026-11-22", "limits": ["Simulation only."], "log_odds": 1.5}
    path.write_bytes(orjson.dumps(facts))
    answer = CurrentModel.model_validate_json(client.get(PATH).content)
    assert answer.date == "2026-11-22"
    assert answer.card.limits == ["Simulation only."]
    assert answer.card.first_line.startswith("Trained on simulated parcels: ")


def test_the_model_shows_the_points_that_count(client: httpx.Client) -> None:
    response = client.get(PATH)
    assert response.status_code == 200
    answer = CurrentModel.model_validate_json(response.content)
    assert (answer.id, answer.points, answer.basis, answer.confirmed_finds) == ("learned", "learned", "simulated", 0)
    axis = answer.axes.illicit
    assert (axis.base_points, axis.review, axis.hold) == (271.25, 500, 650)
    (curve,) = axis.features
    assert (curve.edges, curve.points, curve.not_stated, curve.usual, curve.direction) == (
        [0.1, 0.5],
        [0, 3.5, 7],
        2,
        0,
        1,
    )
    assert curve.title == "Difference between the scale and the declared gross mass, kg."
    assert axis.pairs[0].of == ["GD-01", "mass_gap_kg"]
    assert axis.pairs[0].points == [[0] * 4, [0, 1, 2, 0.5]]
    assert answer.group_caps == {"description": 300.5}
    assert (answer.weak_cap, answer.medium_cap, answer.mitigating_cap) == (75, 300, 165)


def test_learned_points_count_for_the_version_that_was_learned(client: httpx.Client) -> None:
    axes = client.get(PATH).json()["axes"]
    listed = {entry["id"]: entry for entry in client.get("/v1/indicators").json() if entry["status"] == "active"}
    shown = {entry["id"]: (axis, entry) for axis in AXES for entry in axes[axis]["indicators"]}
    assert shown.keys() == listed.keys()
    for key, (axis, entry) in shown.items():
        assert (axis, entry["version"], entry["title"]) == tuple(listed[key][k] for k in ("axis", "version", "title"))
        if key != "GD-01":
            assert (entry["points"], entry["points_basis"]) == (listed[key]["points"], "expert")
    assert (shown["GD-01"][1]["points"], shown["GD-01"][1]["points_basis"]) == (112.5, "learned")


def test_an_assessment_counts_what_the_model_shows(client: httpx.Client) -> None:
    body = {"parcel_id": "P", "gross_mass_kg": 1, "measured_mass_kg": 3, "items": [{"description": "Hunting rifle"}]}
    assessment = client.post("/v1/assessments", json=body).json()
    points = {r["key"]: r["points"] for r in assessment["reasons"] if r["axis"] == "illicit"}
    axis = client.get(PATH).json()["axes"]["illicit"]
    assert assessment["versions"]["model"] == client.get(PATH).json()["id"]
    assert points["GD-01"] == next(i["points"] for i in axis["indicators"] if i["id"] == "GD-01")
    assert points["mass_gap_kg"] == axis["features"][0]["points"][2]


def test_points_are_read_as_an_order_only(client: httpx.Client) -> None:
    text = client.get(PATH).text
    assert "Ranking order only, learned from simulated parcels." in text
    assert not re.search(r"odds|probab|chance of|likelihood", text, re.IGNORECASE)
    assert "-7.125" not in text  # the fitted intercept


def test_openapi_shows_the_whole_answer(client: httpx.Client) -> None:
    schema = client.get("/openapi.json").json()
    responses = schema["paths"][PATH]["get"]["responses"]
    assert responses["200"]["content"]["application/json"]["schema"]["$ref"].endswith("/CurrentModel")
    assert "application/problem+json" in responses["503"]["content"]
    names = json.dumps(schema["components"]["schemas"])
    for name in ("AxisPoints", "FeatureCurve", "PairTable", "IndicatorPoints", "CardText"):
        assert name in names


def test_only_get_is_served(client: httpx.Client) -> None:
    response = client.post(PATH, json={})
    assert response.status_code == 405
    assert response.headers["content-type"] == "application/problem+json"


def test_the_committed_model_says_that_nobody_trained_it() -> None:
    with served(ROOT / "models") as client:
        answer = CurrentModel.model_validate_json(client.get(PATH).content)
    if answer.points == "expert":
        assert answer.card.first_line.startswith("Expert points, not learned")
        assert not answer.axes.illicit.features
    assert answer.card.limits
