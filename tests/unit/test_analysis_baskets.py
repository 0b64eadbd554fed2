from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from reco_lab.analysis.activity import activity
from reco_lab.analysis.baskets import baskets
from reco_lab.analysis.category_mix import category_mix
from reco_lab.analysis.cohorts import cohorts
from reco_lab.analysis.funnel import _clustered, funnel
from reco_lab.analysis.histories import per_customer
from reco_lab.analysis.hours import hours
from reco_lab.analysis.long_tail import long_tail
from reco_lab.analysis.prices import price_bands
from reco_lab.analysis.profile import profile
from reco_lab.analysis.readiness import readiness
from reco_lab.analysis.repeats import repeats
from reco_lab.analysis.scope import Scope
from reco_lab.analysis.top_items import top_items
from reco_lab.analysis.view import look
from reco_lab.core.dataset import Dataset
from reco_lab.core.interactions import ColumnMap, Interactions


def view(rows):
    """Rows of (user, item, days after a Monday, kind)."""
    frame = pd.DataFrame(rows, columns=["user", "item", "time", "kind"])
    after = (frame["time"].to_numpy(float) * 86_400e6).astype("timedelta64[us]")
    frame = frame.astype({"user": "str", "item": "str"}).assign(
        time=np.datetime64("2026-01-05", "us") + after
    )
    log = Interactions.from_frame(frame, ColumnMap("user", "item", time="time", kind="kind"))
    return look(Dataset.join("shop", log), Scope())


def random_baskets(together=0, customers=400, seed=0):
    """Baskets of two random items of 12; so many more hold bread and butter, each of another customer."""
    rng = np.random.default_rng(seed)
    rows = [
        (f"c{n}", f"i{item}", n % 90, "purchase")
        for n in range(customers)
        for item in rng.choice(12, 2, replace=False)
    ]
    return rows + [
        (f"t{n}", item, n % 90, "purchase") for n in range(together) for item in ("bread", "butter")
    ]


def test_what_is_bought_together_far_more_than_by_chance_is_on_top():
    found = baskets(view(random_baskets(together=60)))
    best = found.pairs.iloc[0]

    assert {best["first_title"], best["second_title"]} == {"bread", "butter"}
    assert (best["baskets"], best["customers"]) == (60, 60)
    assert [best["lift"], best["times"]] == pytest.approx([460 / 60] * 2)  # all baskets are equally full
    assert 1 < best["low"] < best["times"]


@pytest.mark.parametrize("seed", range(10))
def test_random_baskets_hold_no_pair(seed):
    assert len(baskets(view(random_baskets(seed=seed))).pairs) == 0


def test_a_tiny_pair_is_never_shown_however_large_its_lift():
    assert len(baskets(view(random_baskets(together=6))).pairs) == 0


def test_one_customer_s_habit_is_no_pair():
    habit = [("fan", item, day, "purchase") for day in range(60) for item in ("bread", "butter")]

    assert len(baskets(view(random_baskets() + habit)).pairs) == 0


def test_a_habit_that_a_few_others_share_once_is_no_pair():
    """Of 71 baskets one customer has 60: eleven more do not make it a thing that customers do."""
    habit = [("fan", item, day, "purchase") for day in range(60) for item in ("bread", "butter")]
    others = [(f"o{n}", item, n, "purchase") for n in range(11) for item in ("bread", "butter")]

    assert len(baskets(view(random_baskets() + habit + others)).pairs) == 0


@pytest.mark.parametrize("seed", range(3))
def test_full_baskets_alone_make_no_pair(seed):
    """Items drawn apart, in baskets of one to fifty: any two meet in the full ones, three times as often as if all were equal."""
    rng = np.random.default_rng(seed)
    weights = 1 / np.arange(1, 101)
    sizes = np.ceil(rng.lognormal(0.7, 1, 1500)).clip(max=50).astype(int)
    rows = [
        (f"c{n}", f"i{item}", n % 90, "purchase")
        for n, size in enumerate(sizes)
        for item in rng.choice(100, size, replace=False, p=weights / weights.sum())
    ]
    found = baskets(view(rows))

    assert found.tested > 1000
    assert len(found.pairs) == 0


def test_the_lift_of_the_textbooks_stands_beside_what_full_baskets_leave_of_it():
    """Bread and butter are in 60 baskets together, 60 of which hold ten things more."""
    fillings = [(f"t{n}", f"f{place}", n % 90, "purchase") for n in range(60) for place in range(10)]
    best = baskets(view(random_baskets(together=60) + fillings)).pairs
    best = best[(best["first_title"] + best["second_title"]).isin(["breadbutter", "butterbread"])].iloc[0]

    assert best["lift"] == pytest.approx(460 / 60)
    assert 1 < best["low"] < best["times"] < best["lift"]


