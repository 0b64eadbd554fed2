"""The worker's process: `python -m reco_lab.jobs.worker --home FOLDER` supervises, `--child PARENT` works."""

import argparse
import signal
import sys
from pathlib import Path
from typing import Any

from reco_lab.jobs.child import Child, die_with
from reco_lab.jobs.handlers import HANDLERS, OPENER, resolve
from reco_lab.jobs.supervisor import Supervisor

IDLE_SECONDS = 900.0


def main(arguments: list[str] | None = None) -> int:
    """Supervise, or be the child of the supervisor with this process id; 1 if another supervisor is at work."""
    parser = argparse.ArgumentParser(description="Work through the queue of a workspace.")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--handlers", default=HANDLERS)
    parser.add_argument("--idle", type=float, default=IDLE_SECONDS, help="seconds without work until it ends")
    parser.add_argument("--child", type=int, metavar="PARENT", help="do the work for this process")
    given = parser.parse_args(arguments)
    if given.child:
        die_with(given.child)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the supervisor decides when this process ends
        Child(resolve(OPENER)(given.home), given.handlers).serve(sys.stdin)
    signal.signal(signal.SIGTERM, _leave)
    return 0 if Supervisor(given.home, given.handlers, given.idle).run() else 1


def _leave(_signal: int, _frame: Any) -> None:
    sys.exit(0)


if __name__ == "__main__":
    sys.exit(main())
