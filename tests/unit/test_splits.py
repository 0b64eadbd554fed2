from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import DataError, ParameterError, SplitError
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.core.ranking import Candidates
from reco_lab.core.splitting import splitter
from reco_lab.splits.given import Given, Part, join_parts
from reco_lab.testing.splits import example

COLUMNS = ColumnMap("user", "item", time="time")


def _log(rows):
    """A log from "customer item day" words."""
    frame = pd.DataFrame([row.split() for row in rows], columns=["user", "item", "day"])
    frame["time"] = np.datetime64("2024-01-01") + frame["day"].astype(int).to_numpy("timedelta64[D]")
    return Interactions.from_frame(frame, COLUMNS)


def _data(*rows):
    return Dataset("small", _log(rows))


def _cut(data, **spec):
    return next(splitter(spec).split(data, np.random.default_rng(0)))


def _items(log):
    return "".join(log.item_ids.take(log.items))


def test_random_rows_keeps_the_shares_it_was_given():
    split = _cut(example(), kind="random_rows", share=0.25, validation=0.1)
    assert (len(split.test_rows), len(split.validation_rows), len(split.train_rows)) == (150, 45, 405)


def test_another_seed_draws_other_rows():
    kind = splitter({"kind": "random_rows"})
    first, second = (next(kind.split(example(), np.random.default_rng(seed))).test_rows for seed in (0, 1))
    assert not np.array_equal(first, second)


def test_every_row_is_tested_once_in_cross_validation():
    folds = list(splitter({"kind": "k_fold", "folds": 4}).split(example(), np.random.default_rng(0)))
    tested = np.concatenate([fold.test_rows for fold in folds])
    assert len(folds) == 4
    assert np.array_equal(np.sort(tested), np.arange(600))


def test_the_last_rows_of_a_customer_judge_and_those_before_them_choose():
    split = _cut(_data("ann a 1", "ann b 2", "ann c 3", "bob d 9", "bob e 8"), kind="last_n")
    assert _items(split.test) == "cd"
    assert _items(split.validation) == "b"
    assert _items(split.train.interactions) == "ae"


def test_a_customer_with_few_rows_keeps_one_to_learn_from():
    split = _cut(
        _data("ann a 1", *(f"bob {item} {day}" for day, item in enumerate("bcdefgh"))), kind="last_n", n=3
    )
    assert _items(split.test) == "fgh"
    assert _items(split.validation) == "cde"
    assert _items(split.train.interactions) == "ab"


def test_the_last_share_is_rounded_up():
    split = _cut(
        _data(*(f"ann {item} {day}" for day, item in enumerate("abcdef"))), kind="last_share", share=0.2
    )
    assert _items(split.test) == "ef"
    assert _items(split.validation) == "d"


def test_a_time_cut_begins_the_test_with_all_rows_of_its_first_moment():
    rows = ("ann a 1", "bob b 2", "ann c 3", "bob d 4", "ann e 4", "bob f 4")
    split = _cut(_data(*rows), kind="global_time", share=0.34)
    assert split.as_of == np.datetime64("2024-01-05")
    assert sorted(_items(split.test)) == ["d", "e", "f"]
    assert _items(split.validation) == "c"


def test_a_time_cut_can_be_given_as_a_moment_in_any_zone():
    rows = tuple(f"ann {item} {day}" for day, item in enumerate("abcdef"))
    for cutoff in ("2024-01-05", "2024-01-05T02:00+02:00"):
        split = _cut(_data(*rows), kind="global_time", cutoff=cutoff)
        assert split.as_of == np.datetime64("2024-01-05")
        assert _items(split.test) == "ef"


def test_a_moment_outside_the_data_is_refused_with_what_the_data_covers():
    with pytest.raises(SplitError, match=r"no rows after 2030.*from 2024-01-01.*to 2024"):
        _cut(example(), kind="global_time", cutoff="2030-01-01")


def test_a_cutoff_that_is_no_date_is_refused():
    with pytest.raises(ParameterError, match="'soon' is no date such as 2024-05-31"):
        splitter({"kind": "global_time", "cutoff": "soon"})


def test_a_share_out_of_bounds_names_the_bounds():
    with pytest.raises(ParameterError, match=r"share = 2 is not allowed; it must be from 0\.01 to 0\.9"):
        splitter({"kind": "random_rows", "share": 2})


