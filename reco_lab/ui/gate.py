"""The tab "The gate": how the last challenger fared, when the next is trained, and what served before."""

from datetime import datetime

import streamlit as st

from reco_lab.services import ab_tests, gate, gate_words, publishing, schedules
from reco_lab.services.publishing import Plan
from reco_lab.services.schedules import DAY, WEEK, Schedule
from reco_lab.store.own_time import stands_still
from reco_lab.store.rounds import Round, RoundState
from reco_lab.ui import board, gate_asks, gate_rounds, page, show, state
from reco_lab.ui.words import md, when
from reco_lab.workspace import Workspace

HOW_OFTEN = {"Off": None, "Daily": DAY, "Weekly": WEEK}
WHO = "a person in the app"


def view(lab: page.Lab) -> None:
    """Show the gate of what serves."""
    workspace = lab.workspace
    plan = publishing.serving_plan(workspace)
    if plan is None:
        show.empty(
            "Nothing serves yet, so there is no champion to challenge",
            "Once a model serves, what customers did trains a challenger here. It is judged on what came later, and takes the "
            "champion's place only if it holds.",
            page=page.ADS,
            label="Publish a model",
            icon=":material/publish:",
        )
        return
    if not stands_still(workspace.clock):
        gate.begin_due(workspace)
    gate.settled(workspace)
    rounds = workspace.rounds.listing()
    show.answer(*_answer(rounds, plan))
    busy = board.running(workspace)
    _act(workspace, rounds[0] if rounds else None, busy=busy)
    if rounds:
        gate_rounds.view(workspace, rounds)
    gate_asks.view(workspace)
    _before(workspace)


def _answer(rounds: list[Round], plan: Plan) -> tuple[str, str]:
    serves = f"{plan.model} serves, trained on {plan.dataset}."
    if not rounds:
        how = (
            "It learns from what customers did since, and serves only if it is better, or newer and no worse."
        )
        return "No challenger has been trained yet.", f"{serves} {how}"
    last = rounds[0]
    return gate_words.sentence(last), f"{when(last.changed)}: {gate_words.reason(last)} {serves}"


def _act(workspace: Workspace, last: Round | None, *, busy: bool) -> None:
    """The one thing to do, and how often it is done by itself."""
    over = stands_still(workspace.clock)
    stuck = over and last is not None and last.state is RoundState.canary
    row = st.container(horizontal=True, vertical_alignment="bottom")
    if row.button(
        "Go on with this round" if last is not None and last.live else "Train a challenger now",
        type="primary",
        icon=":material/swords:",
        disabled=busy or stuck,
        key="gate-run",
    ):
        gate.submit(workspace)
        st.rerun()
    now = schedules.schedule(workspace).every_hours
    options = dict(HOW_OFTEN)
    if now not in options.values():
        options[Schedule(every_hours=now).words.capitalize()] = now
    chosen = row.segmented_control(
        "By itself",
        list(options),
        default=next(name for name, hours in options.items() if hours == now),
        required=True,
        key="gate-schedule",
        help="While the app or the service runs. Runs that were missed are made up for by one.",
    )
    if chosen is not None and options[chosen] != now:
        schedules.set_schedule(workspace, Schedule(every_hours=options[chosen]))
        st.rerun()
    if over:
        open_ = " This round stays undecided." if stuck else ""
        st.caption(f"The rehearsal is over: nobody comes any more, and nothing begins by itself.{open_}")
    elif (at := schedules.next_run(workspace)) is not None:
        st.caption(f"The next one begins {_then(workspace, at, last)}.")


def _then(workspace: Workspace, at: datetime, last: Round | None) -> str:
    """When the next one begins: not while another one, or an A/B test, is under way."""
    before = "this round" if last is not None and last.live else ""
    if not before and ab_tests.running(workspace) is not None:
        before = "the A/B test"
    if not before:
        return f"by itself on {when(at)} (UTC)"
    late = at <= workspace.clock.now()
    return f"once {before} is over" + ("" if late else f", at the earliest on {when(at)} (UTC)")


def _before(workspace: Workspace) -> None:
    """Where what serves came from, and the way back."""
    served = gate_rounds.lineage(workspace)
    earlier = [one for one in served if one.number < next((n.number for n in served if n.serves), 0)]
    if st.button(
        "Back to what served before", icon=":material/undo:", disabled=not earlier, key="gate-rollback"
    ):
        back = publishing.rollback(workspace, who=WHO)
        model = Plan.model_validate(back.spec).model
        state.tell(f"{md(model)}, version {back.version}, serves again within a second.")
        st.rerun()
