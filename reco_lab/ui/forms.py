"""Forms that build themselves from what a recommender or a split declares about its parameters."""

from collections.abc import Iterable
from typing import Any

import streamlit as st

from reco_lab.core.parameters import Parameter

SHARES = {"share": "Test share", "validation": "Share that chooses the champion"}


def fields(parameters: Iterable[Parameter], *, key: str) -> dict[str, Any]:
    """One field a parameter, with its bounds and its explanation; the values by name."""
    return {parameter.name: _field(parameter, f"{key}-{parameter.name}") for parameter in parameters}


def _field(parameter: Parameter, key: str) -> Any:
    label = parameter.name.replace("_", " ").capitalize()
    if parameter.kind == "bool":
        return st.toggle(label, parameter.default, key=key, help=parameter.help, persist_state="session")
    if parameter.kind == "choice":
        choices = list(parameter.choices)
        start = choices.index(parameter.default)
        return st.selectbox(
            label, choices, start, key=key, help=parameter.help, format_func=str, persist_state="session"
        )
    if parameter.name in SHARES and parameter.kind == "float":
        return _share(parameter, key)
    return _number(parameter, label, key)


def _share(parameter: Parameter, key: str) -> float:
    """A share as a whole number of per cent."""
    asked = st.number_input(
        f"{SHARES[parameter.name]} (%)",
        max(1, round(float(parameter.low or 0) * 100)),
        min(99, round(float(parameter.high or 1) * 100)),
        round(float(parameter.default) * 100),
        key=key,
        help=parameter.help,
        persist_state="session",
    )
    return asked / 100


def _number(parameter: Parameter, label: str, key: str) -> Any:
    words = f"{parameter.help} ({parameter.bounds})"
    cast = int if parameter.kind == "int" else float
    low, high = (None if bound is None else cast(bound) for bound in (parameter.low, parameter.high))
    return st.number_input(
        label,
        low,
        high,
        cast(parameter.default),
        1 if cast is int else _step(parameter),
        None if cast is int else "%g",
        key=key,
        help=words,
        persist_state="session",
    )


def _step(parameter: Parameter) -> float:
    """A step that moves the value visibly: a tenth of it, or a hundredth of the span."""
    if parameter.default:
        return abs(float(parameter.default)) / 10
    return (float(parameter.high or 1) - float(parameter.low or 0)) / 100
