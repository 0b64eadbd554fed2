"""Several workers as one service: each is replaced as soon as it dies, and all end with the process that began them."""

import os
import sys
import time
from typing import NoReturn

from prometheus_client.multiprocess import mark_process_dead
from uvicorn.supervisors import Multiprocess

from reco_lab.core.errors import InputError

PAUSE_SECONDS = 2.0


class Workers(Multiprocess):
    """Workers as uvicorn looks after them, with an eye on those that die."""

    _known: frozenset[int] = frozenset()

    def keep_subprocess_alive(self) -> None:
        """Put another in the place of each that died, and let it count for nothing in what is measured now."""
        for one in self.processes:
            one.child_conn.close()  # the worker's own end: held here too, nobody would hear that it is gone
        super().keep_subprocess_alive()
        now = frozenset(one.pid for one in self.processes if one.pid is not None)
        for gone in self._known - now:
            mark_process_dead(gone)  # type: ignore[no-untyped-call]  # it has no types
        self._known = now


def cannot_begin(error: InputError) -> NoReturn:
    """Say why a worker ends before it began; another takes its place after a pause."""
    sys.stderr.write(f"reco-lab: worker {os.getpid()} cannot begin: {error}\n")
    time.sleep(PAUSE_SECONDS)
    sys.exit(1)
