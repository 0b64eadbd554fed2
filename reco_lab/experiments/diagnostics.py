"""What a person should know before believing a split's numbers, in plain words."""

from collections.abc import Sequence

from reco_lab.experiments.results import SplitSummary
from reco_lab.experiments.run import Exams

FEW_CUSTOMERS = 100


def warnings_about(
    split: SplitSummary, exams: Sequence[Exams], oracle_gaps: Sequence[str]
) -> tuple[str, ...]:
    """Sentences about cold customers, small samples, a missing validation part and a missing oracle."""
    found = []
    share = split.cold_user_rows / split.asked if split.asked else 0.0
    if share > 0.2:
        found.append(
            f"{share:.0%} of the test rows belong to customers without any history: no model can know them. "
            "The headline is over the others; the column for all customers shows them served by popularity."
        )
    if split.users_scored < FEW_CUSTOMERS:
        found.append(f"Only {split.users_scored} customers can be scored: expect wide intervals.")
    if split.repeats_removed:
        found.append(f"{split.repeats_removed} test rows repeat a pair from before the cut and are left out.")
    found += [
        f"No champion can be chosen: {both.no_validation}" for both in exams[:1] if both.validation is None
    ]
    found += [f"The oracle is not shown: {gap}." for gap in oracle_gaps[:1]]
    return tuple(found)
