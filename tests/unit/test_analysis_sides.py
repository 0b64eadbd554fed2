import re

import numpy as np
import pandas as pd
import pytest

from reco_lab.analysis.activity import _recent, activity, compare_with_neighbours
from reco_lab.analysis.baskets import baskets
from reco_lab.analysis.category_mix import category_mix
from reco_lab.analysis.cohorts import cohorts
from reco_lab.analysis.findings import _mover
from reco_lab.analysis.histories import per_customer
from reco_lab.analysis.hours import hours
from reco_lab.analysis.long_tail import long_tail
from reco_lab.analysis.missing import missing
from reco_lab.analysis.prices import price_bands
from reco_lab.analysis.profile import profile
from reco_lab.analysis.readiness import State, readiness
from reco_lab.analysis.repeats import repeats
from reco_lab.analysis.scope import Scope
from reco_lab.analysis.top_items import top_items
from reco_lab.analysis.view import look
from reco_lab.core.dataset import Dataset
from reco_lab.core.interactions import ColumnMap, Interactions

MONDAY = np.datetime64("2026-01-05", "us")


def view(rows, *, items=None, scope=None, customers=None):
    """Rows of (user, item, moment, kind); a moment is a text or days after a Monday."""
    frame = pd.DataFrame(rows, columns=["user", "item", "time", "kind"])
    if not pd.api.types.is_string_dtype(frame["time"]):
        frame["time"] = MONDAY + (frame["time"].to_numpy(float) * 86_400e6).astype("timedelta64[us]")
    frame = frame.astype({"time": "datetime64[us]", "user": "str", "item": "str"})
    log = Interactions.from_frame(frame, ColumnMap("user", "item", time="time", kind="kind"))
    return look(Dataset.join("shop", log, customers, items), scope or Scope())


def timeless(rows):
    frame = pd.DataFrame(rows, columns=["user", "item"]).astype("str")
    return look(Dataset.join("shop", Interactions.from_frame(frame, ColumnMap("user", "item"))), Scope())


def noise(days=200, mean=100, seed=0):
    return np.random.default_rng(seed).poisson(mean, days)


def test_the_profile_counts_who_was_active():
    found = profile(view([("c0", "a", 0, "view"), ("c0", "a", 1, "view"), ("c1", "b", 9, "purchase")]))

    assert (found.rows, found.customers, found.items, found.pairs, found.days) == (3, 2, 2, 2, 10)
    assert found.density == 0.5
    assert found.kinds["kind"].tolist() == ["view", "purchase"]


@pytest.mark.parametrize("mean", [5, 100, 2000])
def test_noise_alone_seldom_has_anything_unusual(mean):
    """At most one log in twenty is promised; of 100 that is at most 10 but once in a hundred times."""
    found = [compare_with_neighbours(noise(mean=mean, seed=seed), 7)[1].any() for seed in range(100)]

    assert sum(found) <= 10


def test_a_weekly_rhythm_is_not_unusual():
    weekly = np.tile([20, 20, 20, 20, 200, 300, 100], 30)

    assert not compare_with_neighbours(np.random.default_rng(0).poisson(weekly), 7)[1].any()


def test_a_day_of_three_times_the_trade_is_unusual_and_alone():
    rows = noise()
    rows[90] = 300
    expected, unusual = compare_with_neighbours(rows, 7)

    assert np.flatnonzero(unusual).tolist() == [90]
    assert expected[90] == pytest.approx(100, rel=0.15)


@pytest.mark.parametrize(("a_week", "days"), [(1.1, 180), (1.176, 120)])
def test_trade_that_grows_has_no_unusual_days_at_its_end(a_week, days):
    """By a tenth a week, or twice as much a month: the last weeks are ahead of all before them, as they should be."""
    grows = 20 * a_week ** (np.arange(days) / 7)
    found = [
        compare_with_neighbours(np.random.default_rng(seed).poisson(grows), 7)[1].any() for seed in range(100)
    ]

    assert np.mean(found) <= 0.1


