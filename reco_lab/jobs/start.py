"""Make sure that a worker is there: a detached process that outlives the page, the tab and the server."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from reco_lab.jobs.handlers import HANDLERS
from reco_lab.jobs.supervisor import lock_path, wanted_path
from reco_lab.jobs.worker import IDLE_SECONDS
from reco_lab.store.locks import FileLock

LONG_BYTES = 16 << 20
_starting: dict[Path, subprocess.Popen[bytes]] = {}


def ensure_worker(workspace: Any, *, handlers: str = HANDLERS, idle_seconds: float = IDLE_SECONDS) -> bool:
    """Start the workspace's worker if none lives, and keep a living one from going; True if it was started.

    Costs well under a millisecond when one lives, so a page may call it on every rerun. The worker ends by
    itself when it had nothing to do and nobody called this for `idle_seconds`.
    """
    home: Path = workspace.home
    wanted_path(home).touch()
    if worker_lives(home):
        return False
    begun = _starting.get(home)
    if begun is not None and begun.poll() is None:
        return False
    _starting[home] = _start(home, handlers, idle_seconds)
    workspace.log.info("worker started", pid=_starting[home].pid)
    return True


def worker_lives(home: Path) -> bool:
    """Whether a supervisor keeps the workspace's lock."""
    return FileLock(lock_path(home)).kept()


def tend_state(workspace: Any) -> bool:
    """Move a long write-ahead log of the state into its file, where no supervisor is there to do it; whether it was."""
    database, lock = workspace.store.database, FileLock(lock_path(workspace.home))
    if database.unmoved < LONG_BYTES or not lock.acquire():
        return False
    try:
        database.checkpoint()
    finally:
        lock.release()
    return True


def _start(home: Path, handlers: str, idle_seconds: float) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "reco_lab.jobs.worker", "--home", str(home)]
    command += ["--handlers", handlers, "--idle", str(idle_seconds)]
    detached: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        detached = {"creationflags": subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP}
    log = home / "log"
    log.mkdir(parents=True, exist_ok=True)
    with (log / "worker.txt").open("a") as output:
        return subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=os.environ.copy(), **detached
        )
