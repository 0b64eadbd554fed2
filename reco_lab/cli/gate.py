"""The commands of the gate: a round now, how challengers fared, and how often one is trained."""

import argparse
from typing import Any

from pydantic import ValidationError

from reco_lab.cli.answer import Answer
from reco_lab.cli.opening import opened
from reco_lab.cli.text import progress, table
from reco_lab.core.errors import InputError
from reco_lab.services import gate, gate_words, schedules
from reco_lab.services.lineage import lineage
from reco_lab.store.rounds import Round, RoundState

SHOWN = 10


def run(options: argparse.Namespace) -> Answer:
    """Train and judge a challenger now; 1 where it was refused, so that a script sees it."""
    found = gate.run_round(opened(options), progress())
    lines = [gate_words.sentence(found), *(f"  {one['step']}: {one['sentence']}" for one in found.findings)]
    return Answer(_values(found), "\n".join(lines), found.state is not RoundState.refused)


def status(options: argparse.Namespace) -> Answer:
    """What serves, where it came from, and how challengers fared."""
    workspace = opened(options)
    rounds, served = workspace.rounds.listing(SHOWN), lineage(workspace, SHOWN)
    at = schedules.next_run(workspace)
    values: dict[str, Any] = {
        "rounds": [_values(one) for one in rounds],
        "next": None if at is None else at.isoformat(),
        "served": [
            {
                "number": one.number,
                "version": one.version,
                "model": one.model,
                "dataset": one.dataset,
                "data_version": one.data_version,
                "parent": one.parent,
                "round": one.round,
                "why": one.why,
                "serves": one.serves,
            }
            for one in served
        ],
    }
    rows = [
        (
            "→" if one.serves else "",
            str(one.number),
            one.model,
            f"{one.dataset} {one.data_version or ''}",
            one.why,
        )
        for one in served
    ]
    told = gate_words.sentence(rounds[0]) if rounds else "No challenger has been trained yet."
    often = _often(schedules.schedule(workspace))
    text = table(("", "no", "model", "learnt from", "why"), rows) if rows else "Nothing is published yet."
    return Answer(values, f"{told}\n{often}\n\n{text}")


def _often(wanted: schedules.Schedule) -> str:
    if wanted.every_hours is None:
        return "No challenger is trained unless somebody asks for one."
    return f"A challenger is trained {wanted.words}."


def schedule(options: argparse.Namespace) -> Answer:
    """Train a challenger every so many hours, or never by itself."""
    try:
        hours = None if options.hours == "off" else int(options.hours)
        wanted = schedules.Schedule(every_hours=hours)
    except (ValueError, ValidationError):
        raise InputError(
            f"{options.hours!r} is no number of hours.", where="hours", fix="Write 24, 168 or off."
        ) from None
    workspace = opened(options)
    schedules.set_schedule(workspace, wanted)
    at = schedules.next_run(workspace)
    first = (
        ""
        if at is None
        else f" The next one begins on {at:%Y-%m-%d %H:%M} UTC, if the app or the service runs."
    )
    return Answer(
        {"every_hours": hours, "next": None if at is None else at.isoformat()},
        f"{_often(wanted)}{first}",
    )


def _values(found: Round) -> dict[str, Any]:
    return {
        "id": found.id,
        "state": found.state.value,
        "sentence": gate_words.sentence(found),
        "findings": list(found.findings),
        "created": found.created.isoformat(),
        "changed": found.changed.isoformat(),
    }
