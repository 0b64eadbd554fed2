"""A running test: the answer, what can be done, how far the arms are apart, and what that harms."""

from typing import Literal

import pandas as pd
import streamlit as st

from reco_lab.charts.ahead import ahead
from reco_lab.core.ab_test import AbTest
from reco_lab.core.learner import Learner
from reco_lab.core.policy import policies
from reco_lab.core.words import share
from reco_lab.experiments.ab_course import OUTCOMES
from reco_lab.experiments.ab_look import Ahead, Look, Standing
from reco_lab.experiments.ab_verdict import Verdict, effect, verdict
from reco_lab.services import ab_tests, canary
from reco_lab.services.ab_tests import Running
from reco_lab.ui import ad_status, cache, export, page, show, state
from reco_lab.ui.words import md, when

EVERY = 10.0
COLUMNS = {
    "Click rate": st.column_config.NumberColumn(format="percent"),
    "Revenue": st.column_config.NumberColumn(format="localized"),
}
LIFTS = {name: st.column_config.NumberColumn(format="percent") for name in ("Ahead", "from", "to")}
LEARNS = (
    "A policy that learns does so from the clicks of all arms. Serving everybody it has more of its own to learn from, and "
    "nothing from chance any more: what it is ahead by may then be another."
)
PROMISE = (
    "The line is how much more B earns than A, the band what the truth may be: with 95% certainty it lies in the band at "
    "every moment, however often you look. A band that leaves out 0 is an answer."
)


def view(lab: page.Lab, now: Running) -> None:
    """Show a running test, brought up to date every few seconds."""
    drawn = verdict(now.test, cache.ab_look(lab.workspace, now))

    def answer() -> None:
        found = verdict(now.test, cache.ab_look(lab.workspace, now))
        if found.kind != drawn.kind:
            st.rerun()
        show.answer(canary.so_far(now.test.title, found), found.detail)

    st.fragment(run_every=EVERY, key="ab-answer")(answer)()
    if (round_ := canary.round_of(now.test.title)) is not None:
        st.caption(
            f"In this test the gate tries the challenger of round {round_} on customers. It ends by itself; ended by hand, the challenger does not serve."
        )
    _actions(lab, drawn)
    if not now.served:
        st.warning(
            "What serves now does not tell customers apart by this test: another publication was put in its place, or its "
            "start was cut short. End it.",
            icon=":material/link_off:",
        )
    st.fragment(run_every=EVERY, key="ab-numbers")(lambda: _numbers(now, cache.ab_look(lab.workspace, now)))()
    log = cache.events(lab.workspace)
    arms = export.Sheet(
        "The arms", "ab-arms", lambda: _standings(now.test, ab_tests.look_at(lab.workspace, log, now))
    )
    export.menu([arms], key="ab-test")
    opened = st.expander("By segment", icon=":material/groups:", on_change="rerun", key="ab-segments")
    if opened.open:
        with opened:
            _segments(lab, now)


def _actions(lab: page.Lab, found: Verdict) -> None:
    with st.container(horizontal=True):
        if found.winner:
            with st.popover(f"Ship {found.winner}", type="primary", icon=":material/rocket_launch:"):
                st.markdown(f"{md(found.winner)} serves everybody within a second, and the test ends.")
                if st.button(f"Yes, ship {found.winner}", key="ab-ship"):
                    ab_tests.stop(lab.workspace, ship=found.winner)
                    state.tell(f"{found.winner} serves everybody.")
                    st.rerun()
        kind: Literal["primary", "secondary"] = "secondary" if found.winner else "primary"
        with st.popover("End the test", type=kind, icon=":material/stop_circle:"):
            st.markdown("What served before serves everybody again. What was found is kept.")
            if st.button("Yes, end it", key="ab-stop"):
                ab_tests.stop(lab.workspace)
                state.tell("The test is over; what served before serves everybody.")
                st.rerun()


def _numbers(now: Running, found: Look) -> None:
    test = now.test
    st.caption(f"“{md(test.title)}”, since {when(found.begun)}, on {share(test.traffic)} of the customers.")
    if found.course:
        rows = pd.DataFrame([point.model_dump() for point in found.course])
        rows["at"] = found.begun + (rows["step"] + 1) * found.step
        chart = ahead(rows, smallest=test.minimum_lift, over=found.ahead[0].over, palette=show.palette())
        show.chart(chart, finding=finding(found), table=None, key="ab-course", explained=PROMISE)
    show.numbers(
        _standings(test, found), alt="The arms of the test", key="ab-arms", columns=COLUMNS, live=True
    )
    if any(issubclass(policies()[str(arm.policy["policy"])], Learner) for arm in test.groups if arm.policy):
        st.caption(LEARNS)
    if found.personal is not None:
        st.markdown(f"What personal ads bring: {md(effect(found.personal))}, who get ads by chance.")
    if found.guardrails:
        st.subheader("What must not get worse", anchor=False)
        st.markdown("\n".join(f"- {_guarded(one)}" for one in found.guardrails))


def finding(found: Look) -> str:
    """The chart in a sentence."""
    sure = [one for one in found.ahead if one.sign]
    if not sure:
        return "No arm is ahead beyond doubt yet"
    return "; ".join(f"{one.arm} is {'ahead' if one.good > 0 else 'behind'} beyond doubt" for one in sure)


def _guarded(one: Ahead) -> str:
    outcome = OUTCOMES[one.outcome]
    what = f"**{outcome.label}**: {md(effect(one))}"
    if one.harms:
        return f":material/warning: {what}. That is worse than is tolerated."
    return f":material/{'check_circle' if one.harmless else 'hourglass_empty'}: {what}."


def _standings(test: AbTest, found: Look) -> pd.DataFrame:
    total = max(sum(one.customers for one in found.standings), 1)
    arms = {group.name: group for group in test.groups}

    def row(one: Standing) -> dict[str, object]:
        arm = arms[one.name]
        model, how = (
            (arm.model or {}).get("name", ""),
            ad_status.policy_label(str(arm.policy.get("policy", ""))),
        )
        return {
            "Arm": one.name,
            "Click rate": one.clicks / one.shown if one.shown else None,
            "Clicks": one.clicks,
            "Ads shown": one.shown,
            "Conversions": one.bought,
            "Revenue": one.revenue,
            "Customers": one.customers,
            "Share (planned)": f"{share(one.customers / total, 1)} ({share(one.share)})",
            "Served by": f"{model}: {how}" if model else how,
        }

    return pd.DataFrame([row(one) for one in found.standings])


def _segments(lab: page.Lab, now: Running) -> None:
    found = cache.ab_segments(lab.workspace, now)
    if not found:
        st.markdown("Nobody came yet.")
        return
    st.caption(
        "Each row is corrected for how many are looked at, so that chance alone seldom makes one stand out."
    )
    rows = [
        {
            "Customers": one.title,
            "Arm": one.arm,
            "How many": one.customers + one.over_customers,
            "Ahead": one.relative,
            "from": one.low,
            "to": one.high,
            "p (corrected)": one.holm,
            "In words": effect(one) if one.sign else "not beyond chance",
        }
        for one in found
    ]
    show.numbers(pd.DataFrame(rows), alt="The lift in each segment", key="ab-by-segment", columns=LIFTS)
