"""One word, several quantities: the same lists scored as each library defines it."""

from dataclasses import dataclass

from reco_lab.core.evaluation import Evaluation, metric


@dataclass(frozen=True)
class Definition:
    """How a quantity is defined, whose definition that is, and which of our metrics computes it."""

    quantity: str
    words: str
    whose: str
    metric: str


DEFINITIONS = (
    Definition("precision", "hits / k", "RecBole, LensKit, RePlay, RecTools", "precision"),
    Definition(
        "precision", "sum of hits / sum of min(k, test items), pooled", "implicit", "precision_pooled"
    ),
    Definition("recall", "hits / test items", "RecBole, RePlay, RecTools", "recall"),
    Definition(
        "recall", "hits / min(k, test items)", "Liang, Steck and Rendle's protocol, LensKit", "recall_capped"
    ),
    Definition(
        "nDCG", "ideal of min(k, test items) hits", "RecBole, LensKit, Cornac, RePlay, implicit", "ndcg"
    ),
    Definition("nDCG", "ideal of k hits always", "RecTools by default", "ndcg_full_list"),
    Definition("nDCG", "ideal of all test items", "Ferrari Dacrema et al.", "ndcg_untruncated"),
    Definition(
        "MAP",
        "precision at the hits, summed, / min(k, test items)",
        "implicit, RecBole, RePlay, LensKit",
        "map",
    ),
    Definition(
        "MAP",
        "precision at the hits, summed, / test items",
        "RecTools by default, irspack, Microsoft Recommenders",
        "map_by_relevant",
    ),
    Definition("MAP", "precision at the hits, summed, / k", "RecTools with divide_by_k", "map_by_k"),
    Definition("MAP", "mean of precision@1 ... precision@k, hit or not", "Elliot", "map_all_places"),
)


@dataclass(frozen=True)
class Reading:
    """What one definition says of some lists."""

    definition: Definition
    value: float


def readings(evaluation: Evaluation, k: int) -> tuple[Reading, ...]:
    """Score the same lists by every definition, those of one quantity together."""
    return tuple(Reading(one, metric(one.metric).measure(evaluation, k).value) for one in DEFINITIONS)
