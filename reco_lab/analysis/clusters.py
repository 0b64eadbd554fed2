"""Groups of customers who behave alike, how many there are, what they are called, and whether they would be found again."""

from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from reco_lab.analysis._cluster_names import names
from reco_lab.analysis._scaled import Scaled, scaled
from reco_lab.analysis.behaviour import LABELS, behaviour
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import DataError, ParameterError
from reco_lab.core.words import count

Method = Literal["k-means", "mixture"]
NUMBERS = range(2, 11)
FEWEST = 100
SEARCHED = 5_000
JUDGED = 2_000
MANY = 20_000
REPEATS = 10
STEADY, SHAKY = 0.8, 0.6
STRUCTURE = 0.5
PART_OF_AXIS = 2


@dataclass(frozen=True, eq=False)
class Clusters:
    """Groups numbered from 0, those who spend (or else visit) most first.

    `members` is the group of each customer with purchases (index: her code). `groups` has name, customers, share
    and the mean of every trait in its own unit; `profile` is groups x traits in standard deviations from
    everyone. `search` has number and score for 2 to 10 groups, by `criterion`: silhouette (the higher the
    better) or BIC (the lower). `places` (x, y by customer) is a map of which each axis shows an `explained`
    share of all differences; `axes` says what grows along it. `stability` is the mean adjusted Rand index over
    repeated samples: 1 when the same groups come out again, 0 when by chance. `sentences` say all that.
    """

    members: pd.Series
    groups: pd.DataFrame
    profile: pd.DataFrame
    search: pd.DataFrame
    criterion: str
    places: pd.DataFrame
    explained: tuple[float, float]
    axes: tuple[str, str]
    stability: float
    sentences: tuple[str, ...]

    @property
    def steady(self) -> bool:
        """Whether another sample of customers would give the same groups."""
        return self.stability >= SHAKY


def clusters(
    data: Dataset,
    rng: np.random.Generator,
    *,
    method: Method = "k-means",
    number: int | None = None,
    attributes: tuple[str, ...] = (),
) -> Clusters:
    """Group the customers with purchases by behaviour and these columns of theirs; the best `number` unless given.

    DataError for fewer than 100 customers or two traits. The same generator gives the same groups.
    """
    if number is not None and number not in NUMBERS:
        raise ParameterError(f"{number} groups cannot be made.", fix="Choose 2 to 10.")
    table = behaviour(data).customers
    space = scaled(table, data, attributes)
    if len(table) < FEWEST or len(space.names) < 2:
        raise DataError(
            f"{count(len(table), 'customer')} with {count(len(space.names), 'trait')} cannot be grouped.",
            fix=f"It takes {FEWEST} customers and 2 traits, such as times, prices or categories.",
        )
    sample = space.values[_some(rng, len(table), SEARCHED)]
    import_module(
        "sklearn.cluster"
    )  # only what is loaded can be held to one thread, and work this small needs no more
    with threadpool_limits(1):
        search = _search(sample, method, rng)
        chosen = _best(search, method) if number is None else number
        model = _fit(space.values, method, chosen, rng)
        raw = model.predict(space.values)
        stability = _stability(model, sample, method, chosen, rng)
    members = pd.Series(_ordered(raw, table, chosen), table.index, name="group")
    return _described(members, table, space, search, method, chosen, stability)


def _search(sample: NDArray[np.float64], method: Method, rng: np.random.Generator) -> pd.DataFrame:
    from sklearn.metrics import silhouette_score

    judged, rows = sample[_some(rng, len(sample), JUDGED)], []
    for number in NUMBERS:
        model = _fit(sample, method, number, rng)
        if method == "mixture":
            rows.append((number, float(model.bic(sample))))
            continue
        labels = model.predict(judged)
        rows.append((number, float(silhouette_score(judged, labels)) if len(set(labels)) > 1 else -1.0))
    return pd.DataFrame(rows, columns=["number", "score"])


def _best(search: pd.DataFrame, method: Method) -> int:
    scores = search["score"].to_numpy()
    return int(search["number"].to_numpy()[scores.argmax() if method == "k-means" else scores.argmin()])


def _fit(values: NDArray[np.float64], method: Method, number: int, rng: np.random.Generator) -> Any:
    from sklearn.cluster import KMeans, MiniBatchKMeans
    from sklearn.mixture import GaussianMixture

    seed = int(rng.integers(2**31))
    if method == "mixture":
        model = GaussianMixture(number, covariance_type="diag", reg_covar=1e-2, random_state=seed)
        return model.fit(values[_some(rng, len(values), MANY)])
    if len(values) > MANY:
        return MiniBatchKMeans(number, batch_size=4096, n_init=3, random_state=seed).fit(values)
    return KMeans(number, n_init=10, random_state=seed).fit(values)


