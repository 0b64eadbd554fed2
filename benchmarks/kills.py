"""Usage: python benchmarks/kills.py [--kills 200] [--seed 0] [DEED ...]: kill -9 of import, publish, migrate, backup, restore."""

import argparse
import sys
import time

from reco_lab.testing.kills import kill_often

PROMISED = ("import", "publish", "migrate", "backup", "restore")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("deeds", nargs="*", default=PROMISED, metavar="DEED", help=", ".join(PROMISED))
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    wanted = parser.parse_args()
    print(f"{'deed':<20} kills  too late  acknowledged  lost  torn  left over  one takes  at most (95 %)")
    clean = True
    for deed in wanted.deeds:
        begun = time.monotonic()
        seen = kill_often(deed, wanted.kills, wanted.seed)
        print(
            f"{deed:<20} {seen.kills:5d}  {seen.too_late:8d}  {seen.acknowledged:12d}  {seen.lost:4d}  "
            f"{seen.torn:4d}  {seen.leftovers:9d}  {seen.seconds * 1000:6.0f} ms  {3 / seen.kills:13.1%}"
            f"   ({time.monotonic() - begun:.0f} s)",
            flush=True,
        )
        for line in seen.why[:10]:
            print(f"    {line}")
        clean = clean and seen.clean
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main())
