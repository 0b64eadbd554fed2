"""What the ads brought, as data: the log of decisions and of what came of them becomes a data set."""

import streamlit as st

from reco_lab.services.data import list_datasets
from reco_lab.services.feedback_data import FeedbackData, save_feedback
from reco_lab.ui import state
from reco_lab.ui.state import Imported
from reco_lab.ui.words import count, md
from reco_lab.workspace import Workspace

NAME = "ads-feedback"
NONE = ""


def ask(workspace: Workspace) -> None:
    """Ask where the log goes, and save it."""
    st.markdown(
        "What customers did with ads becomes interactions: a click on an ad is a click on its item, a conversion a "
        "purchase, and visits that your site told of are what they are. What was only shown is left out, as it says "
        "what the service did. Customers come under pseudonyms."
    )
    known = {one.name: one.title or one.name for one in list_datasets(workspace)}
    onto = st.selectbox(
        "Behind the rows of",
        [NONE, *known],
        format_func=lambda one: known.get(one, "no other data: a data set of its own"),
        help="Customers whom that data set knows keep their ids. It becomes a data set beside it, which stays as it is.",
        key="feedback-onto",
    )
    name = NAME if onto == NONE else f"{onto[:40]}-with-ads"
    if st.button("Take the log in", type="primary", icon=":material/ads_click:", key="feedback"):
        with st.spinner("Reading the log…", show_time=True):
            made = save_feedback(workspace, name, onto=onto or None)
        state.keep_import(_imported(made))
        st.query_params[state.DATASET] = name
        st.query_params.pop(state.VERSION, None)
        st.rerun()
    st.caption(f"It is called {md(name)}; what is there under this name gets its next version.")


def _imported(made: FeedbackData) -> Imported:
    left = {
        "is of an ad that promotes no item": made.without_item,
        "is of nobody in particular": made.without_customer,
        "is told by a visit as well": made.told_twice,
        "is of a customer who objects": made.left_out,
    }
    return Imported(
        name=made.dataset.name,
        title=made.dataset.title or made.dataset.name,
        sentence=f"{count(made.rows, 'row')} of the log of ads became interactions, as version {made.dataset.version}.",
        left_out=sum(left.values()),
        reasons=tuple((reason, rows) for reason, rows in left.items() if rows),
        fresh=made.dataset.version,
    )
