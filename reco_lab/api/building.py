"""The service as one ASGI application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from reco_lab.api.documents import document
from reco_lab.api.hot import hot_routes, questions
from reco_lab.api.records import records
from reco_lab.api.refusals import Refusal
from reco_lab.api.service import Service
from reco_lab.api.shell import Shell, said
from reco_lab.api.watching import watching
from reco_lab.core.errors import InputError

_THIS_MACHINE = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?"
_WORDS = {
    404: ("not_found", "There is no such address."),
    405: ("method", "This address knows other methods."),
}


def build(service: Service) -> ASGIApp:
    """The application around a service; it closes the service when it ends."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with service.running():
            yield

    app = FastAPI(
        title="Reco Lab", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None,
        redirect_slashes=False,
    )  # fmt: skip
    hot = hot_routes(service)
    app.router.routes.extend(hot)
    app.include_router(records(service))
    app.include_router(watching(service))
    described = document(app)
    app.openapi = lambda: described  # type: ignore[method-assign]  # FastAPI's own way

    async def answer(_request: Request, error: Exception) -> Response:
        return said(service, _words(error) if isinstance(error, HTTPException) else error).response

    for kind in (Refusal, HTTPException, InputError, Exception):
        app.add_exception_handler(kind, answer)
    return _with_origins(Shell(app, service, hot, questions(service)), service)


def _with_origins(app: ASGIApp, service: Service) -> ASGIApp:
    origins, demo = service.settings.origins, service.settings.demo
    if not origins and not demo:
        return app
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_origin_regex=_THIS_MACHINE if demo else None,
        allow_methods=["GET", "POST"],
        allow_headers=["Authorization", "X-API-Key", "Content-Type"],
        expose_headers=["Retry-After"],
        max_age=600,
    )


def _words(error: HTTPException) -> Refusal:
    code, message = _WORDS.get(error.status_code, ("refused", "This cannot be answered."))
    return Refusal(error.status_code, code, message, headers=error.headers)
