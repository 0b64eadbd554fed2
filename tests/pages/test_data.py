import numpy as np
import pandas as pd
import pytest

from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import NotFoundError
from reco_lab.services import data, recipes
from reco_lab.ui import cache
from reco_lab.workspace import Workspace

DATA = "pages/data/data.py"


def ratings(rows=300):
    rng = np.random.default_rng(1)
    users, items = np.divmod(rng.choice(39 * 60, rows, replace=False), 60)
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


def test_a_file_of_ones_own_is_not_called_example_data(shop, visit, says):
    browser = visit(DATA, dataset="small-shop")
    assert "Example data" in says(browser)
    browser.file_uploader(key="file").upload("mine.tsv", ratings()).run()

    assert "What the columns mean" in says(browser)
    assert "Example data" not in says(browser.run())


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


MESSY = b"""customer_email;product;bought on;qty;price
anna@example.com;A-001;01/02/2026;1;9.90
anna@example.com;A-002;01/02/2026;2;4.50
bert@example.com;A-001;02/02/2026;1;9.90
bert@example.com;A-001;02/02/2026;1;9.90
;A-003;03/02/2026;1;2.00
carl@example.com;A-004;03/02/2026;1;7.00
carl@example.com;A-002;04/02/2026;1;4.50
dora@example.com;A-001;05/02/2026;1;9.90
"""


def bring(visit, content=MESSY, name="messy.csv"):
    browser = visit(DATA)
    browser.file_uploader(key="file").upload(name, content).run()
    return browser


def by_path(visit):
    browser = visit(DATA)
    browser.button_group(key="source").set_value("path").run()
    return browser


def answer(browser, label, value):
    next(one for one in browser.radio if one.label == label).set_value(value).run()


def test_a_date_that_reads_two_ways_is_asked_and_nothing_comes_in_before(empty, visit, says):
    browser = bring(visit)

    assert "1 question that only you can answer" in says(browser)
    assert browser.button(key="import").disabled

    answer(browser, "What comes first?", "The day")
    assert not browser.button(key="import").disabled
    assert "From 1 Feb 2026" in says(browser)

    answer(browser, "What comes first?", "The month")
    assert "From 2 Jan 2026" in says(browser)


def test_titles_and_prices_of_a_joined_export_are_taken_from_its_rows(empty, visit, says):
    lines = [f"c{n % 4};P{n % 3};Product {n % 3};2026-02-0{1 + n % 9};1;{2 + n % 3}" for n in range(24)]
    content = "\n".join(["customer;sku;product name;date;qty;unit price", *lines]).encode()
    browser = bring(visit, content, "lines.csv")
    chosen = {one.label: one.value for one in browser.selectbox}
    assert (chosen["Title"], chosen["Category"], chosen["Price"]) == ("product name", "(none)", "unit price")

    browser.button(key="import").click().run()
    assert "Title: from 'product name', for 3 items" in says(browser)


def test_what_is_wrong_is_found_and_mended_by_one_press(empty, visit, says):
    browser = bring(visit)
    answer(browser, "What comes first?", "The day")

    assert {"Personal data in ids", "Rows without customer", "Duplicates"} <= {
        one.value for one in browser.subheader
    }
    browser.button(key="import").click().run()

    assert "6 of 8 rows are in" in says(browser)
    assert "1: each is a copy of an earlier row" in says(browser)
    found = data.load_dataset(Workspace.open(empty), "messy")
    assert not any("@" in one for one in found.interactions.user_ids)


def test_addresses_stay_only_if_a_person_says_so_and_reads_what_follows(empty, visit, says):
    browser = bring(visit)
    answer(browser, "What comes first?", "The day")
    next(one for one in browser.toggle if one.label == "Use pseudonyms").set_value(False).run()

    assert "they lie readable in the workspace" in says(browser)
    browser.button(key="import").click().run()

    found = data.load_dataset(Workspace.open(empty), "messy")
    assert "anna@example.com" in found.interactions.user_ids


def test_impossible_dates_must_be_decided_before_anything_comes_in(empty, visit, says):
    lines = "customer,item,date\n" + "".join(
        f"c{n % 9},i{n % 7},2025-01-{1 + n % 28:02d}\n" for n in range(45)
    )
    browser = bring(visit, (lines + "c1,i1,2099-01-01\n").encode(), "future.csv")
    assert "To be decided: Impossible dates." in says(browser)
    assert browser.button(key="import").disabled

    next(one for one in browser.toggle if one.label == "Leave them out").set_value(True).run()
    browser.button(key="import").click().run()
    assert "45 of 46 rows are in" in says(browser)


