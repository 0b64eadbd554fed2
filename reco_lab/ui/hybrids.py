"""The Hybrids tab of Compare: what each part of a hybrid adds to it."""

import pandas as pd
import streamlit as st

from reco_lab.charts.leaderboard import leaderboard
from reco_lab.charts.theme import Palette
from reco_lab.experiments.ablation import Ablation, Part
from reco_lab.experiments.results import Comparison, Outcome
from reco_lab.experiments.verdict import listed
from reco_lab.services import ablation
from reco_lab.store.records import JobState
from reco_lab.ui import metric, show
from reco_lab.ui.words import agree, count, md, score
from reco_lab.workspace import Workspace

TOLD = {
    Outcome.better: "adds",
    Outcome.worse: "costs",
    Outcome.tie: "makes no difference",
    Outcome.unsure: "cannot be told",
    None: "–",
}
ROLES: dict[Outcome | None, str] = {Outcome.better: "champion", Outcome.worse: "champion"}


def view(workspace: Workspace, chosen: str, found: Comparison, colours: Palette) -> None:
    """What was found of every hybrid, or the button that finds it."""
    if not ablation.hybrids(found):
        st.markdown("**No hybrid in this experiment, so there are no parts to weigh.**")
        st.caption(
            "A hybrid asks several recommenders at once. Choose one on the Experiment page, and this tab says what "
            "each of its parts adds."
        )
        return
    job = ablation.job_of(workspace, chosen)
    answers = ablation.answers(job)
    for place, (name, one) in enumerate(answers.items()):
        _draw(name, one, colours, place)
    if answers:
        st.caption(
            "Each hybrid learned again without one of its parts, and was asked on the validation part; the test part "
            "was not looked at. Its own choice of weights is redone each time, by other customers than those scored."
        )
        for name, why in ((job.result or {}).get("failed", {}) if job else {}).items():
            st.caption(md(f"{name} is left out: {why}"))
        return
    if job is not None and job.state is JobState.failed:
        st.error(md(job.error), title="The parts could not be weighed", icon=":material/error:")
    _offer(workspace, chosen, found, running=job is not None and job.live)


def _offer(workspace: Workspace, chosen: str, found: Comparison, *, running: bool) -> None:
    st.header("What does each part add?", anchor=False)
    st.markdown("Every hybrid learns again without one of its parts; what it loses is what that part adds.")
    if st.button("Weigh the parts", icon=":material/scale:", disabled=running, key="run-ablation"):
        ablation.submit(workspace, chosen, found.experiment)
        st.rerun()
    st.caption(
        "It is being worked out; how far it is stands at the top of this page."
        if running
        else "A hybrid of three parts learns seven times, with weights of its own each time, so this takes many "
        "times as long as its row above did."
    )


def _draw(name: str, one: Ablation, colours: Palette, place: int) -> None:
    parts = sorted(
        (part for part in one.parts if part.worth is not None), key=lambda part: -(part.worth or 0)
    )
    if not parts:
        st.markdown(f"{md(name)} has no value for {metric.name(one.key)} on the validation part.")
        return
    rows = pd.DataFrame(
        {
            "name": [part.name for part in parts],
            "value": [part.worth for part in parts],
            "low": pd.array([part.low for part in parts], "Float64").astype(float),
            "high": pd.array([part.high for part in parts], "Float64").astype(float),
            "role": [ROLES.get(part.outcome, "challenger") for part in parts],
        }
    )
    show.chart(
        leaderboard(rows, axis=f"what it adds to {metric.name(one.key)}", palette=colours, zero=True),
        finding=finding(name, one),
        table=table(one),
        key=f"ablation-{place}",
        explained=metric.plain(one.key),
    )
    st.caption(md(beside(one)))


def table(one: Ablation) -> pd.DataFrame:
    """A row a part: what it adds with its interval, the hybrid without it, and the part alone."""
    return pd.DataFrame(
        {
            "Part": [part.name for part in one.parts],
            "Adds": [part.worth for part in one.parts],
            "Low": [part.low for part in one.parts],
            "High": [part.high for part in one.parts],
            "Verdict": [TOLD[part.outcome] for part in one.parts],
            "Without it": [part.without for part in one.parts],
            "Alone": [part.alone for part in one.parts],
        }
    )


def finding(name: str, one: Ablation) -> str:
    """Which part adds most and which cost, claiming no more than the intervals allow."""
    adding = sorted(_with(one, Outcome.better), key=lambda part: -(part.worth or 0))
    costing = [part.name for part in _with(one, Outcome.worse)]
    cost = f"without {listed(costing)} it would be better" if costing else ""
    if not adding:
        return f"{name}: {cost or 'no part surely adds anything to the others'}"
    best, *others = adding
    ends = f" ({score(best.low)} to {score(best.high)})"
    lead = f"{name}: {best.name} adds most, {score(best.worth)} {metric.name(one.key)}{ends}"
    also = (
        f"{listed([part.name for part in others])} {agree(len(others), 'adds', 'add')} too" if others else ""
    )
    return "; ".join(told for told in (lead, also, cost) if told)


def beside(one: Ablation) -> str:
    """The hybrid beside its best part alone, and on how many customers all of it stands."""
    known = [part for part in one.parts if part.alone is not None]
    sign = -1 if metric.better_when_higher(one.key) is False else 1
    best = max(known, key=lambda part: sign * (part.alone or 0.0), default=None)
    alone = f", {best.name} alone {score(best.alone)}" if best else ""
    lines = " The lines are 95 % intervals over the same customers." if one.parts[0].low is not None else ""
    return (
        f"{metric.name(one.key)} of {count(one.customers, 'customer')} in the validation part: all parts "
        f"{score(one.whole)}{alone}.{lines}"
    )


def _with(one: Ablation, outcome: Outcome) -> list[Part]:
    return [part for part in one.parts if part.outcome is outcome]
