"""Kill -9 of `reco-lab serve` under load, and look at what is left of its word.

A warm process forks the servers, so that a life begins in a moment. Clients ask for ads and tell events and
interactions, some of them again that an earlier life had acknowledged. After each kill the log is opened: what was
acknowledged must be there, once; no ad may be billed beyond its budget by more than one bill, and no customer may have
got an ad more often than its cap allows.
"""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import numpy as np

from reco_lab.core.ads import Ad, Billing
from reco_lab.core.clock import SystemClock
from reco_lab.core.recommender import recommender
from reco_lab.services import bookings
from reco_lab.services.data import save_dataset
from reco_lab.services.keys import make_key
from reco_lab.store.events.log import EventLog
from reco_lab.testing.load import Connection, Reply, get, post
from reco_lab.testing.served import UNLIMITED, free_port
from reco_lab.testing.serving import ITEMS, publish_chain, small_shop
from reco_lab.workspace import Workspace

WARM_UP, LONGEST = 0.1, 1.0
PATIENCE = 120.0
HOMES_EVERY = 20
CLIENTS = 6
BID, BUDGET, CAP = 0.5, 3.2, 3


@dataclass
class Tally:
    """What was acknowledged and what became of it over all kills; `over` is the most bills above an ad's budget."""

    kills: int = 0
    decisions: int = 0
    events: int = 0
    visits: int = 0
    again: int = 0
    lost: int = 0
    twice: int = 0
    spent: int = 0
    over: float = 0.0
    capped: int = 0
    above_cap: int = 0
    why: list[str] = field(default_factory=list, repr=False)

    @property
    def clean(self) -> bool:
        """Whether the service kept its word."""
        return not (self.lost or self.twice or self.above_cap or self.why) and self.over <= 1


@dataclass
class Told:
    """What a home's servers acknowledged: ids of decisions, of events with the decision of each, and of visits."""

    decisions: set[str] = field(default_factory=set)
    events: dict[str, str] = field(default_factory=dict)
    visits: set[str] = field(default_factory=set)
    placed: list[str] = field(default_factory=list)


def kill_often(place: Path, kills: int, seed: int = 0) -> Tally:
    """Kill so often at a random moment, and look at the log after each."""
    tally, rng = Tally(), np.random.default_rng(seed)
    key = _shop(place / "shop")
    with _warm() as process:
        for number in range(kills):
            if number % HOMES_EVERY == 0:  # a look at a log takes the longer the more is in it
                home, told = place / str(number), Told()
                shutil.copytree(place / "shop", home)
            asyncio.run(_life(process, home, key, told, tally, WARM_UP + float(rng.uniform(0, LONGEST))))
            tally.kills += 1
            _look(home, told, tally)
            if number % HOMES_EVERY == HOMES_EVERY - 1 or number == kills - 1:
                tally.decisions += len(told.decisions)
                tally.events += len(told.events)
                tally.visits += len(told.visits)
    return tally


def _shop(home: Path) -> str:
    """Ads of which a third have a budget, a third a cap; a published model; a key."""
    with closing(Workspace.open(home)) as workspace:
        data = small_shop()
        save_dataset(workspace, data)
        publish_chain(workspace, data, recommender({"algorithm": "item_knn"}), "Item k-NN")
        for item in range(ITEMS):
            bookings.book(
                workspace,
                Ad(
                    id=f"ad-{item:02d}",
                    title=f"Item {item}",
                    item=f"i{item:02d}",
                    bid=BID,
                    billing=Billing.decision,
                    total_budget=BUDGET if item % 3 == 0 else None,
                    cap_per_day=CAP if item % 3 == 1 else None,
                ),
            )
        bookings.book(workspace, Ad(id="house", title="Visit our shop", house=True))
        return make_key(workspace, "load", ["admin"], who="a test")[0]


@contextmanager
def _warm() -> Iterator["subprocess.Popen[str]"]:
    """A process in which everything is imported; servers are forks of it."""
    command, pipe = [sys.executable, "-m", "reco_lab.testing.service_kills"], subprocess.PIPE
    environment = os.environ | {"RECO_LAB_DEMO": "0"} | UNLIMITED
    process = subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, text=True)  # noqa: S603 - our own module
    with process:
        yield process


async def _life(
    process: "subprocess.Popen[str]", home: Path, key: str, told: Told, tally: Tally, seconds: float
) -> None:
    """Let a server begin, load it, and kill it so long after its first answer."""
    assert process.stdin is not None
    assert process.stdout is not None
    port = free_port()
    process.stdin.write(f"{home} {port}\n")
    process.stdin.flush()
    pid = int(process.stdout.readline())
    await _listens(port)
    clients = [asyncio.create_task(_client(number, port, key, told, tally)) for number in range(CLIENTS)]
    await asyncio.sleep(seconds)
    os.kill(pid, signal.SIGKILL)
    await asyncio.gather(*clients)
    if process.stdout.readline() != "over\n":
        tally.why.append("a server ended in another way than by a kill")


