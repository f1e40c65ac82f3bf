"""JSON routes: each reads a request, calls the library, and writes an answer."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import ValidationError

from riskscore.assess import Engine, assess
from riskscore.declaration import parcel_model
from riskscore.schema import tables_from_records
from riskscore.sops import Indicator
from service.answers import Assessment, Health, IndicatorText, ProblemDetails
from service.models_api import models_router
from service.problems import MEDIA_TYPE, Problem, field_errors
from service.settings import Settings

EXAMPLES: dict[str, Any] = {
    "ordinary": {
        "summary": "An ordinary parcel",
        "value": {
            "parcel_id": "BX-2026-000001",
            "route": {"origin_country": "DE", "destination_country": "BA"},
            "gross_mass_kg": 1.2,
            "items": [{"description": "Winter jacket, size L", "hs_code": "6201.40", "value": 60, "currency": "EUR"}],
        },
    },
    "flagged": {
        "summary": "A parcel that deserves a look",
        "value": {
            "parcel_id": "BX-2026-000002",
            "direction": "import",
            "route": {"origin_country": "RS", "destination_country": "BA", "mode": "road"},
            "items": [{"description": "Lovačka puška, 7.62x39", "hs_code": "9303.30"}],
        },
    },
    "bare": {"summary": "Only what is known", "value": {"parcel_id": "BX-3", "items": [{"description": "gift"}]}},
}
_PROBLEM = {"content": {MEDIA_TYPE: {"schema": ProblemDetails.model_json_schema()}}}


def _problems(**statuses: str) -> dict[int | str, dict[str, Any]]:
    return {int(code.removeprefix("s")): {"description": text, **_PROBLEM} for code, text in statuses.items()}


def router(engine: Engine) -> APIRouter:
    """All JSON routes of the service."""
    routes = APIRouter()
    model = parcel_model(engine.reference.country_codes, engine.reference.currencies)
    body = {"required": True, "content": {"application/json": {"schema": _inlined(model), "examples": EXAMPLES}}}
    indicators = {i.id: indicator_text(i) for i in engine.indicators if i.status != "retired"}

    @routes.post(
        "/v1/assessments",
        summary="Assess one parcel",
        tags=["assessments"],
        response_model=None,
        openapi_extra={"requestBody": body},
        responses={
            200: {"model": Assessment, "description": "The assessment; a dry run, nothing is stored"},
            **_problems(
                s400="The body is not JSON",
                s413="The body is too large",
                s415="The body is not of type application/json",
                s422="A field is not valid; `errors` names its path",
            ),
        },
    )
    async def post_assessment(
        request: Request,
        dry_run: bool = Query(False, description="Answer without storing; for now every call is one"),
    ) -> Response:
        settings: Settings = request.app.state.settings
        raw = await _body(request, settings.max_body)
        received = settings.clock()

        def work() -> bytes:
            record = _validated(model, raw)
            batch = assess(tables_from_records([record]), engine, as_of=received, profile=settings.profile)
            return orjson.dumps(batch.documents([0])[0])

        return Response(await run_in_threadpool(work), media_type="application/json")

    @routes.get("/v1/indicators", summary="All indicators", tags=["indicators"], response_model=list[IndicatorText])
    async def get_indicators() -> Response:
        return Response(orjson.dumps(list(indicators.values())), media_type="application/json")

    @routes.get(
        "/v1/indicators/{indicator_id}",
        summary="One indicator",
        tags=["indicators"],
        response_model=IndicatorText,
        responses=_problems(s404="No such indicator"),
    )
    async def get_indicator(indicator_id: str) -> Response:
        if indicator_id not in indicators:
            raise Problem(404, "There is no indicator with this id; GET /v1/indicators lists them all.")
        return Response(orjson.dumps(indicators[indicator_id]), media_type="application/json")

    routes.include_router(models_router(engine))

    async def health() -> Response:
        versions = {k: engine.versions[k] for k in ("model", "sops", "code")}
        return Response(orjson.dumps({"status": "ok", **versions}), media_type="application/json")

    # The rules and the scorecard are loaded and checked before the first request: who is up is ready.
    routes.add_api_route("/healthz", health, tags=["operations"], summary="Is it up?", response_model=Health)
    routes.add_api_route("/readyz", health, tags=["operations"], summary="Can it answer?", response_model=Health)
    return routes


def indicator_text(indicator: Indicator) -> dict[str, Any]:
    """An indicator as `/v1/indicators` shows it."""
    names = IndicatorText.model_fields.keys() - {"benign_explanation"}
    return {**{name: getattr(indicator, name) for name in names}, "benign_explanation": indicator.benign}


async def _body(request: Request, largest: int) -> bytes:
    kind = request.headers.get("content-type", "application/json").split(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise Problem(415, "Send the parcel as application/json.")
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > largest:
            raise Problem(413, f"The body is larger than {largest:,} bytes.")
        chunks.append(chunk)
    return b"".join(chunks)


def _validated(model: Any, raw: bytes) -> dict[str, Any]:
    try:
        orjson.loads(raw)  # stricter than the validator, which would let NaN pass as JSON
    except orjson.JSONDecodeError as error:
        raise Problem(400, f"The body is not valid JSON: {error}.") from None
    try:
        record: dict[str, Any] = model.model_validate_json(raw).model_dump()
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)
        if details[0]["type"] == "json_invalid":  # nested deeper than the validator goes
            raise Problem(400, "The body is not acceptable JSON.", field_errors(details)) from None
        raise Problem(422, "The declaration has fields that cannot be accepted.", field_errors(details)) from None
    return record


def _inlined(model: Any) -> dict[str, Any]:
    """The model's JSON Schema with its definitions in place, as OpenAPI cannot follow references inside."""
    schema = model.model_json_schema()
    definitions = schema.pop("$defs", {})

    def resolve(node: Any) -> Any:
        if isinstance(node, dict):
            if "$ref" in node:
                return resolve(definitions[node["$ref"].rsplit("/", 1)[-1]])
            return {key: resolve(value) for key, value in node.items()}
        return [resolve(value) for value in node] if isinstance(node, list) else node

    resolved: dict[str, Any] = resolve(schema)
    return resolved
