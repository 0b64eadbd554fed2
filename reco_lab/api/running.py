"""The service as processes of its own: one, or several workers on a database server."""

import gc
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from threadpoolctl import threadpool_limits

from reco_lab.api.building import build
from reco_lab.api.counters import FOLDER
from reco_lab.api.note import noted
from reco_lab.api.prompt import PromptProtocol
from reco_lab.api.service import Service
from reco_lab.api.settings import ACCESS_LOG, DEMO, LOOPBACK, ORIGINS, WORKERS, ApiSettings
from reco_lab.api.workers import Workers, cannot_begin
from reco_lab.core.errors import InputError
from reco_lab.jobs.child import die_with
from reco_lab.store.events.log import EventLog
from reco_lab.store.server import EXAMPLE, VARIABLE
from reco_lab.workspace import Workspace

GARBAGE = 50_000, 20, 20
GRACE_SECONDS = 10
MOST_FILES = 1 << 16
KEEP_ALIVE_SECONDS = 30
MOST_SILENT_SECONDS = 60  # then a worker is replaced; on a busy machine one needs long to begin
OPTIONS: dict[str, Any] = {
    "http": PromptProtocol,
    "ws": "none",
    "lifespan": "on",
    "access_log": False,  # uvicorn's shows the query, which holds ids of customers
    "log_level": "warning",
    "server_header": False,
    "proxy_headers": False,
    "timeout_keep_alive": KEEP_ALIVE_SECONDS,
    "timeout_graceful_shutdown": GRACE_SECONDS,
}


def serve(
    workspace: Workspace, settings: ApiSettings, host: str, port: int, greet: Callable[[str], object]
) -> None:
    """Serve until stopped; open answers are finished first. Port 0 takes a free one; `greet` is told the address.

    Raises InputError for the demo on another address than this machine's, several workers without a database
    server, a port that is taken, and a workspace that another process serves.
    """
    if settings.demo and host not in LOOPBACK:
        raise InputError("The demo needs no key, so it answers this machine only.", where=f"--host {host}")
    if settings.workers > 1 and workspace.server is None:
        raise InputError(
            "More than one worker needs PostgreSQL, as SQLite has one writer.",
            where=f"--workers {settings.workers}",
            fix=f"Set {VARIABLE} to {EXAMPLE}.",
        )
    _allow_many_connections()
    port = free_port(host, port)
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    if settings.workers > 1:
        # what would keep every worker from beginning is said here, once
        EventLog.open(workspace.home, workspace.clock, workspace.server, writer=True).close()
        _several(workspace, settings, url, host, port, greet)
    else:
        app = _settled(build(Service.open(settings, workspace)))
        config = uvicorn.Config(app, host=host, port=port, **OPTIONS)
        _NotingServer(config, workspace, url, greet).run()


class _NotingServer(uvicorn.Server):
    """Tells its address once it listens, and notes it until it stops."""

    def __init__(
        self, config: uvicorn.Config, workspace: Workspace, url: str, greet: Callable[[str], object]
    ) -> None:
        super().__init__(config)
        self._workspace, self._url, self._greet, self._note = workspace, url, greet, ExitStack()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        if self.started:
            self._greet(self._url)
            self._note.enter_context(noted(self._workspace, self._url))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish what was begun, and end."""
        self._note.close()
        await super().shutdown(sockets)


def application() -> ASGIApp:
    """The application of one worker among several, set up by the environment."""
    die_with(os.getppid(), signal.SIGTERM)  # or the address would stay taken
    try:
        service = Service.open(ApiSettings.from_environment())
    except InputError as error:
        cannot_begin(error)
    return _settled(build(service))


def _settled(app: ASGIApp) -> ASGIApp:
    """Set the process up for short answers.

    Each would pay for a search for garbage through all that was loaded, and for a second thread that waits for the few
    numbers of one customer.
    """
    threadpool_limits(1, "blas")
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE)
    return app


def free_port(host: str, port: int) -> int:
    """The port, or for 0 any free one; InputError if it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        if sys.platform != "win32":  # where this lets one take a port that somebody else has
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or "it must be from 0 to 65535"
            raise InputError(
                f"The port cannot be used: {reason}.", where=f"{host}:{port}", fix="Name another with --port."
            ) from error
        return int(probe.getsockname()[1])


def _allow_many_connections() -> None:
    """Let this process hold as many connections as the system lets it, where there is such a limit."""
    if sys.platform != "win32":
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = MOST_FILES if most == resource.RLIM_INFINITY else min(most, MOST_FILES)
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def _several(
    workspace: Workspace,
    settings: ApiSettings,
    url: str,
    host: str,
    port: int,
    greet: Callable[[str], object],
) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with workspace.staging.scratch() as folder, ExitStack() as listens:
        os.environ |= {
            DEMO: str(int(settings.demo)),
            ORIGINS: ",".join(settings.origins),
            WORKERS: str(settings.workers),
            ACCESS_LOG: str(int(settings.access_log)),
            FOLDER: str(folder),
            "RECO_LAB_HOME": str(workspace.home),
        }
        config = uvicorn.Config(
            "reco_lab.api.running:application",
            factory=True,
            workers=settings.workers,
            timeout_worker_healthcheck=MOST_SILENT_SECONDS,
            **OPTIONS,
        )
        # it listens before there are workers, so that early callers wait instead of being refused
        listening = socket.create_server((host, port), family=family, backlog=config.backlog)
        workers = Workers(config, sockets=[listens.enter_context(listening)])
        # told last: whoever reads the note may ask at once, and may stop the server in the orderly way
        greet(url)
        with noted(workspace, url):
            workers.run()
