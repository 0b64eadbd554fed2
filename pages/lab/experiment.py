"""Experiment: choose recommenders, a split and metrics; run; watch."""

import streamlit as st

from reco_lab.services import experiments, forecasts
from reco_lab.ui import board, cache, cut, export, outlook, page, plan, show, state
from reco_lab.ui.words import md, seconds, short

with page.open("Experiment") as lab:
    if lab.version is None:
        show.empty(
            "There is nothing to learn from: no data yet",
            "With data here, this page trains recommenders next to each other.",
            page=page.DATA,
            label="Bring your data",
            icon=":material/upload_file:",
        )
        st.stop()

    data = lab.dataset()
    today = short(lab.workspace.clock.now()).partition(",")[0]
    starter = experiments.starter(data, f"{(lab.version.title or lab.version.name)[:80]}, {today}")
    running = board.running(lab.workspace)
    done = not running and board.ended(lab.workspace, lab.version.name)

    if lab.expert:
        asked = plan.expert(starter, experiments.offers(data), data)
    else:
        asked = plan.plain(starter, data)
        names = [spec.info.label for spec in asked.recommenders]
        st.markdown(f"**{len(names)} recommenders** will learn from this data: {md(', '.join(names))}.")
        st.caption(
            "All see the same past and are judged on the same later part. Expert, in the sidebar, has more."
        )

    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button(
            "Compare again" if done else "Compare recommenders",
            type="secondary" if done or running else "primary",
            icon=":material/play_arrow:",
            disabled=running,
            key="run",
        )
        written = experiments.about(asked, lab.version)
        export.menu(
            [
                export.Download(
                    "Experiment file (TOML)", "experiment.toml", lambda: experiments.toml(written)
                ),
                export.Download(
                    "Python script", "experiment.py", lambda: experiments.script(written), "text/x-python"
                ),
            ],
            key="experiment",
            note="The address holds the data set and the goal, not the settings: those are in the experiment file. ",
        )
    ahead = st.container()
    if (before := experiments.seconds_before(lab.workspace, lab.version.name)) is not None:
        st.caption(f"The last comparison on this data took {seconds(before)}.")

    if pressed:
        same = experiments.answered(lab.workspace, asked)
        if same is None:
            experiments.submit(lab.workspace, asked)
            st.rerun()
        st.info(
            f"You asked this on {short(same.created)}; the result is the same.", icon=":material/history:"
        )
        st.page_link(
            page.COMPARE,
            label="Open the comparison",
            icon=":material/leaderboard:",
            query_params={state.EXPERIMENT: same.id},
        )

    summary, parts = cache.preview_cut(lab.workspace, data, asked)
    expected = forecasts.outlook(
        lab.workspace, asked, cache.work(lab.workspace, data, asked), validates=len(parts.validation_rows) > 0
    )
    with ahead:
        outlook.view(lab.workspace, expected, busy=running, expert=lab.expert)
    show.warnings(cut.doubts(summary))
    cut.view(summary, parts, show.palette())
