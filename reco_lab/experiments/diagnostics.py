"""What a person should know before believing a split's numbers, in plain words."""

from collections.abc import Sequence

from reco_lab.core.dataset import Dataset
from reco_lab.core.evaluation import metric
from reco_lab.core.experiment import Experiment
from reco_lab.core.splitting import Split
from reco_lab.core.words import count
from reco_lab.experiments.compare import direction
from reco_lab.experiments.folds import chooses
from reco_lab.experiments.results import SplitSummary
from reco_lab.experiments.run import Exams
from reco_lab.experiments.verdict import shown

FEW_CUSTOMERS = 100
SAMPLED = (
    "Sampled candidates: each customer was asked about a few hundred items at most, so these figures compare with "
    "no others, and the order of the recommenders may be another over the whole catalogue."
)


def warnings_about(split: SplitSummary) -> tuple[str, ...]:
    """What makes the numbers weak: sampled candidates, a test mostly of cold customers, few who can be scored."""
    found = [SAMPLED] if split.sampled else []
    share = split.cold_user_rows / split.asked if split.asked else 0.0
    if share > 0.2:
        found.append(
            f"{share:.0%} of the test rows belong to customers without any history: no model can know them. "
            "The headline is over the others; the column for all customers shows them served by popularity."
        )
    if split.users_scored < FEW_CUSTOMERS:
        found.append(f"Only {count(split.users_scored, 'customer')} can be scored: expect wide intervals.")
    return tuple(found)


def notes_about(split: SplitSummary, oracle_gaps: Sequence[str]) -> tuple[str, ...]:
    """What was left out of the test and why, and why the oracle is missing where it could be expected."""
    found = []
    if split.unknown_item_rows:
        found.append(
            f"{count(split.unknown_item_rows, 'test row')} left out, of items that nobody knew at the cut: "
            "no list could hold them."
        )
    if split.repeats_removed:
        found.append(
            f"{count(split.repeats_removed, 'test row')} left out, repeating what the customer had before the cut."
        )
    if split.nothing_left:
        found.append(
            f"{count(split.nothing_left, 'customer')} not counted, with no test row left after that."
        )
    found += [f"The oracle is not shown: {gap}." for gap in oracle_gaps[:1]]
    return tuple(found)


def lacking(experiment: Experiment, data: Dataset) -> tuple[str, ...]:
    """Which of the metrics that were asked for cannot be measured on this data, and what is missing."""
    return tuple(gap for name in experiment.metrics.names if (gap := metric(name).lacks(data)))


def obstacle(experiment: Experiment, exams: Sequence[Exams], cuts: Sequence[Split]) -> str:
    """Why no champion can be named; empty where one can."""
    if direction(experiment) == 0:
        return f"{shown(experiment.headline)} has no better end"
    if not chooses(cuts):
        return "in cross-validation every row judges, so none is left to choose by"
    if exams[0].validation is None:
        return f"nobody can be scored on the validation part ({exams[0].no_validation})"
    return ""
