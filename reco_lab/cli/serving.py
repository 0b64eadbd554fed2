"""The commands of the service: run it, and its keys."""

import argparse
import os
import signal
import sys
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from reco_lab.cli.answer import Answer
from reco_lab.cli.opening import opened
from reco_lab.cli.people import me
from reco_lab.cli.text import announced, progress, table
from reco_lab.core.errors import InputError
from reco_lab.jobs.lifeline import when_left_alone
from reco_lab.services import bookings, keys
from reco_lab.store.keyring import KeyRecord
from reco_lab.workspace import Workspace

MOST_WORKERS = 64


def serve(options: argparse.Namespace) -> Answer:
    """Serve ads until stopped."""
    from reco_lab.api.running import serve as run
    from reco_lab.api.settings import ApiSettings, origin_of

    if not 1 <= options.workers <= MOST_WORKERS:
        raise InputError(f"--workers {options.workers} is not allowed; it must be from 1 to {MOST_WORKERS}.")
    if options.attached:
        when_left_alone(partial(os.kill, os.getpid(), signal.SIGTERM))
    workspace, settings = opened(options), ApiSettings.from_environment()
    if options.demo:
        _prepare_demo(workspace)
    settings = replace(
        settings,
        demo=options.demo,
        workers=options.workers,
        origins=(*settings.origins, *(origin_of(one, f"--origin {one}") for one in options.origin)),
        access_log=options.access_log or settings.access_log,
    )
    if not options.demo:
        sys.stderr.write(_lacking(workspace))
    run(
        workspace,
        settings,
        options.host,
        options.port,
        lambda url: sys.stderr.write(_greeting(url, options.demo)),
    )
    return Answer(None, "")


def keys_list(options: argparse.Namespace) -> Answer:
    """Every key, without what opens."""
    workspace = opened(options)
    now, found = workspace.clock.now(), keys.keys(workspace)
    rows = [
        (key.id, key.name, " ".join(key.scopes), f"{key.created:%Y-%m-%d}",
         "" if key.expires is None else f"{key.expires:%Y-%m-%d}", "" if key.holds(now) else "no longer holds")
        for key in found
    ]  # fmt: skip
    text = table(("id", "name", "scopes", "made", "until", ""), rows) if rows else "There are no keys yet."
    return Answer([_values(key) for key in found], text)


def keys_make(options: argparse.Namespace) -> Answer:
    """A new key, shown once."""
    return _shown(*keys.make_key(opened(options), options.name, options.scope, options.days, who=me()))


def keys_rotate(options: argparse.Namespace) -> Answer:
    """A key in place of another."""
    return _shown(*keys.rotate(opened(options), options.id, options.overlap, who=me()))


def keys_revoke(options: argparse.Namespace) -> Answer:
    """End a key."""
    ended = keys.revoke(opened(options), options.id, who=me())
    return Answer(_values(ended), f"The key {ended.id} ({ended.name}) opens nothing any more.")


def _prepare_demo(workspace: Workspace) -> None:
    from reco_lab.services.demo import publish_demo

    if os.environ.get("RECO_LAB_DEMO") != "0":
        told = "Preparing the demo shop and its champion (the first start takes a minute or so) ..."
        publish_demo(workspace, announced(told, progress(everywhere=True)))


def _greeting(url: str, demo: bool) -> str:
    asked = "C00042" if demo else "CUSTOMER, for whoever sends a key"
    return f"Ads are at {url}/ads?user_id={asked} (Ctrl+C ends it).\n"


def _lacking(workspace: Workspace) -> str:
    """What should be done before ads can be served as they should, a line each."""
    from reco_lab.services.publishing import serving_plan

    now = workspace.clock.now()
    told = (
        (
            any(key.holds(now) for key in keys.keys(workspace)),
            "Nobody has a key yet; make one: reco-lab keys make website --scope serve --scope track",
        ),
        (serving_plan(workspace), "No model is published yet, so ads are in no order: reco-lab publish"),
        (bookings.ads(workspace), "No ad is booked yet; book one on the page Ads, or with PUT /ads/ID."),
    )
    return "".join(f"{sentence}\n" for there, sentence in told if not there)


def _shown(text: str, key: KeyRecord) -> Answer:
    until = "until it is revoked" if key.expires is None else f"until {key.expires:%Y-%m-%d}"
    words = f"{text}\n\nThis is the only time it is shown. It is {key.id} in the list, for {', '.join(key.scopes)}, {until}."
    return Answer(_values(key) | {"key": text}, words)


def _values(key: KeyRecord) -> dict[str, Any]:
    moments = {
        name: None if (at := getattr(key, name)) is None else at.isoformat()
        for name in ("created", "expires", "revoked")
    }
    return asdict(key) | {"scopes": list(key.scopes)} | moments
