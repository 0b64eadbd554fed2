import numpy as np
import pytest
from scipy import sparse

from reco_lab.algorithms._sampled import Tiles, descended
from reco_lab.core.errors import ParameterError
from reco_lab.core.recommender import FitContext, recommender
from reco_lab.testing.shops import checkerboard


@pytest.fixture
def touched():
    return sparse.random(300, 200, 0.1, format="csr", rng=np.random.default_rng(0), dtype=np.float32)


def test_a_round_holds_every_pair_once_and_tiles_side_by_side_share_nothing(touched):
    pairs = []
    for apart in Tiles(touched, np.random.default_rng(1)).turn():
        for place, (owners, liked, pool, _seed) in enumerate(apart):
            assert np.isin(liked, pool).all()
            for others, likes, _pool, _ in apart[:place]:
                assert not np.isin(owners, others).any()
                assert not np.isin(liked, likes).any()
            pairs += zip(owners.tolist(), liked.tolist(), strict=True)
    assert sorted(pairs) == list(zip(*(side.tolist() for side in touched.nonzero()), strict=True))


def test_a_small_shop_is_one_tile(touched):
    (apart,) = Tiles(touched[:20], np.random.default_rng(1)).turn()
    assert len(apart) == 1


def test_what_a_customer_touched_is_found_by_halving():
    from reco_lab.algorithms._kernels.drawing import holds

    rows = np.array([9, 1, 4, 7, 9, 2], np.int32)
    found = [number for number in range(12) if holds(rows, 1, 5, number)]
    assert found == [1, 4, 7, 9]


def test_numbers_drawn_reach_every_item_about_equally_often():
    from reco_lab.algorithms._kernels.drawing import drawn, follow

    state, counts = np.uint64(88172645463325252), np.zeros(7)
    for _ in range(7000):
        state = np.uint64(follow(state))
        counts[drawn(state, 7)] += 1
    assert counts.min() > 850
    assert counts.max() < 1150


@pytest.mark.parametrize("algorithm", ["bpr", "logistic_mf"])
def test_the_number_of_threads_changes_nothing(algorithm):
    data, _ = checkerboard(ratings=False)
    one, three = (
        recommender({"algorithm": algorithm}).fit(data, FitContext(threads=threads)) for threads in (1, 3)
    )
    np.testing.assert_array_equal(one.items, three.items)
    np.testing.assert_array_equal(one.users, three.users)


def test_steps_that_overshoot_are_told_with_what_to_do(touched):
    def explode(model, _tile, _lists):
        model[0][:] = np.inf

    with pytest.raises(ParameterError, match="beyond all bounds"):
        descended(touched, 4, 1, FitContext(), explode)
