import json
import shutil
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from reco_lab.core.clock import ManualClock
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import CorruptError, DataError, NotFoundError, ParameterError
from reco_lab.core.interactions import Kind
from reco_lab.services.shop import load_shop, load_world, make_shop
from reco_lab.simulation.owned import Owned
from reco_lab.simulation.policy import PopularWindow, Shown
from reco_lab.simulation.shop import SimulatedShop, State, simulate, walk
from reco_lab.simulation.spec import Shop
from reco_lab.simulation.world import World

SHIPPED = Path(__file__).parents[2] / "datasets" / "demo-shop"
SMALL = Shop(customers=250, items=140, days=56, test_days=21, seed=5)
FUTURES = 12


@pytest.fixture(scope="module")
def small():
    return simulate(SMALL)


@pytest.fixture(scope="module")
def shipped():
    return load_shop(SHIPPED)


@dataclass(frozen=True)
class Futures:
    """A busy shop at its cut, the truth about its test period, and that period lived many times."""

    world: World
    at_cut: State
    truth: np.ndarray
    bought: np.ndarray

    def differ(self, pairs):
        """How many standard errors the purchases of these pairs lie from the truth."""
        counts = self.bought[:, pairs].sum(axis=1)
        error = max(counts.std(ddof=1), np.sqrt(self.truth[pairs].sum())) / np.sqrt(FUTURES)
        assert self.truth[pairs].sum() * FUTURES > 100, "a group must hold enough purchases to judge"
        return abs(counts.mean() - self.truth[pairs].sum()) / error


@pytest.fixture(scope="module")
def futures():
    quiet, clock = World.build(SMALL), ManualClock(SMALL.opening)
    world = replace(quiet, people=replace(quiet.people, activity=15 * quiet.people.activity))
    state = State(0, Owned.nothing(SMALL.items), PopularWindow(np.zeros(SMALL.items)))
    *_, (_, state) = walk(world, state, SMALL.cut, clock=clock)
    bought = np.zeros((FUTURES, SMALL.customers, SMALL.items), bool)
    for number in range(FUTURES):
        for day, _ in walk(world.with_seed(1000 + number), state, SMALL.days, clock=clock, learning=False):
            rows = day.events[day.events["kind"] == Kind.purchase]
            bought[number, rows["customer"], rows["item"]] = True
    truth = SimulatedShop(world, pd.DataFrame(), state).truth()
    return Futures(world, state, truth, bought)


def bought_after_cut(data: Dataset):
    """Customers x items: whether bought in the test period."""
    return bought(data, data.interactions.times >= data.truth.start)


def bought(data: Dataset, rows):
    log = data.interactions.take(rows).of_kinds((Kind.purchase,))
    return log.matrix.toarray() > 0


def story(data: Dataset):
    """nDCG@10 of popularity, item cosine and the oracle for warm customers, on first purchases after the cut."""
    before, after = bought(data, data.interactions.times < data.truth.start), bought_after_cut(data)
    wanted = after & ~before
    warm = before.any(axis=1) & wanted.any(axis=1)
    train = before.astype(np.float32)
    together = train.T @ train
    norm = np.sqrt(np.diag(together)) + 1e-9
    cosine = together / np.outer(norm, norm) * (1 - np.eye(len(norm), dtype=np.float32))
    popular = np.broadcast_to(train.sum(axis=0), train.shape)
    return [
        ndcg(np.where(before, -np.inf, scores)[warm], wanted[warm])
        for scores in (popular, train @ cosine, data.truth.probability)
    ]


def ndcg(scores, wanted, k=10):
    best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    discount = 1 / np.log2(np.arange(2, k + 2))
    ideal = np.append(0, np.cumsum(discount))[wanted.sum(axis=1).clip(max=k)]
    return ((np.take_along_axis(wanted, best, axis=1) * discount).sum(axis=1) / ideal).mean()


def test_the_truth_is_what_happens_when_the_test_period_is_lived_many_times(futures):
    edges = np.array([0, 0.004, 0.01, 0.03, 0.08, 0.2, 0.5, 1.01])
    for low, high in pairwise(edges):
        assert futures.differ((futures.truth >= low) & (futures.truth < high)) < 3, (low, high)


