import json

import pytest

from reco_lab.core.interactions import Kind
from reco_lab.services import data
from reco_lab.services.samples import make_sample
from reco_lab.simulation.spec import Shop
from reco_lab.workspace import Workspace

DATA = "pages/data/data.py"
SMALL = Shop(customers=60, items=60, ads=1, days=40, test_days=0)


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    workspace = Workspace.open(tmp_path_factory.mktemp("samples"))
    return {name: make_sample(workspace, name, shop=SMALL).read_bytes() for name in ("ga4", "clickstream")}


def test_an_export_of_web_analytics_is_understood_event_by_event_and_imported(empty, visit, says, sample):
    browser = visit(DATA)
    browser.file_uploader(key="file").upload("events.json", sample["ga4"]).run()
    events = sample["ga4"].count(b"\n")

    assert not browser.exception
    assert (
        f"This is Google Analytics 4 (BigQuery export): {events:,} events, 3 types of event matter."
        in says(browser)
    )
    assert "became a row for each item" in says(browser)
    browser.button(key="import").click().run()
    assert not browser.exception
    found = data.load_dataset(Workspace.open(empty), "events")
    assert set(found.interactions.kinds) == {Kind.view, Kind.cart, Kind.purchase}
    assert float(found.interactions.values.min()) == pytest.approx(0.2)


def test_pages_that_are_items_are_shown_while_the_pattern_is_written(empty, visit, says, sample):
    browser = visit(DATA)
    browser.file_uploader(key="file").upload("clicks.csv", sample["clickstream"]).run()
    box = next(one for one in browser.text_input if one.label == "Pages that are items")
    assert box.value == "/product/{item}"

    box.set_value("/nothing/{item}").run()
    assert "None of the first pages fits" in says(browser)
    box = next(one for one in browser.text_input if one.label == "Pages that are items")
    box.set_value("no item").run()
    assert "does not say where the item stands" in says(browser)
    assert not browser.exception


def test_the_same_is_done_with_the_next_export(empty, visit, says, sample):
    browser = visit(DATA)
    browser.file_uploader(key="file").upload("monday.json", sample["ga4"]).run()
    browser.button(key="import").click().run()
    browser = visit(DATA)
    more = b"\n".join(line for line in sample["ga4"].split(b"\n")[:200] if b'"items": []' not in line)
    browser.file_uploader(key="file").upload("tuesday.json", more).run()

    assert "A file with these columns came before" in says(browser)
    assert not browser.exception


def test_a_sample_is_made_and_wears_its_badge(empty, visit, says):
    browser = visit(DATA)
    browser.button_group(key="source").set_value("sample").run()
    next(one for one in browser.button if one.label == "Try it").click().run()
    assert "This is Google Analytics 4" in says(browser)
    browser.button(key="import").click().run()

    assert not browser.exception
    assert [one.synthetic for one in data.list_datasets(Workspace.open(empty))] == [True]


def test_the_log_of_the_ads_says_what_it_lacks(empty, visit, says):
    browser = visit(DATA)
    browser.button_group(key="source").set_value("ads").run()
    browser.button(key="feedback").click().run()

    assert "The log holds no interactions yet" in says(browser)


def test_json_of_another_shape_is_not_taken_for_web_analytics(empty, visit, says):
    lines = "\n".join(json.dumps({"event_name": "x", "who": n}) for n in range(30))
    browser = visit(DATA)
    browser.file_uploader(key="file").upload("other.json", lines.encode()).run()

    assert "This is Google" not in says(browser)
    assert not browser.exception


def test_an_event_that_becomes_nothing_is_left_out(empty, visit, says, sample):
    browser = visit(DATA)
    browser.file_uploader(key="file").upload("events.json", sample["ga4"]).run()
    browser.button(key="import").click().run()

    assert "page_view = nothing" in says(browser)
    assert "has no item id" in says(browser)


def test_rows_that_are_added_say_how_they_join_and_where_they_came_from(empty, visit, says, sample):
    browser = visit(DATA)
    orders = "customer,item,day\n" + "\n".join(
        f"K{n % 9},P{n % 7:05d},2025-01-0{1 + n % 9}" for n in range(60)
    )
    browser.file_uploader(key="file").upload("orders.csv", orders.encode()).run()
    browser.button(key="import").click().run()
    next(one for one in browser.button if one.label == "Bring another file").click().run()
    browser.file_uploader(key="file-1").upload("web.json", sample["ga4"]).run()
    next(one for one in browser.radio if one.label == "It becomes").set_value("add").run()
    assert "what is there already" in str([one.options for one in browser.radio])
    browser.button(key="import").click().run()
    next(one for one in browser.button if one.label == "Bring another file").click().run()

    assert not browser.exception
    assert "is made of orders" in says(browser)
    assert "web" in says(browser)
