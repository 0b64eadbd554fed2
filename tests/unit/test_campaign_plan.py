from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from reco_lab.campaigns.spec import Audience, Campaign, ControlGroup, FixedItems, Goal
from reco_lab.campaigns.terms import Everyone, InSegment
from reco_lab.core.clock import ManualClock
from reco_lab.core.dataset import Dataset
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.core.segment import Behaviour
from reco_lab.services import campaigns, segments
from reco_lab.services.campaign_results import sent_by_default
from reco_lab.services.data import save_dataset
from reco_lab.workspace import Workspace

DAYS, CUSTOMERS = 200, 3000
RATE = 0.02


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Everybody buys on one day in fifty, whatever was before; a segment of who has been away for a month."""
    workspace = Workspace.open(
        tmp_path_factory.mktemp("plan") / "home", clock=ManualClock(datetime(2026, 1, 2, tzinfo=UTC))
    )
    days, who = np.nonzero(np.random.default_rng(0).random((DAYS, CUSTOMERS)) < RATE)
    log = pd.DataFrame({"user": [f"c{n}" for n in who], "item": "tea", "kind": "purchase"})
    log["time"] = np.datetime64("2025-06-01") + days
    data = Dataset("shop", Interactions.from_frame(log, ColumnMap("user", "item", time="time", kind="kind")))
    version = save_dataset(workspace, data)
    away = segments.save(workspace, version, data, "Away", Behaviour(measure="recency", low=30)).id
    return workspace, data, away


def planned(shop, who, days, lift=0.05):
    workspace, data, _ = shop
    campaign = Campaign(
        title="Come back",
        dataset="shop",
        what=FixedItems(items=("tea",)),
        items=1,
        audience=Audience(who=who),
        control=ControlGroup(share=0.2),
        goal=Goal(days=days, lift=lift),
    )
    return campaigns.plan(workspace, data, campaign)


@pytest.mark.parametrize("days", [7, 14])
def test_who_has_been_away_is_expected_to_do_what_others_did_who_were_away(shop, days):
    usual = planned(shop, InSegment(segment=shop[2]), days).need.usual
    assert usual.mean == pytest.approx(1 - (1 - RATE) ** days, abs=0.02)


def test_newcomers_do_not_make_everybody_look_as_if_they_bought(shop):
    assert planned(shop, Everyone(), 14).need.usual.mean == pytest.approx(1 - (1 - RATE) ** 14, abs=0.02)


def test_what_was_bought_last_before_the_campaign_is_not_counted_as_after_it():
    made = SimpleNamespace(facts={"data_until": "2026-01-01T00:00:00", "prepared": "2026-01-02T00:00:00"})
    assert sent_by_default(made) > np.datetime64("2026-01-01T00:00:00")


def test_segments_are_those_of_the_data_at_hand_and_what_cannot_be_told_is_left_out(shop):
    workspace, data, _ = shop
    early = data.take(np.flatnonzero(data.interactions.times < np.datetime64("2025-08-01")))
    assert (
        segments.told(workspace, early, "shop")["Away"] != segments.told(workspace, data, "shop")["Away"]
    ).any()
    timeless = Dataset("shop", replace(data.interactions, times=None))
    assert segments.told(workspace, timeless, "shop") == {}


def test_a_log_shorter_than_what_will_be_counted_is_said(shop):
    enough, short = (planned(shop, Everyone(), days, lift=0.01).need for days in (150, 300))

    assert "The log has only" not in enough.sentence
    assert short.usual.short == DAYS
    assert "The log has only 200 days, fewer than will be counted" in short.sentence
    assert not short.possible
    assert "cannot be known" in short.sentence
