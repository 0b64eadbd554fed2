"""Does what-would-have-happened keep its promises? python benchmarks/off_policy.py [--repeats 4000] [--customers 1000]

A simulated shop whose true click chances are known. One policy serves and logs the chances it had; another is judged
by that log as the product judges it: how often does the 95 % interval hold what the judged policy truly earns, and how
often the difference to what was logged, by effective sample size; and how much is refused? Beside it how often the
textbook's interval, 1.96 standard errors to either side, would have held.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from reco_lab.experiments.estimators import RECOMMENDED  # noqa: E402 - the line above lets the checkout be found
from reco_lab.experiments.logged import Logged  # noqa: E402 - likewise
from reco_lab.experiments.off_policy import Interval, judge  # noqa: E402 - likewise
from reco_lab.experiments.significance import bootstrap_weights  # noqa: E402 - likewise
from reco_lab.simulation.spec import Shop  # noqa: E402 - likewise
from reco_lab.simulation.world import World  # noqa: E402 - likewise

Floats = NDArray[np.float64]
ANSWERS = 3.0
SHARED = 50
Z = 1.96
HELD = ["value", "difference", "by errors"]
BANDS = (0, 30, 100, 200, 400, 1000, np.inf)


@dataclass(frozen=True, eq=False)
class Bench:
    """Customers x ads: the true chance of a click, and the chances of each policy."""

    clicks: Floats
    serving: dict[str, Floats]
    judged: dict[str, Floats]

    @classmethod
    def build(cls, rate: float, seed: int = 3) -> "Bench":
        """A shop with 24 ads that are clicked so often on average; what policies believe of it is half wrong."""
        world = World.build(Shop(customers=2000, ads=24, seed=seed))
        clicks = world.ad_click_probability(np.flatnonzero(~world.people.robot))
        clicks *= rate / clicks.mean()
        rng = np.random.default_rng(seed)
        one, other = (np.log(clicks) + 0.7 * rng.standard_normal(clicks.shape) for _ in range(2))
        ads = clicks.shape[1]
        even = np.full(clicks.shape, 1 / ads)
        serving = {
            "evenly": even,
            "best, 30 % by chance": 0.7 * best(one) + 0.3 * even,
            "best, 10 % by chance": 0.9 * best(one) + 0.1 * even,
            "softmax, 10 % by chance": 0.9 * softmax(one, 0.5) + 0.1 * even,
            "softmax, 2 % by chance": 0.98 * softmax(one, 0.5) + 0.02 * even,
            "softmax, nothing by chance": softmax(one, 0.5),
        }
        judged = {
            "evenly": even,
            "best": best(one),
            "best otherwise": best(other),
            "softmax": softmax(other, 0.5),
        }
        return cls(clicks, serving, judged)


def best(scores: Floats) -> Floats:
    """All on the best ad of each customer."""
    found = np.zeros(scores.shape)
    found[np.arange(len(scores)), scores.argmax(axis=1)] = 1.0
    return found


def softmax(scores: Floats, temperature: float) -> Floats:
    """Chances in proportion to the exponential of scores."""
    raised = np.exp((scores - scores.max(axis=1, keepdims=True)) / temperature)
    return raised / raised.sum(axis=1, keepdims=True)


def log(bench: Bench, serving: Floats, judged: Floats, customers: int, rng: np.random.Generator) -> Logged:
    """Customers drawn from the shop, each with some answers."""
    who = rng.integers(0, len(serving), customers)
    codes = np.repeat(np.arange(customers), rng.geometric(1 / ANSWERS, customers))
    rows = who[codes]
    ads = np.minimum(
        (serving.cumsum(axis=1)[rows] < rng.random(len(rows))[:, None]).sum(axis=1), serving.shape[1] - 1
    )
    clicked = (rng.random(len(rows)) < bench.clicks[rows, ads]).astype(np.float64)
    return Logged(
        codes, clicked, serving[rows, ads], judged[rows, ads], np.full(len(rows), float(serving.shape[1]))
    )


def repeats(bench: Bench, number: int, customers: int, rng: np.random.Generator) -> pd.DataFrame:
    """Judge many logs of each pair of policies: a row each."""
    rows = []
    for served, serving in bench.serving.items():
        earned = float((serving * bench.clicks).sum(axis=1).mean())
        for name, judged in bench.judged.items():
            if serving is judged:
                continue
            truth = float((judged * bench.clicks).sum(axis=1).mean())
            for repeat in range(number):
                if repeat % SHARED == 0:
                    weights = np.concatenate(list(bootstrap_weights(customers, rng)))
                made = log(bench, serving, judged, customers, rng)
                found = judge(made, rng, only=(RECOMMENDED,), weights=weights)
                rows.append(
                    {
                        "served": served,
                        "judged": name,
                        "effective": found.support.effective,
                        "refused": bool(found.refusal),
                        "value": holds(found.best.value, truth),
                        "difference": holds(found.best.difference, truth - earned),
                        "by errors": abs(found.best.value.value - truth) <= Z * found.best.value.error,
                    }
                )
    return pd.DataFrame(rows)


def holds(one: Interval, truth: float) -> bool:
    """Whether an interval holds the truth."""
    return bool(one.low <= truth <= one.high)


def table(found: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """How much was judged, and how often that held."""
    held = found[~found["refused"]].groupby(by, observed=True)[HELD].mean()
    every = found.groupby(by, observed=True)["refused"].agg(repeats="size", refused="mean")
    return every.join(held)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=4000)
    parser.add_argument("--customers", type=int, default=1000)
    given = parser.parse_args()
    rng, parts = np.random.default_rng(11), []
    pairs = 23
    for rate in (0.05, 0.02):
        each = max(given.repeats // pairs, 1)
        parts.append(repeats(Bench.build(rate), each, given.customers, rng).assign(rate=rate))
    found = pd.concat(parts, ignore_index=True)
    found["effective sample"] = pd.cut(found["effective"], BANDS)
    share = dict.fromkeys(("refused", *HELD), "{:.1%}".format)
    print(
        f"{given.repeats} repeats at each click rate, {given.customers} customers with {ANSWERS:.0f} answers each"
    )
    print("\nby effective sample size\n" + table(found, ["effective sample"]).to_string(formatters=share))
    print("\nby policies\n" + table(found, ["rate", "served", "judged"]).to_string(formatters=share))
    judged = found[~found["refused"]]
    held = ", ".join(f"{name} {judged[name].mean():.1%}" for name in HELD)
    print(f"\n{len(judged):,} judged, of which held: {held}")


if __name__ == "__main__":
    main()
