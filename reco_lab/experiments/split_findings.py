"""What an inspected split means, in sentences, and what to do about it."""

from collections.abc import Iterator

from reco_lab.core.words import count, share
from reco_lab.experiments.diagnostics import FEW_CUSTOMERS, SAMPLED
from reco_lab.experiments.inspection import Inspection

MANY_COLD = 0.2
MOSTLY_COLD = 0.5
WORTH_SAYING = 0.01
MOVED = 0.4
SHIFTED = 0.05
SLACK = 0.1


def findings(found: Inspection) -> tuple[str, ...]:
    """The sentences, the weightiest first."""
    return tuple(_sentences(found))


def recommendation(found: Inspection) -> str:
    """What to do: the answer to the weightiest doubt, or that there is none."""
    if found.sampled:
        return "Use these figures to check a published benchmark only, and compare recommenders over the whole catalogue."
    if found.cold_share > MANY_COLD and not found.asks_everyone:
        return (
            "Ask two questions with two splits. Keep this one for what a shop really meets, and read the column over "
            "all customers beside the headline. To tell recommenders apart on customers they know, run the same "
            "models under the last share per customer; for the others, under cold customers."
        )
    if found.warm_customers < FEW_CUSTOMERS:
        return (
            f"Choose a larger test or another split: with {found.warm_customers:,} customers to judge by, only large "
            "differences can be seen."
        )
    if found.later_share > WORTH_SAYING:
        return (
            "Run the same models under global time before you believe a figure: there nothing of the future is "
            "known, as in a shop."
        )
    return "No reason was found to distrust this split."


def _sentences(found: Inspection) -> Iterator[str]:
    if found.sampled:
        yield SAMPLED
    yield _judges(found)
    if found.cold_share > WORTH_SAYING:
        much = " That is most of the test: the figures are about a minority." if _mostly_cold(found) else ""
        yield (
            f"{share(found.cold_share)} of the test rows are of cold customers: nobody knew them when the test began.{much}"
        )
    if found.unknown_item_rows:
        yield (
            f"{found.unknown_item_rows:,} test rows ({share(found.unknown_item_share, 1)}) nobody could predict: their items "
            "were not known when the test began."
        )
    yield from _leaks(found)
    yield from _moves(found)
    if found.repeated_rows:
        fate = "count as hits where they are found" if found.repeats_count else "are left out"
        yield f"{found.repeated_rows:,} test rows repeat what the customer had before; they {fate}."


def _judges(found: Inspection) -> str:
    if found.asks_everyone:
        return f"All {found.warm_customers:,} customers in the test are asked, whether they have a history or not."
    told = (
        f"{found.warm_customers:,} of {found.test_customers:,} customers in the test are warm: they have a history "
        "before it, and a choice in it that could be recommended."
    )
    left = found.test_customers - found.warm_customers - found.cold_customers
    if left <= 0:
        return told
    gone = "repeats or of items that nobody knew" if not found.repeats_count else "of items that nobody knew"
    return f"{told} {count(left, 'other customer')} with a history cannot be judged: all their test rows are {gone}."


def _mostly_cold(found: Inspection) -> bool:
    return found.cold_share > MOSTLY_COLD and not found.asks_everyone


def _leaks(found: Inspection) -> Iterator[str]:
    if found.later_share > WORTH_SAYING:
        yield (
            f"{found.later_rows:,} of the rows learned from ({share(found.later_share)}) are later than the first test row: "
            "the models know something of the future."
        )
    if found.own_later_rows:
        yield (
            f"{found.own_later_rows:,} of them are later rows of the very customers who are judged, which makes every "
            "score too good."
        )


def _moves(found: Inspection) -> Iterator[str]:
    test, chance = found.parts[-1], found.chance_agreement
    usual = MOVED if chance is None else min(MOVED, chance - SLACK)
    if found.agreement is not None and found.agreement < usual:
        yield (
            f"What is popular changes between the parts: the order of the items agrees only weakly (Kendall's tau "
            f"{found.agreement:.2f}; {_expected(chance)})."
        )
    if abs(test.gini - found.chance_gini) > SHIFTED:
        way = "more" if test.gini > found.chance_gini else "less"
        yield (
            f"The test is {way} concentrated on few items than as many rows from before it would be (Gini "
            f"{test.gini:.2f} against {found.chance_gini:.2f})."
        )


def _expected(chance: float | None) -> str:
    if chance is None:
        return "1 would be the same order"
    return f"{chance:.2f} would be usual if nothing had changed"
