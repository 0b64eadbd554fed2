"""What an experiment answers: plain data that the page shows, the command line prints and the store keeps."""

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict


class _Result(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Cell(_Result):
    """A metric of one recommender: over warm customers with its simultaneous 95 % interval, and over all of them.

    `low` and `high` are None where the metric cannot be resampled; `all_customers` where it has no such reading.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    all_customers: float | None = None


class Seconds(_Result):
    """Wall time of the steps of a run, in seconds."""

    fit: float
    recommend: float
    evaluate: float


class Tuned(_Result):
    """What a recommender's search for its settings was given and found on the validation part.

    `first` is the headline of the settings it was given, `best` that of those it found; `seconds` of work.
    """

    trials: int
    pruned: int
    failed: int
    seconds: float
    first: float | None
    best: float | None


class Row(_Result):
    """One line of the leaderboard. `reference` rows (random, popularity, oracle) give the others a scale.

    `error` is the sentence of a run that failed; its metrics are then empty. `scored` counts the warm
    customers the model had an answer of its own for. `validation` is the headline metric on the validation
    part, the only thing that chooses the champion. A recommender whose model depends on the seed is run with
    several; its figures are the means over them, and `by_seed` the headline of each; `by_fold` is the
    headline of each fold, where there are several. `tuned` is None for a recommender that was taken as it was
    given, `study` the key of its trials.
    """

    name: str
    algorithm: str
    parameters: dict[str, Any]
    metrics: dict[str, Cell] = {}
    validation: float | None = None
    scored: int | None = None
    seconds: Seconds | None = None
    peak_memory_mb: float | None = None
    reference: bool = False
    error: str | None = None
    run_keys: tuple[str, ...] = ()
    by_seed: tuple[float, ...] = ()
    by_fold: tuple[float, ...] = ()
    tuned: Tuned | None = None
    study: str = ""
    notes: tuple[str, ...] = ()


class SplitSummary(_Result):
    """What the split left: row counts, customers with test rows, how many of them are warm, what is cold.

    `nothing_left` counts warm customers whose test rows all fell away: repeats or items nobody knew
    (`unknown_item_rows`). `asked` counts the test rows of the kinds to predict, `judged` those of them that
    are held against the lists: without repeats and without items that nobody knew at the cut. `as_of` is when
    the test begins, `until` when its last row happened, `hits` the kinds of interaction that count.
    `sampled`: each customer was asked about a few hundred candidates at most, so the figures compare with no
    others.
    """

    kind: str
    train: int
    validation: int
    test: int
    users_in_test: int
    users_scored: int
    cold_users: int
    cold_items: int
    nothing_left: int = 0
    unknown_item_rows: int = 0
    repeats_removed: int = 0
    cold_user_rows: int = 0
    asked: int = 0
    judged: int = 0
    candidates: int = 0
    as_of: str | None = None
    until: str | None = None
    sampled: bool = False
    hits: tuple[str, ...] = ()


class Outcome(StrEnum):
    """How the champion compares with another recommender, seen from the champion."""

    better = "better"
    worse = "worse"
    tie = "tie"
    unsure = "too few customers to tell"


class Verdict(_Result):
    """The champion against one other recommender on the headline metric: a paired comparison over customers.

    `low` to `high` is the simultaneous 95 % interval of the difference (champion minus other), `p` the
    permutation test's, `p_holm` corrected for the number of comparisons, `p_max_t` corrected knowing how they
    hang together: the one that decides with the interval. `p_bh` is corrected for false discoveries
    (Benjamini-Hochberg), `p_wilcoxon` the signed-rank test's. `effect` is Cohen's d; `better`, `worse` and
    `equal` are the shares of customers whom the champion serves so. A true difference below `detectable` would
    be missed more often than once in five experiments of this size.
    """

    champion: str
    other: str
    metric: str
    difference: float
    low: float
    high: float
    p: float
    p_holm: float
    p_max_t: float
    customers: int
    outcome: Outcome
    sentence: str
    p_bh: float | None = None
    p_wilcoxon: float | None = None
    effect: float | None = None
    better: float | None = None
    worse: float | None = None
    equal: float | None = None
    detectable: float | None = None


class Comparison(_Result):
    """Everything an experiment found. Rows are sorted by the headline metric, best first; failures last.

    `cut` is the fingerprint of the data and its cuts, `test_part` that of the rows that judge. `headline` is
    the key of the metric ("ndcg@10"). `sentence` is the verdict in one line, `plain` the same for somebody
    who knows no metrics. `warnings` say what makes the numbers weak, `notes` what was left out. `margin` is
    how close two scores must be to be called a tie; None where the metric has no ends to measure that by.
    """

    experiment: str
    key: str
    dataset: str
    fingerprint: str
    synthetic: bool
    headline: str
    champion: str | None
    sentence: str
    plain: str
    margin: float | None
    leaderboard: tuple[Row, ...]
    split: SplitSummary
    verdicts: tuple[Verdict, ...]
    versions: dict[str, str]
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    created: str = ""
    cut: str = ""
    test_part: str = ""

    def row(self, name: str) -> Row:
        """The line of the leaderboard with this name."""
        return next(row for row in self.leaderboard if row.name == name)
