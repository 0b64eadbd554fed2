import math

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from reco_lab.algorithms.item_knn import ItemKnn
from reco_lab.campaigns.candidates import AskedModels
from reco_lab.campaigns.money import chances, worth
from reco_lab.campaigns.price import Trial, half_width, price
from reco_lab.campaigns.spec import Boost, Budget, Cap, Exclude, NotBought, Pin, Stock, Variety, Where
from reco_lab.core.batch import UserBatch
from reco_lab.core.dataset import Dataset
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.core.likeness import Likeness
from reco_lab.core.ranking import NO_ITEM, Candidates
from reco_lab.core.recommender import FitContext
from reco_lab.experiments.rerank import DEPTH

CUSTOMERS, ITEMS, K = 36, 40, 4
DAY = np.timedelta64(1, "D")


@pytest.fixture(scope="module")
def trial():
    rng = np.random.default_rng(5)
    taste = rng.integers(0, 4, CUSTOMERS)
    rows = [
        (
            f"c{user:03}",
            f"i{item:03}",
            pd.Timestamp("2025-01-01") + pd.Timedelta(days=int(rng.integers(0, 100))),
        )
        for user in range(CUSTOMERS)
        for item in rng.choice(ITEMS, 12, p=_taste(taste[user]))
    ]
    log = Interactions.from_frame(
        pd.DataFrame(rows, columns=["user", "item", "time"]), ColumnMap("user", "item", time="time")
    )
    items = pd.DataFrame(
        {
            "category": [f"k{n % 4}" for n in range(ITEMS)],
            "brand": [f"b{n % 7}" for n in range(ITEMS)],
            "price": [5.0 + n for n in range(ITEMS)],
            "stock": [8.0 if n % 3 else np.nan for n in range(ITEMS)],
        },
        index=[f"i{n:03}" for n in range(ITEMS)],
    )
    data = Dataset.join("shop", log, items=items)
    log = data.interactions
    relevant = sparse.csr_matrix((rng.random((CUSTOMERS, ITEMS)) < 0.1).astype(np.float32))
    users = np.arange(CUSTOMERS)
    scorer = ItemKnn().fit(data, FitContext())
    asked = AskedModels(
        UserBatch.of(log, users), (scorer,), np.zeros(CUSTOMERS, np.int32), scorer,
        Candidates(items=np.ones(ITEMS, bool)), exclude_seen=False,
    )  # fmt: skip
    ranking = asked.best(slice(None), DEPTH, np.ones(ITEMS, bool)).items
    money = worth(ranking, relevant, data, rate=None, value=None, days=28)
    return Trial(
        asked=asked, users=users, relevant=relevant, train=data, known=log, as_of=log.times.max(),
        n_candidates=ITEMS, worth=money, likeness=Likeness(log.matrix.tocsc()), share=0.5,
        segments={"first": users < 20, "a few": users < 19},
    )  # fmt: skip


def _taste(kind):
    weights = np.where(np.arange(ITEMS) % 4 == kind, 6.0, 1.0)
    return weights / weights.sum()


