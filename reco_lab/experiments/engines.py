"""Where work that can run side by side runs: here in turn, or on processes of this machine."""

import os
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import joblib

from reco_lab.jobs.child import die_with

Task = TypeVar("Task")
Result = TypeVar("Result")


def side_by_side(work: Callable[[Task], Result], tasks: Sequence[Task], processes: int) -> Iterator[Result]:
    """What `work` makes of each task, in their order; each process keeps to one thread.

    With one process nothing is started. Processes stay warm for the next call and end with this one,
    however it ends.
    """
    if processes == 1 or len(tasks) < 2:
        yield from map(work, tasks)
        return
    # Arrays are handed over as copies: joblib's memory maps are read-only, which compiled libraries refuse.
    ends_with_us = {"initializer": die_with, "initargs": (os.getpid(),)}
    with joblib.parallel_config(
        "loky", n_jobs=processes, inner_max_num_threads=1, max_nbytes=None, **ends_with_us
    ):
        yield from joblib.Parallel(return_as="generator")(joblib.delayed(work)(task) for task in tasks)
