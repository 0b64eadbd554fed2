"""What is measured, by whom, and what is to be reached: read by side_by_side.py."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Work:
    """One kind of work: the engines that do it, and at most how much of a peer's time it should take ours.

    The target is about `peer`, or about the quickest where none is named. `least` is the nDCG@10 that ours
    has to reach besides being no worse than the peer.
    """

    engines: tuple[str, ...]
    target: float | None = None
    peer: str | None = None
    least: float = 0.0


WORKS = {
    "most_popular": Work(("ours", "rectools")),
    "item_knn": Work(("ours", "implicit", "rectools"), 0.9, "implicit", 0.365),
    "ease": Work(("ours", "rectools", "lenskit"), 1 / 3.5, "rectools", 0.4348),
    "slim": Work(("ours", "lenskit"), 0.5),
    "pure_svd": Work(("ours", "rectools"), 0.8),
    "ials_64": Work(("ours", "implicit", "rectools"), 0.7),
    "ials_256": Work(("ours", "implicit", "rectools"), 0.7),
    "bpr": Work(("ours", "cornac", "rectools"), 0.2, "cornac", 0.36),
    "rp3beta": Work(("ours",)),
    "user_knn": Work(("ours",)),
    "nmf": Work(("ours",)),
    "svd_ratings": Work(("ours", "surprise"), 0.1),
    "metrics": Work(("ours", "rectools", "recbole"), 0.5, "recbole"),
}
NOT_LISTS = ("svd_ratings", "metrics")
SEVEN = ("most_popular", "item_knn", "pure_svd", "ease", "ials_64", "ials_256", "bpr")
SEVEN_TARGET = 1 / 2.5
RANK_SECONDS = 0.3
RMSE_SLACK = 0.002
