"""A small causal transformer as plain arrays: what it makes of a history, in numpy alone."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.batch import UserBatch
from reco_lab.core.ranking import blocks
from reco_lab.core.recommender import Codes, Scorer, Scores, State

Numbers = NDArray[np.float32]
Weights = Mapping[str, Numbers]
SPREAD, TINY = 0.02, 1e-6


def drawn(n_items: int, factors: int, longest: int, layers: int, rng: np.random.Generator) -> Weights:
    """The arrays before anything is learnt: small random numbers, biases of zero, one row a layer.

    `items` and `places` hold a vector each; `look` makes queries, keys and values, `gather` takes what was found,
    `widen` and `narrow` are the two steps that follow.
    """
    sides = {"look": 3 * factors, "gather": factors, "widen": factors, "narrow": factors}
    shapes: dict[str, tuple[int, ...]] = {"items": (n_items, factors), "places": (longest, factors)}
    shapes |= {name: (layers, factors, side) for name, side in sides.items()}
    weights = {
        name: (SPREAD * rng.standard_normal(shape)).astype(np.float32) for name, shape in shapes.items()
    }
    return weights | {f"{name}_bias": np.zeros((layers, side), np.float32) for name, side in sides.items()}


class Attention(Scorer):
    """Scores are the items' vectors times what the network makes of the latest entries of a history.

    Each layer normalises, looks back from each place at those up to it (`heads` ways), adds what it found, and
    adds two steps of a small network; the last place after the last layer stands for the history.
    """

    folds_in = True

    def __init__(self, weights: Weights, heads: int) -> None:
        self.weights, self.heads = weights, heads
        self.n_items = len(weights["items"])

    def score(self, batch: UserBatch, items: Codes | None = None) -> Scores:
        """Customers x items, 0 where there is no history."""
        vectors = self.weights["items"]
        return np.asarray(self.summary(batch) @ (vectors if items is None else vectors[items]).T, np.float32)

    def summary(self, batch: UserBatch) -> Numbers:
        """A vector for each history, zeros for an empty one; those of a length together, in blocks of bounded memory."""
        longest, factors = self.weights["places"].shape
        recent = batch.latest(longest)
        vectors = np.zeros((len(batch), factors), np.float32)
        lengths = recent.lengths
        rows = np.argsort(lengths, kind="stable")[(lengths == 0).sum() :]
        most = int(lengths.max(initial=0))
        for start, stop in blocks(len(rows), most * (self.heads * most + 6 * factors)):
            some = rows[start:stop]
            vectors[some] = self._read(
                padded(recent.items, recent.indptr[some], lengths[some]), lengths[some]
            )
        return vectors

    def _read(self, items: NDArray[np.int32], lengths: NDArray[np.int64]) -> Numbers:
        factors, layers = self.weights["look"].shape[1], len(self.weights["look"])
        places, last = np.arange(items.shape[1])[None], lengths[:, None] - 1
        read = (self.weights["items"][items] + self.weights["places"][: items.shape[1]]) * np.float32(
            factors**0.5
        )
        for layer in range(layers):
            steps = {
                name: array[layer] for name, array in self.weights.items() if name not in {"items", "places"}
            }
            final = layer == layers - 1
            asking = np.take_along_axis(read, last[..., None], axis=1) if final else read
            found = self._look(
                steps, asking, read, hidden=places[:, None] > (last if final else places)[..., None]
            )
            asking = asking + found @ steps["gather"] + steps["gather_bias"]
            wide = np.maximum(_normal(asking) @ steps["widen"] + steps["widen_bias"], 0)
            read = asking + wide @ steps["narrow"] + steps["narrow_bias"]
        return np.asarray(_normal(read[:, 0]), np.float32)

    def _look(self, steps: Weights, asking: Numbers, read: Numbers, hidden: NDArray[np.bool_]) -> Numbers:
        """What each asking place finds at the places that are not hidden from it."""
        factors = asking.shape[2]
        seen = _normal(read) @ steps["look"][:, factors:] + steps["look_bias"][factors:]
        keys, values = (self._by_head(part) for part in np.split(seen, 2, axis=2))
        queries = self._by_head(_normal(asking) @ steps["look"][:, :factors] + steps["look_bias"][:factors])
        likeness = queries @ keys.swapaxes(2, 3) / np.float32((factors / self.heads) ** 0.5)
        likeness = np.where(hidden[:, None], -np.inf, likeness)
        likeness = np.exp(likeness - likeness.max(axis=3, keepdims=True))
        found = likeness / likeness.sum(axis=3, keepdims=True) @ values
        return np.asarray(found.swapaxes(1, 2).reshape(asking.shape), np.float32)

    def _by_head(self, vectors: Numbers) -> Numbers:
        return vectors.reshape(*vectors.shape[:2], self.heads, -1).swapaxes(1, 2)

    def state(self) -> State:
        """The arrays and the number of heads."""
        return State(self.weights, {"heads": self.heads})

    @classmethod
    def from_state(cls, state: State) -> Self:
        """The scorer with this state."""
        return cls(state.arrays, state.meta["heads"])


def padded(
    items: NDArray[np.int32], starts: NDArray[np.int64], lengths: NDArray[np.int64]
) -> NDArray[np.int32]:
    """The entries from each start on as rows, as long as the longest; what follows a shorter one means nothing."""
    places = starts[:, None] + np.arange(lengths.max(initial=0))
    return items[np.minimum(places, len(items) - 1)]


def _normal(vectors: Numbers) -> Any:
    centred = vectors - vectors.mean(axis=-1, keepdims=True)
    return centred / np.sqrt(np.square(centred).mean(axis=-1, keepdims=True) + np.float32(TINY))
