"""What learns from the validation part learns from the customers it asks about, whoever they are."""

import numpy as np
import pytest

from reco_lab.algorithms._lessons import Lesson
from reco_lab.core.recommender import FitContext, recommender
from reco_lab.core.splitting import splitter
from reco_lab.experiments.exam import Exam
from reco_lab.experiments.run import validate
from tests.unit.test_comparison import question, shop

PAIR = {"algorithm": "hybrid", "parts": [{"algorithm": "ease", "l2": 5.0}, {"algorithm": "random"}]}


def exam_of(kind, **settings):
    (split,) = splitter({"kind": kind} | settings).split(shop(), np.random.default_rng(0))
    return Exam.of(split, "validation", question("ease"))


@pytest.mark.parametrize("split", [{"kind": "user_holdout"}, {"kind": "cold_customers", "shown": 3}])
def test_a_hybrid_learns_its_weights_from_customers_whom_no_model_learned_from(split):
    settled, value = validate(recommender(PAIR), exam_of(**split), question("ease"), lambda *_: None)

    assert settled.weights[0] > 0.6
    assert value > 0.2


def test_the_customers_of_a_lesson_come_with_the_history_they_are_known_by():
    exam = exam_of("user_holdout")
    lesson = Lesson.of(exam.train, exam.judged, FitContext(known=exam.known))

    assert len(lesson) == exam.n_warm
    assert lesson.batch.lengths.min() > 0
    assert (np.diff(exam.train.interactions.user_starts)[lesson.batch.codes] == 0).all()


def test_without_any_history_everybody_with_something_to_find_is_asked():
    exam = exam_of("cold_customers", shown=0)
    lesson = Lesson.of(exam.train, exam.judged, FitContext(known=exam.known))

    assert len(lesson) == len(exam.users)
    assert lesson.batch.lengths.max() == 0


def test_some_rows_of_a_lesson_are_the_lesson_of_those_customers():
    exam = exam_of("last_n")
    lesson = Lesson.of(exam.train, exam.judged, FitContext(known=exam.known, candidates=exam.candidates))
    scorer = recommender({"algorithm": "ease", "l2": 5.0}).fit(exam.train, FitContext())
    rows = np.array([1, 4, 9])

    np.testing.assert_array_equal(lesson.taught_by(rows).ndcg(scorer), lesson.ndcg(scorer)[rows])
