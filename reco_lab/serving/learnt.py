"""What policies have learnt by now, put in place as one reference while answers go on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from reco_lab.core.learner import Learner
from reco_lab.core.memory import Memory, Vocabulary
from reco_lab.core.policy import Policy
from reco_lab.serving.booked import Booked


@dataclass(frozen=True, eq=False)
class Learnt:
    """The memory of each learner in use, under the name it is remembered by."""

    memories: Mapping[str, Memory] = field(default_factory=dict)

    def of(self, policy: Policy) -> Memory | None:
        """What a policy has learnt; None for one that does not learn, or has not begun."""
        return self.memories.get(policy.remembered_as) if isinstance(policy, Learner) else None


NOTHING_LEARNT = Learnt()


@lru_cache(8)
def rows_of(vocabulary: Vocabulary, booked: Booked) -> NDArray[np.intp]:
    """The row of each booked ad in a memory."""
    return vocabulary.rows(booked.ids)
