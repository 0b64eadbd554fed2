"""Whether a new version of the data can be learnt from: what robots, shuffled labels and broken files leave behind."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy import sparse
from scipy.sparse.linalg import svds

from reco_lab.core.interactions import Interactions, Kind

Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]

BUSY_QUANTILE, BUSIER = 0.995, 2.0
LEAST_PACE, NEW_PACE = 50, 300
TASTES, MOST_PAIRS, FEWEST_CUSTOMERS = 16, 50_000, 30
LATEST = 0.2
ONE_SIDED = 1.645
CHANCE = 0.5
WEAK = 0.55
RUSH = 3.0


class Limits(BaseModel):
    """How much of what is new may be strange before the version is refused. All but the last are shares of rows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    gone: float = Field(0.5, ge=0, le=1, description="known rows that are not in the new version")
    copies: float = Field(0.1, ge=0, le=1, description="exact copies, above what there were before")
    flood: float = Field(0.2, ge=0, le=1, description="new rows of customers busier than anybody was")
    crowd: float = Field(0.5, ge=0, le=1, description="new rows of the busiest customer in a hundred")
    strangers: float = Field(0.95, ge=0, le=1, description="new rows of customers nobody knew")
    novelties: float = Field(0.5, ge=0, le=1, description="new rows of items nobody knew")
    kinds: float = Field(0.95, ge=0, le=1, description="rows whose kind would have to change")
    association: float = Field(0.5, ge=0, le=1, description="of the tastes seen before that must be left")


@dataclass(frozen=True)
class Check:
    """One question put to the new version: `passed` is None where it cannot be known. The sentence says the figure."""

    name: str
    passed: bool | None
    value: float | None
    limit: float | None
    sentence: str


def soundness(
    before: Interactions, after: Interactions, limits: Limits, rng: np.random.Generator
) -> tuple[Check, ...]:
    """Hold a version against the one that is known: the gravest questions first.

    What is new are the rows of `after` that `before` lacks. The order of codes in the two may differ.
    """
    known, later = _aligned(before, after)
    fresh = fresh_rows(known, later)
    new = later.take(fresh)
    if not len(new):
        return (Check("new rows", None, 0.0, None, "Nothing is new in this version."),)
    return (
        _association(known, new, limits, rng),
        *_robots(known, new, limits),
        _copies(known, later, limits),
        _gone(known, later, limits),
        _strange("unknown items", _unknown(known.items, new.items), limits.novelties, "items"),
        _strange("unknown customers", _unknown(known.users, new.users), limits.strangers, "customers"),
        _kinds(known, new, limits),
    )


def fresh_rows(before: Interactions, after: Interactions) -> Mask:
    """Which rows of `after` are not in `before`; both count customers and items by the same codes."""
    mask: Mask = ~np.isin(_hashes(after), _hashes(before))
    return mask


def _aligned(before: Interactions, after: Interactions) -> tuple[Interactions, Interactions]:
    """Both with codes over the ids of either."""
    users, items = before.user_ids.union(after.user_ids), before.item_ids.union(after.item_ids)

    def over(log: Interactions) -> Interactions:
        own, theirs = users.get_indexer(log.user_ids)[log.users], items.get_indexer(log.item_ids)[log.items]
        log = replace(log, users=own.astype(np.int32), items=theirs.astype(np.int32))
        return replace(log, user_ids=users, item_ids=items).in_order()[0]

    return over(before), over(after)


def _hashes(log: Interactions) -> NDArray[np.uint64]:
    columns = {"user": log.users, "item": log.items, "kind": log.kinds}
    if log.times is not None:
        columns["time"] = log.times.astype("datetime64[us]").view(np.int64)
    return np.asarray(pd.util.hash_pandas_object(pd.DataFrame(columns), index=False), np.uint64)


def _unknown(known: NDArray[np.int32], new: NDArray[np.int32]) -> float:
    return float((~np.isin(new, known)).mean())


def _strange(name: str, share: float, limit: float, what: str) -> Check:
    words = f"{share:.0%} of the new rows are of {what} nobody knew before (allowed: {limit:.0%})."
    return Check(name, share <= limit, share, limit, words)


def _gone(known: Interactions, later: Interactions, limits: Limits) -> Check:
    share = float((~np.isin(_hashes(known), _hashes(later))).mean()) if len(known) else 0.0
    words = f"{share:.0%} of the rows known before are not in this version (allowed: {limits.gone:.0%})."
    return Check("rows that went", share <= limits.gone, share, limits.gone, words)


def _copies(known: Interactions, later: Interactions, limits: Limits) -> Check:
    if later.times is None:
        words = "Without times, a row that comes twice may be a thing done twice."
        return Check("copies", None, None, limits.copies, words)
    now, then = (1 - len(np.unique(_hashes(log))) / len(log) if len(log) else 0.0 for log in (later, known))
    words = (
        f"{now:.1%} of the rows are exact copies, {then:.1%} were before (allowed: {limits.copies:.0%} more)."
    )
    return Check("copies", now - then <= limits.copies, now, then + limits.copies, words)


def _kinds(known: Interactions, new: Interactions, limits: Limits) -> Check:
    then, now = (np.bincount(log.kinds, minlength=len(Kind)) / max(len(log), 1) for log in (known, new))
    apart = float(np.abs(now - then).sum() / 2)
    rose, fell = Kind(int((now - then).argmax())).name, Kind(int((now - then).argmin())).name
    moved = f": more of kind {rose}, fewer of kind {fell}" if apart > 0 else ""
    words = f"The kinds of rows are {apart:.0%} others than before{moved} (allowed: {limits.kinds:.0%})."
    return Check("other kinds of rows", apart <= limits.kinds, apart, limits.kinds, words)


