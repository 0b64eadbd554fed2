"""The way in from a database: connect, choose a table or write a query, look at it, have it read."""

from collections.abc import Callable

import streamlit as st

from reco_lab.core.recipe import Origin
from reco_lab.services import databases
from reco_lab.services.databases import Peek, Place, Relation
from reco_lab.store.records import JobState
from reco_lab.ui import cache, database_form, state
from reco_lab.ui.state import Awaited, Brought
from reco_lab.ui.words import count, md
from reco_lab.workspace import Workspace

NEW = ""
NONE = "(none)"
_FAILED = "failed-read"
TABLE, QUERY = "A table", "A query"
_EXAMPLE = "SELECT customer, item, bought FROM orders WHERE bought >= '2026-01-01'"
_GROWS = ("int", "serial", "num", "dec", "time", "date", "double", "real", "float", "text", "char")


def start(workspace: Workspace, begin: Callable[[Brought], None]) -> None:
    """Ask for rows of a database; once they are here the page is drawn anew with them."""
    if not (databases.allowed_hosts() or databases.allowed_folders()):
        database_form.switched_off()
        return
    with st.container():
        on_the_way = _awaited(workspace, begin)
    if on_the_way:
        return
    known = databases.connections(workspace)
    name = _connection(workspace, known)
    if name == NEW:
        database_form.form(workspace)
        return
    origin = _wanted(workspace, name, known[name])
    if origin is None:
        return
    found = cache.peek(workspace, origin, known[name], _failed())
    _shown(found, origin)
    _read(workspace, origin, found)


def _awaited(workspace: Workspace, begin: Callable[[Brought], None]) -> bool:
    """Whether rows are on their way; begin with them once they are here, or say why they are not."""
    waiting = state.awaited()
    if waiting is None:
        return False
    job = workspace.queue.get(waiting.job)
    if job.live:
        st.caption("The rows are on their way. What they mean is asked once they are here.")
        return True
    state.wait_no_more()
    if job.state is JobState.done and job.result:
        path = databases.arrived(job.result)
        begin(Brought(path, _title(waiting.origin), origin=waiting.origin))
    if job.state is JobState.failed:
        state.choose(_FAILED, job.id)
        st.error(md(job.error), title="The database was not read", icon=":material/error:")
    return False


def _failed() -> str:
    """The last reading that failed: what was seen before it may not be there any more."""
    return str(state.chosen(_FAILED) or "")


def _connection(workspace: Workspace, known: dict[str, Place]) -> str:
    if not known:
        return NEW
    words = {one: f"{one}: {place.words}" for one, place in known.items()} | {NEW: "Another database…"}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = str(
            st.selectbox("Database", list(words), format_func=words.__getitem__, key="connection", width=520)
        )
        if name != NEW:
            st.button(
                "Forget it",
                icon=":material/link_off:",
                type="tertiary",
                key="forget",
                help="What was brought from it stays.",
                on_click=databases.forget,
                args=(workspace, name),
            )
    return name


def _wanted(workspace: Workspace, name: str, place: Place) -> Origin | None:
    """The table or the query that is wanted; None while there is none."""
    found = cache.tables(workspace, name, place, _failed())
    with st.container():
        if found.advice:
            st.warning(found.advice, icon=":material/shield:")
    way = st.segmented_control("Read", [TABLE, QUERY], default=TABLE, required=True, key=f"read-{name}")
    if way == QUERY:
        return _typed(name)
    if not found.relations:
        st.info(
            "Have the right to SELECT given to it, or connect as another user.",
            title="There is no table that this user may read",
            icon=":material/database:",
        )
        return None
    relation = st.selectbox(
        "Table",
        found.relations,
        max(range(len(found.relations)), key=lambda at: found.relations[at].rows or 0),
        format_func=_size,
        key=f"table-{name}",
        width=520,
        help="With about how many rows the database says it has.",
    )
    return Origin(database=name, table=(relation.schema, relation.name))


def _typed(name: str) -> Origin | None:
    text = st.text_area(
        "Query",
        placeholder=_EXAMPLE,
        key=f"query-{name}",
        max_chars=20_000,
        help="One SELECT. It can read and compute, and nothing else.",
    )
    return Origin(database=name, query=text) if text.strip() else None


def _size(one: Relation) -> str:
    if one.view:
        return f"{one.title} · view"
    return one.title if one.rows is None else f"{one.title} · {count(one.rows, 'row')}"


def _shown(found: Peek, origin: Origin) -> None:
    many = "It has" if found.count is None else f"{count(found.count, 'row')},"
    st.markdown(f"**{md(_title(origin))}**: {many} {count(len(found.columns), 'column')}.")
    st.dataframe(found.rows, hide_index=True, alt="The first rows", height=240, placeholder="–")


def _read(workspace: Workspace, origin: Origin, found: Peek) -> None:
    grows = _grows(origin, found)
    label = "Use this table" if origin.table else "Use this query"
    empty = found.rows.empty
    if st.button(label, type="primary", icon=":material/download:", disabled=empty, key="use-table"):
        wanted = origin.model_copy(update={"grows_by": grows})
        state.await_job(Awaited(_begin(workspace, wanted, found), wanted))
        st.rerun()
    if empty:
        st.caption("It has no rows, so there is nothing to bring in.")


def _begin(workspace: Workspace, wanted: Origin, found: Peek) -> str:
    return databases.submit(workspace, wanted, workspace.staging.folder(), found.count or 0)


def _grows(origin: Origin, found: Peek) -> str | None:
    """Ask by which column the table grows."""
    columns = [name for name, kind in found.columns if not kind or any(one in kind.lower() for one in _GROWS)]
    with st.expander("Next time, read only what is new (optional)", icon=":material/update:"):
        chosen = st.selectbox(
            "The column that grows",
            [NONE, *columns],
            key=f"grows-{origin.model_dump_json()}",
            width=320,
            help="A number or a time that is larger for each new row, such as the order's number or its moment.",
        )
        st.caption(
            "Rows where it is empty are left out. Rows that come late, with an earlier value, are counted and said."
        )
    return None if chosen == NONE else chosen


def _title(origin: Origin) -> str:
    return origin.table[1] if origin.table else f"Query of {origin.database}"
