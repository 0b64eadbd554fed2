import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from reco_lab.core.dataset import Dataset
from reco_lab.core.interactions import ColumnMap, Interactions, Kind
from reco_lab.core.ranking import Candidates
from reco_lab.core.splitting import Split, splitter
from reco_lab.experiments.inspector import inspect
from reco_lab.testing.splits import example


def _split(*rows, **changes):
    """A split from "part customer item day" words; part is train, validation or test."""
    frame = pd.DataFrame([row.split() for row in rows], columns=["part", "user", "item", "day"])
    frame["time"] = np.datetime64("2024-01-01") + frame["day"].astype(int).to_numpy("timedelta64[D]")
    marked = frame.assign(part=frame["part"].map({"train": 0.0, "validation": 1.0, "test": 2.0}))
    marks = Interactions.from_frame(marked, ColumnMap("user", "item", value="part", time="time")).values
    log = Interactions.from_frame(frame, ColumnMap("user", "item", time="time"))
    return Split(
        "hand", Dataset("hand", log), *(np.flatnonzero(marks == part) for part in range(3)), **changes
    )


ROWS = (
    "train ann a 1",
    "train ann b 2",
    "train bob a 3",
    "validation bob b 4",
    "test ann c 5",
    "test cid a 6",
)


def test_warm_and_cold_customers_and_items_are_counted():
    found = inspect(_split(*ROWS, "test bob d 7", "test bob b 8"))
    assert (found.test_customers, found.warm_customers, found.cold_customers) == (3, 0, 1)
    assert (found.test_items, found.cold_items) == (4, 2)
    assert found.cold_share == 1 / 4
    assert found.unknown_item_share == 2 / 4
    assert found.repeated_rows == 1


def test_customers_with_a_history_and_nothing_left_to_find_are_not_passed_over():
    found = inspect(_split(*ROWS, "train dan c 1", "test bob b 8", "test dan a 8"))
    assert found.findings[0].startswith("2 of 4 customers in the test are warm")
    assert (
        "1 other customer with a history cannot be judged: all their test rows are repeats"
        in found.findings[0]
    )
    assert (
        "cannot be judged"
        not in inspect(_split(*ROWS, "train dan c 1", "test dan a 8", repeats=True)).findings[0]
    )


def test_a_repeat_makes_a_customer_warm_where_repeats_count():
    assert inspect(_split(*ROWS, "test bob b 8", repeats=True)).warm_customers == 1
    assert inspect(_split(*ROWS, "test bob b 8")).warm_customers == 0


def test_each_part_has_its_size_and_time_range():
    train, validation, test = inspect(_split(*ROWS)).parts
    assert (train.rows, validation.rows, test.rows) == (3, 1, 2)
    assert (train.customers, train.items) == (2, 2)
    assert (train.first, test.last) == (np.datetime64("2024-01-02"), np.datetime64("2024-01-07"))


def test_rows_learned_from_after_the_test_are_counted_everywhere_and_for_the_same_customer():
    found = inspect(_split(*ROWS, "train ann e 7", "train dan a 8"))
    assert (found.later_rows, found.own_later_rows) == (2, 1)
    assert any("2 of the rows learned from" in one for one in found.findings)
    assert any("1 of them are later rows of the very customers" in one for one in found.findings)


def test_the_same_pair_in_two_parts_is_found():
    repeats = {one.parts: one.pairs for one in inspect(_split(*ROWS, "test ann a 9", "test bob b 9")).repeats}
    assert repeats == {("train", "validation"): 0, ("train", "test"): 1, ("validation", "test"): 1}


def test_the_order_of_popularity_agrees_with_itself_and_not_with_its_reverse():
    rows = [
        f"train u{user} {item} 1"
        for item, many in zip("abc", (30, 20, 10), strict=True)
        for user in range(many)
    ]
    same = [
        f"test v{user} {item} 2"
        for item, many in zip("abc", (30, 20, 10), strict=True)
        for user in range(many)
    ]
    turned = [
        f"test v{user} {item} 2"
        for item, many in zip("abc", (10, 20, 30), strict=True)
        for user in range(many)
    ]
    assert inspect(_split(*rows, *same)).agreement == pytest.approx(1)
    changed = inspect(_split(*rows, *turned))
    assert changed.agreement == pytest.approx(-1)
    assert any("Kendall's tau -1.00" in one for one in changed.findings)


