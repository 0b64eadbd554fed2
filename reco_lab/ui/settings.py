"""The workspace's settings: how it is, backups, retention, people's wishes, a look for help."""

import json
import re
from pathlib import Path

import pandas as pd
import streamlit as st

from reco_lab.core.words import of_many
from reco_lab.services import privacy, upkeep
from reco_lab.services.erasure import erase_restored
from reco_lab.services.retention import SHORTEST
from reco_lab.services.server_files import server_file, server_folder
from reco_lab.services.upkeep import Backup, Diagnostics, Retention
from reco_lab.store.disk import size_text
from reco_lab.ui import erasing, export, intake, page, show, state
from reco_lab.ui.words import count, md, when
from reco_lab.workspace import Workspace

SECTIONS = ("Workspace", "Backups", "Retention", "Privacy", "Diagnostics")
LIMITS = {
    "dropped": ("Versions taken away", "can be brought back for", 7),
    "versions": ("Older versions that no comparison used", "stay for", 365),
    "runs": ("Trained models", "stay for", 365),
    "publications": ("Publications that serve no more", "stay with their models for", 365),
    "jobs": ("Work that is over", "stays listed for", 90),
    "log": ("The app's own log", "stays for", 30),
    "decisions": ("Served ads, what came of them, and visits", "stay for", 400),
}
LONGEST_DAYS = 36_500
_IDS = re.compile(r"[\n\r,;\t]+")
ON_SERVER = "The log of decisions lies on the database server and is not in this file: whoever runs the server backs it up."


def answer(lab: page.Lab, seen: Diagnostics) -> None:
    """Say first whether all is well, and what was done last."""
    newest = next(iter(upkeep.backups(lab.workspace)), None)
    backup = f"Last backup: {when(newest.created)}." if newest else "There is no backup yet."
    if seen.problems:
        show.answer(f"{count(len(seen.problems), 'problem')} to look at.", backup)
        show.warnings(seen.problems)
    else:
        show.answer("All is well.", f"{seen.disk.sentence} {backup}")


def sections(lab: page.Lab, seen: Diagnostics) -> None:
    """The tabs; only the open one is drawn, and which one stands in the address."""
    parts = (_workspace, _backups, _retention, _privacy, _diagnostics)
    tabs = st.tabs(SECTIONS, key="section", on_change="rerun", bind="query-params")
    for draw, tab in zip(parts, tabs, strict=True):
        if tab.open:
            with tab:
                draw(lab.workspace, seen)


def _workspace(workspace: Workspace, seen: Diagnostics) -> None:
    st.header("The workspace", anchor=False)
    rows = {
        "Folder": str(seen.home),
        "Records in": f"{seen.database} (schema {seen.revision or 'unknown'})",
        "Disk": seen.disk.sentence,
        "Worker": "at work or ready" if seen.worker else "asleep; it wakes with the next comparison",
        "Holds": ", ".join(of_many(number, name) for name, number in seen.counts.items()),
    }
    _facts(rows)
    with st.expander("What takes the space", icon=":material/pie_chart:"):
        parts = sorted(seen.sizes.items(), key=lambda one: -one[1])
        table = pd.DataFrame(
            {"Part": [name for name, _ in parts], "Size": [size_text(one) for _, one in parts]}
        )
        st.dataframe(table, hide_index=True, alt="The sizes of the workspace's parts")
    st.caption(
        "The folder is set by `RECO_LAB_HOME`; `RECO_LAB_DATABASE_URL` names a PostgreSQL server to keep the "
        "records in. Both are read when the app starts."
    )
    if st.button("Check every stored file", icon=":material/fact_check:", type="primary"):
        with st.spinner("Holding every file against its checksum…", show_time=True):
            problems = upkeep.diagnostics(workspace, thorough=True).problems
        show.warnings(problems)
        if not problems:
            st.success(
                f"Every stored file is whole: {seen.counts['stored files']:,}.",
                icon=":material/check_circle:",
            )


