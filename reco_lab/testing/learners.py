"""What every policy that learns must do besides: run `CHECKS` over a learner."""

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.learner import SHORTLIST, WIDTH, Learner
from reco_lab.core.memory import Memory, Outcomes
from reco_lab.core.policy import Seen

ADS = ("apron", "boots", "coat", "dress")
FEATURES = np.array([1, 0.5, 0, 1, 0, 0, -0.5, 0.2], np.float32)
NOTHING = np.zeros(0, np.intp)
DAY = 86_400 * 10**6
BEGUN = 1_700_000_000 * 10**6
ROWS = 4000


def outcomes(
    rates: dict[str, float], rows: int = ROWS, *, places: int = 1, next_place: float = 1.0, seed: int = 0
) -> Outcomes:
    """Ads shown evenly and clicked at these rates, at so many places of which each next is looked at so much less."""
    rng = np.random.default_rng(seed)
    ads, place = rng.integers(0, len(rates), rows), rng.integers(0, places, rows)
    chance = np.array(list(rates.values()))[ads] * np.power(next_place, place)
    features = np.repeat(FEATURES[None, :], rows, axis=0) * rng.uniform(0, 1, (rows, 1)).astype(np.float32)
    features[:, 0] = 1.0
    return Outcomes(
        ads=tuple(np.array(list(rates), object)[ads]),
        places=place.astype(np.int64),
        shown=np.ones(rows),
        clicked=(rng.random(rows) < chance).astype(np.float64),
        relevance=rng.uniform(0.2, 0.8, rows),
        at=BEGUN + np.sort(rng.integers(0, 3 * DAY, rows)),
        features=features,
    )


def part(of: Outcomes, rows: NDArray[np.intp]) -> Outcomes:
    """Some rows of outcomes, in this order."""
    ids = np.array(of.ads, object)[rows]
    return Outcomes(
        tuple(ids), of.places[rows], of.shown[rows], of.clicked[rows], of.relevance[rows], of.at[rows], of.features[rows]
    )  # fmt: skip


RATES = dict(zip(ADS, (0.05, 0.2, 0.05, 0.05), strict=True))


def folds_in_any_order(one: Learner) -> None:
    """Outcomes folded at once, or shuffled and in parts, or clicks apart from what was shown, make the same memory."""
    told = outcomes(RATES, places=3, next_place=one.attention)
    at_once = one.fold(one.nothing(), told)
    order = np.random.default_rng(1).permutation(ROWS)
    again = one.nothing()
    for some in np.array_split(order, 7):
        mine = part(told, some)
        shown = Outcomes(
            mine.ads, mine.places, mine.shown, 0 * mine.clicked, mine.relevance, mine.at, mine.features
        )
        clicked = Outcomes(
            mine.ads, mine.places, 0 * mine.shown, mine.clicked, mine.relevance, mine.at, mine.features
        )
        again = one.fold(one.fold(again, clicked), shown)
    _same(at_once, again)


def leaves_memories_alone(one: Learner) -> None:
    """Folding makes another memory; the one before is as it was."""
    before = one.fold(one.nothing(), outcomes(RATES, 100))
    kept = {name: values.copy() for name, values in before.own.items()}
    one.fold(before, outcomes({"extra": 0.5, **RATES}, 100, seed=1))
    assert all(np.array_equal(before.own[name], values) for name, values in kept.items()), "it was changed"


def survives_storing(one: Learner) -> None:
    """A memory read again from its bytes is the same and gives the same chances."""
    memory = one.fold(one.nothing(), outcomes(RATES))
    again = Memory.from_bytes(memory.to_bytes())
    _same(memory, again)
    seen = _seen(memory)
    odds = [one.odds(seen, NOTHING, np.random.default_rng(4), known) for known in (memory, again)]
    assert np.array_equal(odds[0], odds[1]), "the chances are others"


def begins_with_nothing(one: Learner) -> None:
    """An empty memory serves as well as none, for customers that are known and strangers."""
    for features in (None, FEATURES):
        seen = Seen(np.array([0.2, 0.9, 0.4], np.float32), None, features)
        odds = [one.odds(seen, NOTHING, np.random.default_rng(0), known) for known in (None, one.nothing())]
        assert np.array_equal(odds[0], odds[1]), "an empty memory is no memory"
        assert np.isclose(odds[0].sum(), 1.0), "chances sum to 1"


