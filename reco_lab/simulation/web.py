"""A simulated shop seen by web analytics: pages, cookies, visits and log-ins around what its customers did."""

import numpy as np
import pandas as pd

from reco_lab.core.interactions import Kind
from reco_lab.simulation.shop import SimulatedShop

SITE = "https://shop.example"
ROBOT = "Mozilla/5.0 (compatible; ExampleBot/2.1; +https://bot.example)"
PERSON = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"
EVENTS = {Kind.view: "view", Kind.cart: "cart", Kind.purchase: "purchase"}
PAUSE = np.timedelta64(30, "m")
COLUMNS = (
    "user", "visitor", "session", "time", "event", "page", "agent", "order", "item", "title", "category", "price",
)  # fmt: skip


def web_events(shop: SimulatedShop, rng: np.random.Generator) -> pd.DataFrame:
    """The events of a shop's website in order of time, with the columns `COLUMNS`; `event` is home, view, cart or purchase.

    Seven in ten customers have an account and log in as they put something into the cart: before, only their
    cookie is known. What is bought in one visit is one order. A robot opens every page in one night.
    """
    log = shop.log[shop.log["kind"].isin(list(EVENTS))].sort_values(["customer", "time"], ignore_index=True)
    log["event"] = log["kind"].map(EVENTS)
    new = (log["customer"].diff() != 0) | (log["time"].diff() > PAUSE)
    log["session"] = new.cumsum()
    people = len(shop.world.people)
    account, cookies = rng.random(people) < 0.7, rng.integers(10**9, 10**10, people)
    inside = (log["event"] != "view").groupby(log["session"]).cummax()
    ids = pd.Series(shop.world.people.table.index)
    log["visitor"] = log["customer"].map(pd.Series([f"{one}.{one % 9973}" for one in cookies.tolist()]))
    log["user"] = log["customer"].map(ids.where(account)).where(inside)
    log["agent"] = PERSON
    log["order"] = ("T" + log["session"].astype("str")).where(log["event"] == "purchase")
    log["time"] = log["time"].groupby(log["order"]).transform("min").fillna(log["time"])
    homes = log[new].assign(event="home", item=-1, order=None, user=None)
    homes["time"] -= np.timedelta64(20, "s")
    every = pd.concat([log, homes, _robot(shop, int(log["session"].max()) + 1)], ignore_index=True)
    return _with_goods(shop, every)[list(COLUMNS)].sort_values(
        ["time", "session", "order"], ignore_index=True
    )


def _robot(shop: SimulatedShop, session: int) -> pd.DataFrame:
    items = np.arange(len(shop.world.catalogue.table))
    start = shop.world.spec.moment(shop.world.spec.days // 2) + np.timedelta64(3, "h")
    return pd.DataFrame(
        {
            "item": items,
            "time": start + items * np.timedelta64(2, "s"),
            "event": "view",
            "session": session,
            "visitor": "9999999999.1",
            "user": None,
            "agent": ROBOT,
            "order": None,
        }
    )


def _with_goods(shop: SimulatedShop, events: pd.DataFrame) -> pd.DataFrame:
    goods = shop.world.catalogue.table.reset_index()
    named = events["item"].where(events["item"] >= 0)
    told = {name: named.map(goods[name]) for name in ("item", "title", "category", "price")}
    page = (SITE + "/product/" + told["item"].astype("str")).where(named.notna(), f"{SITE}/")
    page = page.where(events["event"] != "purchase", f"{SITE}/checkout/thanks")
    return events.assign(**told, page=page)
