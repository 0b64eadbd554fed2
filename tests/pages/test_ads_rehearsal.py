"""The rehearsal on the Ads page: offered, watched, stopped; and a page that looks at its workspace."""

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import pytest

from reco_lab.core.clock import RunningClock
from reco_lab.services import rehearsal
from reco_lab.services.rehearsal import Asked, Phase, Status
from reco_lab.services.rehearsal_room import folder
from reco_lab.simulation.traffic import Tally
from reco_lab.store.locks import FileLock
from reco_lab.store.own_time import keep_clock

HOME = "pages/start/home.py"
ADS = "pages/market/ads.py"
MONITOR = "pages/market/monitor.py"
OPENING = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.fixture
def no_service(monkeypatch):
    monkeypatch.setattr("reco_lab.ui.ad_status.ad_calls.address", lambda *_: None)


def play(workspace, phase, days=8):
    """What a rehearsal of some days leaves behind."""
    home = folder(workspace)
    room = home / "shop-1"
    room.mkdir(parents=True)
    keep_clock(room, RunningClock.started(OPENING, 15120.0, 120.0))
    Status(phase=phase, room=room.name, asked=Asked()).keep(home)
    lines = [
        asdict(Tally(at=(OPENING + timedelta(days=day, hours=20)).isoformat(), visits=90 * (day + 1), places=400 * (day + 1), house=20 * (day + 1),
                     clicks=sum(30 + 4 * one for one in range(day + 1)), by_lot=20.0 * (day + 1),
                     possible=80.0 * (day + 1), best=120 * (day + 1)))
        for day in range(days)
    ]  # fmt: skip
    (home / rehearsal.TRAFFIC).write_text("".join(f"{json.dumps(one)}\n" for one in lines))


def test_a_rehearsal_is_offered_and_one_press_begins_it(shop, no_service, visit, says, monkeypatch):
    begun = []
    monkeypatch.setattr(
        "reco_lab.ui.ad_rehearsal.rehearsal.begin", lambda _workspace, asked: begun.append(asked)
    )
    page = visit(ADS)
    assert "Rehearse with simulated customers" in says(page)
    assert "nothing is scripted" in says(page)
    page.button(key="rehearse").click().run()
    assert begun == [Asked()]


def test_home_lets_them_come_with_one_press_and_only_once(shop, no_service, visit, monkeypatch):
    begun = []
    monkeypatch.setattr(
        "reco_lab.ui.ad_rehearsal.rehearsal.begin", lambda _workspace, asked: begun.append(asked)
    )
    press = next(one for one in visit(HOME).button if one.label == "Let them come")
    assert press.click().run().title[0].value == "Ads"
    assert begun == [Asked()]
    play(shop, Phase.running)
    with FileLock(folder(shop) / rehearsal.LOCK):
        next(one for one in visit(HOME).button if one.label == "Let them come").click().run()
    assert begun == [Asked()]


def test_a_rehearsal_that_runs_shows_its_figures_and_can_be_stopped(shop, no_service, visit, says):
    play(shop, Phase.running)
    lock = FileLock(folder(shop) / rehearsal.LOCK)
    assert lock.acquire()
    page = visit(ADS)
    told = says(page)
    assert "Simulated customers are visiting" in told
    assert "climbed from 8.5% to 13.5%" in told
    assert "the best possible 20.0%" in told
    assert "30% of the places show a customer one of her three best ads" in told
    (shown,) = (one for one in page.metric if one.label == "Ads shown")
    assert (shown.value, "Without the 160 places of the shop's own ads" in shown.help) == ("3,200", True)
    assert not [one for one in page.button if "Monitor" in one.label], (
        "what is drawn every second leads nowhere else"
    )
    page.button(key="rehearsal-stop").click().run()
    assert (folder(shop) / rehearsal.STOP).exists()
    lock.release()


def test_after_a_rehearsal_its_figures_stay_and_one_that_was_killed_is_said_so(shop, no_service, visit, says):
    play(shop, Phase.running)
    page = visit(ADS)
    assert "ended before its time" in says(page)
    assert "climbed from" in says(page)
    assert page.button(key="rehearse").label == "Start traffic again"


def test_an_address_opens_the_workspace_of_the_rehearsal_and_says_so(shop, no_service, visit, says):
    page = visit(MONITOR, rehearsal="1")
    assert "Nothing was rehearsed yet" in says(page)
    page.button(key="mend").click().run()
    assert page.title[0].value == "Ads"
    play(shop, Phase.over)
    page = visit(ADS, rehearsal="1")
    assert "Nothing is published yet in the rehearsal, which is over." in says(page)
    assert not page.code
    assert page.button(key="rehearsal-leave").label == "Leave the rehearsal"
    assert any("Rehearsal" in one.proto.body for one in page.main if one.type == "markdown")


def test_who_rehearsed_finds_the_rehearsal_from_an_empty_monitor(shop, no_service, visit):
    assert not [one for one in visit(MONITOR).button if one.key == "monitor-rehearsal"]
    play(shop, Phase.over)
    page = visit(MONITOR)
    assert [one.value for one in page.header] == ["Only the simulated customers have been served ads so far"]
    assert page.button(key="monitor-rehearsal").label == "Look at the rehearsal"
