from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from reco_lab.algorithms._sequences import Fade, Fading
from reco_lab.core.dataset import Dataset
from reco_lab.core.interactions import Interactions
from reco_lab.core.parameters import tunable
from reco_lab.core.recommender import FitContext, Info, Need, Recommender, Scorer, State


class Markov(Recommender):
    """Recommends what followed the items of the history in other customers' histories, the latest items most.

    A transition counts 1 between neighbours and `decay` less for each entry in between, within `reach`;
    entries of one moment follow one another both ways. The chance of an item after another is the share of
    its transitions, drawn towards popularity as if `shrink` transitions had gone by that alone.
    """

    info: ClassVar[Info] = Info(
        label="Markov chain",
        family="sequence",
        summary=(
            '"What do customers look at next?": counts which item follows which in time and recommends what '
            "usually comes after the last few things the customer did. Strong where order matters (series, "
            "refills, accessories after the device), blind to tastes that last."
        ),
        paper="Rendle, Freudenthaler, Schmidt-Thieme: Factorizing Personalized Markov Chains, WWW 2010 (its unfactorised chain)",
        needs=(Need.times,),
    )
    decay: float = tunable(
        0.97, 0.0, 1.0, help="What is left of an entry's weight with each later one; 0: only the last counts"
    )
    reach: int = tunable(20, 1, 50, log=True, help="How many entries later an item still counts as following")
    shrink: float = tunable(
        10.0, 0.0, 1000.0, help="How strongly what followed only a few times is drawn towards popularity"
    )

    def fit(self, data: Dataset, ctx: FitContext) -> Scorer:
        """Count transitions within each customer's history."""
        self.require(data)
        ctx.report(0.0, "started")
        log = data.interactions
        counts: Any = followed(log, 1)
        for step in range(2, self.reach + 1):
            if self.decay:
                counts = counts + self.decay ** (step - 1) * followed(log, step)
            ctx.report(0.9 * step / self.reach, f"step {step} of {self.reach}")
        totals = np.asarray(counts.sum(axis=1)).ravel() + self.shrink
        scale = 1 / np.where(totals > 0, totals, 1)
        weights = sparse.csr_matrix(sparse.diags(scale) @ counts, dtype=np.float32)
        popularity = log.item_counts / log.item_counts.sum()
        ctx.report(1.0, "counted")
        fade = Fade("places", self.decay)
        return Fading(weights, fade, (scale * self.shrink).astype(np.float32), popularity.astype(np.float32))

    def restore(self, state: State) -> Scorer:
        """The scorer with this state."""
        return Fading.from_state(state)


def followed(log: Interactions, step: int) -> sparse.csr_matrix:
    """How often each item came this many entries after each other: float64 items x items."""
    ahead, behind = slice(None, -step), slice(step, None)
    same = log.users[ahead] == log.users[behind]
    first, then = log.items[ahead][same], log.items[behind][same]
    at_once: NDArray[np.bool_] = (
        np.zeros(len(first), np.bool_)
        if log.times is None
        else np.asarray(log.times[ahead][same] == log.times[behind][same])
    )
    rows, columns = np.concatenate((first, then[at_once])), np.concatenate((then, first[at_once]))
    shape = (log.n_items, log.n_items)
    return sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=shape)
