"""What one browser session remembers: ids and choices, never data. Nothing else writes the session's state."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import streamlit as st

from reco_lab.campaigns.spec import Campaign
from reco_lab.core.experiment import Columns
from reco_lab.core.recipe import Origin

DATASET = "dataset"
EXPERT = "expert"
EXPERIMENT = "experiment"
CUSTOMER = "customer"
VERSION = "version"
TRIED = "try"
PRESENT = "present"
SLIDE = "slide"
REHEARSAL = "rehearsal"
OPENED = "opened"  # the tab that the next page opens with
ADS_CHANGED = "_ads_changed"  # so that the service is waited for until it knows of it
_EDITS = "what_if"
_TURN = "turn"
_IMPORTED = "imported"
_BROUGHT = "brought"
_AWAITED = "awaited"
_NOTICE = "notice"
_DRAFT = "draft"


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


def taken(key: str) -> object:
    """The same, once: from then on it is None."""
    return st.session_state.pop(key, None)


def turn() -> int:
    """A number that grows by one each time it is asked for: the seed of this session's surprises."""
    st.session_state[_TURN] = int(st.session_state.get(_TURN, 0)) + 1
    return int(st.session_state[_TURN])


@dataclass(frozen=True)
class Imported:
    """What the last import did, in a few words; `refused` is the file of what was left out.

    `fresh` is the version it made, None where the data was there already. `recipe` repeats the import.
    """

    name: str
    title: str
    sentence: str
    left_out: int
    reasons: tuple[tuple[str, int], ...] = ()
    mended: tuple[tuple[str, int], ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    refused: Path | None = None
    recipe: str = ""
    fresh: int | None = None
    of_database: bool = False


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


@dataclass(frozen=True)
class Kept:
    """An upload that lies in the workspace's staging folder: its path, the name it came with, its bytes."""

    path: Path
    title: str
    size: int


@dataclass(frozen=True)
class Brought:
    """The file that this session is bringing in, and what is known of it before anybody looks.

    `origin` says where in a database its rows come from, where they do.
    """

    path: Path
    title: str
    columns: Columns | None = None
    header: bool | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    customers: Path | None = None
    items: Path | None = None
    synthetic: bool = False
    origin: Origin | None = None


def bring(brought: Brought) -> None:
    """Begin to bring a file in."""
    st.session_state[_BROUGHT] = brought


def brought() -> Brought | None:
    """The file that is being brought in."""
    found: Brought | None = st.session_state.get(_BROUGHT)
    return found


def leave() -> None:
    """The file that was being brought in is not any more."""
    st.session_state.pop(_BROUGHT, None)


@dataclass(frozen=True)
class Draft:
    """A campaign as this session plans it; `id` is the saved one that it changes, empty for a new one."""

    campaign: Campaign
    id: str = ""


def keep_draft(draft: Draft) -> None:
    """Go on planning this campaign."""
    st.session_state[_DRAFT] = draft


def draft() -> Draft | None:
    """The campaign that is being planned."""
    found: Draft | None = st.session_state.get(_DRAFT)
    return found


def drop_draft() -> None:
    """Nothing is being planned any more."""
    st.session_state.pop(_DRAFT, None)


@dataclass(frozen=True)
class Awaited:
    """The job that reads what this session wants from a database."""

    job: str
    origin: Origin


def await_job(awaited: Awaited) -> None:
    """Wait for rows of a database."""
    st.session_state[_AWAITED] = awaited


def awaited() -> Awaited | None:
    """The job that this session waits for."""
    found: Awaited | None = st.session_state.get(_AWAITED)
    return found


def wait_no_more() -> None:
    """The rows came, or will not."""
    st.session_state.pop(_AWAITED, None)


def tell(sentence: str) -> None:
    """Keep a sentence for the page that is drawn next."""
    st.session_state[_NOTICE] = sentence


def told() -> str:
    """The sentence that was kept for this page, once."""
    return str(st.session_state.pop(_NOTICE, ""))


def uploads() -> dict[str, Kept]:
    """The uploads of this session that are still kept, by the place that asked for them."""
    found: dict[str, Kept] = st.session_state.setdefault("_uploads", {})
    return found


def upload_key(slot: str) -> str:
    """The key of a place for uploads: another one after each upload, so that the browser lets go of the last."""
    taken = int(st.session_state.get(f"_taken_{slot}", 0))
    return f"{slot}-{taken}" if taken else slot


def keep_upload(slot: str, kept: Kept) -> None:
    """Keep an upload, in place of the one before it."""
    uploads()[slot] = kept
    st.session_state[f"_taken_{slot}"] = int(st.session_state.get(f"_taken_{slot}", 0)) + 1


def _keep(customer: str, changed: Edits) -> None:
    st.session_state[_EDITS] = (customer, changed)