def _stability(
    model: Any, sample: NDArray[np.float64], method: Method, number: int, rng: np.random.Generator
) -> float:
    from sklearn.metrics import adjusted_rand_score

    first = model.predict(sample)
    drawn = (sample[rng.integers(len(sample), size=len(sample))] for _ in range(REPEATS))
    found = [adjusted_rand_score(first, _fit(one, method, number, rng).predict(sample)) for one in drawn]
    return float(np.mean(found))


def _some(rng: np.random.Generator, rows: int, most: int) -> NDArray[np.int64]:
    """Which rows to look at where they are too many."""
    return np.arange(rows) if rows <= most else np.sort(rng.choice(rows, most, replace=False))


def _ordered(raw: NDArray[np.int64], table: pd.DataFrame, number: int) -> NDArray[np.int64]:
    """Groups renumbered: those worth most first, empty ones gone."""
    by = table["spent" if "spent" in table else "visits"].to_numpy(np.float64)
    sizes = np.bincount(raw, minlength=number)
    mean = np.where(sizes > 0, np.bincount(raw, by, number) / np.maximum(sizes, 1), -np.inf)
    return np.argsort(np.argsort(-mean, kind="stable"), kind="stable")[raw]


def _described(
    members: pd.Series,
    table: pd.DataFrame,
    space: Scaled,
    search: pd.DataFrame,
    method: Method,
    number: int,
    stability: float,
) -> Clusters:
    profile = pd.DataFrame(space.values, table.index, list(space.names)).groupby(members).mean()
    sizes = members.value_counts().sort_index()
    groups = table.groupby(members).mean()
    groups.insert(0, "share", sizes / len(members))
    groups.insert(0, "customers", sizes)
    groups.insert(0, "name", names(profile.to_numpy(), space.names))
    places, explained, axes = _map(space)
    return Clusters(
        members=members,
        groups=groups,
        profile=profile,
        search=search,
        criterion="silhouette" if method == "k-means" else "BIC",
        places=pd.DataFrame(places, table.index, ["x", "y"]),
        explained=explained,
        axes=axes,
        stability=stability,
        sentences=(_said_number(search, method, number, stability), _said_stability(stability)),
    )


def _map(space: Scaled) -> tuple[NDArray[np.float64], tuple[float, float], tuple[str, str]]:
    """The two directions in which customers differ most (principal components), in names of what grows along them."""
    centred = space.values - space.values.mean(axis=0)
    spread, directions = np.linalg.eigh(centred.T @ centred)
    two = directions[:, ::-1][:, :2]
    two = two * np.sign(two[np.abs(two).argmax(axis=0), np.arange(2)])
    shares = spread[::-1][:2] / spread.sum()
    first, second = (_axis(direction, space.names) for direction in two.T)
    return centred @ two, (float(shares[0]), float(shares[1])), (first, second)


def _axis(direction: NDArray[np.float64], traits: tuple[str, ...]) -> str:
    largest = np.argsort(-np.abs(direction), kind="stable")[:PART_OF_AXIS]
    words = [
        f"{'more' if direction[place] > 0 else 'less'} {LABELS.get(traits[place], traits[place])}"
        for place in largest
    ]
    return " and ".join(words)


def _said_number(search: pd.DataFrame, method: Method, number: int, stability: float) -> str:
    best = _best(search, method)
    if method == "mixture":
        more = " More groups than 10 might fit better still." if best == NUMBERS[-1] else ""
        sentence = f"{count(best, 'group')} describe the customers best for their number (lowest BIC).{more}"
        return sentence if best == number else f"You asked for {number} groups. {sentence}"
    scores = dict(zip(search["number"], search["score"], strict=True))
    asked = f"You asked for {number} groups (silhouette {scores[number]:.2f}). " if best != number else ""
    clear = (
        "they stand clearly apart"
        if scores[best] >= STRUCTURE and stability >= SHAKY
        else "a few unusual customers stand apart"
        if scores[best] >= STRUCTURE
        else "customers change gradually from one group to the next, so the borders are a choice"
    )
    return (
        f"{asked}{count(best, 'group')} part the customers best: silhouette {scores[best]:.2f} of 1; {clear}."
    )


def _said_stability(stability: float) -> str:
    said = f"agreement {max(stability, 0):.2f} of 1 over {REPEATS} repeated samples"
    if stability >= STEADY:
        return f"The groups are stable: other customers of this shop would give the same ones ({said})."
    if stability >= SHAKY:
        return f"The groups are fairly stable: most customers would be grouped the same way again ({said})."
    return f"This grouping is unstable: another sample of customers would give other groups ({said})."
