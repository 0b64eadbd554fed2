"""The tab What would have happened: another policy judged by the log, the answer first."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from reco_lab.core.errors import InputError
from reco_lab.core.parameters import Parameter
from reco_lab.core.policy import Policy, policies, policy
from reco_lab.experiments.off_policy import Judgement
from reco_lab.experiments.off_policy_words import Meaning
from reco_lab.services import decisions
from reco_lab.services.judged_answers import Asked
from reco_lab.services.publishing import serving_plan
from reco_lab.ui import cache, judging_shown, judging_table, linked, page, show, state
from reco_lab.ui.words import count

OWN, TABLE = "own", "table"
PERIODS = {"all": "Everything", "30": "Last 30 days", "7": "7 days", "1": "1 day"}
PLACES = {"first": "The first place", "all": "Every place"}
REWARDS = {"clicks": "Clicks", "income": "Income"}
MINUTES = 5
_BEGIN = datetime(2000, 1, 1, tzinfo=UTC)


def view(lab: page.Lab) -> None:
    """Ask which policy and by what log, and say what it would have earned."""
    log = cache.events(lab.workspace)
    ours = bool(decisions.search(lab.workspace, log, decisions.Sought(), limit=1))
    sources = {OWN: "Our own log", TABLE: "A table from elsewhere"}
    if not ours:
        _nothing()
        with st.expander("Judge by a table from elsewhere", icon=":material/upload_file:"):
            judging_table.view(lab, st.container())
        return
    top = st.container()
    if linked.choice("Which log?", sources, key="log", noun="log", few=True) == TABLE:
        judging_table.view(lab, top)
        return
    _own(lab, top)


def _nothing() -> None:
    show.empty(
        "No answers are logged yet",
        "Once ads are served, any policy can be judged here by what was logged, before it serves anybody. A table of "
        "decisions from elsewhere can be judged at once, below.",
        page=page.ADS,
        label="Serve ads",
        icon=":material/ads_click:",
    )


def _own(lab: page.Lab, top: DeltaGenerator) -> None:
    """Judge by our own log; the answer stands above what was asked."""
    chosen, period, more = _asked(lab)
    try:
        found = cache.judged(lab.workspace, chosen, period)
    except InputError as error:
        with top:
            show.mistake(error)
        return
    meaning = Meaning(
        reward=period.reward,
        row="answers" if period.places == "first" else "places",
        counted=period.reward == "clicks",
    )
    with top:
        judging_shown.answer(found.judgement, f"“{chosen.info.label}”", meaning, found.told.stood)
        _next_step(lab, chosen, found.judgement)
    judging_shown.chart(found.judgement, meaning)
    judging_shown.support(
        found.judgement, (f"{count(found.told.used, 'answer')} are judged.", *found.told.sentences, *more)
    )


def _next_step(lab: page.Lab, chosen: Policy, found: Judgement) -> None:
    """A policy that may be better is put to the test beside what serves."""
    if found.refusal or found.best.difference.high <= 0 or serving_plan(lab.workspace) is None:
        return
    st.button(
        "Put it to an A/B test",
        type="primary",
        icon=":material/science:",
        key="judged-test",
        on_click=_to_test,
        args=(chosen,),
    )


def _to_test(chosen: Policy) -> None:
    """Open the plan of an A/B test with this policy as B."""
    name = chosen.policy()
    state.choose("ab-way", "policy")
    state.choose("ab-policy", name)
    for setting, value in chosen.model_dump().items():
        state.choose(f"ab-{name}-{setting}", value)
    state.choose("section", "A/B tests")


def _asked(lab: page.Lab) -> tuple[Policy, Asked, tuple[str, ...]]:
    """The policy with its settings, the period, and what else is to be known of them."""
    known = policies()
    plan = serving_plan(lab.workspace)
    serving = plan.policy["policy"] if plan else "greedy"
    names = sorted(known, key=lambda one: one == serving)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = linked.choice(
            "What would have happened with",
            {one: known[one].info.label for one in names},
            key="judge",
            noun="policy",
            help_text="Each policy is judged by the answers of another one, as if it had chosen among the same ads.",
        )
        days = linked.choice("Period", PERIODS, key="days", noun="period", few=True)
        with st.popover("More", icon=":material/tune:"):
            settings = _settings(name, known[name].parameters())
            places = linked.choice("Places", PLACES, key="places", noun="choice", few=True)
            reward = linked.choice("Counted in", REWARDS, key="reward", noun="reward", few=True)
    until = _next(lab.workspace.clock.now())
    since = _BEGIN if days == "all" else until - timedelta(days=int(days))
    asked = Asked(
        since, until, "all" if places == "all" else "first", "income" if reward == "income" else "clicks"
    )
    more = (
        "Each place is judged given the ads before it: its weight is the product of those up to it."
        if places == "all"
        else "Only the first place of each answer is judged: what stands there depends on no other place.",
    )
    return policy({"policy": name, **settings}), asked, more


def _next(now: datetime) -> datetime:
    """The end of these minutes: what is worked out once holds until then."""
    begun = now.replace(minute=now.minute - now.minute % MINUTES, second=0, microsecond=0)
    return begun + timedelta(minutes=MINUTES)


def _settings(name: str, parameters: tuple[Parameter, ...]) -> Mapping[str, Any]:
    """The settings of a policy; those that are not the usual ones stand in the address."""
    found: dict[str, Any] = {}
    for one in parameters:
        if one.kind in ("int", "float") and one.low is not None and one.high is not None:
            value = linked.number(
                one.name.replace("_", " ").capitalize(),
                float(one.default),
                key=f"judge-{one.name}",
                of=name,
                bounds=(float(one.low), float(one.high)),
                step=1.0 if one.kind == "int" else max(abs(float(one.default)) / 10, 0.001),
                digits=0 if one.kind == "int" else 3,
                help_text=f"{one.help} ({one.bounds})",
            )
            found[one.name] = int(value) if one.kind == "int" else value
    return found
