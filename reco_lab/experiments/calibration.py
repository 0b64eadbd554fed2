"""Does this laboratory compute correctly? Published numbers, reproduced on the user's own machine.

G1: M. Ferrari Dacrema et al., A troubling analysis of reproducibility and progress in recommender systems
research (TOIS 2021), appendix tables 46, 48 and 49: MovieLens 100K in the split of MCRec. All ratings count
as 1, lists of 10 over the 1,682 items less the customer's own; their nDCG has the untruncated ideal.
G2: the benchmark table of Surprise's documentation: five-fold cross-validation on MovieLens 100K, and on 1M in a
full certificate.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import CancelledError, RecoLabError
from reco_lab.core.experiment import MetricSpec, Question
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.core.progress import Report
from reco_lab.core.ranking import Candidates
from reco_lab.core.recommender import FitContext, Recommender, recommender
from reco_lab.core.splitting import Split, splitter
from reco_lab.experiments.exam import Exam

DATA = {"G1": "golden-ml-100k", "G2": "ml-100k", "G2 ML-1M": "ml-1m"}
KEYS = {"P@10": "precision@10", "R@10": "recall@10", "nDCG@10": "ndcg_untruncated@10"}


@dataclass(frozen=True)
class Published:
    """A recommender's published figures, and how far ours may be from them.

    Ours are means over `seeds` seeds. Rows that are `full` take minutes and are computed where asked for.
    """

    table: str
    name: str
    spec: dict[str, Any]
    figures: dict[str, float]
    tolerance: float
    seeds: int = 1
    full: bool = False


@dataclass(frozen=True)
class Reproduced:
    """One figure of the certificate. `ours` is None, with the reason, where it could not be computed.

    `failed` tells a recommender that failed, which is no better than a wrong figure, from data that is not there.
    """

    table: str
    recommender: str
    quantity: str
    published: float
    ours: float | None
    tolerance: float
    reason: str = ""
    failed: bool = False

    @property
    def passed(self) -> bool | None:
        """Whether ours is within the tolerance; None where there was nothing to compute it from."""
        if self.ours is None:
            return False if self.failed else None
        return abs(self.ours - self.published) <= self.tolerance + 5e-5


def _g1(name: str, spec: dict[str, Any], p: float, r: float, ndcg: float, tolerance: float) -> Published:
    return Published("G1", name, spec, {"P@10": p, "R@10": r, "nDCG@10": ndcg}, tolerance)


def _g2(
    name: str, algorithm: str, small: tuple[float, float], large: tuple[float, float]
) -> tuple[Published, Published]:
    """The rows of MovieLens 100K and of 1M: RMSE and MAE."""
    spec = {"algorithm": algorithm}
    figures, more = ({"RMSE": rmse, "MAE": mae} for rmse, mae in (small, large))
    return (
        Published("G2", name, spec, figures, 0.005),
        Published("G2 ML-1M", name, spec, more, 0.005, full=True),
    )


CERTIFICATE = (
    _g1("EASE", {"algorithm": "ease", "l2": 458.0}, 0.3739, 0.2430, 0.2905, 1e-4),
    _g1("SLIM", {"algorithm": "slim", "neighbours": 605, "l1_ratio": 1.13e-4, "alpha": 0.2225, "iterations": 100}, 0.3770, 0.2441, 0.2957, 1e-4),
    _g1("RP3beta", {"algorithm": "rp3beta", "neighbours": 324, "alpha": 0.8593, "beta": 0.6574, "normalised": True}, 0.3435, 0.2191, 0.2588, 1e-4),
    _g1("P3alpha", {"algorithm": "p3alpha", "neighbours": 197, "alpha": 0.0, "normalised": True}, 0.3305, 0.2081, 0.2554, 1e-3),
    _g1("PureSVD", {"algorithm": "pure_svd", "factors": 13}, 0.3545, 0.2247, 0.2719, 1e-3),
    _g1("Item k-NN, jaccard", {"algorithm": "item_knn", "similarity": "jaccard", "neighbours": 161, "shrink": 0.0, "weighting": "none"}, 0.3177, 0.2043, 0.2431, 1e-4),
    _g1("Item k-NN, dice", {"algorithm": "item_knn", "similarity": "dice", "neighbours": 179, "shrink": 0.0, "weighting": "none"}, 0.3211, 0.2040, 0.2425, 1e-4),
    _g1("Item k-NN, cosine with BM25", {"algorithm": "item_knn", "similarity": "cosine", "neighbours": 886, "shrink": 403.0, "weighting": "bm25"}, 0.3293, 0.2152, 0.2571, 1e-4),
    _g1("User k-NN, jaccard", {"algorithm": "user_knn", "similarity": "jaccard", "neighbours": 128, "shrink": 0.0, "weighting": "none"}, 0.3430, 0.2225, 0.2687, 1e-3),
    _g1("User k-NN, dice", {"algorithm": "user_knn", "similarity": "dice", "neighbours": 129, "shrink": 0.0, "weighting": "none"}, 0.3442, 0.2237, 0.2692, 1e-3),
    _g1("Most popular", {"algorithm": "most_popular"}, 0.1907, 0.1180, 0.1361, 5e-4),
    Published("G1", "iALS", {"algorithm": "ials", "factors": 15, "scaling": "log", "alpha": 0.001, "epsilon": 0.001, "regularization": 2.71e-4, "iterations": 10}, {"P@10": 0.3596, "R@10": 0.2283, "nDCG@10": 0.2759}, 0.006, seeds=3),
    *_g2("SVD", "svd", (0.934, 0.737), (0.873, 0.686)),
    *_g2("SVD++", "svd_pp", (0.919, 0.721), (0.862, 0.672)),
    *_g2("NMF of ratings", "surprise_nmf", (0.963, 0.758), (0.916, 0.723)),
    *_g2("Slope One", "slope_one", (0.946, 0.743), (0.907, 0.715)),
    *_g2("k-NN, plain", "knn_basic", (0.980, 0.774), (0.923, 0.727)),
    *_g2("k-NN, centred", "knn_means", (0.951, 0.749), (0.929, 0.738)),
    *_g2("k-NN Baseline", "knn_baseline", (0.931, 0.733), (0.895, 0.706)),
    *_g2("Co-clustering", "co_clustering", (0.963, 0.753), (0.915, 0.717)),
    *_g2("Baseline", "baseline_only", (0.944, 0.748), (0.909, 0.719)),
    *_g2("Random", "random_ratings", (1.518, 1.219), (1.504, 1.206)),
)  # fmt: skip


def certificate(*, full: bool = False) -> tuple[Published, ...]:
    """What is to be reproduced, a recommender at a time; a `full` certificate takes hours more."""
    return tuple(published for published in CERTIFICATE if full or not published.full)


def reproduce(
    published: Published,
    folder: Path,
    *,
    seed: int = 0,
    report: Report = lambda _fraction, _message: None,
    excuse: Callable[[Exception], str] = str,
) -> list[Reproduced]:
    """Compute a recommender's published figures here; `folder` holds the data as its publisher gives it.

    Where a file is not there the figures say so, and where the recommender fails they give the reason: its own
    mistake as it stands, any other as `excuse` tells it. Raises only what `report` raises to cancel.
    """
    ours: dict[str, float] = {}
    reason, failed = "", True
    try:
        ours = _compute(published, folder, seed, report)
    except CancelledError:
        raise
    except FileNotFoundError as error:
        reason, failed = f"{Path(error.filename).name} is not there", False
    except RecoLabError as error:
        reason = str(error)
    except Exception as error:  # noqa: BLE001 - one recommender that fails never ends the certificate
        reason = excuse(error)
    return [
        Reproduced(
            published.table,
            published.name,
            quantity,
            figure,
            ours.get(quantity),
            published.tolerance,
            reason,
            bool(reason) and failed,
        )
        for quantity, figure in published.figures.items()
    ]


def _compute(published: Published, folder: Path, seed: int, report: Report) -> dict[str, float]:
    spec = recommender(published.spec)
    if published.table == "G1":
        split = golden_split(folder)
        seeds = range(seed, seed + published.seeds)
        found = [_rank(spec, split, one, report) for one in seeds]
        return {quantity: float(np.mean([one[quantity] for one in found])) for quantity in KEYS}
    return _rate(spec, movielens_1m(folder) if published.full else movielens(folder), seed, report)


def _rank(spec: Recommender, split: Split, seed: int, report: Report) -> dict[str, float]:
    """Precision, recall and nDCG at 10 by the paper's definitions, through the ordinary exam."""
    asked = MetricSpec(names=("precision", "recall", "ndcg_untruncated"), k=(10,))
    exam = Exam.of(split, "test", Question(metrics=asked))
    with threadpool_limits(1):
        scorer = spec.fit(exam.train, FitContext(seed, report=report))
        measured = exam.measure(*exam.ask(scorer))
    return {quantity: measured[key].value for quantity, key in KEYS.items()}


