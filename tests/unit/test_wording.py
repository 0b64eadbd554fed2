from types import SimpleNamespace

import pytest

from reco_lab.core.words import about, agree, count
from reco_lab.ui import story


@pytest.mark.parametrize(
    ("number", "words"), [(0, "0 rows"), (1, "1 row"), (1.2, "1 row"), (2, "2 rows"), (13_151, "13,151 rows")]
)
def test_a_noun_goes_with_its_number(number, words):
    assert count(number, "row") == words


@pytest.mark.parametrize(
    ("number", "words"),
    [(3.2, "4"), (99, "99"), (100, "100"), (101, "110"), (4237, "4,300"), (58_411, "59,000")],
)
def test_an_estimate_has_no_more_digits_than_it_is_worth(number, words):
    assert about(number) == words


def test_a_verb_goes_with_its_number():
    assert [agree(number, "is", "are") for number in (0, 1, 2)] == ["are", "is", "are"]


def test_what_decided_is_told_in_plain_words():
    row = SimpleNamespace(name="EASE", algorithm="ease", metrics={"hit_rate@10": SimpleNamespace(value=0.3)})
    found = SimpleNamespace(
        headline="ndcg@10",
        champion="EASE",
        leaderboard=[row],
        row=lambda _: row,
        split=SimpleNamespace(hits=()),
    )

    assert story.judged(found) == (
        "The best one was picked by asking: How high up are the items that customers go for?"
    )
