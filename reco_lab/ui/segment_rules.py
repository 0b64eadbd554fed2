"""Rules of one's own: conditions added one by one, each with its count, the whole in the address."""

import json
from collections.abc import Callable, Mapping
from functools import partial

import pandas as pd
import streamlit as st

from reco_lab.core.conditions import Attribute, Behaviour, Rfm
from reco_lab.core.errors import InputError
from reco_lab.core.segment import All, Definition, Either, Not, dump, parse
from reco_lab.services import explore, segments
from reco_lab.services.segment_looks import NAMES, Shop, choices_of, is_measured
from reco_lab.ui import cache, page
from reco_lab.ui.page import Lab
from reco_lab.ui.segment_panel import panel
from reco_lab.ui.words import count, md

RULE = "rule"
_DID = {
    "count": "How often they bought or did something",
    "spend": "How much they spent",
    "recency": "How long ago they last did something",
}
_ANY = "anything"


def draw(lab: Lab, shop: Shop) -> None:
    """The conditions so far, a place to add one, and who is left."""
    now = _asked()
    _conditions(lab, now)
    with st.container(border=True):
        one = _condition(lab, shop)
        if one is not None:
            _offer(lab, now, one)
    if now.parts:
        size = cache.look(lab.workspace, lab.chosen, now).size
        panel(lab, shop, now, f"{count(size, 'customer')}: {now.words}", name="my segment")


def _asked() -> All | Either:
    """The rule that the address names; what cannot be read starts anew."""
    text = st.query_params.get(RULE)
    if text is None:
        return All()
    try:
        found = parse(json.loads(text))
    except (InputError, ValueError):
        st.warning("The rule in this link cannot be read; here is an empty one.", icon=":material/link_off:")
        return All()
    return found if isinstance(found, All | Either) else All(of=(found,))


def _put(rule: All | Either) -> None:
    if rule.of:
        st.query_params[RULE] = json.dumps(dump(rule), separators=(",", ":"))
    elif RULE in st.query_params:
        del st.query_params[RULE]


def _joined(how: str, parts: tuple[Definition, ...]) -> All | Either:
    return Either(of=parts) if how == "any" and parts else All(of=parts)


def _conditions(lab: Lab, now: All | Either) -> None:
    if not now.of:
        st.markdown("**Who should be in it?** Add a condition; the count follows each of them.")
        return
    for place, one in enumerate(now.of):
        with st.container(horizontal=True, vertical_alignment="center"):
            size = cache.look(lab.workspace, lab.chosen, one).size
            word = "" if not place else "and " if isinstance(now, All) else "or "
            st.markdown(f"{word}**{md(one.words)}** · {count(size, 'customer')}")
            rest = (*now.of[:place], *now.of[place + 1 :])
            st.button(
                "Remove", icon=":material/close:", type="tertiary", key=f"rule-remove-{place}",
                on_click=_put, args=(_joined(now.kind, rest),),
            )  # fmt: skip
    if len(now.of) > 1:
        other = _joined("any" if isinstance(now, All) else "all", now.of)
        label = "Any of these is enough instead" if isinstance(now, All) else "All of these must hold instead"
        st.button(
            label,
            icon=":material/swap_horiz:",
            type="tertiary",
            key="rule-swap",
            on_click=_put,
            args=(other,),
        )


def _condition(lab: Lab, shop: Shop) -> Definition | None:
    """The condition that the fields describe; None while it says nothing yet."""
    subjects = _subjects(lab, shop)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        about = st.selectbox("Condition on", list(subjects), key="rule-about")
        negated = st.checkbox("not", key="rule-not", help="Those for whom it does not hold.")
    found = subjects[about]()
    return Not(of=found) if found is not None and negated else found


def _offer(lab: Lab, now: All | Either, one: Definition) -> None:
    with page.guard(lab.workspace):
        after = _joined(now.kind, (*now.of, one))
        found = cache.look(lab.workspace, lab.chosen, after)
        left = found.size
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                "Add this condition", type="primary", icon=":material/add:", key="rule-add", on_click=_put,
                args=(after,), disabled=not left,
            )  # fmt: skip
            leaves = f"leaves {count(left, 'customer')}" if left else md(found.lack) or "would leave nobody"
            st.markdown(f"{md(one.words)}: {leaves}")


