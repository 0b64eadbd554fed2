"""The rehearsal as the app sees it: begun, looked at, stopped. What plays it is a process of its own."""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from reco_lab.core.clock import RunningClock
from reco_lab.core.errors import InputError, NotFoundError
from reco_lab.core.parameters import tunable
from reco_lab.core.stored import known
from reco_lab.services.rehearsal_acts import Story, story
from reco_lab.services.rehearsal_room import folder
from reco_lab.simulation.traffic import Tally
from reco_lab.store.durable import replaced
from reco_lab.store.locks import FileLock
from reco_lab.store.own_time import OwnClock, rehearsed
from reco_lab.workspace import Workspace

LOCK = "director.lock"
STOP = "stop"
STATUS = "status.json"
TRAFFIC = "traffic.jsonl"
BEGIN_SECONDS = 120.0
LOOK_SECONDS = 0.1
_DAY = len('{"at": "2017-08-01')
_directors: dict[Path, subprocess.Popen[bytes]] = {}


class Phase(StrEnum):
    """Where a rehearsal stands; `broken`: whoever played it was killed."""

    none = "none"
    preparing = "preparing"
    running = "running"
    over = "over"
    failed = "failed"
    broken = "broken"


class Asked(BaseModel):
    """What a rehearsal is asked to be. By default two minutes are three weeks of the shop."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    minutes: float = tunable(2.0, 0.1, 60.0, help="how long it takes")
    rate: float = tunable(
        15120.0, 1.0, 100_000.0, log=True, help="how many times as fast the shop's clock runs"
    )
    seed: int = tunable(0, 0, 2**31 - 1, help="the same seed, the same visits")
    port: int = tunable(0, 0, 65535, help="port of its service; 0 takes any free one")


class Status(BaseModel):
    """What whoever plays a rehearsal last said of it; `room` is the folder of its workspace."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    phase: Phase
    said: str = ""
    room: str = ""
    asked: Asked = Asked()
    url: str = ""

    def keep(self, home: Path) -> None:
        """Say it to everybody who looks."""
        with replaced(home / STATUS) as draft:
            draft.write_text(self.model_dump_json(), "utf-8")


@dataclass(frozen=True, eq=False)
class Seen:
    """A rehearsal as it stands: its status, its clock (None before it has one), its story.

    `tallies` are what had come of it by the end of each day of the shop, and by now.
    """

    status: Status
    clock: RunningClock | None
    tallies: tuple[Tally, ...]
    story: Story

    @property
    def live(self) -> bool:
        """Whether somebody plays it now."""
        return self.status.phase in {Phase.preparing, Phase.running}


def look(workspace: Workspace) -> Seen:
    """How the rehearsal stands, at the cost of reading three small files."""
    home = folder(workspace)
    at_work = _at_work(home)
    if not at_work:
        _let_go(home)
    status = _status(home) or Status(phase=Phase.preparing if at_work else Phase.none)
    if at_work and status.phase not in {Phase.preparing, Phase.running}:
        status = Status(phase=Phase.preparing)
    elif not at_work and status.phase in {Phase.preparing, Phase.running}:
        status = status.model_copy(update={"phase": Phase.broken})
    shop = home / status.room
    clock = OwnClock(shop).running if status.room and rehearsed(shop) else None
    return Seen(status, clock, _tallies(home / TRAFFIC), story(home))


def begin(workspace: Workspace, asked: Asked) -> None:
    """Start a rehearsal as a process that outlives the page, and wait until it is at work; `look` says how it stands.

    InputError where it does not begin.
    """
    home = folder(workspace)
    home.mkdir(parents=True, exist_ok=True)
    _let_go(home)
    command = [sys.executable, "-m", "reco_lab.cli", "rehearse"]
    command += [word for name, value in asked for word in (f"--{name}", str(value))]
    detached: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        detached = {"creationflags": subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP}
    with (home / "director.txt").open("a") as output:
        process = _directors[home] = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=os.environ | {"RECO_LAB_HOME": str(workspace.home)},
            **detached,
        )
    until = time.monotonic() + BEGIN_SECONDS
    while not _at_work(home):
        if process.poll() is not None or time.monotonic() > until:
            raise InputError("The rehearsal did not begin.", where=str(home / "director.txt"))
        time.sleep(LOOK_SECONDS)


def room(workspace: Workspace) -> Workspace:
    """The workspace of the last rehearsal, on its own clock; NotFoundError before the first."""
    home = folder(workspace)
    status = _status(home)
    if status is None or not status.room or not rehearsed(home / status.room):
        raise NotFoundError("Nothing was rehearsed yet.", fix="Start traffic on the Ads page.")
    return Workspace.open(home / status.room)


def room_name(workspace: Workspace) -> str:
    """The folder of the last rehearsal's workspace: another one each time; empty before the first."""
    status = _status(folder(workspace))
    return "" if status is None else status.room


def stop(workspace: Workspace) -> None:
    """Ask the rehearsal to end; it does within seconds."""
    (folder(workspace) / STOP).touch()


def _let_go(home: Path) -> None:
    """Take note of the end of the process that this one started, if it has ended."""
    process = _directors.get(home)
    if process is not None and process.poll() is not None:
        del _directors[home]


def _at_work(home: Path) -> bool:
    return home.exists() and FileLock(home / LOCK).kept()


def _status(home: Path) -> Status | None:
    try:
        return Status.model_validate_json((home / STATUS).read_text("utf-8"))
    except (OSError, ValidationError):
        return None


def _tallies(path: Path) -> tuple[Tally, ...]:
    """The last whole line of each day of the traffic's note; one that is being written is left out."""
    try:
        lines = path.read_text("utf-8").splitlines(keepends=True)
    except OSError:
        return ()
    days = {one[:_DAY]: one for one in lines if one.endswith("\n")}
    return tuple(known(Tally, json.loads(one)) for one in days.values())
