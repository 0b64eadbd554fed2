"""Champion and challenger held against each other on what came later."""

import numpy as np
import pandas as pd
import pytest

from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import SplitError
from reco_lab.core.experiment import Question
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.services.forward import cut, duel


def shop(users, days):
    frame = pd.DataFrame({"user": users, "item": [f"i{n}" for n in range(len(users))]})
    frame["time"] = np.datetime64("2026-01-01", "us") + np.array(days) * np.timedelta64(1, "D")
    return Dataset("shop", Interactions.from_frame(frame, ColumnMap("user", "item", time="time")))


def test_where_nobody_came_back_it_is_said_when_to_try_again():
    before, after = shop(["ann", "bob"], [0, 1]), shop(["ann", "bob", "new"], [0, 1, 9])
    question = Question.model_validate({"metrics": {"names": ["ndcg"], "k": [5]}})

    with pytest.raises(
        SplitError, match=r"of 1 customer in the test part none has .* Try again when more"
    ) as told:
        duel(cut(before, after, 0.5), question, None, None)
    assert "split" not in str(told.value)
