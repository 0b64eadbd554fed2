"""How quick this machine is: every recommender fitted to ever larger simulated logs until one takes a moment."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from time import process_time

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from reco_lab.core.batch import UserBatch
from reco_lab.core.dataset import Dataset
from reco_lab.core.experiment import Experiment
from reco_lab.core.interactions import ColumnMap, Interactions, Kind
from reco_lab.core.progress import Report
from reco_lab.core.ranking import recommend
from reco_lab.core.recommender import FitContext, Recommender
from reco_lab.core.splitting import splitter
from reco_lab.experiments.conduct import conduct
from reco_lab.experiments.forecast import Point, Work
from reco_lab.experiments.memory import peak_mb, released, reset_peak
from reco_lab.experiments.tuning import Notebook

ENOUGH, BRIEF = 0.25, 0.1
ASKED = 400
PLACES = 10
SEED = 0
START = np.datetime64("2025-01-01", "us")
YEAR, EVENING = 365 * 24 * 3600, 4 * 3600


@dataclass(frozen=True)
class Step:
    """A simulated log of this size: pairs drawn, some of them `repeats` times, with ratings, times and attributes."""

    pairs: int
    customers: int
    items: int
    repeats: int

    @cached_property
    def data(self) -> Dataset:
        """The log with tables of its customers and items; always the same."""
        rng = np.random.default_rng(SEED)
        liked = rng.permutation(1.0 / np.arange(5, self.items + 5))
        active = rng.lognormal(0.0, 1.0, self.customers)
        users = rng.choice(self.customers, self.pairs, p=active / active.sum())
        items = rng.choice(self.items, self.pairs, p=liked / liked.sum())
        rows = self.pairs * self.repeats
        frame = pd.DataFrame(
            {
                "user": np.tile(users, self.repeats).astype("str"),
                "item": np.tile(items, self.repeats).astype("str"),
                "value": rng.integers(1, 6, rows).astype(np.float64),
                "time": START + self._moments(np.tile(users, self.repeats), rng).astype("timedelta64[s]"),
                "kind": np.repeat([Kind.rating.name, Kind.view.name], [self.pairs, rows - self.pairs]),
            }
        )
        kinds = {kind.name: kind for kind in (Kind.rating, Kind.view)}
        log = Interactions.from_frame(frame, ColumnMap("user", "item", "value", "time", "kind", kinds))
        return Dataset.join(f"step-{self.pairs}", log, self._people(), self._things(), synthetic=True)

    def _moments(self, users: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
        """Seconds into the year: each customer comes on three evenings."""
        visits = rng.integers(0, YEAR - EVENING, (self.customers, 3))
        return visits[users, rng.integers(0, 3, len(users))] + rng.integers(0, EVENING, len(users))

    def _people(self) -> pd.DataFrame:
        codes = np.arange(self.customers)
        regions = pd.Series(codes % 7).map("region {}".format).to_numpy()
        return pd.DataFrame({"region": regions, "age": 18 + codes % 60}, index=codes.astype("str"))

    def _things(self) -> pd.DataFrame:
        codes = pd.Series(np.arange(self.items))
        titles = codes.map(lambda code: f"thing {code % 97} of kind {code % 13} number {code}")
        kinds = codes.map(lambda code: f"kind {code % 13}")
        table = {
            "title": titles.to_numpy(),
            "category": kinds.to_numpy(),
            "price": 1.0 + codes.to_numpy() % 50,
        }
        return pd.DataFrame(table, index=np.arange(self.items).astype("str"))


LADDER = (
    Step(1_500, 150, 60, 1),
    Step(6_000, 200, 400, 3),
    Step(24_000, 1_000, 300, 1),
    Step(60_000, 800, 1_600, 2),
    Step(240_000, 4_000, 1_200, 1),
)


def measure(
    kinds: Sequence[type[Recommender]], report: Report, ladder: Sequence[Step] = LADDER
) -> Iterator[tuple[str, list[Point]]]:
    """The points of each recommender by its public id, up the ladder until one takes a quarter of a second.

    A recommender that fails has those of the steps before. Raises what `report` raises to cancel.
    """
    for place, kind in enumerate(kinds):
        report(place / len(kinds), f"measuring {kind.info.label}")
        yield kind.algorithm(), list(_climb(kind(), ladder))
    report(1.0, "done")


def _climb(spec: Recommender, ladder: Sequence[Step]) -> Iterator[Point]:
    if spec.missing(ladder[0].data):
        return
    point(
        spec, ladder[0].data
    )  # what is paid once a process, such as importing a library, is no part of a fit
    for step in ladder:
        found = point(spec, step.data)
        if found.fit + found.rank < BRIEF:
            found = _lesser(found, point(spec, step.data))
        yield found
        if found.fit + found.rank > ENOUGH:
            return


def _lesser(one: Point, other: Point) -> Point:
    """Of two points of the same work the seconds that were disturbed less, and the memory of the first."""
    return one.model_copy(update={"fit": min(one.fit, other.fit), "rank": min(one.rank, other.rank)})


def point(spec: Recommender, data: Dataset, asked: int | None = ASKED) -> Point:
    """Fit once, make lists for some customers (None: all), on one thread: processor seconds and the most memory."""
    log = data.interactions
    users = np.random.default_rng(SEED).permutation(np.flatnonzero(np.diff(log.matrix.indptr)))[:asked]
    released()
    told = reset_peak()
    before = peak_mb() if told else None
    with threadpool_limits(1):
        started = process_time()
        scorer = spec.fit(data, FitContext(SEED))
        fitted = process_time()
        recommend(scorer, UserBatch.of(log, np.sort(users), attributes=data.customers), PLACES)
        ended = process_time()
    after = peak_mb() if told else None
    return Point(
        shape=Work.of(log, len(users)).of_spec(spec),
        fit=fitted - started,
        rank=ended - fitted,
        megabytes=None if before is None or after is None else after - before,
    )


def comparing(step: Step = LADDER[2]) -> float:
    """Processor seconds that judging takes for each recommender and customer: metrics, intervals, the verdict."""
    asked = Experiment.model_validate(
        {
            "data": {"dataset": "simulated"},
            "recommenders": [
                {"algorithm": "random"},
                {"algorithm": "most_popular"},
                {"algorithm": "recently_popular"},
            ],
        }
    )
    splits = list(splitter({"kind": "last_n"}).split(step.data, np.random.default_rng(SEED)))
    for _ in range(2):  # the first time pays for what is paid once a process
        started = process_time()
        found = conduct(step.data, splits, asked, _Nowhere(), lambda _fraction, _message: None)
        seconds = process_time() - started
    return seconds / (len(found.leaderboard) * found.split.users_scored)


class _Nowhere:
    """A shelf that keeps nothing."""

    def fetch(self, *_asked: object) -> None:
        """Nothing was computed before."""

    def keep(self, *_finished: object) -> None:
        """Nothing is kept."""

    def notebook(self, *_asked: object) -> Notebook:
        """Nothing was tried before."""
        return Notebook()

    def excuse(self, _spec: Recommender, error: Exception) -> str:
        """The error as it stands."""
        return str(error)