def _subjects(lab: Lab, shop: Shop) -> Mapping[str, Callable[[], Definition | None]]:
    """What a condition can be about, with the fields of each."""
    known = cache.choices(lab.workspace, lab.chosen)
    found: dict[str, Callable[[], Definition | None]] = {}
    for measure, label in _DID.items():
        lacking = (measure == "spend" and (shop.table is None or not shop.table.money)) or (
            measure == "recency" and known.first is None
        )
        if not lacking:
            found[label] = partial(_did, measure, known)
    if shop.table is not None:
        found["Class of recency, frequency and money"] = _class
    people = lab.dataset().customers
    if people is not None:
        found |= {f"Their {name}": partial(_attribute, str(name), people[name]) for name in people.columns}
    saved = segments.listing(lab.workspace, lab.chosen.name)
    if saved:
        found["In a saved segment"] = partial(_saved, {one.title: one.definition for one in saved})
    return found


def _did(measure: str, known: explore.Choices) -> Definition | None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kinds = [kind.name for kind in known.kinds]
        kind = st.selectbox("What", kinds, index=_usual(kinds), key="rule-kind", disabled=measure == "spend")
        where = (
            st.selectbox("In", [_ANY, *known.categories], key="rule-category") if known.categories else _ANY
        )
        bound = st.selectbox(
            "How", ["at least", "at most"], index=int(measure == "recency"), key=f"rule-bound-{measure}"
        )
        label = {"count": "times", "spend": "money", "recency": "days ago"}[measure]
        start = {"count": 2, "spend": 100, "recency": 30}[measure]
        amount = st.number_input(label, min_value=0, value=start, step=1, key=f"rule-amount-{measure}")
        days = 0
        if known.first is not None and measure != "recency":
            days = int(
                st.number_input(
                    "within the last days (0: ever)", min_value=0, max_value=36_500, key="rule-days"
                )
            )
    return Behaviour.model_validate(
        {
            "measure": measure,
            ("low" if bound == "at least" else "high"): amount,
            "interaction": None if measure == "spend" else kind,
            "category": None if where == _ANY else where,
            "within": days or None,
        }
    )


def _usual(kinds: list[str]) -> int:
    return kinds.index("purchase") if "purchase" in kinds else 0


def _class() -> Definition | None:
    chosen = st.multiselect("Classes", NAMES, key="rule-classes", placeholder="Choose one or more")
    return Rfm(classes=tuple(chosen)) if chosen else None


def _attribute(name: str, column: pd.Series) -> Definition | None:
    if st.checkbox("not known", key=f"rule-missing-{name}"):
        return Attribute(column=name, test="missing")
    if is_measured(column):
        return _span(name, column.dropna())
    chosen = st.multiselect(
        "is one of", choices_of(column), key=f"rule-values-{name}", placeholder="Choose one or more"
    )
    return Attribute(column=name, values=tuple(chosen)) if chosen else None


def _span(name: str, known: pd.Series) -> Definition | None:
    if pd.api.types.is_datetime64_any_dtype(known):
        ends = known.min().date(), known.max().date()
        picked = st.date_input("between", ends, *ends, key=f"rule-days-{name}")
        if isinstance(picked, tuple) and len(picked) == 2:
            return Attribute(column=name, test="between", low=str(picked[0]), high=str(picked[1]))
        return None
    with st.container(horizontal=True):
        low = st.number_input("from", value=float(known.min()), key=f"rule-low-{name}")
        high = st.number_input("to", value=float(known.max()), key=f"rule-high-{name}")
    return Attribute(column=name, test="between", low=low, high=high)


def _saved(known: Mapping[str, Definition]) -> Definition | None:
    return known[st.selectbox("Segment", list(known), key="rule-saved")]