def test_a_good_day_that_is_followed_by_others_is_no_change_of_trade():
    """Days hang together (correlation .5, a fifth up or down): four weeks seldom differ surely from the four before."""
    rng = np.random.default_rng(3)
    found = []
    for _ in range(200):
        moods = rng.normal(0, 0.2 * np.sqrt(0.75), 70)
        for day in range(1, 70):
            moods[day] += 0.5 * moods[day - 1]
        rows = rng.poisson(500 * np.exp(moods))
        found.append(_recent(pd.DataFrame({"day": np.arange(70), "rows": rows})).sure)

    assert np.mean(found) <= 0.04


def test_a_lost_day_is_unusual():
    rows = noise()
    rows[50] = 0

    assert np.flatnonzero(compare_with_neighbours(rows, 7)[1]).tolist() == [50]


def test_a_short_log_is_not_judged():
    assert np.isnan(compare_with_neighbours(noise(20), 7)[0]).all()


def test_days_without_a_row_are_days_of_zero():
    found = activity(view([("c", "a", 0, "view"), ("c", "b", 3, "view"), ("c", "c", 3, "view")]))

    assert found.series["rows"].tolist() == [1, 0, 0, 2]


def test_four_weeks_of_more_trade_are_said_and_equal_ones_are_not():
    def over(counts):
        return view([("c", "a", day, "view") for day, count in enumerate(counts) for _ in range(count)])

    calm = noise(60, 30)
    busier = calm.copy()
    busier[31:] *= 2

    assert activity(over(busier)).recent.sure
    assert not activity(over(calm)).recent.sure


def test_without_times_nothing_is_said_about_time():
    known = timeless([("c", "a"), ("c", "b")])

    assert [made(known) for made in (activity, hours, cohorts, baskets)] == [None] * 4
    assert repeats(known).returning is None


def test_equal_items_have_no_tail():
    found = long_tail(timeless([(f"c{n}", f"i{n % 10}") for n in range(100)]))

    assert found.gini == pytest.approx(0)
    assert found.top_share == pytest.approx(0.2)
    assert found.for_most == 8


def test_one_item_that_takes_nearly_all_is_seen():
    rows = [(f"c{n}", "hit") for n in range(990)] + [(f"c{n}", f"i{n}") for n in range(9)] + [("c0", "i9")]
    found = long_tail(timeless(rows))

    assert found.gini > 0.88
    assert found.for_most == 1
    assert found.few == 10


def test_every_customer_falls_into_one_class_of_size():
    rows = [(f"c{n}", f"i{k}") for n, size in enumerate((1, 1, 2, 5, 1200)) for k in range(size)]
    found = per_customer(timeless(rows))

    sizes = found.bins.set_index("label")["owners"]

    assert sizes[sizes > 0].to_dict() == {"1": 2, "2": 1, "3–5": 1, "over 1,000": 1}
    assert (found.owners, found.once, found.most) == (5, 2, 1200)


def test_coming_back_means_another_day():
    found = repeats(
        view(
            [("c0", "a", 0, "view"), ("c0", "b", 0.5, "view"), ("c1", "a", 0, "view"), ("c1", "b", 6, "view")]
        )
    )

    assert (found.customers, found.returning, found.gap) == (2, 1, 6)


def test_taking_again_counts_purchases_where_there_are_any():
    rows = [
        ("c0", "a", 0, "view"),
        ("c0", "a", 1, "view"),
        ("c0", "a", 1, "purchase"),
        ("c0", "a", 2, "purchase"),
    ]
    found = repeats(view(rows))

    assert (found.rows, found.again, found.purchases) == (2, 1, True)


