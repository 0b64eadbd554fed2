"""The interval of a share, also of a small one, and of one that is the same for all pairs of a customer."""

import numpy as np
from numpy.typing import NDArray

Z = 1.959963984540054  # the normal's quantile for 95 %, two-sided


def wilson(share: float, worth: float) -> tuple[float, float]:
    """Wilson's 95 % interval of a share that is worth so many independent tries (Journal of the ASA, 1927).

    It has a width at 0 and 1 too, where an interval made of the spread alone has none.
    """
    middle = (share + Z**2 / (2 * worth)) / (1 + Z**2 / worth)
    half = Z * np.sqrt(share * (1 - share) / worth + Z**2 / (4 * worth**2)) / (1 + Z**2 / worth)
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def worth_of(share: float, variance: float, most: float) -> float:
    """How many independent tries a share of this variance is worth, `most` at most (L. Kish, Survey Sampling, 1965)."""
    alone = share * (1 - share)
    return min(alone / variance, most) if variance > 0 and alone > 0 else most


def by_owner(yes: NDArray[np.float64], tries: NDArray[np.float64]) -> tuple[float, float]:
    """The share of all tries that were a yes, and its variance, with their owners (each with a try) as the units.

    What one owner does hangs together: the variance is that of a ratio of two sums. It is 0 for one owner alone.
    """
    n, total = len(tries), float(tries.sum())
    share = float(yes.sum()) / total
    rest = float(((yes - share * tries) ** 2).sum())
    return share, n / max(n - 1, 1) * rest / total**2
