"""The shop that the benchmarks of the ad service ask: 100,000 customers, 10,000 items with an ad each, two models."""

import shutil
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reco_lab.core.ads import Ad, Billing
from reco_lab.core.dataset import Dataset
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.core.recommender import recommender
from reco_lab.services.data import save_dataset
from reco_lab.services.keys import make_key
from reco_lab.services.publishing import Plan
from reco_lab.store.bookings import Bookings
from reco_lab.testing.serving import publish_chain, publish_plan
from reco_lab.workspace import Workspace

NAME = "a-large-shop"
CUSTOMERS, ITEMS, ROWS = 100_000, 10_000, 2_000_000
CATEGORIES, ADVERTISERS, TASTES = 50, 300, 20
REGIONS = ("north", "east", "south", "west")
SLOTS = ("home", "search", "item", "cart", "newsletter")
KINDS = ("view", "cart", "purchase")
MODELS: Mapping[str, Mapping[str, Any]] = {
    "item_knn": {"algorithm": "item_knn", "neighbours": 100},
    "ials": {"algorithm": "ials", "factors": 64, "iterations": 5},
}
MADE = "plans.txt"


def made_shop(home: Path, scale: float = 1.0) -> dict[str, Plan]:
    """The plans of the models by name; the shop is made and trained the first time."""
    kept = home / MADE
    if not kept.exists():
        shutil.rmtree(home, ignore_errors=True)
        begun = time.perf_counter()
        with closing(Workspace.open(home)) as workspace:
            plans = _made(workspace, scale)
        kept.write_text(
            "\n".join(f"{name} {plan.model_dump_json()}" for name, plan in plans.items()), "utf-8"
        )
        print(f"made the shop in {time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)
    lines = (line.partition(" ") for line in kept.read_text("utf-8").splitlines())
    return {name: Plan.model_validate_json(plan) for name, _, plan in lines}


def copied(home: Path, to: Path, plan: Plan, key_name: str = "load") -> str:
    """A copy of the shop in another folder that serves this plan, with an empty log; a key for it."""
    shutil.copytree(home, to, ignore=shutil.ignore_patterns("events*", MADE))
    with closing(Workspace.open(to)) as workspace:
        publish_plan(workspace, plan)
        return make_key(workspace, key_name, ["admin"], who="the benchmark")[0]


def moved(home: Path, to: Path, plan: Plan) -> str:
    """The shop with its tables on the server that the environment names, its files in another folder; a key for it."""
    with closing(Workspace.open(to)) as workspace:
        shutil.copytree(home / "artefacts", to / "artefacts", dirs_exist_ok=True)
        scale = int(plan.dataset.rpartition("-")[2]) / CUSTOMERS
        save_dataset(workspace, shop(scale))
        Bookings(workspace.store.database, workspace.clock).book(ads(scale))
        publish_plan(workspace, plan)
        return make_key(workspace, "load", ["admin"], who="the benchmark")[0]


def _made(workspace: Workspace, scale: float) -> dict[str, Plan]:
    data = shop(scale)
    save_dataset(workspace, data)
    Bookings(workspace.store.database, workspace.clock).book(ads(scale))
    return {
        name: Plan.model_validate(publish_chain(workspace, data, recommender(spec), name).spec)
        for name, spec in MODELS.items()
    }


def shop(scale: float = 1.0) -> Dataset:
    """Customers of 20 tastes over items of 50 categories, both by laws of few large and many small."""
    customers, items, rows = (int(scale * count) for count in (CUSTOMERS, ITEMS, ROWS))
    rng = np.random.default_rng(0)
    activity = rng.pareto(1.2, customers) + 0.2
    users = np.concatenate(
        (np.arange(customers), rng.choice(customers, rows - customers, p=activity / activity.sum()))
    )
    liked = np.minimum(
        (items * rng.random(rows) ** 2.2).astype(np.int64), items - 1
    )  # the more liked, the lower
    mine = rng.random(rows) < 0.6
    codes = np.where(mine, liked // TASTES * TASTES + users % TASTES, liked) % items
    frame = pd.DataFrame(
        {
            "user": np.char.mod("u%06d", users),
            "item": np.char.mod("i%05d", codes),
            "kind": np.array(KINDS)[rng.choice(3, rows, p=(0.8, 0.1, 0.1))],
            "time": np.datetime64("2025-11-01", "us")
            + rng.integers(0, 180 * 86_400, rows) * np.timedelta64(1_000_000, "us"),
        }
    )
    log = Interactions.from_frame(frame, ColumnMap("user", "item", time="time", kind="kind"))
    people = pd.DataFrame(
        {"region": np.array(REGIONS)[rng.integers(len(REGIONS), size=customers)]},
        index=pd.Index([f"u{code:06d}" for code in range(customers)]),
    )
    things = pd.DataFrame(
        {
            "title": [f"Item {code}" for code in range(items)],
            "category": [f"category {code % CATEGORIES}" for code in range(items)],
        },
        index=pd.Index([f"i{code:05d}" for code in range(items)]),
    )
    return Dataset.join(f"{NAME}-{customers}", log, people, things)


def ads(scale: float = 1.0) -> list[Ad]:
    """An ad for each item: some for a slot or a region only, some with budgets and caps; ten of the house."""
    rng = np.random.default_rng(1)
    count = int(scale * ITEMS)
    chance = rng.random((count, 6))
    bids = np.round(np.minimum(rng.lognormal(-1.5, 0.7, count), 5.0), 2) + 0.01
    booked = [
        Ad(
            id=f"ad-{code:05d}",
            title=f"Now for you: item {code}",
            link=f"https://shop.example/items/{code}",
            advertiser=f"advertiser {code % ADVERTISERS}",
            item=f"i{code:05d}",
            bid=float(bids[code]),
            billing=Billing.decision if chance[code, 0] < 0.2 else Billing.click,
            slots=(SLOTS[code % len(SLOTS)],) if chance[code, 1] < 0.3 else (),
            attributes={"region": (REGIONS[code % len(REGIONS)],)} if chance[code, 2] < 0.2 else {},
            daily_budget=float(200 * bids[code]) if chance[code, 3] < 0.4 else None,
            total_budget=float(20_000 * bids[code]) if chance[code, 4] < 0.2 else None,
            cap_per_day=3 if chance[code, 5] < 0.3 else None,
        )
        for code in range(count)
    ]
    house = [Ad(id=f"house-{code}", title="Visit our shop", link="/", house=True) for code in range(10)]
    return booked + house
