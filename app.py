"""The launcher: `streamlit run app.py`, `python app.py` and any ASGI server start the same program.

The script that draws the pages lives in the package, so that a link to a page never runs without it. Beside the
pages, `/api` answers programs on this machine, for the demo; `reco-lab serve` is the service for everybody else.
"""

import runpy
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

SCREEN = Path(__file__).resolve().parent / "reco_lab" / "ui" / "main.py"

if get_script_run_ctx(suppress_warning=True) is None:
    from starlette.routing import Mount

    from reco_lab.api.mounted import MountedApi

    api = MountedApi()

    @asynccontextmanager
    async def lifespan(_app: st.App) -> AsyncIterator[None]:
        """Close what the API opened."""
        yield
        await api.close()

    app = st.App(SCREEN, routes=[Mount("/api", app=api)], lifespan=lifespan)
    if __name__ == "__main__":
        app.run(config={"server.address": "127.0.0.1"})
else:
    runpy.run_path(str(SCREEN))
