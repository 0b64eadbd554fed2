"""Whether the service is alive and ready, what it counted, and what it can be asked."""

from dataclasses import asdict
from typing import Any

import orjson
from fastapi import APIRouter, FastAPI
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from reco_lab.api.documents import refusals
from reco_lab.api.refusals import JSON
from reco_lab.api.service import Service
from reco_lab.api.shapes import Alive, Policies, Ready
from reco_lab.services.ad_learning import of_each_arm

MOST_TOLD = 100


def watching(service: Service) -> APIRouter:
    """The routes that machines ask about the service itself."""
    router = APIRouter()
    unready: dict[int | str, dict[str, Any]] = {
        503: {"model": Ready, "description": "Served, but not as it should be: the problems say why"}
    }

    @router.head("/health", include_in_schema=False)
    @router.get("/health")
    async def health() -> Alive:
        """Say that the process answers."""
        return Alive()

    @router.get("/ready", response_model=Ready, responses=refusals() | unready)
    async def ready() -> Response:
        """Say whether ads are served as they should be, by what, and what is wrong."""
        found = service.server.readiness()
        return Response(orjson.dumps(asdict(found)), 200 if found.ready else 503, media_type=JSON)

    @router.get("/policy", response_model=Policies, responses=refusals())
    async def policy() -> Response:
        """Say by which policies ads are chosen, and what those that learn know of their best ads."""
        server = service.server
        found = of_each_arm(server.snapshot, server.learning.learnt, MOST_TOLD)
        return Response(orjson.dumps({"arms": found}), media_type=JSON)

    @router.get("/metrics", response_class=PlainTextResponse, responses=refusals())
    async def metrics() -> Response:
        """Everything counted, for Prometheus."""
        return Response(service.counters.text(), media_type=CONTENT_TYPE_LATEST)

    @router.get("/openapi.json", response_model=dict[str, Any], responses=refusals())
    async def openapi(request: Request) -> Response:
        """Say what can be asked."""
        app: FastAPI = request.app
        return Response(orjson.dumps(app.openapi()), media_type=JSON)

    return router
