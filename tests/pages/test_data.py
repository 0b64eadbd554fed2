import numpy as np

from reco_lab.services import data
from reco_lab.workspace import Workspace

DATA = "pages/data/data.py"


def ratings(rows=300):
    rng = np.random.default_rng(1)
    users, items = rng.integers(1, 40, rows), rng.integers(100, 160, rows)
    stars, times = rng.integers(1, 6, rows), rng.integers(880_000_000, 890_000_000, rows)
    return "\n".join(
        "\t".join(map(str, row)) for row in zip(users, items, stars, times, strict=True)
    ).encode()


def test_without_data_the_demo_shop_is_offered(empty, visit):
    browser = visit(DATA)

    assert "Use the demo shop" in [one.label for one in browser.button]


def test_a_file_without_a_header_is_understood_and_imported(empty, visit, says):
    browser = visit(DATA)
    browser.file_uploader(key="file").upload("u.data", ratings()).run()
    browser.button(key="import").click().run()

    assert not browser.exception
    assert "300 of 300 rows are in" in says(browser)
    found = data.list_datasets(Workspace.open(empty))
    assert [(one.name, one.summary["rows"]) for one in found] == [("u", 300)]


def test_the_new_data_set_is_the_chosen_one(shop, visit):
    browser = visit(DATA)
    browser.file_uploader(key="file").upload("mine.tsv", ratings()).run()
    browser.button(key="import").click().run()

    assert browser.selectbox(key="dataset").value == "mine"
    assert browser.query_params["dataset"] == "mine"


def test_a_picture_renamed_csv_gets_a_sentence_and_nothing_is_lost(shop, visit, says):
    browser = visit(DATA)
    browser.file_uploader(key="file").upload("shop.csv", b"\x89PNG\r\n\x1a\n" + bytes(200)).run()

    assert not browser.exception
    assert browser.error
    assert "log under" not in says(browser)
    assert [one.name for one in data.list_datasets(shop)] == ["small-shop"]


def test_one_column_for_two_meanings_is_refused_with_what_to_change(shop, visit, says):
    browser = visit(DATA)
    browser.file_uploader(key="file").upload("u.data", ratings()).run()
    item = next(one for one in browser.selectbox if one.label == "Item")
    user = next(one for one in browser.selectbox if one.label == "Customer")
    item.select(user.value).run()

    assert "is both customer and item" in says(browser)
    assert browser.button(key="import").disabled


def test_without_a_customer_column_nothing_can_be_imported(shop, visit, says):
    browser = visit(DATA)
    browser.file_uploader(key="file").upload("u.data", ratings()).run()
    next(one for one in browser.selectbox if one.label == "Customer").select("(none)").run()

    assert "Choose a column for the customer" in says(browser)
    assert browser.button(key="import").disabled
