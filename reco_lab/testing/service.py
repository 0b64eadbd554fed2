"""A service over a small shop, asked in process as a website asks it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from starlette.testclient import TestClient

from reco_lab.api.building import build
from reco_lab.api.service import Service
from reco_lab.api.settings import ApiSettings
from reco_lab.core.ads import Ad
from reco_lab.core.clock import Clock
from reco_lab.services import bookings
from reco_lab.services.data import save_dataset
from reco_lab.services.keys import make_key
from reco_lab.store.keyring import Scope
from reco_lab.testing.shops import standard
from reco_lab.workspace import Workspace

ADS = (
    Ad(id="boots", title="Boots for the rain", link="https://shop.example/boots", item="i1", bid=0.2),
    Ad(id="hats", title="Hats", link="https://shop.example/hats", bid=0.1, slots=("top",)),
    Ad(id="shop", title="Our shop", link="/", house=True),
)


def small_shop(home: Path, *, clock: Clock | None = None) -> Workspace:
    """A workspace with a small shop and three ads."""
    workspace = Workspace.open(home, clock=clock)
    save_dataset(workspace, replace(standard().train, name="small-shop"))
    for ad in ADS:
        bookings.book(workspace, ad)
    return workspace


@contextmanager
def asked(workspace: Workspace, settings: ApiSettings, *scopes: Scope) -> Iterator[TestClient]:
    """A client of a service on this workspace, at this machine, with a new key of these scopes if any are named."""
    key = make_key(workspace, "a test", scopes, who="a test")[0] if scopes else ""
    app = build(Service.open(settings, workspace))
    headers = {"X-API-Key": key} if key else {}
    with TestClient(
        app,
        "http://localhost",
        headers=headers,
        client=("127.0.0.1", 50_000),
        raise_server_exceptions=False,
    ) as client:
        yield client
