"""Usage: python benchmarks/side_by_side.py --data FOLDER [--rounds 3] [--only ease,ials_64]: Reco Lab and its peers on ML-1M."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import _ours  # noqa: E402 - the folder is no package; the line above lets it be found
from _peers import pythons, settings  # noqa: E402 - likewise
from _split import Cut, Stars  # noqa: E402 - likewise
from _table import Measured, Results, report  # noqa: E402 - likewise
from _works import NOT_LISTS, WORKS  # noqa: E402 - likewise

THREADS = 2
SEED = 42


def main() -> None:
    wanted = arguments()
    found = pythons(wanted.envs, {engine for work in wanted.only for engine in WORKS[work].engines})
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        cut = prepared(wanted.data, folder)
        results: Results = defaultdict(list)
        for number in range(wanted.rounds):
            for work in wanted.only:
                for engine in WORKS[work].engines:
                    if engine in found:
                        print(f"{work} by {engine}", file=sys.stderr, flush=True)
                        results[work, engine].append(measured(found[engine], engine, work, folder, cut))
            load = os.getloadavg()[0]
            print(f"round {number + 1} of {wanted.rounds} done, load {load:.1f}", file=sys.stderr)
    report(results)


def arguments() -> argparse.Namespace:
    known = os.environ.get("RECO_LAB_TEST_DATA")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", type=Path, default=known, required=known is None, help="holds ml-1m/ratings.dat"
    )
    parser.add_argument(
        "--envs", type=Path, default=HERE.parent / "build" / "benchmarks", help="peers go here"
    )
    parser.add_argument(
        "--rounds", type=int, default=3, help="how often everything is run, one after another"
    )
    parser.add_argument(
        "--only", type=lambda text: text.split(","), default=list(WORKS), help="kinds of work, by comma"
    )
    found = parser.parse_args()
    if unknown := set(found.only) - set(WORKS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(WORKS)}")
    return found


def prepared(data: Path, folder: Path) -> Cut:
    """Write the cut, the folds of ratings, and lists of the best sellers for those who measure metrics alone."""
    text = (data / "ml-1m" / "ratings.dat").read_text()
    rows = np.array(text.replace("::", " ").split(), np.int64).reshape(-1, 4)
    Stars.drawn(rows[:, 0], rows[:, 1], rows[:, 2], SEED).save(folder / "stars.npz")
    cut = Cut.drawn(rows[:, 0], rows[:, 1], SEED)
    cut.save(folder / "cut.npz")
    known = _ours.prepare(cut)
    np.save(folder / "lists.npy", _ours.rank(_ours.fit("most_popular", known, THREADS), known, THREADS))
    return cut


def measured(python: str, engine: str, work: str, folder: Path, cut: Cut) -> Measured:
    """One measurement in a fresh process; how good its lists are is always measured by our metrics."""
    command = [python, str(HERE / "_one.py"), engine, work, str(folder), str(THREADS)]
    environment = settings(engine, work, THREADS, HERE.parent)
    answer = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    if answer.returncode:
        raise SystemExit(f"{work} by {engine} failed:\n{answer.stderr}")
    found: Measured = json.loads(answer.stdout.splitlines()[-1])
    if work not in NOT_LISTS:
        lists = np.load(folder / f"{engine}-{work}.npy")
        found["quality"] = _ours.measure(_ours.prepare_metrics(cut, lists))["ndcg@10"]
    return found


if __name__ == "__main__":
    main()
