"""The A/B tests tab: a test planned, running or ended, the answer first."""

import pandas as pd
import streamlit as st

from reco_lab.experiments.ab_verdict import verdict
from reco_lab.services import ab_tests, publishing
from reco_lab.store.ab_tests import AbTestRecord
from reco_lab.ui import ab_test_plan, ab_test_running, page, show
from reco_lab.ui.words import day


def view(lab: page.Lab) -> None:
    """Show the test that runs, else plan one; below, those that ended."""
    plan, now = publishing.serving_plan(lab.workspace), ab_tests.running(lab.workspace)
    if now is not None:
        ab_test_running.view(lab, now)
    elif plan is not None:
        ab_test_plan.view(lab, plan)
    else:
        show.empty(
            "Nothing serves yet, so there is nothing to test",
            "An A/B test lets some customers be served by another model or policy, told apart by chance, and says which "
            "earns more. Publish a model first.",
            page=page.ADS,
            label="Publish a model",
            icon=":material/rocket_launch:",
        )
    ended = [one for one in lab.workspace.ab_tests.listing() if one.ended]
    if ended:
        _ended(ended)


def _ended(records: list[AbTestRecord]) -> None:
    st.subheader("Tests that ended", anchor=False)
    rows = []
    for one in records:
        found = ab_tests.kept_look(one)
        rows.append(
            {
                "Test": one.title,
                "Ran": f"{day(one.started)} to {day(one.ended)}",
                "Customers": found.customers if found else 0,
                "What it found": verdict(ab_tests.test_of(one), found).sentence if found else "",
                "Decided": str((one.result or {}).get("decision", "")),
            }
        )
    show.numbers(pd.DataFrame(rows), alt="A/B tests that ended, the last one first", key="ab-ended")