def test_a_part_with_all_rows_on_one_item_has_the_highest_gini():
    train, _, test = inspect(
        _split("train u a 1", "train u b 1", "test v a 2", "test w a 2", "train v a 0")
    ).parts
    assert test.gini == 1 / 2 > train.gini


def _drawn(share, shift=0):
    """A random cut of rows over items of unequal popularity; `shift` moves popularity to other items in the test."""
    rng = np.random.default_rng(5)
    chances = rng.pareto(1.2, 300) + 0.1
    items, test = rng.choice(300, 4000, p=chances / chances.sum()), rng.random(4000) < share
    items = np.where(test, (items + shift) % 300, items)
    frame = pd.DataFrame({"user": rng.integers(0, 500, 4000), "item": items, "value": test * 2.0})
    log = Interactions.from_frame(
        frame.astype({"user": str, "item": str}), ColumnMap("user", "item", value="value")
    )
    parts = np.flatnonzero(log.values == 0), np.flatnonzero(log.values == 2)
    return Split("drawn", Dataset("drawn", log), parts[0][20:], parts[0][:20], parts[1])


@pytest.mark.parametrize("share", [0.2, 0.05, 0.02])
def test_a_test_drawn_at_random_is_not_said_to_differ_however_small(share):
    found = inspect(_drawn(share))

    assert found.agreement == pytest.approx(found.chance_agreement, abs=0.1)
    assert found.parts[-1].gini == pytest.approx(found.chance_gini, abs=0.05)
    assert not any("Gini" in one or "Kendall" in one for one in found.findings)


def test_popularity_that_moved_is_said_with_what_would_be_usual():
    found = inspect(_drawn(0.2, shift=70))
    told = next(one for one in found.findings if "Kendall" in one)

    assert f"{found.chance_agreement:.2f} would be usual if nothing had changed" in told


def test_without_times_there_is_no_talk_of_the_future():
    split = next(splitter({"kind": "random_rows"}).split(example(times=False), np.random.default_rng(0)))
    found = inspect(split)
    assert found.later_rows == 0
    assert found.parts[0].first is None


def test_only_kinds_that_count_as_a_hit_are_inspected():
    split = _split(*ROWS)
    assert inspect(split, (Kind.interaction,)).test_rows == 2


def test_a_random_split_is_told_to_try_a_cut_in_time():
    split = next(splitter({"kind": "random_rows"}).split(_many(), np.random.default_rng(0)))
    assert "under global time" in inspect(split).recommendation


def test_a_cut_in_time_with_warm_customers_has_nothing_against_it():
    split = next(splitter({"kind": "global_time"}).split(_many(), np.random.default_rng(0)))
    assert inspect(split).recommendation == "No reason was found to distrust this split."


def test_few_customers_are_a_reason_to_choose_another_split():
    split = next(splitter({"kind": "global_time"}).split(example(), np.random.default_rng(0)))
    assert "with 18 customers to judge by" in inspect(split).recommendation


def test_sampled_candidates_are_the_first_thing_that_is_said():
    pairs = sparse.csr_matrix(np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]], np.float32))
    found = inspect(_split(*ROWS, candidates=Candidates(pairs=pairs)))
    assert found.sampled
    assert found.findings[0].startswith("Sampled candidates")
    assert "published benchmark only" in found.recommendation


def test_where_everyone_is_asked_nobody_is_too_cold_to_judge_by():
    split = next(splitter({"kind": "cold_customers", "shown": 0}).split(_many(), np.random.default_rng(0)))
    found = inspect(split)
    assert (found.warm_customers, found.cold_customers) == (60, 60)
    assert "All 60 customers in the test are asked" in found.findings[0]
    assert "two questions" not in found.recommendation


def _many():
    """300 customers, each of them active all the time."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"user": np.repeat(np.arange(300), 20), "item": rng.integers(0, 50, 6000)}).astype(
        str
    )
    frame["time"] = np.datetime64("2024-01-01", "us") + rng.integers(0, 10**6, 6000).astype("timedelta64[s]")
    return Dataset("many", Interactions.from_frame(frame, ColumnMap("user", "item", time="time")))
