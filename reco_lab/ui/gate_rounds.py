"""The rounds of the gate with what each step found, and the lineage of what served."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from reco_lab.charts.lineage import lineage as draw
from reco_lab.core.evaluation import metric_at
from reco_lab.services import gate, gate_words
from reco_lab.services import lineage as served
from reco_lab.services.lineage import Ancestor
from reco_lab.store.rounds import Round, RoundState
from reco_lab.ui import ad_status, show
from reco_lab.ui.words import md, when
from reco_lab.workspace import Workspace

STEPS = {
    "data": "Are the data sound?",
    "training": "Was it trained?",
    "forward": "Does it hold on what came later?",
    "milestone": "Does it hold beside the last model that was better?",
    "off-policy": "Would it have earned as much?",
    "canary": "Does it hold with real customers?",
    "decision": "Decision",
}
SIGNS = {True: ":material/check_circle:", False: ":material/cancel:", None: ":material/help:"}
ENDS = {
    RoundState.promoted: "Promoted",
    RoundState.refused: "Refused",
    RoundState.cancelled: "Cancelled",
}


def view(workspace: Workspace, rounds: list[Round]) -> None:
    """Show the last round step by step, and those before it."""
    last = rounds[0]
    st.subheader("How it was judged", anchor=False)
    for finding in last.findings:
        _step(finding)
    if last.live and st.button("Cancel this round", icon=":material/close:", key="gate-cancel"):
        gate.cancel(workspace, last.id)
        st.rerun()
    if len(rounds) > 1:
        with st.expander("All rounds", icon=":material/history:"):
            show.numbers(_table(rounds), alt="Rounds of the gate, newest first", key="rounds")


def lineage(workspace: Workspace) -> list[Ancestor]:
    """Draw what served when; everything that served, newest first."""
    found = served.lineage(workspace)
    known = {one.number: one for one in found}
    spans = [one for one in served.spans(workspace) if one.number in known]
    if not spans:
        return found
    rows = [
        {
            "label": _label(known[one.number]),
            "begin": one.begin.replace(tzinfo=None),
            "until": one.until.replace(tzinfo=None),
            "how": one.how,
            "why": known[one.number].why,
        }
        for one in spans
    ]
    now = next((one for one in found if one.serves), found[0])
    finding = f"{now.model} serves since {when(served.serves_since(workspace) or spans[-1].begin)}"
    show.chart(
        draw(pd.DataFrame(rows), show.palette()),
        finding=finding,
        table=_ancestors(found),
        key="lineage",
        explained="A row for each version that served, a bar for each time it did.",
    )
    return found


def _step(finding: Mapping[str, Any]) -> None:
    name = STEPS.get(str(finding["step"]), str(finding["step"]))
    sign = SIGNS[finding.get("passed")]
    st.markdown(f"{sign} **{md(name)}** {md(finding['sentence'])}")
    if "metric" in finding:
        measured = metric_at(str(finding["metric"]))[0]
        st.caption(md(f"{measured.label}: {measured.plain}"))
    checks = finding.get("checks")
    if checks:
        with st.expander("What was asked of the data", icon=":material/fact_check:"):
            st.markdown("\n".join(f"- {SIGNS[one['passed']]} {md(one['sentence'])}" for one in checks))


def _end(one: Round) -> str:
    return ENDS.get(one.state, "Under way")


def _table(rounds: list[Round]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "Began": when(one.created),
                "Challenged": one.spec.get("model", ""),
                "Data version": one.spec.get("version"),
                "End": _end(one),
                "Why": gate_words.reason(one),
            }
            for one in rounds
        ]
    )


def _ancestors(found: list[Ancestor]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "Number": one.number,
                "Model": one.model,
                "Policy": ad_status.policy_label(one.policy),
                "Version": one.version,
                "Learnt from": _data(one),
                "In place of": one.parent,
                "Since": when(one.created),
                "Why": one.why,
                "Serves": one.serves,
            }
            for one in found
        ]
    )


def _label(one: Ancestor) -> str:
    return f"{one.number}: {one.model}, {_data(one)}"


def _data(one: Ancestor) -> str:
    return f"{one.dataset} version {one.data_version}" if one.data_version else one.dataset
