import pytest

from reco_lab.core.recommender import algorithms
from reco_lab.testing.recommenders import checks


@pytest.mark.parametrize("check", checks(), ids=lambda check: check.__name__.removeprefix("check_"))
@pytest.mark.parametrize("algorithm", algorithms())
def test_every_recommender_keeps_the_contract(algorithm, check):
    check(algorithms()[algorithm])


def test_no_two_recommenders_share_a_label():
    labels = [kind.info.label for kind in algorithms().values()]

    assert len(set(labels)) == len(labels)
