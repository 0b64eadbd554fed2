import shutil
from contextlib import closing
from dataclasses import replace

import pandas as pd
import pytest

from reco_lab.charts.theme import LIGHT
from reco_lab.core.conditions import Behaviour
from reco_lab.core.dataset import Dataset
from reco_lab.services import data, explore, segments
from reco_lab.services import demo as demo_service
from reco_lab.services.explore import Scope
from reco_lab.ui import explore as shown
from reco_lab.ui import explore_tabs
from reco_lab.workspace import Workspace

EXPLORE = "pages/data/explore.py"
TABS = [*explore_tabs.SECTIONS, "Readiness"]


@pytest.fixture(scope="session")
def sample():
    """A simulated shop with every kind of step, a tenth of the demo's size."""
    whole = demo_service.load_shop(demo_service.FOLDER)
    kept = whole.take(whole.interactions.users % 8 == 0)
    return replace(kept, name="sample", truth=None)


@pytest.fixture(scope="module")
def sampled(finished, sample, tmp_path_factory):
    """A home with the small shop and the sample."""
    home = tmp_path_factory.mktemp("sampled") / "home"
    shutil.copytree(finished, home)
    with closing(Workspace.open(home)) as workspace:
        data.save_dataset(workspace, sample, "Sample")
    return home


@pytest.fixture
def shop_with_steps(sampled, monkeypatch):
    """The workspace of all who only look."""
    monkeypatch.setenv("RECO_LAB_HOME", str(sampled))
    return Workspace.open(sampled)


def test_without_data_the_page_says_what_is_missing_and_where_to_bring_it(empty, visit, says):
    browser = visit(EXPLORE)

    assert "no data yet" in says(browser)
    assert "Bring your data" in [one.label for one in browser.button]


def test_the_size_of_the_data_is_said_first_then_what_stands_out(shop, visit, says):
    browser = visit(EXPLORE, dataset="small-shop")
    headers = [one.value.replace("\\", "") for one in browser.header]

    assert headers[0] == "420 interactions between 60 customers and 20 items, over 7 days"
    assert headers[1] == "What stands out"
    assert "Can it train a recommender? Not yet" in says(browser)
    assert "Example data" in says(browser)


def test_every_finding_has_its_number(shop, visit):
    browser = visit(EXPLORE, dataset="small-shop")

    assert len(browser.metric) >= 4
    assert all(one.value for one in browser.metric)


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_opens_on_full_and_on_poor_data(shop_with_steps, visit, tab):
    for name in ("sample", "small-shop"):
        browser = visit(EXPLORE, dataset=name, section=tab)

        assert not browser.error
        assert not browser.exception


def test_the_address_filters_the_page_and_the_page_says_so(shop_with_steps, visit, says):
    browser = visit(EXPLORE, dataset="sample", kind="purchase", **{"from": "2025-06-01", "to": "2025-06-30"})

    assert "Only a part is shown: 1 Jun 2025 – 30 Jun 2025 · purchase" in says(browser)
    assert "% of all interactions" in says(browser)


def test_a_filter_box_writes_the_address(shop_with_steps, visit):
    browser = visit(EXPLORE, dataset="sample")
    browser.multiselect(key="filter-categories").select("Kitchen").run()

    assert browser.query_params["category"] in ("Kitchen", ["Kitchen"])
    assert not browser.error


def test_show_everything_takes_the_filter_out_of_the_address(shop_with_steps, visit, says):
    browser = visit(EXPLORE, dataset="sample", category="Kitchen")
    browser.button(key="filter-clear").click().run()

    assert "category" not in browser.query_params
    assert "Only a part" not in says(browser)


def test_a_filter_that_leaves_nothing_says_so_and_can_be_cleared(shop_with_steps, visit, says):
    browser = visit(EXPLORE, dataset="sample", **{"from": "2031-01-01"})

    assert "Widen or clear the filter" in says(browser)
    assert "Show everything" in [one.label for one in browser.button]


def test_an_unknown_category_in_a_link_is_named(shop_with_steps, visit, says):
    assert "There is no category “Boats”" in says(visit(EXPLORE, dataset="sample", category="Boats"))


def test_one_side_that_fails_says_so_and_the_rest_stands(sampled, copied, visit, says, monkeypatch):
    copied(sampled)

    def broken(_view):
        raise ZeroDivisionError("secret detail")

    monkeypatch.setitem(explore._SIDES, "hours", broken)
    browser = visit(EXPLORE, dataset="sample", kind="view")

    assert "hours of the week could not be worked out" in says(browser)
    assert "secret detail" not in says(browser)
    assert "What stands out" in says(browser)


def test_markup_in_a_title_is_shown_as_it_stands(shop, visit):
    browser = visit(EXPLORE, dataset="small-shop", section="Items")
    spoken = [one.value for one in browser.header] + [one.value for one in browser.markdown]

    assert not any("](http" in text for text in spoken)


def test_the_report_is_one_page_that_loads_nothing(shop_with_steps):
    version = data.list_datasets(shop_with_steps)[0]
    found = explore.portrait(shop_with_steps, data.load_dataset(shop_with_steps, version.name), Scope())
    page = shown.report(version, found, found)

    assert found.findings[0].number in page
    assert "<script src" not in page
    assert "http://a.example" not in page.replace("(http://a.example)", "")


def test_what_can_be_taken_away_is_made(shop_with_steps):
    version = next(one for one in data.list_datasets(shop_with_steps) if one.name == "sample")
    found = explore.portrait(shop_with_steps, data.load_dataset(shop_with_steps, "sample"), Scope())
    findings, points, page = shown.downloads(version, found, found)

    assert findings.make()["sentence"].tolist() == [finding.sentence for finding in found.findings]
    assert set(points.make()["state"]) <= {"good", "thin", "lacking"}
    assert page.make().startswith("<!doctype html>")


def test_every_chart_has_a_finding_and_a_table_of_the_same(shop_with_steps):
    found = explore.portrait(shop_with_steps, data.load_dataset(shop_with_steps, "sample"), Scope())
    charts = list(explore_tabs.charts(found, LIGHT))

    assert len({chart.key for chart in charts}) == len(charts) >= 12
    assert all(chart.finding and len(chart.table) for chart in charts)


def test_customers_without_interactions_are_not_forgotten(shop, other_shop, visit):
    people = pd.DataFrame({"age": [30] * 61}, index=[f"c{n:02d}" for n in range(61)])
    data.save_dataset(
        shop, Dataset.join("another-shop", other_shop.interactions, customers=people), "Another shop"
    )
    browser = visit(EXPLORE, dataset="another-shop")

    assert "between 60 of 61 customers and" in browser.header[0].value


def test_a_saved_segment_filters_the_page_and_is_named(sampled, copied, sample, visit, says):
    workspace = copied(sampled)
    version = workspace.store.dataset("sample")
    rule = Behaviour(measure="spend", low=300)
    saved = segments.save(workspace, version, sample, "Big spenders", rule)
    browser = visit(EXPLORE, dataset="sample", segment=saved.id)

    inside = segments.mask(sample, rule)
    assert "customers in “Big spenders”" in says(browser)
    assert f"{int(inside.sum()):,} of" in says(browser)
    browser.selectbox(key="filter-segment").set_value("").run()
    assert "Only a part" not in says(browser)
