"""The command that rehearses."""

import argparse
import signal
from threading import Event
from types import FrameType

from reco_lab.cli.answer import Answer
from reco_lab.cli.opening import opened
from reco_lab.cli.text import progress
from reco_lab.core.errors import InputError
from reco_lab.core.parameters import explain
from reco_lab.services.rehearsal import Asked, Phase, look
from reco_lab.services.rehearsing import rehearse as play


def rehearse(options: argparse.Namespace) -> Answer:
    """Play a rehearsal to its end."""
    asked = _asked(options)
    stop = Event()

    def leave(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, leave)
    workspace = opened(options)
    ended = play(workspace, asked, progress(), stop)
    if ended.phase is Phase.failed:
        raise InputError(ended.said)
    last = look(workspace).tallies[-1:]
    told = [f"{one.visits:,} visits, {one.places:,} places for ads, {one.clicks:,} clicks." for one in last]
    return Answer([vars(one) for one in last], " ".join([*told, ended.said]))


def _asked(options: argparse.Namespace) -> Asked:
    from pydantic import ValidationError

    try:
        return Asked(minutes=options.minutes, rate=options.rate, seed=options.seed, port=options.port)
    except ValidationError as error:
        raise explain("The rehearsal", Asked, error) from error
