"""Usage: python benchmarks/growth.py [--rows 1,5,25] [--only item_knn,ials] [--catalogue kept]: what a growing log costs a row."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from _table import line  # noqa: E402 - the folder is no package; the line above lets it be found

SPECS = ("most_popular", "item_knn", "rp3beta", "ials")
MILLION = 1_000_000
LARGEST = 25, 160_000, 60_000
THREADS = 2
LONGEST = 1000
ALLOWED_RATIO, ALLOWED_MB = 1.3, 2000
HEADER = (
    "algorithm",
    "rows",
    "fit s",
    "whole s",
    "fit CPU ns",
    "to the least",
    "whole CPU ns",
    "to the least",
    "besides model",
    "fit met",
    "whole met",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=_numbers, default=[1, 5, 25], help="millions, by comma")
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(SPECS), help="by comma")
    parser.add_argument(
        "--catalogue",
        choices=("grown", "kept"),
        default="grown",
        help="whether items grow with the rows, or are as many at each size",
    )
    wanted = parser.parse_args()
    line(*HEADER)
    with tempfile.TemporaryDirectory() as place:
        least: dict[tuple[str, str], float] = {}
        for millions in wanted.rows:
            log = Path(place) / f"{millions}.npz"
            generate(millions, log, kept=wanted.catalogue == "kept")
            for algorithm in wanted.only:
                found = measured(algorithm, log)
                cells, met = [f"{found['fit']:.2f}", f"{whole(found, ''):.2f}"], []
                for work, seconds in (("fit", found["fit_cpu"]), ("whole", whole(found, "_cpu"))):
                    each = seconds / found["rows"] * 1e9
                    ratio = each / least.setdefault((algorithm, work), each)
                    cells += [f"{each:.0f}", f"{ratio:.2f}"]
                    met.append(ratio <= ALLOWED_RATIO and found["besides_mb"] <= ALLOWED_MB)
                verdicts = ["yes" if one else "no" for one in met]
                line(algorithm, f"{found['rows']:,}", *cells, f"{found['besides_mb']:.0f} MB", *verdicts)
            log.unlink()


def whole(found: dict[str, float], clock: str) -> float:
    """The seconds of an experiment: cutting the log, fitting, and the lists and metrics of a sample of customers."""
    return sum(found[part + clock] for part in ("split", "fit", "sample"))


def generate(millions: float, file: Path, *, kept: bool = False) -> None:
    """Customers of very different activity, in proportion to the rows, and items by a zipf law; no pair twice.

    Items grow in proportion too, or are those of the largest log where the catalogue is `kept`: then the log is
    what a sample of its customers would leave. Histories are as long at each size, so that a row brings as much
    work: twice as many items are drawn as are wanted, and of the distinct ones the first are kept. Rows are
    ordered by customer, as in a log.
    """
    rng = np.random.default_rng(42)
    share = millions / LARGEST[0]
    rows, n_users, n_items = int(millions * MILLION), int(LARGEST[1] * share), int(LARGEST[2] * share)
    if kept:
        n_items = LARGEST[2]
    lengths = rng.lognormal(0.0, 1.0, n_users)
    lengths = np.clip((lengths * rows / lengths.sum()).astype(np.int64), 1, LONGEST)
    users = np.repeat(np.arange(n_users), 2 * lengths)
    popularity = np.cumsum(1.0 / (np.arange(n_items) + 10.0))
    drawn = np.searchsorted(popularity / popularity[-1], rng.random(len(users)))
    first = np.sort(np.unique(users * n_items + drawn, return_index=True)[1])
    users, drawn = users[first], drawn[first]
    starts = np.searchsorted(users, np.arange(n_users))
    held = np.arange(len(users)) - starts[users] < lengths[users]
    items = rng.permutation(n_items).astype(np.int32)[drawn[held]]
    np.savez(file, lengths=np.bincount(users[held], minlength=n_users), items=items, shape=[n_users, n_items])


def measured(algorithm: str, log: Path) -> dict[str, float]:
    command = [sys.executable, str(HERE / "_grown.py"), algorithm, str(log), str(THREADS)]
    own = {"PYTHONPATH": str(HERE.parent), "OPENBLAS_NUM_THREADS": str(THREADS)}
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=os.environ | own)
    found: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    return found


def _numbers(text: str) -> list[float]:
    return [float(number) for number in text.split(",")]


if __name__ == "__main__":
    main()
