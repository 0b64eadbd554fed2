import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest

from reco_lab.testing.hostile import LOOK_EVERY

_STILL = """() => {
    const app = document.querySelector("[data-testid=stApp]");
    if (app && app.dataset.testScriptState !== "notRunning") window.stillSince = 0;
    else window.stillSince ||= performance.now();
    return window.stillSince > 0 && performance.now() - window.stillSince > 300;
}"""
ROOT = Path(__file__).resolve().parents[2]
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def wait_until_healthy(url, server):
    for _ in range(240):
        assert server.poll() is None, "the server ended while starting"
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.25)
    pytest.fail("the server did not become healthy within a minute")


@pytest.fixture
def serve(tmp_path):
    """Starts the app on a free port with a home of its own; ends it, and its worker, afterwards."""
    servers = []

    def start(home=None, app="app.py", **environment):
        home = home or tmp_path / "home"
        url = f"http://127.0.0.1:{(port := free_port())}"
        command = [sys.executable, "-m", "streamlit", "run", str(app), f"--server.port={port}"]
        options = ["--server.headless=true", "--server.fileWatcherType=none"]
        settings = {"RECO_LAB_HOME": str(home), "RECO_LAB_DEMO": "0", "PYTHONPATH": _path()} | environment
        with start.output.open("ab") as output:
            server = subprocess.Popen(
                command + options,
                cwd=ROOT,
                env=os.environ | settings,
                start_new_session=True,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        servers.append((server, home))
        wait_until_healthy(url, server)
        return url

    start.output = tmp_path / "server.txt"
    yield start
    for server, home in servers:
        server.terminate()
        server.wait(20)
        _end_worker(home)


def _path():
    return os.pathsep.join(part for part in (str(ROOT), os.environ.get("PYTHONPATH")) if part)


def _end_worker(home):
    """Ends the worker that belongs to this home and no other."""
    from reco_lab.jobs.start import worker_lives

    if worker_lives(home):
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if os.fsencode(home) in words and b"reco_lab.jobs.worker" in words:
                os.kill(int(folder.name), 15)


@pytest.fixture
def chromium():
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail("there is no Chromium, and CI must have one")
        pytest.skip("there is no Chromium on this machine")
    return path


@pytest.fixture
def visitors(chromium):
    """Opens browsers that know nothing of each other."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=60_000)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=FLAGS)

        def arrive():
            context = opened.new_context(viewport={"width": 1440, "height": 1000})
            context.set_default_timeout(60_000)
            return context.new_page()

        yield arrive
        opened.close()


def _patient(click):
    """Waits while a script still draws the page: what is clicked then may be drawn anew before it is heard.

    A press takes as long as a person's: one of no time at all does not always open a list.
    """
    from playwright.sync_api import Error

    def patiently(locator, **how):
        with suppress(Error):
            locator.wait_for()  # it may come long before the script that draws it has ended
            locator.page.evaluate("window.stillSince = 0")
            locator.page.wait_for_function(_STILL, polling=LOOK_EVERY, timeout=20_000)
        click(locator, **{"delay": 60} | how)
        locator.page.wait_for_timeout(250)  # until then the next look may not see yet that a script began

    return patiently


@pytest.fixture
def browser(chromium, tmp_path, monkeypatch):
    """A fresh browser that remembers every request it made, and clicks as people do: once the page stands still."""
    from playwright.sync_api import Locator, expect, sync_playwright

    expect.set_options(timeout=60_000)
    monkeypatch.setattr(Locator, "click", _patient(Locator.click))
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            tmp_path / "profile",
            executable_path=chromium,
            args=FLAGS,
            viewport={"width": 1440, "height": 1000},
            accept_downloads=True,
        )
        context.set_default_timeout(60_000)
        page = context.new_page()
        page.requests = []
        context.on("request", lambda request: page.requests.append(request.url))
        yield page
        context.close()
