"""How a file was understood, and what a person corrects: its letters, its table, its header, its columns."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from reco_lab.analysis.columns import ITEM_ROLES, ColumnGuess
from reco_lab.core.experiment import Column, Columns
from reco_lab.services.data import Preview
from reco_lab.ui import cache, show, state
from reco_lab.ui.state import Brought
from reco_lab.ui.words import count, md
from reco_lab.workspace import Workspace

ROLES = {
    "user": ("Customer", "Who did it. Required."),
    "item": ("Item", "What it was done with: a product, an offer, a film. Required."),
    "time": ("Time", "When. With it, the test can lie after what was learned from."),
    "value": ("Value", "A rating, a quantity or an amount."),
    "kind": ("Kind", "What was done: view, click, cart, purchase."),
    "title": ("Title", "What the item is called, where each row says it."),
    "category": ("Category", "What sort of item it is."),
    "price": ("Price", "What one of it costs. The first price in the file holds for an item."),
}
NONE = "(none)"
SURE = 0.5
LOOK = "Decide by looking"
_DELIMITERS = {LOOK: None, "Comma": ",", "Semicolon": ";", "Tab": "\t", "Bar |": "|"}
_ENCODINGS = (
    "utf-8", "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "utf-16", "cp932", "euc_jp", "gb18030", "big5",
    "cp949", "mac_roman", "cp850",
)  # fmt: skip
_NAMES = {
    "utf-8": "UTF-8", "utf-16": "UTF-16", "cp932": "Shift-JIS (Japanese)", "euc_jp": "EUC-JP (Japanese)",
    "gb18030": "GB18030 (Chinese)", "big5": "Big5 (Chinese)", "cp949": "EUC-KR (Korean)",
    "mac_roman": "Macintosh Roman", "cp850": "DOS 850", "cp1250": "Windows-1250 (Central Europe)",
    "cp1251": "Windows-1251 (Cyrillic)", "cp1252": "Windows-1252 (Western Europe)",
    "cp1253": "Windows-1253 (Greek)", "cp1254": "Windows-1254 (Turkish)", "cp1255": "Windows-1255 (Hebrew)",
    "cp1256": "Windows-1256 (Arabic)", "cp1257": "Windows-1257 (Baltic)", "cp874": "Windows-874 (Thai)",
    "koi8-r": "KOI8-R (Cyrillic)",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Understood:
    """The first look at a file, and what a person said about how it is written."""

    seen: Preview
    header: bool | None
    options: Mapping[str, Any]


def look(workspace: Workspace, brought: Brought) -> Understood:
    """Look at a file, say in words how it is written, and ask what it does not show."""
    if brought.origin is not None:
        seen = cache.preview(workspace, brought.path, None)
        st.caption(md(f"Read from the database connection {brought.origin.database}."))
        show.warnings(seen.warnings)
        return Understood(seen, None, {})
    said, asked = st.container(), st.container()
    with st.expander("How the file is written", icon=":material/tune:"):
        header = _header(brought)
        options = dict(brought.options) | _written(brought)
        box = st.container()
    seen = cache.preview(workspace, brought.path, header, options)
    with asked:
        if chosen := _table(seen, brought):
            options |= chosen
            seen = cache.preview(workspace, brought.path, header, options)
    with asked if seen.dialect.get("encoding_unsure") else box:
        if chosen := _letters(seen, brought):
            options |= chosen
            seen = cache.preview(workspace, brought.path, header, options)
    with said:
        st.caption(md(sentence(seen)))
        show.warnings(seen.warnings)
    return Understood(seen, header, options)


def sentence(seen: Preview) -> str:
    """How the file was understood, in words."""
    known = seen.dialect
    parts = [seen.format if seen.format != "delimited" else "Text"]
    if delimiter := known.get("delimiter"):
        parts.append(f"columns separated by {delimiter}")
    if known.get("quote") not in (None, "", "none"):
        parts.append(f"some values quoted with {known['quote']}")
    if encoding := known.get("encoding"):
        parts.append(letters(str(encoding)))
    if sheet := known.get("sheet"):
        parts.append(f"sheet “{sheet}”")
    if "header" in known:
        words = "the first line names the columns" if known["header"] else "the first line is data already"
        reason = known.get("header_reason")
        parts.append(f"{words} ({reason})" if reason else words)
    parts.append(count(len(seen.sample.columns), "column"))
    return " · ".join(map(str, parts))


def letters(encoding: str) -> str:
    """An encoding as a person calls it."""
    name, _, rest = encoding.partition(" ")
    return f"{_NAMES.get(name, name)} {rest}".strip()


def mapping(seen: Preview, known: Columns | None = None) -> Columns | None:
    """Ask what each column means, beginning with what is known, else with the guess, its confidence and its reason.

    None while there is no column for the customer or the item.
    """
    guesses = {str(role): guess for role, guess in seen.guess}
    chosen = {role: _role(seen, role, guesses[role], known) for role in ROLES if role not in ITEM_ROLES}
    said = any(guesses[role].column if known is None else getattr(known, role) for role in ITEM_ROLES)
    label = "What the rows say of the items (optional)"
    with st.expander(label, icon=":material/sell:", expanded=said):
        chosen |= {role: _role(seen, role, guesses[role], known) for role in ITEM_ROLES}
    user, item = chosen.pop("user"), chosen.pop("item")
    return None if user is None or item is None else Columns(user=user, item=item, **chosen)


def _role(seen: Preview, role: str, guess: ColumnGuess, known: Columns | None) -> str | None:
    """Ask for one column; None where there is none."""
    label, words = ROLES[role]
    names = [str(name) for name in seen.rows.columns]
    options = [NONE, *names]
    before = None if known is None else _named(getattr(known, role), names)
    sure = guess.column if guess.confidence >= SURE else None
    start = before if known is not None else sure
    key = f"map-{seen.path}-{role}-{known is not None}"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        column = st.selectbox(
            label,
            options,
            options.index(start) if start in options else 0,
            key=key,
            help=words,
            width=220,
        )
        with st.container(gap=None, width="stretch"):
            if known is not None and column == NONE and sure and not _taken(sure, known, names):
                st.caption(f"none, as last time; now maybe {md(sure)}: {md(guess.reason)}")
                st.button(f"Take {md(sure)}", key=f"{key}-take", on_click=state.choose, args=(key, sure))
            elif known is not None and column == (before or NONE):
                st.caption("as it is known of this file" if before else "none, as it is known of this file")
            else:
                st.caption(_reason(column, guess.column, guess.confidence, guess.reason))
    return None if column == NONE else column


def _taken(column: str, known: Columns, names: list[str]) -> bool:
    """Whether a column has a meaning already, as it is known of this file."""
    return column in {_named(one, names) for one in known.model_dump().values()}


def _named(column: Column | None, names: list[str]) -> str | None:
    if isinstance(column, int):
        return names[column] if 0 <= column < len(names) else None
    return column


def _reason(column: str, guessed: str | None, confidence: float, reason: str) -> str:
    if column == NONE:
        return f"maybe {md(guessed)}: {md(reason)}" if guessed else md(reason)
    if column != guessed:
        return "chosen by you"
    return f":material/check: {confidence:.0%} sure: {md(reason)}"


def _header(brought: Brought) -> bool | None:
    words = {LOOK: None, "Column names": True, "Data": False}
    start = next(word for word, value in words.items() if value is brought.header)
    chosen = st.segmented_control(
        "The first line holds", list(words), default=start, required=True, key=f"header-{brought.path}"
    )
    return words[str(chosen)]


def _written(brought: Brought) -> dict[str, Any]:
    with st.container(horizontal=True):
        delimiter = st.selectbox(
            "Columns are separated by", list(_DELIMITERS), key=f"delimiter-{brought.path}", width=220
        )
        encoding = st.selectbox(
            "Letters are written in",
            [LOOK, *_ENCODINGS],
            format_func=lambda one: _NAMES.get(one, one),
            key=f"encoding-{brought.path}",
            width=260,
        )
    said = {"delimiter": _DELIMITERS[delimiter], "encoding": None if encoding == LOOK else encoding}
    return {name: value for name, value in said.items() if value is not None}


def _table(seen: Preview, brought: Brought) -> dict[str, Any]:
    """Ask which sheet or table is meant where there are several."""
    for name, many, label in (("sheet", "sheets", "Sheet"), ("table", "tables", "Table in the file")):
        names = [str(one) for one in seen.dialect.get(many, ())]
        if len(names) > 1 and name not in brought.options:
            now = seen.dialect[name]
            start = now - 1 if isinstance(now, int) else names.index(str(now))
            chosen = st.selectbox(label, names, start, key=f"{name}-{brought.path}")
            if chosen != names[start]:
                return {name: chosen if name == "sheet" else names.index(chosen) + 1}
    return {}


def _letters(seen: Preview, brought: Brought) -> dict[str, Any]:
    """Ask which encoding reads right where several could be, with lines that show it."""
    others = seen.dialect.get("encoding_alternatives", {})
    if not others:
        return {}
    now = str(seen.dialect["encoding"]).partition(" ")[0]
    lines = {now: seen.dialect.get("encoding_sample", ()), **others}
    chosen = st.radio(
        "In which of these do the letters look right?",
        list(lines),
        format_func=lambda one: _NAMES.get(one, one),
        captions=[md(" ┊ ".join(lines[one][:2])) for one in lines],
        key=f"letters-{brought.path}",
    )
    return {} if chosen == now else {"encoding": chosen}
