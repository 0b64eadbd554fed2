"""Which publications still matter to the one that serves: those it came from, and those it may go back to."""

from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise

from reco_lab.services.gate_words import no_better
from reco_lab.services.publishing import Link, Plan
from reco_lab.store.publications import Publication
from reco_lab.workspace import Workspace


def milestone(workspace: Workspace, champion: int) -> Publication | None:
    """The last before a champion (by number) that a person let serve or that was better; None where that is itself.

    What comes may be a little worse than what it takes the place of, but not time and again: so it is held against this
    one as well.
    """
    line = list(_line(workspace, champion))
    return line[-1] if line and _chain(line[-1]) != _chain(line[0]) else None


def superseded(workspace: Workspace, before: datetime) -> list[Publication]:
    """The publications that nobody needs and that served for the last time before a moment, newest first.

    Needed are the one that serves, the one before it and the one whose place it took, those of the running A/B test, what
    the running round of the gate is about, and for each of them what the gate holds it against.
    """
    publications, running = workspace.publications, workspace.rounds.open()
    serving = publications.serving()
    if serving is None:
        return []
    serves, history = Plan.model_validate(serving.spec), publications.history()
    earlier = max((one.number for one in history if one.number < serving.number), default=None)
    champion = None if running is None else running.spec.get("champion")
    asked = [number for number in (serving.number, earlier, serves.parent, champion) if number is not None]
    needed = {one.number for number in asked for one in _line(workspace, number)}
    turns = publications.turns()
    ended = {turn.number: after.at for turn, after in pairwise(turns)}
    return [
        one
        for one in history
        if one.number not in needed
        and ended.get(one.number, one.created) < before
        and (serves.test is None or Plan.model_validate(one.spec).test != serves.test)
    ]


def _line(workspace: Workspace, number: int) -> Iterator[Publication]:
    """A publication and those it came from, back to the last that a person let serve or that was better."""
    found = workspace.publications.get(number)
    while found is not None:
        yield found
        found = _no_better(workspace, found)


def _no_better(workspace: Workspace, found: Publication) -> Publication | None:
    """What a publication took the place of with the same models, or with new ones that were only no worse; else None."""
    plan = Plan.model_validate(found.spec)
    before = None if plan.parent is None else workspace.publications.get(plan.parent)
    if before is None or _chain(before) == plan.chain:
        return before
    return before if plan.round and no_better(workspace.rounds.get(plan.round)) else None


def _chain(publication: Publication) -> tuple[Link, ...]:
    return Plan.model_validate(publication.spec).chain
