from collections.abc import Iterator, Sequence
from enum import IntEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import DataError, SplitError
from reco_lab.core.interactions import Interactions
from reco_lab.core.parameters import tunable
from reco_lab.core.ranking import Candidates
from reco_lab.core.splitting import Split, Splitter
from reco_lab.splits._parts import checked, last_of_each, share_of

Marks = NDArray[np.uint8]


class Part(IntEnum):
    """Which part of a split a row belongs to."""

    train = 0
    validation = 1
    test = 2


class Given(Splitter):
    """Cuts where the data itself says: published benchmarks bring their own train and test files."""

    label = "Given"
    summary = "The files say which rows are for training and which judge, as published benchmarks do."

    validation: float = tunable(
        0.2,
        0.01,
        0.9,
        help="Share of each customer's training rows that chooses the champion, if none is given.",
    )

    def split(self, data: Dataset, rng: np.random.Generator) -> Iterator[Split]:  # noqa: ARG002 - part of the contract
        """Refused: a data set alone does not say; `cut` takes the marks that files or a column give."""
        raise SplitError(
            f"Nothing says which rows of {data.name!r} are for training and which judge.",
            fix="Give a train and a test file, or choose another split.",
        )

    def cut(
        self, data: Dataset, marks: Marks, rng: np.random.Generator, candidates: Candidates | None = None
    ) -> Split:
        """The split that `marks` (a `Part` for each row of the log) describes.

        Without validation rows, a share of each customer's training rows (rounded up, but not all) is
        drawn for it. Without `candidates`, every item that the data names may be recommended, whether
        training knows it or not, as published figures have it.
        """
        if len(marks) != len(data.interactions) or (len(marks) and marks.max() > Part.test):
            raise SplitError(f"{len(marks)} marks of train (0), validation (1), test (2) do not fit the log.")
        if not (marks == Part.validation).any():
            marks = self._draw_validation(data.interactions, marks, rng)
        everything = Candidates(items=np.ones(data.interactions.n_items, bool))
        train, validation, test = (np.flatnonzero(marks == part) for part in Part)
        return checked(Split(self.label, data, train, validation, test, candidates or everything))

    def _draw_validation(self, log: Interactions, marks: Marks, rng: np.random.Generator) -> Marks:
        train = np.flatnonzero(marks == Part.train)
        users = log.users[train]
        mixed = train[np.lexsort((rng.random(len(train)), users))]
        counts = share_of(np.bincount(users, minlength=log.n_users), self.validation)
        drawn = marks.copy()
        drawn[mixed[last_of_each(users, counts)]] = Part.validation
        return drawn


def join_parts(logs: Sequence[Interactions], parts: Sequence[Part]) -> tuple[Interactions, Marks]:
    """Join the logs of several files into one whose rows are marked with the part that each file is.

    Codes are those of all ids together. Times are kept if every log has them. Raises DataError for no logs.
    """
    if not logs:
        raise DataError("There are no files to join.", fix="Give at least a train and a test file.")
    user_ids = _union([log.user_ids for log in logs])
    item_ids = _union([log.item_ids for log in logs])
    known = [log.times for log in logs if log.times is not None]
    joined = Interactions(
        np.concatenate([user_ids.get_indexer(log.user_ids)[log.users] for log in logs]).astype(np.int32),
        np.concatenate([item_ids.get_indexer(log.item_ids)[log.items] for log in logs]).astype(np.int32),
        np.concatenate([log.values for log in logs]),
        np.concatenate(known) if len(known) == len(logs) else None,
        np.concatenate([log.kinds for log in logs]),
        user_ids,
        item_ids,
    )
    marks = np.repeat(np.array(parts, np.uint8), [len(log) for log in logs])
    log, beside = joined.in_order(marks)
    return log, beside[0]


def _union(ids: Sequence[pd.Index]) -> pd.Index:
    every = np.concatenate([index.to_numpy(object) for index in ids])
    union: pd.Index = pd.Index(np.unique(every), dtype="str")
    return union
