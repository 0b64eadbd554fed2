"""The database of the log is gone, is back, or cannot keep up: nothing that was accepted is lost or counted twice."""

import errno
import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Thread

import pytest

from reco_lab.core.clock import ManualClock
from reco_lab.core.errors import FullError, InputError
from reco_lab.core.events import FeedbackKind
from reco_lab.store import locks
from reco_lab.store.events import EventLog, journal, writer
from reco_lab.store.events.schema import VERSION
from reco_lab.testing.events import counted, decision, feedback, visit
from reco_lab.testing.waiting import until


@pytest.fixture
def clock():
    return ManualClock(datetime(2026, 5, 1, 12, tzinfo=UTC))


@contextmanager
def sqlite_gone(home):
    """Somebody else keeps the file, so that nothing can be written."""
    with closing(sqlite3.connect(home / "events.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def postgres_gone(server):
    server.stop()
    try:
        yield
    finally:
        server.start()


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path):
    """The address of a log, and how its database goes."""
    if request.param == "sqlite":
        return None, lambda: sqlite_gone(tmp_path)
    server = request.getfixturevalue("postgresql")
    return server.schema(), lambda: postgres_gone(server)


def test_events_are_kept_while_the_database_is_gone_and_counted_when_it_is_back(place, clock, tmp_path):
    url, gone = place
    log = EventLog.open(tmp_path, clock, url, writer=True)
    log.log(decision(clock, 1))
    first = feedback(clock, "e-1", "d-1-0")
    assert counted(log.track([first]).result(10)) == (1, 0)
    assert log.healthy() == ""
    with gone():
        log.log(decision(clock, 2))
        later = [feedback(clock, f"e-{number}", "d-2-0", FeedbackKind.impression) for number in range(2, 42)]
        assert counted(log.track([first, *later]).result(20)) == (41, 0)
        assert counted(log.track([*later, feedback(clock, "odd", "nobody's")]).result(20)) == (41, 0)
        assert log.track([feedback(clock, "", "d-2-0")]).result(20).refused[0][0] == 0
        assert counted(log.visit([visit(clock, "v-1")]).result(20)) == (1, 0)
        log.describe("users", "p_ann", {"city": "Ghent"}).result(20)
        assert "does not answer" in log.healthy()
        with pytest.raises(InputError, match="does not answer"):
            log.erase("p_ann")
    until(lambda: log.healthy() == "")
    log.track([]).result(10)
    counts = log.counts()
    assert (counts.decisions, counts.feedback["click"], counts.feedback["impression"]) == (2, 1, 40)
    assert (counts.visits, counts.duplicates, counts.refused) == (1, 41, 2)
    assert log.described("users") == {"p_ann": {"city": "Ghent"}}
    log.close()
    assert not list((tmp_path / "events.journal").iterdir())


def test_what_was_kept_in_the_journal_outlives_the_process(place, clock, tmp_path):
    url, gone = place
    log = EventLog.open(tmp_path, clock, url, writer=True)
    with gone():
        log.log(decision(clock, 1))
        assert counted(log.track([feedback(clock, "e-1", "d-1-0")]).result(20)) == (1, 0)
        log.close()
    again = EventLog.open(tmp_path, clock, url, writer=True)
    assert again.clicks() == {"A1": (1, 1)}
    again.close()


def test_a_flood_is_turned_away_and_what_was_taken_is_counted(clock, tmp_path):
    log = EventLog.open(tmp_path, clock, writer=True)
    log.log(decision(clock, 1))
    log.track([]).result(10)
    taken = []

    batches = [
        [feedback(clock, f"e-{batch}-{number}", "d-1-0") for number in range(1000)] for batch in range(60)
    ]

    def flood():
        for events in batches:
            taken.append(log.track(events))  # noqa: PERF401 - those that were taken before the refusal count

    with sqlite_gone(tmp_path):
        with pytest.raises(FullError, match="turned away") as refused:
            flood()
        assert log.healthy() != ""
    assert refused.value.seconds > 0
    assert sum(one.result(20).accepted for one in taken) == len(taken) * 1000 <= writer.MOST_WAITING + 5000
    until(lambda: log.counts().feedback["click"] == len(taken) * 1000)
    log.track([]).result(10)
    assert log.healthy() == ""
    log.close()


def test_decisions_beyond_what_memory_holds_wait_in_the_journal(clock, tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "MOST_DECISIONS", 10)
    log = EventLog.open(tmp_path, clock, writer=True)
    for number in range(500):
        log.log(decision(clock, number))
    until(lambda: log.counts().decisions == 500)
    until(lambda: len(list((tmp_path / "events.journal").glob("*.log"))) == 1)  # the one that is written to
    log.close()
    assert not list((tmp_path / "events.journal").iterdir())


def test_a_full_journal_turns_events_away_and_says_so(clock, tmp_path, monkeypatch):
    monkeypatch.setattr(journal, "MOST_BYTES", 2000)
    log = EventLog.open(tmp_path, clock, writer=True)

    def flood():
        for number in range(100):
            log.track([feedback(clock, f"e-{number}", "d-1-0")]).result(20)

    with sqlite_gone(tmp_path):
        with pytest.raises(FullError):
            flood()
        for number in range(20):
            log.log(decision(clock, number))  # serving goes on
        assert "not logged" in log.healthy()
    until(lambda: log.healthy() == "")
    log.close()


def test_one_thing_that_no_database_takes_does_not_hold_up_the_rest(place, clock, tmp_path):
    url, _ = place
    log = EventLog.open(tmp_path, clock, url, writer=True)
    log.log(decision(clock, 1, "NUL \0 in a name", latency_us=1 << 63))
    log.log(decision(clock, 2))
    assert counted(log.track([feedback(clock, "e-1", "d-2-0")]).result(10)) == (1, 0)
    assert [found.request_id for found in log.decisions()] == ["r-000000002"]
    (apart,) = log.refused()
    assert "does not take it" in apart.reason
    assert "NUL" in apart.payload
    assert log.healthy() == ""
    log.close()


def test_clients_that_repeat_themselves_are_counted_once_also_after_a_restart(clock, tmp_path):
    def send(log, client):
        fresh = range(client * 1000, client * 1000 + 1000)
        events = [feedback(clock, f"e-{number}", f"d-{number % 50}-0") for number in fresh]
        told = [log.track(events[begin : begin + 100]) for begin in range(0, 1000, 100)]
        told += [log.track(events[begin : begin + 60]) for begin in range(0, 1000, 200)]
        return [one.result(30) for one in told]

    for turn in range(2):
        log = EventLog.open(tmp_path, clock, writer=True)
        for number in range(50):
            log.log(decision(clock, number))
        with ThreadPoolExecutor(8) as clients:
            told = [one for many in clients.map(partial(send, log), range(8)) for one in many]
        assert sum(one.accepted for one in told) == (8000 if turn == 0 else 0)
        assert sum(one.duplicates for one in told) == (2400 if turn == 0 else 10_400)
        assert log.counts().feedback["click"] == 8000
        log.close()


def test_two_processes_cannot_write_one_file(clock, tmp_path):
    log = EventLog.open(tmp_path, clock, writer=True)
    with pytest.raises(InputError, match="already served by another process"):
        EventLog.open(tmp_path, clock, writer=True)
    log.close()
    EventLog.open(tmp_path, clock, writer=True).close()


def test_several_writers_on_a_server_count_an_event_once(postgresql, clock, tmp_path):
    url = postgresql.schema()
    logs = [EventLog.open(tmp_path / str(number), clock, url, writer=True) for number in range(3)]
    logs[0].log(decision(clock, 1))
    logs[0].track([]).result(10)
    events = [feedback(clock, f"e-{number}", "d-1-0") for number in range(300)]
    told = [log.track(events[begin : begin + 100]) for begin in (0, 100, 200) for log in logs]
    assert sum(one.result(20).accepted for one in told) == 300
    assert sum(one.result(20).duplicates for one in told) == 600
    assert logs[1].counts().feedback["click"] == 300
    for log in logs:
        log.close()


def test_a_log_of_a_newer_version_is_refused(clock, tmp_path):
    EventLog.open(tmp_path, clock, writer=True).close()
    with closing(sqlite3.connect(tmp_path / "events.db")) as raw:
        raw.execute("UPDATE log_version SET number = 99")
        raw.commit()
    for writes in (True, False):
        with pytest.raises(InputError, match="newer Reco Lab"):
            EventLog.open(tmp_path, clock, writer=writes).decisions()


def test_a_log_of_an_older_version_gets_the_new_tables_and_says_so(clock, tmp_path):
    EventLog.open(tmp_path, clock, writer=True).close()
    with closing(sqlite3.connect(tmp_path / "events.db")) as raw:
        raw.executescript("UPDATE log_version SET number = 1; DROP TABLE log_weighed;")
    log = EventLog.open(tmp_path, clock, writer=True)
    log.log(decision(clock, 1))
    log.close()
    with closing(sqlite3.connect(tmp_path / "events.db")) as raw:
        assert raw.execute("SELECT number FROM log_version").fetchone() == (VERSION,)
        assert raw.execute("SELECT count(*) FROM log_weighed").fetchone() is not None


def test_who_reads_a_log_of_an_older_version_before_any_service_finds_what_is_there(clock, tmp_path):
    log = EventLog.open(tmp_path, clock, writer=True)
    log.log(decision(clock, 1))
    log.close()
    with closing(sqlite3.connect(tmp_path / "events.db")) as raw:
        new = "".join(f"DROP TABLE {name};" for name in ("log_weighed", "log_sets", "log_learnt"))
        raw.executescript(f"UPDATE log_version SET number = 1; {new}")
    with closing(EventLog.open(tmp_path, clock, writer=False)) as log:
        hour = timedelta(hours=1)
        (one,) = log.served(clock.now() - hour, clock.now() + hour, 10)
        assert (one.ids, one.scores) == (None, None)
        assert log.recall("thompson") is None
        assert len(log.since(0, None, hour)) == 1


def test_while_no_file_can_be_opened_the_log_says_so_and_then_goes_on(clock, tmp_path, monkeypatch):
    log = EventLog.open(tmp_path, clock, writer=True)
    log.log(decision(clock, 1))
    assert counted(log.track([feedback(clock, "e-1", "d-1-0")]).result(10)) == (1, 0)

    def none_left(*_given, **_named):
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as scarce:
        scarce.setattr(journal.os, "open", none_left)
        scarce.setattr(writer, "SEGMENT_BYTES", 1)
        log.log(decision(clock, 2))
        with pytest.raises(FullError):
            log.track([feedback(clock, "e-2", "d-2-0")]).result(10)
        until(lambda: "No file can be opened" in log.healthy())
        with pytest.raises(InputError):
            log.erase("p_ann")
    until(lambda: log.healthy() == "")
    log.track([feedback(clock, "e-2", "d-2-0")]).result(10)
    assert log.clicks() == {"A1": (2, 2)}
    log.close()
    assert not list((tmp_path / "events.journal").iterdir())


def test_whatever_goes_wrong_whoever_waits_is_told_and_the_next_is_served(clock, tmp_path, monkeypatch):
    log = EventLog.open(tmp_path, clock, writer=True)
    log.log(decision(clock, 1))
    with monkeypatch.context() as broken:
        broken.setattr(writer, "apply", lambda *_given: {}["nobody thought of this"])
        with pytest.raises(KeyError):
            log.track([feedback(clock, "e-1", "d-1-0")]).result(10)
        assert log.healthy()
    until(lambda: log.healthy() == "")
    assert counted(log.track([feedback(clock, "e-1", "d-1-0")]).result(10)) == (1, 0)
    log.close()


def test_a_segment_that_somebody_removed_stops_nothing(clock, tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "SEGMENT_BYTES", 1)
    log = EventLog.open(tmp_path, clock, writer=True)
    for number in range(1, 4):
        log.log(decision(clock, number))
        for segment in (tmp_path / "events.journal").glob("*.log"):
            segment.unlink()
        assert counted(log.track([feedback(clock, f"e-{number}", f"d-{number}-0")]).result(10)) == (1, 0)
    log.close()


@pytest.mark.skipif(sys.platform != "linux", reason="which file a lock is on is looked up in /proc")
def test_nobody_takes_over_the_journal_of_a_process_that_is_just_beginning(
    postgresql, clock, tmp_path, monkeypatch
):
    """Workers begin at once: one's journal is there a moment before its lock is."""
    url, begun, lock = postgresql.schema(), [], locks._lock
    EventLog.open(tmp_path, clock, url, writer=True).close()

    def late(handle, **how):
        if Path(f"/proc/self/fd/{handle}").readlink().parent.name == "events.journal" and not begun:
            begun.append(Thread(target=lambda: EventLog.open(tmp_path, clock, url, writer=True).close()))
            begun[0].start()
            begun[0].join(1.0)
        return lock(handle, **how)

    monkeypatch.setattr(locks, "_lock", late)
    log = EventLog.open(tmp_path, clock, url, writer=True)
    begun[0].join()
    assert len(list((tmp_path / "events.journal").glob("*.lock"))) == 1
    log.close()
    assert not list((tmp_path / "events.journal").iterdir())
