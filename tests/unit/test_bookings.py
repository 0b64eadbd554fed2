"""Ads are booked, brought in and taken out without losing or inventing anything."""

from datetime import UTC, datetime

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reco_lab.cleaning.ad_table import ad_table, read_ads
from reco_lab.core.ads import Ad, Billing
from reco_lab.core.errors import DataError, InputError, NotFoundError
from reco_lab.reports.export import Form, content
from reco_lab.services import bookings
from reco_lab.services.demo import FOLDER
from reco_lab.workspace import Workspace

FULL = Ad(
    id="a1",
    title='=HYPERLINK("x"); <b>bold</b>',
    link="https://shop.example/x?a=1",
    advertiser="Läden & Co",
    category="shoes",
    bid=0.35,
    billing=Billing.decision,
    starts=datetime(2026, 11, 1, 8, 30, tzinfo=UTC),
    ends=datetime(2026, 12, 1, tzinfo=UTC),
    slots=("home", "a;b"),
    segments=("new ones", "old ones"),
    attributes={"country": ("DE", "AT")},
    daily_budget=0.0,
    total_budget=1e9,
    cap_per_day=3,
    house=True,
    paused=True,
)
_text = (
    st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=12)
    .map(str.strip)
    .filter(bool)
)


@pytest.fixture
def workspace(tmp_path):
    return Workspace.open(tmp_path / "home")


def imported(workspace, tmp_path, text):
    path = tmp_path / "ads.csv"
    path.write_text(text, "utf-8")
    return bookings.import_file(workspace, path)


@pytest.mark.parametrize("form", list(Form))
def test_ads_that_were_taken_out_come_back_the_same(workspace, tmp_path, form):
    both = [FULL, Ad(id="a2", title="'-plain", item="i1")]
    for one in both:
        bookings.book(workspace, one)
    path = tmp_path / f"ads.{form}"
    path.write_bytes(content(bookings.table(workspace), form))
    for one in both:
        bookings.withdraw(workspace, one.id)

    assert bookings.import_file(workspace, path).booked == 2
    assert bookings.ads(workspace) == both


@settings(max_examples=60, deadline=None)
@given(st.lists(_text, max_size=3), st.dictionaries(_text, st.lists(_text, max_size=2), max_size=2), _text)
def test_any_targeting_survives_the_way_through_a_table(slots, attributes, title):
    ad = Ad(id="a", title=title, slots=tuple(slots), attributes={k: tuple(v) for k, v in attributes.items()})

    assert read_ads(ad_table([ad]).astype("str").where(ad_table([ad]).notna())) == ([ad], [])


def test_each_row_that_is_no_ad_is_told_and_the_others_are_booked(workspace, tmp_path):
    found = imported(
        workspace,
        tmp_path,
        "ad_id,headline,cost_per_click,starts,ends,url\n"
        "a1,Good,0.30,2026-11-01,2026-12-01,/x\n"
        "a2,,0.30,,,\n"
        "a3,Negative,-1,,,\n"
        "a4,Backwards,1,2026-12-01,2026-11-01,\n"
        "a5,Script,1,,,javascript:alert(1)\n"
        "a1,Again,1,,,\n"
        "a6,When,1,soon,,\n",
    )

    assert found.sentence == "1 of 7 rows became ads."
    assert dict(zip(found.refused["line"], found.refused["reason"], strict=True)) == {
        3: "title: it is missing",
        4: "bid: it should be greater than or equal to 0",
        5: "an ad ends after it starts",
        6: "link: it should begin with https://, http:// or /",
        7: "id: an earlier row has the same",
        8: "starts: it should look like 2026-12-01 or 2026-12-01T08:00+00:00",
    }
    assert [one.id for one in bookings.ads(workspace)] == ["a1"]


@pytest.mark.parametrize("cell", ["[" * 50_000, "[1,", '{"a": {"b": 1}}', "7", "{" * 50_000])
def test_a_cell_that_only_looks_like_a_list_is_told(cell):
    for column in ("slots", "attributes"):
        if (column, cell) != ("slots", "7") and not (column == "slots" and cell[0] == "{"):
            booked, refused = read_ads(pd.DataFrame({"id": ["a"], "title": ["A"], column: [cell]}))
            assert (booked, refused[0][1].partition(":")[0]) == ([], column)


def test_where_a_row_names_an_item_and_its_category_the_item_counts(workspace, tmp_path):
    imported(workspace, tmp_path, "id,title,item,category\na1,A,i1,shoes\na2,B,,shoes\n")

    assert [(one.item, one.category) for one in bookings.ads(workspace)] == [("i1", None), (None, "shoes")]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("id,text", "It has no column 'title'"),
        ("id,title,colour", "An ad has no 'colour'"),
        ("id,ad_id,title", "Two columns mean the id"),
    ],
)
def test_a_table_that_is_not_of_ads_is_refused_whole(workspace, tmp_path, header, said):
    with pytest.raises(DataError, match=said):
        imported(workspace, tmp_path, f"{header}\na,b{',c' * (header.count(',') - 1)}\n")
    assert bookings.ads(workspace) == []


def test_an_ad_is_paused_and_let_go_on(workspace):
    bookings.book(workspace, FULL.model_copy(update={"paused": False}))
    bookings.pause(workspace, "a1")
    assert bookings.ad(workspace, "a1").paused
    bookings.pause(workspace, "a1", paused=False)
    assert not bookings.ad(workspace, "a1").paused
    with pytest.raises(NotFoundError, match="There is no ad 'a9'"):
        bookings.pause(workspace, "a9")


def test_an_id_has_one_spelling(workspace):
    bookings.book(workspace, Ad(id=" cafe\N{COMBINING ACUTE ACCENT} ", title="A"))

    assert bookings.ad(workspace, "caf\N{LATIN SMALL LETTER E WITH ACUTE}").title == "A"
    for odd in ("a\0b", "a\x85b", "  "):
        with pytest.raises(InputError, match="empty or holds control characters"):
            bookings.book(workspace, Ad(id=odd, title="A"))


def test_the_demo_has_ads_of_the_shop_and_of_the_house_and_withdrawn_ones_stay_away(workspace):
    bookings.ensure_demo_ads(workspace, FOLDER)
    found = bookings.ads(workspace)
    assert [one.house for one in found] == [False] * 24 + [True] * 2
    items = set(pd.read_parquet(FOLDER / "items.parquet")["item"])
    assert {one.item for one in found if not one.house} <= items

    bookings.withdraw(workspace, "house-returns")
    bookings.ensure_demo_ads(workspace, FOLDER)

    assert len(bookings.ads(workspace)) == 25
