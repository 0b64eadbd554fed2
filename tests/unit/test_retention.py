"""Served ads, what came of them, and visits stay as long as a person says."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from reco_lab.core.clock import ManualClock
from reco_lab.services.decisions import open_log
from reco_lab.services.retention import Retention, set_retention
from reco_lab.services.upkeep import tidy
from reco_lab.store.events.log import EventLog
from reco_lab.testing.events import decision, visit
from reco_lab.workspace import Workspace


@pytest.fixture
def workspace(tmp_path):
    opened = Workspace.open(tmp_path / "home", clock=ManualClock(datetime(2026, 5, 1, 12, tzinfo=UTC)))
    yield opened
    opened.close()


def test_served_ads_go_after_their_days_where_nobody_serves_and_not_while_somebody_does(workspace):
    log = EventLog.open(workspace.home, workspace.clock, writer=True)
    log.log(decision(workspace.clock, 1))
    workspace.clock.at += timedelta(days=100)
    log.log(decision(workspace.clock, 2))
    log.visit([visit(workspace.clock, "v-1")]).result(10)  # what came before it is written by then
    assert tidy(workspace).decisions == 0
    set_retention(workspace, Retention(decisions=95))
    assert "1 decision:" in tidy(workspace).sentence
    tidy(workspace, dry_run=False)
    assert log.counts().decisions == 2
    log.close()
    tidy(workspace, dry_run=False)
    with closing(open_log(workspace)) as read:
        assert read.counts().decisions == 1


def test_what_is_sent_twice_is_known_for_as_long_as_it_is_accepted():
    with pytest.raises(ValueError, match="greater than or equal to 91"):
        Retention(decisions=90)