def _robots(known: Interactions, new: Interactions, limits: Limits) -> Iterator[Check]:
    """Customers busier in a day than anybody was, and a few who make most of what is new."""
    busy = np.zeros(len(new), bool)
    for kind in np.unique(new.kinds):
        mine = np.flatnonzero(new.kinds == kind)
        pace, usual = _pace(new.take(mine)), _pace(known.take(known.kinds == kind))
        most = max(BUSIER * float(np.quantile(usual, BUSY_QUANTILE)), LEAST_PACE) if len(usual) else NEW_PACE
        busy[mine] = pace > most
    share, robots = float(busy.mean()), len(np.unique(new.users[busy]))
    words = (
        f"{share:.0%} of the new rows come from {robots:,} customers who did more in a day than anybody used to "
        f"(allowed: {limits.flood:.0%})."
    )
    yield Check("robots", share <= limits.flood, share, limits.flood, words)
    now, then = _of_busiest(new.users), _of_busiest(known.users)
    words = (
        f"The busiest customer in a hundred makes {now:.0%} of the new rows, and made {then:.0%} before "
        f"(allowed: {limits.crowd:.0%})."
    )
    yield Check(
        "a few customers who make most rows", now <= max(limits.crowd, RUSH * then), now, limits.crowd, words
    )


def _pace(log: Interactions) -> NDArray[np.int64]:
    """How many rows each row's customer has on that day (or altogether, where times are not known)."""
    days = (
        np.zeros(len(log), np.int64)
        if log.times is None
        else log.times.astype("datetime64[D]").astype(np.int64)
    )
    if not len(log):
        return np.zeros(0, np.int64)
    days -= days.min()
    _, place, counts = np.unique(
        log.users.astype(np.int64) * (int(days.max()) + 1) + days, return_inverse=True, return_counts=True
    )
    return np.asarray(counts[place], np.int64)


def _of_busiest(users: NDArray[np.int32]) -> float:
    counts = np.sort(np.bincount(users)) if len(users) else np.ones(1, np.int64)
    counts = counts[counts > 0]
    return float(counts[-max(1, len(counts) // 100) :].sum() / counts.sum())


def _association(known: Interactions, new: Interactions, limits: Limits, rng: np.random.Generator) -> Check:
    """Whether customers still go for what suits them: the tastes of the known rows must tell the new ones from chance.

    A new pair of customer and item is held against the same customer with an item of another new row: how often the
    own item suits her better is .5 by chance, and was something more within the known rows themselves.
    """
    name = "tastes that vanished"
    order = rng.permutation(len(known)) if known.times is None else np.argsort(known.times, kind="stable")
    latest = np.zeros(len(known), bool)
    latest[order[len(known) - round(LATEST * len(known)) :]] = True
    usual = _suits(known.take(~latest), known.take(latest), rng)
    now = _suits(known, new, rng)
    if usual is None or now is None or usual[0] - ONE_SIDED * usual[1] < WEAK:
        words = "Too few customers, or tastes too faint, to tell whether what they do still hangs together."
        return Check(name, None, None if now is None else now[0], None, words)
    least = CHANCE + limits.association * (usual[0] - CHANCE)
    words = (
        f"The item that a customer went for suits her better than somebody else's in {now[0]:.0%} of cases; it was "
        f"{usual[0]:.0%} before, and chance gives 50% (needed: {least:.0%})."
    )
    return Check(name, now[0] + ONE_SIDED * now[1] >= least, now[0], least, words)


def _suits(known: Interactions, new: Interactions, rng: np.random.Generator) -> tuple[float, float] | None:
    """How often a new item suits its customer better than another's, a customer one vote, and the standard error."""
    pairs = new.pairs[~np.isin(new.pairs, known.pairs)]
    users, items = np.divmod(pairs, new.n_items)
    warm = (np.diff(known.user_starts) > 0)[users] & (known.item_counts > 0)[items]
    pairs = np.flatnonzero(warm)
    if len(pairs) > MOST_PAIRS:
        pairs = np.sort(rng.choice(pairs, MOST_PAIRS, replace=False))
    users, items = users[pairs], items[pairs]
    others = rng.permutation(items)
    fair = (others != items) & ~np.isin(users * known.n_items + others, known.pairs)
    users, items, others = users[fair], items[fair], others[fair]
    voters, place = np.unique(users, return_inverse=True)
    tastes = _tastes(known, rng)
    if len(voters) < FEWEST_CUSTOMERS or tastes is None:
        return None
    matrix, vectors = tastes
    likes = np.asarray(matrix[voters] @ vectors)[place]
    apart = (likes * (vectors[items] - vectors[others])).sum(axis=1)
    won = np.where(apart > 0, 1.0, np.where(apart < 0, 0.0, CHANCE))
    votes = np.bincount(place, won) / np.bincount(place)
    return float(votes.mean()), float(votes.std(ddof=1) / np.sqrt(len(votes)))


def _tastes(known: Interactions, rng: np.random.Generator) -> tuple[sparse.csr_matrix, Floats] | None:
    """The normalised matrix of who touched what, and for each item its place among the strongest tastes."""
    matrix = known.matrix.astype(np.float64)
    strongest = min(TASTES, min(matrix.shape) - 2)
    if strongest < 1 or not matrix.nnz:
        return None
    rows, columns = (np.maximum(np.asarray(matrix.sum(axis=axis)).ravel(), 1.0) ** -0.5 for axis in (1, 0))
    normal = sparse.csr_matrix(sparse.diags_array(rows) @ matrix @ sparse.diags_array(columns))
    start = rng.random(min(matrix.shape))
    _, _, directions = svds(normal, k=strongest, v0=start)
    return normal, np.asarray(directions.T, np.float64)
