from datetime import date
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from reco_lab.analysis.periods import Unit, as_date, as_day, unit_for
from reco_lab.analysis.scope import Scope
from reco_lab.analysis.tables import Tables
from reco_lab.analysis.view import NEVER, audience, blocks, day_of, firsts, look, sample
from reco_lab.core.catalogue import category_pairs, prices
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import DataError
from reco_lab.core.interactions import ColumnMap, Interactions, Kind

PROBES = [
    "select * from read_csv('/etc/passwd')",
    "select * from read_text('/etc/passwd')",
    "select * from read_blob('/etc/passwd')",
    "select * from read_json('/etc/passwd')",
    "select * from read_parquet('/etc/passwd')",
    "select * from '/etc/passwd'",
    "select * from glob('/etc/*')",
    "select * from sniff_csv('/etc/passwd')",
    "copy log to '/tmp/reco-lab-probe.csv'",
    "copy log from '/etc/passwd'",
    "attach '/tmp/reco-lab-probe.db'",
    "export database '/tmp/reco-lab-probe'",
    "import database '/tmp/reco-lab-probe'",
    "install httpfs",
    "load httpfs",
    "set enable_external_access = true",
    "set lock_configuration = false",
    "create persistent secret (type s3)",
    "select * from 'http://127.0.0.1:1/x.csv'",
    "select * from outsider",
]


def shop(**items):
    """Three customers on three days; c0 comes twice on the first day."""
    rows = [
        ("c0", "a", "2026-01-05T10:00", "view"),
        ("c0", "a", "2026-01-05T11:00", "purchase"),
        ("c0", "b", "2026-01-07T10:00", "purchase"),
        ("c1", "a", "2026-01-06T10:00", "view"),
        ("c2", "c", "2026-01-07T10:00", "purchase"),
    ]
    frame = pd.DataFrame(rows, columns=["user", "item", "time", "kind"]).astype({"time": "datetime64[us]"})
    log = Interactions.from_frame(frame, ColumnMap("user", "item", time="time", kind="kind"))
    table = pd.DataFrame(items, index=["a", "b", "c"]) if items else None
    return Dataset.join("shop", log, items=table)


@pytest.mark.parametrize("probe", PROBES)
def test_sql_reaches_no_file_no_network_and_no_setting(probe):
    outsider = pd.DataFrame({"x": [1]})
    tables = Tables.of({"log": {"user": np.arange(3)}})

    with pytest.raises(Exception, match=r"."):
        tables.ask(probe)
    assert len(outsider) == 1


def test_sql_answers_about_the_arrays_it_was_given():
    tables = Tables.of({"log": {"user": np.array([1, 1, 2])}})

    assert tables.ask("select user, count(*) as rows from log where user < ? group by user", 2)[
        "rows"
    ].tolist() == [2]


def test_an_empty_table_can_be_asked():
    assert (
        Tables.of({"log": {"user": np.zeros(0, np.int32)}}).ask("select count(*) as n from log")["n"][0] == 0
    )


@pytest.mark.parametrize(
    ("unit", "day", "start", "end"),
    [
        ("day", "2026-02-03", "2026-02-03", "2026-02-03"),
        ("week", "2026-02-03", "2026-02-02", "2026-02-08"),
        ("month", "2026-02-03", "2026-02-01", "2026-02-28"),
        ("quarter", "2026-02-03", "2026-01-01", "2026-03-31"),
        ("week", "1969-12-31", "1969-12-29", "1970-01-04"),
        ("month", "1969-12-31", "1969-12-01", "1969-12-31"),
    ],
)
def test_a_day_lies_in_its_period(unit, day, start, end):
    period = int(Unit(unit).of(np.array([as_day(date.fromisoformat(day))], np.int32))[0])

    assert (Unit(unit).start(period).isoformat(), Unit(unit).end(period).isoformat()) == (start, end)


