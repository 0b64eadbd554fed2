"""Usage: python benchmarks/ads_soak.py [--minutes 20] [--home FOLDER] [--rate R]: the ad service at half its peak, for long."""

import argparse
import itertools
import os
import sys
import tempfile
import threading
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from _ad_shop import CUSTOMERS, ITEMS, SLOTS, copied, made_shop  # noqa: E402 - the folder is no package; the line above lets it be found

from reco_lab.testing.load import Reply, closed_loop, get, open_loop, post  # noqa: E402 - likewise
from reco_lab.testing.served import Served, serving  # noqa: E402 - likewise

try:
    from uvloop import run
except ImportError:
    from asyncio import run

EVERY = 5.0
PEAK_SECONDS = 5.0
SAMPLE = 8192
EVENTS_EVERY, VISITS_EVERY = 4, 10
MOST_MB_AN_HOUR = 1.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--home", type=Path, default=Path("build/benchmarks/ad-shop"))
    parser.add_argument("--scale", type=float, default=1.0, help="a smaller shop, to try this out")
    parser.add_argument(
        "--rate", type=float, default=0.0, help="requests a second (default: half the peak, measured)"
    )
    wanted = parser.parse_args()
    plans = made_shop(wanted.home, wanted.scale)
    with tempfile.TemporaryDirectory(prefix="reco-lab-soak-") as place:
        home = Path(place) / "home"
        key = copied(wanted.home, home, plans["item_knn"])
        with serving(home) as served:
            served.first_answer("/ads?user_id=u000001", key)
            soak = Soak(served, home, key, int(wanted.scale * CUSTOMERS), int(wanted.scale * ITEMS))
            rate = wanted.rate or soak.peak() / 2
            print(
                f"{rate:.0f} requests/s for {wanted.minutes:g} minutes; load {os.getloadavg()[0]:.1f}",
                flush=True,
            )
            soak.run(rate, wanted.minutes * 60)
    soak.report(wanted.minutes)


@dataclass(eq=False)
class Soak:
    """A server under a steady mix of requests, and what was seen of it from outside."""

    served: Served
    home: Path
    key: str
    customers: int
    items: int
    seen: list[tuple[float, ...]] = field(default_factory=list)
    latencies: list[tuple[float, float]] = field(default_factory=list)
    decisions: list[str] = field(default_factory=lambda: [""])
    failed: int = 0

    def peak(self) -> float:
        """Requests a second that it answers at most, of the same mix."""
        return run(closed_loop(self.served.port, self.requests(), 16, PEAK_SECONDS)).rate

    def requests(self):  # noqa: ANN201 - endless bytes
        """Ads for customers drawn by chance, with events about ads that came and what customers did between."""
        rng, name = np.random.default_rng(0), uuid.uuid4().hex[:8]
        for number in itertools.count():
            user = int(rng.integers(self.customers))
            if number % VISITS_EVERY == 9:
                did = {"event_id": f"{name}-v{number}", "user_id": f"u{user:06d}",
                       "item_id": f"i{int(rng.integers(self.items)):05d}"}  # fmt: skip
                yield post("/interactions", {"interactions": [did]}, self.key)
            elif number % EVENTS_EVERY == 3:
                of = self.decisions[number % len(self.decisions)] or "none yet"
                event = {
                    "event_id": f"{name}-e{number}",
                    "decision_id": of,
                    "kind": "click" if number % 40 == 3 else "impression",
                }
                yield post("/events", {"events": [event]}, self.key)
            else:
                yield get(f"/ads?user_id=u{user:06d}&slot={SLOTS[user % len(SLOTS)]}&n=3", self.key)

    def run(self, rate: float, seconds: float) -> None:
        """Ask at a steady rate, and look at the process every five seconds."""
        begun, over = time.perf_counter(), threading.Event()

        def heard(reply: Reply) -> None:
            self.failed += reply.status // 100 != 2
            if b'"request_id"' in reply.body:
                self.latencies.append((reply.asked - begun, reply.seconds))
                if len(self.decisions) < SAMPLE:
                    self.decisions += [ad["decision_id"] for ad in reply.values["ads"]]

        def look() -> None:
            while not over.wait(EVERY):
                sizes = (
                    _size(self.home, "events.db-wal"),
                    _size(self.home, "events.db"),
                    _journal(self.home),
                )
                self.seen.append(
                    (time.perf_counter() - begun, self.served.memory(), self.served.files(), *sizes)
                )

        watch = threading.Thread(target=look, daemon=True)
        watch.start()
        self.failed += run(open_loop(self.served.port, self.requests(), rate, seconds, heard)).broken
        over.set()
        watch.join()

    def report(self, minutes: float) -> None:
        """The slope of memory over the second half, and the ends of everything else."""
        seen = np.array(self.seen)
        half = seen[len(seen) // 2 :]
        slope, low, high = theil_sen(half[:, 0] / 3600, half[:, 1])
        at, took = np.array(self.latencies).T
        first, last = (
            took[(at >= a * minutes * 60) & (at < b * minutes * 60)] * 1000 for a, b in ((0, 0.2), (0.8, 1))
        )
        p99 = [float(np.percentile(part, 99)) for part in (first, last)]
        print(f"{len(took):,} answers with ads, {self.failed} requests failed")
        print(f"memory      {seen[0, 1]:.0f} -> {half[0, 1]:.0f} -> {seen[-1, 1]:.0f} MB; over the second half "
              f"{slope:+.1f} MB/h (95 %: {low:+.1f} to {high:+.1f})")  # fmt: skip
        print(f"p50         {np.median(first):.2f} -> {np.median(last):.2f} ms (first fifth, last fifth)")
        print(f"p99         {p99[0]:.1f} -> {p99[1]:.1f} ms")
        for place, name in ((2, "files"), (3, "WAL MB"), (4, "events.db MB"), (5, "journal MB")):
            column = seen[:, place] / (1 if place == 2 else 1 << 20)
            print(f"{name:<12}{column[0]:.1f} -> {column[-1]:.1f}, at most {column.max():.1f}")


def theil_sen(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float, float]:
    """The median slope between all pairs, with its interval."""
    from scipy.stats import theilslopes

    found = theilslopes(y, x)
    return float(found.slope), float(found.low_slope), float(found.high_slope)


def _size(home: Path, name: str) -> int:
    path = home / name
    return path.stat().st_size if path.exists() else 0


def _journal(home: Path) -> int:
    total = 0
    for path in (home / "events.journal").glob("*.log"):
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            continue
    return total


if __name__ == "__main__":
    main()
