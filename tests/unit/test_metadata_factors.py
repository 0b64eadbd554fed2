import numpy as np
import pandas as pd
import pytest

from reco_lab.core.batch import UserBatch
from reco_lab.core.dataset import Dataset
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.core.recommender import FitContext, recommender

USERS, ITEMS = 60, 40


@pytest.fixture(scope="module")
def data():
    """Reds buy red, blues blue; the last red and the last blue customer and item have no history."""
    rng = np.random.default_rng(0)
    users, items = np.nonzero(rng.random((USERS, ITEMS)) < 0.5)
    bought = (users % 2 == items % 2) & (users < USERS - 2) & (items < ITEMS - 2)
    names = [
        [f"{letter}{100 + code}" for code in range(count)] for letter, count in (("u", USERS), ("i", ITEMS))
    ]
    frame = pd.DataFrame(
        {"user": np.array(names[0])[users[bought]], "item": np.array(names[1])[items[bought]]}
    )
    log = Interactions.from_frame(frame, ColumnMap("user", "item"))
    tables = [
        pd.DataFrame(
            {"colour": np.resize(["red", "blue"], len(ids)), "size": np.arange(len(ids)) % 3}, index=ids
        )
        for ids in names
    ]
    return Dataset.join("colours", log, *tables)


@pytest.fixture(scope="module", params=["warp", "bpr"])
def scorer(request, data):
    spec = recommender({"algorithm": "metadata_factors", "factors": 8, "loss": request.param, "epochs": 40})
    return spec.fit(data, FitContext(seed=1))


def test_customers_without_history_are_scored_by_their_attributes(scorer, data):
    new = UserBatch.of(data.interactions, np.array([USERS - 2, USERS - 1]), attributes=data.customers)
    scores = scorer.score(new)[:, : ITEMS - 2]
    assert scorer.answers(new).all()
    assert scores[0, ::2].mean() > scores[0, 1::2].mean() + 0.1
    assert scores[1, 1::2].mean() > scores[1, ::2].mean() + 0.1


def test_a_stranger_is_scored_by_the_attributes_that_come_with_her(scorer, data):
    stranger = UserBatch.stranger([], attributes=pd.DataFrame({"colour": ["blue"]}))
    scores = scorer.score(stranger)[0, : ITEMS - 2]
    assert scorer.answers(stranger)[0]
    assert scores[1::2].mean() > scores[::2].mean() + 0.1


def test_items_nobody_touched_are_scored_by_their_attributes(scorer, data):
    everybody = UserBatch.of(data.interactions, np.arange(USERS - 2), attributes=data.customers)
    red, blue = scorer.score(everybody, np.array([ITEMS - 2, ITEMS - 1])).T
    assert (red[::2] > blue[::2]).mean() > 0.9
    assert (blue[1::2] > red[1::2]).mean() > 0.9


def test_a_code_alone_keeps_the_attributes_of_its_customer(scorer, data):
    told = UserBatch.of(data.interactions, np.arange(USERS), attributes=data.customers)
    untold = UserBatch.of(data.interactions, np.arange(USERS))
    np.testing.assert_allclose(scorer.score(told), scorer.score(untold), atol=1e-5)


def test_without_attributes_it_is_an_ordinary_factor_model(data):
    bare = Dataset("bare", data.interactions)
    scores = (
        recommender({"algorithm": "metadata_factors"})
        .fit(bare, FitContext())
        .score(UserBatch.stranger([0, 2, 4]))
    )
    assert scores[0, : ITEMS - 2 : 2].mean() > scores[0, 1 : ITEMS - 2 : 2].mean()
