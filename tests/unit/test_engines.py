import subprocess
import sys
from pathlib import Path

import pytest

from reco_lab.testing.waiting import until

WORK = """
import os, sys, time
from reco_lab.experiments.engines import side_by_side
def stay(seconds):
    print(os.getpid(), flush=True)
    time.sleep(seconds)
list(side_by_side(stay, [60.0, 60.0], 2))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads processes from /proc")
@pytest.mark.slow
def test_processes_beside_a_killed_one_end_with_it():
    with subprocess.Popen([sys.executable, "-c", WORK], stdout=subprocess.PIPE, text=True) as parent:
        begun = [Path("/proc") / parent.stdout.readline().strip() for _ in range(2)]
        assert all(one.exists() for one in begun)
        parent.kill()
        parent.wait()
        until(lambda: not any(one.exists() for one in begun))
