"""Every log of decisions keeps the contract, on SQLite and on PostgreSQL."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from reco_lab.core.clock import ManualClock, microseconds
from reco_lab.core.events import FeedbackKind
from reco_lab.store.events import EventLog, schema
from reco_lab.store.events.measuring import NEVER, Mirror
from reco_lab.testing.event_expiry import EXPIRY_CHECKS
from reco_lab.testing.event_periods import PERIOD_CHECKS
from reco_lab.testing.event_sums import SUM_CHECKS
from reco_lab.testing.events import EVENT_LOG_CHECKS, decision, feedback, told

CHECKS = (*EVENT_LOG_CHECKS, *EXPIRY_CHECKS, *SUM_CHECKS, *PERIOD_CHECKS)


def perform(check, home, url=None, kind=EventLog):
    clock = ManualClock(datetime(2026, 5, 1, 12, tzinfo=UTC))
    opened = []

    def opens(*, writer=True):
        opened.append(kind.open(home, clock, url, writer=writer))
        return opened[-1]

    try:
        check(opens, clock)
    finally:
        for log in opened:
            log.close()


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_log_on_sqlite_keeps_its_contract(check, tmp_path):
    perform(check, tmp_path)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_log_on_postgresql_keeps_its_contract(check, postgresql, tmp_path):
    perform(check, tmp_path, postgresql.schema())


def test_on_a_server_an_event_counts_that_came_to_light_after_one_of_a_higher_number(postgresql, tmp_path):
    clock = ManualClock(datetime(2026, 5, 1, 12, tzinfo=UTC))
    with closing(EventLog.open(tmp_path, clock, postgresql.schema(), writer=True)) as log:
        log.log(decision(clock, 1))
        clock.at += timedelta(minutes=5)
        told(log, [feedback(clock, "e1", "nobody")])
        mirror, now = Mirror(log), microseconds(clock.now())
        end, columns = now + 1, ("number", "event_id", "decision_id", "kind", "at", "received")
        assert mirror.period(0, end).placed["clicked"].tolist() == [NEVER]
        told(log, [feedback(clock, "e2", "d-1-0", FeedbackKind.impression)])
        assert mirror.period(0, end).placed["seen"].tolist() == [now]
        with log._writing.begin() as other:  # a transaction of another writer, which began before
            row = dict(zip(columns, (0, "e3", "d-1-0", "click", now, now), strict=True))
            other.execute(schema.feedback.insert().values(row))
            other.execute(schema.placed.update().values(clicked=now))
        assert mirror.period(0, end).placed["clicked"].tolist() == [now]
