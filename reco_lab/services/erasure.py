"""A customer erased everywhere: log, data, models, what serves; with a receipt, and safe to be done again."""

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from contextlib import suppress as ignored
from dataclasses import dataclass
from datetime import datetime

from reco_lab.cleaning.ids import one_id
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import InputError
from reco_lab.core.progress import Report
from reco_lab.core.words import count, of_many
from reco_lab.jobs.start import worker_lives
from reco_lab.services import campaign_erasing, publishing, segment_erasing
from reco_lab.services.auditing import audit
from reco_lab.services.backups import alone
from reco_lab.services.decisions import open_log
from reco_lab.services.keeping import load_version, store_dataset
from reco_lab.services.lost_data import SENTENCE
from reco_lab.services.pending import PATIENCE, Pending
from reco_lab.services.privacy import objecting, suppress
from reco_lab.services.traces import Traces
from reco_lab.store.audit import last
from reco_lab.store.events.connecting import FILE, LOCK
from reco_lab.store.events.journal import FOLDER
from reco_lab.store.events.log import EventLog
from reco_lab.store.forgetting import Anew, Successor, forget, learnt_from
from reco_lab.store.records import DatasetVersion
from reco_lab.workspace import Workspace

OTHERS_HEAR_SECONDS = 1.0
ROUNDS = 3
ERASED = "erased"
PLACES = (
    "rows of the log", "rows of data", "versions of data sets, saved anew", "trained models and their lists",
    "publications", "experiments told to run again", "saved segments", "campaigns", "uploads", "stored files",
)  # fmt: skip
MOST_ENTRIES = 1 << 31


@dataclass(frozen=True)
class Receipt:
    """What an erasure did: when, how much was removed where, what remains and why, and what serves now.

    `customer` is her pseudonym. `removed` counts rows, versions, stored files and so on by place.
    """

    customer: str
    at: datetime
    removed: Mapping[str, int]
    remains: tuple[str, ...]
    serving: str

    @property
    def sentence(self) -> str:
        """The same in words."""
        told = [of_many(number, what) for what, number in self.removed.items() if number]
        gone = f"Removed: {', '.join(told)}." if told else "Nothing of her was there."
        return " ".join(filter(None, [gone, self.serving, *self.remains]))


def erase(
    workspace: Workspace,
    user_id: str,
    *,
    who: str,
    log: EventLog | None = None,
    report: Report = lambda _fraction, _message: None,
) -> Receipt:
    """Erase a customer, by her id or her pseudonym, from everything in the workspace but its backups.

    She goes on the suppression list first, so nothing personal serves her from then on and no upload brings her
    back. Data sets are saved anew without her, what serves is trained anew on them, and only then what knew
    her goes. `log` is the log of whoever serves; without one it is opened, or the process that serves is asked.
    Whoever is interrupted may do it again: it goes on. Raises InputError for what cannot be an id, and while a
    backup or work on her data is going on.
    """
    traces = Traces.of(workspace, one_id(user_id, "customer"))
    suppress(workspace, [traces.name])
    trail, pending = audit(workspace), Pending.begin(workspace, traces.name)
    trail.add(who, "erasure begun", traces.name)
    removed = dict.fromkeys(PLACES, 0) | {"rows of the log": _from_log(workspace, traces, pending, log)}
    serving = ""
    with alone(workspace):
        for _ in range(ROUNDS):  # an import that began before may have ended meanwhile
            known = traces.versions()
            if not known:
                break
            again, serving = _from_data(workspace, traces, pending, report)
            removed |= {what: removed[what] + number for what, number in again.items()}
        removed["saved segments"] = segment_erasing.forget(workspace, traces, pending)
        removed["campaigns"] = campaign_erasing.forget(workspace, traces, pending)
        removed["uploads"] = _from_uploads(traces)
        gone = workspace.artefacts.remove(pending.artefacts, workspace.store.references)
        removed["stored files"] = len(gone)
    receipt = Receipt(traces.name, workspace.clock.now(), removed, tuple(_remains(traces)), serving)
    counts = {what: number for what, number in removed.items() if number}
    trail.add(who, f"{ERASED}: {json.dumps(counts)}", traces.name)
    pending.done()
    workspace.log.info(
        "a customer was erased", **{what.replace(" ", "_"): number for what, number in counts.items()}
    )
    report(1.0, "erased")
    return receipt


def last_erasure(workspace: Workspace) -> int:
    """A number that grows with each erasure, whichever process does it: who keeps data of people in memory drops them then."""
    return last(workspace.store.database, ERASED)


def erase_restored(workspace: Workspace, *, who: str) -> list[Receipt]:
    """Erase again whom a backup brought back: who was erased before and is on the suppression list still."""
    entries = audit(workspace).entries(MOST_ENTRIES)
    erased = {one.subject for one in entries if one.what.startswith(ERASED)} & objecting(workspace)
    if erased and any((workspace.home / FOLDER).glob("*.log")):
        with ignored(InputError):  # where ads are served, no log came back
            EventLog.open(workspace.home, workspace.clock, workspace.server, writer=True).close()
    with closing(open_log(workspace)) as log:
        back = [name for name in sorted(erased) if Traces.of(workspace, name).versions() or log.knows(name)]
    return [erase(workspace, name, who=who) for name in back]


