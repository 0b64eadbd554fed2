"""A simple model of rewards that never saw the customer it speaks of: ridge regression, cross-fitted over customers.

Cross-fitting keeps the doubly robust estimator honest (V. Chernozhukov et al., Double/debiased machine learning,
Econometrics Journal 2018).
"""

import numpy as np
from scipy import sparse

from reco_lab.experiments.logged import Codes, Floats, Modelled

FOLDS = 5
STEADY = 20.0
MOST_TRAITS = 2000


def cross_fitted(
    reward: Floats,
    customers: Codes,
    done: sparse.csr_array,
    expected: sparse.csr_array,
    group: Codes | None = None,
) -> Modelled:
    """Predict every row by the rows of other customers.

    `done` describes what was done (rows x traits), `expected` the mean of what the target would do, a row each or a
    row for each `group` that rows belong to. Each trait counts as if `STEADY` rows of the mean reward had been seen,
    so that a rare ad is thought to be like the others.
    """
    fold = customers % FOLDS
    parts = [done[fold == one] for one in range(FOLDS)]
    squares = [(part.T @ part).toarray() for part in parts]
    found = Modelled(np.empty(len(reward)), np.empty(len(reward)))
    place = np.arange(len(reward)) if group is None else group
    for one in range(FOLDS):
        mine, others = fold == one, fold != one
        if not mine.any():
            continue
        level = float(reward[others].mean()) if others.any() else 0.0
        rest = sum(square for other, square in enumerate(squares) if other != one)
        steadied = rest + STEADY * np.eye(done.shape[1])
        slopes = np.linalg.solve(steadied, done[others].T @ (reward[others] - level))
        found.done[mine] = level + parts[one] @ slopes
        found.expected[mine] = level + (expected @ slopes)[place[mine]]
    return found
