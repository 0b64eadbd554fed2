from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack
from threadpoolctl import threadpool_limits

from reco_lab.algorithms._memory import free_bytes, require_memory
from reco_lab.algorithms._pairs import together
from reco_lab.algorithms._shapes import ItemToItem
from reco_lab.core.dataset import Dataset
from reco_lab.core.parameters import tunable
from reco_lab.core.recommender import FitContext, Info, Recommender, Scorer, State

BYTES_AN_ENTRY = 3 * 8
LARGEST_RESIDUAL = 1e-3


class Ease(Recommender):
    """Recommends by the linear item-to-item model that best rebuilds each history from its other items.

    With G = X'X + l2 I and P = G^-1 the weights are B = I - P / diag(P), zero on the diagonal. P comes from
    a Cholesky factor in float32 whose residual is checked, in float64 where that is not enough.
    """

    info: ClassVar[Info] = Info(
        label="EASE",
        family="linear",
        summary=(
            "Learns for every pair of items how much having one speaks for or against the other, all pairs at "
            "once and in closed form. Often the best of all on purchases and clicks, with one knob to turn; its "
            "table grows with the square of the catalogue."
        ),
        paper="Steck: Embarrassingly Shallow Autoencoders for Sparse Data, WWW 2019",
    )
    cost: ClassVar[tuple[str, ...]] = ("once", "item pairs", "items squared", "items cubed")
    l2: float = tunable(500.0, 0.01, 100_000.0, log=True, help="How strongly weights are held near zero")

    def fit(self, data: Dataset, ctx: FitContext) -> Scorer:
        """Invert the items x items matrix; raises NeedsError where it would not fit in memory."""
        self.require(data)
        require_memory(self.info.label, BYTES_AN_ENTRY, data.interactions.n_items, free_bytes())
        with threadpool_limits(ctx.threads):
            counts = together(data.interactions.matrix, ctx.threads)
            ctx.report(0.3, "items counted")
            inverse = inverted(counts, self.l2, ctx.rng())
        inverse /= -np.diag(inverse)
        np.fill_diagonal(inverse, 0)
        ctx.report(1.0, "solved")
        return ItemToItem(np.ascontiguousarray(inverse, np.float32))

    def restore(self, state: State) -> Scorer:
        """The scorer with this state."""
        return ItemToItem.from_state(state)


def inverted(counts: NDArray[np.float32], l2: float, rng: np.random.Generator) -> NDArray[Any]:
    """The inverse of X'X + l2 I: float32 where it proves exact enough on random vectors, else float64."""
    gram = _ridge(counts, np.float32(l2))
    inverse = _cholesky_inverse(gram)
    if inverse is not None:
        probe = rng.standard_normal((len(gram), 4)).astype(np.float32)
        residual = gram @ (inverse @ probe) - probe
        if np.abs(residual).max() <= LARGEST_RESIDUAL:
            return inverse
    return np.linalg.inv(_ridge(counts, np.float64(l2)))


def _ridge(counts: NDArray[np.float32], l2: np.floating[Any]) -> NDArray[Any]:
    gram = counts.astype(l2.dtype)
    gram.flat[:: len(gram) + 1] += l2
    return gram


def _cholesky_inverse(gram: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """The inverse in float32, or None where the matrix is not positive definite to that precision."""
    lower, failed = lapack.spotrf(gram.T, lower=1)
    if failed:
        return None
    inverse, failed = lapack.spotri(lower, lower=1, overwrite_c=1)
    if failed:
        return None
    whole = inverse + inverse.T
    whole.flat[:: len(whole) + 1] /= 2
    return np.asarray(whole, np.float32)