def tries_what_nobody_saw(one: Learner) -> None:
    """An ad that is not in the memory has a chance beside ads that are."""
    memory = one.fold(one.nothing(), outcomes(RATES))
    seen = Seen(np.full(5, 0.5, np.float32), np.array([*memory.rows(ADS), -1]), FEATURES)
    odds = one.odds(seen, NOTHING, np.random.default_rng(2), memory)
    assert odds[-1] > 0, "nobody will ever see it"


def follows_clicks(one: Learner) -> None:
    """The ad that was clicked most often gets most places, and its rate is expected about where it is."""
    memory = one.fold(one.nothing(), outcomes(RATES, 4 * ROWS))
    odds = [one.odds(_seen(memory), NOTHING, np.random.default_rng(seed), memory) for seed in range(20)]
    assert np.mean(odds, axis=0)[1] > 0.5, "the best is shown most"
    rates, deviations = one.rates(memory)
    assert abs(rates[1] - RATES["boots"]) < 0.06, "its rate is expected where it is"
    assert (deviations > 0).all(), "nothing is ever sure"


def is_fair_to_low_places(one: Learner) -> None:
    """An ad that stood low is not taken for a weak one."""
    first = outcomes({"apron": 0.2}, ROWS)
    low = outcomes({"boots": 0.2 * one.attention**3}, ROWS, seed=1)
    low = Outcomes(low.ads, low.places + 3, low.shown, low.clicked, low.relevance, low.at, low.features)
    memory = one.fold(one.fold(one.nothing(), first), low)
    rates, _ = one.rates(memory)
    assert abs(rates[0] - rates[1]) < 0.05, "the low place is held against it"


def values_bids(one: Learner) -> None:
    """Of ads that are clicked alike the one that pays five times as much is shown most."""
    memory = one.fold(one.nothing(), outcomes(dict.fromkeys(ADS, 0.1)))
    worth = np.array([1, 1, 5, 1], np.float32)
    seen = Seen(0.5 * worth, memory.rows(ADS), FEATURES, worth)
    odds = [one.odds(seen, NOTHING, np.random.default_rng(seed), memory) for seed in range(20)]
    assert np.mean(odds, axis=0)[2] > 0.5, "what it pays counts"


def copes_with_many(one: Learner) -> None:
    """Of many candidates all have a chance, the chances sum to 1 and are those that are told."""
    memory = one.fold(one.nothing(), outcomes(RATES))
    count = 5 * SHORTLIST
    rows = np.full(count, -1)
    rows[:4] = memory.rows(ADS)
    seen = Seen(np.linspace(0, 1, count, dtype=np.float32), rows, FEATURES)
    choice = one.place(seen, 3, np.random.default_rng(6), memory)
    for place in range(3):
        odds = one.odds(seen, choice.chosen[:place], np.random.default_rng(6), memory)
        assert np.isclose(odds.sum(), 1.0), "chances sum to 1"
        assert np.isclose(odds[choice.chosen[place]], choice.propensities[place]), (
            "the chance told is the one used"
        )
    assert np.count_nonzero(odds) == count - 2, "everybody left has a part of the floor"


def looks_at_what_it_says(one: Learner) -> None:
    """Settings that change its sums change the name its memory is kept under; the width of features is the service's."""
    for name in one.remembers:
        low = next(parameter.low for parameter in type(one).parameters() if parameter.name == name)
        other = one.model_copy(update={name: low})
        assert other.remembered_as != one.remembered_as, "another memory needs another name"
    assert one.model_copy(update={"floor": 0.5}).remembered_as == one.remembered_as, (
        "the floor is no part of it"
    )
    assert len(FEATURES) == WIDTH, "these checks speak of as many features as the service"


def _seen(memory: Memory) -> Seen:
    return Seen(np.full(len(ADS), 0.5, np.float32), memory.rows(ADS), FEATURES)


def _same(one: Memory, other: Memory) -> None:
    assert one.ids == other.ids, "the ads are others"
    for mine, others in ((one.own, other.own), (one.shared, other.shared)):
        assert mine.keys() == others.keys(), "the sums are others"
        assert all(np.allclose(mine[name], others[name], 1e-9, 1e-9) for name in mine), "the sums differ"


CHECKS = (
    folds_in_any_order,
    leaves_memories_alone,
    survives_storing,
    begins_with_nothing,
    tries_what_nobody_saw,
    follows_clicks,
    is_fair_to_low_places,
    values_bids,
    copes_with_many,
    looks_at_what_it_says,
)
