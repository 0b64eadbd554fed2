"""Texts from data stay texts: on every page, as ids, titles, categories, column, file, data set and experiment names."""

import csv
import io
import json
from contextlib import suppress
from urllib.parse import urlencode

import pytest
from playwright.sync_api import TimeoutError as Late
from playwright.sync_api import expect

from reco_lab.core.experiment import Columns, Experiment
from reco_lab.services import data, experiments
from reco_lab.testing.hostile import LOOK_EVERY, STILL, Beacon, Watch, payloads
from reco_lab.workspace import Workspace

pytestmark = pytest.mark.browser

TABBED = {"compare": 6, "explore": 8, "settings": 5}  # at least so many
VILLAIN = """
import json, os
import streamlit as st
st.title("Villain")
for text in json.loads(os.environ["PAYLOADS"]):
    st.markdown(text)
    st.markdown(text, unsafe_allow_html=True)
"""


@pytest.fixture(scope="module")
def beacon():
    listener = Beacon()
    yield listener
    listener.close()


@pytest.fixture(scope="module")
def texts(beacon):
    return payloads(beacon.address)


@pytest.fixture(scope="module")
def hostile(texts, tmp_path_factory):
    """A home whose only data set has a payload wherever a text can be, with finished comparisons of such names."""
    folder = tmp_path_factory.mktemp("hostile")
    workspace = Workspace.open(folder / "home")
    for name, content in files(texts).items():
        (folder / name).write_bytes(content)
    data.import_file(
        workspace,
        folder / "log.csv",
        "villains",
        title=" ┊ ".join(texts),
        columns=Columns(user=0, item=1, time=2),
        customers=folder / "people.csv",
        items=folder / "items.csv",
    )
    for number, name in enumerate(packed(texts)):
        asked = question(name, seed=number)
        if number < 2:
            experiments.run(workspace, asked, report=lambda _fraction, _message: None)
        else:
            experiments.remember(workspace, experiments.prepare(workspace, asked))
    workspace.close()
    return folder / "home"


