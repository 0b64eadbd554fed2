"""The table of contents: which pages there are, in which group, under which address."""

from pathlib import Path

import streamlit as st

from reco_lab.ui import page, show

# Before the pages are named: an icon of theirs would be fetched from outside for the browser's tab.
st.set_page_config(
    page_title="Reco Lab",
    page_icon=str(Path(__file__).with_name("icon.png")),
    layout="wide",
    menu_items={"About": "Reco Lab compares recommenders honestly and shows why."},
)

st.logo(str(Path(__file__).with_name("logo.svg")), size="large")


def _page(path: Path, title: str, icon: str, summary: str, *, first: bool = False) -> st.Page:
    return st.Page(path, title=title, icon=f":material/{icon}:", default=first, help=summary)


chosen = st.navigation(
    {
        "Start": [
            _page(page.HOME, "Home", "home", "What is here, and what to do next.", first=True),
        ],
        "Data": [
            _page(page.DATA, "Data", "upload_file", "Bring data in and see what was understood."),
            _page(page.EXPLORE, "Explore", "query_stats", "What is in the data, in sentences and charts."),
            _page(page.SEGMENTS, "Segments", "groups", "Who the customers are, and lists of them."),
        ],
        "Lab": [
            _page(
                page.RECOMMENDERS, "Recommenders", "widgets", "What each one does, needs and can be set to."
            ),
            _page(page.EXPERIMENT, "Experiment", "experiment", "Choose recommenders and compare them."),
            _page(page.COMPARE, "Compare", "leaderboard", "Which recommender is better, and by how much."),
            _page(page.CUSTOMER, "Customer", "person_search", "One customer, several models side by side."),
            _page(
                page.CALIBRATION,
                "Calibration",
                "verified",
                "Does it compute correctly? Published results, here.",
            ),
        ],
        "Market": [
            _page(page.CAMPAIGNS, "Campaigns", "campaign", "From a goal to a list to send, and what it did."),
            _page(page.ADS, "Ads", "ads_click", "What is shown to whom right now, and why."),
            _page(page.MONITOR, "Monitor", "monitoring", "How the ads do, what changed, and what to do."),
            _page(page.REPORT, "Report", "slideshow", "The story of a comparison or campaign, to show."),
            _page(page.SETTINGS, "Settings", "settings", "Store, backups, retention, privacy."),
        ],
    },
    position="hidden" if show.presenting() else "sidebar",
    expanded=True,
)
st.set_page_config(page_title=f"{chosen.title} · Reco Lab")
chosen.run()
