"""The A/B tests tab: planned, started, running, shipped."""

import asyncio
import shutil
from contextlib import closing
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from reco_lab.core.ads import Ad
from reco_lab.core.clock import ManualClock
from reco_lab.services import ab_tests, bookings, experiments, publishing
from reco_lab.services.ad_messages import EventIn
from reco_lab.services.ad_server import AdServer
from reco_lab.workspace import Workspace

MONITOR, TAB = "pages/market/monitor.py", "A/B tests"
SPEC = {
    "title": "By chance",
    "arms": [
        {"name": "A", "share": 0.5},
        {"name": "B", "share": 0.5, "policy": {"policy": "uniform_random"}},
    ],
    "minimum_lift": 0.5,
}


def press(browser, label):
    next(one for one in browser.button if one.label == label).click().run()
    assert not browser.exception
    return browser


@pytest.fixture(scope="module")
def published(finished, tmp_path_factory):
    home = tmp_path_factory.mktemp("published") / "home"
    shutil.copytree(finished, home)
    with closing(Workspace.open(home)) as workspace:
        publishing.publish(workspace, experiments.listing(workspace, "small-shop")[0].id, "EASE")
        for n in range(5):
            bookings.book(workspace, Ad(id=f"a{n}", title=f"Ad {n}", item=f"i{n:02d}", bid=0.3))
    return home


@pytest.fixture
def home(published, copied):
    return copied(published).home


def traffic(home, rates, *, started=True, customers=300):
    """Three days on which customers ask for ads and click, in each arm at its own rate."""
    rng, clock = np.random.default_rng(2), ManualClock(datetime.now(UTC) - timedelta(days=3))
    with closing(Workspace.open(home, clock=clock)) as workspace:
        now = ab_tests.start(workspace, SPEC) if started else None
        with closing(AdServer.open(workspace, rng=rng)) as server:
            events = []
            for number in range(2 * customers):
                clock.at += timedelta(days=3) / (2 * customers)
                decision = server.ads(f"guest {number % customers}").decision
                rate = rates[now is not None and decision.arm.endswith("B")]
                if rng.random() < rate:
                    events.append(EventIn(f"e{number}", decision.placed[0].decision_id, "click"))
            asyncio.run(server.track(events))


def test_with_nothing_published_the_tab_says_what_to_do(shop, visit, says):
    assert "Nothing serves yet, so there is nothing to test" in says(visit(MONITOR, section=TAB))


def test_a_test_is_planned_by_the_traffic_there_is_and_started(home, visit, says):
    traffic(home, (0.2, 0.2), started=False)
    browser = visit(MONITOR, section=TAB)
    text = says(browser)
    assert "To see 10% more clicks with 80% chance" in text
    assert "customers must take part: about" in text
    assert "of the ads shown" in text
    browser.selectbox(key="ab-policy").set_value("uniform_random").run()
    browser.slider(key="ab-holdout").set_value(10).run()
    press(browser, "Start the test")
    assert "Nobody was in this test yet." in says(browser)
    with closing(Workspace.open(home)) as workspace:
        test = publishing.serving_plan(workspace).test
    assert (test.holdout, test.arms[1].policy, test.minimum_lift) == (0.1, {"policy": "uniform_random"}, 0.1)


def test_without_traffic_the_plan_says_that_it_cannot_know(home, visit, says):
    assert "Nobody asked for ads yet" in says(visit(MONITOR, section=TAB))


def test_a_winner_is_said_first_and_shipped(home, visit, says):
    traffic(home, (0.2, 0.6))
    browser = visit(MONITOR, section=TAB)
    text = says(browser)
    assert "more clicks than A: ship B." in text
    assert "B is ahead beyond doubt" in text
    arms = browser.dataframe[0].value.set_index("Arm")
    assert arms["Customers"].sum() == 300
    assert arms.loc["B", "Click rate"] > arms.loc["A", "Click rate"]
    press(browser, "Yes, ship B")
    assert "B serves everybody." in says(browser)
    table = browser.dataframe[-1].value.iloc[0]
    assert (table["Test"], table["Decided"]) == ("By chance", "B serves everybody")
    with closing(Workspace.open(home)) as workspace:
        assert publishing.serving_plan(workspace).policy == {"policy": "uniform_random"}


def test_what_cannot_be_known_yet_is_said_and_the_test_can_be_ended(home, visit, says):
    traffic(home, (0.3, 0.3), customers=40)  # fewer than an interval needs, whichever arm they fall into
    browser = visit(MONITOR, section=TAB)
    assert "It cannot be known yet" in says(browser)
    assert not [one for one in browser.button if one.label.startswith("Yes, ship")]
    press(browser, "Yes, end it")
    assert "what served before serves everybody" in says(browser)
    assert "To see 10% more clicks" in says(browser)


def test_a_test_that_serves_nobody_any_more_says_so(home, visit, says):
    with closing(Workspace.open(home)) as workspace:
        ab_tests.start(workspace, SPEC)
        publishing.rollback(workspace)
    assert "another publication was put in its place" in says(visit(MONITOR, section=TAB))


def test_a_test_of_the_gate_is_said_to_be_one(home, visit, says):
    with closing(Workspace.open(home)) as workspace:
        ab_tests.start(workspace, SPEC | {"title": "The gate tries its challenger, round c0ffee"})
    assert "the gate tries the challenger of round c0ffee" in says(visit(MONITOR, section=TAB))


def test_the_policy_tab_says_that_a_test_runs(home, visit, says):
    with closing(Workspace.open(home)) as workspace:
        ab_tests.start(workspace, SPEC)
    assert "An A/B test runs" in says(visit("pages/market/ads.py", section="Policy"))