def full_lists(trial, rules, depth):
    """The lists by plain loops over scores, knowing nothing of how the product builds them; nothing is shared out."""
    items, scores = trial.train.items.reset_index(drop=True), trial.asked.scorers[0].score(trial.asked.batch)
    words = {name: items[name].to_numpy() for name in items}
    touched = (trial.train.interactions.matrix.toarray() > 0).astype(float)
    norms = np.sqrt(touched.sum(axis=0))
    alike = touched.T @ touched / np.outer(norms, norms)
    meets = {rule: _meets(rule.where, items) for rule in rules if hasattr(rule, "where")}
    strength = sum(rule.strength for rule in rules if rule.kind == "variety")
    lists = []
    for user in range(CUSTOMERS):
        allowed = _allowed(trial, rules, meets, user)
        order = [item for item in np.lexsort((np.arange(ITEMS), -scores[user])) if allowed[item]]
        first = order[:depth]
        top, bottom = scores[user][first[0]], scores[user][first[-1]]
        value = np.clip((scores[user] - bottom) / (top - bottom or 1), 0, 1)
        for rule in rules:
            if rule.kind == "boost":
                value = value + rule.strength * meets[rule]
        chosen = []
        for place in range(1, K + 1):
            free = [item for item in order if item not in chosen and _capped(rules, words, chosen, item)]
            pins = [meets[rule] for rule in rules if rule.kind == "pin" and rule.place == place]
            meant = [item for item in order if pins and pins[0][item]]
            near = {*meant[:K], *(item for item in first if item in meant)}
            options = [item for item in free if item in near] or [item for item in free if item in first]
            close = alike[:, chosen].max(axis=1) if chosen else np.zeros(ITEMS)
            gain = np.round((1 - strength) * value - strength * close, 5)
            chosen += sorted(
                options, key=lambda item, gain=gain, order=order: (-gain[item], order.index(item))
            )[:1]
        lists.append(chosen + [NO_ITEM] * (K - len(chosen)))
    return np.array(lists)


def _allowed(trial, rules, meets, user):
    log, allowed = trial.train.interactions, np.ones(ITEMS, bool)
    for rule in rules:
        if rule.kind == "exclude":
            allowed &= ~meets[rule]
        if rule.kind == "not_bought":
            late = log.times >= trial.as_of - rule.days * DAY
            allowed[log.items[late & (log.users == user)]] = False
    return allowed


def _meets(where, items):
    column = items[where.column]
    if where.one_of:
        return column.isin(where.one_of).to_numpy()
    low = -np.inf if where.low is None else where.low
    high = np.inf if where.high is None else where.high
    return ((column >= low) & (column <= high)).to_numpy()


def _capped(rules, words, chosen, item):
    return all(
        sum(words[rule.column][other] == words[rule.column][item] for other in chosen) < rule.most
        for rule in rules
        if rule.kind == "cap"
    )


def ndcg(trial, lists):
    wanted = trial.relevant.toarray() > 0
    values = []
    for user, row in enumerate(lists):
        if not wanted[user].any():
            continue
        gain = sum(
            1 / math.log2(place + 2) for place, item in enumerate(row) if item >= 0 and wanted[user][item]
        )
        ideal = sum(1 / math.log2(place + 2) for place in range(min(K, wanted[user].sum())))
        values.append(gain / ideal)
    return np.mean(values)


def money(trial, lists):
    ranking, price_of = trial.worth.ranking, trial.train.items["price"].to_numpy()
    total = 0.0
    for user, row in enumerate(lists):
        for item in row:
            if item >= 0:
                place = list(ranking[user]).index(item)
                total += trial.worth.chances[place] * price_of[item]
    return 1000 * total / CUSTOMERS


RULES = (
    Exclude(where=Where(column="price", low=38)),
    NotBought(days=30),
    Cap(column="category", most=2),
    Cap(column="brand", most=1),
    Boost(where=Where(column="brand", one_of=("b1", "b2")), strength=0.25),
    Pin(where=Where(column="category", one_of=("k3",)), place=2),
    Variety(strength=0.3),
)


@pytest.mark.parametrize("depth", [DEPTH, 16])
def test_every_price_tag_is_what_a_whole_evaluation_gives(trial, depth, monkeypatch):
    monkeypatch.setattr("reco_lab.campaigns.candidates.DEPTH", depth)
    trial.pools.clear()
    found = price(trial, RULES, K)
    ruled = full_lists(trial, RULES, depth)
    for tag in found.tags:
        without = full_lists(trial, [rule for place, rule in enumerate(RULES) if place != tag.rule], depth)
        assert tag.ndcg == pytest.approx(ndcg(trial, ruled) - ndcg(trial, without), abs=1e-6), tag.sentence
        assert tag.revenue == pytest.approx(money(trial, ruled) - money(trial, without), abs=1e-3), (
            tag.sentence
        )
        shares = [len(np.unique(lists[lists >= 0])) / ITEMS for lists in (ruled, without)]
        assert tag.coverage == pytest.approx(shares[0] - shares[1])
        changed = (ruled != without).any(axis=1)
        assert tag.changed == pytest.approx(changed.mean()), tag.sentence
        assert tag.by_segment["first"] == pytest.approx(changed[:20].mean())
        assert "a few" not in tag.by_segment
    assert any(tag.changed > 0.05 for tag in found.tags)


