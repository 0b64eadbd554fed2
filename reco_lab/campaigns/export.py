"""The files of a campaign: a row a customer or a row an item, and as three mailing tools read them.

Mailchimp wants `Email Address` and merge tags of at most ten characters, whose texts it cuts at 255 bytes.
Brevo takes `EMAIL` or, without addresses, its `EXT_ID`, and attributes in capitals. Klaviyo wants `Email
Address` in the first column and takes any other column as a property. Reco Lab knows addresses only where
they are the customers' ids: where they are not, the column of addresses stays empty and is filled in by
customer id.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import pandas as pd

SIMULATED = "Example data (simulated)"
MAILCHIMP_BYTES = 255
FIELDS = ("item_id", "title", "price", "because")


@dataclass(frozen=True)
class Layout:
    """How a file is laid out.

    `email` and `customer` name those columns (empty: left out), `fields` those of FIELDS at place n.
    """

    label: str
    about: str
    email: str = ""
    customer: str = "customer_id"
    fields: tuple[str, ...] = ("item_{n}", "title_{n}", "price_{n}", "because_{n}")
    campaign: str = "campaign"
    simulated: str = "simulated"
    bytes_a_text: int | None = None
    a_row_an_item: bool = False


LAYOUTS: Mapping[str, Layout] = MappingProxyType(
    {
        "customers": Layout("A row for each customer", "One line a customer with all items side by side."),
        "items": Layout(
            "A row for each item",
            "One line an item shown: customer, place, item, reason.",
            a_row_an_item=True,
        ),
        "mailchimp": Layout(
            "Mailchimp",
            "Audience > Add contacts > Import. Match the other columns to merge tags of the same name.",
            email="Email Address",
            customer="CUSTOMER",
            fields=("ITEM{n}", "TITLE{n}", "PRICE{n}", "WHY{n}"),
            campaign="TAGS",
            simulated="SIMULATED",
            bytes_a_text=MAILCHIMP_BYTES,
        ),
        "brevo": Layout(
            "Brevo",
            "Contacts > Import. The other columns become attributes of the same name.",
            email="EMAIL",
            customer="EXT_ID",
            fields=("ITEM_{n}", "TITLE_{n}", "PRICE_{n}", "WHY_{n}"),
            campaign="CAMPAIGN",
            simulated="SIMULATED",
        ),
        "klaviyo": Layout(
            "Klaviyo",
            "Audience > Lists > Import contacts. The other columns become custom properties.",
            email="Email Address",
            customer="Customer ID",
            fields=("Item {n}", "Title {n}", "Price {n}", "Because {n}"),
            campaign="Campaign",
            simulated="Simulated",
        ),
    }
)


def laid_out(
    layout: Layout, customers: pd.Series, items: pd.DataFrame, title: str, *, synthetic: bool
) -> pd.DataFrame:
    """The table of a layout for the customers (ids, in order) who are sent something and the items they are shown."""
    badge = {layout.simulated: SIMULATED} if synthetic else {}
    if layout.a_row_an_item:
        mine = items[items["customer_id"].isin(customers)]
        return mine.reset_index(drop=True).assign(**{layout.campaign: title}, **badge)
    ids = pd.Index(customers, dtype="str")
    columns: dict[str, object] = {}
    if layout.email:
        columns[layout.email] = ids.where(ids.str.contains("@", regex=False), "")
    columns[layout.customer] = ids
    for place in range(1, int(items["place"].max() if len(items) else 0) + 1):
        here = items[items["place"] == place].set_index("customer_id")
        for name, pattern in zip(FIELDS, layout.fields, strict=True):
            if name in here.columns:
                column = here[name].reindex(ids)
                columns[pattern.format(n=place)] = _cut(column, layout.bytes_a_text).to_numpy()
    return pd.DataFrame(columns | {layout.campaign: title} | badge)


def _cut(column: pd.Series, longest: int | None) -> pd.Series:
    """Texts of at most so many bytes, never a character in halves."""
    if longest is None or pd.api.types.is_numeric_dtype(column):
        return column
    return column.map(lambda text: text.encode()[:longest].decode(errors="ignore"), na_action="ignore")
