"""Usage: python benchmarks/side_by_side.py --data FOLDER [--rounds 3] [--only ease,ials]: Reco Lab and its peers on ML-1M."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import _ours  # noqa: E402 - the folder is no package; the line above lets it be found
from _split import Cut  # noqa: E402 - likewise

PEERS = {"implicit": ["implicit==0.7.3"], "rectools": ["rectools==0.19.0"]}
COMPARED = {
    "most_popular": ("ours", "rectools"),
    "item_knn": ("ours", "implicit", "rectools"),
    "ease": ("ours", "rectools"),
    "ials": ("ours", "implicit", "rectools"),
    "bpr": ("ours", "implicit", "rectools"),
    "metrics": ("ours", "rectools"),
}
IMPLICIT_INSIDE = ("item_knn", "ials", "bpr")
THREADS = 2
SEED = 42
HEADER = ("algorithm", "engine", "fit s", "rank s", "metrics s", "sum s", "CPU s", "peak MB", "nDCG@10")

Measured = dict[str, float]
Results = dict[tuple[str, str], list[Measured]]


def main() -> None:
    wanted = arguments()
    pythons = {"ours": sys.executable} | {name: environment(wanted.envs, name) for name in PEERS}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        cut = prepared(wanted.data, folder)
        results: Results = defaultdict(list)
        for number in range(wanted.rounds):
            for algorithm in wanted.only:
                for engine in COMPARED[algorithm]:
                    results[algorithm, engine].append(
                        measured(pythons[engine], engine, algorithm, folder, cut)
                    )
            print(
                f"round {number + 1} of {wanted.rounds} done, load {os.getloadavg()[0]:.1f}", file=sys.stderr
            )
    report({key: middle(runs) for key, runs in results.items()})


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
        "--only", type=lambda text: text.split(","), default=list(COMPARED), help="algorithms, by comma"
    )
    found = parser.parse_args()
    if unknown := set(found.only) - set(COMPARED):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(COMPARED)}")
    return found


def environment(folder: Path, peer: str) -> str:
    """The Python of the peer's own environment, made where it is not there yet."""
    place = folder / peer
    ready = place / "ready"
    python = str(place / "bin" / "python")
    if not ready.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(place)], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PEERS[peer]], check=True)
        ready.touch()
    return python


def prepared(data: Path, folder: Path) -> Cut:
    """Write the cut, and lists of the best sellers for those who measure metrics alone."""
    text = (data / "ml-1m" / "ratings.dat").read_text()
    rows = np.array(text.replace("::", " ").split(), np.int64).reshape(-1, 4)
    cut = Cut.drawn(rows[:, 0], rows[:, 1], SEED)
    cut.save(folder / "cut.npz")
    known = _ours.prepare(cut)
    np.save(folder / "lists.npy", _ours.rank(_ours.fit("most_popular", known, THREADS), known, THREADS))
    return cut


def measured(python: str, engine: str, algorithm: str, folder: Path, cut: Cut) -> Measured:
    """One measurement in a fresh process; how good its lists are is always measured by our metrics."""
    command = [python, str(HERE / "_one.py"), engine, algorithm, str(folder), str(THREADS)]
    answer = subprocess.run(
        command, check=True, capture_output=True, text=True, env=os.environ | settings(engine, algorithm)
    )
    found: Measured = json.loads(answer.stdout.splitlines()[-1])
    if algorithm != "metrics":
        lists = np.load(folder / f"{engine}-{algorithm}.npy")
        found["ndcg"] = _ours.measure(_ours.prepare_metrics(cut, lists))["ndcg@10"]
    return found


def settings(engine: str, algorithm: str) -> dict[str, str]:
    """The same two threads for all; implicit asks for one BLAS thread below its own."""
    blas = 1 if engine != "ours" and algorithm in IMPLICIT_INSIDE else THREADS
    own = {"PYTHONPATH": str(HERE.parent)} if engine == "ours" else {}
    return own | {"OMP_NUM_THREADS": str(THREADS), "OPENBLAS_NUM_THREADS": str(blas)}


def middle(runs: list[Measured]) -> Measured:
    """The median of each figure and of their sums, and the best sum: what the least disturbed round took."""
    figures = {name: median(run[name] for run in runs) for name in runs[0]}
    for kind in ("", "_cpu"):
        sums = [sum(run.get(f"{part}{kind}", 0.0) for part in ("fit", "rank", "metrics")) for run in runs]
        figures[f"sum{kind}"], figures[f"best{kind}"] = median(sums), min(sums)
    return figures


def report(figures: dict[tuple[str, str], Measured]) -> None:
    line(*HEADER)
    for (algorithm, engine), found in figures.items():
        parts = [number(found.get(name)) for name in ("fit", "rank", "metrics", "sum", "sum_cpu")]
        line(algorithm, engine, *parts, f"{found['peak_mb']:.0f}", f"{found['ndcg']:.4f}")
    print("\nours / fastest peer")
    for algorithm in dict.fromkeys(algorithm for algorithm, _ in figures):
        line(algorithm, *ratios(algorithm, figures))


def ratios(algorithm: str, figures: dict[tuple[str, str], Measured]) -> list[str]:
    ours = figures[algorithm, "ours"]
    peers = {
        engine: found for (name, engine), found in figures.items() if name == algorithm and engine != "ours"
    }
    cells = []
    for label, name in {"wall": "sum", "best wall": "best", "CPU": "sum_cpu"}.items():
        fastest = min(peers, key=lambda engine: peers[engine][name])
        cells.append(f"{label} {ours[name] / peers[fastest][name]:.2f} ({fastest})")
    quality = " / ".join(f"{found['ndcg']:.4f}" for found in (ours, *peers.values()))
    return [*cells, f"nDCG@10 {quality}"]


def number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def line(*cells: Any) -> None:
    print("  ".join(f"{cell:<14}" for cell in cells).rstrip())


if __name__ == "__main__":
    main()
