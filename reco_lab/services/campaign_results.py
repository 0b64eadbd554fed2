"""Results of a campaign: purchases joined from the data set or from a file, judged against those who were held back."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reco_lab.analysis.spending import Spending, spending
from reco_lab.campaigns.observed import Observed, matched
from reco_lab.campaigns.results import Done, Judgement, by_segment, judge, lines
from reco_lab.campaigns.usual import Window, window
from reco_lab.cleaning.cleaned import Cleaner
from reco_lab.cleaning.ids import clean_ids
from reco_lab.cleaning.times import clean_times
from reco_lab.cleaning.values import clean_values
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import DataError, InputError, MappingError
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.core.words import agree, count, day
from reco_lab.experiments.lift import Look
from reco_lab.services import segments
from reco_lab.services.campaign_lists import HELD, SENT, Prepared, prepared
from reco_lab.services.keeping import load_dataset
from reco_lab.sources import sniff
from reco_lab.store.campaigns import CampaignRecord
from reco_lab.workspace import Workspace

ONE = "a purchase"
_CUSTOMER = ("name a customer", "Leave out the rows without one.")
_TIME = ("say when", "Write times as 2026-01-31 14:05.")
_AMOUNT = ("hold an amount", "Write 12.50.")
_LAST = (
    "As somebody looked before the end, the ranges are a little wider than those of a single look: so they hold for "
    "all looks together."
)
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PurchaseColumns:
    """Which column of a file of purchases means what; without `amount` only who bought is known."""

    customer: str
    time: str
    amount: str | None = None


def sent_by_default(made: Prepared) -> np.datetime64:
    """When a campaign was sent, if nobody says: just after the log ended that it was made from."""
    until = made.facts.get("data_until")
    known = np.datetime64(until or made.facts["prepared"][:19], "us")
    return known + np.timedelta64(1, "s") if until else known


def columns_of(path: Path) -> list[str]:
    """The columns of a file of purchases; DataError where it cannot be read."""
    return [str(name) for name in sniff(path).read(path, header=True).frame.columns]


def judge_from_data(
    workspace: Workspace, id_: str, sent: datetime | None = None, per_message: float | None = None
) -> Judgement:
    """Judge a campaign by the purchases of the newest version of its data set, and keep the judgement.

    `sent` is the moment it was sent (UTC), `per_message` what each message cost, where that is not what was planned.
    InputError where nothing is known of the time after it.
    """
    made = prepared(workspace, id_)
    data = load_dataset(workspace, made.campaign.dataset)
    paid = spending(data)
    return _judged(workspace, made, data, paid, paid, _moment(made, sent), per_message)


def judge_from_file(
    workspace: Workspace,
    id_: str,
    path: Path,
    columns: PurchaseColumns,
    sent: datetime | None = None,
    per_message: float | None = None,
) -> Judgement:
    """Judge a campaign by a file of purchases, and keep the judgement; history comes from the data set.

    Raises MappingError for a column that is not there, DataError for times that cannot be read, InputError where
    nobody in it is in the campaign.
    """
    made = prepared(workspace, id_)
    data = load_dataset(workspace, made.campaign.dataset)
    bought = purchases(sniff(path).read(path, header=True).frame, columns, workspace.clock.now())
    if not bought.log.user_ids.isin(made.customers["customer_id"]).any():
        raise InputError(
            "Nobody in this file is in the campaign.",
            fix=f"Choose the column with the ids of the list instead of {columns.customer!r}; they must match exactly.",
        )
    return _judged(workspace, made, data, bought, spending(data), _moment(made, sent), per_message)


def purchases(frame: pd.DataFrame, columns: PurchaseColumns, now: datetime) -> Spending:
    """The purchases of a table; DataError where a customer, a time or an amount is none, or could be read in two ways."""
    times = _read(frame, columns.time, lambda column: clean_times(column, now, stop=False), _TIME)
    who = _read(frame, columns.customer, lambda column: clean_ids(column, "customer"), _CUSTOMER)
    log = pd.DataFrame({"customer": who, "item": ONE, "time": times})
    money = None
    if columns.amount is not None:
        money = log["value"] = _read(frame, columns.amount, clean_values, _AMOUNT)
    value = None if money is None else "value"
    found = Interactions.from_frame(log, ColumnMap("customer", "item", value=value, time="time"))
    amounts = None if money is None else found.values.astype(np.float64)
    return Spending(found, amounts, "money is what the file says")


def _read(frame: pd.DataFrame, name: str, clean: Cleaner, said: tuple[str, str]) -> pd.Series:
    """A column as the import of data reads it, but no row may lack it; `said` is what it has to say, and how."""
    what, fix = said
    column = _column(frame, name).astype("str")
    try:
        read = clean(column)
    except InputError as error:
        raise DataError(error.what, fix=fix) from error
    if any(rows.any() for rows in read.refused.values()):
        raise DataError(f"The column {name!r} does not {what} in every row.", fix=fix)
    return read.values


def judgement(record: CampaignRecord) -> Judgement | None:
    """What came of a campaign, as it was kept; None while nobody asked."""
    return None if record.result is None else Judgement.model_validate(dict(record.result))


def observe(
    data: Dataset, got_it: NDArray[np.bool_], start: np.datetime64, days: int, outcome: str = "revenue"
) -> Observed:
    """Compare customers (a mask by code) who got something from `start` on with alike ones: no experiment, and said so.

    Alike are customers of the same spending and days with purchases in as many days before. Raises InputError where
    nobody can be compared, or the log does not say when.
    """
    paid = spending(data)
    if paid.log.times is None:
        raise DataError("The data do not say when things were bought.", fix="Import them with times.")
    span = np.timedelta64(days, "D")
    spans = [window(paid, start + back * span, start + (back + 1) * span) for back in (0, -1, -2)]
    values, traits = [_outcome(one, outcome) for one in spans], [_traits(one) for one in spans]
    first = paid.log.times.min()
    if not values[0].any():
        raise InputError(
            f"Nobody bought anything in the {count(days, 'day')} from {day(start.astype('datetime64[D]').item())} on, so nothing can be compared.",
            fix="Bring the purchases of these days first, or count other days.",
        )
    after = None if first > start - span else matched(values[0], got_it, traits[1])
    if after is None:
        raise InputError(
            "Nobody who got it can be compared with somebody alike who did not."
            if first <= start - span
            else f"The log does not reach {days} days back before it, so nobody knows who was alike.",
            fix="Hold customers back by chance next time: that is what a control group is for.",
        )
    placebo = matched(values[1], got_it, traits[2]) if first <= start - 2 * span else None
    return Observed(after, placebo, money=outcome == "revenue" and paid.money is not None)


def observe_list(
    workspace: Workspace,
    dataset: str,
    path: Path,
    customer: str,
    start: datetime,
    days: int,
    only: tuple[str, str] | None = None,
) -> Observed:
    """The same for a file that names who got it in the column `customer`, of its rows where a column says `only` that.

    Raises MappingError for a column that is not there, InputError where none of them is in the data.
    """
    if days < 1:
        raise InputError(f"{count(days, 'day')} cannot be counted.", fix="Say how many days, 1 or more.")
    frame = sniff(path).read(path, header=True).frame
    if only is not None:
        frame = frame[_column(frame, only[0]).astype("str") == only[1]]
    if frame.empty:
        raise InputError("The file names nobody who got it.", fix="Look at what --only says." if only else "")
    data = load_dataset(workspace, dataset)
    named = clean_ids(_column(frame, customer), "customer")
    known = ~np.logical_or.reduce([*named.refused.values()])
    got_it = data.interactions.user_ids.isin(named.values[known])
    if not got_it.any():
        raise InputError("None of these customers is in the data.", fix="Ids must match exactly.")
    return observe(data, got_it, _moment_of(start), days)


def _column(frame: pd.DataFrame, name: str) -> pd.Series:
    if name not in frame.columns:
        raise MappingError(
            f"There is no column {name!r}.", fix=f"There are: {', '.join(map(str, frame.columns))}."
        )
    return frame[name]


def _judged(
    workspace: Workspace,
    made: Prepared,
    data: Dataset,
    bought: Spending,
    known: Spending,
    sent: np.datetime64,
    per_message: float | None,
) -> Judgement:
    goal, campaign = made.campaign.goal, made.campaign
    groups = made.customers["group"].to_numpy()
    treated, control = groups == SENT, groups == HELD
    if not control.any():
        raise InputError(
            "Nobody was held back, so what this campaign did cannot be known.",
            fix="Hold back a control group next time; until then, compare with alike customers.",
        )
    days = _counted(bought, sent, goal.days)
    done = _done(made, bought, known, sent, days)
    look = _look(workspace, made, early=days < goal.days)
    found = lines(done, treated, control, look)
    then = segments.told(workspace, data.take(_rows_before(data, sent)), campaign.dataset)
    places = data.interactions.user_ids.get_indexer(pd.Index(made.customers["customer_id"]))
    known_then = {title: members[places] & (places >= 0) for title, members in then.items()}
    inside = {title: mask for title, mask in known_then.items() if not mask.all()}
    answer = judge(
        found,
        goal.outcome,
        smallest=goal.lift,
        power=goal.power,
        done=done,
        treated=treated,
        control=control,
        cost_each=campaign.costs.per_message if per_message is None else per_message,
        days=days,
        sent=str(sent.astype("datetime64[s]")),
        segments=by_segment(goal.outcome, done, treated, control, inside, look),
        notes=_noted(look, days, goal.days),
        looked=look is not Look.only,
    )
    workspace.campaigns.judged(made.id, answer.model_dump(mode="json"))
    return answer


def _counted(bought: Spending, sent: np.datetime64, days: int) -> int:
    """How many days can be counted."""
    times = bought.log.times
    last = None if times is None or not len(times) else times.max()
    if last is None or last <= sent:
        raise InputError(
            f"There are no purchases after {str(sent)[:16].replace('T', ' ')}, when the campaign was sent.",
            fix="Bring a newer version of the data, or a file of purchases; or correct the day it was sent.",
        )
    return min(days, max(1, int(np.ceil((last - sent) / np.timedelta64(1, "D")))))


def _look(workspace: Workspace, made: Prepared, *, early: bool) -> Look:
    """Which look at this campaign it is."""
    before = judgement(workspace.campaigns.get(made.id))
    if early:
        return Look.early
    if before is None or not (before.looked or before.days < made.campaign.goal.days):
        return Look.only
    return Look.last


def _noted(look: Look, days: int, whole: int) -> tuple[str, ...]:
    """What a person should know of the ranges."""
    if look is Look.early:
        known = f"Only {count(days, 'day')} of the {whole} {agree(days, 'is', 'are')} known so far."
        return (
            f"{known} Until then the ranges are wider, so that they hold however often one looks before the end.",
        )
    if look is Look.last:
        return (_LAST,)
    return ()


def _done(made: Prepared, bought: Spending, known: Spending, sent: np.datetime64, days: int) -> Done:
    span = np.timedelta64(days, "D")
    ids = pd.Index(made.customers["customer_id"])
    after = _of(window(bought, sent, sent + span), bought, ids)
    times = known.log.times
    if times is None or not len(times) or times.min() > sent - span:
        return Done(after.bought, after.money, after.days)
    before = _of(window(known, sent - span, sent), known, ids)
    money = before.money if after.money is not None else None
    return Done(after.bought, after.money, after.days, before.bought, money)


def _of(found: Window, paid: Spending, ids: pd.Index) -> Window:
    """What these customers did, by id; nothing for one the log does not know."""
    places = paid.log.user_ids.get_indexer(ids)

    def pick(values: Floats) -> Floats:
        return np.where(places >= 0, np.append(values, 0.0)[places], 0.0)

    money = None if found.money is None else pick(found.money)
    return Window(pick(found.bought), money, pick(found.days))


def _outcome(found: Window, outcome: str) -> Floats:
    return found.money if outcome == "revenue" and found.money is not None else found.bought


def _traits(found: Window) -> Floats:
    return np.stack((found.days if found.money is None else found.money, found.days), axis=1)


def _rows_before(data: Dataset, moment: np.datetime64) -> NDArray[np.intp]:
    times = data.interactions.times
    return np.arange(len(data.interactions)) if times is None else np.flatnonzero(times < moment)


def _moment(made: Prepared, sent: datetime | None) -> np.datetime64:
    if sent is None:
        return sent_by_default(made)
    return _moment_of(sent)


def _moment_of(moment: datetime) -> np.datetime64:
    utc = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    return np.datetime64(utc, "us")
