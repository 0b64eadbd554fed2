"""The compiled loops of serving."""

from functools import cache
from types import ModuleType


@cache
def loops() -> ModuleType:
    """The module of them: loaded by the first answer, and not looked up again by each as an import would be."""
    from reco_lab.serving._kernels import relevance

    return relevance
