"""What the tuning of an experiment's recommenders tried and found, while it runs and afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate

import pandas as pd

from reco_lab.core.evaluation import metric_at
from reco_lab.core.recommender import algorithms
from reco_lab.experiments.results import Comparison
from reco_lab.experiments.tuning import State, Trial, importances, surely_matters
from reco_lab.store.records import Job
from reco_lab.workspace import Workspace


@dataclass(frozen=True)
class Study:
    """The trials of one recommender in their order; `rises`: a higher value is better."""

    name: str
    algorithm: str
    trials: tuple[Trial, ...]
    rises: bool

    @property
    def best_so_far(self) -> list[float]:
        """The best value after each trial that reached one."""
        values = [trial.value for trial in self.trials if trial.value is not None]
        return list(accumulate(values, max if self.rises else min))

    @property
    def ended_early(self) -> int:
        """How many trials were not worth finishing."""
        return sum(trial.state is State.pruned for trial in self.trials)

    def importances(self) -> Mapping[str, float]:
        """How much of the difference between the trials each parameter explains."""
        return importances(algorithms()[self.algorithm], self.trials, rises=self.rises)

    def sure(self, name: str) -> bool:
        """Whether a parameter explains more than chance would make the first of all explain."""
        return surely_matters(algorithms()[self.algorithm], self.trials, name)

    def frame(self) -> pd.DataFrame:
        """A row a trial: its settings, how it ended, its value, its seconds."""
        rows = [
            {
                "trial": number,
                **trial.parameters,
                "ended": trial.state.value,
                "value": trial.value,
                "seconds": round(trial.seconds, 2),
            }
            for number, trial in enumerate(self.trials, 1)
        ]
        return pd.DataFrame(rows)


def under_way(workspace: Workspace, job: Job) -> list[Study]:
    """The studies of an experiment that runs, as far as they are."""
    asked = job.payload.get("studies", {})
    rises = metric_at(asked["headline"])[0].higher_is_better is not False if asked else True
    return [_study(workspace, *one, rises=rises) for one in asked.get("of", [])]


def studies(workspace: Workspace, found: Comparison) -> list[Study]:
    """The studies of a finished experiment, those with trials, best recommender first."""
    rises = metric_at(found.headline)[0].higher_is_better is not False
    rows = [row for row in found.leaderboard if row.tuned is not None and row.tuned.trials]
    return [
        _study(
            workspace,
            row.name,
            row.algorithm,
            row.study,
            rises=rises,
            last=row.tuned.trials if row.tuned else None,
        )
        for row in rows
    ]


def _study(
    workspace: Workspace, name: str, algorithm: str, key: str, *, rises: bool, last: int | None = None
) -> Study:
    """The last so many trials under a key: those before them were made by other code of ours."""
    kept = [Trial.model_validate(one["trial"]) for one in workspace.ledger.trials(key)]
    return Study(name, algorithm, tuple(kept[-last:] if last else kept), rises)
