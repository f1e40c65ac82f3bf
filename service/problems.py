"""One JSON error shape on every route: RFC 9457 problem details with the paths of the fields."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from riskscore.declaration import dotted

log = logging.getLogger("riskscore.service")
MEDIA_TYPE = "application/problem+json"


class Problem(Exception):  # noqa: N818 - the name of the standard
    """An answer that is an error.

    Parameters
    ----------
    status : int
        HTTP status.
    detail : str
        One sentence that says what to do.
    errors : list of dict
        ``{path, message}`` for each bad field.
    """

    def __init__(self, status: int, detail: str, errors: Iterable[dict[str, str]] = ()) -> None:
        super().__init__(detail)
        self.status, self.detail, self.errors = status, detail, list(errors)


def problem_response(
    status: int, detail: str, errors: Iterable[dict[str, str]] = (), headers: dict[str, str] | None = None
) -> Response:
    """Problem details as a response."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "errors": list(errors),
    }
    return Response(orjson.dumps(body), status, headers, MEDIA_TYPE)


def field_errors(errors: Iterable[Any]) -> list[dict[str, str]]:
    """Validation errors as path and message; the value itself is not repeated."""
    return [{"path": dotted(e["loc"]), "message": str(e["msg"]).removeprefix("Value error, ")} for e in errors]


def install(app: FastAPI) -> None:
    """Map every error of the application to problem details."""

    @app.exception_handler(Problem)
    async def _problem(_request: Request, error: Problem) -> Response:
        return problem_response(error.status, error.detail, error.errors)

    @app.exception_handler(HTTPException)
    async def _http(_request: Request, error: HTTPException) -> Response:
        headers = dict(error.headers) if error.headers else None
        return problem_response(error.status_code, str(error.detail), headers=headers)

    @app.exception_handler(RequestValidationError)
    async def _invalid(_request: Request, error: RequestValidationError) -> Response:
        return problem_response(422, "A parameter of the request is not valid.", field_errors(error.errors()))

    @app.exception_handler(Exception)
    async def _unexpected(request: Request, error: Exception) -> Response:
        # The kind of error and the route, never the parcel.
        log.error("unexpected %s on %s %s", type(error).__name__, request.method, request.scope.get("path"))
        return problem_response(
            500, "Something went wrong here; the parcel is unassessed. Try again, then call support."
        )
