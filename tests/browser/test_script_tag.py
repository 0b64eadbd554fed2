"""The script of README in a page of a shop: an ad is shown and clicked, and the service knows it."""

import re
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.request import urlopen

import pytest

from reco_lab.testing.service import small_shop
from reco_lab.testing.waiting import until

ROOT = Path(__file__).resolve().parents[2]
PAGE = re.search(r"^```html\n(.*?)^```", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)[1]


@pytest.fixture
def page_of_a_shop(tmp_path):
    """Serves the script as a page; `show(service)` writes it and says where it is."""
    site = tmp_path / "site"
    site.mkdir()
    handler = partial(SimpleHTTPRequestHandler, directory=str(site))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def show(service):
        page = f"<!doctype html><meta charset=utf-8>{PAGE}".replace("http://127.0.0.1:8600", service)
        (site / "index.html").write_text(page, "utf-8")
        return f"http://127.0.0.1:{server.server_port}/"

    yield show
    server.shutdown()
    server.server_close()


@pytest.mark.browser
def test_the_script_of_the_readme_shows_an_ad_and_tells_what_became_of_it(
    serve, browser, page_of_a_shop, tmp_path
):
    small_shop(tmp_path / "home").close()
    url = serve(tmp_path / "home")
    browser.route("https://shop.example/**", lambda route: route.fulfill(body="the shop"))
    browser.goto(page_of_a_shop(f"{url}/api"))
    browser.locator("#ad a").first.click()
    until(lambda: counted(url) >= 2)
    assert counted(url) == 2  # an impression and a click


def counted(url):
    """How many events the service has acknowledged."""
    with urlopen(f"{url}/api/metrics") as answer:
        text = answer.read().decode()
    found = re.search(r'reco_lab_told_total{outcome="accepted",route="/events"} ([0-9.]+)', text)
    return float(found[1]) if found else 0