@pytest.mark.parametrize(("one_a", "summed_over"), [("item", 0), ("customer", 1)])
def test_the_truth_holds_item_by_item_and_customer_by_customer(futures, one_a, summed_over):
    truth = futures.truth
    expected, variance = truth.sum(axis=summed_over), (truth * (1 - truth)).sum(axis=summed_over) / FUTURES
    lived = futures.bought.mean(axis=0).sum(axis=summed_over)
    known = expected * FUTURES > 5
    squares = (lived - expected)[known] ** 2 / variance[known]
    assert 0.6 < squares.mean() < 1.35, one_a


def test_the_truth_holds_for_restocking_new_items_and_new_customers(futures):
    world, shape = futures.world, futures.truth.shape
    rows, items, _ = futures.at_cut.owned.of(np.arange(SMALL.customers))
    restocked, kept = np.zeros(shape, bool), np.zeros(shape, bool)
    restocked[rows, items] = world.catalogue.lasts[items] > 0
    kept[rows, items] = world.catalogue.lasts[items] == 0
    assert futures.differ(restocked) < 3
    assert futures.differ(np.broadcast_to(world.catalogue.added >= SMALL.cut, shape)) < 3
    assert futures.differ(np.broadcast_to((world.people.joined >= SMALL.cut)[:, None], shape)) < 3
    assert futures.truth[kept].max() == 0
    assert not futures.bought[:, kept].any()


def test_the_shipped_purchases_agree_with_the_shipped_truth(shipped):
    truth, happened = shipped.truth.probability, bought_after_cut(shipped)
    assert happened.sum() == pytest.approx(truth.sum(), rel=0.08)
    for low, high in ((0, 0.003), (0.003, 0.01), (0.01, 0.03), (0.03, 0.1), (0.1, 0.3), (0.3, 1)):
        pairs = (truth >= low) & (truth < high)
        assert happened[pairs].mean() == pytest.approx(truth[pairs].mean(), rel=0.2)


def test_the_shipped_shop_tells_a_story(shipped):
    popular, cosine, oracle = story(shipped)
    assert cosine > 1.5 * popular
    assert oracle > 2 * cosine


def test_the_shipped_shop_has_cold_customers_cold_items_robots_and_every_kind(shipped):
    log, cut = shipped.interactions, shipped.truth.start
    before, buys = log.take(log.times < cut), bought_after_cut(shipped)
    assert (buys.any(axis=1) & (np.diff(before.user_starts) == 0)).sum() >= 10
    assert (buys.any(axis=0) & (before.item_counts == 0)).sum() >= 3
    assert set(np.unique(log.kinds)) == {Kind.view, Kind.cart, Kind.purchase, Kind.rating}
    buyers = np.unique(log.users[log.kinds == Kind.purchase])
    views = np.bincount(log.users[log.kinds == Kind.view], minlength=log.n_users)
    views[buyers] = 0
    assert (views > 1000).sum() >= 3
    assert buys.any(axis=1).sum() > 600


def test_ratings_are_stars_and_everything_lies_in_the_days_of_the_shop(shipped):
    log, world = shipped.interactions, load_world(SHIPPED)
    assert set(np.unique(log.values[log.kinds == Kind.rating])) == {1, 2, 3, 4, 5}
    assert (log.values[log.kinds != Kind.rating] == 1).all()
    assert log.times.min() >= world.spec.moment(0)
    assert log.times.max() < shipped.truth.end == world.spec.moment(world.spec.days)


def test_nobody_acts_before_signing_up_and_nothing_is_touched_before_it_arrives(shipped):
    log = shipped.interactions
    assert (log.times >= shipped.customers["signup"].to_numpy()[log.users]).all()
    assert (log.times >= shipped.items["added"].to_numpy()[log.items]).all()


def test_titles_are_distinct_and_prices_above_zero(shipped):
    assert shipped.items["title"].is_unique
    assert (shipped.items["price"] > 0).all()
    assert shipped.items["margin"].between(0.1, 0.7).all()


