"""The composition root: settings in, application out."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi_swagger import patch_fastapi

from riskscore import __version__
from riskscore.assess import load_engine
from service import problems
from service.api import router
from service.settings import Settings

DESCRIPTION = """Risk scores for parcel declarations, with the reasons that triggered them.

It supports inspection decisions and never decides; it scores parcels, not people. Until a store is configured every
call is a dry run: answered, not stored. A client that gets no answer in time reports `unassessed`, never `clear`."""


def create_app(settings: Settings) -> FastAPI:
    """The application of one deployment; it loads and checks rules and scorecard before it answers.

    Raises
    ------
    riskscore.errors.RiskscoreError
        When rules, tables or scorecard do not hold.
    """
    app = FastAPI(
        title="riskscore",
        version=__version__,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
    )
    patch_fastapi(app)  # documentation page from the package itself: it opens without a network
    app.state.settings = settings
    app.state.engine = load_engine(settings.sops, settings.models)
    problems.install(app)
    app.include_router(router(app.state.engine))
    return app
