"""What does a job's work: a function by the job's kind, found by name so that this layer imports none of them."""

import importlib
import os
from collections.abc import Callable, Mapping
from typing import Any

from reco_lab.core.errors import InputError
from reco_lab.core.progress import Report
from reco_lab.store.disk import FULL

Handler = Callable[[Any, Mapping[str, Any], Report], Mapping[str, Any]]

HANDLERS = "reco_lab.services.handlers:HANDLERS"
OPENER = "reco_lab.workspace:Workspace.open"
OUT_OF_MEMORY = (
    "There was not enough memory for this. Try fewer or smaller models, or a smaller part of the data."
)
OUT_OF_SPACE = "The disk is full. What was stored before is untouched; free some space and start this again."


def resolve(path: str) -> Any:
    """Import the thing at "package.module:name.attribute"."""
    module, _, names = path.partition(":")
    thing: Any = importlib.import_module(module)
    for name in names.split("."):
        thing = getattr(thing, name)
    return thing


def handler_for(handlers: str, kind: str) -> Handler:
    """The function (workspace, payload, report) -> result for a kind of job; KeyError if there is none."""
    found: Handler = resolve(handlers)[kind]
    return found


def sentence(error: Exception, reference: str) -> str:
    """What a person is told about an error: a mistake of theirs as it stands, ours with its reference."""
    if isinstance(error, InputError):
        return str(error)
    if isinstance(error, MemoryError):
        return OUT_OF_MEMORY
    if isinstance(error, OSError) and error.errno in FULL:
        return OUT_OF_SPACE
    return f"Something went wrong on our side. The details are in the log under {reference}."


def thread_limits() -> dict[str, str]:
    """The environment that holds numeric libraries to RECO_LAB_THREADS threads, one by default."""
    threads = os.environ.get("RECO_LAB_THREADS") or "1"
    names = ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB_MAXIMUM")
    return {f"{name}_NUM_THREADS": threads for name in names}
