"""The clock that a folder was given: a rehearsal's workspace runs on one of its own, faster than the machine's."""

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from reco_lab.core.clock import Clock, RunningClock, SystemClock
from reco_lab.core.errors import CorruptError
from reco_lab.store.database import from_environment
from reco_lab.store.durable import replaced

FILE = "clock.json"
_MOMENTS = ("since", "shown", "until")


class OwnClock:
    """The clock that a folder was given, as it stands now: whoever winds it or stops it does so for every process."""

    def __init__(self, home: Path) -> None:
        self._path, self._stamp = home / FILE, (-1, -1)
        self._clock = self._read()

    @property
    def running(self) -> RunningClock:
        """The clock as it was kept last."""
        try:
            found = self._path.stat()
        except OSError:  # the folder was cleared away; whoever still has it open finds it as it was
            return self._clock
        stamp = (found.st_mtime_ns, found.st_ino)
        if stamp != self._stamp:
            self._stamp, self._clock = stamp, self._read()
        return self._clock

    def now(self) -> datetime:
        """The moment it shows."""
        return self.running.now()

    def _read(self) -> RunningClock:
        try:
            told = json.loads(self._path.read_text("utf-8"))
            moments = {name: datetime.fromisoformat(told[name]) for name in _MOMENTS}
            return RunningClock(rate=float(told["rate"]), **moments)
        except (ValueError, KeyError, TypeError) as error:
            raise CorruptError(f"{self._path} is not the clock that was kept there.") from error


def keep_clock(home: Path, clock: RunningClock) -> None:
    """Let every process that has this folder open, or opens it, live by this clock."""
    told = {name: one.isoformat() if name in _MOMENTS else one for name, one in asdict(clock).items()}
    with replaced(home / FILE) as draft:
        draft.write_text(json.dumps(told), "utf-8")


def clock_of(home: Path) -> Clock:
    """The clock that the folder was given, else the machine's. CorruptError where its file cannot be read."""
    return OwnClock(home) if rehearsed(home) else SystemClock()


def server_of(home: Path) -> str | None:
    """The address of the database server that holds the folder's state; a rehearsal never leaves its folder."""
    return None if rehearsed(home) else from_environment()


def stands_still(clock: Clock) -> bool:
    """Whether it is that of a rehearsal which is over: nothing comes any more."""
    return isinstance(clock, OwnClock) and clock.running.over


def rehearsed(home: Path) -> bool:
    """Whether what happens in a folder is a rehearsal."""
    return (home / FILE).exists()
