"""Jobs for the tests of the worker: found by it through PYTHONPATH."""

import os
import time
from pathlib import Path

import numpy as np

from reco_lab.core.errors import DataError


def _steps(_workspace, payload, report):
    rng, total = np.random.default_rng(payload["seed"]), 0.0
    for step in range(payload["steps"]):
        report(step / payload["steps"], f"Step {step}")
        total += float(rng.normal())
        while step == payload["pause_at"] and Path(payload["paused_by"]).exists():
            report(step / payload["steps"], "Waiting to be killed")
            time.sleep(0.02)
    return {"total": total}


def _asleep(_workspace, payload, _report):
    time.sleep(payload["seconds"])
    return {}


def _about(_workspace, _payload, _report):
    return {"pid": os.getpid(), "threads": os.environ["OPENBLAS_NUM_THREADS"]}


def _deadly(_workspace, _payload, _report):
    os.kill(os.getpid(), 9)


def _broken(_workspace, _payload, _report):
    raise ZeroDivisionError("canary")


def _mistaken(_workspace, payload, _report):
    raise DataError("The file is empty.", where=Path(payload["file"]).name, fix="Choose another file.")


HANDLERS = {
    "steps": _steps,
    "asleep": _asleep,
    "about": _about,
    "deadly": _deadly,
    "broken": _broken,
    "mistaken": _mistaken,
}
