"""The best anybody could do on a simulated shop: rank by the true probability of a purchase."""

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.batch import UserBatch
from reco_lab.core.dataset import Truth
from reco_lab.core.interactions import Kind
from reco_lab.core.recommender import Codes, Scorer, Scores, State
from reco_lab.core.words import day
from reco_lab.experiments.exam import Exam


class Oracle(Scorer):
    """Scores customers by code from the shop's truth. It is a yardstick, not a model: nobody can train it."""

    folds_in = False

    def __init__(self, truth: Truth) -> None:
        self._probability = truth.probability
        self.n_items = truth.probability.shape[1]

    def score(self, batch: UserBatch, items: Codes | None = None) -> Scores:
        """The true probabilities; zeros for a stranger."""
        rows: NDArray[np.float32] = np.where(
            batch.codes[:, None] >= 0, self._probability[batch.codes], np.float32(0)
        )
        return rows if items is None else rows[:, items]

    def state(self) -> State:
        """The probabilities."""
        return State({"probability": self._probability})


def oracle_gap(truth: Truth | None, exam: Exam) -> str | None:
    """Why the oracle cannot stand beside the models in this exam; None if it can."""
    if truth is None:
        return "the truth is only known of simulated shops"
    if exam.as_of is None or abs(exam.as_of - truth.start) > np.timedelta64(1, "D"):
        return f"the truth is known for the time from {day(truth.start.astype('datetime64[D]').item())}; this test begins elsewhere"
    if set(np.unique(exam.judged.kinds)) != {Kind.purchase}:
        return "the truth is about purchases; this test asks for something else"
    return None