def test_a_long_span_is_cut_coarsely():
    assert [unit_for(days, 26).name for days in (20, 100, 700, 2000, 90_000)] == [
        "day",
        "week",
        "month",
        "quarter",
        "quarter",
    ]


def test_days_are_counted_from_1970_also_before_it():
    days = day_of(np.array(["1969-12-31T23:00", "1970-01-01T00:00"], "datetime64[us]"))

    assert [as_date(day).isoformat() for day in days] == ["1969-12-31", "1970-01-01"]


def test_the_first_row_of_each_run_is_marked():
    assert firsts(np.array([1, 1, 1, 2]), np.array([5, 5, 6, 6])).tolist() == [True, False, True, True]


def test_blocks_cover_every_row_and_overlap_by_one():
    pieces = list(blocks(2_500_000))

    assert pieces[0].start == 0
    assert all(later.start == before.stop - 1 for before, later in pairwise(pieces))
    assert pieces[-1].stop == 2_500_000


def test_a_customer_counts_once_in_an_item_s_audience():
    assert audience(shop().interactions).tolist() == [2, 1, 1]


def test_the_audience_equals_counting_distinct_pairs():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"user": rng.integers(0, 40, 900).astype(str), "item": rng.integers(0, 30, 900).astype(str)}
    )
    log = Interactions.from_frame(frame, ColumnMap("user", "item"))

    assert audience(log).tolist() == log.item_counts.tolist()


def test_a_sample_takes_whole_histories_and_the_same_ones_each_time():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"user": rng.integers(0, 400, 9000).astype(str), "item": "i"})
    log = Interactions.from_frame(frame, ColumnMap("user", "item"))
    part, share = sample(log, 3000)
    taken = np.unique(part.users)

    assert share == pytest.approx(1 / 3)
    assert 2000 < len(part) < 4000
    assert len(part) == np.isin(log.users, taken).sum()
    assert sample(log, 3000)[0].fingerprint == part.fingerprint


def test_a_log_hardly_longer_than_asked_is_taken_whole():
    log = shop().interactions

    assert sample(log, 4) == (log, 1.0)


def test_a_scope_keeps_both_its_days():
    view = look(shop(), Scope(start=date(2026, 1, 6), end=date(2026, 1, 7)))

    assert len(view.log) == 3
    assert view.span == (as_day(date(2026, 1, 6)), as_day(date(2026, 1, 7)))


def test_a_customer_is_new_once_whatever_days_are_shown():
    view = look(shop(), Scope(start=date(2026, 1, 7)))

    assert [as_date(day).day for day in view.debut] == [5, 6, 7]


def test_the_first_purchase_is_the_debut_where_only_purchases_are_shown():
    view = look(shop(), Scope(kinds=(Kind.purchase,)))

    assert [None if day == NEVER else as_date(day).day for day in view.debut] == [5, None, 7]


def test_a_scope_of_categories_keeps_their_items():
    view = look(shop(category=["x|y", "y", "z"]), Scope(categories=("x", "z")))

    assert sorted(view.log.item_ids.take(view.log.items)) == ["a", "a", "a", "c"]


def test_a_scope_that_leaves_nothing_says_what_to_do():
    with pytest.raises(DataError, match="fits the filter"):
        look(shop(), Scope(kinds=(Kind.cart,)))


def test_categories_are_found_by_their_usual_names_and_split():
    pairs = category_pairs(shop(Genres=["x|y", "y", None]))

    assert list(zip(pairs["item"], pairs["category"], strict=True)) == [(0, "x"), (0, "y"), (1, "y")]


def test_a_category_that_all_items_share_tells_nothing():
    assert category_pairs(shop(category=["x", "x", "x"])) is None


def test_prices_that_are_no_numbers_are_not_known():
    found = prices(shop(Price=["1.5", "free", np.inf]))

    assert found[0] == 1.5
    assert np.isnan(found[1:]).all()
