"""Simulated customers: the same seed brings the same ones, and they click by the shop's true chances."""

from itertools import islice, pairwise

import numpy as np
import pandas as pd
import pytest

from reco_lab.core.interactions import ColumnMap, Interactions, Kind
from reco_lab.simulation.crowd import Crowd, Eyes
from reco_lab.simulation.owned import Owned
from reco_lab.simulation.shop import simulate
from reco_lab.simulation.spec import Shop

VISITS = 400


@pytest.fixture(scope="module")
def shop():
    made = simulate(Shop(customers=300, items=84, ads=6, days=42, test_days=7, seed=3))
    people, goods = made.world.people.table.index, made.world.catalogue.table.index
    frame = pd.DataFrame(
        {
            "user": people[made.log["customer"]],
            "item": goods[made.log["item"]],
            "kind": [Kind(one).name for one in made.log["kind"]],
            "time": made.log["time"],
        }
    )
    return made.world, Interactions.from_frame(frame, ColumnMap("user", "item", time="time", kind="kind"))


def fresh_eyes(world):
    """Of customers who bought nothing yet."""
    return Eyes(world, Owned.nothing(len(world.catalogue)))


def coming(shop, seed):
    return list(islice(Crowd.after(*shop, seed=seed).visits(), VISITS))


def test_the_same_seed_brings_the_same_visits_and_another_seed_others(shop):
    assert coming(shop, 1) == coming(shop, 1)
    assert coming(shop, 1) != coming(shop, 2)


def test_visits_come_in_order_after_the_end_of_the_log(shop):
    visits = coming(shop, 1)
    assert all(one.at <= other.at for one, other in pairwise(visits))
    assert np.datetime64(visits[0].at.replace(tzinfo=None)) >= shop[0].spec.moment(shop[0].spec.days)


def test_a_busier_crowd_comes_more_often(shop):
    def a_day(busy):
        visits = islice(Crowd.after(*shop, seed=1, busy=busy).visits(), VISITS)
        days = [one.at.date() for one in visits]
        return len(days) / len(set(days))

    assert a_day(4.0) > 2 * a_day(1.0)


def test_what_was_bought_before_is_owned(shop):
    world, log = shop
    owned = Crowd.after(world, log, seed=1).owned
    bought = np.flatnonzero(log.kinds == int(Kind.purchase))[:20]
    customers = world.people.table.index.get_indexer(log.user_ids)[log.users[bought]]
    items = world.catalogue.table.index.get_indexer(log.item_ids)[log.items[bought]]
    assert owned.has(customers, items).all()


def test_ads_are_clicked_as_often_as_the_true_chances_say(shop):
    world, _ = shop
    eyes, rng = fresh_eyes(world), np.random.default_rng(0)
    ads, clicks, chance = list(eyes.codes), 0, 0.0
    for draw in range(3000):
        looked = eyes.look(draw % 300, ads[:3], draw, rng)
        clicks, chance = clicks + sum(looked.clicked), chance + looked.chance
        assert looked.by_lot <= looked.possible + 1e-12
        assert looked.chance <= looked.possible + 1e-12  # each is the first look of a day
    true = world.ad_click_probability(np.arange(300), np.arange(3), position=np.arange(3)).sum() * 10
    assert chance == pytest.approx(true)
    assert clicks == pytest.approx(true, abs=4 * np.sqrt(true))


def test_an_ad_tires_within_a_day_and_is_fresh_on_the_next(shop):
    eyes, rng = fresh_eyes(shop[0]), np.random.default_rng(0)
    ad = [next(iter(eyes.codes))]
    first, again = (eyes.look(5, ad, 1, rng).chance for _ in range(2))
    assert again == pytest.approx(0.85 * first)
    assert eyes.look(5, ad, 2, rng).chance == pytest.approx(first)


def test_the_best_possible_ads_are_recognised_and_house_ads_leave_cold(shop):
    eyes, rng = fresh_eyes(shop[0]), np.random.default_rng(0)
    ids = list(eyes.codes)
    best = [ids[place] for place in np.argsort(-eyes.chances[7])[:3]]
    looked = eyes.look(7, best, 1, rng)
    assert looked.chance == pytest.approx(looked.possible)
    assert looked.best == 3
    cold = eyes.look(8, ["house-ad"], 1, rng)
    assert (cold.chance, cold.clicked, cold.possible) == (0.0, (False,), 0.0)


def test_the_best_possible_is_of_ads_for_what_she_has_not_bought(shop):
    world, _ = shop
    best = int(np.argmax(fresh_eyes(world).chances[7]))
    owned = Owned.nothing(len(world.catalogue)).after(np.array([7]), world.ads.promoted[[best]], 0)
    eyes, rng, ids = Eyes(world, owned), np.random.default_rng(0), list(fresh_eyes(world).codes)
    others = np.sort(np.delete(eyes.chances[7], best))
    worst = ids[int(np.argmin(eyes.chances[7]))]
    looked = eyes.look(7, [worst], 1, rng)
    assert looked.possible == pytest.approx(others[-1])
    assert looked.by_lot == pytest.approx(others.mean())
    eyes.buys(7, int(world.ads.promoted[np.argsort(-eyes.chances[7])[1]]))
    assert eyes.look(7, [worst], 2, rng).possible == pytest.approx(others[-2])


def test_the_best_possible_is_of_one_who_showed_the_best_all_day(shop):
    """To show a customer her worst ads leaves the best ones fresh: that must not move the yardstick."""
    badly, well = fresh_eyes(shop[0]), fresh_eyes(shop[0])
    rng, ids = np.random.default_rng(0), list(badly.codes)
    order = np.argsort(-badly.chances[7])
    for _ in range(4):
        worst = badly.look(7, [ids[order[-1]]], 1, rng)
        tired = well.chances[7] * 0.85 ** well._seen.get(7, np.zeros(len(ids)))
        best = well.look(7, [ids[int(np.argmax(tired))]], 1, rng)
        assert worst.possible == pytest.approx(best.possible)
        assert best.chance == pytest.approx(best.possible)
