"""The state of the global generators, numpy's and Python's, which nothing may touch."""

import random
from typing import Any

import numpy as np


def global_state() -> tuple[Any, ...]:
    """What must be the same before and after."""
    name, keys, *rest = np.random.get_state(legacy=True)  # noqa: NPY002 - the very thing that must not be used
    return (name, np.asarray(keys).tobytes(), *rest, random.getstate())