def files(texts):
    """The three tables as CSV: customers of two tastes, every payload an id, a title, a category and a column."""
    count = len(texts)
    log = [(f"customer {texts[0]}", f"item {texts[1]}", f"time {texts[2]}", f"kind {texts[3]}")]
    log += [
        (
            texts[user],
            texts[(user // 2 * 2 + 7 * turn) % count],
            f"2026-03-{1 + (user + 3 * turn) % 28:02d}",
            "view",
        )
        for user in range(count)
        for turn in range(8)
    ]
    people = [("customer", "age", *texts[:40])]
    people += [
        (texts[user], 20 + user, *(texts[(user + at) % count] for at in range(40))) for user in range(count)
    ]
    items = [("item", "title", "category", "price", texts[5])]
    items += [
        (texts[item], texts[(item + 11) % count], texts[(item + 29) % count], item + 1, texts[item])
        for item in range(count)
    ]
    return {
        f"{name}.csv": as_csv(rows) for name, rows in (("log", log), ("people", people), ("items", items))
    }


def as_csv(rows):
    stream = io.StringIO(newline="")
    csv.writer(stream, quoting=csv.QUOTE_ALL).writerows(rows)
    return stream.getvalue().encode()


def question(name, **changes):
    models = [{"algorithm": "item_knn"}, {"algorithm": "ease"}, {"algorithm": "content"}]
    asked = {
        "name": name,
        "data": {"dataset": "villains"},
        "split": {"kind": "last_n"},
        "recommenders": models,
        "metrics": {"names": ["ndcg", "coverage"], "k": [5]},
    }
    return Experiment.model_validate(asked | changes)


def packed(texts, longest=120):
    """Names of experiments, as many payloads in each as fit."""
    names = [""]
    for text in texts:
        if len(names[-1]) + len(text) + 1 > longest:
            names.append("")
        names[-1] = f"{names[-1]} {text}".strip()
    return names


def test_the_watch_notices_what_comes_alive(serve, browser, tmp_path):
    beacon = Beacon()
    texts = payloads(beacon.address)
    villain = tmp_path / "villain.py"
    villain.write_text(VILLAIN)
    url = serve(app=villain, PAYLOADS=json.dumps(texts))
    watch = Watch(browser, url)

    browser.goto(url)
    watch.look("villain")

    assert watch.left
    assert beacon.asked
    assert watch.dialogs
    assert len(watch.alive["villain"]) > 20
    assert len(watch.unseen(texts)) > 10
    beacon.close()


def test_no_text_from_data_comes_alive_on_any_page(serve, browser, beacon, hostile, texts, tmp_path):
    url = serve(hostile)
    watch = Watch(browser, url)
    tour = Tour(browser, url, watch)

    tour.visit("")
    tour.bring(texts)
    tour.visit("experiment")
    tour.visit("experiment", expert="true")
    for page, tabs in TABBED.items():
        assert tour.tabs(page) >= tabs
    for customer in texts[::12]:
        tour.visit("customer", customer=customer)
    tour.what_if(texts)
    tour.visit("customer", dataset=texts[2], experiment=texts[36], customer=texts[37] + "?")
    report = tour.report(tmp_path)

    assert watch.left == []
    assert beacon.asked == []
    assert watch.dialogs == []
    assert watch.alive == {}
    assert watch.unseen(texts) == []
    assert_opens_quietly(browser, report, beacon)
    assert_log_is_silent(hostile, serve.output, texts)


class Tour:
    """Goes through the pages as a person would, and looks around on each."""

    def __init__(self, page, url, watch):
        self.page, self.url, self.watch = page, url, watch

    def visit(self, path, **query):
        self.page.goto(f"{self.url}/{path}?{urlencode({'dataset': 'villains'} | query)}")
        self.look(f"{path} {query}")

    def tabs(self, path):
        """Open one tab after the other; how many there are."""
        self.visit(path, expert="true")
        tabs = self.page.locator("[data-testid=stMain] [role=tab]")
        for place in range(tabs.count()):
            tabs.nth(place).click()
            expect(tabs.nth(place)).to_have_attribute("aria-selected", "true")
            self.look(f"{path}, tab {place + 1}")
        return tabs.count()

    def look(self, name):
        self.watch.look(name)
        self.unfold()
        self.page.wait_for_function(STILL, polling=LOOK_EVERY)
        charts, place = self.page.get_by_test_id("stPlotlyChart"), 0
        while place < charts.count():
            try:
                charts.nth(place).hover(timeout=20_000)
            except Late:  # what was opened drew the page anew, with fewer
                assert place >= charts.count()
            place += 1
        self.watch.look(f"{name}, opened")

    def unfold(self):
        """Open every part of the page that can be opened, once it stands still."""
        self.page.wait_for_function(STILL, polling=LOOK_EVERY)
        closed = self.page.locator("[data-testid=stMain] details:not([open]) > summary")
        while closed.count():
            closed.first.click()

    def bring(self, texts):
        """Bring a file whose name, columns and cells are payloads; first with a wrong meaning of its columns."""
        made = files(texts)
        name = f"{' '.join(texts[:3])}.csv".replace("/", "∕")
        self.page.goto(f"{self.url}/data")
        upload = self.page.locator("input[type=file]")
        upload.first.set_input_files({"name": name, "mimeType": "text/csv", "buffer": made["log.csv"]})
        expect(self.page.get_by_role("heading", name="What the columns mean")).to_be_visible()
        self.choose("Customer", f"kind {texts[3]}")
        self.look("data, wrong meaning")
        self.choose("Customer", f"customer {texts[0]}")
        self.choose("Item", f"item {texts[1]}")
        self.look("data, right meaning")
        for place, table, label in ((1, "people.csv", "Customers"), (2, "items.csv", "Items")):
            content = {"name": f"{texts[place]}.csv", "mimeType": "text/csv", "buffer": made[table]}
            inside = self.page.get_by_test_id("stFileUploader").filter(has_text=label)
            self.unfold()
            inside.locator("input[type=file]").set_input_files(content)
            self.watch.look(f"data, {table}")
            self.unfold()
            expect(self.page.locator("button", has_text="Leave it out")).to_have_count(place)
        self.page.get_by_role("button", name="Import", exact=True).click()
        expect(self.page.get_by_text("rows are in")).to_be_visible()
        self.look("data, imported")

    def choose(self, label, option):
        box = self.page.get_by_role("combobox", name=label).first
        found = self.page.get_by_role("option", name=option, exact=True)
        for _ in range(5):  # a page that is drawn anew closes a list that was open
            box.click()
            if not found.count():
                box.press("ArrowDown")
            with suppress(Late):
                found.click(timeout=5_000)
                return
        found.click()

    def what_if(self, texts):
        """Leave out and add on the Customer page, and ask for somebody who is not there."""
        back = self.page.get_by_role("button", name="Back to the true history")
        # one after the other: what is left out may be what comes first then, and would come back
        for change in ("Leave out", "What if bought?"):
            self.page.get_by_role("button", name=change).first.click()
            expect(back).to_be_visible()
            self.look(change)
            back.click()
            expect(back).to_be_hidden()
        box = self.page.get_by_role("combobox", name="Customer").first
        box.fill(f"{texts[2]} nobody")
        box.press("Enter")
        self.look("search")

    def report(self, folder):
        """The report of a comparison, saved."""
        self.visit("compare")
        self.page.get_by_test_id("stDataFrame").first.hover()
        assert self.page.get_by_role("button", name="Download as CSV").count() == 0, "formulas would get out"
        with self.page.expect_download() as download:
            self.page.get_by_role("button", name="Share or export").click()
            self.page.get_by_role("button", name="Report (HTML, one file)").click()
        download.value.save_as(folder / "report.html")
        return folder / "report.html"


def assert_opens_quietly(browser, report, beacon):
    """A report opened from the disk asks nobody for anything."""
    asked = []
    browser.context.on("request", lambda request: asked.append(request.url))
    browser.goto(report.as_uri())
    browser.wait_for_timeout(500)
    assert [one for one in asked if not one.startswith(("file:", "data:", "blob:"))] == []
    assert beacon.asked == []


def assert_log_is_silent(home, output, texts):
    """Neither the log nor what the server printed holds an id, a title or a name from the data."""
    written = [path.read_text("utf-8", "replace") for path in (home / "log").glob("*")]
    said = "\n".join([*written, output.read_text("utf-8", "replace")])
    assert [text for text in texts if len(text) > 8 and text in said] == []
    assert "beacon" not in said
