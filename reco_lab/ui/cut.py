"""How a split cuts the data: over time where times are known, and what that leaves, in words."""

import pandas as pd
import streamlit as st

from reco_lab.charts.parts import parts
from reco_lab.charts.theme import Palette
from reco_lab.charts.timeline import timeline
from reco_lab.core.splitting import Split
from reco_lab.experiments.diagnostics import warnings_about
from reco_lab.experiments.results import SplitSummary
from reco_lab.ui import show
from reco_lab.ui.story import did
from reco_lab.ui.words import agree, count, day, md, when

PARTS = ("learn from", "choose the winner", "exam")


def doubts(split: SplitSummary) -> tuple[str, ...]:
    """What a person should know of a split before anything is trained on it."""
    return warnings_about(split)


def view(split: SplitSummary, cut: Split, colours: Palette) -> None:
    """Draw the cut; its title says what is learned from and what judges."""
    rows = dict(zip(PARTS, (cut.train_rows, cut.validation_rows, cut.test_rows), strict=True))
    counts = dict(zip(PARTS, (split.train, split.validation, split.test), strict=True))
    times = cut.data.interactions.times
    drawn = {name: times[part] for name, part in rows.items()} if times is not None else None
    show.chart(
        timeline(drawn, colours) if drawn else parts(counts, colours),
        finding=title(split),
        table=pd.DataFrame({"Part": counts.keys(), "Rows": counts.values()}),
        key="parts",
    )
    st.markdown(md(who(split)))
    with st.expander("How the data was cut", icon=":material/content_cut:"):
        st.markdown("\n".join(f"- {words}: **{number:,}**" for words, number in _facts(split).items()))
        if split.as_of:
            st.markdown(f"The exam begins at **{md(when(split.as_of))}** (UTC).")


def title(split: SplitSummary) -> str:
    """What is learned from, and what is the exam."""
    done, judged = did(split.hits), count(split.users_scored, "customer")
    if split.as_of:
        return (
            f"They learn from everything before {day(split.as_of)}; what {judged} {done} after it is the exam"
        )
    return f"They learn from one part of the rows; what {judged} {done} in another part is the exam"


def who(split: SplitSummary) -> str:
    """Of those who stand in the exam, who can be judged and why the others cannot."""
    when_ = "after that day" if split.as_of else "in that part"
    lead = f"{count(split.users_in_test, 'customer')} {did(split.hits)} something {when_}"
    done, unknown = did(split.hits), " or what was too new to recommend" if split.unknown_item_rows else ""
    again = f"{done} only what they had before{unknown}"
    told = [
        f"{number:,} {words}"
        for number, words in (
            (split.cold_users, agree(split.cold_users, "is new", "are new")),
            (split.nothing_left, again),
        )
        if number
    ]
    if not told:
        return f"{lead}, and all of them can be judged."
    return f"{lead}. {' and '.join(told)}, so {split.users_scored:,} can be judged."


def _facts(split: SplitSummary) -> dict[str, int]:
    return {
        "Customers with test rows": split.users_in_test,
        "Warm customers (with a history), who are scored": split.users_scored,
        "Cold customers, who get the shared fallback": split.cold_users,
        "Warm customers whose test rows all fell away (repeats, or items nobody knew)": split.nothing_left,
        "Test rows of cold customers": split.cold_user_rows,
        "Cold items (nobody touched them before the test)": split.cold_items,
        "Repeat rows removed from the test": split.repeats_removed,
        "Test rows of items nobody knew at the cut, removed": split.unknown_item_rows,
        "Items that could be recommended": split.candidates,
    }
