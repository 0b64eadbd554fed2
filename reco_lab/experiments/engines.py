"""Where work that can run side by side runs: here in turn, or on processes of this machine."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import joblib

Task = TypeVar("Task")
Result = TypeVar("Result")


def side_by_side(work: Callable[[Task], Result], tasks: Sequence[Task], processes: int) -> Iterator[Result]:
    """What `work` makes of each task, in their order; each process keeps to one thread.

    With one process nothing is started. Processes stay warm for the next call and end with this one.
    """
    if processes == 1 or len(tasks) < 2:
        yield from map(work, tasks)
        return
    # Arrays are handed over as copies: joblib's memory maps are read-only, which compiled libraries refuse.
    with joblib.parallel_config("loky", n_jobs=processes, inner_max_num_threads=1, max_nbytes=None):
        yield from joblib.Parallel(return_as="generator")(joblib.delayed(work)(task) for task in tasks)
