"""Matomo: visits with their actions from the Live API, or rows of its log tables."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from reco_lab.core.source import Source, Table
from reco_lab.sources._events import Event, Said, first, objects_in, read_events
from reco_lab.sources._json import head_names

_CART, _ORDER, _VIEW = "ecommerceAbandonedCart", "ecommerceOrder", "productView"


class Matomo(Source):
    """Visits as `Live.getLastVisitsDetails` gives them (developer.matomo.org, reporting API), one row an action.

    A page with `productViewSku` is a productView of that item; an ecommerceOrder or ecommerceAbandonedCart has a
    row for each of its `itemDetails`. Of an export of `log_visit` joined with `log_link_visit_action` and
    `log_action` (developer.matomo.org, database schema) idvisitor, user_id, server_time, url and the
    product columns are read.
    """

    label: ClassVar[str] = "Matomo"

    def recognises(self, path: Path, head: bytes) -> bool:  # noqa: ARG002 - the content decides
        """Whether it names visits and actions as Matomo does."""
        names = head_names(head)
        return {"idvisit", "actiondetails"} <= names or {"idvisit", "idvisitor", "server_time"} <= names

    def read(
        self,
        path: Path,
        *,
        header: bool | None = None,  # noqa: ARG002 - the export always names its values
        rows: int | None = None,
        **options: Any,
    ) -> Table:
        """Read the file. What is no visit or action is refused; DataError where more than 1 % are."""
        return read_events(path, self.label, rows, options, _visit, _row)


def _visit(told: Said) -> Iterator[Event]:
    if "actionDetails" not in told:
        yield from _row(told)
        return
    who = {"user": told.get("userId"), "visitor": told.get("visitorId"), "session": told.get("idVisit")}
    for action in objects_in(told["actionDetails"]):
        kind = first(action, "type")
        sku = first(action, "productViewSku")
        said = {
            **who,
            "time": first(action, "timestamp", "serverTimePretty"),
            "event": _VIEW if sku else kind if kind != "event" else first(action, "eventAction", "type"),
            "page": first(action, "url"),
            "order": first(action, "orderId"),
        }
        bought = [_detail(one) for one in objects_in(action.get("itemDetails"))]
        yield Event(said, bought or ([_viewed(action, sku)] if sku else []))


def _detail(told: Said) -> dict[str, Any]:
    return {
        "item": first(told, "itemSKU", "itemName"),
        "quantity": first(told, "quantity"),
        "title": first(told, "itemName"),
        "category": first(told, "itemCategory"),
        "price": first(told, "price"),
    }


def _viewed(action: Said, sku: Any) -> dict[str, Any]:
    return {
        "item": sku,
        "title": first(action, "productViewName"),
        "category": first(action, "productViewCategory1", "productViewCategory"),
        "price": first(action, "productViewPrice"),
    }


def _row(told: Said) -> Iterator[Event]:
    sku = first(told, "product_sku", "productViewSku", "idaction_product_sku")
    said = {
        "user": first(told, "user_id"),
        "visitor": first(told, "idvisitor"),
        "session": first(told, "idvisit"),
        "time": first(told, "server_time"),
        "event": first(told, "event_action", "type", "action_type") or (_VIEW if sku else "action"),
        "page": first(told, "url", "action_url", "name", "idaction_url"),
        "order": first(told, "idorder"),
    }
    item = {
        "item": sku,
        "quantity": first(told, "quantity"),
        "title": first(told, "product_name"),
        "category": first(told, "product_category"),
        "price": first(told, "product_price", "price"),
    }
    yield Event(said, [item] if sku else [])