async def _listens(port: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                connection = await Connection.open(port)
                await connection.ask(get("/health"))
            except OSError:
                await asyncio.sleep(0.02)
            else:
                connection.close()
                return


async def _client(number: int, port: int, key: str, told: Told, tally: Tally) -> None:
    """Ask and tell without a pause until the server is gone; write down what it acknowledged."""
    rng, name = np.random.default_rng(number), uuid.uuid4().hex[:8]
    try:
        connection = await Connection.open(port)
        for turn in count():
            user = f"u{int(rng.integers(8)):02d}"
            reply = await connection.ask(get(f"/ads?user_id={user}&n=2", key))
            if _right(reply, tally):
                told.decisions.add(reply.values["request_id"])
                told.placed += [ad["decision_id"] for ad in reply.values["ads"]]
            if turn % 3 == 0 and told.placed:
                id_, of = f"{name}-e{turn}", told.placed[int(rng.integers(len(told.placed)))]
                if (
                    told.events and turn % 2 == 0
                ):  # one that was acknowledged before, in this life or in another
                    id_ = list(told.events)[int(rng.integers(len(told.events)))]
                    of = told.events[id_]
                    tally.again += 1
                event = {"event_id": id_, "decision_id": of, "kind": "click"}
                reply = await connection.ask(post("/events", {"events": [event]}, key))
                if _right(reply, tally, taken=True):
                    told.events[id_] = of
            if turn % 5 == 0:
                did = {"event_id": f"{name}-v{turn}", "user_id": f"{name}-{turn}", "item_id": "i03"}
                reply = await connection.ask(post("/interactions", {"interactions": [did]}, key))
                if _right(reply, tally, taken=True):
                    told.visits.add(f"{name}-v{turn}")
    except OSError:
        return


def _right(reply: Reply, tally: Tally, *, taken: bool = False) -> bool:
    right = reply.status == 200 and (not taken or reply.values["accepted"] + reply.values["duplicates"] == 1)
    if not right:
        tally.why.append(f"answered {reply.status}: {reply.body[:200]!r}")
    return right


def _look(home: Path, told: Told, tally: Tally) -> None:
    """Open the log as the next server does, and compare."""
    clock = SystemClock()
    log = EventLog.open(home, clock, writer=True)
    decisions = log.decisions(limit=1 << 40)
    found = {
        "decision": Counter(one.request_id for one in decisions),
        "event": Counter(event.event_id for _, event in log.feedback()),
        "visit": Counter(event.event_id for _, event in log.visits()),
    }
    if trouble := log.healthy():
        tally.why.append(trouble)
    log.close()
    for kind, ids in (("decision", told.decisions), ("event", told.events.keys()), ("visit", told.visits)):
        missing = ids - found[kind].keys()
        tally.lost += len(missing)
        tally.twice += sum(times > 1 for times in found[kind].values())
        tally.why += [f"{kind} {id_} is lost" for id_ in sorted(missing)[:3]]
    billed = Counter[str]()
    got = Counter[tuple[str, str, str]]()
    for one in decisions:
        for ad in one.placed:
            billed[ad.ad_id] += ad.cost  # type: ignore[assignment]  # a Counter adds up money as well
            got[one.at.date().isoformat(), one.customer, ad.ad_id] += 1
    budgeted = [billed[f"ad-{item:02d}"] for item in range(0, ITEMS, 3)]
    tally.spent = max(tally.spent, sum(spent >= BUDGET for spent in budgeted))
    tally.over = max(tally.over, *((spent - BUDGET) / BID for spent in budgeted))
    mine = [times for (_, _, ad), times in got.items() if ad != "house" and int(ad[3:]) % 3 == 1]
    tally.capped = max(tally.capped, sum(times == CAP for times in mine))
    tally.above_cap += sum(times > CAP for times in mine)


def main() -> None:
    """Be the warm process: for each folder and port that is read fork a server, tell its process id, wait for its end."""
    from reco_lab.algorithms._kernels import sums
    from reco_lab.api import running
    from reco_lab.cli import main as command
    from reco_lab.core._kernels import ranking
    from reco_lab.serving._kernels import relevance

    assert all((sums, running, ranking, relevance))  # imported once, for all forks
    while line := sys.stdin.readline().strip():
        home, _, port = line.rpartition(" ")
        pid = os.fork()
        if pid == 0:
            os.environ["RECO_LAB_HOME"] = home
            os.dup2(2, 1)
            os._exit(command(["serve", "--port", port]))
        _tell(str(pid))
        os.waitpid(pid, 0)
        _tell("over")


def _tell(line: str) -> None:
    os.write(1, f"{line}\n".encode())


if __name__ == "__main__":
    main()
