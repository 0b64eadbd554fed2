"""The Monitor looks again every second while traffic comes, and only then."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from reco_lab.core.clock import ManualClock, RunningClock
from reco_lab.store.own_time import OwnClock, keep_clock
from reco_lab.ui.monitor_now import live

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def seen(last):
    period = SimpleNamespace(begin=0, end=24 * 3600 * 1_000_000)
    return SimpleNamespace(now=SimpleNamespace(period=period), last=last, at=NOW)


def test_traffic_of_lately_is_live_and_what_is_long_ago_is_not():
    shop = SimpleNamespace(clock=ManualClock(NOW))

    assert live(shop, seen(NOW - timedelta(minutes=1)))
    assert not live(shop, seen(NOW - timedelta(hours=2)))
    assert not live(shop, seen(None))


def test_where_the_clock_of_a_rehearsal_stands_still_nothing_is_live(tmp_path):
    clock = RunningClock.started(NOW, 15120.0, 120.0)
    keep_clock(tmp_path, clock)
    room = SimpleNamespace(clock=OwnClock(tmp_path))
    assert live(room, seen(NOW - timedelta(hours=2))), "that is half a second of the machine's"
    assert not live(room, seen(None))

    keep_clock(tmp_path, replace(clock, until=clock.since))
    assert not live(room, seen(NOW))
