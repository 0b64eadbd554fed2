"""Faults that were planted in the real log, named by the alarm that they raise; quiet days raise none."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from reco_lab.cleaning.personal import pseudonym
from reco_lab.core.clock import ManualClock
from reco_lab.core.conditions import Attribute
from reco_lab.core.errors import InputError
from reco_lab.services import monitoring, publishing, segments
from reco_lab.services.data import save_dataset
from reco_lab.services.erasure import erase
from reco_lab.services.keeping import load_dataset
from reco_lab.services.monitoring import Deed, Monitor
from reco_lab.services.privacy import pseudonym_key
from reco_lab.services.publishing import Plan, serving_plan
from reco_lab.store.events import EventLog
from reco_lab.testing.serving import NAME, open_shop, publish_plan
from reco_lab.testing.traffic import Traffic, serve
from reco_lab.workspace import Workspace

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
QUIET, FAULTY = 40, 8


def people(workspace):
    """The shop's customers as the log knows them."""
    return tuple(pseudonym(pseudonym_key(workspace), f"u{number:02d}") for number in range(60))


@pytest.fixture(scope="module")
def quiet(tmp_path_factory):
    """A shop that has served for a day and a half with nothing wrong."""
    home, clock = tmp_path_factory.mktemp("monitored") / "home", ManualClock(BEGIN)
    workspace = Workspace.open(home, clock=clock)
    open_shop(workspace)
    data = load_dataset(workspace, NAME)
    for region in ("north", "south"):
        rule = Attribute(column="region", values=(region,))
        segments.save(workspace, workspace.store.dataset(NAME), data, f"The {region}", rule)
    publishing.change(workspace)
    log = EventLog.open(home, clock, writer=True)
    serve(log, clock, QUIET, np.random.default_rng(1), Traffic(customers=people(workspace)))
    log.close()
    workspace.close()
    return home


@pytest.fixture
def shop(quiet, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(quiet, home)
    return Workspace.open(home, clock=ManualClock(BEGIN + timedelta(hours=QUIET)))


def after(shop, hours=FAULTY, **wrong):
    """What the monitor says after some more hours with something wrong."""
    log = EventLog.open(shop.home, shop.clock, writer=True)
    traffic = Traffic(customers=people(shop))
    serve(log, shop.clock, hours, np.random.default_rng(2), replace(traffic, **wrong))
    log.close()
    return Monitor.open(shop).look()


def test_who_is_erased_is_nowhere_in_what_was_read_before(shop):
    monitor, name = Monitor.open(shop), people(shop)[3]
    assert name in monitor.look().now.period.names["customer"]
    before = len(monitor.look().now.period)
    erase(shop, "u03", who="ann")
    look = monitor.look()
    assert name not in look.now.period.names["customer"]
    assert name not in look.known
    assert 0 < len(look.now.period) < before


def sentences(look):
    return [one.sentence for one in look.alarms]


def test_with_nothing_wrong_nothing_is_said(shop):
    look = after(shop)

    assert sentences(look) == []
    assert look.watch.tests > 20
    assert look.usual.low < look.sums.click_rate.value < look.usual.high


def test_a_broken_slot_is_named(shop):
    said = sentences(after(shop, slots={"home": 0.0}))

    assert len(said) == 1
    assert said[0].startswith("Nobody clicks in the slot “home” any more since 3 Mar, 16:00: 0 clicks on ")


def test_a_slot_that_asks_no_more_is_named(shop):
    said = sentences(after(shop, come={"search": 0.0}))

    assert len(said) == 1
    assert said[0].startswith(
        "The slot “search” asks for no more ads since 3 Mar, 16:00: 0.0% of all decisions, 2"
    )


def test_a_model_that_fails_is_named_and_can_be_rolled_back(shop):
    look = after(shop, fallback=0.5)

    (one,) = look.alarms
    assert one.sentence.startswith("The model does not choose any more for ")
    assert "since 3 Mar, 16:00: stand-ins do, 0." in one.sentence
    assert one.deeds[:2] == (Deed.retrain, Deed.roll_back)


def test_answers_that_take_longer_are_named(shop):
    (said,) = sentences(after(shop, took=12.0))

    assert said.startswith("Answers take longer since 3 Mar, 16:00: 95 of 100 are there within 2")


def test_events_that_are_refused_are_named(shop):
    (said,) = sentences(after(shop, refused=0.3))

    assert said.endswith("of the events that the site sends are refused since 3 Mar, 17:00, 0.0% before.")


def test_a_segment_that_vanished_is_named(shop):
    north = frozenset(people(shop)[::2])

    look = after(shop, away=north)

    (one,) = look.alarms
    assert one.sentence.startswith(
        "Customers of the segment “The north” do not come any more since 3 Mar, 16:00: 0.0% of"
    )
    assert {part.value: one.decisions > 0 for part, one in look.by("segment")} == {
        "The north": True,
        "The south": True,
    }


def test_a_column_in_cents_is_named_before_a_model_learns_from_it(shop):
    priced = load_dataset(shop, NAME)
    prices = np.round(np.random.default_rng(0).lognormal(3, 0.5, len(priced.items)), 2)
    before = replace(priced, items=priced.items.assign(price=prices))
    save_dataset(shop, before)
    plan = serving_plan(shop)
    publish_plan(shop, Plan.model_validate(plan.model_dump() | {"fingerprint": before.fingerprint}))
    save_dataset(shop, replace(before, items=before.items.assign(price=100 * prices)))

    look = after(shop)

    (one,) = look.alarms
    assert one.sentence.startswith(
        f"The column “price” of the items in version 3 of “{NAME}” is 100 times what it was, as if it were in cents"
    )
    assert Deed.retrain not in one.deeds
    assert (look.fresh.trained, look.fresh.newest) == (2, 3)


def test_an_a_b_test_that_ends_is_no_alarm_for_those_it_did_not_tell_apart(tmp_path):
    home, clock = tmp_path / "home", ManualClock(BEGIN)
    workspace = Workspace.open(home, clock=clock)
    open_shop(workspace)
    who = people(workspace)
    keen = dict.fromkeys(who[:20], 0.2)
    tested = {one: ("A", "B")[place % 2] for place, one in enumerate(who[20:])}
    log, traffic = EventLog.open(home, clock, writer=True), Traffic(calls=300, customers=who, keen=keen)
    serve(log, clock, QUIET, np.random.default_rng(3), replace(traffic, arms=tested))
    serve(log, clock, FAULTY, np.random.default_rng(4), traffic)
    log.close()

    assert sentences(Monitor.open(workspace).look()) == []


def test_an_alarm_is_muted_for_a_week_and_heard_again(shop):
    look = after(shop, slots={"home": 0.0})
    key = look.alarms[0].key

    until = monitoring.mute(shop, key)

    assert monitoring.loud(shop, look.alarms) == ([], list(look.alarms))
    shop.clock.at = until
    assert monitoring.loud(shop, look.alarms) == (list(look.alarms), [])


def test_a_period_that_there_is_not_is_said(shop):
    with pytest.raises(InputError, match="no such period"):
        Monitor.open(shop).look("century")


def test_what_comes_in_is_seen_by_the_same_monitor(shop):
    monitor = Monitor.open(shop)
    before = monitor.look("week").sums.decisions
    assert monitor.look("week") is monitor.look("week")

    after(shop, hours=1)
    monitor._seen.clear()

    assert monitor.look("week").sums.decisions > before
