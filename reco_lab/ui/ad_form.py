"""The form that books an ad or changes one, with the ad as a customer would see it beside."""

from datetime import UTC, date, datetime, time
from typing import Any

import streamlit as st

from reco_lab.core.ads import Ad, Billing
from reco_lab.core.errors import InputError
from reco_lab.services import bookings
from reco_lab.services.segments import saved_titles
from reco_lab.ui import ad_words, show, state
from reco_lab.ui.words import md
from reco_lab.workspace import Workspace

PROMOTES = {"item": "An item", "category": "Any item of a category", "nothing": "Nothing in particular"}
BILLED = {Billing.click: "a click", Billing.decision: "a decision (each time it is shown)"}


def form(workspace: Workspace, ad: Ad | None, known: list[Ad], titles: dict[str, str]) -> None:
    """Ask for everything an ad is; book it when it is right."""
    key = f"ad-{ad.id if ad else ''}"
    now = ad or Ad(id="new", title="-")
    fields, preview = st.columns([3, 2], gap="large")
    with fields:
        values = _creative(now, key, new=ad is None) | _promoted(now, key, titles) | _money(now, key)
        with st.expander("Who may see it, and when", icon=":material/groups:", expanded=ad is not None):
            values |= _who(now, key, known, saved_titles(workspace)) | _when(now, key)
    with preview:
        try:
            drafted = bookings.drafted(values)
        except InputError as error:
            st.caption("Preview")
            if values["title"]:
                show.mistake(error)
            else:
                st.markdown("Give it an id and a title, and it is shown here as a customer would see it.")
            return
        card(drafted, titles)
    taken = ad is None and any(one.id == drafted.id for one in known)
    if taken:
        st.warning("There is an ad of this id; it would be replaced.", icon=":material/warning:")
    label = "Book it" if ad is None else "Keep the changes"
    unnamed = next((what for what in ("item", "category") if values.get(what, drafted.id) is None), "")
    if unnamed:
        st.caption(f":material/info: Say which {unnamed} it promotes, or choose “{PROMOTES['nothing']}”.")
    unready = drafted == ad or bool(unnamed)
    if st.button(label, type="primary", icon=":material/check:", disabled=unready, key=f"{key}-keep"):
        bookings.book(workspace, drafted)
        state.choose(state.ADS_CHANGED, True)
        st.query_params["ad"] = drafted.id
        state.tell(f"{drafted.title} is {'booked' if ad is None else 'changed'}.")
        st.rerun()


def card(ad: Ad, titles: dict[str, str]) -> None:
    """The ad as a customer would see it, and its terms."""
    st.caption("Preview")
    with st.container(border=True, gap="xsmall"):
        st.badge("Ad", color="gray")
        st.markdown(f"**{md(ad.title)}**")
        st.caption(f"For {md(ad_words.promotes(ad, titles))}")
        if ad.link:
            st.caption(f":material/link: {md(ad.link)}")
    st.caption(md(ad_words.terms(ad)))


def _creative(ad: Ad, key: str, *, new: bool) -> dict[str, Any]:
    id_ = st.text_input("Id", key=f"{key}-id", max_chars=256, help="How programs call it.") if new else ad.id
    title = st.text_input("Title", "" if new else ad.title, max_chars=500, key=f"{key}-title")
    left, right = st.columns(2)
    link = left.text_input(
        "Link", ad.link, max_chars=2000, key=f"{key}-link", help="Where a click leads: https://… or /…"
    )
    advertiser = right.text_input("Advertiser", ad.advertiser, max_chars=500, key=f"{key}-advertiser")
    return {"id": id_, "title": title.strip(), "link": link.strip(), "advertiser": advertiser.strip()}


def _promoted(ad: Ad, key: str, titles: dict[str, str]) -> dict[str, Any]:
    way = st.segmented_control(
        "It promotes",
        list(PROMOTES),
        default="item" if ad.item else "category" if ad.category else "nothing",
        format_func=PROMOTES.__getitem__,
        key=f"{key}-promotes",
        required=True,
        help="The model ranks an ad by how well the customer likes what it promotes.",
    )
    if way == "item":
        text = st.text_input("Id of the item", ad.item or "", max_chars=256, key=f"{key}-item")
        if text.strip() and titles and text.strip() not in titles:
            st.caption(
                ":material/info: The data does not know this item, so the model cannot rank the ad by it."
            )
        return {"item": text.strip() or None}
    if way == "category":
        text = st.text_input("Category", ad.category or "", max_chars=500, key=f"{key}-category")
        return {"category": text.strip() or None}
    return {}


