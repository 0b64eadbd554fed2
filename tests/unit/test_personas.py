import numpy as np
import pandas as pd
import pytest

from reco_lab.analysis.personas import personas
from reco_lab.core.dataset import Dataset
from reco_lab.core.interactions import ColumnMap, Interactions

KINDS = ("loyal", "newcomer", "bargain", "devoted")
LENGTHS = {"loyal": 30, "newcomer": 1}
CHOICE = {"bargain": range(3), "devoted": range(30, 36)}


def shop(*, times=True, table=True):
    """120 customers: ten of each kind, and eighty who buy four to eight things of all sorts."""
    rng = np.random.default_rng(1)
    rows = []
    for number in range(120):
        kind = KINDS[number // 10] if number < 40 else "customer"
        some = rng.choice(list(CHOICE.get(kind, range(40))), LENGTHS.get(kind, 4 + number % 5))
        rows += [(f"{kind}-{number:03}", f"i{item:02}") for item in some]
    frame = pd.DataFrame(rows, columns=["user", "item"])
    frame["time"] = pd.Timestamp("2026-01-01") + pd.to_timedelta(frame.groupby("user").cumcount(), unit="D")
    frame.loc[frame["user"] == "newcomer-015", "time"] = pd.Timestamp("2026-03-01")
    items = pd.DataFrame(
        {
            "price": np.linspace(1, 80, 40),
            "category": [*(f"cat {n % 6}" for n in range(30)), *["tents"] * 6, *["rest"] * 4],
        },
        index=[f"i{n:02}" for n in range(40)],
    )
    log = Interactions.from_frame(frame, ColumnMap("user", "item", time="time" if times else None))
    return Dataset.join("shop", log, items=items if table else None)


def chosen(data, codes=None):
    everybody = np.arange(data.interactions.n_users) if codes is None else codes
    found = personas(data, data.interactions, everybody)
    return {one.id: [data.interactions.user_ids[code] for code in one.customers] for one in found}


@pytest.fixture(scope="module")
def data():
    return shop()


def test_the_telling_customers_are_told_from_the_others_by_what_they_did(data):
    found = chosen(data)

    assert [found[kind][0].partition("-")[0] for kind in KINDS] == list(KINDS)
    assert found["newcomer"][0] == "newcomer-015"


def test_a_typical_customer_has_a_history_of_middling_length(data):
    lengths = np.diff(data.interactions.user_starts)
    codes = data.interactions.user_ids.get_indexer(chosen(data)["typical"])

    assert lengths[codes[0]] == np.median(lengths)
    assert (np.diff(np.abs(lengths[codes] - np.median(lengths))) >= 0).all()


def test_each_choice_says_what_it_rests_on(data):
    told = {one.id: one.why[0] for one in personas(data, data.interactions, np.arange(120))}

    assert told["devoted"].endswith("100% of it tents.")
    assert told["newcomer"] == "1 interaction on 1 day, last on 1 Mar 2026; among the shortest histories."
    assert "half of all customers pay over" in told["bargain"]


def test_only_those_who_may_be_chosen_are(data):
    some = np.arange(10, 60)
    names = {data.interactions.user_ids[code] for code in some}

    assert all(set(customers) <= names for customers in chosen(data, some).values())


def test_what_the_data_does_not_know_makes_no_persona():
    found = chosen(shop(times=False, table=False))

    assert set(found) == {"typical", "loyal", "newcomer"}


def test_the_order_of_the_customers_asked_about_changes_nothing(data):
    codes = np.arange(120)

    assert chosen(data, codes[::-1]) == chosen(data, codes)
