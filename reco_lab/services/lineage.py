"""Where every served model comes from: its data, its parent, why it came, and when it served."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reco_lab.core.policy import policies
from reco_lab.core.words import count, day
from reco_lab.services import gate_words
from reco_lab.services.publishing import Plan
from reco_lab.store.publications import ROLLED_BACK, Publication, Turn
from reco_lab.store.rounds import Round
from reco_lab.workspace import Workspace


@dataclass(frozen=True)
class Ancestor:
    """One publication: what served, from which version of which data, in whose place, why, and when.

    `data_version` is None where that version is gone. `turns` are the moments when it began to serve.
    """

    number: int
    version: str
    model: str
    policy: str
    dataset: str
    data_version: int | None
    parent: int | None
    round: str
    why: str
    created: datetime
    serves: bool
    turns: tuple[Turn, ...]


@dataclass(frozen=True)
class Span:
    """A time in which one publication served; `until` is now for the one that serves."""

    number: int
    begin: datetime
    until: datetime
    how: str
    who: str


def lineage(workspace: Workspace, limit: int = 50) -> list[Ancestor]:
    """Everything that served, newest first."""
    made = workspace.publications.history(limit)
    serving, turns = workspace.publications.serving(), workspace.publications.turns()
    rounds = {one.id: one for one in workspace.rounds.listing(1000)}
    by_number = {one.number: Plan.model_validate(one.spec) for one in made}
    versions = {(one.name, one.fingerprint): one.version for one in workspace.store.all_versions()}
    return [
        _ancestor(
            one,
            by_number,
            versions,
            rounds.get(by_number[one.number].round),
            serves=serving is not None and serving.number == one.number,
            turns=tuple(turn for turn in turns if turn.number == one.number),
        )
        for one in made
    ]


def spans(workspace: Workspace) -> list[Span]:
    """When what served, oldest first."""
    turns, now = workspace.publications.turns(), workspace.clock.now()
    ends = [*(turn.at for turn in turns[1:]), now]
    return [
        Span(turn.number, turn.at, end, turn.how, turn.who) for turn, end in zip(turns, ends, strict=True)
    ]


def serves_since(workspace: Workspace) -> datetime | None:
    """Since when the model serves that serves everybody now, whatever else was changed since, an A/B test included.

    None where nothing serves.
    """
    plans: dict[int, Plan] = {}
    since, serves = None, None
    for turn in reversed(workspace.publications.turns()):
        if turn.number not in plans:
            made = workspace.publications.get(turn.number)
            if made is None:
                break
            plans[turn.number] = Plan.model_validate(made.spec)
        plan = plans[turn.number]
        serves = serves or plan
        if plan.chain[:1] != serves.chain[:1]:
            break
        since = turn.at
    return since


def _ancestor(
    one: Publication,
    plans: dict[int, Plan],
    versions: dict[tuple[str, str], int],
    round_: Round | None,
    *,
    serves: bool,
    turns: tuple[Turn, ...],
) -> Ancestor:
    plan = plans[one.number]
    parent = (
        plan.parent if plan.parent is not None else max((n for n in plans if n < one.number), default=None)
    )
    return Ancestor(
        number=one.number,
        version=one.version,
        model=plan.model,
        policy=str(plan.policy.get("policy", "")),
        dataset=plan.dataset,
        data_version=versions.get((plan.dataset, plan.fingerprint)),
        parent=parent,
        round=plan.round,
        why=_why(plan, None if parent is None else plans.get(parent), round_, turns),
        created=one.created,
        serves=serves,
        turns=turns,
    )


def _why(plan: Plan, parent: Plan | None, round_: Round | None, turns: tuple[Turn, ...]) -> str:
    """Why it came, and who went back to it since."""
    if round_ is not None:
        came = f"Promoted by the gate: {gate_words.reason(round_)}"
    elif parent is None:
        came = "Published by a person; nothing served before."
    elif plan.test != parent.test:
        test = plan.test or parent.test
        came = f"The A/B test “{test.title if test else ''}” {'began' if plan.test else 'ended'}. {_other(plan, parent)}".strip()
    elif plan.chain == parent.chain:
        came = f"The same models. {_other(plan, parent)}".strip()
    elif plan.fingerprint == parent.fingerprint:
        came = "Another model of the same data, published by a person."
    else:
        came = "Other data, published by a person."
    backs = [turn for turn in turns if turn.how == ROLLED_BACK]
    told = [
        f"Gone back to on {day(turn.at)}, {turn.at:%H:%M}{f' by {turn.who}' if turn.who else ''}."
        for turn in backs
    ]
    return " ".join([came, *told])


def _other(plan: Plan, parent: Plan) -> str:
    """Which settings are others than before, and the model, as sentences; empty where none is."""
    told = []
    if plan.model != parent.model:
        told.append(f"{plan.model} serves everybody.")
    if plan.policy != parent.policy:
        told.append(f"The policy is {_policy(plan.policy)}.")
    if plan.routes != parent.routes:
        told.append(f"{count(len(plan.routes), 'route')} for some of the customers.")
    if plan.bid_weight != parent.bid_weight:
        told.append(f"Bids count by {plan.bid_weight:g}.")
    if plan.hide_bought != parent.hide_bought:
        told.append(f"What was bought is {'left out' if plan.hide_bought else 'shown again'}.")
    return " ".join(told)


def _policy(spec: Mapping[str, Any]) -> str:
    """A policy and how it is set, in words; by its id alone where there is no such policy any more."""
    id_ = str(spec.get("policy", ""))
    label = policies()[id_].info.label if id_ in policies() else id_
    settings = ", ".join(f"{name} {value}" for name, value in spec.items() if isinstance(value, int | float))
    return f"“{label}” ({settings})" if settings else f"“{label}”"