def test_a_mend_that_is_declined_leaves_its_rows_in(empty, visit, says):
    browser = bring(visit)
    answer(browser, "What comes first?", "The day")
    leave = [one for one in browser.toggle if one.label == "Leave them out"]
    leave[0].set_value(False).run()
    browser.button(key="import").click().run()

    assert "7 of 8 rows are in" in says(browser)


def test_the_next_file_of_the_same_shape_needs_no_answer(empty, visit, says):
    browser = bring(visit)
    answer(browser, "What comes first?", "The day")
    browser.button(key="import").click().run()

    later = bring(visit, MESSY.replace(b"2026", b"2025"), "later.csv")

    assert "A file with these columns came before" in says(later)
    assert not later.button(key="import").disabled
    later.button(key="import").click().run()
    assert "6 of 8 rows are in" in says(later)


def test_a_column_that_was_not_known_last_time_is_offered_and_taken_by_one_press(empty, visit, says):
    lines = [f"c{n % 4};P{n % 3};2026-02-0{1 + n % 9};1;{2 + n % 3},50" for n in range(24)]
    content = "\n".join(["customer;sku;date;qty;unit price", *lines]).encode()
    browser = bring(visit, content, "lines.csv")
    next(one for one in browser.selectbox if one.label == "Price").select("(none)").run()
    browser.button(key="import").click().run()

    later = bring(visit, content.replace(b"2026", b"2025"), "later.csv")
    assert next(one for one in later.selectbox if one.label == "Price").value == "(none)"
    assert "none, as last time; now maybe unit price" in says(later)
    next(one for one in later.button if one.label == "Take unit price").click().run()
    assert next(one for one in later.selectbox if one.label == "Price").value == "unit price"


def test_the_recipe_that_the_page_gives_repeats_the_import_to_the_digit(empty, visit, tmp_path):
    browser = bring(visit)
    answer(browser, "What comes first?", "The day")
    browser.button(key="import").click().run()
    workspace = Workspace.open(empty)
    here = workspace.store.dataset("messy")
    (tmp_path / "messy.csv").write_bytes(MESSY)

    again = data.import_file(
        workspace,
        tmp_path / "messy.csv",
        "again",
        recipe=recipes.parse(recipes.dump(recipes.recipe_of(workspace, here))),
    )

    assert again.fingerprint == here.fingerprint


def test_the_same_file_twice_makes_no_second_copy(empty, visit, says):
    for _ in range(2):
        browser = bring(visit, ratings(), "u.data")
        browser.button(key="import").click().run()

    assert "no second copy was made" in says(browser)
    assert Workspace.open(empty).store.dataset("u").version == 1


def test_more_rows_make_a_new_version_and_the_older_one_stays_readable(empty, visit, says):
    browser = bring(visit, ratings(), "u.data")
    browser.button(key="import").click().run()

    more = bring(visit, ratings().replace(b"\t8", b"\t9"), "more.data")
    next(one for one in more.radio if one.label == "It becomes").set_value("add").run()
    more.button(key="import").click().run()
    assert "as version 2" in says(more)

    old = visit(DATA, version="1")
    assert "The first interactions of version 1" in [one.label for one in old.expander]
    assert [one.version for one in Workspace.open(empty).store.versions("u")] == [2, 1]


def test_a_version_that_was_taken_away_is_not_taken_for_the_one_that_is_there(shop):
    log = data.load_dataset(shop, "small-shop").interactions
    smaller = Dataset("small-shop", log.take(np.arange(10)))
    gone = data.save_dataset(shop, smaller)
    shop.store.drop_dataset(gone.name, gone.version)
    assert cache.dataset(shop, gone.name, gone.fingerprint).fingerprint == gone.fingerprint
    with pytest.raises(NotFoundError):
        cache.dataset(shop, gone.name, "0" * 64)


def test_an_import_is_undone_and_brought_back(shop, visit, says):
    browser = bring(visit, ratings(), "u.data")
    browser.button(key="import").click().run()
    next(one for one in browser.button if one.label == "Undo this").click().run()

    assert "is taken away" in says(browser)
    assert [one.name for one in data.list_datasets(shop)] == ["small-shop"]

    browser.button(key="back-u-1").click().run()
    assert {one.name for one in data.list_datasets(shop)} == {"small-shop", "u"}


def test_a_survey_is_recognised_and_becomes_ratings(empty, visit, says):
    rng = np.random.default_rng(2)
    songs = ["Rock", "Pop", "Jazz", "Folk", "Punk"]
    rows = [",".join([*songs, "Gender"])]
    rows += [",".join([*map(str, rng.integers(1, 6, 5)), "fm"[n % 2]]) for n in range(40)]
    browser = bring(visit, "\n".join(rows).encode(), "music.csv")

    assert "A survey: 40 respondents" in says(browser)
    browser.button(key="import").click().run()

    assert "200 answers became ratings" in says(browser)
    assert list(data.load_dataset(Workspace.open(empty), "music").interactions.item_ids) == sorted(songs)