@pytest.mark.parametrize("kind", ["last_n", "last_share", "global_time"])
def test_a_split_in_time_says_that_it_needs_times(kind):
    with pytest.raises(SplitError, match=r"needs to know when.*'example' does not say.*Map a time column"):
        _cut(example(times=False), kind=kind)


def test_all_rows_at_one_moment_cannot_be_cut_in_time():
    with pytest.raises(SplitError, match="no rows before 2024"):
        _cut(_data("ann a 1", "ann b 1", "bob a 1", "bob c 1"), kind="global_time")


def test_a_split_that_leaves_nobody_to_score_is_refused():
    with pytest.raises(SplitError, match="leaves nobody to score"):
        _cut(_data("ann a 1", "ann b 2", "ann c 3", "ann d 4", "bob e 5"), kind="global_time")


def test_given_parts_are_taken_as_they_are():
    data = _data("ann a 1", "ann b 2", "ann c 3")
    marks = np.array([Part.test, Part.train, Part.validation], np.uint8)
    split = Given().cut(data, marks, np.random.default_rng(0))
    assert [_items(part) for part in (split.train.interactions, split.validation, split.test)] == [
        "b",
        "c",
        "a",
    ]


def test_without_given_validation_each_customer_lends_a_share_and_keeps_one_row():
    data = example()
    marks = np.where(np.random.default_rng(1).random(600) < 0.3, Part.test, Part.train).astype(np.uint8)
    split = Given(validation=0.9).cut(data, marks, np.random.default_rng(0))
    kept = np.bincount(split.train.interactions.users)
    lent = np.bincount(split.validation.users)
    assert kept.min() >= 1
    assert np.array_equal(lent, np.minimum(np.ceil(0.9 * (kept + lent)), kept + lent - 1))


def test_a_given_split_may_recommend_every_item_it_names():
    data = _data("ann a 1", "ann b 2", "ann c 3")
    split = Given().cut(data, np.array([0, 0, 2], np.uint8), np.random.default_rng(0))
    assert split.candidates.items.tolist() == [True, True, True]


@pytest.mark.parametrize("marks", [[0, 0], [0, 0, 3]])
def test_marks_that_do_not_fit_are_refused(marks):
    with pytest.raises(SplitError, match="do not fit the log"):
        Given().cut(
            _data("ann a 1", "ann b 2", "ann c 3"), np.array(marks, np.uint8), np.random.default_rng(0)
        )


def test_joined_files_keep_their_ids_and_their_marks():
    log, marks = join_parts(
        [_log(["bob z 5", "ann a 1"]), _log(["bob b 1", "cid a 2"])], [Part.train, Part.test]
    )
    rows = dict(zip(log.frame()[["user", "item"]].agg(" ".join, axis=1), marks.tolist(), strict=True))
    assert rows == {"ann a": 0, "bob z": 0, "bob b": 2, "cid a": 2}
    assert log.users.tolist() == sorted(log.users)


def test_joining_a_file_without_times_drops_the_times():
    timeless = Interactions.from_frame(
        pd.DataFrame({"user": ["ann"], "item": ["q"]}), ColumnMap("user", "item")
    )
    log, _ = join_parts([_log(["ann a 1"]), timeless], [Part.train, Part.test])
    assert log.times is None


def test_joining_nothing_is_refused():
    with pytest.raises(DataError, match="no files to join"):
        join_parts([], [])


def test_each_window_is_judged_by_what_happened_until_the_next():
    rows = [f"{user} {item} {day}" for day, item in enumerate("abcdefghij") for user in ("ann", "bob")]
    cuts = list(splitter({"kind": "sliding_windows", "windows": 3, "window": 0.1}).split(_data(*rows), None))
    assert [set(_items(cut.test)) for cut in cuts] == [{"h"}, {"i"}, {"j"}]
    assert set(_items(cuts[0].before_test.interactions)) == set("abcdefg")
    assert [cut.name for cut in cuts] == ["window 1 of 3", "window 2 of 3", "window 3 of 3"]


def test_windows_that_leave_nothing_to_learn_from_are_refused():
    with pytest.raises(SplitError, match="12 windows with 30% of the rows each leave none"):
        _cut(example(), kind="sliding_windows", windows=12, window=0.3)


