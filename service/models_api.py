"""The model that answers, as JSON."""

from __future__ import annotations

import logging
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from riskscore.assess import Engine
from riskscore.errors import ModelError
from riskscore.model_card import describe_model, read_model_card
from riskscore.places import default_models
from service.answers import CurrentModel, ProblemDetails
from service.problems import MEDIA_TYPE, Problem
from service.settings import Settings

log = logging.getLogger("riskscore.service")
_DAMAGED: dict[int | str, dict[str, Any]] = {
    503: {
        "description": "The card beside the scorecard cannot be read",
        "content": {MEDIA_TYPE: {"schema": ProblemDetails.model_json_schema()}},
    }
}


def models_router(engine: Engine) -> APIRouter:
    """Routes about models."""
    routes = APIRouter()
    answers: list[bytes] = []  # the first sound answer: a served model does not change

    @routes.get(
        "/v1/models/current",
        summary="The model that answers",
        tags=["models"],
        response_model=CurrentModel,
        responses=_DAMAGED,
    )
    async def get_current_model(request: Request) -> Response:
        settings: Settings = request.app.state.settings

        def work() -> bytes:
            if not answers:
                said = read_model_card(settings.models or default_models(), engine.scorecard)
                answers.append(orjson.dumps(describe_model(engine.scorecard, engine.active, said)))
            return answers[0]

        try:
            return Response(await run_in_threadpool(work), media_type="application/json")
        except ModelError as error:
            log.error("%s", error)  # with its folder, which is nobody's business outside
            raise Problem(503, "The card of the current model cannot be read; the operator must repair it.") from None

    return routes
