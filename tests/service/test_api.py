"""The service over a real HTTP server."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest
import uvicorn

from service.answers import Assessment, Health, IndicatorText, ProblemDetails
from service.app import create_app
from service.settings import Settings

NOON = datetime(2026, 11, 16, 12, tzinfo=UTC)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    port = free_port()
    app = create_app(Settings(clock=lambda: NOON, max_body=200_000))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as connection:
        for _ in range(200):
            if server.started:
                break
            time.sleep(0.05)
        yield connection
    server.should_exit = True
    thread.join(10)


def post(client: httpx.Client, body: object, **headers: str) -> httpx.Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post("/v1/assessments", content=raw, headers={"content-type": "application/json", **headers})


def problem(response: httpx.Response, status: int) -> ProblemDetails:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    return ProblemDetails.model_validate_json(response.content)


def test_an_assessment_has_the_shape_of_the_contract(client: httpx.Client) -> None:
    response = post(client, {"parcel_id": "P-1", "items": [{"description": "Hunting rifle"}]})
    assert response.status_code == 200
    assessment = Assessment.model_validate_json(response.content)
    assert assessment.band in ("review", "hold")
    assert assessment.profile == "operator"
    assert assessment.as_of == assessment.assessed_at == "2026-11-16T12:00:00Z"
    assert {r.key for r in assessment.reasons} >= {"GD-01"}
    evidence = next(r for r in assessment.reasons if r.key == "GD-01").evidence[0]
    assert evidence.value is not None
    assert evidence.value[evidence.start : evidence.end] == "Hunting rifle"


@pytest.mark.parametrize("axis", ["illicit", "compliance"])
def test_points_add_up(client: httpx.Client, axis: str) -> None:
    body = {"parcel_id": "P-1", "items": [{"description": "Pistol 9x19, parts", "hs_code": "9503.00"}]}
    answer = post(client, body).json()
    total = answer if axis == "illicit" else answer["compliance"]
    points = sum(r["points"] for r in answer["reasons"] if r["axis"] == axis)
    assert abs(total["base_points"] + points - total["score"]) < 1e-9


@pytest.mark.parametrize("extra", [{}, {"items": []}, {"items": [{}]}, {"items": None}, {"sender": {}}])
def test_hardly_anything_known_is_still_assessed(client: httpx.Client, extra: dict[str, object]) -> None:
    response = post(client, {"parcel_id": "P-1", **extra})
    assert response.status_code == 200
    assert response.json()["illicit_band"] == "clear"


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "parcel_id"),
        ({"parcel_id": "  "}, "parcel_id"),
        ({"parcel_id": 7}, "parcel_id"),
        ({"parcel_id": "P", "gross_mass_kg": "2"}, "gross_mass_kg"),
        ({"parcel_id": "P", "gross_mass_kg": -1}, "gross_mass_kg"),
        ({"parcel_id": "P", "sender": {"country": "Deutschland"}}, "sender.country"),
        ({"parcel_id": "P", "currency": "XYZ"}, "currency"),
        ({"parcel_id": "P", "channel": "pigeon"}, "channel"),
        ({"parcel_id": "P", "declared_at": "yesterday"}, "declared_at"),
        ({"parcel_id": "P", "declared_at": "2026-11-16T08:00:00"}, "declared_at"),
        ({"parcel_id": "P", "declared_at": "17"}, "declared_at"),
        ({"parcel_id": "P", "items": [{}, {"quantity": "many"}]}, "items[1].quantity"),
        ({"parcel_id": "P", "documents": [{"type": "letter"}]}, "documents[0].type"),
        ({"parcel_id": "P", "observations": ["looks foreign"]}, "observations[0]"),
        ({"parcel_id": "P", "colour": "red"}, "colour"),
        ({"parcel_id": "P", "items": {"description": "x"}}, "items"),
        ([], "(body)"),
    ],
)
def test_a_bad_field_is_422_and_named(client: httpx.Client, body: object, path: str) -> None:
    details = problem(post(client, body), 422)
    assert path in [e.path for e in details.errors]


@pytest.mark.parametrize(
    "declared",
    [
        {"item_id": "not an S10"},
        {"sender": {"phone": "???", "email": "nobody at all"}},
        {"items": [{"hs_code": "ABC", "marks": ["a star"], "description": "\u202e\u0000\U0001f52b"}]},
        {"documents": [{"number": "no number at all"}]},
    ],
)
def test_badness_that_is_itself_a_sign_is_never_422(client: httpx.Client, declared: dict[str, object]) -> None:
    assert post(client, {"parcel_id": "P", **declared}).status_code == 200


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"not json", b"\xff\xfe", b'{"parcel_id": NaN}', b'{"parcel_id":"\\ud800"}', b"[" * 100_000]
)
def test_what_is_not_json_is_400(client: httpx.Client, raw: bytes) -> None:
    problem(post(client, raw), 400)


def test_the_size_and_type_of_the_body_are_limited(client: httpx.Client) -> None:
    problem(post(client, b'{"parcel_id":"' + b"x" * 300_000 + b'"}'), 413)
    problem(post(client, b"parcel_id=1", **{"content-type": "text/csv"}), 415)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/v1/assessments", 405),
        ("GET", "/v1/indicators/XX-99", 404),
        ("POST", "/v1/assessments?dry_run=perhaps", 422),
    ],
)
def test_every_error_is_a_problem(client: httpx.Client, method: str, path: str, status: int) -> None:
    problem(client.request(method, path, content=b"{}" if method == "POST" else None), status)


def test_indicators_are_listed_and_shown(client: httpx.Client) -> None:
    listed = client.get("/v1/indicators").json()
    assert len(listed) >= 30
    for entry in listed:
        IndicatorText.model_validate(entry)
        assert entry["benign_explanation"]
        assert entry["question"]["text"]
    assert client.get("/v1/indicators/GD-01").json() == next(e for e in listed if e["id"] == "GD-01")


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_names_the_versions(client: httpx.Client, path: str) -> None:
    assert Health.model_validate_json(client.get(path).content).status == "ok"


def test_openapi_shows_the_declaration_with_examples_that_work(client: httpx.Client) -> None:
    schema = client.get("/openapi.json").json()
    content = schema["paths"]["/v1/assessments"]["post"]["requestBody"]["content"]["application/json"]
    assert "hs_code" in json.dumps(content["schema"])
    assert "$ref" not in json.dumps(content["schema"])
    for example in content["examples"].values():
        assert post(client, example["value"]).status_code == 200


def test_the_documentation_page_opens_without_a_network(client: httpx.Client) -> None:
    page = client.get("/docs").text
    assert "//" not in page.replace("//127.0.0.1", "").split("SwaggerUIBundle(")[0]
    for asset in ("/swagger/swagger-ui-bundle.js", "/swagger/swagger-ui.css"):
        assert asset in page
        assert client.get(asset).status_code == 200


def test_questions_to_the_sender_never_mention_score_or_firearms(client: httpx.Client) -> None:
    for entry in client.get("/v1/indicators").json():
        if entry["question"]["to"] == "sender":
            text = entry["question"]["text"].lower()
            assert not any(word in text for word in ("score", "firearm", "weapon", "gun", "suspic", "ammunition"))
