"""What comes next: who may stay away, who is about to buy, what from; each with how well it did on held-out time."""

import streamlit as st

from reco_lab.core.conditions import AtRisk, Due, Interest, Upcoming
from reco_lab.services.segment_looks import Shop
from reco_lab.ui import linked, page
from reco_lab.ui.page import Lab
from reco_lab.ui.segment_panel import panel
from reco_lab.ui.words import count, md

QUESTIONS = ("Who may stay away", "Who will buy soon", "What they buy next", "What they are keen on")


def draw(lab: Lab, shop: Shop) -> None:
    """One question at a time."""
    asked = st.segmented_control(
        "Question", QUESTIONS, default=QUESTIONS[0], required=True, key="question", bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    parts = (_away, _soon, _category, _keen)
    with page.guard(lab.workspace):
        parts[QUESTIONS.index(str(asked))](lab, shop)


def _away(lab: Lab, shop: Shop) -> None:
    with st.spinner("Learning everybody's rhythm…", show_time=True):
        told, test = shop.known.risks(None), shop.known.risk_test
    level = st.slider(
        "Chance to buy nothing, at least", 10, 95, 50, 5, format="%d%%", key="risk", bind="query-params"
    )
    rule = AtRisk(low=level / 100)
    title = f"{count(len(told.listed(rule.low)), 'customer')} may stay away: chance at least {level}% to buy nothing in the next {told.horizon} days"
    st.markdown(f"**Can it be trusted?** {md(test.sentence)}")
    panel(lab, shop, rule, title, name="may stay away")


def _soon(lab: Lab, shop: Shop) -> None:
    with st.spinner("Learning everybody's rhythm…", show_time=True):
        told, test = shop.known.due, shop.known.date_test
    days = int(st.number_input("Expected within days", 1, 365, 14, key="due", bind="query-params"))
    st.markdown(f"**Can it be trusted?** {md(test.sentence)} {md(told.sentence)}")
    panel(
        lab,
        shop,
        Due(days=days),
        f"Expected to buy within {count(days, 'day')}",
        name=f"due within {days} days",
    )


def _category(lab: Lab, shop: Shop) -> None:
    with st.spinner("Learning what follows what…", show_time=True):
        told, test = shop.known.upcoming, shop.known.category_test
    counts = told.customers["first"].value_counts()
    options = {str(name): f"{name} ({size:,})" for name, size in counts.items()}
    st.markdown(f"**Can it be trusted?** {md(test.sentence)}")
    chosen = linked.choice("Next category", options, key="next", noun="category")
    panel(
        lab,
        shop,
        Upcoming(categories=(chosen,)),
        f"Most likely to buy from {chosen} next",
        name=f"{chosen} next",
    )


def _keen(lab: Lab, shop: Shop) -> None:
    table = shop.known.interests.table()
    options = {
        str(name): f"{name} ({size:,})"
        for name, size in zip(table["category"], table["interested"], strict=True)
    }
    chosen = linked.choice("Category", options, key="keen", noun="category")
    st.caption(
        "Interest is a category's share of what a customer buys beside its share of what everybody buys. "
        "Short histories are taken to be like everyone's until they say otherwise. In brackets: customers with twice the usual."
    )
    times = float(
        st.slider(
            "At least so many times everyone's", 1.1, 5.0, 2.0, 0.1, key="keenness", bind="query-params"
        )
    )
    rule = Interest(category=chosen, low=times)
    panel(lab, shop, rule, f"Keen on {chosen}: at least {times:g} times the usual", name=f"keen on {chosen}")