def test_the_shipped_files_are_small_and_open_at_once(shipped):
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 5_000_000
    assert shipped.synthetic
    assert shipped.truth.probability.shape == (shipped.interactions.n_users, shipped.interactions.n_items)


@pytest.mark.slow
def test_the_shipped_shop_can_be_made_again(shipped, tmp_path):
    spec = json.loads((SHIPPED / "shop.json").read_text())["shop"]
    again = load_shop(make_shop(tmp_path / "shop", **spec))
    assert again.fingerprint == shipped.fingerprint
    np.testing.assert_allclose(again.truth.probability, shipped.truth.probability, rtol=2e-3, atol=1e-6)


def test_the_same_words_make_the_same_bytes_and_another_seed_another_shop(tmp_path):
    small = {"customers": 60, "items": 60, "days": 40, "test_days": 7}
    one, two, other = (
        make_shop(tmp_path / name, seed=seed, **small) for name, seed in (("1", 1), ("2", 1), ("3", 2))
    )
    for path in one.iterdir():
        assert path.read_bytes() == (two / path.name).read_bytes()
    assert load_shop(one).fingerprint != load_shop(other).fingerprint


def test_a_damaged_file_is_noticed(tmp_path):
    folder = tmp_path / "shop"
    shutil.copytree(SHIPPED, folder)
    damaged = bytearray((folder / "truth.parquet").read_bytes())
    damaged[1000] ^= 1
    (folder / "truth.parquet").write_bytes(damaged)
    with pytest.raises(CorruptError, match=r"truth\.parquet"):
        load_shop(folder)


def test_mistakes_get_a_sentence_and_leave_nothing_behind(tmp_path):
    with pytest.raises(ParameterError, match="customers = 3 is not allowed; it must be from 50"):
        make_shop(tmp_path / "shop", customers=3)
    with pytest.raises(
        ParameterError,
        match=r"The shop: days must be at least 28 more than test_days, or there is nothing to learn from\.",
    ):
        make_shop(tmp_path / "shop", days=40, test_days=28)
    with pytest.raises(NotFoundError, match="There is no shop in"):
        load_shop(tmp_path / "shop")
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(DataError, match="is already there"):
        make_shop(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]


def test_a_shop_that_is_stopped_leaves_no_folder(tmp_path):
    def stop(_fraction, _message):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_shop(tmp_path / "shop", customers=60, items=60, report=stop)
    assert not list(tmp_path.iterdir())


def test_a_shop_without_a_test_period_has_no_truth(tmp_path):
    data = load_shop(make_shop(tmp_path / "shop", customers=60, items=60, days=30, test_days=0))
    assert data.truth is None


def test_the_popular_window_shows_what_it_says_it_shows():
    rng, slots, n = np.random.default_rng(0), 4, 60_000
    policy = PopularWindow(rng.random(14) * 10)
    candidates, attention = np.array([0, 1, 2, 4, 5, 7, 8, 9, 11, 13]), np.array([0.9, 0.7, 0.5, 0.3])
    shown = policy.choose(np.arange(n), candidates, slots, 0, rng)
    assert (np.diff(np.sort(shown.items, axis=1), axis=1) > 0).all(), "no item twice in a window"
    noticed = np.bincount(shown.items.ravel(), np.tile(attention, n), minlength=14)[candidates] / n
    expected = policy.chances(np.arange(1), candidates, attention, 0)[0]
    np.testing.assert_allclose(noticed, expected, atol=0.01)
    for item in np.unique(shown.items[:, 0]):
        rows = shown.items[:, 0] == item
        assert rows.mean() == pytest.approx(shown.propensities[rows, 0].mean(), abs=0.01)


def test_inverse_propensity_recovers_an_even_window():
    rng, n = np.random.default_rng(1), 200_000
    policy, candidates = PopularWindow(np.array([9.0, 1.0, 4.0, 2.0])), np.arange(4)
    shown = policy.choose(np.arange(n), candidates, 2, 0, rng)
    weight = 1 / shown.propensities.prod(axis=1)
    windows = np.unique(shown.items, axis=0)
    assert weight.mean() == pytest.approx(len(windows), rel=0.02)