def test_held_out_customers_show_their_earliest_rows_and_nobody_learns_from_them():
    split = _cut(example(), kind="user_holdout")
    held = np.unique(split.test.users)
    shown = split.data.interactions.take(split.history_rows)
    assert len(held) == 4
    assert not np.isin(held, split.before_test.interactions.users).any()
    assert set(held) == set(np.unique(shown.users))
    for user in held:
        assert shown.times[shown.users == user].max() <= split.test.times[split.test.users == user].min()
    assert np.isin(split.validation.users, split.before_test.interactions.users).all()
    assert len(split.known_before_test) + len(split.test) == 600


def test_without_times_a_held_out_customer_shows_drawn_rows():
    data = example(times=False)
    split = _cut(data, kind="user_holdout", shown=0.5)
    shown = data.interactions.take(split.history_rows)
    assert (
        shown.items[shown.users == shown.users[0]].max()
        > split.test.items[split.test.users == shown.users[0]].min()
    )


@pytest.mark.parametrize("shown", [0, 1, 3])
def test_a_cold_customer_shows_only_her_first_rows(shown):
    split = _cut(example(), kind="cold_customers", shown=shown, whole_moments=False)
    counts = np.bincount(split.data.interactions.users[split.history_rows], minlength=20)
    assert set(counts[np.unique(split.test.users)]) == {shown}
    assert split.asks_everyone == (shown == 0)


@pytest.mark.parametrize("kind", ["user_holdout", "cold_customers"])
def test_no_basket_is_asked_for_of_which_a_part_is_shown(kind):
    rows = [(f"u{user}", f"i{item}", 7 * (item // 3)) for user in range(40) for item in range(9)]
    frame = pd.DataFrame(rows, columns=["user", "item", "day"])
    frame["time"] = np.datetime64("2024-01-01") + frame["day"].to_numpy("timedelta64[D]")
    data = Dataset("baskets", Interactions.from_frame(frame, ColumnMap("user", "item", time="time")))

    (cut,) = splitter({"kind": kind}).split(data, np.random.default_rng(0))
    shown, asked = cut.data.interactions.take(cut.history_rows), cut.test
    assert len(asked)
    assert set(asked.users) == set(shown.users)
    assert not set(zip(shown.users, shown.times, strict=True)) & set(
        zip(asked.users, asked.times, strict=True)
    )

    (parted,) = splitter({"kind": kind, "whole_moments": False}).split(data, np.random.default_rng(0))
    assert len(parted.history_rows) != len(cut.history_rows)


def test_active_and_quiet_customers_are_held_out_alike():
    rows = [f"u{user:03} i{item} {item}" for user in range(100) for item in range(2 + 40 * (user >= 90))]
    split = _cut(_data(*rows), kind="user_holdout", share=0.2)
    active = np.isin(np.arange(90, 100), np.unique(split.test.users)).sum()
    assert active == 2
    assert len(np.unique(split.test.users)) == 20


def test_new_items_are_unknown_to_training_and_alone_can_be_recommended():
    split = _cut(example(), kind="cold_items")
    new = np.unique(split.test.items)
    assert len(new) == 6
    assert not np.isin(new, split.before_test.interactions.items).any()
    assert np.array_equal(np.flatnonzero(split.candidates.items), new)
    assert np.array_equal(
        np.flatnonzero(split.validation_candidates.items), np.unique(split.validation.items)
    )


def test_only_a_few_candidates_a_customer_mark_a_split_as_sampled():
    data = example()
    marks = (np.random.default_rng(1).random(600) < 0.3).astype(np.uint8) * Part.test
    every = sparse.csr_matrix(np.ones((20, 30), np.float32))
    few = sparse.csr_matrix((np.random.default_rng(2).random((20, 30)) < 0.5).astype(np.float32))
    cut = {
        name: Given().cut(data, marks, np.random.default_rng(0), Candidates(pairs=pairs))
        for name, pairs in (("every", every), ("few", few))
    }
    assert cut["few"].sampled
    assert not cut["every"].sampled
    assert not Given().cut(data, marks, np.random.default_rng(0)).sampled


def test_what_is_shown_of_customers_makes_another_cut():
    split = _cut(example(), kind="user_holdout")
    other = replace(split, history_rows=split.history_rows[1:])
    assert other.fingerprint != split.fingerprint
