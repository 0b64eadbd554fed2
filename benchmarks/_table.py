"""What side_by_side.py prints: every figure, and for each kind of work ours against the peer it is about."""

from statistics import median
from typing import Any

from _works import NOT_LISTS, RANK_SECONDS, RMSE_SLACK, SEVEN, SEVEN_TARGET, WORKS

Measured = dict[str, float]
Results = dict[tuple[str, str], list[Measured]]
Figures = dict[tuple[str, str], Measured]

PARTS = ("fit", "rank", "metrics")
HEADER = ("work", "engine", *(f"{part} s" for part in PARTS), "sum s", "CPU s", "peak MB", "nDCG or RMSE")
TARGETS = ("work", "peer", "wall", "best wall", "CPU", "target", "met by", "quality: ours, peer")


def report(results: Results) -> None:
    figures = {key: middle(runs) for key, runs in results.items()}
    line(*HEADER)
    for (work, engine), found in figures.items():
        parts = [number(found.get(name)) for name in (*PARTS, "sum", "sum_cpu")]
        line(work, engine, *parts, f"{found['peak_mb']:.0f}", f"{found['quality']:.4f}")
    print(
        "\nours as a share of the peer's time (wall and CPU: of medians; best wall: of the quickest rounds)"
    )
    line(*TARGETS)
    for work in dict.fromkeys(work for work, _ in figures):
        compare(work, figures)
    seven(figures)
    ranking(figures)


def middle(runs: list[Measured]) -> Measured:
    """The median of each figure and of their sums, and the best sum: what the least disturbed round took."""
    figures = {name: median(run[name] for run in runs) for name in runs[0]}
    for kind in ("", "_cpu"):
        sums = [sum(run.get(f"{part}{kind}", 0.0) for part in PARTS) for run in runs]
        figures[f"sum{kind}"], figures[f"best{kind}"] = median(sums), min(sums)
    return figures


def compare(work: str, figures: Figures) -> None:
    peers = {engine: found for (name, engine), found in figures.items() if name == work and engine != "ours"}
    ours, target = figures.get((work, "ours")), WORKS[work].target
    if ours is None or not peers:
        return
    chosen = WORKS[work].peer
    peer = chosen if chosen in peers else min(peers, key=lambda engine: peers[engine]["best"])
    as_good = no_worse(work, ours["quality"], peers[peer]["quality"])
    quality = f"{ours['quality']:.4f}, {peers[peer]['quality']:.4f}" + ("" if as_good else " (worse)")
    verdict(work, peer, ours, peers[peer], target, as_good=as_good, quality=quality)


def no_worse(work: str, ours: float, peer: float) -> bool:
    if work == "svd_ratings":
        return ours <= peer + RMSE_SLACK
    return round(ours, 4) >= max(round(peer, 4), WORKS[work].least)


def seven(figures: Figures) -> None:
    """The sum over the seven of fit, ranking and metrics, each library by itself."""
    wanted = [(work, engine) for work in (*SEVEN, "metrics") for engine in ("ours", "rectools")]
    if not all(key in figures for key in wanted):
        return
    sums = {
        engine: {
            name: sum(figures[work, engine][name] for work in SEVEN) + 7 * figures["metrics", engine][name]
            for name in ("sum", "best", "sum_cpu")
        }
        for engine in ("ours", "rectools")
    }
    as_good = all(no_worse(work, *(figures[work, engine]["quality"] for engine in sums)) for work in SEVEN)
    quality = f"{sums['ours']['sum']:.1f} s, {sums['rectools']['sum']:.1f} s"
    verdict("the seven", "rectools", *sums.values(), SEVEN_TARGET, as_good=as_good, quality=quality)


def ranking(figures: Figures) -> None:
    ranked = {
        work: found["rank"]
        for (work, engine), found in figures.items()
        if engine == "ours" and work not in NOT_LISTS
    }
    print(f"\nranking all customers, ours, at most {RANK_SECONDS} s")
    for work, seconds in ranked.items():
        line(work, number(seconds), "yes" if seconds <= RANK_SECONDS else "no")


def verdict(
    work: str,
    peer: str,
    ours: Measured,
    other: Measured,
    target: float | None,
    *,
    as_good: bool,
    quality: str,
) -> None:
    ratios = {
        "wall": ours["sum"] / other["sum"],
        "best wall": ours["best"] / other["best"],
        "CPU": ours["sum_cpu"] / other["sum_cpu"],
    }
    within = [name for name, ratio in ratios.items() if target is not None and ratio <= target and as_good]
    met = "" if target is None else "all" if len(within) == len(ratios) else ", ".join(within) or "none"
    line(work, peer, *map(number, ratios.values()), number(target), met, quality)


def number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def line(*cells: Any) -> None:
    print("  ".join(f"{cell:<14}" for cell in cells).rstrip(), flush=True)
