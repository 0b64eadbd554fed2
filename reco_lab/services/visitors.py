"""The process that sends simulated customers to the service: `python -m reco_lab.services.visitors`."""

import argparse
import sys
from pathlib import Path

from reco_lab.jobs.lifeline import when_left_alone
from reco_lab.services.demo import FOLDER
from reco_lab.services.shop import load_shop, load_world
from reco_lab.simulation.crowd import BUSY, Crowd
from reco_lab.simulation.traffic import Traffic
from reco_lab.store.own_time import OwnClock


def main(arguments: list[str] | None = None) -> int:
    """Send the demo shop's customers to a service until its workspace's clock stands still."""
    parser = argparse.ArgumentParser(description="Send simulated customers to a service.")
    parser.add_argument("--home", type=Path, required=True, help="the workspace of the rehearsal")
    parser.add_argument("--url", required=True, help="where its service answers")
    parser.add_argument("--note", type=Path, required=True, help="where a line a second goes (JSON lines)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--busy", type=float, default=BUSY, help="times as many visits as in the shop's log")
    given = parser.parse_args(arguments)
    clock = OwnClock(given.home)
    world, log = load_world(FOLDER), load_shop(FOLDER).interactions
    crowd = Crowd.after(world, log, seed=given.seed, busy=given.busy)
    traffic = Traffic(crowd, lambda: clock.running, given.url)
    when_left_alone(traffic.stop)
    traffic.run(given.note)
    return 0


if __name__ == "__main__":
    sys.exit(main())
