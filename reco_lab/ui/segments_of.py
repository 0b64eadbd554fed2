"""Which segments one customer is in, in a line."""

import streamlit as st

from reco_lab.services import segments
from reco_lab.services.segment_looks import class_of
from reco_lab.ui import cache
from reco_lab.ui.page import Lab
from reco_lab.ui.words import md


def line(lab: Lab, who: str) -> None:
    """Name her class and the saved segments that she is in; nothing for a customer whom the data do not know."""
    ids = lab.dataset().interactions.user_ids
    if who not in ids:
        return
    code = int((ids == who).argmax())
    name = class_of(cache.shop(lab.workspace, lab.chosen), code)
    saved = segments.listing(lab.workspace, lab.chosen.name)
    inside = [
        one.title for one in saved if cache.look(lab.workspace, lab.chosen, one.definition).inside[code]
    ]
    said = [*([f"class {name}"] if name else []), *(f"“{title}”" for title in inside)]
    if said:
        st.caption(f":material/groups: Segments: {md(' · '.join(said))}")