def test_an_item_in_every_basket_goes_with_nothing():
    rows = [
        (f"c{n}", item, n % 90, "purchase")
        for n in range(120)
        for item in ("bag", f"i{n % 4}", f"j{n % 3}")[: 2 + n % 2]
    ]

    assert "bag" not in baskets(view(rows)).pairs[["first_title", "second_title"]].to_numpy()


def test_a_till_s_giant_basket_is_counted_and_left_out():
    giant = [("till", f"i{n}", 3, "purchase") for n in range(80)]
    found = baskets(view(random_baskets() + giant))

    assert found.oversized == 1
    assert found.sizes.set_index("label")["baskets"]["over 50"] == 1


def test_two_visits_on_one_day_are_one_basket():
    found = baskets(
        view([("c", "a", 0.1, "purchase"), ("c", "b", 0.9, "purchase"), ("c", "c", 1.1, "purchase")])
    )

    assert (found.baskets, found.single, found.mean) == (2, 1, 1.5)


def test_a_funnel_counts_steps_in_the_order_of_time():
    rows = [
        ("c0", "a", 0, "view"), ("c0", "a", 1, "cart"), ("c0", "a", 2, "purchase"),
        ("c1", "a", 0, "view"), ("c1", "a", 1, "cart"),
        ("c2", "a", 5, "view"), ("c2", "a", 1, "purchase"),
        ("c3", "a", 0, "view"),
    ]  # fmt: skip
    found = funnel(view(rows))

    assert found.steps["pairs"].tolist() == [4, 2, 1]
    assert found.steps["of_previous"].tolist()[1:] == [0.5, 0.5]
    assert found.unseen == 0.5


def test_the_interval_of_a_step_is_over_customers():
    """One customer with a hundred pairs is one opinion."""
    rows = [("heavy", f"i{n}", 0, kind) for n in range(100) for kind in ("view", "purchase")]
    rows += [(f"c{n}", "i0", 0, "view") for n in range(10)]
    step = funnel(view(rows)).steps.iloc[1]

    assert step["high"] - step["low"] > 0.25


@pytest.mark.parametrize(
    ("customers", "share", "pairs"),
    [(10, 0.05, 1), (30, 0.01, 1), (100, 0.01, 1), (100, 0.05, 5), (10, 0.3, 1)],
)
def test_the_interval_of_a_step_holds_for_few_customers_and_small_shares(customers, share, pairs):
    """Each customer has a share of her own; where nobody went on, the true share need not be 0."""
    rng, held = np.random.default_rng(2), 0
    for _ in range(400):
        own = np.full(customers, share) if pairs == 1 else rng.beta(2 * share, 2 * (1 - share), customers)
        users = np.repeat(np.arange(customers), pairs)
        _, low, high = _clustered(users, rng.random(len(users)) < own[users], np.ones(len(users), bool))
        held += low <= share <= high

    assert held / 400 >= 0.89


def test_a_step_that_nobody_reached_leads_nowhere():
    rows = [("c", "a", 0, "view"), ("c", "b", 5, "cart"), ("c", "b", 6, "purchase"), ("d", "a", 0, "view")]
    steps = funnel(view([*rows, ("d", "b", 9, "view")])).steps

    assert steps["pairs"].tolist() == [3, 0, 0]
    assert steps["of_previous"].isna().tolist() == [True, False, True]
    assert 0 < steps["high"].iloc[1] < 1


def test_views_alone_are_no_funnel():
    assert funnel(view([("c", "a", 0, "view"), ("c", "b", 1, "view")])) is None


def test_a_scope_without_one_day_still_has_every_side():
    whole = view(random_baskets(together=20)).data
    part = look(whole, Scope(start=date(2026, 1, 5), end=date(2026, 1, 5)))

    for side in (
        profile,
        activity,
        long_tail,
        per_customer,
        repeats,
        cohorts,
        hours,
        top_items,
        baskets,
        funnel,
        category_mix,
        price_bands,
        readiness,
    ):
        side(part)
    assert len(part.log) < len(whole.interactions)


def test_a_data_set_keeps_its_arrays_untouched():
    known = view(random_baskets(together=20))
    before = replace(known.log).fingerprint
    for side in (profile, activity, repeats, cohorts, baskets, top_items):
        side(known)

    assert replace(known.log).fingerprint == before
