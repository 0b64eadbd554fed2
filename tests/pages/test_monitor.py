"""The Monitor page: how the ads do, what moved, and what can be done about it."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from reco_lab.core.clock import ManualClock
from reco_lab.core.errors import NotFoundError
from reco_lab.services import monitoring, publishing
from reco_lab.services.monitoring import Deed
from reco_lab.store.events import EventLog
from reco_lab.testing.serving import open_shop
from reco_lab.testing.traffic import Traffic, serve
from reco_lab.workspace import Workspace

MONITOR = "pages/market/monitor.py"
HOURS = 60


def press(browser, label):
    next(one for one in browser.button if one.label == label).click().run()
    assert not browser.exception
    return browser


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A shop that served until this hour began, whose slot "home" broke eight hours before: no hour is half of both."""
    home = tmp_path_factory.mktemp("served") / "home"
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    clock = ManualClock(hour - timedelta(hours=HOURS))
    workspace = Workspace.open(home, clock=clock)
    version = open_shop(workspace).version
    log, rng = EventLog.open(home, clock, writer=True), np.random.default_rng(1)
    well = Traffic(version=version, calls=160, swing=0.0)  # the same at whatever time of day this runs
    serve(log, clock, HOURS - 8, rng, well)
    serve(log, clock, 8, rng, replace(well, slots={"home": 0.0}))
    log.close()
    workspace.close()
    return home


@pytest.fixture
def shop(served, copied):
    return copied(served)


def test_without_traffic_the_page_says_how_to_get_some(empty, visit, says):
    assert "No ads have been served yet" in says(visit(MONITOR))


def test_the_answer_is_the_alarm_and_its_deeds_are_offered(shop, visit, says):
    browser = visit(MONITOR)

    assert (
        browser.header[0]
        .value.replace("\\", "")
        .startswith("Nobody clicks in the slot “home” any more since ")
    )
    assert "The click rate in the slot “home” is another since" in says(browser)
    assert {"Look closer", "Mute for a week"} <= {one.label for one in browser.button}
    assert {one.label for one in browser.metric} >= {"Click rate", "Conversions", "Revenue", "Spend"}


def test_a_muted_alarm_is_kept_aside(shop, visit, says):
    browser = press(visit(MONITOR), "Mute for a week")

    assert "Nothing more is said of this until" in says(browser)
    assert browser.header[0].value.startswith("All is well")
    assert "The click rate stays within its limits" in says(browser)
    (muted,) = monitoring.loud(shop, monitoring.Monitor.open(shop).look().alarms)[1]
    assert "home" in muted.sentence
    press(browser, "Speak of it again")
    assert browser.header[0].value.startswith("Nobody clicks")


def test_the_period_of_one_tab_is_not_that_of_another(shop, visit):
    browser = visit(MONITOR, period="week")
    for section in ("What would have happened", "Now"):
        browser.session_state["section"] = section
        browser.run()

    assert (browser.query_params["period"], browser.query_params["days"]) == ("week", "all")


def test_to_look_closer_opens_the_decisions_of_what_moved(shop, visit, says):
    browser = press(visit(MONITOR), "Look closer")

    assert browser.title[0].value == "Ads"
    assert browser.query_params["section"] == "Decisions"
    assert browser.session_state["decisions-slot"] == "home"


def test_what_goes_wrong_with_a_deed_is_said_above_all_that_is_drawn_anew(shop, visit, says, monkeypatch):
    def gone(_workspace, _key):
        raise NotFoundError("It cannot be muted.", fix="Look closer.")

    browser = visit(MONITOR)
    monkeypatch.setattr(monitoring, "mute", gone)
    press(browser, "Mute for a week")

    assert "It cannot be muted" in says(browser)
    assert browser.header[0].value.startswith("Nobody clicks"), "the rest of the page is there"


def test_to_roll_back_is_offered_where_something_served_before(shop, visit, monkeypatch):
    loud = monitoring.loud

    def may_roll_back(workspace, alarms):
        return [replace(one, deeds=(Deed.roll_back, *one.deeds)) for one in alarms], loud(workspace, [])[1]

    monkeypatch.setattr(monitoring, "loud", may_roll_back)
    assert "Roll back" not in {one.label for one in visit(MONITOR).button}
    publishing.change(shop, bid_weight=0.5)
    assert "Roll back" in {one.label for one in visit(MONITOR).button}


def test_a_link_opens_its_period_and_its_table(shop, visit, says):
    browser = visit(MONITOR, period="week", by="position")

    assert browser.query_params["period"] == "week"
    assert any("Place" in one.value.columns for one in browser.dataframe)
    assert browser.header[0].value.startswith("Nobody clicks"), "what moved in a day is said in every period"


def test_a_file_is_made_before_the_press_where_all_is_drawn_anew(shop, visit):
    files = visit(MONITOR).get("download_button")
    assert files
    assert not [one.proto.label for one in files if one.proto.HasField("deferred_file_id")]


def test_the_chart_of_a_young_shop_begins_with_its_first_traffic(shop, visit):
    (chart,) = visit(MONITOR, period="week").get("plotly_chart")
    usual = next(one for one in json.loads(chart.proto.spec)["data"] if one["name"] == "usual")
    begin = datetime.fromisoformat(usual["x"][0])
    assert shop.clock.now() - timedelta(hours=HOURS + 6) < begin.astimezone(UTC)
