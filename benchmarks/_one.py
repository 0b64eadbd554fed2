"""Usage: python benchmarks/_one.py ENGINE WORK FOLDER THREADS (started by side_by_side.py): one measurement as JSON."""

import json
import re
import resource
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from _split import FOLDS, Cut, Stars

Seconds = dict[str, float]


def main(engine: str, work: str, folder: Path, threads: int) -> Seconds:
    library = import_module(f"_{engine}")
    if work == "metrics":
        return metrics(library, folder)
    if work == "svd_ratings":
        return ratings(library, folder, threads)
    data, seconds = library.prepare(Cut.load(folder / "cut.npz")), {}
    model = timed(seconds, "fit", lambda: library.fit(work, data, threads))
    lists = timed(seconds, "rank", lambda: library.rank(model, data, threads))
    np.save(folder / f"{engine}-{work}.npy", np.asarray(lists, np.int32))
    return seconds


def metrics(library: Any, folder: Path) -> Seconds:
    seconds: Seconds = {}
    prepared = library.prepare_metrics(Cut.load(folder / "cut.npz"), np.load(folder / "lists.npy"))
    measured = timed(seconds, "metrics", lambda: library.measure(prepared))
    return seconds | {"quality": float(measured["ndcg@10"])}


def ratings(library: Any, folder: Path, threads: int) -> Seconds:
    """Cross-validation of a rating model: the sums of seconds over the folds, the mean of their errors."""
    stars, seconds, errors = Stars.load(folder / "stars.npz"), {}, []
    for fold in range(FOLDS):
        train, test = stars.parts(fold)
        data = library.prepare_ratings(stars, train, test)
        model = timed(seconds, "fit", lambda data=data: library.fit_ratings(data, threads))
        found = timed(seconds, "rank", lambda data=data, model=model: library.predict(model, data))
        errors.append(float(np.sqrt(np.mean((np.asarray(found) - stars.values[test]) ** 2))))
    return seconds | {"quality": float(np.mean(errors))}


def timed(seconds: Seconds, name: str, work: Callable[[], Any]) -> Any:
    wall, cpu = time.perf_counter(), cpu_seconds()
    result = work()
    for label, taken in ((name, time.perf_counter() - wall), (f"{name}_cpu", cpu_seconds() - cpu)):
        seconds[label] = seconds.get(label, 0.0) + taken
    return result


def cpu_seconds() -> float:
    """Of all threads, and of processes that were started and have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def peak_mb() -> float:
    """The most memory this process had; getrusage would count what its parent had when it was started."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) / 1024 if found else float("nan")


if __name__ == "__main__":
    found = main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
    print(json.dumps(found | {"peak_mb": peak_mb()}))
