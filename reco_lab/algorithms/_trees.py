"""The one place that grows trees by scikit-learn: numbers in, plain arrays out that numpy evaluates."""

import base64
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float32]
FIELDS = ("feature", "bar", "left", "right", "value")


@dataclass(frozen=True, eq=False)
class Forest:
    """Trees whose values add up: float32 trees x nodes x 5.

    A node is a feature, the bar up to which one goes left, both ways on (to later nodes; a leaf leads to
    itself), and a leaf's value; the base is part of the first tree's leaves.
    """

    nodes: Numbers

    @classmethod
    def grow(
        cls,
        features: Numbers,
        wanted: NDArray[np.bool_],
        directions: Sequence[int],
        *,
        trees: int,
        leaves: int,
        learning_rate: float,
    ) -> Self:
        """Boosted trees that tell the wanted rows from the others, as log-odds: rows x features.

        More of a feature never lowers the log-odds where its direction is 1, never raises them where it is
        -1. The same rows give the same trees at any seed. Raises ValueError where all rows are alike wanted.
        """
        from sklearn.ensemble import HistGradientBoostingClassifier

        if wanted.all() or not wanted.any():
            raise ValueError("there is nothing to tell apart")
        model = HistGradientBoostingClassifier(
            max_iter=trees,
            max_leaf_nodes=leaves,
            learning_rate=learning_rate,
            monotonic_cst=list(directions),
            early_stopping=False,
            random_state=0,
        )
        model.fit(features, wanted)
        grown = [tree for (tree,) in model._predictors]  # noqa: SLF001 - what was grown has no public door
        width = max(len(tree.nodes) for tree in grown)
        base = float(model._baseline_prediction.ravel()[0])  # noqa: SLF001 - likewise
        tables = [_table(tree.nodes, width) for tree in grown]
        tables[0][:, 4] += np.float32(base)
        return cls(np.stack(tables))

    @property
    def width(self) -> int:
        """How many features it looks at, at least."""
        return 1 + int(self.nodes[:, :, 0].max())

    @property
    def sound(self) -> bool:
        """Whether there are trees, and every way in them leads to a later node or, in a leaf, to itself."""
        own = np.arange(self.nodes.shape[1])
        feature, ways = self.nodes[:, :, 0], self.nodes[:, :, 2:4]
        leaf = (ways == own[:, None]).all(axis=2)
        on = ((ways > own[:, None]) & (ways < len(own))).all(axis=2)
        return bool(self.nodes.size and (leaf | on).all() and (feature >= 0).all())

    @property
    def lowest(self) -> float:
        """No row can be worth less."""
        leaf = self.nodes[:, :, 2] == np.arange(self.nodes.shape[1])
        return float(np.where(leaf, self.nodes[:, :, 4], np.inf).min(axis=1).sum())

    def evaluate(self, features: Numbers) -> Numbers:
        """The sum of the leaves that each row of the features ends in."""
        from reco_lab.algorithms._kernels.trees import add_leaves

        total = np.zeros(len(features), np.float32)
        columns = np.require(features.T, np.float32, ["C", "W"])
        add_leaves(np.require(self.nodes, np.float32, ["C", "W"]), columns, total)
        return total

    def to_text(self) -> str:
        """The trees as a text that holds every digit."""
        packed = base64.b85encode(zlib.compress(self.nodes.astype("<f4").tobytes())).decode()
        return f"{self.nodes.shape[0]} {self.nodes.shape[1]} {packed}"

    @classmethod
    def from_text(cls, text: str) -> Self:
        """What `to_text` wrote; ValueError for anything else."""
        try:
            trees, width, packed = text.split(" ", 2)
            numbers = np.frombuffer(zlib.decompress(base64.b85decode(packed)), "<f4").astype(np.float32)
            found = cls(numbers.reshape(int(trees), int(width), len(FIELDS)))
        except (ValueError, zlib.error) as error:
            raise ValueError("this is no text of trees") from error
        if not found.sound:
            raise ValueError("this is no text of trees")
        return found


def _table(nodes: Any, width: int) -> Numbers:
    """A tree of scikit-learn's as rows of five numbers; what is left of the rows leads to itself."""
    own = np.arange(width, dtype=np.float32)
    table = np.stack([np.zeros(width), np.full(width, np.inf), own, own, np.zeros(width)], axis=1)
    leaf, count = nodes["is_leaf"].astype(bool), len(nodes)
    bars = nodes["num_threshold"].astype(np.float32)
    bars = np.where(bars > nodes["num_threshold"], np.nextafter(bars, np.float32(-np.inf)), bars)
    table[:count, 0] = np.where(leaf, 0, nodes["feature_idx"])
    table[:count, 1] = np.where(leaf, np.inf, bars)
    table[:count, 2] = np.where(leaf, own[:count], nodes["left"])
    table[:count, 3] = np.where(leaf, own[:count], nodes["right"])
    table[:count, 4] = np.where(leaf, nodes["value"], 0)
    return table.astype(np.float32)
