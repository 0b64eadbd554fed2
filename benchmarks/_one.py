"""Usage: python benchmarks/_one.py ENGINE ALGORITHM FOLDER THREADS (started by side_by_side.py): one measurement as JSON."""

import json
import re
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from _split import Cut


def timed(seconds: dict[str, float], name: str, work: Callable[[], Any]) -> Any:
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    seconds[name], seconds[f"{name}_cpu"] = time.perf_counter() - wall, time.process_time() - cpu
    return result


def main(engine: str, algorithm: str, folder: Path, threads: int) -> dict[str, Any]:
    library, cut, seconds = import_module(f"_{engine}"), Cut.load(folder / "cut.npz"), {}
    if algorithm == "metrics":
        prepared = library.prepare_metrics(cut, np.load(folder / "lists.npy"))
        measured = timed(seconds, "metrics", lambda: library.measure(prepared))
        return seconds | {"ndcg": float(measured["ndcg@10"])}
    data = library.prepare(cut)
    model = timed(seconds, "fit", lambda: library.fit(algorithm, data, threads))
    lists = timed(seconds, "rank", lambda: library.rank(model, data, threads))
    np.save(folder / f"{engine}-{algorithm}.npy", np.asarray(lists, np.int32))
    return seconds


def peak_mb() -> float:
    """The most memory this process had; getrusage would count what its parent had when it was started."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) / 1024 if found else float("nan")


if __name__ == "__main__":
    found = main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
    print(json.dumps(found | {"peak_mb": peak_mb()}))
