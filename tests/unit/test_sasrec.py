"""The self-attentive network: what it says without torch, how it scores in numpy, how it learns."""

import sys

import numpy as np
import pandas as pd
import pytest

from reco_lab.algorithms._attention import Attention, drawn
from reco_lab.core.batch import UserBatch
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import NeedsError, ParameterError
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.core.recommender import Extra, FitContext, recommender
from reco_lab.services.experiments import offers

SENTENCE = 'the extra deep: pip install -e ".[deep]"'
LEARNS = pytest.mark.skipif(not Extra.deep.installed, reason=f"needs {SENTENCE}")
SMALL = {"algorithm": "sasrec", "factors": 16, "longest": 8, "dropout": 0.0}


@pytest.fixture
def no_torch(monkeypatch):
    monkeypatch.setattr("reco_lab.core.recommender.find_spec", lambda name: None)


def circles(n_users=40, length=6, n_items=12):
    """Each customer walks round a circle of items from somewhere on, a step a day."""
    starts = np.random.default_rng(0).integers(0, n_items, n_users)
    rows = [
        (
            f"u{user:02d}",
            f"i{(start + day) % n_items:02d}",
            pd.Timestamp("2024-01-01") + pd.Timedelta(days=day),
        )
        for user, start in enumerate(starts)
        for day in range(length)
    ]
    frame = pd.DataFrame(rows, columns=["user", "item", "time"])
    return Dataset("circles", Interactions.from_frame(frame, ColumnMap("user", "item", time="time")))


def blank(seed=0):
    weights = {name: 10 * array for name, array in drawn(20, 16, 5, 2, np.random.default_rng(seed)).items()}
    return Attention(weights, heads=2)


def test_without_its_extra_it_says_how_to_get_it(no_torch):
    with pytest.raises(NeedsError) as refusal:
        recommender(SMALL).fit(circles(), FitContext())

    assert str(refusal.value) == f"SASRec needs {SENTENCE}."


def test_without_its_extra_a_hybrid_of_it_says_so_too(no_torch):
    spec = recommender({"algorithm": "hybrid", "parts": [SMALL, {"algorithm": "most_popular"}]})

    assert spec.missing(circles()) == (SENTENCE,)


@pytest.mark.parametrize("data", [None, circles()], ids=["without data", "with data"])
def test_without_its_extra_only_it_is_offered_as_missing_something(no_torch, data):
    missing = {one.algorithm: one.missing for one in offers(data)}

    assert missing["sasrec"] == (SENTENCE,)
    assert missing["markov"] == ()


def test_asking_what_is_installed_imports_nothing():
    before = set(sys.modules)
    offers(None)

    assert "torch" not in set(sys.modules) - before


def test_only_the_latest_entries_count_and_their_order_does():
    scorer = blank()
    scores = scorer.score(UserBatch.stranger([7, 1, 2, 3, 4, 5]))

    assert np.array_equal(scores, scorer.score(UserBatch.stranger([9, 1, 2, 3, 4, 5])))
    assert not np.allclose(scores, scorer.score(UserBatch.stranger([9, 2, 1, 3, 4, 5])))


def test_nobody_scores_nothing():
    assert not blank().score(UserBatch.stranger([])).any()


@LEARNS
def test_numpy_reads_a_history_as_torch_does():
    import torch

    from reco_lab.algorithms._attention_lessons import Teacher

    scorer, history = blank(), [3, 1, 4, 1, 5]
    weights = {name: torch.tensor(array) for name, array in scorer.weights.items()}
    teacher = Teacher(2, 0.0, "softmax", 1, torch.device("cpu"))
    read = teacher._read(weights, torch.tensor([history]), torch.Generator())

    for length in range(1, 6):
        told = scorer.summary(UserBatch.stranger(history[:length]))
        assert told[0] == pytest.approx(read[0, length - 1].numpy(), abs=1e-5)


@LEARNS
@pytest.mark.parametrize("loss", ["softmax", "gbce"])
def test_the_gradient_is_that_of_the_loss(loss):
    import torch

    from reco_lab.algorithms._attention_lessons import Teacher

    dice = torch.Generator().manual_seed(1)
    read, table = (torch.randn(count, 4, generator=dice).requires_grad_() for count in (6, 9))
    right = torch.tensor([0, 3, 8, 3, 1, 5])
    teacher = Teacher(1, 0.0, loss, 5, torch.device("cpu"))
    found = teacher._wanted(read.detach(), table.detach(), right, torch.Generator().manual_seed(2))

    scores = read @ table.T
    if loss == "softmax":
        wanted = torch.nn.functional.cross_entropy(scores, right, reduction="sum")
    else:
        rare = torch.randint(9, (5,), generator=torch.Generator().manual_seed(2))
        share = 5 / 8
        trust = share * (0.75 * (1 - 1 / share) + 1 / share)
        likely = torch.nn.functional.logsigmoid(scores.gather(1, right[:, None])).sum()
        unlikely = torch.nn.functional.logsigmoid(-scores[:, rare])[rare != right[:, None]].sum()
        wanted = -trust * likely - unlikely
    for mine, theirs in zip(found, torch.autograd.grad(wanted, [read, table]), strict=True):
        torch.testing.assert_close(mine, theirs)


@LEARNS
def test_every_step_of_every_history_is_learnt_from_once():
    from reco_lab.algorithms._attention_lessons import Pieces

    data = circles(length=6)
    pieces = Pieces.of(data.interactions, 2)
    told = []
    for shards in pieces.turn(np.random.default_rng(0)):
        for rows in shards:
            items, following, there = pieces.shard(rows)
            told += zip(items[there].tolist(), following[there].tolist(), strict=True)

    codes = data.interactions.items.reshape(40, 6)
    assert sorted(told) == sorted(zip(codes[:, :-1].ravel(), codes[:, 1:].ravel(), strict=True))


@LEARNS
@pytest.mark.parametrize("loss", ["softmax", "gbce"])
def test_it_learns_what_comes_next(loss):
    scorer = recommender(SMALL | {"loss": loss, "negatives": 6, "learning_rate": 0.01}).fit(
        circles(), FitContext()
    )

    assert [int(scorer.score(UserBatch.stranger(walk))[0].argmax()) for walk in ([2, 3], [9, 10, 11])] == [
        4,
        0,
    ]


@LEARNS
def test_the_digits_do_not_depend_on_threads_and_torch_is_left_as_it_was(monkeypatch):
    import torch

    from reco_lab.algorithms import _attention_lessons

    monkeypatch.setattr(_attention_lessons, "SHARD", 2)
    spec, before = (
        recommender(SMALL | {"dropout": 0.3, "epochs": 2}),
        (torch.get_num_threads(), torch.get_rng_state()),
    )
    one, three = (spec.fit(circles(), FitContext(threads=threads)).weights for threads in (1, 3))

    assert all(np.array_equal(one[name], three[name]) for name in one)
    assert torch.get_num_threads() == before[0]
    assert torch.equal(torch.get_rng_state(), before[1])


@LEARNS
def test_what_grows_beyond_bounds_is_refused(monkeypatch):
    from reco_lab.algorithms import _attention_lessons

    monkeypatch.setattr(_attention_lessons.Adam, "step", lambda self, _: self._weights[0].data.fill_(np.inf))

    with pytest.raises(ParameterError, match="smaller learning rate"):
        recommender(SMALL | {"epochs": 1}).fit(circles(), FitContext())
