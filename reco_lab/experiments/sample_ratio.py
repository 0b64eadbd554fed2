"""Does each arm get the share of the customers it should? Asked at every look, and wrong once in a hundred at most.

M. Lindon and A. Malek, Anytime-valid inference for multinomial count data (NeurIPS 2022): the likelihood of the counts
under shares drawn around the planned ones, by that under the planned ones. Where these are true the ratio is a
martingale that starts at 1, so it passes 100 at any look with a chance of 1 in 100 at most (J. Ville, 1939).
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

Floats = NDArray[np.float64]
SUSPICIOUS = 0.01
CONCENTRATION = 1000.0  # quickest to see shares that are off by one or two points


def sample_ratio(counts: NDArray[np.int64], shares: Floats) -> Floats:
    """The smallest p value up to each look, of the customers in each arm (... x looks x arms) against their shares."""
    prior = CONCENTRATION * shares
    seen = counts + prior
    drawn = gammaln(seen).sum(axis=-1) - gammaln(seen.sum(axis=-1))
    start = gammaln(prior).sum() - gammaln(prior.sum())
    planned = (counts * np.log(shares)).sum(axis=-1)
    p: Floats = np.exp(np.minimum(planned + start - drawn, 0.0))
    return np.minimum.accumulate(p, axis=-1)
