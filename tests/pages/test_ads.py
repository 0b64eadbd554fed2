from types import SimpleNamespace

import pytest

from reco_lab.core.ads import Ad
from reco_lab.services import bookings
from reco_lab.ui import ad_status

ADS = "pages/market/ads.py"
NASTY = "**Bold** [x](http://a.example) $e$ :smile: <b>hi</b>"


def press(browser, label):
    next(one for one in browser.button if one.label == label).click().run()
    assert not browser.exception
    return browser


@pytest.fixture
def booked(shop):
    for ad in (
        Ad(id="a1", title=NASTY, item="i01", bid=0.4, daily_budget=10.0, total_budget=5.0),
        Ad(id="a2", title="Second", category="shoes", paused=True, slots=("home",)),
        Ad(id="house", title="Newsletter", house=True),
    ):
        bookings.book(shop, ad)
    return shop


def test_the_ads_tab_lists_every_ad_with_its_state(booked, visit):
    table = visit(ADS, section="Ads").dataframe[0].value

    assert table.set_index("Id")["State"].to_dict() == {"a1": "Runs", "a2": "Paused", "house": "Runs"}
    assert table.set_index("Id")["Promotes"].to_dict() == {
        "a1": "Thing 1",
        "a2": "any of shoes",
        "house": "nothing in particular",
    }


def test_without_ads_the_tab_says_how_to_get_some(shop, visit, says):
    assert "There are no ads yet" in says(visit(ADS, section="Ads"))


def test_an_ad_is_booked_with_its_preview(booked, visit, says):
    browser = press(visit(ADS, section="Ads"), "Book an ad")
    browser.text_input(key="ad--id").set_value("fresh").run()
    browser.text_input(key="ad--title").set_value("Fresh shoes").run()
    browser.text_area(key="ad--attributes").set_value("country: DE, AT").run()
    browser.number_input(key="ad--bid").set_value(0.25).run()
    assert (
        "Shown to customers of whom country is DE or AT, in every slot, always. It costs 0.25 a click."
        in says(browser)
    )

    press(browser, "Book it")

    assert "Fresh shoes is booked." in says(browser)
    kept = bookings.ad(booked, "fresh")
    assert (kept.bid, kept.attributes) == (0.25, {"country": ("DE", "AT")})


def test_an_ad_for_an_item_is_not_booked_before_the_item_is_named(booked, visit, says):
    browser = press(visit(ADS, section="Ads"), "Book an ad")
    browser.text_input(key="ad--id").set_value("fresh").run()
    browser.text_input(key="ad--title").set_value("Fresh shoes").run()
    browser.segmented_control(key="ad--promotes").set_value("item").run()

    assert next(one for one in browser.button if one.label == "Book it").disabled
    assert "Say which item it promotes" in says(browser)

    browser.text_input(key="ad--item").set_value("i01").run()
    press(browser, "Book it")
    assert bookings.ad(booked, "fresh").item == "i01"


def test_what_cannot_be_booked_says_why(booked, visit, says):
    browser = visit(ADS, section="Ads", ad="a1")
    browser.text_input(key="ad-a1-link").set_value("javascript:alert(1)").run()

    assert "it should begin with https://" in says(browser)
    assert not [one for one in browser.button if one.label == "Keep the changes"]


def test_an_opened_ad_is_changed_paused_and_withdrawn(booked, visit, says):
    browser = visit(ADS, section="Ads", ad="a1")
    browser.number_input(key="ad-a1-daily").set_value(20.0).run()
    press(browser, "Keep the changes")
    assert bookings.ad(booked, "a1") == Ad(
        id="a1", title=NASTY, item="i01", bid=0.4, daily_budget=20.0, total_budget=5.0
    )

    press(browser, "Pause it")
    assert bookings.ad(booked, "a1").paused
    assert "is paused." in says(browser)

    press(browser, "Yes, withdraw it")
    assert [ad.id for ad in bookings.ads(booked)] == ["a2", "house"]


def test_an_ad_that_is_not_changed_cannot_be_kept(booked, visit):
    browser = visit(ADS, section="Ads", ad="a2")

    assert next(one for one in browser.button if one.label == "Keep the changes").disabled


def test_a_title_full_of_markup_stays_text(booked, visit):
    browser = visit(ADS, section="Ads", ad="a1")

    assert NASTY not in "".join(
        one.value for kind in ("subheader", "markdown", "caption") for one in browser.get(kind)
    )


def test_a_table_of_ads_comes_in_and_each_refused_row_is_told(shop, visit, says):
    browser = visit(ADS, section="Ads")
    browser.expander[-1].open = True
    browser.session_state["ads-import"] = True
    browser.run()
    browser.file_uploader(key="ads-file").upload("ads.csv", b"id,title,bid\na,A,1\nb,,2\nc,C,-1\n").run()
    press(browser, "Book them")

    assert "1 of 3 rows became ads." in says(browser)
    assert list(browser.dataframe[-1].value["reason"]) == [
        "title: it is missing",
        "bid: it should be greater than or equal to 0",
    ]
    assert [ad.id for ad in bookings.ads(shop)] == ["a"]


@pytest.mark.parametrize(
    ("ads", "told"),
    [
        (0, "Nothing is published yet, and no ad runs."),
        (1, "Nothing is published yet: 1 ad runs, ranked by its clicks alone."),
        (3, "Nothing is published yet: 3 ads run, ranked by their clicks alone."),
    ],
)
def test_before_anything_is_published_it_says_what_runs(shop, ads, told):
    now = SimpleNamespace(plan=None, caller=SimpleNamespace(url="http://here"), said={"ads": ads})

    assert ad_status.sentence(shop, now)[0] == told
