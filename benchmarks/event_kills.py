"""Usage: python benchmarks/event_kills.py [--kills 200] [--seed 0] [--postgres]: kill -9 of a log under load."""

import argparse
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path

from reco_lab.testing.event_kills import kill_often
from reco_lab.testing.postgres import postgres


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--postgres", action="store_true")
    wanted = parser.parse_args()
    begun = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="reco-lab-event-kills-") as place,
        postgres() if wanted.postgres else nullcontext() as server,
    ):
        seen = kill_often(Path(place), wanted.kills, wanted.seed, server.schema() if server else None)
    print(
        f"{seen.kills} kills in {time.monotonic() - begun:.0f} s: {seen.decisions:,} decisions and {seen.events:,} "
        f"events acknowledged, {seen.lost} lost, {seen.twice} counted twice; "
        f"chance of a loss at a kill at most {3 / seen.kills:.1%} (95 %)"
    )
    for line in seen.why[:10]:
        print(f"    {line}")
    return 0 if seen.clean else 1


if __name__ == "__main__":
    sys.exit(main())
