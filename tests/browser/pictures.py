"""Take pictures of every page, light and dark, wide and narrow: python tests/browser/pictures.py URL FOLDER [PAGE...]"""

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PAGES = ("home", "data", "explore", "recommenders", "experiment", "compare", "customer", "calibration", "ads")
SIZES = {"wide": (1440, 1000), "narrow": (390, 844)}


def settle(page: Page) -> None:
    """Wait until the page is drawn and quiet."""
    page.get_by_test_id("stAppViewContainer").wait_for()
    page.wait_for_function(
        "() => !document.querySelector('[data-testid=stStatusWidget], [data-testid=stSpinner], [data-testid=stSkeleton], [data-stale=true]')"
        " && document.querySelector('h1')",
        timeout=60_000,
    )
    page.wait_for_timeout(700)


def take(url: str, folder: Path, names: tuple[str, ...]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as profile:
        for scheme in ("light", "dark"):
            for size, (width, height) in SIZES.items():
                context = playwright.chromium.launch_persistent_context(
                    f"{profile}/{scheme}-{size}",
                    executable_path=shutil.which("chromium"),
                    args=list(FLAGS),
                    color_scheme=scheme,
                    viewport={"width": width, "height": height},
                )
                page = context.new_page()
                for name in names:
                    slug, _, query = name.partition("?")
                    path = "" if slug == "home" else slug
                    page.set_viewport_size({"width": width, "height": height})
                    page.goto(f"{url}/{path}{'?' + query if query else ''}")
                    settle(page)
                    tall = page.evaluate(
                        "() => document.querySelector('[data-testid=stMainBlockContainer]').scrollHeight"
                    )
                    page.set_viewport_size({"width": width, "height": max(height, min(int(tall) + 40, 4000))})
                    settle(page)
                    stem = name.replace("?", "-").replace("=", "-").replace("&", "-").replace(" ", "-")
                    page.screenshot(path=folder / f"{stem}-{scheme}-{size}.png")
                context.close()


if __name__ == "__main__":
    take(sys.argv[1].rstrip("/"), Path(sys.argv[2]), tuple(sys.argv[3:]) or PAGES)
