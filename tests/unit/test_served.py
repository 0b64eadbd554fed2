"""A model beside others of another version: whatever the codes are, each customer and item is scored by its id."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from reco_lab.core.batch import UserBatch
from reco_lab.core.events import Stage
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.core.recommender import FitContext, recommender
from reco_lab.serving.served import as_served
from reco_lab.serving.snapshot import Ranker
from reco_lab.testing.serving import small_shop

OLD = small_shop()
MORE = pd.DataFrame(
    {
        "user": ["a new one", "u01", "u00"],
        "item": ["a new thing", "a new thing", "i00"],
        "kind": "view",
        "value": 1.0,
    }
).assign(time=np.datetime64("2026-02-01", "us"))


@pytest.fixture(scope="module")
def new():
    """The shop with a customer and an item that come before all others in the order of ids."""
    frame = pd.concat([OLD.interactions.frame(), MORE])
    log = Interactions.from_frame(frame, ColumnMap("user", "item", "value", "time", "kind"))
    return replace(OLD, interactions=log, customers=None, items=None)


def _ranker(algorithm, stage=Stage.model):
    scorer = recommender({"algorithm": algorithm}).fit(OLD, FitContext())
    return Ranker(stage, algorithm, scorer)


@pytest.mark.parametrize("algorithm", ["item_knn", "ials", "most_popular"])
def test_scores_are_those_of_the_same_items_and_what_is_unknown_stands_last(new, algorithm):
    ranker = _ranker(algorithm)
    served = as_served((ranker,), OLD, new)
    users = np.arange(1, 20)
    batch = UserBatch.of(new.interactions, users)
    mine = new.interactions.user_ids[users]
    theirs = UserBatch.of(OLD.interactions, OLD.interactions.user_ids.get_indexer(mine))
    places = new.interactions.item_ids.get_indexer(OLD.interactions.item_ids)
    rows = [row for row, name in enumerate(mine) if name not in set(MORE["user"])]
    scores = served.score(batch)
    np.testing.assert_allclose(scores[rows][:, places], ranker.scorer.score(theirs)[rows], rtol=1e-5)
    unknown = np.setdiff1d(np.arange(served.n_items), places)
    assert (scores[:, unknown] < scores[:, places].min(axis=1, keepdims=True)).all()


def test_live_items_beyond_the_catalogue_are_passed_over(new):
    served = as_served((_ranker("item_knn"),), OLD, new)
    heard = UserBatch.stranger([1, 2, served.n_items + 5])
    np.testing.assert_array_equal(served.score(heard), served.score(UserBatch.stranger([1, 2])))


def test_the_next_of_the_chain_answers_whom_the_first_has_nothing_to_say_to(new):
    chain = (_ranker("item_knn"), _ranker("most_popular", Stage.popular))
    served = as_served(chain, OLD, new)
    batch = UserBatch.of(new.interactions, np.array([0, 1]))
    assert served.answers(batch).all()
    assert not as_served(chain[:1], OLD, new).answers(batch)[0]
    alone = as_served(chain[1:], OLD, new)
    np.testing.assert_array_equal(served.score(batch)[0], alone.score(batch)[0])
