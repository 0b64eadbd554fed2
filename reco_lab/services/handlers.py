"""What a worker can do: one function for each kind of job."""

import importlib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from reco_lab.core.experiment import Experiment
from reco_lab.core.progress import Report
from reco_lab.experiments.results import Outcome
from reco_lab.services import (
    ablation,
    campaign_lists,
    certificate,
    databases,
    forecasts,
    gate,
    learning,
    publishing,
    refreshing,
)
from reco_lab.services.experiments import JOB, run
from reco_lab.workspace import Workspace

Handler = Callable[[Workspace, Mapping[str, Any], Report], dict[str, Any]]


def _experiment(workspace: Workspace, payload: Mapping[str, Any], report: Report) -> dict[str, Any]:
    asked = Experiment.model_validate(payload["experiment"])
    answer = run(workspace, asked, report, fingerprint=payload["fingerprint"])
    decided = any(one.outcome in {Outcome.better, Outcome.worse} for one in answer.verdicts)
    return {"id": payload["id"], "sentence": answer.sentence, "plain": answer.plain, "decided": decided}


def _certificate(workspace: Workspace, payload: Mapping[str, Any], report: Report) -> dict[str, Any]:
    folder = Path(payload["folder"]) if payload["folder"] else None
    lines = certificate.compute(workspace, folder, report, full=payload["full"], since=payload["since"])
    return {"passed": sum(line.passed is True for line in lines), "of": len(lines)}


def _machine(workspace: Workspace, _payload: Mapping[str, Any], report: Report) -> dict[str, Any]:
    return {"recommenders": len(forecasts.learn(workspace, report).points)}


def preparations() -> list[Callable[[], Any]]:
    """What a worker does while nobody asks for anything: compile the loops that training needs."""
    from reco_lab.algorithms import _kernels

    own = ("reco_lab.core._kernels.ranking", "reco_lab.campaigns._kernels.lists")
    return [*(partial(importlib.import_module, name) for name in own), *_kernels.steps()]


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        JOB: _experiment,
        ablation.JOB: ablation.compute,
        campaign_lists.JOB: campaign_lists.compute,
        certificate.JOB: _certificate,
        databases.JOB: databases.compute,
        forecasts.JOB: _machine,
        gate.JOB: gate.compute,
        learning.JOB: learning.compute,
        publishing.JOB: publishing.do,
        refreshing.JOB: refreshing.compute,
    }
)
