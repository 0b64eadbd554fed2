"""What the splitters share: a check that nothing is missing, drawing rows, cutting off each customer's last."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import SplitError
from reco_lab.core.interactions import Rows
from reco_lab.core.splitting import Split, require_rows

Times = NDArray[np.datetime64]
Counts = NDArray[np.int64]


def checked(split: Split) -> Split:
    """The split, unless a part has no rows or no customer of the test has a history to be scored by."""
    require_rows(split.name, train=split.train_rows, validation=split.validation_rows, test=split.test_rows)
    if split.asks_everyone:
        return split
    if not np.isin(split.test.users, split.known_before_test.users).any():
        raise SplitError(
            f"The {split.name} split leaves nobody to score: no customer with test rows has earlier ones.",
            fix="Choose a smaller test share or another split.",
        )
    return split


def times_of(data: Dataset, label: str) -> Times:
    """When each row happened; SplitError where the data does not say."""
    times = data.interactions.times
    if times is None:
        raise SplitError(
            f"The {label} split needs to know when each interaction happened, and {data.name!r} does not say.",
            fix="Map a time column, or choose random rows.",
        )
    return times


def draw(rows: Rows, share: float, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """Draw a share of the rows (rounded, ties to even); the rest and the drawn ones, both in ascending order."""
    mixed = rng.permutation(rows)
    drawn = round(share * len(rows))
    return np.sort(mixed[drawn:]), np.sort(mixed[:drawn])


def draw_alike(
    codes: Counts, weights: Counts, share: float, rng: np.random.Generator
) -> tuple[Counts, Counts]:
    """Draw a share of these codes so that heavy and light ones are drawn alike; the rest and the drawn, ascending.

    The codes are put in the order of their weights (equals at random), and every 1 / share-th is taken.
    """
    order = codes[np.lexsort((rng.random(len(codes)), weights))]
    steps = np.floor(np.arange(len(codes) + 1) * share + rng.random())
    drawn = np.diff(steps) > 0
    return np.sort(order[~drawn]), np.sort(order[drawn])


def in_turn(data: Dataset, rng: np.random.Generator) -> Rows:
    """All rows by customer, and of each customer in the order of time, or at random where times are not known."""
    log = data.interactions
    rows = np.arange(len(log))
    return rows if log.times is not None else rows[np.lexsort((rng.random(len(rows)), log.users))]


def begin_of_latest(times: Times, share: float) -> np.datetime64:
    """The time of the first of the latest share of rows."""
    place = min(len(times) - 1, len(times) - round(share * len(times)))
    moment: np.datetime64 = np.partition(times, place)[place]
    return moment


def last_of_each(users: NDArray[np.int32], counts: Counts, times: Times | None = None) -> NDArray[np.bool_]:
    """Mark each customer's last rows, `counts` many by customer code, but always leave the first row out.

    `users` is grouped by customer and in time order within, as logs are. With `times`, rows of the same
    moment (a basket) stay together: the rows before the cut that share its moment are marked too, or, where
    that would leave the customer nothing, none of that moment is.
    """
    ends = np.searchsorted(users, np.arange(len(counts)), side="right")
    starts = np.append(0, ends[:-1])
    first = np.maximum(ends - counts, np.minimum(starts + 1, ends))
    rows = np.arange(len(users))
    if times is not None and len(users):
        begins = np.append(True, (np.diff(users) != 0) | (times[1:] != times[:-1]))
        moments = np.append(np.flatnonzero(begins), len(users))
        place = np.searchsorted(moments, first, side="right") - 1
        together = moments[place.clip(max=len(moments) - 1)]
        after = moments[(place + 1).clip(max=len(moments) - 1)]
        first = np.where(first >= ends, first, np.where(together > starts, together, after))
    marked: NDArray[np.bool_] = rows >= first[users]
    return marked


def share_of(lengths: Counts, share: float) -> Counts:
    """A share of these lengths, rounded up; the inner rounding forgives 0.2 * 15 for being above 3."""
    return np.ceil(np.round(share * lengths, 9)).astype(np.int64)


def cut_last(name: str, data: Dataset, count: Callable[[Counts], Counts], *, whole_moments: bool) -> Split:
    """Cut off each customer's last rows twice: for the test, then from what is left for validation.

    `count` says how many for customers with these many rows; with `whole_moments` rows of the same moment
    stay together.
    """
    known = times_of(data, name)
    times = known if whole_moments else None
    users = data.interactions.users
    rows = np.arange(len(users))
    test = last_of_each(users, _counted(data, users, count), times)
    rest = rows[~test]
    late = last_of_each(
        users[rest], _counted(data, users[rest], count), None if times is None else times[rest]
    )
    return checked(Split(name, data, rest[~late], rest[late], rows[test]))


def _counted(data: Dataset, users: NDArray[np.int32], count: Callable[[Counts], Counts]) -> Counts:
    return count(np.bincount(users, minlength=data.interactions.n_users))


def held_out_customers(
    name: str,
    data: Dataset,
    shares: tuple[float, float],
    judged: Callable[[Counts], Counts],
    rng: np.random.Generator,
    *,
    shows: bool = True,
    whole_moments: bool = True,
) -> Split:
    """Hold out a share of the customers for the test, and of the others a share for validation.

    `judged` says how many of the last rows judge, of customers with these many rows; those before are shown as
    their history, one at least, or none of anybody where it does not show. With `whole_moments` rows of
    the same moment stay together, so that no basket is asked for of which a part is shown.
    """
    log = data.interactions
    counts = np.bincount(log.users, minlength=log.n_users)
    active = np.flatnonzero(counts)
    rest, test = draw_alike(active, counts[active], shares[0], rng)
    _, validation = draw_alike(rest, counts[rest], shares[1], rng)
    order = in_turn(data, rng)
    judges = np.ones(len(log), np.bool_)
    if shows:
        judges[order] = last_of_each(log.users, judged(counts), log.times if whole_moments else None)
    of_test, of_validation = np.isin(log.users, test), np.isin(log.users, validation)
    return Split(
        name,
        data,
        np.flatnonzero(~of_test & ~of_validation),
        np.flatnonzero(of_validation & judges),
        np.flatnonzero(of_test & judges),
        history_rows=np.flatnonzero(of_test & ~judges),
        validation_history_rows=np.flatnonzero(of_validation & ~judges),
    )