def _money(ad: Ad, key: str) -> dict[str, Any]:
    house = st.toggle(
        "An ad of the house",
        ad.house,
        key=f"{key}-house",
        help="Costs nothing; the last resort where no other may be shown.",
    )
    if house:
        return {"house": True, "paused": ad.paused}
    with st.grid(2, min_column_width=180, gap="small"):
        bid = _amount("Price", ad.bid, f"{key}-bid") or 0.0
        billing = st.selectbox(
            "for",
            list(BILLED),
            list(BILLED).index(ad.billing),
            format_func=BILLED.__getitem__,
            key=f"{key}-billing",
        )
        daily = _amount("At most a day", ad.daily_budget, f"{key}-daily", "Spread evenly over the day (UTC).")
        total = _amount("At most in all", ad.total_budget, f"{key}-total")
    return {
        "bid": bid,
        "billing": billing,
        "daily_budget": daily,
        "total_budget": total,
        "paused": ad.paused,
    }


def _amount(label: str, now: float | None, key: str, help_text: str = "") -> float | None:
    found: float | None = st.number_input(
        label, 0.0, 1e9, now, format="%.2f", key=key, placeholder="no limit", help=help_text or None
    )
    return found


def _who(ad: Ad, key: str, known: list[Ad], saved: list[str]) -> dict[str, Any]:
    slots = sorted({slot for one in known for slot in one.slots} | set(ad.slots))
    segments = sorted({name for one in known for name in one.segments} | set(ad.segments) | set(saved))
    chosen = st.multiselect(
        "Slots",
        slots,
        list(ad.slots),
        key=f"{key}-slots",
        accept_new_options=True,
        placeholder="every slot",
        help="Places on the website, by the names it asks with.",
    )
    groups = st.multiselect(
        "Segments",
        segments,
        list(ad.segments),
        key=f"{key}-segments",
        accept_new_options=True,
        placeholder="everybody",
        help="Saved segments by their name; who is in them is counted when a model is published. A website may tell of others.",
    )
    text = st.text_area(
        "Customers of whom",
        "\n".join(f"{name}: {', '.join(values)}" for name, values in ad.attributes.items()),
        key=f"{key}-attributes",
        placeholder="country: DE, AT",
        help="One attribute a line, with the values that may see the ad. All lines must hold.",
        height=80,
    )
    cap = st.number_input(
        "At most so often a day to one customer",
        1,
        1000,
        ad.cap_per_day,
        placeholder="no limit",
        key=f"{key}-cap",
    )
    return {
        "slots": tuple(chosen),
        "segments": tuple(groups),
        "attributes": attributes(text),
        "cap_per_day": cap,
    }


def attributes(text: str) -> dict[str, tuple[str, ...]]:
    """Lines such as `country: DE, AT` as attributes with their values."""
    lines = (line.partition(":") for line in text.splitlines() if line.strip())
    return {
        name.strip(): tuple(value.strip() for value in values.split(",") if value.strip())
        for name, _, values in lines
    }


def _when(ad: Ad, key: str) -> dict[str, Any]:
    left, right = st.columns(2)
    starts = left.date_input(
        "First day", _day(ad.starts), key=f"{key}-starts", help="From its first minute, UTC."
    )
    ends = right.date_input("Ends with the begin of", _day(ad.ends), key=f"{key}-ends")
    return {"starts": _moment(starts, ad.starts), "ends": _moment(ends, ad.ends)}


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else moment.astimezone(UTC).date()


def _moment(chosen: object, before: datetime | None) -> datetime | None:
    """The chosen day's begin, or the moment it was, if its day was not changed."""
    if not isinstance(chosen, date):
        return None
    return (
        before if before is not None and _day(before) == chosen else datetime.combine(chosen, time.min, UTC)
    )
