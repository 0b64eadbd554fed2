"""The service inside the app's process, for the demo: begun by the first request, so that pages start quickly."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


class MountedApi:
    """An ASGI application that opens the service when it is first asked; this machine only, without a key.

    While another process serves the workspace it answers 503 and says so; the next request tries again.
    """

    def __init__(self) -> None:
        self._app: ASGIApp | None = None
        self._opening = asyncio.Lock()
        self._open = AsyncExitStack()

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Answer one request."""
        from reco_lab.api.refusals import busy
        from reco_lab.core.errors import InputError

        if scope["type"] != "http":
            return
        try:
            app = await self._ready(scope)
        except InputError as error:
            refusal = busy(f"{error.what} {error.fix}".strip(), 10, status=503, code="not_open")
            await refusal.response(scope, receive, send)
        else:
            await app(scope, receive, send)

    async def close(self) -> None:
        """Bring everything to the disk and let go of the workspace."""
        self._app = None
        await self._open.aclose()

    async def _ready(self, scope: "Scope") -> "ASGIApp":
        async with self._opening:
            if self._app is None:
                from reco_lab.api.building import build
                from reco_lab.api.note import noted
                from reco_lab.api.service import Service
                from reco_lab.api.settings import ApiSettings

                settings = replace(ApiSettings.from_environment(), demo=True, workers=1)
                service = await asyncio.to_thread(Service.open, settings)
                await self._open.enter_async_context(service.running())
                self._open.enter_context(noted(service.workspace, _address(scope)))
                self._app = build(service)
        return self._app


def _address(scope: Any) -> str:
    host, port = scope.get("server") or ("127.0.0.1", None)
    host = "127.0.0.1" if host in {"0.0.0.0", "::", ""} else f"[{host}]" if ":" in host else host  # noqa: S104 - where it listens is not where one calls
    return f"{scope.get('scheme', 'http')}://{host}{f':{port}' if port else ''}{scope.get('root_path', '')}"
