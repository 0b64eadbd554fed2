"""The form for a new database: few fields, each by itself, and never a password."""

import streamlit as st

from reco_lab.services import databases
from reco_lab.services.databases import LABELS, PORTS
from reco_lab.ui import state
from reco_lab.ui.words import count, md
from reco_lab.workspace import Workspace

ENCRYPTIONS = {
    "prefer": "where the server offers it",
    "require": "always",
    "verify-full": "always, and check who the server is",
}


def switched_off() -> None:
    """Say that an administrator has to allow databases, and how."""
    st.info(
        "For safety the app asks no database until whoever runs it says which. These lines, in the environment or in "
        "`.streamlit/secrets.toml`, allow a server and a folder of database files:",
        title="Reading from databases is off",
        icon=":material/lock:",
    )
    st.code(
        f'{databases.HOSTS} = "db.example:5432"\n{databases.FOLDERS} = "/srv/databases"\nRECO_LAB_DB_SHOP_PASSWORD = "…"',
        language="toml",
    )
    st.caption("The last one is the password of a connection named “shop”. Then start the app again.")


def form(workspace: Workspace) -> None:
    """Ask where the database is; connect, and keep the connection if it works."""
    kinds = [kind for kind in LABELS if _choices(kind)]
    with st.container(border=True):
        kind = str(st.selectbox("Kind", kinds, format_func=LABELS.__getitem__, key="db-kind", width=320))
        where = _choices(kind)
        if kind in PORTS:
            fields = _server(where)
        else:
            fields = {"file": str(st.selectbox("File", where, key="db-file", width=520))}
        proposed = "shop" if kind in PORTS else "archive"
        name = st.text_input(
            "Call it",
            proposed,
            max_chars=31,
            key="db-name",
            width=320,
            help="Lower-case letters, digits and _.",
        )
        if kind in PORTS:
            st.caption(
                f"The password is not typed here: it is read from **{md(databases.password_variable(name))}**, which an "
                "administrator sets in the environment or in `.streamlit/secrets.toml`."
            )
        if st.button("Connect", type="primary", icon=":material/link:", key="db-connect"):
            with st.spinner("Connecting…"):
                found = databases.connect(workspace, name, databases.place(kind=kind, **fields))
            state.choose("connection", name)
            state.tell(f"Connected to {name}: {count(len(found.relations), 'table')} to read from.")
            st.rerun()


def _server(where: list[str]) -> dict[str, str | int]:
    with st.container(horizontal=True):
        server = str(st.selectbox("Server", where, key="db-server", width=260, help=_HELP))
        database = st.text_input("Database", key="db-database", width=180)
        user = st.text_input(
            "User", key="db-user", width=180, help="Best one that may only SELECT: nothing else is ever done."
        )
    with st.expander("Encryption", icon=":material/enhanced_encryption:"):
        encryption = st.radio(
            "Encrypt the connection",
            list(ENCRYPTIONS),
            format_func=ENCRYPTIONS.__getitem__,
            key="db-encryption",
            label_visibility="collapsed",
        )
    host, _, port = server.rpartition(":")
    return {
        "host": host,
        "port": int(port),
        "database": database,
        "user": user,
        "encryption": str(encryption),
    }


_HELP = f"Those that an administrator allows in {databases.HOSTS}."


def _choices(kind: str) -> list[str]:
    if kind not in PORTS:
        return list(databases.files_of(kind))
    return [f"{host}:{port}" for host, port in databases.allowed_hosts()]