@dataclass(frozen=True)
class Notebook:
    """Shows the first candidates to all and writes down what it is told."""

    calls: list = field(default_factory=list)

    def choose(self, visitors, candidates, slots, day, rng):
        assert rng.random() < 1
        items = np.tile(candidates[:slots], (len(visitors), 1))
        return Shown(items, np.ones(items.shape))

    def chances(self, visitors, candidates, attention, day):
        noticed = np.zeros((1, len(candidates)))
        noticed[0, : len(attention)] = attention
        return noticed

    def learn(self, feedback):
        self.calls.append(feedback)
        return self


def test_a_policy_of_ones_own_decides_what_is_shown_and_learns_until_the_test_period():
    clock, policy = ManualClock(datetime(2000, 1, 1, tzinfo=UTC)), Notebook()
    shop = simulate(SMALL, clock=clock, policy=policy)
    assert [call.day for call in policy.calls] == list(range(SMALL.cut))
    assert clock.now() == SMALL.opening + timedelta(days=SMALL.days - 1)
    assert all((call.bought <= call.opened).all() for call in policy.calls)
    assert shop.truth().sum() > 0


def test_higher_slots_are_opened_more_often():
    policy = Notebook()
    simulate(Shop(customers=1500, items=60, days=28, test_days=0), policy=policy)
    opened = np.concatenate([call.opened for call in policy.calls])
    assert opened[:, :6].sum() > 1.5 * opened[:, 6:].sum()


def test_dear_goods_sell_less_to_the_thrifty():
    world = World.build(SMALL)
    dear = np.argsort(world.catalogue.dearness)[-5:]
    thrifty = np.argsort(world.people.thrift - world.people.budget)
    chance = world.cart_chance(thrifty[:, None], dear, np.zeros((len(thrifty), len(dear))))
    assert chance[-40:].mean() < 0.6 * chance[:40].mean()


def test_ads_are_clicked_by_liking_position_and_freshness():
    world, everybody = World.build(SMALL), np.arange(SMALL.customers)
    chance = world.ad_click_probability(everybody)
    assert chance.shape == (SMALL.customers, SMALL.ads)
    assert 0.005 < chance.mean() < 0.2
    assert (chance[world.people.robot] == 0).all()
    people = ~world.people.robot
    assert (world.ad_click_probability(everybody, position=3)[people] < chance[people]).all()
    assert (world.ad_click_probability(everybody, seen=2)[people] < chance[people]).all()
    some = np.array([4, 1])
    np.testing.assert_array_equal(world.ad_click_probability(everybody, some), chance[:, some])


def test_what_is_owned_remembers_the_last_day():
    owned = Owned.nothing(10).after(np.array([3, 1]), np.array([2, 9]), 4)
    owned = owned.after(np.array([3, 2]), np.array([2, 0]), 6)
    rows, items, days = owned.of(np.array([1, 2, 3]))
    assert (rows.tolist(), items.tolist(), days.tolist()) == ([0, 1, 2], [9, 0, 2], [4, 6, 6])
    assert owned.has(np.array([3, 3]), np.array([2, 3])).tolist() == [True, False]


def test_purchases_repeat_only_for_what_is_used_up(small):
    bought = small.log[small.log["kind"] == Kind.purchase]
    counts = bought.groupby(["customer", "item"]).size()
    repeated = counts[counts > 1].index.get_level_values("item").to_numpy()
    assert len(repeated) > 5
    assert (small.world.catalogue.lasts[repeated] > 0).all()


def test_weekends_and_december_bring_more_visits():
    world = World.build(Shop())
    year = np.array([world.visit_chance(day).sum() for day in range(364)]).reshape(52, 7)
    assert year[:, 5:].mean() > 1.2 * year[:, :5].mean()
    assert year[48:50].mean() > 1.2 * year[40:44].mean()


def test_the_season_moves_winter_goods():
    world = World.build(Shop())
    winter = (world.catalogue.table["subcategory"] == "Ski goggles").to_numpy() & (world.catalogue.added <= 0)
    assert world.pull(10)[winter].min() > 5 * world.pull(190)[winter].max()