def test_a_sheet_of_a_workbook_is_chosen(empty, visit, says, tmp_path):
    path = tmp_path / "book.xlsx"
    with pd.ExcelWriter(path) as book:
        for sheet, item in (("first", "a"), ("second", "b")):
            frame = pd.DataFrame({"customer": ["x", "y", "x"], "item": [f"{item}{n}" for n in range(3)]})
            frame.to_excel(book, sheet_name=sheet, index=False)
    browser = bring(visit, path.read_bytes(), "book.xlsx")
    next(one for one in browser.selectbox if one.label == "Sheet").select("second").run()
    browser.button(key="import").click().run()

    assert "3 of 3 rows are in" in says(browser)
    assert "b0" in data.load_dataset(Workspace.open(empty), "book").interactions.item_ids


def test_letters_that_could_be_several_are_shown_and_asked(empty, visit, says):
    lines = "customer,item,title\n" + "".join(f"c{n % 7},i{n},Zażółć gęślą jaźń {n}\n" for n in range(30))
    browser = bring(visit, lines.encode("cp1250"), "polish.csv")
    asked = next(one for one in browser.radio if "letters look right" in one.label)

    asked.set_value("cp1250").run()

    assert "Windows-1250" in says(browser)


def test_a_path_on_the_server_is_read_where_it_lies(empty, visit, says, tmp_path, monkeypatch):
    monkeypatch.setenv("RECO_LAB_IMPORT_FOLDERS", str(tmp_path))
    path = tmp_path / "large.tsv"
    path.write_bytes(ratings())
    browser = by_path(visit)
    browser.text_input(key="server-path").set_value(str(path)).run()
    next(one for one in browser.button if one.label == "Look at it").click().run()
    browser.button(key="import").click().run()

    assert "300 of 300 rows are in" in says(browser)
    assert path.exists()


def test_a_path_that_is_not_there_gets_a_sentence(empty, visit, says):
    browser = by_path(visit)
    browser.text_input(key="server-path").set_value("at-all.csv").run()
    next(one for one in browser.button if one.label == "Look at it").click().run()

    assert "There is no such place on the server" in says(browser)


def test_a_path_outside_of_the_open_folders_is_not_read(empty, visit, says, tmp_path):
    (tmp_path / "large.tsv").write_bytes(ratings())
    browser = by_path(visit)
    browser.text_input(key="server-path").set_value(str(tmp_path / "large.tsv")).run()
    next(one for one in browser.button if one.label == "Look at it").click().run()

    assert f"Put it into {(empty / 'inbox').resolve()}" in says(browser)


def test_tables_of_customers_and_items_come_with_it(empty, visit, says):
    browser = bring(visit, ratings(), "u.data")
    people = "id,age\n" + "\n".join(f"{n},{20 + n}" for n in range(39))
    browser.file_uploader(key="customers-file").upload("people.csv", people.encode()).run()
    browser.button(key="import").click().run()

    assert data.load_dataset(Workspace.open(empty), "u").customers["age"].notna().all()


def test_uploads_leave_memory_and_a_visit_has_a_quota(empty, visit, says, monkeypatch):
    monkeypatch.setattr("reco_lab.ui.intake.QUOTA", 1000)
    browser = bring(visit, ratings(), "u.data")

    assert "The uploads of one visit may take" in says(browser)
    assert data.list_datasets(Workspace.open(empty)) == []


@pytest.mark.data
def test_a_public_data_set_comes_from_a_folder_with_its_tables(empty, visit, says, real_data, monkeypatch):
    monkeypatch.setenv("RECO_LAB_IMPORT_FOLDERS", str(real_data("ml-100k/u.data").parent))
    browser = visit(DATA)
    browser.button_group(key="source").set_value("public").run()
    browser.selectbox(key="public").select("movielens-100k").run()
    folder = next(one for one in browser.text_input if one.label.startswith("Folder on the server"))
    folder.set_value(str(real_data("ml-100k/u.data").parent)).run()
    next(one for one in browser.button if one.label == "Get it").click().run()
    assert "u.user comes with it" in says(browser)
    browser.button(key="import").click().run()

    assert "100,000 of 100,000 rows are in" in says(browser)
    found = data.list_datasets(Workspace.open(empty))[0]
    assert found.summary["customer_columns"]
    assert found.summary["item_columns"]
