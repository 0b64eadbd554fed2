"""A test is planned: what is tried, what it takes in customers, days and money, and one button that starts it."""

from typing import Any

import numpy as np
import streamlit as st

from reco_lab.core.ab_test import AbTest, ab_test
from reco_lab.core.errors import InputError
from reco_lab.core.policy import Policy, policies, policy
from reco_lab.core.words import share
from reco_lab.experiments.ab_course import OUTCOMES
from reco_lab.services import ab_test_plan, ab_tests
from reco_lab.services.ab_test_plan import MONTH
from reco_lab.services.publishing import Plan
from reco_lab.ui import ad_status, cache, forms, page, show, state
from reco_lab.ui.words import md

A, B = "A", "B"
WAYS = {"policy": "Another policy", "model": "Another model"}
METRICS = ("click rate", "conversion", "revenue")
WORTH_A_TRY = ("thompson", "epsilon_greedy")


def view(lab: page.Lab, plan: Plan) -> None:
    """Say what the test will take, ask what is to be tried, start it."""
    said, button, asked = st.container(), st.container(), st.container()
    with asked:
        spec = _asked(lab, plan)
    try:
        test = ab_test(spec)
    except InputError as error:
        show.mistake(error)
        return
    known = cache.ab_traffic(lab.workspace)
    found = ab_test_plan.outlook(test, known)
    with said:
        show.answer(found.sentence, _detail(test, found))
    same = all(spec["arms"][1].get(name) == value for name, value in _control(plan).items())
    with button:
        if st.button("Start the test", type="primary", icon=":material/science:", key="ab-start"):
            ab_tests.start(lab.workspace, spec)
            state.tell("The test runs: from now on customers are told apart.")
            st.rerun()
        if same:
            st.caption("B does what A does: such a test finds nothing, unless the measuring is wrong.")


def _asked(lab: page.Lab, plan: Plan) -> dict[str, Any]:
    model = md(plan.model)
    st.markdown(
        f"**A** is what serves now: {model}, {md(ad_status.policy_label(str(plan.policy['policy'])))}. "
        "What should **B** do instead?"
    )
    with st.grid(2, min_column_width=240):
        kind, tried = _tried(lab, plan)
        metric = st.selectbox(
            "What counts",
            METRICS,
            format_func=lambda one: OUTCOMES[one].label,
            key="ab-metric",
            help="A purchase counts where your website reports it for an ad that it showed.",
            persist_state="session",
        )
        lift = st.number_input(
            "Smallest lift worth having (%)",
            1,
            500,
            10,
            key="ab-lift",
            help="How much more B must earn at least to be worth the change. A smaller lift takes more customers.",
            persist_state="session",
        )
    if kind is not None and (parameters := kind.parameters()):
        with st.expander("Settings of B's policy", icon=":material/tune:"), st.grid(2, min_column_width=200):
            values = forms.fields(parameters, key=f"ab-{kind.policy()}")
        tried = {"policy": kind(**values).to_dict()}
    return {"metric": metric, "minimum_lift": lift / 100} | _shares(tried)


def _tried(lab: page.Lab, plan: Plan) -> tuple[type[Policy] | None, dict[str, Any]]:
    """What B does otherwise, its policy (and which kind that is) or its model."""
    models = ab_tests.models(lab.workspace)
    others = {name: link for name, link in models.items() if name != plan.model}
    way = "policy"
    if others:
        way = st.segmented_control(
            "B has", list(WAYS), default="policy", format_func=WAYS.__getitem__, required=True, key="ab-way"
        )
    if way == "model":
        name = st.selectbox("Model of B", list(others), key="ab-model", help="Models that served before.")
        return None, {"model": others[name].model_dump(mode="json")}
    known, now = policies(), str(plan.policy["policy"])
    ids = list(known)
    seen = str(state.chosen("ab-policy") or "")
    first = next(one for one in (*WORTH_A_TRY, *ids) if one != now and one in known)
    chosen = st.selectbox(
        "Policy of B",
        ids,
        ids.index(first),
        format_func=lambda one: known[one].info.label,
        key="ab-policy",
        help=known[seen or first].info.summary,
        persist_state="session",
    )
    return known[chosen], {"policy": known[chosen]().to_dict()}


def _shares(tried: dict[str, Any]) -> dict[str, Any]:
    with st.expander("Who takes part", icon=":material/group:"), st.grid(2, min_column_width=200):
        title = st.text_input("Title", "A/B test", max_chars=200, key="ab-title", persist_state="session")
        traffic = st.slider(
            "Customers who take part (%)", 1, 100, 100, key="ab-traffic", persist_state="session"
        )
        of_b = st.slider("Of these, served by B (%)", 1, 99, 50, key="ab-share", persist_state="session")
        held = st.slider(
            "Held out (%)",
            0,
            50,
            0,
            key="ab-holdout",
            help="These customers get ads by chance alone: what personal ads bring at all is seen by them.",
            persist_state="session",
        )
    return {
        "title": title.strip() or "A/B test",
        "traffic": traffic / 100,
        "holdout": held / 100,
        "arms": [{"name": A, "share": 1 - of_b / 100}, {"name": B, "share": of_b / 100} | tried],
    }


def _control(plan: Plan) -> dict[str, Any]:
    return {"policy": policy(plan.policy).to_dict()}


def _detail(test: AbTest, found: ab_test_plan.Outlook) -> str:
    if found.customers is None:
        return "It can run all the same: the answer comes when enough customers came."
    noun = OUTCOMES[test.metric].noun
    parts = [f"Today's {noun}: {_rate(test, found.rate)}."]
    if found.at_stake is not None:
        parts.append(
            f"Were B {share(test.minimum_lift)} worse, the test would cost about {found.at_stake:,.2f} until then."
        )
    if (found.days is None or found.days > MONTH) and np.isfinite(found.in_a_month):
        parts.append(f"In {MONTH} days a lift of {share(found.in_a_month)} or more would be seen.")
    return " ".join([*parts, "You may look as often as you like: the answer stays right."])


def _rate(test: AbTest, rate: float) -> str:
    if test.metric == "revenue":
        return f"{rate:,.2f} a customer"
    return f"{share(rate, 1)} of the {'ads shown' if test.metric == 'click rate' else 'customers'}"
