"""The commands that put a model in place of another."""

import argparse
from typing import Any

from reco_lab.cli.answer import Answer
from reco_lab.cli.opening import opened
from reco_lab.cli.people import me
from reco_lab.cli.text import progress
from reco_lab.core.errors import InputError, NotFoundError
from reco_lab.store.publications import Publication


def publish(options: argparse.Namespace) -> Answer:
    """Train a model of a finished experiment on all its data, and let it serve."""
    from reco_lab.services.experiments import listing
    from reco_lab.services.publishing import publish as let_serve

    workspace = opened(options)
    done = [record for record in listing(workspace, options.dataset) if record.comparison is not None]
    chosen = options.experiment or next((record.id for record in done), None)
    if chosen is None:
        raise NotFoundError("No experiment has finished yet.", fix="Run one: reco-lab run FILE.")
    wanted = None
    if options.policy:
        name, _, rest = options.policy.partition(":")
        wanted = {"policy": name} | dict(_setting(one) for one in rest.split(",") if one)
    return _told(let_serve(workspace, chosen, options.recommender, wanted, progress()), "serves now")


def rollback(options: argparse.Namespace) -> Answer:
    """Let what served before serve again."""
    from reco_lab.services.publishing import rollback as back

    return _told(back(opened(options), who=me()), "serves again")


def _setting(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        return name.strip(), float(value)
    except ValueError:
        raise InputError(
            f"{text!r} is no setting.", where="--policy", fix="Write it as epsilon_greedy:epsilon=0.1."
        ) from None


def _told(done: Publication, verb: str) -> Answer:
    model = (done.spec.get("chain") or [{"name": "nothing"}])[0]["name"]
    values: dict[str, Any] = {
        "number": done.number,
        "version": done.version,
        "model": model,
        "policy": done.spec["policy"],
        "dataset": done.spec["dataset"],
    }
    return Answer(values, f"{model} {verb} (version {done.version}, trained on {done.spec['dataset']}).")
