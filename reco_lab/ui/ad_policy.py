"""The Policy tab: how ads are chosen once they are ranked, what that costs, and what served before."""

from dataclasses import replace

import pandas as pd
import streamlit as st

from reco_lab.core.learner import Learner
from reco_lab.core.memory import Memory
from reco_lab.core.policy import Policy, policies, policy
from reco_lab.services import ab_tests, ad_learning, bookings, publishing
from reco_lab.services.exploring import PLACES, Exploring, exploring
from reco_lab.services.publishing import Plan
from reco_lab.ui import ad_learnt, ad_status, cache, forms, gate, page, state
from reco_lab.ui.ad_status import Status
from reco_lab.ui.words import count, md, when
from reco_lab.workspace import Workspace

LEARNS = " (learns from clicks)"
SHOWN = 50  # publications in the list of what served


def view(lab: page.Lab, now: Status) -> None:
    """Show the policy, let it be changed, list what served before."""
    plan = now.plan
    if plan is None:
        st.markdown(
            "Until a model is published, the ad with the best click rate is shown. Publish one above, then choose here "
            "how much is left to chance."
        )
        return
    st.markdown(
        "The model ranks the ads; the policy decides which of the ranked ads is shown. Every decision is logged with "
        "the chance it had, so that another policy can be judged later by the same log."
    )
    chosen, log = _chosen(plan), cache.events(lab.workspace)
    memory = ad_learning.known(lab.workspace, log, chosen)
    st.info(cost(_exploring(lab.workspace, plan, chosen, memory)), icon=":material/savings:")
    settings = _settings(plan)
    wanted = {"policy": chosen.to_dict(), **settings}
    tested = ab_tests.running(lab.workspace)
    if tested is not None and tested.served:
        st.caption(
            "An A/B test runs: whom it tells apart is served by its arms until it ends. What you change here serves all others."
        )
    same = {"policy": policy(plan.policy).to_dict(), **{name: getattr(plan, name) for name in settings}}
    if st.button(
        "Let this serve", type="primary", icon=":material/check:", disabled=wanted == same, key="policy-keep"
    ):
        made = publishing.change(lab.workspace, **wanted)
        state.tell(f"Version {made.version} serves within a second.")
        st.rerun()
    if isinstance(chosen, Learner):
        ad_learnt.view(lab.workspace, chosen, memory)
    if plan.routes:
        _routes(plan)
    _history(lab.workspace, plan)


def cost(found: Exploring | None) -> str:
    """What exploring costs, in words that hold for any policy."""
    if found is None:
        return "With fewer than two ads to choose from there is nothing to explore."
    aside = round(found.aside)
    if not aside:
        return "Nothing is left to chance: every place goes to the first ad, so nothing is learnt about the ads behind it."
    money = f", worth {found.money:,.2f} in bids" if round(found.money, 2) else ""
    among = f"With {count(found.ads, 'ad')} to choose from, about {aside:,} of {PLACES:,} first places"
    if found.begins:
        return f"{among} go to another ad than the first while it knows nothing yet; the more it learns, the fewer."
    return (
        f"{among} go to another ad than the best. By the click rates known now that costs about {found.clicks:.1f} clicks{money}; "
        "it shows which of those ads is better than it was thought."
    )


def _exploring(workspace: Workspace, plan: Plan, chosen: Policy, memory: Memory | None) -> Exploring | None:
    now = workspace.clock.now()
    ads = [ad for ad in bookings.ads(workspace) if ad.flies(now) and not ad.house]
    return exploring(chosen, ads, cache.events(workspace).outcomes(), memory, plan.bid_weight)


def _chosen(plan: Plan) -> Policy:
    known, now = policies(), policy(plan.policy)
    ids = sorted(known, key=lambda one: (issubclass(known[one], Learner), known[one].info.label))
    name = st.selectbox(
        "Policy",
        ids,
        ids.index(now.policy()),
        format_func=lambda one: f"{known[one].info.label}{LEARNS if issubclass(known[one], Learner) else ''}",
        key="policy",
    )
    st.caption(known[name].info.summary)
    kept = now.model_dump() if name == now.policy() else {}
    parameters = [replace(one, default=kept.get(one.name, one.default)) for one in known[name].parameters()]
    if not parameters:
        return policy({"policy": name})
    with st.expander("Settings of this policy", icon=":material/tune:"):
        return policy({"policy": name} | forms.fields(parameters, key=f"policy-{name}"))


def _settings(plan: Plan) -> dict[str, object]:
    st.subheader("How ads are ranked", anchor=False)
    hide = st.toggle(
        "Leave out ads for what a customer bought already",
        plan.hide_bought,
        key="policy-hide",
        persist_state="session",
    )
    weight = st.slider(
        "How much an ad's price counts",
        0.0,
        1.0,
        plan.bid_weight,
        0.05,
        key="policy-bid",
        persist_state="session",
        help="0: the customer's taste alone ranks. 1: an ad that pays twice as much is worth twice as much.",
    )
    return {"hide_bought": hide, "bid_weight": weight}


def _routes(plan: Plan) -> None:
    st.subheader("Groups that are served otherwise", anchor=False)
    rows = [
        {
            "Group": one.name,
            "Customers": "; ".join(f"{name}: {', '.join(values)}" for name, values in one.attributes.items()),
            "Segments": ", ".join(one.segments),
            "Policy": ad_status.policy_label(str(one.policy.get("policy", ""))),
            "Model": one.model.name if one.model else plan.model,
        }
        for one in plan.routes
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, alt="Groups of customers that are served otherwise")


def _history(workspace: Workspace, plan: Plan) -> None:
    st.subheader("What served, newest first", anchor=False)
    made = workspace.publications.history(SHOWN)
    serving = workspace.publications.serving()
    rows = [
        {
            "Published": when(one.created),
            "Model": Plan.model_validate(one.spec).model,
            "Policy": ad_status.policy_label(str(one.spec["policy"].get("policy", ""))),
            "Version": one.version,
            "Serves": serving is not None and one.number == serving.number,
        }
        for one in made
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, alt="Publications, newest first")
    back = publishing.goes_back(workspace)
    if st.button("Back to what served before", icon=":material/undo:", disabled=not back, key="rollback"):
        again = publishing.rollback(workspace, who=gate.WHO)
        state.tell(
            f"{Plan.model_validate(again.spec).model}, version {again.version}, serves again within a second."
        )
        st.rerun()
    with st.expander("The models in the chain", icon=":material/account_tree:"):
        st.markdown("\n".join(f"- {md(link.stage.value)}: {md(link.name)}" for link in plan.chain))
        st.caption("Asked in this order: the first that knows something of the customer ranks.")
