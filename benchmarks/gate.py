"""Usage: python benchmarks/gate.py [--seeds 5]: how much of what is new must be poisoned until the gate sees it."""

import argparse
import sys
from dataclasses import replace

import numpy as np
import pandas as pd

from reco_lab.analysis.soundness import Limits, soundness
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.services.demo import FOLDER
from reco_lab.services.shop import load_shop

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
FLOODS = (0.0, 0.1, 0.25, 0.5, 1.0)
ROBOTS, DAYS = 20, 3


def shuffled(log: Interactions, fresh: np.ndarray, share: float, rng: np.random.Generator) -> Interactions:
    """So large a share of the new rows with the items of one another."""
    rows = np.sort(rng.choice(fresh, round(share * len(fresh)), replace=False))
    items = log.items.copy()
    items[rows] = rng.permutation(items[rows])
    return replace(log, items=items).in_order()[0]


def flooded(log: Interactions, fresh: np.ndarray, share: float, rng: np.random.Generator) -> Interactions:
    """So many rows of robots as a share of the new rows, within a few days."""
    count = round(share * len(fresh))
    begin = log.times.max() - np.timedelta64(DAYS, "D")
    views = pd.DataFrame(
        {
            "user": np.char.add("robot", rng.integers(0, ROBOTS, count).astype(str)),
            "item": log.item_ids.to_numpy()[rng.integers(0, log.n_items, count)],
            "value": 1.0,
            "kind": "view",
            "time": begin + rng.integers(0, DAYS * 86_400, count).astype("timedelta64[s]"),
        }
    )
    frame = pd.concat([log.frame(), views], ignore_index=True)
    return Interactions.from_frame(frame, ColumnMap("user", "item", "value", "time", "kind"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    seeds = parser.parse_args().seeds
    log = load_shop(FOLDER).interactions
    missed = 0
    for name, poison, shares in (("labels shuffled", shuffled, SHARES), ("robots' rows", flooded, FLOODS)):
        for share in shares:
            seen: dict[str, int] = {}
            for seed in range(seeds):
                rng = np.random.default_rng(seed)
                cut = np.quantile(log.times.astype(np.int64), rng.uniform(0.6, 0.85)).astype("datetime64[us]")
                later = poison(log, np.flatnonzero(log.times >= cut), share, rng)
                checks = soundness(log.take(log.times < cut), later, Limits(), rng)
                for one in [one.name for one in checks if one.passed is False] or ["sound"]:
                    seen[one] = seen.get(one, 0) + 1
            told = ", ".join(f"{reason} {times} of {seeds}" for reason, times in seen.items())
            print(f"{name:16} {share:4.0%}: {told}")
            wanted = "sound" if share == 0 else None if share < 1 else "poisoned"
            missed += wanted == "sound" and seen.get("sound", 0) < seeds
            missed += wanted == "poisoned" and "sound" in seen
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
