"""The figures of a period, each beside what it is by hand or by the truth of a simulation."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from reco_lab.monitoring import kpis
from reco_lab.monitoring.alarms import MEASURES
from reco_lab.monitoring.attribution import last_touch
from reco_lab.monitoring.facts import Facts, Slice
from reco_lab.store.events.measuring import NEVER, Period

HOUR = 3_600_000_000


def period(rows, ads=("a", "b", "c", "d"), customers=("c0", "c1", "c2")):
    """One decision a row: (at, customer code, [(ad code, propensity, seen, clicked), ...])."""
    placed = [
        (row, place, *one) for row, (_, _, ads_of) in enumerate(rows) for place, one in enumerate(ads_of)
    ]
    columns = [np.array(column) for column in zip(*placed, strict=True)]
    zeros = np.zeros(len(rows), np.int64)
    return Period(
        0,
        24 * HOUR,
        {
            "at": np.array([row[0] for row in rows], np.int64),
            "latency_us": np.arange(1, len(rows) + 1) * 1000,
            "n_candidates": zeros + len(ads),
            "customer": np.array([row[1] for row in rows]),
            "slot": zeros, "stage": zeros, "model_version": zeros, "arm": zeros,
        },
        {
            "of": columns[0], "position": columns[1], "ad_id": columns[2], "propensity": columns[3].astype(float),
            "score": np.zeros(len(placed)), "cost": np.full(len(placed), 0.01), "click_cost": np.full(len(placed), 0.2),
            "seen": columns[4].astype(np.int64), "clicked": columns[5].astype(np.int64),
        },
        {"customer": list(customers), "slot": ["home"], "stage": ["model"], "model_version": ["v"], "arm": [""], "ad_id": list(ads)},
    )  # fmt: skip


def facts(rows, **more):
    return Facts(period(rows, **more), HOUR, HOUR)


def shown(rng, decisions, customers, policy, rates, habit=0.0):
    """Decisions of one ad each by a policy (a chance an ad), clicked by rates that differ by customer too."""
    own = rng.normal(0, habit, customers)
    rows = []
    for number in range(decisions):
        who = int(rng.integers(customers))
        ad = int(rng.choice(len(policy), p=policy))
        clicked = rng.random() < rates[ad] * np.exp(own[who])
        rows.append((number, who, [(ad, policy[ad], number + 1, number + 2 if clicked else NEVER)]))
    return facts(rows, customers=[f"c{one}" for one in range(customers)])


def test_a_rate_counts_customers_and_not_their_clicks():
    rng = np.random.default_rng(0)
    customers = np.repeat(np.arange(200), 50)
    values = np.repeat(rng.random(200) < 0.1, 50).astype(float)  # each always clicks, or never

    found = kpis.clustered(values, np.ones(len(values)), customers, 200)

    share = values.mean()
    wide = 2 * 1.96 * np.sqrt(share * (1 - share) / 200)
    assert found.high - found.low == pytest.approx(wide, rel=0.1)


def test_intervals_of_click_rates_hold():
    held = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        own = np.clip(0.08 * rng.lognormal(0, 0.6, 150), 0, 1)
        customers = rng.integers(0, 150, 3000)
        clicks = (rng.random(3000) < own[customers]).astype(float)
        found = kpis.clustered(clicks, np.ones(3000), customers, 150)
        held += found.low <= 0.08 * np.exp(0.18) <= found.high
    assert held / 300 > 0.92


def test_what_the_shop_shows_for_want_of_ads_is_no_part_of_the_click_rate():
    clicked = [(0, 0, [(0, 0.5, 1, 2), (3, 1.0, 1, NEVER)]), (1, 1, [(1, 0.5, 2, NEVER), (3, 1.0, 2, NEVER)])]
    nothing = pd.DataFrame({"value": [], "ad_id": []})
    found = replace(facts(clicked), own=frozenset({"d"}))

    whole = kpis.sums(found, nothing)
    assert (whole.shown, whole.clicks, whole.click_rate.value) == (2, 1, 0.5)
    by_ad = {part.value: one for part, one in kpis.by(found, "ad", nothing, 9)}
    assert (by_ad["d"].shown, by_ad["d"].click_rate.value) == (2, 0.0), "but its own row tells of it"
    (_, every, seen), *_ = MEASURES[0].of(found)
    assert (every.sum(), seen.sum()) == (1, 2)
    alone = replace(found, own=frozenset("abd"))
    assert kpis.sums(alone, nothing).click_rate.value == 0.25, "a shop that has no others sees its own"


def test_too_few_customers_have_no_interval():
    assert not kpis.clustered(np.ones(50), np.ones(50), np.arange(50) % 10, 10).known


def test_chance_is_weighed_back_from_what_an_exploring_policy_did():
    rates = np.array([0.3, 0.1, 0.1, 0.1])
    found = kpis.at_random(shown(np.random.default_rng(1), 6000, 80, (0.7, 0.1, 0.1, 0.1), rates))

    assert found.control.low < rates.mean() < found.control.high
    assert found.lift.low > 0
    assert found.ours.value == pytest.approx(0.24, abs=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("best", [0.03, 0.08])
def test_what_little_is_left_to_chance_can_tell_is_not_overstated(best):
    """A fiftieth of the places is drawn evenly among ten ads: some ninety of 5,000 tell what chance would get."""
    policy, rates = np.full(10, 0.002), np.array([best, *[0.03] * 9])
    policy[0] += 0.98
    told = held = better = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        ads, who = rng.choice(10, 5000, p=policy), rng.integers(0, 2000, 5000)
        clicked = rng.random(5000) < rates[ads]
        rows = [
            (0, customer, [(ad, policy[ad], 1, 2 if click else NEVER)])
            for ad, customer, click in zip(ads.tolist(), who.tolist(), clicked.tolist(), strict=True)
        ]
        found = kpis.at_random(facts(rows, ads=range(10), customers=range(2000)))
        if found.control is not None:
            told += 1
            held += found.control.low < rates.mean() < found.control.high
            better += found.lift.low > 0
    assert told > 100
    assert held > 0.93 * told
    if best == rates[1]:
        assert better < 0.05 * told


def test_a_handful_of_places_left_to_chance_is_no_random_control():
    policy = np.array([0.985, 0.005, 0.005, 0.005])
    found = kpis.at_random(shown(np.random.default_rng(0), 1000, 300, policy, np.array([0.3, 0.1, 0.1, 0.1])))
    assert found.control is None
    assert "Too little was left to chance" in found.why


def test_answers_with_nothing_but_ads_of_the_house_do_not_hide_the_random_control():
    rng = np.random.default_rng(5)
    rows = [
        (number, number % 300, [(ad, 0.25, number + 1, number + 2 if rng.random() < 0.2 else NEVER)])
        for number, ad in enumerate(rng.integers(4, size=3000).tolist())
    ]
    people = [f"c{one}" for one in range(300)]
    alone = kpis.at_random(facts(rows, customers=people))
    own = [(3000 + number, number % 300, [(3, 1.0, 3001 + number, NEVER)]) for number in range(1000)]
    both = period(rows + own, customers=people)
    both.names["stage"].append("house")
    both.decided["stage"] = np.repeat([0, 1], [3000, 1000])
    found = kpis.at_random(Facts(both, HOUR, HOUR))
    assert found.control == alone.control
    assert found.ours == pytest.approx(alone.ours)


def test_where_some_ads_have_no_chance_there_is_no_random_control():
    found = kpis.at_random(shown(np.random.default_rng(2), 2000, 60, (0.8, 0.2, 0.0, 0.0), np.full(4, 0.2)))

    assert found.control is None
    assert "never had a chance" in found.why


def test_a_place_explains_its_own_rate():
    """Ad 1 only ever stands second, where half as much is clicked; corrected for that it is as good as ad 0."""
    rng = np.random.default_rng(3)
    rows = []
    for number in range(8000):
        first, second = (0, 1) if number % 2 else (2, 3)
        ads = [(first, 1.0, number, number if rng.random() < 0.2 else NEVER)]
        ads.append((second, 1.0, number, number if rng.random() < 0.1 else NEVER))
        rows.append((number, number % 50, ads))
    data = facts(rows, customers=[f"c{one}" for one in range(50)])

    by_ad = {
        part.value: one for part, one in kpis.by(data, "ad", pd.DataFrame(columns=["ad_id", "value"]), 10)
    }

    assert by_ad["b"].click_rate.value == pytest.approx(0.1, abs=0.015)
    assert by_ad["b"].corrected == pytest.approx(by_ad["a"].corrected, abs=0.02)


@pytest.mark.parametrize("attention", [1.0, 0.5])
def test_a_place_is_not_praised_for_the_good_ads_that_are_put_there(attention):
    """Ad 0 draws twice what ad 1 does and mostly stands first; the first place itself is worth the same, or twice as much."""
    rng = np.random.default_rng(4)
    draws, rows = (0.3, 0.15), []
    for number in range(20_000):
        order = (0, 1) if rng.random() < 0.9 else (1, 0)
        clicked = [rng.random() < draws[ad] * attention**place for place, ad in enumerate(order)]
        ads = [
            (ad, 1.0, number, number if click else NEVER) for ad, click in zip(order, clicked, strict=True)
        ]
        rows.append((number, number % 50, ads))
    data = facts(rows, customers=[f"c{one}" for one in range(50)])

    found = dict(kpis.by(data, "ad", pd.DataFrame(columns=["ad_id", "value"]), 10))

    fair = (1 + attention) / 2
    for ad, draw in zip("ab", draws, strict=True):
        assert found[Slice("ad", ad)].corrected == pytest.approx(draw * fair, rel=0.06)


def test_gini_is_the_mean_difference_by_twice_the_mean():
    data = facts([(number, 0, [(min(number % 6, 3) % 3, 1.0, 0, NEVER)]) for number in range(60)])
    exposure = np.array([0.0, *sorted(np.bincount(data.placed_codes("ad")).astype(float))])
    n = len(exposure)

    found = kpis.spread_of(data, bookable=4)

    even = np.abs(exposure[:, None] - exposure[None, :]).sum() / (2 * n * exposure.sum())
    assert found.gini == pytest.approx(even)
    assert (found.shown, found.of) == (3, 4)


def test_money_and_speed_are_added_up():
    data = facts([(0, 0, [(0, 1.0, 1, 2), (1, 1.0, 1, NEVER)]), (5, 1, [(0, 1.0, 6, 2 * HOUR)])])

    found = kpis.sums(data, pd.DataFrame({"value": [10.0, None]}))

    assert (found.decisions, found.shown, found.clicks, found.conversions, found.revenue) == (
        2,
        3,
        1,
        2,
        10.0,
    )
    assert found.spend == pytest.approx(3 * 0.01 + 2 * 0.2)  # a late click is billed, and counts for no rate
    assert found.cost_per_click == pytest.approx(found.spend)
    assert kpis.speed_of(data).p50 == 1.5


def conversions(*rows):
    names = ["ad_id", "customer", "decided", "at", "value"]
    told = pd.DataFrame(rows, columns=names).assign(
        slot="home", stage="model", model_version="v", arm="", position=0
    )
    return told.assign(clicked=None)


NONE = pd.DataFrame(columns=["customer", "item_id", "at", "value"])


def test_the_last_click_gets_the_conversion():
    """She clicked ad a in two decisions; what names the first is owed to the second."""
    data = facts([(0, 0, [(0, 1.0, 1, 10)]), (100, 0, [(0, 1.0, 101, 110)]), (200, 1, [(0, 1.0, 201, 210)])])

    found = last_touch(data, conversions(("a", "c0", 0, 500, 7.0)), NONE, {})

    assert found[["decided", "value", "customer"]].to_numpy().tolist() == [[100, 7.0, "c0"]]


def test_without_a_click_the_named_decision_gets_it_if_it_is_not_too_long_ago():
    data = facts([(0, 0, [(0, 1.0, 1, NEVER)])])

    told = conversions(("a", "c0", 0, HOUR, 7.0), ("a", "c0", 0, HOUR + 1, 8.0))

    assert last_touch(data, told, NONE, {})["value"].tolist() == [7.0]


def test_a_purchase_told_as_a_visit_is_owed_to_the_ad_for_its_item_and_counts_once():
    data = facts([(0, 0, [(0, 1.0, 1, 10), (1, 1.0, 1, 20)]), (30, 1, [(1, 1.0, 31, 40)])])
    bought = pd.DataFrame(
        [
            ("c0", "shoe", 100, 5.0),
            ("c1", "shoe", 100, 6.0),
            ("c2", "shoe", 100, 1.0),
            ("c1", "hat", 90, 9.0),
        ],
        columns=["customer", "item_id", "at", "value"],
    )
    items = {"a": "coat", "b": "shoe"}

    found = last_touch(data, NONE, bought, items)
    also_told = last_touch(data, conversions(("b", "c1", 30, 95, 6.0)), bought, items)

    assert found[["customer", "ad_id", "value"]].to_numpy().tolist() == [["c0", "b", 5.0], ["c1", "b", 6.0]]
    assert sorted(also_told["value"]) == [5.0, 6.0]


def test_what_is_left_out_is_as_if_it_had_never_been():
    data = facts([(0, 0, [(0, 1.0, 1, 2)]), (1, 1, [(1, 1.0, 1, 2)])])

    assert data.without(Slice("ad", "a")).by_step(placed=True).sum() == 1
    assert data.without(Slice("slot", "home")).by_step(placed=False).sum() == 0


def test_customers_without_a_name_are_not_taken_for_one_another():
    """One of them clicks in one slot, another one buys by an answer in the other slot."""
    data = period([(0, 0, [(0, 1.0, 1, 2)]), (1000, 0, [(0, 1.0, 1001, NEVER)])], customers=[""])
    data.decided["slot"] = np.array([0, 1])
    data.names["slot"].append("item")
    told = pd.DataFrame(
        [{"slot": "item", "stage": "model", "model_version": "v", "arm": "", "ad_id": "a", "customer": "",
          "position": 0, "decided": 1000, "clicked": None, "at": 2000, "value": 5.0}]
    )  # fmt: skip
    bought = pd.DataFrame([{"customer": "", "item_id": "i", "at": 3000, "value": 7.0}])

    credited = last_touch(Facts(data, HOUR, HOUR), told, bought, {"a": "i"})

    assert credited[["slot", "value"]].to_numpy().tolist() == [["item", 5.0]]
