"""The gate as a person meets it on the Monitor page."""

from datetime import UTC, datetime, timedelta

import pytest

from reco_lab.core.clock import RunningClock
from reco_lab.services import ab_tests, gate, gate_settings, publishing, schedules
from reco_lab.services.data import load_dataset
from reco_lab.services.schedules import DAY, GATE, Schedule
from reco_lab.store.own_time import keep_clock
from reco_lab.store.rounds import RoundState
from reco_lab.testing.serving import publish_chain

MONITOR = "pages/market/monitor.py"
RECOMMENDERS = ({"algorithm": "most_popular"}, {"algorithm": "item_knn"})


def press(browser, label):
    next(one for one in browser.button if one.label == label).click().run()
    assert not browser.exception
    return browser


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch):
    monkeypatch.setattr("reco_lab.services.gate.ensure_worker", lambda _workspace: True)


@pytest.fixture
def served(shop):
    """What serves, and what served before."""
    from reco_lab.core.recommender import recommender

    data = load_dataset(shop, "small-shop")
    for spec in RECOMMENDERS:
        publish_chain(shop, data, recommender(spec), spec["algorithm"])
    return shop


def test_without_anything_served_it_says_what_is_missing(shop, visit, says):
    assert "there is no champion to challenge" in says(visit(MONITOR, section="The gate"))


def test_before_the_first_round_it_says_what_a_challenger_is(served, visit, says):
    seen = says(visit(MONITOR, section="The gate"))
    assert "No challenger has been trained yet." in seen
    assert "serves only if it is better, or newer and no worse" in seen
    assert "item_knn serves since" in seen


def test_a_button_queues_a_round_and_the_schedule_is_kept(served, visit):
    browser = press(visit(MONITOR, section="The gate"), "Train a challenger now")
    (job,) = [one for one in served.queue.recent() if one.kind == gate.JOB]
    assert next(one for one in browser.button if one.label == "Train a challenger now").disabled
    browser.segmented_control(key="gate-schedule").set_value("Daily").run()
    assert schedules.schedule(served).every_hours == 24
    browser.segmented_control(key="gate-schedule").set_value("Off").run()
    assert schedules.next_run(served) is None
    served.queue.cancel(job.id)


def test_a_refused_round_says_why_and_nothing_else_serves(served, visit, says):
    before = served.publications.serving().number
    found = gate.run_round(served)
    assert found.state is RoundState.refused
    browser = visit(MONITOR, section="The gate")
    assert "The challenger was refused: nothing new has come since the champion was trained." in says(browser)
    assert "Are the data sound?" in says(browser)
    assert served.publications.serving().number == before


def test_one_click_goes_back_and_the_lineage_says_who_did(served, visit, says):
    browser = press(visit(MONITOR, section="The gate"), "Back to what served before")
    assert publishing.serving_plan(served).model == "most_popular"
    assert "most_popular serves since" in says(browser)
    table = next(one.value for one in browser.dataframe if "Why" in one.value)
    assert "by a person in the app" in table.set_index("Number").loc[1, "Why"]
    assert table.set_index("Number")["In place of"].tolist()[0] in {1, None}


def test_what_the_gate_asks_for_is_kept_for_the_next_round(served, visit, says):
    browser = visit(MONITOR, section="The gate")
    browser.number_input(key="gate-canary").set_value(0.0).run()
    browser = press(browser, "Ask for this")
    assert gate_settings.gate_settings(served).canary_share == 0
    assert gate_settings.gate_settings(served).margin == pytest.approx(0.1)
    assert "The next challenger is judged by this." in says(browser)


def test_a_run_that_waits_for_a_round_is_not_promised_for_a_moment_that_is_past(served, visit, says):
    served.schedules.set(GATE, Schedule(every_hours=DAY).model_dump(), datetime.now(UTC) - timedelta(days=2))
    test = ab_tests.start(served, {"arms": [{"name": name, "share": 0.5} for name in "AB"]})
    assert "The next one begins once the A/B test is over." in says(visit(MONITOR, section="The gate"))

    settings = gate_settings.GateSettings().model_dump()
    served.rounds.begin(
        {"dataset": "small-shop", "settings": settings, "attempts": 1, "test": test.record.id}
    )
    assert "The next one begins once this round is over." in says(visit(MONITOR, section="The gate"))


def test_in_a_rehearsal_that_is_over_nothing_begins_and_a_trial_is_not_gone_on_with(served, visit, says):
    ends = datetime.now(UTC) - timedelta(seconds=60)
    schedules.set_schedule(served, Schedule(every_hours=DAY))
    clock = RunningClock(ends - timedelta(seconds=60), datetime.now(UTC), 15120.0, ends)
    keep_clock(served.home, clock)
    page = visit(MONITOR, section="The gate")
    assert "The rehearsal is over: nobody comes any more, and nothing begins by itself." in says(page)
    assert not [one for one in served.queue.recent() if one.kind == gate.JOB]

    served.rounds.advance(served.rounds.begin({"dataset": "small-shop", "settings": {}}), RoundState.canary)
    page = visit(MONITOR, section="The gate")
    assert "This round stays undecided." in says(page)
    assert next(one for one in page.button if one.key == "gate-run").disabled
