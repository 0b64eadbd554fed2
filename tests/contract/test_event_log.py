"""Every log of decisions keeps the contract, on SQLite and on PostgreSQL."""

from datetime import UTC, datetime

import pytest

from reco_lab.core.clock import ManualClock
from reco_lab.store.events import EventLog
from reco_lab.testing.event_expiry import EXPIRY_CHECKS
from reco_lab.testing.event_periods import PERIOD_CHECKS
from reco_lab.testing.event_sums import SUM_CHECKS
from reco_lab.testing.events import EVENT_LOG_CHECKS

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
