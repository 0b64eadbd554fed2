"""Usage: python benchmarks/ads_kills.py [--kills 200] [--seed 0]: kill -9 of `reco-lab serve` under load."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from reco_lab.testing.service_kills import kill_often


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    wanted = parser.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="reco-lab-ads-kills-") as place:
        seen = kill_often(Path(place), wanted.kills, wanted.seed)
    print(
        f"{seen.kills} kills in {time.monotonic() - begun:.0f} s: {seen.decisions:,} decisions, {seen.events:,} events and "
        f"{seen.visits:,} interactions acknowledged, {seen.again:,} events sent again: {seen.lost} lost, {seen.twice} "
        f"counted twice; {seen.spent} budgets used up, by at most {max(seen.over, 0):.1f} bills too much; {seen.capped} caps "
        f"reached, {seen.above_cap} passed; chance of a loss at a kill at most {3 / seen.kills:.1%} (95 %)"
    )
    for line in seen.why[:10]:
        print(f"    {line}")
    return 0 if seen.clean else 1


if __name__ == "__main__":
    sys.exit(main())