def _rate(spec: Recommender, data: Dataset, seed: int, report: Report) -> dict[str, float]:
    """RMSE and MAE over five folds: the mean of the folds, as Surprise's table gives it."""
    asked = MetricSpec(names=("rmse", "mae"), k=(10,))
    question = Question(metrics=asked, seed=seed)
    found = []
    for split in splitter({"kind": "k_fold", "folds": 5}).split(data, np.random.default_rng(seed)):
        exam = Exam.of(split, "test", question)
        with threadpool_limits(1):
            scorer = spec.fit(exam.train, FitContext(seed, report=report))
            lists = exam.ask(scorer)
        measured = exam.measure(*lists, exam.rate(scorer))
        found.append((measured["rmse"].value, measured["mae"].value))
    rmse, mae = np.mean(found, axis=0)
    return {"RMSE": float(rmse), "MAE": float(mae)}


def golden_split(folder: Path) -> Split:
    """The published split of MCRec: 80,000 pairs to learn from, 20,000 to judge by, every item a candidate."""
    train = pd.read_csv(
        folder / "ml-100k.train.rating",
        sep="\t",
        header=None,
        dtype="str",
        usecols=[0, 1],
        names=["user", "item"],
    )
    lines = [
        line.split() for line in (folder / "ml-100k.test.rating").read_text().splitlines() if line.strip()
    ]
    test = pd.DataFrame(
        [(user, item) for user, *items in lines for item in items], columns=["user", "item"], dtype="str"
    )
    frame = pd.concat([train, test], ignore_index=True)
    marked = frame.assign(part=np.repeat([0.0, 1.0], [len(train), len(test)]))
    is_test = Interactions.from_frame(marked, ColumnMap("user", "item", value="part")).values == 1
    log = Interactions.from_frame(frame, ColumnMap("user", "item"))
    rows = np.arange(len(log))
    return Split(
        name="golden",
        data=Dataset("golden-ml-100k", log),
        train_rows=rows[~is_test],
        validation_rows=rows[:0],
        test_rows=rows[is_test],
        candidates=Candidates(items=np.ones(log.n_items, bool)),
    )


def movielens(folder: Path) -> Dataset:
    """MovieLens 100K as published: customer, item, rating, seconds since 1970, tab-separated without a header."""
    names = ["user", "item", "value", "time"]
    frame = pd.read_csv(
        folder / "u.data", sep="\t", header=None, names=names, dtype={"user": "str", "item": "str"}
    )
    frame["time"] = pd.to_datetime(frame["time"], unit="s")
    return Dataset(
        "ml-100k", Interactions.from_frame(frame, ColumnMap("user", "item", value="value", time="time"))
    )


def movielens_1m(folder: Path) -> Dataset:
    """The ratings of MovieLens 1M as published: customer, item, rating and seconds, with two colons between."""
    names = ["user", "item", "value", "time"]
    columns, ids = [0, 2, 4, 6], {0: "str", 2: "str"}
    frame = pd.read_csv(folder / "ratings.dat", sep=":", header=None, usecols=columns, dtype=ids)
    frame = frame.set_axis(names, axis=1)
    frame["time"] = pd.to_datetime(frame["time"], unit="s")
    return Dataset(
        "ml-1m", Interactions.from_frame(frame, ColumnMap("user", "item", value="value", time="time"))
    )
