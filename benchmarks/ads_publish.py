"""Usage: python benchmarks/ads_publish.py [--publications 1000]: publish under load, and compute every answer anew."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from reco_lab.testing.publications import publish_often, told


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--publications", type=int, default=1000)
    wanted = parser.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="reco-lab-publish-") as place:
        seen = publish_often(Path(place) / "home", wanted.publications)
    print(f"{told(seen)}, in {time.monotonic() - begun:.0f} s")
    for line in seen.wrong[:10]:
        print(f"    {line}")
    return 0 if seen.clean else 1


if __name__ == "__main__":
    sys.exit(main())
