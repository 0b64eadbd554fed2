"""What each rule costs: the same customers' lists with all rules and without this one, held against what they bought.

A tag is the campaign's lists less those without the rule, so it tells what the rule does beside the others. Nothing
is estimated from parts: both lists are built whole, and only what the rule does not touch is not computed twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import sparse, stats

from reco_lab.campaigns.candidates import Asked, Pool, bought_by, pool
from reco_lab.campaigns.lists import Lists, build
from reco_lab.campaigns.money import Worth
from reco_lab.campaigns.rules import RuleSet, rule_set
from reco_lab.campaigns.spec import Rule
from reco_lab.core.dataset import Dataset
from reco_lab.core.evaluation import Evaluation, metric
from reco_lab.core.interactions import Interactions
from reco_lab.core.likeness import Likeness
from reco_lab.core.ranking import NO_ITEM, Recommendations
from reco_lab.experiments.segments import SMALLEST
from reco_lab.experiments.significance import LEVEL

QUALITY, COVERAGE = "ndcg", "coverage"
THOUSAND = 1000.0

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Trial:
    """The customers of an experiment's test part, who ranks items for them, and what they really wanted.

    `relevant` is CSR, a row a customer, 1 for what she went for after the cut; `train` and `known` are what was
    known before it, `as_of` the cut. `share` is how many of the campaign's customers they are: stock and budget
    shrink with it. `segments` are masks by row. `pools` remembers candidates: two trials of the same customers and
    models may share it.
    """

    asked: Asked
    users: NDArray[np.int64]
    relevant: sparse.csr_matrix
    train: Dataset
    known: Interactions
    as_of: np.datetime64 | None
    n_candidates: int
    worth: Worth
    likeness: Likeness
    share: float = 1.0
    segments: Mapping[str, Mask] = field(default_factory=dict)
    threads: int = 1
    pools: dict[object, Pool] = field(default_factory=dict, repr=False)

    def lists(self, rules: Sequence[Rule], k: int) -> Lists:
        """The lists under these rules; candidates are ranked once for all rules that leave the same ones in."""
        ready = rule_set(rules, self.train, k).scaled(self.share)
        return build(self._pool(ready, k), ready, k, self.likeness, threads=self.threads)

    def _pool(self, rules: RuleSet, k: int) -> Pool:
        gone = rules.not_bought
        pins = tuple(mask.tobytes() for _, mask in rules.pins)
        key = (rules.allowed.tobytes(), pins, gone, k)
        if key not in self.pools:
            bought = None
            if gone is not None:
                bought = bought_by(self.known, self.users, since(self.known, self.as_of, gone.days))
            self.pools[key] = pool(self.asked, rules, bought, k)
        return self.pools[key]


@dataclass(frozen=True, eq=False)
class Standing:
    """How the lists of a rule set stand: nDCG and coverage as on the Compare page, money for a thousand customers.

    `revenue` is None where nothing says what an item is worth; `gains` is the nDCG of each customer.
    """

    items: NDArray[np.int32]
    ndcg: float
    coverage: float
    revenue: float | None
    gains: NDArray[np.float64]
    share_of_best: float | None


@dataclass(frozen=True)
class Tag:
    """What one rule does: differences with less without it. `rule` is its place among the rules.

    `ndcg` has an interval over customers, which holds together with those of the tags beside it. `changed` is
    the share of customers whose list is another one because of it, `by_segment` the same of the members of
    each segment of 20 or more.
    """

    rule: int
    sentence: str
    ndcg: float
    ndcg_low: float
    ndcg_high: float
    coverage: float
    revenue: float | None
    changed: float
    by_segment: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Tags:
    """The price tags of a campaign: its lists without any rule, with all of them, and a tag a rule.

    `altogether` is all rules against none. `customers` are those asked; `money` says how revenue was estimated, or
    that it is assumed.
    """

    plain: Standing
    ruled: Standing
    altogether: Tag | None
    tags: tuple[Tag, ...]
    customers: int
    money: str
    assumed: bool


def price(trial: Trial, rules: Sequence[Rule], k: int) -> Tags:
    """Tag every rule; all intervals hold together (Bonferroni). Raises InputError as `rule_set` does."""
    ruled = stand(trial, trial.lists(rules, k), k)
    plain = stand(trial, trial.lists((), k), k) if rules else ruled
    tags = []
    level = LEVEL if len(rules) < 2 else 1 - (1 - LEVEL) / (len(rules) + 1)
    for place, rule in enumerate(rules):
        others = [one for other, one in enumerate(rules) if other != place]
        without = stand(trial, trial.lists(others, k), k) if others else plain
        tags.append(_tag(trial, place, rule.sentence, ruled, without, level))
    altogether = _tag(trial, -1, "All rules together", ruled, plain, level) if rules else None
    return Tags(
        plain, ruled, altogether, tuple(tags), len(trial.users), trial.worth.sentence, trial.worth.assumed
    )


def stand(trial: Trial, lists: Lists, k: int) -> Standing:
    """Measure lists against what the customers wanted."""
    scores = np.where(lists.items == NO_ITEM, -np.inf, -np.arange(lists.items.shape[1], dtype=np.float32))
    shown = Recommendations(lists.items, scores.astype(np.float32))
    everyone = np.ones(len(lists.items), np.bool_)
    evaluation = Evaluation(shown, trial.relevant, trial.train, trial.n_candidates, everyone)
    quality = metric(QUALITY).measure(evaluation, k)
    counted = quality.denominator if quality.denominator is not None else np.ones(len(everyone))
    gains = np.divide(
        quality.numerator if quality.numerator is not None else np.zeros(len(everyone)),
        counted,
        out=np.zeros(len(everyone)),
        where=counted > 0,
    )
    return Standing(
        items=lists.items,
        ndcg=quality.value,
        coverage=metric(COVERAGE).measure(evaluation, k).value,
        revenue=trial.worth.per_thousand(lists.items),
        gains=gains,
        share_of_best=lists.share_of_best,
    )


def since(log: Interactions, as_of: np.datetime64 | None, days: int | None) -> np.datetime64 | None:
    """The moment so many days before the one of asking (by default the log's last); None where all time is meant."""
    if days is None or log.times is None or not len(log):
        return None
    return (log.times.max() if as_of is None else as_of) - np.timedelta64(days, "D")


def _tag(trial: Trial, place: int, sentence: str, ruled: Standing, without: Standing, level: float) -> Tag:
    changed = (ruled.items != without.items).any(axis=1)
    half = half_width((ruled.gains - without.gains)[np.diff(trial.relevant.indptr) > 0], level)
    ndcg = ruled.ndcg - without.ndcg
    known = ruled.revenue is not None and without.revenue is not None
    return Tag(
        rule=place,
        sentence=sentence,
        ndcg=ndcg,
        ndcg_low=ndcg - half,
        ndcg_high=ndcg + half,
        coverage=ruled.coverage - without.coverage,
        revenue=(ruled.revenue or 0.0) - (without.revenue or 0.0) if known else None,
        changed=float(changed.mean()) if len(changed) else 0.0,
        by_segment={
            title: float(changed[mask].mean())
            for title, mask in trial.segments.items()
            if mask.sum() >= SMALLEST
        },
    )


def half_width(gap: NDArray[np.float64], level: float) -> float:
    """Half the width of the interval of a mean difference in nDCG, a number a customer.

    Most rules change few lists, so that most differences are 0: two customers more are counted than there are, one at
    either end of what a difference can be, as on the leaderboard. Without them four intervals over 100 customers of
    whom a rule touches three hold together two times of five.
    """
    if not len(gap):
        return 0.0
    spread = gap.var(ddof=1) if len(gap) > 1 else 0.0
    return float(stats.norm.ppf((1 + level) / 2) * np.sqrt(spread / len(gap) + 2 / len(gap) ** 2))
