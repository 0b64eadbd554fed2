"""What one browser session remembers: ids and choices, never data. Nothing else writes the session's state."""

from dataclasses import dataclass, replace
from pathlib import Path

import streamlit as st

DATASET = "dataset"
EXPERT = "expert"
EXPERIMENT = "experiment"
CUSTOMER = "customer"
_EDITS = "what_if"
_TURN = "turn"
_IMPORTED = "imported"


@dataclass(frozen=True)
class Edits:
    """A what-if: items taken out of a customer's history (struck) and put into it (added)."""

    struck: tuple[str, ...] = ()
    added: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.struck or self.added)


def edits(customer: str) -> Edits:
    """The what-if of this customer; another customer's is forgotten."""
    owner, kept = st.session_state.get(_EDITS, ("", Edits()))
    return kept if owner == customer else Edits()


def strike(customer: str, item: str) -> None:
    """Take an item out of the customer's history; one that was added just goes again."""
    now = edits(customer)
    if item in now.added:
        _keep(customer, replace(now, added=tuple(one for one in now.added if one != item)))
    elif item not in now.struck:
        _keep(customer, replace(now, struck=(*now.struck, item)))


def add(customer: str, item: str) -> None:
    """Put an item into the customer's history; one that was struck comes back."""
    now = edits(customer)
    if item in now.struck:
        _keep(customer, replace(now, struck=tuple(one for one in now.struck if one != item)))
    elif item not in now.added:
        _keep(customer, replace(now, added=(*now.added, item)))


def forget_edits() -> None:
    """Back to the customer's true history."""
    st.session_state.pop(_EDITS, None)


def choose(key: str, value: object) -> None:
    """Set a widget's value from a callback or before the widget is drawn."""
    st.session_state[key] = value


def chosen(key: str) -> object:
    """A widget's value in this session, or None."""
    return st.session_state.get(key)


def turn() -> int:
    """A number that grows by one each time it is asked for: the seed of this session's surprises."""
    st.session_state[_TURN] = int(st.session_state.get(_TURN, 0)) + 1
    return int(st.session_state[_TURN])


@dataclass(frozen=True)
class Imported:
    """What the last import did, in a few words; `refused` is the file of the rows that were left out."""

    name: str
    title: str
    version: int
    rows: int
    loaded: int
    reasons: tuple[tuple[str, int], ...]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    refused: Path | None


def keep_import(imported: Imported) -> None:
    """Keep what an import did."""
    st.session_state[_IMPORTED] = imported


def imported() -> Imported | None:
    """What the last import of this session did."""
    found: Imported | None = st.session_state.get(_IMPORTED)
    return found


def forget_import() -> None:
    """The last import was read."""
    st.session_state.pop(_IMPORTED, None)


def staged(file_id: str) -> Path | None:
    """Where an upload of this session lies."""
    found: Path | None = st.session_state.get(f"_staged_{file_id}")
    return found


def keep_staged(file_id: str, path: Path) -> None:
    """Keep where an upload lies."""
    st.session_state[f"_staged_{file_id}"] = path


def _keep(customer: str, changed: Edits) -> None:
    st.session_state[_EDITS] = (customer, changed)
