"""What each part of a hybrid is worth."""

import numpy as np
import pytest

from reco_lab.core.errors import ParameterError
from reco_lab.core.recommender import recommender
from reco_lab.core.splitting import splitter
from reco_lab.experiments.ablation import ablation
from reco_lab.experiments.exam import Exam
from reco_lab.experiments.results import Outcome
from tests.unit.test_comparison import question, shop


@pytest.fixture(scope="module")
def exam():
    (split,) = splitter({"kind": "last_n"}).split(shop(), np.random.default_rng(0))
    return Exam.of(split, "validation", question("ease"))


def rows_of(exam, spec, told=None):
    heard = [] if told is None else told
    report = lambda fraction, _message: heard.append(fraction)  # noqa: E731 - a line of a test
    return ablation(recommender(spec), exam, question("ease"), report).parts


@pytest.mark.parametrize("settings", [{}, {"weights": [0.5, 0.5]}])
def test_the_part_that_carries_the_hybrid_is_worth_most(exam, settings):
    parts = [{"algorithm": "ease", "l2": 5.0}, {"algorithm": "random"}]
    useful, useless = rows_of(exam, {"algorithm": "hybrid", "parts": parts} | settings)

    assert [useful.name, useless.name] == ["EASE", "Random"]
    assert useful.worth > 0.1
    assert useful.low > 0
    assert useful.outcome is Outcome.better
    assert useless.worth < 0.05
    assert useless.outcome is not Outcome.better


def test_a_part_that_is_left_out_of_two_leaves_the_other_alone(exam):
    parts = [{"algorithm": "ease", "l2": 5.0}, {"algorithm": "random"}]
    useful, useless = rows_of(exam, {"algorithm": "cascade", "parts": parts})

    assert useful.alone == useless.without
    assert useless.alone == useful.without


def test_parts_that_a_hybrid_chooses_by_itself_are_weighed_too(exam):
    told = []
    rows = rows_of(exam, {"algorithm": "switching"}, told)

    assert [row.name for row in rows] == ["Recently popular", "iALS"]
    assert told == sorted(told)
    assert told[-1] <= 1


def test_what_has_no_parts_cannot_be_taken_apart(exam):
    with pytest.raises(ParameterError, match="Choose a hybrid"):
        rows_of(exam, {"algorithm": "ease"})
