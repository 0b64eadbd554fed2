"""The events of a simulated website written as the tools of web analytics export them."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import pandas as pd

_BEGIN = 1_736_000_000
_GA4 = {"home": "page_view", "view": "view_item", "cart": "add_to_cart", "purchase": "purchase"}
_SNOWPLOW = {"home": "page_view", "view": "product_view", "cart": "add_to_cart", "purchase": "transaction"}
_SCHEMA = "iglu:com.snowplowanalytics.snowplow"


def write_ga4(events: pd.DataFrame, path: Path) -> None:
    """The BigQuery export of Google Analytics 4 as JSON lines: parameters and items nested."""
    with path.open("w", encoding="utf-8") as file:
        for first, rows in _events(events):
            micro = _micro(first)
            params = {
                "ga_session_id": ("int_value", str(_BEGIN + first.session)),
                "page_location": ("string_value", first.page),
            }
            order = {"transaction_id": first.order} if first.order else {}
            if order:
                params["transaction_id"] = ("string_value", first.order)
            told = {
                "event_date": f"{first.time:%Y%m%d}",
                "event_timestamp": str(micro),
                "event_name": _GA4[first.event],
                "event_params": [{"key": key, "value": {kind: value}} for key, (kind, value) in params.items()],
                "user_id": first.user,
                "user_pseudo_id": first.visitor,
                "ecommerce": order or None,
                "items": [
                    {"item_id": one.item, "item_name": one.title, "item_category": one.category, "price": one.price, "quantity": "1"}
                    for one in rows
                    if one.item
                ],
            }  # fmt: skip
            file.write(json.dumps(told) + "\n")


def write_matomo(events: pd.DataFrame, path: Path) -> None:
    """Visits with their actions as Matomo's Live API gives them."""
    visits: dict[int, dict[str, Any]] = {}
    for first, rows in _events(events):
        visit = visits.setdefault(
            first.session,
            {"idVisit": first.session, "visitorId": first.visitor, "userId": None, "actionDetails": []},
        )
        visit["userId"] = visit["userId"] or first.user
        action = {"type": "action", "url": first.page, "timestamp": _micro(first) // 10**6}
        if first.event == "view":
            action |= {
                "productViewSku": first.item,
                "productViewName": first.title,
                "productViewPrice": first.price,
            }
        elif first.event != "home":
            action["type"] = "ecommerceOrder" if first.event == "purchase" else "ecommerceAbandonedCart"
            action |= {"orderId": first.order, "itemDetails": [_detail(one) for one in rows]}
        visit["actionDetails"].append(action)
    path.write_text(json.dumps(list(visits.values())), encoding="utf-8")


def write_snowplow(events: pd.DataFrame, path: Path) -> None:
    """Atomic events of Snowplow as tab-separated values with a header; products are entities in `contexts`."""
    names = (
        "app_id", "platform", "event", "event_name", "user_id", "domain_userid", "domain_sessionid", "derived_tstamp",
        "page_url", "page_urlpath", "useragent", "unstruct_event", "contexts",
    )  # fmt: skip
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, names, delimiter="\t")
        table.writeheader()
        for first, rows in _events(events):
            shop = first.event != "home"
            product = f"{_SCHEMA}.ecommerce/product/jsonschema/1-0-0"
            entities = [{"schema": product, "data": _product(one)} for one in rows if one.item]
            action = {"schema": f"{_SCHEMA}.ecommerce/snowplow_ecommerce_action/jsonschema/1-0-2", "data": {"type": _SNOWPLOW[first.event]}}  # fmt: skip
            table.writerow(
                {
                    "app_id": "shop",
                    "platform": "web",
                    "event": "unstruct" if shop else "page_view",
                    "event_name": "snowplow_ecommerce_action" if shop else "page_view",
                    "user_id": first.user,
                    "domain_userid": first.visitor,
                    "domain_sessionid": f"s-{first.session}",
                    "derived_tstamp": f"{first.time:%Y-%m-%d %H:%M:%S}.000",
                    "page_url": first.page,
                    "page_urlpath": first.page.partition(".example")[2],
                    "useragent": first.agent,
                    "unstruct_event": json.dumps({"schema": f"{_SCHEMA}/unstruct_event/jsonschema/1-0-0", "data": action}) if shop else None,
                    "contexts": json.dumps({"schema": f"{_SCHEMA}/contexts/jsonschema/1-0-1", "data": entities}) if entities else None,
                }
            )  # fmt: skip


def write_clickstream(events: pd.DataFrame, path: Path) -> None:
    """A plain clickstream: cookie, log-in, time, event, page; no visits, and only orders name their items."""
    words = {"home": "page_view", "view": "page_view", "cart": "add_to_cart", "purchase": "purchase"}
    ordered = events["event"] == "purchase"
    table = pd.DataFrame(
        {
            "visitor_id": events["visitor"],
            "user_id": events["user"],
            "timestamp": events["time"].dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "event": events["event"].map(words),
            "url": events["page"],
            "product_id": events["item"].where(ordered),
            "user_agent": events["agent"],
        }
    )
    table.to_csv(path, index=False)


WRITERS: Mapping[str, tuple[str, Callable[[pd.DataFrame, Path], None]]] = {
    "ga4": ("jsonl", write_ga4),
    "matomo": ("json", write_matomo),
    "snowplow": ("tsv", write_snowplow),
    "clickstream": ("csv", write_clickstream),
}


def _events(events: pd.DataFrame) -> Iterator[tuple[Any, list[Any]]]:
    """Each event with its rows: an order is one event with an item a row."""
    rows = events.astype(object).where(events.notna(), None).itertuples()
    for _, group in groupby(rows, key=lambda row: row.order or row.Index):
        together = list(group)
        yield together[0], together


def _micro(event: Any) -> int:
    return int(pd.Timestamp(event.time).value // 1000)


def _detail(row: Any) -> dict[str, Any]:
    return {
        "itemSKU": row.item, "itemName": row.title, "itemCategory": row.category, "price": row.price, "quantity": 1,
    }  # fmt: skip


def _product(row: Any) -> dict[str, Any]:
    return {"id": row.item, "name": row.title, "category": row.category, "price": row.price, "quantity": 1}
