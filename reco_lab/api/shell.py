"""What stands around every route: who may come in, limits, headers, counts, and no traceback to anybody."""

import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reco_lab.api.doors import OPEN, from_this_machine, key_text, readable, right_key, scope_of
from reco_lab.api.hot import Question
from reco_lab.api.refusals import Refusal, busy
from reco_lab.api.service import Service
from reco_lab.core.errors import FullError, InputError, NotFoundError, NotNowError
from reco_lab.store.disk import FULL, full_disk

Endpoint = Callable[[Request], Awaitable[Response]]
MOST_AT_ONCE = 500
NOT_NOW_SECONDS = 5
KEY = "reco_lab.key"
HEADERS = [
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
]
ROUTES = frozenset(
    {"ads", "recommendations", "events", "interactions", "users", "items", "health", "ready", "metrics"}
)


class Shell:
    """The outermost layer of the service (ASGI). The hot routes are called from here, past the layers of FastAPI.

    `questions` are answered from memory: `answer` may be called with one as it comes in, without waiting.
    """

    def __init__(
        self, app: ASGIApp, service: Service, hot: Iterable[Route], questions: Mapping[str, Question]
    ) -> None:
        self.app, self.service, self.questions, self.at_once = app, service, questions, 0
        self._told: dict[str, Endpoint] = {
            route.path: route.endpoint for route in hot if "POST" in (route.methods or ())
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; what is no HTTP passes, except that there are no web sockets here."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
        elif scope["type"] != "http":
            await self.app(scope, receive, send)
        elif scope["method"] == "GET" and (path := _path(scope)) in self.questions:
            response = self.answer(scope, path)
            headers = [*response.raw_headers, *HEADERS]
            await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
            await send({"type": "http.response.body", "body": response.body})
        else:
            await self._serve(scope, receive, send)

    def answer(self, scope: Scope, path: str) -> Response:
        """The answer to one of the questions, or what is said instead; HEADERS go with it."""
        began = time.perf_counter()
        try:
            self._admit(scope, path)
            response = self.questions[path](scope)
        except Exception as error:  # noqa: BLE001 - the last resort: a sentence and a reference, never a traceback
            response = said(self.service, error).response
        self._count("GET", path, response.status_code, time.perf_counter() - began)
        return response

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        began, status, path = time.perf_counter(), 0, _path(scope)
        first = path.split("/", 2)[1] if path.startswith("/") else ""
        route = f"/{first}" if first in ROUTES else "other"

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *HEADERS]
            await send(message)

        self.at_once += 1
        try:
            readable(scope.get("raw_path") or b"")
            self._admit(scope, path)
            endpoint = self._told.get(path) if scope["method"] == "POST" else None
            if endpoint is None:
                await self.app(scope, receive, sending)
            else:
                response = await endpoint(Request(scope, receive))
                await response(scope, receive, sending)
        except Exception as error:  # noqa: BLE001 - the last resort: a sentence and a reference, never a traceback
            if not status:
                await said(self.service, error).response(scope, receive, sending)
        finally:
            self.at_once -= 1
            self._count(scope["method"], route, status, time.perf_counter() - began)

    def _admit(self, scope: MutableMapping[str, Any], path: str) -> None:
        if self.service.settings.demo:
            from_this_machine(scope)
        elif path not in OPEN:
            service = self.service
            if (
                text := scope.get(KEY)
            ) is None:  # it is there where a connection sends the same headers again
                text = scope[KEY] = key_text(scope["headers"])
            wanted = scope_of(scope["method"], path)
            key = right_key(text, service.keys, service.workspace.clock.now(), wanted)
            service.spend_key(key.id)
        if self.at_once > MOST_AT_ONCE and path not in OPEN:
            raise busy("Too many requests at once.", 1, status=503, code="busy")

    def _count(self, method: str, route: str, status: int, seconds: float) -> None:
        self.service.counters.request(route, status, seconds)
        if self.service.settings.access_log:
            sys.stderr.write(f"{method} {route} {status} {seconds * 1000:.1f} ms\n")


def _path(scope: Scope) -> str:
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


def said(service: Service, error: Exception) -> Refusal:
    """What a caller is told of an error: his own mistakes in words, ours as a reference into the log."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, FullError):
        return busy(
            "More was sent than can be kept now; nothing of it was taken.",
            error.seconds,
            status=503,
            code="full",
        )
    if isinstance(error, OSError) and error.errno in FULL:
        error = full_disk(service.workspace.home)
    if isinstance(error, NotNowError):
        return busy(f"{error.what} {error.fix}".strip(), NOT_NOW_SECONDS, status=503, code="not_now")
    if isinstance(error, InputError):
        status, code = (404, "not_found") if isinstance(error, NotFoundError) else (422, "invalid")
        return Refusal(status, code, f"{error.what} {error.fix}".strip(), error.key)
    reference = service.workspace.log.reference(error)
    return Refusal(500, "our_fault", f"Something went wrong here. The log knows it as {reference}.")
