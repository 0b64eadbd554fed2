import pytest

from reco_lab.core.words import agree, count


@pytest.mark.parametrize(
    ("number", "words"), [(0, "0 rows"), (1, "1 row"), (1.2, "1 row"), (2, "2 rows"), (13_151, "13,151 rows")]
)
def test_a_noun_goes_with_its_number(number, words):
    assert count(number, "row") == words


def test_a_verb_goes_with_its_number():
    assert [agree(number, "is", "are") for number in (0, 1, 2)] == ["are", "is", "are"]
