import os
import sqlite3
from contextlib import closing

import pytest

from reco_lab.core.errors import InputError
from reco_lab.services import databases, refreshing
from reco_lab.services.data import load_dataset
from reco_lab.services.handlers import HANDLERS
from reco_lab.workspace import Workspace

DATA = "pages/data/data.py"


@pytest.fixture
def till(empty, tmp_path, monkeypatch):
    """A folder with the database of a till, which an administrator opened."""
    folder = tmp_path / "databases"
    folder.mkdir()
    with closing(sqlite3.connect(folder / "till.sqlite")) as made:
        made.execute("CREATE TABLE sales (customer TEXT, item TEXT, day TEXT)")
        rows = [(f"c{n % 40}", f"i{n % 11}", f"2026-03-{1 + n // 12:02d}") for n in range(300)]
        made.executemany("INSERT INTO sales VALUES (?, ?, ?)", rows)
        made.execute("CREATE TABLE empty (a TEXT)")
        made.commit()
    monkeypatch.setenv(databases.FOLDERS, str(folder))
    monkeypatch.delenv(databases.HOSTS, raising=False)
    return folder / "till.sqlite"


@pytest.fixture
def work(empty):
    """Does the work that waits, as the worker would."""

    def do():
        workspace = Workspace.open(empty)
        job = workspace.queue.claim("here")
        workspace.queue.finish(job, HANDLERS[job.kind](workspace, job.payload, lambda *_: None))
        workspace.close()

    return do


@pytest.fixture
def asks(visit):
    """The Data page where it asks for a database."""

    def go():
        browser = visit(DATA)
        return browser.segmented_control(key="source").select("database").run()

    return go


def press(browser, key):
    return browser.button(key=key).click().run()


def test_without_an_administrators_word_the_page_says_what_to_set(empty, asks, monkeypatch):
    monkeypatch.delenv(databases.FOLDERS, raising=False)
    monkeypatch.delenv(databases.HOSTS, raising=False)
    browser = asks()

    assert "Reading from databases is off" in [one.proto.title for one in browser.info]
    assert databases.HOSTS in browser.code[0].value
    assert databases.FOLDERS in browser.code[0].value


def places(browser):
    """What stands where on the page: a browser closes what a person has open there once it moves."""
    return {at: child.type for at, child in browser.main.children.items()}


def test_a_notice_that_goes_moves_nothing_a_person_may_have_open(till, asks, says):
    told = press(asks(), "db-connect")
    before = places(told)
    assert "Connected to archive" in says(told)
    after = places(told.run())
    assert "Connected to archive" not in says(told)
    assert "expander" in before.values()
    assert before == after


def test_from_a_connection_to_a_data_set_and_what_came_since(till, asks, work, says, empty):
    browser = press(asks(), "db-connect")
    assert "Connected to archive: 2 tables" in says(browser)
    assert "sales: 300 rows, 3 columns" in says(browser).replace("*", "")
    grows = next(one for one in browser.selectbox if one.label == "The column that grows")
    grows.select("day").run()
    press(browser, "use-table")
    assert "on their way" in says(browser)

    work()
    browser.run()
    assert "Read from the database connection archive" in says(browser)
    press(browser, "import")
    assert "300 of 300 rows are in" in says(browser)
    assert "reco-lab data refresh sales" in says(browser)

    with closing(sqlite3.connect(till)) as grown:
        grown.execute("INSERT INTO sales VALUES ('c1', 'i1', '2026-04-01')")
        grown.commit()
    next(one for one in browser.button if one.label == "Bring another file").click().run()
    press(browser, "refresh")
    work()
    browser.run()
    assert "sales is at version 2: 1 row came in" in says(browser)
    workspace = Workspace.open(empty)
    assert len(load_dataset(workspace, "sales").interactions) == 301
    assert refreshing.origin_of(workspace, workspace.store.dataset("sales")).grows_by == "day"
    assert not any(name.startswith("sales.") for _, _, names in os.walk(empty / "staging") for name in names)


def test_a_table_that_was_dropped_meanwhile_is_not_offered_again(till, asks, empty, says):
    browser = press(asks(), "db-connect")
    press(browser, "use-table")
    with closing(sqlite3.connect(till)) as dropped:
        dropped.execute("DROP TABLE sales")
        dropped.commit()
    workspace = Workspace.open(empty)
    job = workspace.queue.claim("here")
    with pytest.raises(InputError, match="no table 'sales'") as said:
        HANDLERS[job.kind](workspace, job.payload, lambda *_: None)
    workspace.queue.fail(job, str(said.value))
    workspace.close()

    browser.run()
    assert "There is no table" in browser.error[0].value
    assert browser.selectbox(key="table-archive").options == ["empty · 0 rows"]


def test_a_query_that_writes_is_refused_in_place(till, asks, says):
    browser = press(asks(), "db-connect")
    browser.segmented_control(key="read-archive").select("A query").run()
    browser.text_area(key="query-archive").input("DELETE FROM sales").run()

    assert "It is no SELECT" in browser.error[0].proto.title
    browser.text_area(key="query-archive").input("SELECT customer, item FROM sales").run()
    assert "300 rows, 2 columns" in says(browser)


def test_an_empty_table_cannot_be_used_and_a_connection_can_be_forgotten(till, asks, says):
    browser = press(asks(), "db-connect")
    browser.selectbox(key="table-archive").select_index(0).run()

    assert browser.button(key="use-table").disabled
    assert "nothing to bring in" in says(browser)

    press(browser, "forget")
    assert browser.button(key="db-connect")


def test_a_reading_that_failed_says_why_and_the_page_goes_on(till, asks, empty):
    browser = press(asks(), "db-connect")
    press(browser, "use-table")
    workspace = Workspace.open(empty)
    job = workspace.queue.claim("here")
    workspace.queue.fail(job, "The table was dropped.", "")
    browser.run()

    assert [one.value for one in browser.error] == ["The table was dropped\\."]
    assert browser.button(key="use-table")
