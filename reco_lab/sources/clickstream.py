"""A clickstream: who or which visit, when, on which page, and perhaps what happened with which item."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

from reco_lab.core.source import Source, Table
from reco_lab.sources._events import Event, Said, first, objects_in, read_events
from reco_lab.sources._json import head_names

_ROLES: Mapping[str, tuple[str, ...]] = {
    "user": ("user_id", "userid", "customer_id", "customerid", "customer", "member_id", "account_id", "uid"),
    "visitor": (
        "visitor_id", "visitorid", "visitor", "anonymous_id", "anonymousid", "client_id", "clientid", "cookie_id", "cookie",
        "device_id", "distinct_id",
    ),
    "session": ("session_id", "sessionid", "session", "visit_id", "visitid"),
    "time": (
        "timestamp", "time", "event_time", "eventtime", "datetime", "date_time", "ts", "original_timestamp", "sent_at",
        "received_at", "receivedat", "created_at",
    ),
    "event": ("event", "event_name", "event_type", "eventtype", "action", "type"),
    "page": (
        "url", "page_url", "page_location", "page_path", "path", "page", "location", "current_url", "context_page_url",
        "context_page_path", "properties_url", "properties_current_url", "properties_path", "uri", "request",
    ),
    "agent": ("user_agent", "useragent", "context_user_agent", "context_useragent", "agent"),
    "order": ("order_id", "orderid", "transaction_id", "properties_order_id"),
    "item": ("item_id", "itemid", "item", "product_id", "productid", "product", "sku", "properties_product_id", "properties_sku"),
    "quantity": ("quantity", "qty", "properties_quantity"),
    "title": ("product_name", "item_name", "properties_name", "name"),
    "category": ("product_category", "item_category", "category", "properties_category"),
    "price": ("price", "properties_price"),
}  # fmt: skip
_PRODUCTS = ("properties_products", "products", "items")
_PLAIN = re.compile(r"[^a-z0-9_]+")
_EVENT = ("user", "visitor", "session", "time", "event", "page", "agent", "order")
_ITEM = ("item", "quantity", "title", "category", "price")


class Clickstream(Source):
    """Events by their usual names: visitor or customer or session, time, page, event, item.

    As servers, tag managers and customer data platforms write them (segment.com/docs/connections/spec: anonymousId,
    userId, event, timestamp, context.page.url, properties.products). An event without a name is a page_view.
    """

    label: ClassVar[str] = "A clickstream"

    def recognises(self, path: Path, head: bytes) -> bool:  # noqa: ARG002 - the content decides
        """Whether it names a page, a time, and a visitor, customer or session."""
        names = head_names(head)
        pages = {*_ROLES["page"], "properties"} if {"anonymousid"} & names else {*_ROLES["page"]}
        who = {*_ROLES["user"], *_ROLES["visitor"], *_ROLES["session"]}
        return bool(names & pages and names & {*_ROLES["time"]} and names & who)

    def read(
        self,
        path: Path,
        *,
        header: bool | None = None,  # noqa: ARG002 - the columns are told by their names
        rows: int | None = None,
        **options: Any,
    ) -> Table:
        """Read the file. A row that cannot be read is refused; DataError where more than 1 % are."""
        return read_events(path, self.label.lower(), rows, options, _events, _events)


def _events(told: Said) -> Iterator[Event]:
    flat = dict(_flat(told, ""))
    said = {role: first(flat, *_ROLES[role]) for role in _EVENT}
    said["event"] = said["event"] or "page_view"
    items = [one for name in _PRODUCTS for one in objects_in(flat.get(name))]
    own = _item(flat)
    yield Event(said, [_item(dict(_flat(one, ""))) for one in items] or ([own] if own["item"] else []))


def _item(flat: Said) -> dict[str, Any]:
    return {role: first(flat, *_ROLES[role]) for role in _ITEM}


def _flat(told: Said, before: str) -> Iterator[tuple[str, Any]]:
    """Names in lower case, parted by underscores, those of inner objects behind that of the outer one."""
    for key, value in told.items():
        name = before + _plain(key)
        if isinstance(value, dict):
            yield from _flat(value, f"{name}_")
        else:
            yield name, value


@lru_cache(1024)
def _plain(name: str) -> str:
    return _PLAIN.sub("_", name.lower()).strip("_")
