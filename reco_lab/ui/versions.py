"""The versions of a data set: what is in each, taken away and brought back."""

import pandas as pd
import streamlit as st

from reco_lab.core.dataset import Dataset
from reco_lab.experiments.verdict import listed
from reco_lab.services import data, merging, recipes, upkeep
from reco_lab.store.records import DatasetVersion
from reco_lab.ui import cache, export, page, shelves, state
from reco_lab.ui.words import count, md, when
from reco_lab.workspace import Workspace

FIRST = 200


def listing(lab: page.Lab) -> None:
    """List the versions of the chosen data set, look into one, undo the last import, bring one back."""
    chosen = lab.chosen
    known = lab.workspace.store.versions(chosen.name)
    st.header(f"Versions of “{md(chosen.title or chosen.name)}”", anchor=False)
    rows = [
        {
            "Version": one.version,
            "Brought in": when(one.created),
            "Interactions": one.summary.get("rows"),
            "Customers": one.summary.get("customers"),
            "Items": one.summary.get("items"),
            "First": when(one.summary.get("first")),
            "Last": when(one.summary.get("last")),
        }
        for one in known
    ]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        alt="The versions of this data set",
        placeholder="–",
        column_config=shelves.NUMBERS,
    )
    shown = _shown(known)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _choice(known, shown)
        _takeaway(lab.workspace, shown)
        _undo(lab.workspace, known)
    _parts(lab.workspace, shown)
    _content(lab, shown)
    _dropped(lab.workspace, chosen.name)


def _parts(workspace: Workspace, shown: DatasetVersion) -> None:
    """Which files a version is made of."""
    known = merging.parts(workspace, shown)
    parts = [f"{one.file} ({_format(one.format)}: {count(one.rows, 'row')})" for one in known]
    if parts:
        st.caption(f"Version {shown.version} is made of {md(listed(parts))}.")


def _format(name: str) -> str:
    return "text" if name == "delimited" else name


def _shown(known: list[DatasetVersion]) -> DatasetVersion:
    """The version that the address names, else the newest."""
    asked = st.query_params.get(state.VERSION)
    return next((one for one in known if str(one.version) == asked), known[0])


def _choice(known: list[DatasetVersion], shown: DatasetVersion) -> None:
    key = f"look-{shown.name}"
    state.choose(key, shown.version)
    st.selectbox(
        "Look into",
        [one.version for one in known],
        format_func=lambda number: f"version {number}{' (newest)' if number == known[0].version else ''}",
        key=key,
        on_change=_follow,
        args=(key,),
        width=220,
    )


def _follow(key: str) -> None:
    st.query_params[state.VERSION] = str(state.chosen(key))


def _takeaway(workspace: Workspace, shown: DatasetVersion) -> None:
    def load() -> Dataset:
        return cache.dataset(workspace, shown.name, shown.fingerprint)

    def interactions() -> pd.DataFrame:
        return load().interactions.frame()

    stem = f"{shown.name}-{shown.version}"
    things: list[export.Download | export.Sheet] = [
        export.Sheet("Interactions", f"{stem}-interactions", interactions)
    ]
    if shown.summary.get("customer_columns"):
        things.append(export.Sheet("Customers", f"{stem}-customers", lambda: _table(load().customers)))
    if shown.summary.get("item_columns"):
        things.append(export.Sheet("Items", f"{stem}-items", lambda: _table(load().items)))
    recipe = recipes.recipe_of(workspace, shown)
    if recipe is not None:
        text = recipes.dump(recipe)
        things.append(
            export.Download("Recipe (TOML)", f"{stem}.recipe.toml", lambda: text, "application/toml")
        )
    export.menu(things, key=f"version-{stem}")


def _table(table: pd.DataFrame | None) -> pd.DataFrame:
    return pd.DataFrame() if table is None else table.rename_axis("id").reset_index()


def _undo(workspace: Workspace, known: list[DatasetVersion]) -> None:
    newest, rest = known[0], known[1:]
    then = (
        f"Version {rest[0].version} is the newest then."
        if rest
        else "The data set is not listed any more then."
    )
    with st.popover("Undo the last import", icon=":material/undo:"):
        st.markdown(
            f"Version {newest.version} is taken away. {then} It can be brought back for "
            f"{count(upkeep.retention(workspace).dropped, 'day')}."
        )
        if st.button(f"Take version {newest.version} away", key="undo"):
            upkeep.drop(workspace, newest.name, newest.version)
            st.query_params.pop(state.VERSION, None)
            if not rest:
                st.query_params.pop(state.DATASET, None)
            state.tell(f"Version {newest.version} of {newest.title or newest.name} is taken away.")
            st.rerun()


def _dropped(workspace: Workspace, name: str) -> None:
    bring_back(workspace, [(one, until) for one, until in upkeep.dropped(workspace) if one.name == name])


def all_dropped(workspace: Workspace) -> None:
    """What was taken away of data sets of which nothing is left."""
    there = {one.name for one in data.list_datasets(workspace)}
    bring_back(workspace, [(one, until) for one, until in upkeep.dropped(workspace) if one.name not in there])


def bring_back(workspace: Workspace, gone: list[tuple[DatasetVersion, object]]) -> None:
    """Offer versions that were taken away."""
    for one, until in gone:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(
                f":material/delete: Version {one.version} of “{md(one.title or one.name)}” was taken away; "
                f"it can be brought back until {when(until)}.",
                width="stretch",
            )
            if st.button("Bring it back", key=f"back-{one.name}-{one.version}", icon=":material/restore:"):
                upkeep.bring_back(workspace, one.name, one.version)
                state.tell(f"Version {one.version} of {one.title or one.name} is back.")
                st.rerun()


def _content(lab: page.Lab, shown: DatasetVersion) -> None:
    with st.expander(f"The first interactions of version {shown.version}", icon=":material/table_rows:"):
        loaded = cache.dataset(lab.workspace, shown.name, shown.fingerprint)
        st.dataframe(
            loaded.interactions.frame().head(FIRST),
            hide_index=True,
            height=280,
            alt=f"The first interactions of version {shown.version}",
            placeholder="–",
        )
    if lab.expert:
        _encoding(loaded)


def _encoding(loaded: Dataset) -> None:
    found = data.encoding_report(loaded)
    with st.expander("What recommenders see of attributes", icon=":material/function:"):
        if not found:
            st.markdown("Nothing is known of customers or items but their ids.")
            return
        rows = [
            {
                "Table": one.table,
                "Column": one.column,
                "Taken as": one.how,
                "Missing": one.missing,
                "What was done": one.sentence,
            }
            for one in found
        ]
        st.dataframe(
            pd.DataFrame(rows), hide_index=True, alt="How the columns of customers and items are encoded"
        )
