"""Home: what is here, what happened last, what to do next."""

import streamlit as st

from reco_lab.services import campaigns, experiments
from reco_lab.ui import ad_rehearsal, board, cache, home, page, records, show, state, steps
from reco_lab.ui.words import md, when

with page.open("Home") as lab:
    st.markdown(
        "Reco Lab trains recommenders on your customers' data and says which one is really better, for whom, and why."
    )
    board.running(lab.workspace)

    if lab.version is None:
        show.empty(
            "There is no data here yet",
            "Bring a file of your own, or look around in a simulated shop first.",
            page=page.DATA,
            label="Bring your data",
            icon=":material/upload_file:",
            demo_in=lab.workspace,
        )
        st.stop()

    asked = experiments.listing(lab.workspace, lab.version.name)
    done = records.finished(asked)
    latest = done[0] if done else None
    if latest is not None:
        found = cache.comparison(lab.workspace, latest.id)
        home.finding(found, lab.version, expert=lab.expert)
        home.customer(lab.workspace, latest.id, found)

    steps.strip(
        lab.version,
        latest,
        campaigns.listing(lab.workspace, lab.version.name),
        running=board.comparing(lab.workspace, lab.version.name),
    )

    if lab.version.synthetic:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown("**This is example data.** Bring yours: a file is enough.", width="stretch")
            if st.button("Bring your data", icon=":material/upload_file:"):
                show.go(page.DATA)

        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(
                "**See it learn in two minutes.** Simulated customers visit the shop, click on ads and buy.",
                width="stretch",
            )
            if st.button("Let them come", icon=":material/directions_walk:"):
                ad_rehearsal.start(lab.workspace)
                show.go(page.ADS)

    st.header("Recent comparisons", anchor=False)
    if not asked:
        st.markdown("None yet. The first one takes about a minute.")
    for record in asked[:8]:
        with st.container(horizontal=True, vertical_alignment="center", border=True):
            with st.container(gap="xxsmall", width="stretch"):
                st.markdown(f"**{md(record.name)}**")
                standing = "" if record is latest else md(records.standing(lab.workspace, record))
                st.caption(" · ".join(part for part in (when(record.created), standing) if part))
            if record.comparison is not None:
                st.page_link(
                    page.COMPARE,
                    label="Open",
                    icon=":material/leaderboard:",
                    query_params={state.EXPERIMENT: record.id},
                )