def test_weeks_of_a_long_log_give_the_known_retention():
    rows = []
    for week in range(10):
        for customer in range(40):
            rows.append((f"w{week}c{customer}", "a", 7 * week + customer % 7, "view"))
            if customer % 2 and week < 9:
                rows.append((f"w{week}c{customer}", "a", 7 * (week + 1) + customer % 7, "view"))
    found = cohorts(view(rows))
    first = found.pooled.iloc[0]

    assert found.unit == "week"
    assert (first["age"], first["customers"], first["share"]) == (1, 8 * 40, 0.5)
    assert first["low"] < 0.5 < first["high"]
    assert found.retention[1].dropna().eq(0.5).all()
    assert np.isnan(found.retention[1].iloc[-1])


def test_new_and_returning_add_up_to_the_active_customers():
    rows = [(f"c{n}", "a", n % 50, "view") for n in range(300)] + [
        (f"c{n}", "b", 45, "view") for n in range(60)
    ]
    found = cohorts(view(rows)).periods

    assert found["new"].sum() == 300
    assert found["returning"].sum() > 0


def test_a_cohort_is_only_called_the_best_where_chance_did_not_choose_it():
    rng, told = np.random.default_rng(2), []
    for better in (0.25, 0.9):
        rows = []
        for month in range(12):
            for who in range(30):
                name, day = f"m{month:02d}-{who}", 30 * month + 1
                rows.append((name, "a", day, "view"))
                if rng.random() < (better if month == 5 else 0.25):
                    rows.append((name, "a", day + 30, "view"))
        found = cohorts(view(rows))
        told.append(found.best(1) is not None)

    assert told == [False, True]


def test_an_hour_is_put_on_its_weekday():
    rows = [
        ("c", "a", "2026-01-05T09:30", "view"),
        ("c", "a", "2026-01-11T23:59", "view"),
        ("c", "a", "2026-01-11T23:01", "view"),
    ]
    found = hours(view(rows))

    assert found.rows[0, 9] == 1
    assert found.peak == ("Sunday", 23)


@pytest.mark.parametrize(("visits", "evenings", "told"), [(100, 0, False), (100, 40, True), (3000, 0, False)])
def test_an_hour_is_only_called_the_busiest_where_chance_did_not_make_it_so(visits, evenings, told):
    """A hundred visits at any hour leave some hour with five; forty on Thursday evenings are no chance."""
    rng, sure = np.random.default_rng(6), []
    for _ in range(10):
        moments = [*rng.uniform(0, 56, visits), *(3 + 7 * rng.integers(0, 8, evenings) + 20.5 / 24)]
        rows = [(f"c{n}", f"i{item}", at, "view") for n, at in enumerate(moments) for item in range(3)]
        sure.append(hours(view(rows)).sure)

    assert np.mean(sure) == told


def test_a_weekday_that_is_in_the_log_twice_is_not_busier_for_that():
    """Ten days from a Monday on, alike at all hours: Monday to Wednesday come twice."""
    rng, found = np.random.default_rng(1), []
    for _ in range(5):
        moments = 4 + rng.uniform(0, 10, 20_000)
        found.append(hours(view([(f"c{n}", "a", at, "view") for n, at in enumerate(moments)])))

    assert not any(one.sure for one in found)
    assert {one.days.tolist().count(2) for one in found} == {3}
    assert max(one.times for one in found) < 1.5


def test_days_without_hours_have_no_weekly_rhythm():
    assert hours(view([("c", "a", day, "view") for day in range(30)])) is None


def crowd(last, before=40, others=400):
    """Item x has `before` customers in the four weeks before and `last` in the last four; others stay alike."""
    rows = [(f"o{n}", f"i{n % 20}", n % 56, "view") for n in range(others)]
    rows += [(f"b{n}", "x", n % 28, "view") for n in range(before)]
    return view(rows + [(f"n{n}", "x", 28 + n % 28, "view") for n in range(last)])


def test_an_item_with_three_times_the_customers_surely_rises():
    found = top_items(crowd(120))

    assert found.window == 28
    assert found.movers["title"].tolist()[0] == "x"
    assert found.movers["change"].iloc[0] > 0
    assert found.rose >= 1


