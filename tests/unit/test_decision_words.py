"""A chance as a person says it."""

import pytest

from reco_lab.ui.decision_words import chance


@pytest.mark.parametrize(
    ("propensity", "said"),
    [(1.0, "certain"), (0.996, "over 99 %"), (0.905, "90 %"), (0.0045, "about 1 in 222"), (0.0, "none")],
)
def test_only_what_was_certain_is_called_certain(propensity, said):
    assert chance(propensity) == said
