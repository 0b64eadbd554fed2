"""Usage: python benchmarks/_grown.py ALGORITHM LOG THREADS (started by growth.py): one split, fit, and its lists and metrics as JSON."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from _one import peak_mb, timed

from reco_lab.core.batch import UserBatch
from reco_lab.core.dataset import Dataset
from reco_lab.core.evaluation import Evaluation, metric, metrics
from reco_lab.core.interactions import Interactions, Kind
from reco_lab.core.ranking import recommend
from reco_lab.core.recommender import FitContext, Scorer, State, algorithms, recommender
from reco_lab.services.handlers import preparations

ASKED = 2000
SPECS = {"ials": {"factors": 32, "iterations": 5}}


def main(algorithm: str, log: Path, threads: int) -> dict[str, float]:
    algorithms(), metrics()
    for step in preparations():
        step()
    whole, seconds = [read(log)], dict[str, float]()
    data, held = timed(seconds, "split", lambda: halves(whole.pop()))
    chosen = recommender({"algorithm": algorithm, **SPECS.get(algorithm, {})})
    scorer = timed(seconds, "fit", lambda: chosen.fit(data, FitContext(threads=threads)))
    timed(seconds, "sample", lambda: measure(scorer, data, held, threads))
    besides = peak_mb() - size_mb(scorer.state())
    return seconds | {"rows": len(data.interactions), "besides_mb": besides}


def read(log: Path) -> Interactions:
    with np.load(log) as saved:
        lengths, items, (n_users, n_items) = saved["lengths"], saved["items"], saved["shape"]
    users = np.repeat(np.arange(n_users, dtype=np.int32), lengths)
    ids = [pd.Index(np.arange(count).astype(str), dtype="str") for count in (n_users, n_items)]
    ones, kinds = np.ones(len(items), np.float32), np.full(len(items), Kind.interaction, np.uint8)
    return Interactions(users, items, ones, None, kinds, *ids)


def halves(whole: Interactions) -> tuple[Dataset, Interactions]:
    """What to learn from, and the last fifth of the history of some customers."""
    lengths = np.diff(whole.user_starts)
    held = np.arange(len(whole)) - np.repeat(np.cumsum(lengths) * 1.0 - lengths * 0.2, lengths) >= 0
    held &= whole.users % max(1, len(lengths) // ASKED) == 0
    return Dataset("generated", whole.take(~held)), whole.take(held)


def measure(scorer: Scorer, data: Dataset, held: Interactions, threads: int) -> dict[str, float]:
    asked = np.unique(held.users)
    lists = recommend(scorer, UserBatch.of(data.interactions, asked), 20, threads=threads)
    relevant = held.matrix[asked]
    evaluation = Evaluation(lists, relevant, data, relevant.shape[1], np.ones(len(lists), np.bool_))
    return {name: metric(name).measure(evaluation, 10).value for name in ("ndcg", "recall", "map")}


def size_mb(state: State) -> float:
    own = sum(array.nbytes for array in state.arrays.values()) / 2**20
    return own + sum(size_mb(child) for child in state.children)


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))))
