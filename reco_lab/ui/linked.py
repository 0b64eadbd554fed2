"""Choices whose id stands in the address, so that what one person sees another can be sent."""

from collections.abc import Mapping

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from reco_lab.ui import state
from reco_lab.ui.words import md


def choice(
    label: str,
    options: Mapping[str, str],
    *,
    key: str,
    noun: str,
    help_text: str = "",
    typed: bool = False,
    notice: DeltaGenerator | None = None,
) -> str:
    """A selectbox over `options` (id -> label); the chosen id is the address's parameter `key`.

    `typed`: an id that is not offered may be typed; the page looks it up before it draws the choice again.
    `notice` is where a broken link is spoken of, here if not given.
    A link that names an id which is not there says so, and the first option is shown instead. `options`
    must not be empty.
    """
    asked = st.query_params.get(key)
    if asked != followed(key):
        _follow(asked, options, key, noun, notice)
    if state.chosen(key) not in options:
        state.choose(key, next(iter(options)))
    found = st.selectbox(
        label,
        list(options),
        format_func=lambda one: options.get(one, one),
        key=key,
        help=help_text or None,
        accept_new_options=typed,
        persist_state="session",
    )
    found = found or next(iter(options))
    if asked != found:
        st.query_params[key] = found
    state.choose(f"_link_{key}", found)
    return found


def followed(key: str) -> object:
    """The id that the address named when this choice was last drawn."""
    return state.chosen(f"_link_{key}")


def _follow(
    asked: str | None, options: Mapping[str, str], key: str, noun: str, notice: DeltaGenerator | None
) -> None:
    if asked is None:
        return
    if asked in options:
        state.choose(key, asked)
        return
    (notice.warning if notice else st.warning)(
        f"There is no {noun} “{md(asked)}” here. Another one is shown instead.", icon=":material/link_off:"
    )
