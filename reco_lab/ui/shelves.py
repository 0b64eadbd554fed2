"""The data sets of the workspace, each with what is in it."""

import pandas as pd
import streamlit as st

from reco_lab.services import data
from reco_lab.ui import page
from reco_lab.ui.words import when

NUMBERS = {
    name: st.column_config.NumberColumn(format="localized") for name in ("Customers", "Items", "Interactions")
}


def datasets(lab: page.Lab) -> None:
    """List every data set with its size, its span of time and its version."""
    versions = data.list_datasets(lab.workspace)
    if not versions:
        return
    st.header("What is here", anchor=False)
    rows = [
        {
            "Data set": version.title or version.name,
            "Name": version.name,
            "Version": version.version,
            "Customers": version.summary.get("customers"),
            "Items": version.summary.get("items"),
            "Interactions": version.summary.get("rows"),
            "First": when(version.summary.get("first")),
            "Last": when(version.summary.get("last")),
            "Simulated": version.synthetic,
            "Brought in": when(version.created),
        }
        for version in versions
    ]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        alt="The data sets of this workspace",
        placeholder="–",
        column_config=NUMBERS,
    )
