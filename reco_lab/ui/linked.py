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
    few: bool = False,
    notice: DeltaGenerator | None = None,
) -> str:
    """A selectbox (pills where they are `few`) over `options` (id -> label); the chosen id is the address's `key`.

    `typed`: an id that is not offered may be typed; the page looks it up before it draws the choice again.
    `notice` is where a broken link is spoken of, here if not given. A link that names an id which is not
    there says so, and the first option is shown instead. `options` must not be empty.
    """
    asked = st.query_params.get(key)
    if asked != followed(key):
        _follow(asked, options, key, noun, notice)
    if state.chosen(key) not in options:
        state.choose(key, next(iter(options)))
    if few:
        found = st.pills(
            label,
            list(options),
            format_func=lambda one: md(options.get(one, one)),
            key=key,
            help=help_text or None,
            required=True,
            persist_state="session",
        )
    else:
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


def number(
    label: str,
    default: float,
    *,
    key: str,
    of: str,
    bounds: tuple[float, float],
    step: float,
    digits: int = 0,
    help_text: str = "",
) -> float:
    """A number that a person may change; the address names it where it is not the default of this thing (`of`).

    A number in a link that cannot be read, or lies outside the bounds, is as if there were none.
    """
    slot, low, high = f"{key}-{of}", *bounds
    asked = _read(st.query_params.get(key), low, high)
    if asked is not None and asked != followed(slot):
        state.choose(slot, asked)
    if state.chosen(slot) is None:
        state.choose(slot, min(max(default, low), high))
    found = st.number_input(
        label,
        low,
        high,
        step=step,
        format=f"%.{digits}f",
        key=slot,
        help=help_text or None,
        persist_state="session",
    )
    if found != default:
        st.query_params[key] = f"{found:.{digits}f}"
    elif key in st.query_params:
        del st.query_params[key]
    state.choose(f"_link_{slot}", _read(st.query_params.get(key), low, high))
    return float(found)


def _read(text: str | None, low: float, high: float) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if low <= value <= high else None


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
