"""Customers are told apart by chance, each stays in her arm, and what cannot be tested is said."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from reco_lab.core.ab_test import AbTest, Arm, ab_test
from reco_lab.core.errors import InputError, NotFoundError, SpecError

PEOPLE = [f"p_{n}" for n in range(20_000)]


def told_apart(id_="t1", shares=(0.5, 0.5), **more):
    arms = [Arm(name=f"Arm {n}", share=one) for n, one in enumerate(shares)]
    return AbTest(id=id_, arms=arms, **more)


def counts(test):
    split = test.split
    places = [split.place(name) for name in PEOPLE]
    return np.array([places.count(place) for place in (*range(len(test.groups)), None)])


def test_each_arm_gets_its_share_of_those_who_take_part():
    test = told_apart(shares=(0.5, 0.3, 0.2), traffic=0.6, holdout=0.1)
    expected = np.array([0.27, 0.162, 0.108, 0.06, 0.4])
    assert stats.chisquare(counts(test), expected * len(PEOPLE)).pvalue > 0.001


def test_all_take_part_where_all_should():
    assert counts(told_apart(shares=(1 / 3, 1 / 3, 1 / 3)))[-1] == 0


@given(st.text(max_size=40))
def test_a_customer_stays_in_her_arm(name):
    assert told_apart().split.place(name) == told_apart().split.place(name)


def test_a_customer_is_in_the_same_arm_in_another_process():
    code = (
        "from reco_lab.core.ab_test import AbTest, Arm;"
        "test = AbTest(id='t1', arms=[Arm(name='A', share=.5), Arm(name='B', share=.5)]);"
        "print(''.join(str(test.split.place(f'p_{n}')) for n in range(50)))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "".join(str(told_apart().split.place(name)) for name in PEOPLE[:50])


def test_two_tests_tell_customers_apart_independently():
    one, other = told_apart("t1").split, told_apart("t2").split
    table = np.zeros((2, 2))
    for name in PEOPLE:
        table[one.place(name), other.place(name)] += 1
    assert stats.chi2_contingency(table).pvalue > 0.001


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"arms": [{"name": "A", "share": 1.0}]}, "needs two arms at least, and there is one"),
        ({"traffic": 0.0}, "0% of the customers cannot take part"),
        ({"arms": [{"name": "A", "share": 0.5}, {"name": "B", "share": 0.4}]}, "sum to 90.0%, and must sum to 100%"),
        ({"arms": [{"name": "A", "share": 0.5}, {"name": "A", "share": 0.5}]}, "a name of its own"),
        ({"arms": [{"name": "A", "share": 0.0}, {"name": "B", "share": 1.0}]}, "above 0%"),
        ({"arms": [{"name": "A/B", "share": 0.5}, {"name": "B", "share": 0.5}]}, "slash"),
        ({"holdout": 1.0}, "100% of the customers cannot be held out"),
    ],
)  # fmt: skip
def test_what_cannot_be_tested_is_said(changes, sentence):
    spec = {"id": "t1", "arms": [{"name": "A", "share": 0.5}, {"name": "B", "share": 0.5}]}
    with pytest.raises(SpecError, match=sentence):
        ab_test(spec | changes)


def test_a_changed_copy_tells_customers_apart_anew():
    test = told_apart()
    assert test.split.place("p_1") is not None
    few = test.model_copy(update={"traffic": 1e-9})
    assert few.split.place("p_1") is None


def test_a_policy_that_is_not_there_is_said():
    arms = [{"name": "A", "share": 0.5}, {"name": "B", "share": 0.5, "policy": {"policy": "magic"}}]
    with pytest.raises(NotFoundError, match="magic"):
        ab_test({"id": "t1", "arms": arms})
    arms[1]["policy"] = {"policy": "epsilon_greedy", "epsilon": 7}
    with pytest.raises(InputError):
        ab_test({"id": "t1", "arms": arms})


def test_those_held_out_get_ads_by_chance():
    held = told_apart(holdout=0.2).groups[-1]
    assert (held.name, held.share, held.policy) == ("holdout", 0.2, {"policy": "uniform_random"})
    assert AbTest(id="t", arms=[Arm(name="A", share=1.0)], holdout=0.5).groups[1].share == 0.5
