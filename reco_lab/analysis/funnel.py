"""From a look to a purchase: how far customers come with an item, step by step."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from reco_lab.analysis.tables import Tables
from reco_lab.analysis.view import View, sample
from reco_lab.core.interactions import Interactions, Kind
from reco_lab.core.proportions import by_owner, wilson, worth_of

STEPS = (Kind.view, Kind.click, Kind.cart, Kind.purchase)
MOST_ROWS = 500_000
NEVER = -(2**62)


@dataclass(frozen=True, eq=False)
class Funnel:
    """`steps` has step, pairs, customers, of_first, of_previous, low, high.

    A pair is a customer with an item; it has reached a step if it took that step not before the first time of
    the step above. `low` and `high` hold the share of the previous step with 95 % (Wilson), over customers, because
    the pairs of one customer are alike. `unseen` is the share of the last step's pairs that skipped an earlier
    one. `share` is the share of customers looked at.
    """

    steps: pd.DataFrame
    unseen: float
    share: float


def funnel(view: View) -> Funnel | None:
    """Follow the pairs; None unless there are two kinds of steps, a purchase or a cart among them."""
    present = [step for step in STEPS if (view.log.kinds == step).any()]
    if len(present) < 2 or not {Kind.cart, Kind.purchase} & set(present):
        return None
    rows, share = sample(view.log, MOST_ROWS)
    pairs = _pairs(rows, present)
    users = pairs["user"].to_numpy()
    reached = np.ones(len(pairs), np.bool_)
    steps, marks = [], []
    for place, step in enumerate(present):
        before = pairs[f"first{place - 1}"].to_numpy() if place else NEVER + 1
        reached = reached & (pairs[f"last{place}"].to_numpy() >= before)
        marks.append(reached)
        steps.append(_step(step.name, users, marks))
    last = pairs[f"last{len(present) - 1}"] > NEVER
    unseen = 1 - marks[-1].sum() / max(1, int(last.sum()))
    return Funnel(pd.DataFrame(steps), float(unseen), share)


def _pairs(rows: Interactions, present: list[Kind]) -> pd.DataFrame:
    times = np.zeros(len(rows), np.int64) if rows.times is None else rows.times.view(np.int64)
    table = Tables.of({"rows": {"user": rows.users, "item": rows.items, "kind": rows.kinds, "time": times}})
    moments = ", ".join(
        f"{word}(case when kind = {step.value} then time else {absent} end) as {name}{place}"
        for place, step in enumerate(present)
        for word, name, absent in (("min", "first", -NEVER), ("max", "last", NEVER))
    )
    kinds = ", ".join(str(step.value) for step in present)
    return table.ask(f"select user, {moments} from rows where kind in ({kinds}) group by user, item")  # noqa: S608 - numbers of ours


def _step(name: str, users: np.ndarray, marks: list[np.ndarray]) -> dict[str, object]:
    reached, before = marks[-1], marks[max(0, len(marks) - 2)]
    share, low, high = _clustered(users, reached, before) if len(marks) > 1 else (np.nan,) * 3
    return {
        "step": name,
        "pairs": int(reached.sum()),
        "customers": int((np.bincount(users[reached]) > 0).sum()),
        "of_first": reached.sum() / max(1, marks[0].sum()),
        "of_previous": share,
        "low": low,
        "high": high,
    }


def _clustered(users: np.ndarray, reached: np.ndarray, before: np.ndarray) -> tuple[float, float, float]:
    """A share of pairs with its interval, customers as the units; nothing where no pair came so far."""
    above, below = (np.bincount(users, part).astype(float) for part in (reached, before))
    owners = below > 0
    if not owners.any():
        return np.nan, np.nan, np.nan
    share, variance = by_owner(above[owners], below[owners])
    n = int(owners.sum())
    varied = n > 1 and 0 < share < 1
    return (share, *wilson(share, worth_of(share, variance, float(below.sum()) if varied else n)))
