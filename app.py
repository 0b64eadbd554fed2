"""The launcher: `streamlit run app.py`, `python app.py` and any ASGI server start the same program.

The script that draws the pages lives in the package, so that a link to a page never runs without it.
"""

import runpy
from pathlib import Path

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

SCREEN = Path(__file__).resolve().parent / "reco_lab" / "ui" / "main.py"

if get_script_run_ctx(suppress_warning=True) is None:
    app = st.App(SCREEN)
    if __name__ == "__main__":
        app.run(config={"server.address": "127.0.0.1"})
else:
    runpy.run_path(str(SCREEN))
