"""One customer on the Settings page: her copy of everything, her erasure, and the trail that both leave."""

import json

import pandas as pd
import streamlit as st

from reco_lab.services import erasure, portrait
from reco_lab.services.auditing import audit
from reco_lab.services.pending import pending
from reco_lab.ui import cache, export, show, state
from reco_lab.ui.words import count, md, when
from reco_lab.workspace import Workspace

WHO = "the app"
SHOWN = 50


def one_customer(workspace: Workspace) -> None:
    """Ask for a customer; make her copy, or erase her."""
    st.header("One customer", anchor=False)
    if left := pending(workspace):
        st.warning(
            f"{count(len(left), 'erasure')} stopped half way: {', '.join(one.name for one in left)}. "
            "Erase them again by this pseudonym: it goes on where it stopped.",
            icon=":material/warning:",
        )
    st.markdown(
        "What is known of a customer can be handed to her, and erased: from every version of every data set, from the "
        "log of decisions and events, from models. What serves is trained anew without her, and no upload brings her back."
    )
    who = st.text_input(
        "Her id", placeholder="As it stands in your files, or her pseudonym", key=f"customer-{_turn()}"
    ).strip()
    _copy(workspace, who)
    sure = st.checkbox("Yes, erase her for good: this cannot be undone", key=f"erase-sure-{_turn()}")
    if st.button("Erase her", icon=":material/person_remove:", disabled=not (who and sure)):
        with st.spinner("Erasing her everywhere; what serves is trained anew…", show_time=True):
            receipt = erasure.erase(workspace, who, who=WHO)
        cache.forget_people()
        state.choose("erase-turn", _turn() + 1)
        state.choose("customer-copy", "")
        state.tell(f"{receipt.customer} is erased ({when(receipt.at)}). {receipt.sentence}")
        st.rerun()


def trail(workspace: Workspace) -> None:
    """What was done to whom, and whether anybody changed this since."""
    st.header("Audit trail", anchor=False)
    book = audit(workspace)
    show.warnings(tuple(book.problems()))
    entries = book.entries(SHOWN)
    if not entries:
        st.caption("Nobody was exported or erased yet, and no key was made.")
        return
    st.caption(
        "Who exported and erased whom, and what was done to keys. Each entry seals those before it, so a change would show here."
    )
    rows = [
        {"When": when(one.at), "Who": one.who, "What": one.what, "Customer": one.subject} for one in entries
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, alt="The last entries of the audit trail")


def _copy(workspace: Workspace, who: str) -> None:
    if st.button("Make her copy", icon=":material/folder_shared:", disabled=not who):
        found = portrait.portrait(workspace, who, who=WHO)
        state.choose("customer-copy", json.dumps(found, indent=2, ensure_ascii=False))
    text = str(state.chosen("customer-copy") or "")
    if text:
        found = json.loads(text)
        rows = sum(len(one["rows"]) for one in found["data_sets"])
        st.markdown(
            f"Known of {md(found['customer'])}: {count(rows, 'row')} of data, "
            f"{count(len(found['decisions']), 'decision')}, {count(len(found['visits']), 'visit')}."
        )
        export.button(
            export.Download("Her copy (JSON)", "customer.json", lambda: text, "application/json"), key="copy"
        )


def _turn() -> int:
    return int(str(state.chosen("erase-turn") or 0))
