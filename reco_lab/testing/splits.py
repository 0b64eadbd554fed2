"""The contract of a splitter: run every check of `CHECKS` over it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import SplitError
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.core.splitting import Split, Splitter
from reco_lab.splits.given import Given


def documents_itself(splitter: Splitter) -> None:
    """Label, summary and the meaning of every setting are there; defaults lie within their bounds."""
    assert splitter.label.strip()
    assert splitter.summary.strip()
    for setting in splitter.parameters():
        assert setting.help.strip(), f"{setting.name} is not explained"
        if setting.kind in {"int", "float"}:
            assert setting.low is not None
            assert setting.high is not None
            assert setting.low <= setting.default <= setting.high


def survives_json(splitter: Splitter) -> None:
    """A splitter built from what `to_dict` says is the same, whatever its settings."""
    extremes: dict[str, Any] = {
        setting.name: setting.high for setting in splitter.parameters() if setting.high is not None
    }
    odd = type(splitter)(**extremes)
    for one in (splitter, odd):
        settings = {name: value for name, value in one.to_dict().items() if name != "kind"}
        assert type(splitter)(**settings) == one


def parts_do_not_overlap(splitter: Splitter) -> None:
    """No row is in two parts."""
    for split in cuts(splitter, example()):
        rows = _rows(split)
        assert len(np.unique(rows)) == len(rows)


def every_row_has_a_part(splitter: Splitter) -> None:
    """The parts together are the whole log but for what a time-aware cut leaves after its test; none is empty."""
    for split in cuts(splitter, example()):
        left = np.setdiff1d(np.arange(len(split.data.interactions)), _rows(split))
        times = split.data.interactions.times
        if len(left):
            assert splitter.time_aware
            assert times is not None
            assert times[left].min() > times[split.test_rows].max()
        assert min(len(split.train_rows), len(split.validation_rows), len(split.test_rows)) > 0


def codes_keep_their_meaning(splitter: Splitter) -> None:
    """Train, validation and test name customers and items by the codes of the data that was passed in."""
    data = example()
    for split in cuts(splitter, data):
        for part in (split.train.interactions, split.validation, split.test):
            assert part.user_ids.equals(data.interactions.user_ids)
            assert part.item_ids.equals(data.interactions.item_ids)


def a_time_aware_cut_hides_the_future(splitter: Splitter) -> None:
    """Where a splitter is time-aware, each part ends before the next begins, and it says when."""
    if not splitter.time_aware:
        return
    for split in cuts(splitter, example()):
        train, validation, test = (
            part.times for part in (split.train.interactions, split.validation, split.test)
        )
        assert train is not None
        assert validation is not None
        assert test is not None
        assert split.as_of is not None
        assert split.validation_as_of is not None
        assert train.max() < split.validation_as_of <= validation.min()
        assert validation.max() < split.as_of <= test.min()


def histories_are_of_customers_nobody_learned_from(splitter: Splitter) -> None:
    """Rows that are shown as history belong to customers of whom the models have learned nothing."""
    for split in cuts(splitter, example()):
        log = split.data.interactions
        for rows, learned in (
            (split.history_rows, split.before_test.interactions),
            (split.validation_history_rows, split.train.interactions),
        ):
            assert rows is None or not np.isin(log.users[rows], learned.users).any()


def the_same_generator_gives_the_same_cut(splitter: Splitter) -> None:
    """Two generators of the same seed cut alike."""
    for left, right in zip(cuts(splitter, example()), cuts(splitter, example()), strict=True):
        assert np.array_equal(left.train_rows, right.train_rows)
        assert np.array_equal(left.validation_rows, right.validation_rows)
        assert np.array_equal(left.test_rows, right.test_rows)


def leaves_the_data_untouched(splitter: Splitter) -> None:
    """Cutting changes nothing in the data."""
    data = example()
    cuts(splitter, data)
    assert data.fingerprint == example().fingerprint


def without_times_it_works_or_refuses(splitter: Splitter) -> None:
    """A splitter that needs times refuses a log without them; any other cuts it."""
    data = example(times=False)
    try:
        cuts(splitter, data)
    except SplitError:
        assert splitter.needs_times
    else:
        assert not splitter.needs_times


def a_single_row_is_refused(splitter: Splitter) -> None:
    """One row cannot be cut: SplitError says so."""
    data = example()
    try:
        cuts(splitter, data.take(np.array([0])))
    except SplitError:
        return
    raise AssertionError("it cut a single row")


CHECKS: tuple[Callable[[Splitter], None], ...] = (
    documents_itself,
    survives_json,
    parts_do_not_overlap,
    every_row_has_a_part,
    codes_keep_their_meaning,
    a_time_aware_cut_hides_the_future,
    histories_are_of_customers_nobody_learned_from,
    the_same_generator_gives_the_same_cut,
    leaves_the_data_untouched,
    without_times_it_works_or_refuses,
    a_single_row_is_refused,
)


def cuts(splitter: Splitter, data: Dataset, seed: int = 0) -> list[Split]:
    """All cuts; one that is given its parts gets random ones."""
    rng = np.random.default_rng(seed)
    if isinstance(splitter, Given):
        marks = (2 * (rng.random(len(data.interactions)) < 0.3)).astype(np.uint8)
        return [splitter.cut(data, marks, rng)]
    return list(splitter.split(data, rng))


def example(*, times: bool = True) -> Dataset:
    """600 rows of 20 customers and 30 items over 100 days; many rows share their time."""
    rng = np.random.default_rng(0)
    users, items, days = rng.integers(0, 20, 600), rng.integers(0, 30, 600), rng.integers(0, 100, 600)
    frame = pd.DataFrame(
        {
            "user": [f"u{user:02}" for user in users],
            "item": [f"i{item:02}" for item in items],
            "value": rng.integers(1, 6, 600),
            "time": np.datetime64("2024-01-01", "us") + days.astype("timedelta64[D]"),
        }
    )
    columns = ColumnMap("user", "item", "value", "time" if times else None)
    return Dataset("example", Interactions.from_frame(frame, columns))


def _rows(split: Split) -> np.ndarray[Any, np.dtype[np.intp]]:
    own = (split.train_rows, split.validation_rows, split.test_rows)
    shown = (split.validation_history_rows, split.history_rows)
    return np.concatenate((*own, *(rows for rows in shown if rows is not None)))
