"""Usage: python benchmarks/forecasts.py --data FOLDER [--machine FILE] [--kept FILE] [--seconds 60]: forecast against measured.

Every recommender on the demo shop, MovieLens 100K, and a sixteenth, a quarter and all of MovieLens 1M's customers:
processor seconds of one fit with the lists of all customers, and the process's highest memory, each measured in a
process of its own. Pairs that take longer than `--seconds` are left out, and named. With `--kept` what was measured
before is not measured again, with `--machine` neither is the machine.
"""

import argparse
import json
import os
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import pandas as pd

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from reco_lab.algorithms import _kernels  # noqa: E402 - the line above lets the checkout be found
from reco_lab.core.dataset import Dataset  # noqa: E402 - likewise
from reco_lab.core.interactions import ColumnMap, Interactions, Kind  # noqa: E402 - likewise
from reco_lab.core.recommender import Recommender, algorithms  # noqa: E402 - likewise
from reco_lab.experiments.calibration import movielens  # noqa: E402 - likewise
from reco_lab.experiments.forecast import Point, Work, forecast  # noqa: E402 - likewise
from reco_lab.experiments.machine import LADDER, measure, point  # noqa: E402 - likewise
from reco_lab.experiments.memory import peak_mb, reset_peak  # noqa: E402 - likewise
from reco_lab.services.demo import FOLDER  # noqa: E402 - likewise
from reco_lab.services.shop import load_shop  # noqa: E402 - likewise

SHARES = (16, 4, 1)
Points = dict[str, list[Point]]


def main() -> None:
    wanted = arguments()
    for step in _kernels.steps():
        step()
    points = machine(wanted.machine)
    rows = []
    for name, data in data_sets(wanted.data):
        for algorithm, kind in algorithms().items():
            if not kind().missing(data):
                found = kept(wanted.kept, f"{name} {algorithm}", kind(), data, wanted.seconds)
                rows.append(row(name, algorithm, kind(), data, points, found))
    report(pd.DataFrame(rows))


def arguments() -> argparse.Namespace:
    known = os.environ.get("RECO_LAB_TEST_DATA")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=known, required=known is None)
    parser.add_argument("--machine", type=Path, help="the machine's points are kept here")
    parser.add_argument("--kept", type=Path, help="what was measured is kept here")
    parser.add_argument("--seconds", type=int, default=60, help="processor seconds that a pair may take")
    return parser.parse_args()


def machine(file: Path | None) -> Points:
    """The points of this machine, as the app measures them."""
    if file is not None and file.exists():
        known = json.loads(file.read_text())
        return {name: [Point.model_validate(one) for one in found] for name, found in known.items()}
    began = process_time()
    points = dict(measure(list(algorithms().values()), lambda _fraction, _message: None))
    print(f"the machine was measured in {process_time() - began:.0f} processor seconds", file=sys.stderr)
    if file is not None:
        told = {name: [one.model_dump() for one in found] for name, found in points.items()}
        file.write_text(json.dumps(told))
    return points


def data_sets(folder: Path) -> Iterator[tuple[str, Dataset]]:
    yield "demo-shop", load_shop(FOLDER)
    yield "ml-100k", movielens(folder / "ml-100k")
    text = (folder / "ml-1m" / "ratings.dat").read_text()
    rows = np.array(text.replace("::", " ").split(), np.int64).reshape(-1, 4)
    for share in SHARES:
        mine = rows[rows[:, 0] % share == 0]
        frame = pd.DataFrame({"user": mine[:, 0].astype("str"), "item": mine[:, 1].astype("str")})
        frame["value"], frame["time"] = mine[:, 2].astype(float), pd.to_datetime(mine[:, 3], unit="s")
        frame["kind"] = "rating"
        columns = ColumnMap("user", "item", "value", "time", "kind", {"rating": Kind.rating})
        name = "ml-1m" if share == 1 else f"ml-1m / {share}"
        yield name, Dataset(name, Interactions.from_frame(frame, columns))


def kept(file: Path | None, key: str, spec: Recommender, data: Dataset, seconds: int) -> dict[str, Any]:
    """What was measured of a pair, before or now."""
    lines = [] if file is None or not file.exists() else file.read_text().splitlines()
    for line in map(json.loads, lines):
        if line["pair"] == key:
            return line
    found = {"pair": key} | measured(spec, data, seconds)
    if file is not None:
        with file.open("a") as notes:
            notes.write(json.dumps(found) + "\n")
    return found


def measured(spec: Recommender, data: Dataset, seconds: int) -> dict[str, Any]:
    """Seconds and memory of a fit and its lists in a child of this process, which is warm but holds nothing more."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        point(spec, LADDER[0].data)
        resource.setrlimit(resource.RLIMIT_CPU, (int(process_time()) + seconds,) * 2)
        reset_peak()
        found = point(spec, data, None)
        told = {"fit": found.fit, "rank": found.rank, "peak": peak_mb()}
        os.write(writing, json.dumps(told | {"base": (told["peak"] or 0) - (found.megabytes or 0)}).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    return json.loads(answer) if answer else {}


def row(
    name: str, algorithm: str, spec: Recommender, data: Dataset, points: Points, found: dict[str, Any]
) -> dict[str, Any]:
    customers = int((np.diff(data.interactions.matrix.indptr) > 0).sum())
    expected = forecast(spec, Work.of(data.interactions, customers), points)
    cells = {"data": name, "algorithm": algorithm}
    if expected is None or "fit" not in found:
        return cells
    seconds = found["fit"] + found["rank"]
    cells |= {"s": seconds, "forecast s": expected.seconds, "s ratio": expected.seconds / seconds}
    if expected.megabytes is not None:
        megabytes = found["base"] + expected.megabytes
        cells |= {"MB": found["peak"], "forecast MB": megabytes, "MB ratio": megabytes / found["peak"]}
    return cells


def report(table: pd.DataFrame) -> None:
    with pd.option_context("display.width", 200):
        print(table.round(3).to_string(index=False))
    left = table[table["s"].isna()]
    print(f"\ntoo long to be measured: {', '.join(left['algorithm'] + ' on ' + left['data']) or 'none'}")
    for name in ("s ratio", "MB ratio"):
        ratio = table[name].dropna()
        good = ratio.between(0.5, 2)
        print(f"{name} within a factor of 2: {good.sum()} of {len(good)} ({good.mean():.0%})")
        print(good.groupby(table["data"], sort=False).mean().map("{:.0%}".format).to_string())


if __name__ == "__main__":
    main()
