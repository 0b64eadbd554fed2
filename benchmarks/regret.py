"""What policies lose while they learn: python benchmarks/regret.py [--steps 20000] [--seeds 2] [--out build/benchmarks]

A place of a simulated shop is filled for one customer after the other; the true chance of every click is known. Twice:
where all customers are alike, and where each likes other things. Beside the table: does the regret of what learns grow
slower than time, is chance the worst, and does a floor cost what it must?
"""

import argparse
import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from reco_lab.charts.document import markup  # noqa: E402 - the line above lets the checkout be found
from reco_lab.charts.lines import lines  # noqa: E402 - likewise
from reco_lab.charts.theme import LIGHT  # noqa: E402 - likewise
from reco_lab.core.learner import Learner  # noqa: E402 - likewise
from reco_lab.core.policy import Policy, policies  # noqa: E402 - likewise
from reco_lab.policies.thompson import Thompson  # noqa: E402 - likewise
from reco_lab.testing.regret import Contest, exponent  # noqa: E402 - likewise

FLOOR, PRACTICE = 0.1, 500_000
POINTS = 21


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("build/benchmarks"))
    wanted = parser.parse_args()
    wanted.out.mkdir(parents=True, exist_ok=True)
    print(
        f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors; {wanted.steps:,} steps, {wanted.seeds} seeds"
    )
    personal = Contest.of()
    drawn = [
        compare(title, contest, wanted.steps, wanted.seeds)
        for title, contest in (
            ("all customers alike", personal.alike()),
            ("each likes other things", personal),
        )
    ]
    floor(personal.alike(), wanted.steps // 4, 4 * wanted.seeds)
    curves = pd.concat(drawn)
    curves.to_csv(wanted.out / "regret.csv", index=False)
    charts = [
        lines(
            part.assign(low=np.nan, high=np.nan),
            x_axis=f"Places, {title}",
            y_axis="Clicks lost",
            palette=LIGHT,
        )
        for title, part in curves.groupby("contest", sort=False)
    ]
    (wanted.out / "regret.html").write_text(markup(charts), "utf-8")


def specimens() -> dict[str, Policy]:
    """Every policy as it comes, and the learners without a floor: only these may leave off exploring."""
    found = {name: kind() for name, kind in policies().items()}
    bare = {
        f"{name}, no floor": one.model_copy(update={"floor": 0.0})
        for name, one in found.items()
        if isinstance(one, Learner)
    }
    return found | bare


def compare(title: str, contest: Contest, steps: int, seeds: int) -> pd.DataFrame:
    """The table of one contest; the curves of its policies."""
    print(
        f"\n{title}: a place filled evenly by chance loses {1000 * contest.mean_gap:.1f} clicks of 1,000 places\n"
    )
    print(f"| {'policy':<25} | clicks lost | a 1,000 places at the end | grows with time to the power |")
    print("| --- | ---: | ---: | ---: |")
    curves = {
        name: np.mean([contest.regret(one, steps, seed) for seed in range(seeds)], axis=0)
        for name, one in specimens().items()
    }
    for name, lost in sorted(curves.items(), key=lambda one: one[1][-1]):
        late = 1000 * (lost[-1] - lost[3 * steps // 4]) / (steps / 4)
        print(f"| {name:<25} | {lost[-1]:,.0f} | {late:.1f} | {exponent(lost):.2f} |", flush=True)
    at = np.linspace(0, steps - 1, POINTS).astype(int)
    return pd.concat(
        pd.DataFrame({"contest": title, "name": name, "step": at + 1, "value": lost[at]})
        for name, lost in curves.items()
    )


def floor(contest: Contest, steps: int, seeds: int) -> None:
    """What a floor costs a learner that knows the best: its share of the places times what chance loses."""
    lost = np.array(
        [
            contest.regret(Thompson(floor=FLOOR), steps, seed, practice=PRACTICE)[-1]
            - contest.regret(Thompson(floor=0.0), steps, seed, practice=PRACTICE)[-1]
            for seed in range(seeds)
        ]
    )
    extra, error = 1000 * lost.mean() / steps, 1000 * lost.std(ddof=1) / np.sqrt(seeds) / steps
    stated = 1000 * FLOOR * contest.mean_gap
    met = abs(extra - stated) <= 3 * error
    print(
        f"\na floor of {FLOOR:.0%} of the places: {stated:.2f} clicks of 1,000 places stated, "
        f"{extra:.2f} ± {error:.2f} measured: {'met' if met else 'NOT met'}"
    )


if __name__ == "__main__":
    main()
