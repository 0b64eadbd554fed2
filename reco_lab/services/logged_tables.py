"""A table of logged decisions that somebody brings: read, mapped, checked row by row, and ready to judge a policy by."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from reco_lab.cleaning.ids import clean_ids
from reco_lab.cleaning.interactions import refused_rows
from reco_lab.cleaning.values import clean_values
from reco_lab.core.errors import DataError, MappingError
from reco_lab.core.source import Table
from reco_lab.core.words import count
from reco_lab.experiments.logged import Codes, Floats, Logged, Modelled
from reco_lab.experiments.reward_model import MOST_TRAITS, cross_fitted
from reco_lab.services.import_report import unread
from reco_lab.sources import sniff

MOST_CELLS = 10_000_000
LEAST_CHANCE = 1e-12
Target = Literal["uniform", "column", "table"]


@dataclass(frozen=True)
class LoggedColumns:
    """Which column says what was done, what came of it, the chance it had; and, where there are such, who and where.

    `target` is the chance with which the judged policy would have done the same. Without a customer each row is one
    of its own.
    """

    action: str
    reward: str
    propensity: str
    target: str | None = None
    customer: str | None = None
    position: str | None = None


@dataclass(frozen=True)
class JudgedPolicy:
    """The policy that is judged: every one of `actions` alike, a column's chances, or as often as in a table of its own.

    `uniform`: `actions` is how many there are to choose from (0: those of the table). `table`: `path` is a table that
    the policy logged itself, with the same columns; how often it did what (at each position) is taken as its chances.
    """

    kind: Target = "uniform"
    actions: int = 0
    path: Path | None = None


@dataclass(frozen=True, eq=False)
class LoggedTable:
    """What came of a table: `rows_in_file = len(logged) + len(refused)`.

    `refused` has line, reason and text of each row left out. `own` is what the judged policy earned where it served
    itself, of its own table.
    """

    logged: Logged
    rows_in_file: int
    refused: pd.DataFrame
    own: Logged | None = None


def read_logged(path: Path, columns: LoggedColumns, judged: JudgedPolicy) -> LoggedTable:
    """Read a file of any kind that can be read.

    Raises MappingError for a column that is not there, DataError where no row can be used or where the judged policy
    makes no sense for it.
    """
    table = sniff(path).read(path, header=True)
    rows = _rows(table.frame, columns, with_target=judged.kind == "column")
    refused = pd.concat([unread(table), rows.refused], ignore_index=True)
    own = None
    if judged.kind == "column":
        target, modelled = rows.target, None
    else:
        shares = np.zeros((1, 1))
        if judged.kind == "table":
            there = _rows(_second(judged).frame, columns, with_target=False)
            rows, there = _alike(rows, there)
            shares = _frequencies(there)
            own = Logged(there.customers, there.reward, there.propensity, there.propensity)
        else:
            shares = _even(rows, judged.actions)
        target, modelled = shares[rows.positions, rows.actions], _modelled(rows, shares)
    choices = None if judged.kind == "column" else _choices(rows, judged)
    logged = Logged(rows.customers, rows.reward, rows.propensity, target, choices, modelled)
    return LoggedTable(logged, table.rows_in_file, refused, own)


def guessed(names: list[str]) -> LoggedColumns | None:
    """The columns that by their names say what is needed; None where not all of them do."""
    known = {
        "action": ("action", "item_id", "item", "ad_id", "ad", "arm"),
        "reward": ("reward", "click", "clicked", "clicks", "conversion"),
        "propensity": ("propensity", "propensity_score", "action_prob", "pscore", "probability"),
        "target": ("target", "target_chance", "target_prob", "evaluation_prob"),
        "customer": ("customer", "customer_id", "user", "user_id"),
        "position": ("position", "place", "slot"),
    }
    plain = {name.strip().lower().replace(" ", "_"): name for name in names}
    found = {role: next((plain[one] for one in some if one in plain), None) for role, some in known.items()}
    if not (found["action"] and found["reward"] and found["propensity"]):
        return None
    return LoggedColumns(
        found["action"], found["reward"], found["propensity"], found["target"], found["customer"], found["position"]
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Rows:
    """Usable rows: codes of what was done and where, with the names that the codes stand for."""

    actions: NDArray[np.intp]
    action_names: list[str]
    positions: NDArray[np.intp]
    position_names: list[str]
    customers: Codes
    reward: Floats
    propensity: Floats
    target: Floats
    refused: pd.DataFrame


def _rows(frame: pd.DataFrame, columns: LoggedColumns, *, with_target: bool) -> _Rows:
    reasons = pd.Series("", index=frame.index, dtype="str")
    action = clean_ids(_column(frame, columns.action), "action")
    for reason, rows in action.refused.items():
        reasons = reasons.mask(pd.Series(rows, frame.index) & (reasons == ""), reason)
    numbers = {}
    wanted = {"reward": columns.reward, "propensity": columns.propensity}
    if with_target:
        wanted["target"] = columns.target or ""
    for role, name in wanted.items():
        read = clean_values(_column(frame, name), decimal=None)
        for reason, rows in read.refused.items():
            said = reason.replace("value", _WORDS[role]).replace("has a no", "has no")
            reasons = reasons.mask(pd.Series(rows, frame.index) & (reasons == ""), said)
        numbers[role] = read.values
        if role in _RANGES:
            wrong = ~read.values.between(*_RANGES[role])
            reasons = reasons.mask(wrong & (reasons == ""), _NO_CHANCE[role])
    kept = reasons == ""
    if not kept.any():
        first = reasons.iloc[0] if len(reasons) else "is missing"
        raise DataError(f"No row can be used: the first one {first}.", fix="Check which column means what.")
    actions, names = pd.factorize(action.values[kept].astype("str"), sort=True)
    positions, places = _codes(frame, columns.position, kept)
    return _Rows(
        actions,
        [str(one) for one in names],
        positions,
        places,
        _customers(frame, columns.customer, kept),
        numbers["reward"][kept].to_numpy(np.float64),
        numbers["propensity"][kept].to_numpy(np.float64),
        numbers["target"][kept].to_numpy(np.float64) if with_target else np.zeros(int(kept.sum())),
        refused_rows(frame, reasons),
    )


_WORDS = {"reward": "reward", "propensity": "propensity", "target": "target chance"}
_RANGES = {"propensity": (LEAST_CHANCE, 1.0), "target": (0.0, 1.0)}
_NO_CHANCE = {
    "propensity": "has a propensity that is not above 0 and at most 1",
    "target": "has a target chance that is not from 0 to 1",
}


def _require_few(rows: _Rows) -> None:
    """DataError where there are more pairs of a position and an action than can be looked at one by one."""
    places, actions = len(rows.position_names), len(rows.action_names)
    if places * actions > MOST_CELLS:
        raise DataError(
            f"The table has {count(places, 'different position')} and {count(actions, 'different action')}: too many "
            "to be compared one by one.",
            fix="Check which column is the position, or leave it out.",
        )


def _column(frame: pd.DataFrame, name: str) -> pd.Series:
    if name not in frame.columns:
        raise MappingError(
            f"There is no column {name!r}." if name else "No column holds the target chance.",
            fix=f"There are: {', '.join(map(str, frame.columns[:30]))}.",
        )
    return frame[name].astype("str")


def _codes(frame: pd.DataFrame, name: str | None, kept: pd.Series) -> tuple[NDArray[np.intp], list[str]]:
    if name is None:
        return np.zeros(int(kept.sum()), np.intp), [""]
    codes, names = pd.factorize(_column(frame, name)[kept].fillna("").str.strip(), sort=True)
    return codes, [str(one) for one in names]


def _customers(frame: pd.DataFrame, name: str | None, kept: pd.Series) -> Codes:
    """Codes of customers; a row that names nobody is a customer of its own."""
    rows = int(kept.sum())
    if name is None:
        return np.arange(rows, dtype=np.int64)
    codes, names = pd.factorize(_column(frame, name)[kept].str.strip())
    return np.where(codes >= 0, codes, len(names) + np.arange(rows)).astype(np.int64)


def _second(judged: JudgedPolicy) -> Table:
    if judged.path is None:
        raise DataError("The table that the judged policy logged is missing.", fix="Bring it too.")
    return sniff(judged.path).read(judged.path, header=True)


def _alike(one: _Rows, other: _Rows) -> tuple[_Rows, _Rows]:
    """Both with the same codes for the same actions and positions."""
    actions = sorted({*one.action_names, *other.action_names})
    places = sorted({*one.position_names, *other.position_names})
    return _recoded(one, actions, places), _recoded(other, actions, places)


def _recoded(rows: _Rows, actions: list[str], places: list[str]) -> _Rows:
    a = np.searchsorted(actions, rows.action_names)
    p = np.searchsorted(places, rows.position_names)
    return replace(
        rows,
        actions=a[rows.actions],
        positions=p[rows.positions],
        action_names=actions,
        position_names=places,
    )


def _frequencies(rows: _Rows) -> Floats:
    """How often each action was taken at each position (positions x actions); a position that was never filled has none."""
    _require_few(rows)
    cells = rows.positions * len(rows.action_names) + rows.actions
    size = len(rows.position_names) * len(rows.action_names)
    counts = np.bincount(cells, minlength=size).reshape(len(rows.position_names), -1).astype(np.float64)
    shares: Floats = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return shares


def _even(rows: _Rows, actions: int) -> Floats:
    _require_few(rows)
    there = len(rows.action_names)
    if actions and actions < there:
        raise DataError(
            f"The table has {count(there, 'different action')}, more than the {actions:,} to choose from.",
            fix="Say among how many is chosen, or leave it at 0.",
        )
    return np.full((len(rows.position_names), there), 1.0 / (actions or there))


def _choices(rows: _Rows, judged: JudgedPolicy) -> Floats:
    """Among how many was chosen, as far as the table shows it."""
    return np.full(len(rows.actions), float(judged.actions or len(rows.action_names)))


def _modelled(rows: _Rows, shares: Floats) -> Modelled | None:
    """What a model expects from action and position; None where there are too many actions."""
    n, actions, places = len(rows.actions), len(rows.action_names), len(rows.position_names)
    if actions + places > MOST_TRAITS:
        return None
    every = np.arange(n)
    done = sparse.csr_array(
        (np.ones(2 * n), (np.tile(every, 2), np.concatenate((rows.actions, actions + rows.positions)))),
        shape=(n, actions + places),
    )
    whole = shares / np.maximum(shares.sum(axis=1, keepdims=True), 1e-12)
    expected = sparse.csr_array(np.hstack((whole, np.eye(places))))
    return cross_fitted(rows.reward, rows.customers, done, expected, rows.positions)
