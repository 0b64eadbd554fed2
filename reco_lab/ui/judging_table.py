"""A table of logged decisions from elsewhere: brought, mapped, judged."""

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from reco_lab.core.errors import InputError
from reco_lab.experiments.off_policy import Judgement, apart, judge
from reco_lab.experiments.off_policy_words import Meaning, number, scale
from reco_lab.services.judging import SEED
from reco_lab.services.logged_tables import JudgedPolicy, LoggedColumns, LoggedTable, guessed
from reco_lab.ui import cache, intake, judging_shown, page, show
from reco_lab.ui.state import Kept
from reco_lab.ui.words import count, md

FILE, OWN_FILE = "logged-file", "logged-own-file"
NONE = "(none)"
MEANING = Meaning("rewards", "rows")
KINDS = {
    "uniform": "One that chooses evenly",
    "table": "One with a table of its own",
    "column": "One whose chances a column holds",
}


def view(lab: page.Lab, top: DeltaGenerator) -> None:
    """Ask for the file, its columns and the policy; the answer goes to the `top`."""
    st.markdown(
        "One row for each decision: what was done, what came of it, and the chance it had. With a column for the customer, "
        "rows of one customer are taken together."
    )
    kept = intake.received(lab.workspace, "Logged decisions", FILE)
    if kept is None:
        return
    try:
        _judged(lab, kept, top)
    except InputError as error:
        with top:
            show.mistake(error)


def _judged(lab: page.Lab, kept: Kept, top: DeltaGenerator) -> None:
    names = [str(name) for name in cache.preview(lab.workspace, kept.path, header=True).rows.columns]
    st.caption(f"{md(kept.title)}: look whether the columns are understood, and say which policy is judged.")
    columns = _columns(names)
    policy = _policy(lab)
    if columns is None or policy is None:
        return
    found = cache.logged_table(lab.workspace, kept.path, columns, policy)
    made = judge(found.logged, np.random.default_rng(SEED))
    who = "the even policy" if policy.kind == "uniform" else "the judged policy"
    with top:
        judging_shown.answer(made, who, MEANING)
        _own(found, made)
    judging_shown.chart(made, MEANING)
    told = f"{count(len(found.logged), 'row')} of {found.rows_in_file:,} are used, {len(found.refused):,} are not."
    judging_shown.support(made, (told,))
    if len(found.refused):
        with st.expander(f"{count(len(found.refused), 'row')} left out", icon=":material/block:"):
            show.numbers(found.refused, alt="Rows that are left out, and why", key="refused-logged")


def _own(found: LoggedTable, made: Judgement) -> None:
    """What the judged policy earned where it served itself, beside the estimate."""
    if found.own is None or made.refusal:
        return
    there = judge(found.own, np.random.default_rng(SEED)).logged
    gap, per = apart(made.best.value, there), scale(made)
    verdict = "does not agree with" if gap.low > 0 or gap.high < 0 else "agrees with"
    st.markdown(
        f"The estimate **{verdict}** what the policy earned where it served itself: {number(there.value * per)} "
        f"{MEANING.reward} per {per:,} {MEANING.row}. The errors of both are counted."
    )


def _columns(names: list[str]) -> LoggedColumns | None:
    guess = guessed(names)
    with (
        st.expander("Which column is which", icon=":material/view_column:", expanded=guess is None),
        st.grid(3, min_column_width=150),
    ):
        chosen = {
            role: _column(label, names, getattr(guess, role, None), role, optional=optional)
            for role, (label, optional) in _ROLES.items()
        }
    action, reward, propensity = (chosen[role] for role in ("action", "reward", "propensity"))
    if action is None or reward is None or propensity is None:
        return None
    return LoggedColumns(action, reward, propensity, chosen["target"], chosen["customer"], chosen["position"])


_ROLES = {
    "action": ("What was done", False),
    "reward": ("What came of it", False),
    "propensity": ("The chance it had", False),
    "customer": ("Customer", True),
    "position": ("Position", True),
    "target": ("Chance by the judged policy", True),
}


def _column(label: str, names: list[str], guess: str | None, role: str, *, optional: bool) -> str | None:
    options = [NONE, *names] if optional else names
    start = options.index(guess) if guess in options else 0
    found = st.selectbox(label, options, start, key=f"logged-{role}")
    return None if found == NONE else found


def _policy(lab: page.Lab) -> JudgedPolicy | None:
    kind = st.segmented_control(
        "The judged policy",
        list(KINDS),
        default="uniform",
        format_func=KINDS.__getitem__,
        required=True,
        key="logged-kind",
    )
    if kind == "column":
        return JudgedPolicy("column")
    if kind == "table":
        own = intake.received(lab.workspace, "What the judged policy logged itself", OWN_FILE)
        return None if own is None else JudgedPolicy("table", path=own.path)
    among = st.number_input(
        "Among how many it chooses",
        0,
        1_000_000,
        0,
        key="logged-actions",
        help="0: as many different ones as the table has.",
        width=220,
    )
    return JudgedPolicy("uniform", int(among))
