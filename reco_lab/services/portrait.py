"""Everything that is known of one customer, for herself (Art. 15 and 20 of the GDPR)."""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reco_lab.cleaning.ids import one_id
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import InputError
from reco_lab.services import campaign_erasing, segment_erasing
from reco_lab.services.auditing import audit
from reco_lab.services.keeping import load_version
from reco_lab.services.privacy import objecting
from reco_lab.services.traces import Traces
from reco_lab.store.events.log import EventLog
from reco_lab.store.records import DatasetVersion
from reco_lab.workspace import Workspace

EVERYTHING = 1 << 40


def portrait(workspace: Workspace, user_id: str, *, who: str, log: EventLog | None = None) -> dict[str, Any]:
    """Her rows and attributes in every version, decisions, feedback, visits, attributes told and wishes, as JSON values.

    By her id or her pseudonym; InputError for what cannot be an id. That it was made is noted in the audit trail.
    """
    traces = Traces.of(workspace, one_id(user_id, "customer"))
    own = log or EventLog.open(workspace.home, workspace.clock, workspace.server, writer=False)
    try:
        told = _of_log(own, traces.name)
    finally:
        if own is not log:
            own.close()
    found = {
        "customer": traces.id,
        "pseudonym": traces.name,
        "made": workspace.clock.now(),
        "on_the_suppression_list": traces.name in objecting(workspace),
        "saved_segments": segment_erasing.titles(workspace, traces),
        "campaigns": campaign_erasing.titles(workspace, traces),
        "data_sets": [_of_version(workspace, traces, one) for one in traces.versions()],
    }
    audit(workspace).add(who, "exported", traces.name)
    return dict(_plain(found | told))


def write(portrait_: Mapping[str, Any], path: Path) -> None:
    """Write it as JSON into a new file that only its owner may read. InputError where that cannot be."""
    text = json.dumps(portrait_, indent=2, ensure_ascii=False)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise InputError(
            f"It cannot be written: {error.strerror}.", where=str(path), fix="Name another file."
        ) from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        path.unlink(missing_ok=True)  # half of it would still be hers
        raise InputError(
            f"It could not be written whole, so none of it is kept: {error.strerror}.",
            where=str(path),
            fix="Make room, or name a file elsewhere.",
        ) from error


def _of_version(workspace: Workspace, traces: Traces, version: DatasetVersion) -> dict[str, Any]:
    data = load_version(workspace, version)
    hers = traces.among(data.interactions.user_ids)
    return {
        "name": version.name,
        "version": version.version,
        "title": version.title,
        "imported": version.created,
        "ids": list(data.interactions.user_ids[hers]),
        "rows": _records(_rows(data, hers)),
        "attributes": [] if data.customers is None else _records(data.customers[hers].reset_index(drop=True)),
    }


def _rows(data: Dataset, hers: np.ndarray) -> pd.DataFrame:
    log = data.interactions.take(hers[data.interactions.users])
    titles = data.titles.to_numpy(object)[log.items]
    return log.frame().drop(columns="user").assign(title=titles)


def _of_log(log: EventLog, name: str) -> dict[str, Any]:
    came: dict[str, list[Any]] = {}
    for _, event in log.feedback(customer=name):
        came.setdefault(event.decision_id, []).append(event)
    decisions = log.decisions(customer=name, limit=EVERYTHING)
    considered = log.weighings([one.request_id for one in decisions])
    return {
        "attributes_told": log.described("users").get(name, {}),
        "decisions": [
            asdict(one)
            | {"considered": considered.get(one.request_id)}
            | {"feedback": [event for ad in one.placed for event in came.get(ad.decision_id, ())]}
            for one in decisions
        ],
        "visits": [visit for _, visit in log.visits(customer=name)],
        "refused_events": log.refused_of(name),
    }


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def _plain(value: Any) -> Any:
    """The same in JSON values; what is missing becomes null."""
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str | bool | int | None):
        return value
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, Iterable):
        return [_plain(one) for one in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if pd.isna(value):
        return None
    return value.isoformat() if isinstance(value, datetime | date) else value
