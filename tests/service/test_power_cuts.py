"""The power goes at any moment: what was acknowledged is there, and the file is sound."""

import sqlite3
import sys
from contextlib import closing
from datetime import UTC, datetime
from threading import Event, Thread

import numpy as np
import pytest

from reco_lab.core.clock import ManualClock
from reco_lab.store.events import EventLog, connecting
from reco_lab.store.events.journal import Journal
from reco_lab.testing.events import decision, feedback
from reco_lab.testing.power_cuts import watched

pytestmark = pytest.mark.skipif(sys.maxsize < 1 << 32 or sys.platform == "win32", reason="64-bit Unix")
CLOCK = ManualClock(datetime(2026, 5, 1, 12, tzinfo=UTC))


def load(log, acknowledged, enough):
    number = 0
    while not enough.is_set():
        number += 1
        events = [feedback(CLOCK, f"e-{number}-{place}", "d-1-0") for place in range(number % 7 + 1)]
        log.track(events).result(30)
        acknowledged.extend(event.event_id for event in events)


def cuts(folder, times, *, database_gone=False, seed=0):
    """Cut the power so often under load; how many of the acknowledged events each cut lost, and what is unsound."""
    home, rng = folder / "home", np.random.default_rng(seed)
    acknowledged, enough, lost, unsound = [], Event(), [], []
    with watched() as disk:
        log = EventLog.open(home, CLOCK, writer=True)
        log.log(decision(CLOCK, 1))
        log.track([]).result(30)
        blocking = sqlite3.connect(home / "events.db", isolation_level=None)
        if database_gone:
            blocking.execute("BEGIN IMMEDIATE")
        working = Thread(target=load, args=(log, acknowledged, enough))
        working.start()
        while not acknowledged:
            Event().wait(0.01)
        for cut in range(times):
            Event().wait(float(rng.uniform(0.005, 0.03)))
            after = folder / f"cut-{cut}"
            with disk.lock:
                told = set(acknowledged)
                disk.cut(home, after, rng)
            lost.append((told, after))
        enough.set()
        working.join()
        blocking.close()
        log.close()
    losses = []
    for told, after in lost:
        try:
            again = EventLog.open(after, CLOCK, writer=True)
            found = {event.event_id for _, event in again.feedback()}
            again.close()
            with closing(sqlite3.connect(after / "events.db")) as raw:
                unsound += [line for (line,) in raw.execute("PRAGMA integrity_check") if line != "ok"]
        except sqlite3.DatabaseError as error:
            unsound.append(str(error))
            continue
        losses.append(len(told - found))
    return losses, unsound, len(acknowledged)


def test_no_acknowledged_event_is_lost_in_a_few_cuts(tmp_path):
    losses, unsound, acknowledged = cuts(tmp_path, 8)
    assert (sum(losses), unsound) == (0, [])
    assert acknowledged > 10


@pytest.mark.slow
def test_no_acknowledged_event_is_lost_in_fifty_cuts(tmp_path):
    losses, unsound, _ = cuts(tmp_path, 50, seed=1)
    assert (sum(losses), unsound) == (0, [])


def test_no_event_is_lost_that_was_acknowledged_while_the_database_was_gone(tmp_path):
    losses, unsound, acknowledged = cuts(tmp_path, 8, database_gone=True)
    assert (sum(losses), unsound) == (0, [])
    assert acknowledged > 10


def test_a_database_that_does_not_sync_each_commit_is_found_out(tmp_path, monkeypatch):
    monkeypatch.setattr(connecting, "SYNCHRONOUS", "NORMAL")
    losses, _, _ = cuts(tmp_path, 8)
    assert sum(losses)


def test_a_journal_that_does_not_sync_is_found_out(tmp_path, monkeypatch):
    monkeypatch.setattr(Journal, "sync", lambda self: None)
    losses, _, _ = cuts(tmp_path, 8, database_gone=True)
    assert sum(losses)