def _backups(workspace: Workspace, _seen: Diagnostics) -> None:
    st.header("Backups", anchor=False)
    st.markdown(
        "One file with everything: data sets, comparisons, settings, the log of decisions, and the key of the pseudonyms. "
        "It holds data of people, so keep it where only you can read it."
    )
    if workspace.server is not None:
        st.markdown(f":material/database: {ON_SERVER}")
    made = upkeep.backups(workspace)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        folder = st.text_input(
            "Where to",
            placeholder="the workspace's own folder",
            help="A folder on the server that its administrator opened, best on another disk: a backup beside the data "
            "is lost with it.",
            width=360,
        )
        if st.button("Back up now", type="primary", icon=":material/save:"):
            with st.spinner("Writing and checking the backup…", show_time=True):
                fresh = upkeep.backup(workspace, server_folder(workspace, folder) if folder else None)
            _say(f"The backup {fresh.path} is made and checked: {size_text(fresh.size)}.")
    if made:
        _made(made)
    st.subheader("Bring a backup back", anchor=False)
    st.caption(
        "What is here now is backed up first. Who is on the suppression list stays on it, whatever the backup says. "
        "While ads are served, their log goes on as it is."
    )
    path = _chosen_backup(workspace, made)
    if path is not None:
        _restore(workspace, path)


def _made(made: list[Backup]) -> None:
    rows = [
        {
            "Made": when(one.created),
            "Data sets": one.facts.get("data_sets"),
            "Comparisons": one.facts.get("experiments"),
            "Size": size_text(one.size),
            "Whole": not one.lacking,
            "File": one.path.name,
        }
        for one in made
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, alt="The backups in the workspace's folder")
    with st.popover("Download a backup", icon=":material/download:"):
        names = {one.path.name: one.path for one in made}
        chosen = st.selectbox("Backup", list(names), key="backup-download")
        label = f"Download ({size_text(names[chosen].stat().st_size)})"
        export.button(
            export.Download(label, chosen, names[chosen].read_bytes, "application/zip"), key="backup"
        )


def _chosen_backup(workspace: Workspace, made: list[Backup]) -> Path | None:
    ways = ["A file from here", "A path on the server", *(["One of the list"] if made else [])]
    way = st.radio("Backup from", ways, horizontal=True, label_visibility="collapsed")
    if way == ways[0]:
        kept = intake.received(workspace, "Backup (.zip)", "backup-file")
        if kept is not None:
            st.caption(f"{md(kept.title)} · {size_text(kept.size)}")
        return None if kept is None else kept.path
    if way == ways[1]:
        text = st.text_input("Path of the backup on the server", key="backup-path")
        return server_file(workspace, text) if text else None
    names = {f"{when(one.created)} · {one.path.name}": one.path for one in made}
    return names[st.selectbox("Backup of the list", list(names), key="backup-listed")]


def _restore(workspace: Workspace, path: Path) -> None:
    sure = st.checkbox("Yes, replace what is here by this backup", key="restore-sure")
    if st.button("Bring it back", disabled=not sure, icon=":material/settings_backup_restore:"):
        with st.spinner("Checking the backup, then bringing it back…", show_time=True):
            found = upkeep.restore(path, workspace.home, clock=workspace.clock)
            erase_restored(workspace, who=erasing.WHO)
        kept = f" What was here before lies in {found.kept}." if found.kept else ""
        intake.forget_upload("backup-file")
        left = f" {found.left}" if found.left else ""
        _say(f"The state of {when(found.backup.created)} is back.{kept}{left}")


def _retention(workspace: Workspace, _seen: Diagnostics) -> None:
    st.header("What is kept, and for how long", anchor=False)
    now = upkeep.retention(workspace)
    st.markdown("In days. The newest version of a data set is never removed.")
    with st.grid(2, min_column_width=280, gap="small"):
        wanted = {name: _days(name, getattr(now, name)) for name in LIMITS}
    asked = Retention.model_validate(wanted)
    would = upkeep.tidy(workspace, asked)
    changed = asked != now
    st.info(md(would.sentence), title="What would be removed now", icon=":material/visibility:")
    with st.container(horizontal=True):
        if st.button("Save", type="primary", icon=":material/check:", disabled=not changed):
            upkeep.set_retention(workspace, asked)
            _say("Saved: from now on things are kept for that long.")
        if st.button("Remove now", icon=":material/delete_sweep:", disabled=changed or would.nothing):
            with st.spinner("Removing…"):
                done = upkeep.tidy(workspace, dry_run=False)
            _say(f"Removed: {done.sentence}")
    st.caption(
        "This is also done once a day by itself, when the app starts or while the service runs. Served ads stay at least "
        f"{SHORTEST} days, so that what is sent twice counts once."
    )