@pytest.mark.parametrize(("customers", "touched"), [(50, 0.01), (100, 0.03), (300, 0.1), (300, 0.5)])
def test_the_tags_of_four_rules_hold_together(customers, touched):
    """A rule that touches few lists leaves most differences at 0, which knows little of the lists it would touch."""
    rng = np.random.default_rng(7)
    together = 0
    for _ in range(300):
        hit = rng.random((5, customers)) < touched
        gaps = -np.where(hit, rng.choice([0.3, 0.5, 1.0], hit.shape), 0.0)
        halves = np.array([half_width(gap, 1 - 0.05 / 5) for gap in gaps])
        together += bool((np.abs(gaps.mean(axis=1) + 0.6 * touched) <= halves).all())

    assert together / 300 >= 0.92


def test_scarcity_has_a_price_tag_too(trial):
    rules = (Stock(column="stock"), Budget(total=900, column="price"))
    found = price(trial, rules, K)
    shown = found.ruled.items[found.ruled.items >= 0]
    stock = trial.train.items["stock"].to_numpy()
    known = np.isfinite(stock)
    assert (
        np.bincount(shown, minlength=ITEMS)[known] <= 4
    ).all()  # half of the customers, half of the pieces
    assert trial.train.items["price"].to_numpy()[shown].sum() <= 450
    assert found.altogether.changed > 0
    assert found.altogether.revenue < 0


def test_without_rules_there_is_nothing_to_price(trial):
    trial.pools.clear()
    found = price(trial, (), K)
    assert found.tags == ()
    assert found.altogether is None
    assert found.ruled.ndcg == pytest.approx(ndcg(trial, full_lists(trial, (), DEPTH)))


def test_the_chances_fall_from_place_to_place_and_add_up_to_the_hits():
    rng = np.random.default_rng(0)
    ranking = np.argsort(rng.random((500, 20)), axis=1).astype(np.int32)
    relevant = sparse.csr_matrix((rng.random((500, 20)) < 0.2).astype(np.float32))
    found = chances(ranking, relevant)
    assert (np.diff(found) <= 1e-12).all()
    assert 500 * found[:-1].sum() == pytest.approx(relevant.nnz)


def test_money_that_nobody_knows_is_asked_for_and_an_assumption_is_called_one(trial):
    bare = Dataset("bare", trial.train.interactions)
    ranking = trial.worth.ranking
    unknown = worth(ranking, trial.relevant, bare, rate=None, value=None, days=None)
    assert unknown.per_thousand(ranking[:, :K]) is None
    assert "say what a sale is worth" in unknown.sentence
    assumed = worth(ranking, trial.relevant, bare, rate=0.02, value=10.0, days=None)
    assert assumed.assumed
    assert assumed.per_thousand(ranking[:, :K]) == pytest.approx(1000 * K * 0.02 * 10)
    items = trial.train.items.assign(price=[5.0] + [np.nan] * (ITEMS - 1))
    some = worth(
        ranking,
        trial.relevant,
        Dataset("some", trial.train.interactions, items=items),
        rate=0.02,
        value=None,
        days=None,
    )
    lacking = 100 * (ITEMS - 1) / ITEMS
    assert f"{lacking:.0f}% of the items have no price and count as 0" in some.sentence
