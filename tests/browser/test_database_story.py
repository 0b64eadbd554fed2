"""From a PostgreSQL that holds a real shop to a data set and a campaign of it, in a real browser."""

import csv

import pandas as pd
import psycopg
import pytest
from playwright.sync_api import TimeoutError as TooLate
from playwright.sync_api import expect

from reco_lab.core.experiment import Experiment
from reco_lab.services import campaign_lists, campaigns, data, databases, experiments
from reco_lab.workspace import Workspace

pytestmark = [pytest.mark.browser, pytest.mark.data, pytest.mark.slow]

ASKED = {
    "name": "Which one?",
    "seeds": 1,
    "data": {"dataset": "orders"},
    "split": {"kind": "global_time"},
    "recommenders": [{"algorithm": "item_knn"}, {"algorithm": "recently_popular"}],
    "metrics": {"names": ["ndcg"], "k": [10]},
}
COLUMNS = "invoice text, sku text, description text, quantity int, bought timestamp, price numeric, customer text, country text"


@pytest.fixture(scope="module")
def port(postgresql, real_data):
    file = real_data("online-retail/OnlineRetail.csv")
    with psycopg.connect(postgresql.url, autocommit=True) as owner, owner.cursor() as cursor:
        cursor.execute("CREATE ROLE reader LOGIN PASSWORD 'reader'")
        cursor.execute(f"CREATE TABLE orders ({COLUMNS})")
        cursor.execute("SET datestyle = 'ISO, MDY'")
        with (
            file.open(encoding="cp1252", newline="") as stream,
            cursor.copy("COPY orders FROM STDIN") as copy,
        ):
            lines = csv.reader(stream)
            next(lines)
            for line in lines:
                copy.write_row([value or None for value in line])
        cursor.execute("GRANT SELECT ON orders TO reader")
        cursor.execute("ANALYZE")
    return psycopg.conninfo.conninfo_to_dict(postgresql.url)["port"]


def heading(page, name):
    return page.get_by_role("heading", name=name, exact=True)


def typed(page, label, text):
    page.get_by_role("textbox", name=label).fill(text)
    page.get_by_role("textbox", name=label).press("Tab")


def choose(page, label, option):
    box, wanted = (
        page.get_by_role("combobox", name=label),
        page.get_by_role("option", name=option, exact=True),
    )
    for _ in range(3):  # a page that is drawn anew closes the list
        box.click()
        try:
            wanted.click(timeout=10_000)
            break
        except TooLate:
            continue
    expect(box).to_have_value(option)


def test_a_shop_comes_out_of_its_database_and_what_came_since_joins_it(
    serve, browser, port, postgresql, tmp_path
):
    settings = {databases.HOSTS: f"127.0.0.1:{port}", databases.password_variable("shop"): "reader"}
    url = serve(tmp_path / "home", **settings)
    browser.goto(f"{url}/data")
    browser.get_by_text("A database", exact=True).click()
    typed(browser, "Database", "postgres")
    typed(browser, "User", "nobody")
    browser.get_by_role("button", name="Connect").click()
    expect(browser.get_by_text("did not let 'nobody' in")).to_be_visible()
    typed(browser, "User", "reader")
    browser.get_by_role("button", name="Connect").click()

    expect(browser.get_by_text("541,909 rows, 8 columns")).to_be_visible()
    browser.get_by_text("Next time, read only what is new").click()
    choose(browser, "The column that grows", "bought")
    browser.get_by_role("button", name="Use this table").click()

    expect(heading(browser, "What we found")).to_be_visible(timeout=240_000)
    expect(browser.get_by_text("135,080 rows (24.9%) have no usable customer id")).to_be_visible()
    browser.get_by_role("button", name="Import").click()
    expect(browser.get_by_text("392,692 of 541,909 rows are in")).to_be_visible(timeout=240_000)

    with psycopg.connect(postgresql.url, autocommit=True) as owner:
        owner.execute(
            "INSERT INTO orders SELECT 'new', sku, description, 1, '2011-12-10 10:00', 1, customer, country "
            "FROM orders WHERE customer IS NOT NULL LIMIT 3"
        )
    browser.get_by_role("button", name="Bring another file").click()
    expect(heading(browser, "What is here")).to_be_visible()
    expect(browser.get_by_role("button", name="Use this table")).to_be_enabled()
    browser.get_by_role("button", name="Bring what is new").click()
    expect(browser.get_by_text("orders is at version 2: 3 rows came in.")).to_be_visible(timeout=240_000)
    for path in (tmp_path / "home").rglob("*.jsonl"):
        assert "PASSWORD" not in path.read_text()
    a_campaign_of_it_is_a_checked_file(url, browser, tmp_path)


def a_campaign_of_it_is_a_checked_file(url, browser, tmp_path):
    workspace = Workspace.open(tmp_path / "home")
    experiments.run(workspace, Experiment.model_validate(ASKED), report=lambda _fraction, _message: None)
    browser.goto(f"{url}/segments?dataset=orders")
    browser.get_by_role("button", name="Save as a segment").click()
    browser.get_by_role("button", name="Save and use in a campaign").click()
    browser.get_by_role("button", name="Make the lists").click()
    expect(browser.get_by_role("button", name="Download the list")).to_be_visible(timeout=240_000)
    with browser.expect_download() as taken:
        browser.get_by_role("button", name="Download the list").click()
    taken.value.save_as(tmp_path / "list.csv")

    (record,) = campaigns.listing(workspace)
    people = campaign_lists.prepared(workspace, record.id).customers
    sent, held = (set(people.loc[people["group"] == one, "customer_id"]) for one in ("sent", "control"))
    file = pd.read_csv(tmp_path / "list.csv", dtype="str", encoding="utf-8-sig")
    assert held
    assert len(file) == len(sent)
    assert set(file["customer_id"]) == sent
    assert sent <= set(data.load_dataset(workspace, "orders").interactions.user_ids)
    workspace.close()
