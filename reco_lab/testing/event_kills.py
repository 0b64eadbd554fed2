"""Kill -9 of a process that logs decisions and tracks events without a pause, and look at what is left of its word.

What the process said was logged or counted is told through a pipe as it happens; after each kill the log is
opened again, and everything that was told must be there, once.
"""

import os
import signal
import sqlite3
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from threading import Timer

import numpy as np

from reco_lab.core.clock import SystemClock
from reco_lab.core.events import Feedback, Placed
from reco_lab.store.events import EventLog, Tracked
from reco_lab.store.events.connecting import FILE
from reco_lab.testing.events import decision, feedback, visit

WARM_UP = 0.15
LONGEST = 0.6
HOMES_EVERY = 5


@dataclass
class Tally:
    """What was told and what became of it over all kills."""

    kills: int = 0
    decisions: int = 0
    events: int = 0
    lost: int = 0
    twice: int = 0
    why: list[str] = field(default_factory=list, repr=False)

    @property
    def clean(self) -> bool:
        """Whether nothing was lost and nothing counted twice."""
        return not (self.lost or self.twice or self.why)


def kill_often(home: Path, kills: int, seed: int = 0, url: str | None = None) -> Tally:
    """Kill so often at a random moment, and look at the log after each."""
    tally, rng = Tally(), np.random.default_rng(seed)
    with _warm(url) as process:
        for number in range(kills):
            if number % HOMES_EVERY == 0:  # a look at a log takes the longer the more is in it
                place, told = home / str(number), _nothing()
            for line in _until_killed(process, place, WARM_UP + float(rng.uniform(0, LONGEST))):
                kind, _, id_ = line.partition(" ")
                told[kind].add(id_)
                tally.decisions += kind == "decision"
                tally.events += kind != "decision"
            tally.kills += 1
            _look(place, url, told, tally)
    return tally


def _nothing() -> dict[str, set[str]]:
    return {"decision": set(), "event": set(), "visit": set()}


@contextmanager
def _warm(url: str | None) -> Iterator[subprocess.Popen[str]]:
    """A process in which everything is imported; what works and is killed are forks of it."""
    command = [sys.executable, "-m", "reco_lab.testing.event_kills", *([url] if url else [])]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)  # noqa: S603 - our own interpreter and module
    with process:
        yield process


def _until_killed(process: subprocess.Popen[str], home: Path, seconds: float) -> list[str]:
    """Let a fork work, kill it so long after its first word, and give every whole line that it told."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{home}\n")
    process.stdin.flush()
    pid = int(process.stdout.readline())
    lines = [process.stdout.readline()]
    assert lines[0] != "over\n", "the process failed by itself"
    killing = Timer(seconds, os.kill, (pid, signal.SIGKILL))
    killing.start()
    lines += iter(process.stdout.readline, "over\n")
    killing.join()
    return [line.strip() for line in lines if line != "\n"]


def _look(home: Path, url: str | None, told: dict[str, set[str]], tally: Tally) -> None:
    log = EventLog.open(home, SystemClock(), url, writer=True)
    found = {
        "decision": Counter(one.request_id for one in log.decisions(limit=1 << 40)),
        "event": Counter(event.event_id for _, event in log.feedback()),
        "visit": Counter(event.event_id for _, event in log.visits()),
    }
    if trouble := log.healthy():
        tally.why.append(trouble)
    if apart := log.refused(1):
        tally.why.append(f"refused: {apart[0].reason}")
    log.close()
    for kind, ids in told.items():
        missing = ids - found[kind].keys()
        tally.lost += len(missing)
        tally.twice += sum(times > 1 for times in found[kind].values())
        tally.why += [f"{kind} {id_} is lost" for id_ in sorted(missing)[:3]]
    if url is None:
        tally.why += _unsound(home / FILE)


def _unsound(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as raw:
        return [line for (line,) in raw.execute("PRAGMA integrity_check") if line != "ok"]


def main(url: str | None) -> None:
    """Be the warm process: for each folder that is read fork one that works, tell its process id, wait for its end."""
    while home := sys.stdin.readline().strip():
        pid = os.fork()
        if pid == 0:
            time.sleep(0.01)  # the parent tells first
            _work(Path(home), url)
        _tell(str(pid))
        os.waitpid(pid, 0)
        _tell("\nover")  # the last line of the dead may lack its end


def _work(home: Path, url: str | None) -> None:
    """Log and track until killed; tell what was acknowledged."""
    clock, name = SystemClock(), uuid.uuid4().hex[:8]
    log = EventLog.open(home, clock, url, writer=True)
    before: list[Feedback] = []
    for number in count():
        placed = (Placed(f"{name}-{number}", "A1", 0, 0.5, 0.9),)
        one = decision(clock, number, request_id=f"{name}-{number}", placed=placed)
        log.log(one)
        _tell(f"decision {one.request_id}")
        if number % 5 == 0:  # an event of this decision, one told before, and a visit
            event = feedback(clock, f"{name}-e-{number}", one.request_id)
            seen = visit(clock, f"{name}-v-{number}")
            counted = log.track([event, *before])
            counted.add_done_callback(partial(_acknowledge, f"event {event.event_id}"))
            log.visit([seen]).add_done_callback(partial(_acknowledge, f"visit {seen.event_id}"))
            before = [event]
        if number % 50 == 0:
            counted.result()


def _acknowledge(line: str, done: "Future[Tracked]") -> None:
    done.result()
    _tell(line)


def _tell(line: str) -> None:
    os.write(1, f"{line}\n".encode())


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
