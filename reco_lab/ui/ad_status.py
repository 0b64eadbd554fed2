"""What serves now: the page's answer, and its one next step."""

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import streamlit as st

from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import InputError, NotFoundError
from reco_lab.core.policy import policies
from reco_lab.services import ad_calls, bookings, decisions, experiments, publishing
from reco_lab.services.ad_calls import Caller
from reco_lab.services.publishing import Plan
from reco_lab.store.own_time import rehearsed
from reco_lab.store.records import JobState
from reco_lab.ui import cache, page, records, show, state
from reco_lab.ui.words import count, md
from reco_lab.workspace import Workspace

COMMAND = "reco-lab serve --demo"
PATIENCE = 3.0


@dataclass(frozen=True)
class Status:
    """How the service stands: who calls it (None: it does not answer), what it says of itself, what is published."""

    caller: Caller | None
    said: Mapping[str, Any]
    plan: Plan | None

    @property
    def problems(self) -> tuple[str, ...]:
        """What the service says is wrong."""
        return tuple(str(one) for one in self.said.get("problems", ()))


def look(workspace: Workspace) -> Status:
    """Ask the service how it is."""
    plan = publishing.serving_plan(workspace)
    with st.spinner("Asking the service…"):
        url = ad_calls.address(workspace, "" if rehearsed(workspace.home) else own_address())
        if url is None:
            return Status(None, {}, plan)
        caller = cache.caller(workspace, url)
        try:
            return Status(caller, _ready(workspace, caller), plan)
        except InputError:
            return Status(None, {}, plan)


def _ready(workspace: Workspace, caller: Caller) -> Mapping[str, Any]:
    """What the service says of itself, once it knows of the ads that were booked or changed here just now."""
    said = caller.ready().body
    if state.taken(state.ADS_CHANGED):
        now = workspace.clock.now()
        run = sum(ad.flies(now) for ad in bookings.ads(workspace))
        until = time.monotonic() + PATIENCE
        while said.get("ads") != run and time.monotonic() < until:
            time.sleep(0.1)
            said = caller.ready().body
    return said


def own_address() -> str:
    """Where the app itself serves ads, if it does."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"http://127.0.0.1:{st.get_option('server.port')}{'/' + base if base else ''}/api"


def answer(lab: page.Lab, now: Status) -> None:
    """Say what serves, and offer the next step."""
    show.answer(*sentence(lab.workspace, now))
    if now.caller is None and not rehearsed(lab.workspace.home):
        _start()
    if rehearsed(lab.workspace.home) and st.button(
        "Leave the rehearsal", icon=":material/logout:", key="rehearsal-leave"
    ):
        show.go(page.ADS)
    show.warnings(now.problems)
    if now.plan is None:
        _publish(lab)


def sentence(workspace: Workspace, now: Status) -> tuple[str, str]:
    """What serves, in one sentence and one line."""
    what = "Nothing is published yet" if now.plan is None else f"{now.plan.model} is published"
    if now.caller is None and rehearsed(workspace.home):
        return (
            f"{what} in the rehearsal, which is over.",
            "Nobody comes any more: what is here stays as it was.",
        )
    if now.caller is None:
        return f"{what}, and the service does not run.", "Without it no website gets an ad."
    ads = int(now.said.get("ads", 0))
    flying = f"{count(ads, 'ad')} {'runs' if ads == 1 else 'run'}"
    calls = decisions.calls_a_minute(cache.events(workspace))
    traffic = f"{count(calls[-2] if len(calls) > 1 else 0, 'call')} for ads in the last full minute"
    if now.plan is None:
        running = (
            f": {flying}, ranked by {'its' if ads == 1 else 'their'} clicks alone"
            if ads
            else ", and no ad runs"
        )
        return f"{what}{running}.", f"{traffic} · {now.caller.url}"
    version = str(now.said.get("model_version", ""))
    behind = "" if version == now.plan.version else " (the new publication is being loaded)"
    chosen = policy_label(str(now.said.get("policy", "")))
    return (
        f"{now.plan.model} serves, {flying}.",
        f"{_learnt_from(workspace, now.plan)}Policy: {chosen} · version {version}{behind} · {traffic} · {now.caller.url}",
    )


def _learnt_from(workspace: Workspace, plan: Plan) -> str:
    with suppress(NotFoundError):
        return f"Learnt from {workspace.store.dataset(plan.dataset).title} · "
    return ""


def served(lab: page.Lab, plan: Plan | None) -> Dataset | None:
    """The data that what serves was trained on; the chosen data where nothing serves or they are gone."""
    if plan is not None:
        with suppress(InputError):
            return cache.dataset(lab.workspace, plan.dataset, plan.fingerprint)
    return None if lab.version is None else lab.dataset()


def policy_label(id_: str) -> str:
    """What a person calls a policy."""
    known = policies()
    return known[id_].info.label if id_ in known else id_


def _start() -> None:
    st.code(COMMAND, language="bash")
    st.caption(
        "This command starts it: it answers this machine only and needs no key. For a website leave `--demo` out and make "
        "a key in Connect."
    )


def _publish(lab: page.Lab) -> None:
    """Offer to publish the champion of the latest comparison, or to compare first."""
    if lab.version is None:
        show.empty(
            "No data yet, so no model can serve",
            "With data and a comparison here, the best recommender chooses the ads. Until then ads are ranked by their clicks.",
            page=page.DATA,
            label="Bring your data",
            icon=":material/upload_file:",
        )
        return
    done = [
        one
        for one in records.finished(experiments.listing(lab.workspace, lab.version.name))
        if (one.comparison or {}).get("champion")
    ]
    if not done:
        show.empty(
            "Nothing has been compared on this data set yet",
            "A comparison finds the champion, and the champion is what serves.",
            page=page.EXPERIMENT,
            label="Compare recommenders",
            icon=":material/experiment:",
        )
        return
    champion = str((done[0].comparison or {})["champion"])
    _last(lab.workspace, done[0].id)
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Publish the champion", type="primary", icon=":material/rocket_launch:", key="publish"):
            publishing.submit(lab.workspace, done[0].id, champion)
            st.rerun()
        st.caption(
            f"{md(champion)} of “{md(done[0].name)}”, trained on all its data, with stand-ins for customers it does not know."
        )


def _last(workspace: Workspace, experiment: str) -> None:
    """Say if the last attempt to publish failed, and why."""
    job = workspace.queue.latest(f"{publishing.JOB}:{experiment}")
    if job is not None and job.state is JobState.failed:
        reference = f" The details are in the log under **{md(job.reference)}**." if job.reference else ""
        st.error(md(job.error) + reference, title="Publishing failed", icon=":material/error:")