def test_a_rise_from_nobody_is_told_in_customers_not_in_percent():
    risen, fresh = (_mover(top_items(crowd(120, before=before))) for before in (40, 0))

    assert risen.number.endswith("%")
    assert fresh.number == "120"
    assert fresh.sentence.startswith(
        "customers came to “x” in the last 28 days, nobody in the 28 days before"
    )


def test_what_chance_gives_is_no_movement():
    found = top_items(crowd(44))

    assert not found.top["sure"].any()
    assert (found.rose, found.fell) == (0, 0)


def test_one_eager_customer_moves_nothing():
    rows = [(f"o{n}", f"i{n % 20}", n % 56, "view") for n in range(400)]
    found = top_items(view(rows + [("eager", "x", 40 + n / 100, "view") for n in range(500)]))

    assert not found.top["sure"].any()


def test_a_short_log_has_no_movement():
    assert top_items(view([("c", "a", day, "view") for day in range(5)])).window == 0


def test_price_bands_hold_the_whole_catalogue():
    items = pd.DataFrame({"price": np.arange(1.0, 21)}, index=[f"i{n:02d}" for n in range(20)])
    rows = [(f"c{n}", "i00", 0, "view") for n in range(30)] + [("c0", "i19", 0, "view")] * 10
    found = price_bands(view(rows, items=items))

    assert found.bands["items"].tolist() == [4] * 5
    assert found.bands["share"].tolist() == [0.75, 0, 0, 0, 0.25]
    assert found.median == 1


def test_the_mix_sets_what_is_taken_beside_what_is_offered():
    items = pd.DataFrame({"category": ["x", "x", "x", "y"]}, index=list("abcd"))
    found = category_mix(view([("c0", "a", 0, "view"), ("c1", "d", 0, "view")], items=items))

    assert found.mix.set_index("category").loc["y", ["share", "item_share", "index"]].tolist() == [
        0.5,
        0.25,
        2,
    ]
    assert not found.several


def test_shares_of_a_category_are_of_what_has_one():
    items = pd.DataFrame({"category": ["x", "y", None, None]}, index=list("abcd"))
    found = category_mix(view([(f"c{n}", name, 0, "view") for n, name in enumerate("abcd")], items=items))

    assert found.mix[["share", "item_share", "index"]].iloc[0].tolist() == [0.5, 0.5, 1]
    assert found.unknown == 0.5


def test_gaps_are_counted_by_column():
    items = pd.DataFrame({"title": ["A", None], "price": [1.0, 2.0]}, index=list("ab"))
    found = missing(view([("c0", "a", 0, "view")], items=items).data)

    assert found.iloc[0].to_dict() == {
        "table": "items",
        "column": "title",
        "known": 1,
        "missing": 1,
        "share": 0.5,
        "distinct": 1,
    }


def test_a_handful_of_rows_cannot_train():
    found = readiness(view([("c0", "a", 0, "view"), ("c1", "b", 1, "view")]))

    assert found.state is State.lacking
    assert found.sentence.startswith("Not yet")


def test_a_robot_is_seen_before_training():
    rows = [(f"c{n % 100}", f"i{n % 30}", n % 90, "view") for n in range(2000)]
    rows += [("robot", f"i{n % 30}", n % 90, "view") for n in range(1000)]
    point = next(one for one in readiness(view(rows)).points if "dominates" in one.label)

    assert point.state is State.lacking
    assert "33.3%" in point.found


def test_times_are_wanted_but_not_needed():
    found = readiness(timeless([(f"c{n % 600}", f"i{n % 60}") for n in range(12_000)]))

    assert next(point for point in found.points if point.label == "Times").state is State.lacking
    assert found.state is State.good


def test_days_in_what_it_takes_are_written_as_everywhere():
    rows = [(f"c{n % 100}", f"i{n % 30}", n % 90, "view") for n in range(2000)]
    point = next(one for one in readiness(view(rows)).points if one.label == "Customers to test on")

    assert re.search(r"\(from \d{1,2} [A-Z][a-z]{2} \d{4}\)", point.why)
