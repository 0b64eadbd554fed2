"""Scores where customers do not differ."""

import numpy as np
import pandas as pd

from reco_lab.analysis.rfm import rfm
from reco_lab.core.conditions import Cutoffs
from reco_lab.core.dataset import Dataset
from reco_lab.core.interactions import ColumnMap, Interactions


def weekly(visits):
    """Customers who buy one thing every week, each so many times in a row up to the same day."""
    rows = [
        (f"c{who:02d}", "a", pd.Timestamp("2026-06-01") - pd.Timedelta(weeks=week), 5.0, "purchase")
        for who, often in enumerate(visits)
        for week in range(often)
    ]
    frame = pd.DataFrame(rows, columns=["user", "item", "time", "value", "kind"])
    return Dataset("shop", Interactions.from_frame(frame, ColumnMap("user", "item", "value", "time", "kind")))


def test_customers_who_are_all_the_same_are_in_the_middle_of_everything():
    found = rfm(weekly([10] * 60))

    assert np.unique(found.scores).tolist() == [3]
    assert found.classes["name"].tolist() == ["need attention"]


def test_only_what_is_the_same_for_everybody_scores_the_middle():
    found = rfm(weekly([1] * 50 + [2] * 5))

    assert found.scores[0].tolist() == [3, 1, 1]
    assert found.scores[-1].tolist() == [3, 5, 5]


def test_cutoffs_of_ones_own_still_part_customers_who_are_the_same():
    own = Cutoffs(recency=(0, 1, 2, 3), frequency=(1, 2, 3, 4), monetary=(1, 2, 3, 4))

    assert rfm(weekly([10] * 5), own).scores[0].tolist() == [5, 5, 5]
