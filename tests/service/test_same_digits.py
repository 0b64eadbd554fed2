"""The same question has the same answer: in another process, and after its worker was killed in the middle."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from reco_lab.core.dataset import Dataset
from reco_lab.core.experiment import DataSpec, Experiment, MetricSpec
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.core.recommender import Need, algorithms
from reco_lab.jobs.start import ensure_worker
from reco_lab.services.data import save_dataset
from reco_lab.services.experiments import comparison, job_of, run, submit
from reco_lab.store.records import JobState
from reco_lab.testing.waiting import until
from reco_lab.workspace import Workspace

NEEDLESS = [
    name
    for name, kind in algorithms().items()
    if set(kind.info.needs) <= {Need.times} and not kind.uninstalled()
]
ALGORITHMS = [name for name in NEEDLESS if name not in {"random", "most_popular"}]
DISTURBED = ["item_knn", "ease", "ials", "slim", "nmf", "funk_svd"]  # of each way to compute, one
TELL = """
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_same_digits import asked, digits, open_workspace
from reco_lab.services.experiments import run
workspace = open_workspace(Path(sys.argv[1]))
print(json.dumps(digits(run(workspace, asked(), lambda fraction, message: None))))
"""


def open_workspace(home, customers=150):
    rng = np.random.default_rng(5)
    rows = [
        (f"u{user:03}", f"i{item:03}", pd.Timestamp("2024-01-01") + pd.Timedelta(hours=int(hour)))
        for user in range(customers)
        for item, hour in zip(
            rng.choice(np.arange(user % 3, 90, 3), 14, replace=False), rng.integers(0, 4000, 14), strict=True
        )
    ]
    frame = pd.DataFrame(rows, columns=["user", "item", "time"])
    workspace = Workspace.open(home)
    save_dataset(
        workspace, Dataset("tastes", Interactions.from_frame(frame, ColumnMap("user", "item", time="time")))
    )
    return workspace


def asked(names=ALGORITHMS, *, rounds=60):
    specs = [{"algorithm": name} for name in names if name != "bpr"] + [
        {"algorithm": "bpr", "epochs": rounds}
    ]
    return Experiment(
        name="digits",
        seed=3,
        data=DataSpec(dataset="tastes"),
        split={"kind": "last_n", "n": 2},
        recommenders=specs,
        metrics=MetricSpec(names=("ndcg", "recall", "coverage"), k=(5, 10)),
    )


def digits(answer):
    """All that must be equal: everything but how long it took and when it was."""
    values = answer.model_dump(mode="json", exclude={"created"})
    for row in values["leaderboard"]:
        del row["seconds"], row["peak_memory_mb"]
    return values


@pytest.mark.slow
def test_two_processes_give_the_same_digits(tmp_path):
    told = [
        subprocess.run(
            [sys.executable, "-c", TELL, str(tmp_path / name), str(Path(__file__).parent)],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=600,
        ).stdout
        for name, seed in (("first", "1"), ("second", "2"))
    ]
    first, second = (json.loads(one.splitlines()[-1]) for one in told)
    assert first == second
    assert len(first["leaderboard"]) == len(ALGORITHMS) + 2
    assert all(row["error"] is None for row in first["leaderboard"])


def worker_child(home):
    """The process id of the workspace's warm child."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"--child" in words and str(home).encode() in words:
            return int(folder.name)
    return None


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="finds the worker through /proc")
def test_an_experiment_whose_worker_is_killed_is_taken_up_again_and_answers_the_same(tmp_path):
    question = asked(DISTURBED, rounds=400)
    undisturbed = open_workspace(tmp_path / "calm")
    expected = digits(run(undisturbed, question, lambda fraction, message: None))
    workspace = open_workspace(tmp_path / "stormy")
    job = submit(workspace, question)
    id_ = workspace.queue.get(job).payload["id"]
    ensure_worker(workspace, idle_seconds=5)
    until(lambda: workspace.queue.get(job).fraction > 0.3, 120)
    os.kill(until(lambda: worker_child(workspace.home)), signal.SIGKILL)
    taken_up = until(lambda: (now := workspace.queue.get(job)).interrupted and now, 120)
    assert taken_up.interrupted == 1
    done = until(lambda: (now := job_of(workspace, id_)) and not now.live and now, 120)
    assert (done.state, done.attempts) == (JobState.done, 2)
    assert digits(comparison(workspace, id_)) == expected