def _days(name: str, now: int | None) -> int | None:
    what, verb, usual = LIMITS[name]
    with st.container(gap="xxsmall"):
        above = st.container()
        always = name != "dropped" and st.toggle("For ever", now is None, key=f"always-{name}")
    days: int = above.number_input(
        f"{what} {verb} (days)",
        min_value=SHORTEST if name == "decisions" else 0,
        max_value=LONGEST_DAYS,
        value=usual if now is None else now,
        step=1,
        disabled=always,
        key=f"keep-{name}",
    )
    return None if always else days


def _privacy(workspace: Workspace, _seen: Diagnostics) -> None:
    st.header("Who wants no advertising", anchor=False)
    listed = privacy.suppressed_count(workspace)
    st.markdown(
        f"**{count(listed, 'customer')}** on the suppression list. Nothing is recommended to them, on no page "
        "and in no file, and a later upload does not bring them back: their rows are refused. The list holds no id, only a keyed hash of it."
    )
    text = st.text_area(
        "Ids of customers",
        placeholder="One a line, or with commas between",
        help="As they stand in your files, or as the pseudonyms shown here.",
        key=f"suppress-{state.chosen('suppress-turn') or 0}",
    )
    ids = [one.strip() for one in _IDS.split(text or "") if one.strip()]
    with st.container(horizontal=True):
        add = st.button("Put on the list", type="primary", icon=":material/person_off:", disabled=not ids)
        take = st.button("Take off the list", icon=":material/person_add:", disabled=not ids)
    if add:
        new = privacy.suppress(workspace, ids)
        _emptied(f"{count(new, 'customer')} newly on the list; {len(ids) - new:,} were on it already.")
    if take:
        gone = privacy.unsuppress(workspace, ids)
        _emptied(f"{count(gone, 'customer')} taken off the list.")
    st.header("Pseudonyms", anchor=False)
    st.markdown(
        "Ids that are e-mail addresses, telephone numbers or names become pseudonyms when data comes in: a keyed "
        "hash that only this workspace can make. Its key lies in the folder `keys`, apart from the data. "
        "Pseudonymous is not anonymous: it is still data of people."
    )
    erasing.one_customer(workspace)
    erasing.trail(workspace)


def _emptied(sentence: str) -> None:
    state.choose("suppress-turn", int(str(state.chosen("suppress-turn") or 0)) + 1)
    _say(sentence)


def _diagnostics(_workspace: Workspace, seen: Diagnostics) -> None:
    st.header("Diagnostics", anchor=False)
    st.markdown("How everything is, to send along when asking for help. There is no data of customers in it.")
    text = as_text(seen)
    st.code(text, language="json", wrap_lines=True)
    export.button(
        export.Download("Diagnostics (JSON)", "diagnostics.json", lambda: text, "application/json"),
        key="help",
    )


def as_text(seen: Diagnostics) -> str:
    """The diagnostics as JSON."""
    values = {
        "at": seen.at.isoformat(),
        "home": str(seen.home),
        "database": seen.database,
        "revision": seen.revision,
        "versions": seen.versions,
        "sizes": seen.sizes,
        "counts": seen.counts,
        "disk": {"free": seen.disk.free, "total": seen.disk.total},
        "worker": seen.worker,
        "problems": list(seen.problems),
    }
    return json.dumps(values, indent=2, ensure_ascii=False)


def _facts(rows: dict[str, str]) -> None:
    with st.container(border=True, gap="xsmall"):
        for name, value in rows.items():
            st.markdown(f"**{name}:** {md(value)}")


def _say(sentence: str) -> None:
    """Say it once the page is drawn anew."""
    state.tell(sentence)
    st.rerun()