def _from_log(workspace: Workspace, traces: Traces, pending: Pending, log: EventLog | None) -> int:
    """Erase her rows of the log: by whoever writes it, as only one process can."""
    url = workspace.server
    if log is None and url is None and not (workspace.home / FILE).exists():
        pending.answer(0)
        return 0
    if url is not None:
        time.sleep(OTHERS_HEAR_SECONDS)  # until then another worker may log a decision for her
    try:
        own = log or EventLog.open(workspace.home, workspace.clock, url, writer=True)
    except InputError as error:
        if error.where != str(workspace.home / LOCK):
            raise
        return pending.rows()
    try:
        rows = own.erase(traces.name, () if traces.nameless else (traces.id,)) + pending.helped()
        pending.answer(rows)
    finally:
        if own is not log:
            own.close()
    return rows


def _from_data(
    workspace: Workspace, traces: Traces, pending: Pending, report: Report
) -> tuple[dict[str, int], str]:
    """Save what knows her anew without her, let it serve, and forget what was; the counts and what serves now."""
    known = traces.versions()
    _stop_work(workspace, {one.fingerprint for one in known})
    before = workspace.store.references()
    pending.note(workspace.artefacts.with_parts(before & set(workspace.artefacts.ids())))
    plan, needed, rows, anew = publishing.serving_plan(workspace), None, 0, []
    for number, version in enumerate(known):
        report(0.5 * number / len(known), f"saving {version.title} without her")
        data = load_version(workspace, version)
        without, lost = _without(data, traces)
        rows += lost
        if without is None:
            anew.append(Anew(version))
            continue
        kept = store_dataset(workspace, without)
        anew.append(Anew(version, kept.artefact, kept.fingerprint, kept.summary))
        if plan is not None and plan.fingerprint == version.fingerprint:
            needed = without
    if plan is not None and needed is None:
        needed = _never_knew_her(workspace, plan, known)
    successor, serving = _successor(workspace, plan, needed, report)
    done = forget(workspace.store.database, workspace.clock, anew, successor, SENTENCE)
    numbers = (rows, done.versions, done.runs, done.publications, done.experiments)
    return dict(zip(PLACES[1:6], numbers, strict=True)), serving if done.publications else ""


def _never_knew_her(
    workspace: Workspace, plan: publishing.Plan, known: Sequence[DatasetVersion]
) -> Dataset | None:
    """The data of what serves, where only a model beside its own learnt from versions that know her; else None."""
    serving, hers = workspace.publications.serving(), {one.fingerprint for one in known}
    if serving is None or plan.fingerprint in hers or hers.isdisjoint(learnt_from(serving.spec)):
        return None
    return load_version(workspace, publishing.version_of(workspace, plan.dataset, plan.fingerprint))


def _without(data: Dataset, traces: Traces) -> tuple[Dataset | None, int]:
    """The data without her (None where nothing is left) and how many rows she had."""
    hers = traces.among(data.interactions.user_ids)
    left = data.without(hers)
    lost = len(data.interactions) - len(left.interactions)
    return (left if len(left.interactions) else None), lost


def _successor(
    workspace: Workspace, plan: publishing.Plan | None, data: Dataset | None, report: Report
) -> tuple[Successor | None, str]:
    """What serves in place of a publication that knew her: the same plan, trained on the data without her."""
    if plan is None or data is None:
        return None, ""
    again = publishing.train_again(
        workspace, plan, data, lambda fraction, message: report(0.5 + 0.5 * fraction, message)
    )
    spec = again.model_dump(mode="json")
    artefact = workspace.artefacts.save(publishing.KIND, meta=spec)
    return Successor(again.version, spec, artefact), f"{again.model}, trained without her, serves now."


def _stop_work(workspace: Workspace, fingerprints: set[str]) -> None:
    """Cancel what works on data that knows her and wait until it has stopped; InputError where it does not."""
    asked = {one.id for one in workspace.store.experiments() if one.fingerprint in fingerprints}
    words = fingerprints | asked

    def live() -> list[str]:
        jobs = (job for job in workspace.queue.recent(1000) if job.live)
        return [job.id for job in jobs if any(word in json.dumps(dict(job.payload)) for word in words)]

    for id_ in live():
        workspace.queue.cancel(id_)
    until = time.monotonic() + PATIENCE
    while live():
        if not worker_lives(workspace.home):
            workspace.queue.reap()
        elif time.monotonic() > until:
            raise InputError(
                "Work on data that knows her does not stop.",
                fix="Erase her again when it has ended: it goes on.",
            )
        time.sleep(0.1)


def _from_uploads(traces: Traces) -> int:
    """Remove uploads and other scratch that may hold her; whoever brought one brings it again."""
    found = traces.uploads()
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)


def _remains(traces: Traces) -> list[str]:
    """What stays and why, in sentences."""
    found = [
        "Her pseudonym stays on the suppression list and in the audit trail, so that she does not come back."
    ]
    if backups := traces.backups():
        found.append(
            f"{count(len(backups), 'backup')} cannot be changed and still hold{'s' * (len(backups) == 1)} her, or may: "
            f"{', '.join(backups)}. Delete them when you can; if one is restored, she stays on the suppression list and is erased again."
        )
    if files := traces.inbox():
        found.append(f"In the inbox lie files of yours that hold her or may hold her: {', '.join(files)}.")
    found.append("Files that were taken away (exports, backups in other folders) are not known here.")
    return found
