import json
import sqlite3
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from reco_lab.analysis.measured import Measured
from reco_lab.analysis.rfm import NAMES, rfm
from reco_lab.analysis.traits import traits
from reco_lab.core.conditions import (
    AtRisk,
    Attribute,
    Behaviour,
    Cutoffs,
    Due,
    Group,
    Interest,
    Lifetime,
    Listed,
    Rfm,
    Upcoming,
)
from reco_lab.core.dataset import Dataset
from reco_lab.core.errors import DataError, InputError, NotFoundError
from reco_lab.core.interactions import ColumnMap, Interactions
from reco_lab.core.segment import All, Either, LookAlike, Not, dump, parse
from reco_lab.services import segment_looks, segments
from reco_lab.services.data import load_dataset, save_dataset
from reco_lab.services.segments import mask
from reco_lab.workspace import Workspace


def shop(seed=0, customers=140):
    """Customers who look at things and buy some, for half a year; what is known of them has gaps."""
    rng = np.random.default_rng(seed)
    rows = [
        (f"c{who:03d}", f"i{item}", int(day), kind, pieces)
        for who in range(customers)
        for day in rng.integers(0, 180, rng.integers(1, 12))
        for item, kind, pieces in [
            (rng.integers(12), rng.choice(["view", "purchase"]), float(rng.integers(1, 4)))
        ]
    ]
    frame = pd.DataFrame(rows, columns=["user", "item", "day", "kind", "value"])
    frame["time"] = np.datetime64("2026-01-01", "us") + frame["day"].to_numpy() * np.timedelta64(1, "D")
    log = Interactions.from_frame(frame, ColumnMap("user", "item", "value", "time", "kind"))
    ids = [f"c{who:03d}" for who in range(customers)]
    people = pd.DataFrame(
        {
            "region": rng.choice(["north", "south|coast", "east", None], customers),
            "age": np.where(rng.random(customers) < 0.1, np.nan, rng.integers(18, 80, customers)),
            "member": rng.random(customers) < 0.5,
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 2000, customers), "D"),
        },
        index=ids,
    )
    items = pd.DataFrame(
        {"price": np.arange(1.0, 13.0), "category": ["books", "toys", "tea"] * 4},
        index=[f"i{n}" for n in range(12)],
    )
    return Dataset.join("shop", log, people, items)


@pytest.fixture(scope="module")
def data():
    return shop()


@pytest.fixture(scope="module")
def known(data):
    return Measured(data)


@pytest.fixture
def workspace(tmp_path):
    opened = Workspace.open(tmp_path / "home")
    yield opened
    opened.close()


BOOKS = Behaviour(low=2, within=90, category="books")
RULES = [
    All(),
    BOOKS,
    Behaviour(measure="spend", low=20, high=60),
    Behaviour(measure="days", high=1, interaction="view"),
    Behaviour(measure="recency", high=30),
    Behaviour(measure="recency", low=30, item="i3"),
    Attribute(column="region", values=("coast", "east")),
    Attribute(column="region", test="missing"),
    Attribute(column="age", test="between", low=30, high=50),
    Attribute(column="since", test="between", low="2022-01-01"),
    Attribute(column="member", values=("yes",)),
    Listed(ids=("c001", "c007", "nobody")),
    Rfm(classes=("champions", "loyal")),
    Not(of=Attribute(column="region", values=("north",))),
    Either(of=(BOOKS, All(of=(Attribute(column="age", test="between", low=60), Not(of=BOOKS))))),
]


MODELLED = {
    Lifetime(measure="expected", low=2, horizon=90): lambda of: _where(of.valued(90)["expected"] >= 2),
    Lifetime(measure="alive", low=0.5): lambda of: _where(of.valued(365)["alive"] >= 0.5),
    Lifetime(high=200.0): lambda of: _where(of.valued(365)["value"] <= 200),
    AtRisk(low=0.1): lambda of: set(of.risks(None).listed(0.1)),
    Due(days=30): lambda of: _where(
        of.due.customers["day"] <= pd.Timestamp(of.due.end) + pd.Timedelta(30, "D")
    ),
    Upcoming(categories=("tea", "toys")): lambda of: _where(
        of.upcoming.customers["first"].isin(["tea", "toys"])
    ),
    Interest(category="tea", low=1.001): lambda of: set(of.interests.customers("tea", 1.001)),
    Group(groups=(0, 2), number=3): lambda of: _where(of.groups(Group(groups=(0,), number=3)).members != 1),
    LookAlike(of=Behaviour(measure="spend", low=60), number=25): lambda of: set(
        of.alike(mask(of.data, Behaviour(measure="spend", low=60))).most(25)
    ),
}


def _where(holds):
    return set(holds.index[holds.to_numpy()])


@pytest.mark.parametrize("rule", MODELLED, ids=lambda rule: rule.words)
def test_a_rule_on_what_a_model_says_holds_for_those_of_whom_it_says_so(data, known, rule):
    found = set(np.flatnonzero(mask(data, rule)))

    assert found == {int(code) for code in MODELLED[rule](known)}
    assert 0 < len(found) < data.interactions.n_users
    assert parse(json.loads(json.dumps(dump(rule)))) == rule


def one_by_one(data, rule):
    """Who fulfils a rule, told customer by customer, the slow way."""
    frame = data.interactions.frame()
    frame["day"] = frame["time"].dt.floor("D")
    frame["category"] = frame["item"].map(data.items["category"])
    frame["money"] = frame["value"] * frame["item"].map(data.items["price"])
    of = dict(iter(frame.groupby("user")))
    names = dict(zip(data.interactions.user_ids, rfm(data).codes, strict=True))

    def fulfils(who, rule):
        return {
            All: lambda: all(fulfils(who, one) for one in rule.of),
            Either: lambda: any(fulfils(who, one) for one in rule.of),
            Not: lambda: not fulfils(who, rule.of),
            Listed: lambda: who in rule.ids,
            Rfm: lambda: names[who] >= 0 and NAMES[names[who]] in rule.classes,
            Attribute: lambda: _cell(data.customers.loc[who, rule.column], rule),
            Behaviour: lambda: _did(of.get(who, frame[:0]), rule, frame["day"].max()),
        }[type(rule)]()

    return np.array([fulfils(who, rule) for who in data.interactions.user_ids])


def _did(rows, rule, today):
    rows = rows[rows["kind"] == (rule.interaction or "purchase")]
    rows = rows if rule.within is None else rows[rows["day"] > today - timedelta(days=rule.within)]
    rows = rows if rule.category is None else rows[rows["category"] == rule.category]
    rows = rows if rule.item is None else rows[rows["item"] == rule.item]
    if rule.measure == "recency" and rows.empty:
        return False
    amount = {
        "count": lambda: len(rows),
        "days": rows["day"].nunique,
        "spend": rows["money"].sum,
        "recency": lambda: (today - rows["day"].max()).days,
    }[rule.measure]()
    return (rule.low is None or amount >= rule.low) and (rule.high is None or amount <= rule.high)


def _cell(cell, rule):
    if pd.isna(cell):
        return rule.test == "missing"
    if rule.test == "is":
        text = {True: "yes", False: "no"}.get(cell, str(cell)) if isinstance(cell, bool | np.bool_) else cell
        return bool(set(rule.values) & set(text.split("|")))
    if rule.test == "missing":
        return False
    low, high = ((pd.Timestamp(end) if isinstance(end, str) else end) for end in (rule.low, rule.high))
    return (low is None or cell >= low) and (high is None or cell <= high)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.words)
def test_a_rule_holds_for_exactly_those_for_whom_it_holds_one_by_one(data, rule):
    found = mask(data, rule)

    assert found.tolist() == one_by_one(data, rule).tolist()
    assert found.any()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.words)
def test_a_rule_comes_back_from_json_as_it_was(rule):
    assert parse(json.loads(json.dumps(dump(rule)))) == rule


def test_a_rule_says_itself_in_words():
    assert BOOKS.words == "at least 2 purchases in books within the last 90 days of the data"
    assert Behaviour(measure="recency", high=30).words == "last purchase at most 30 days before the data end"
    assert Not(of=Rfm(classes=("new",))).words == "not in the RFM class new"
    both = All(of=(Attribute(column="region", values=("north", "east")), Either(of=(BOOKS, All()))))
    assert both.words == f"region north or east and ({BOOKS.words} or everyone)"


def test_a_column_that_is_not_there_is_named_with_those_that_are(data):
    with pytest.raises(NotFoundError, match="region, age"):
        mask(data, Attribute(column="shoe size", values=("44",)))


def test_without_times_a_window_and_classes_cannot_be_told(data):
    timeless = replace(data, interactions=replace(data.interactions, times=None))

    assert mask(timeless, Behaviour(low=1)).any()
    for rule in (BOOKS, Rfm(classes=("new",))):
        with pytest.raises(DataError, match="times"):
            mask(timeless, rule)


def test_equal_customers_have_equal_scores_and_every_buyer_one_class(data):
    table = rfm(data)
    seen = pd.DataFrame({"f": table.frequency, "score": table.scores[:, 1]})[table.buyers]

    assert len(seen.drop_duplicates()) == seen["f"].nunique()
    assert (table.codes >= 0).tolist() == table.buyers.tolist()
    assert table.classes["customers"].sum() == table.buyers.sum()
    assert table.classes["spend_share"].sum() == pytest.approx(1)


def test_moved_cutoffs_move_customers_between_classes(data):
    table = rfm(data)
    wide = Cutoffs(recency=(200, 201, 202, 203), frequency=(0, 0, 0, 0), monetary=(0, 0, 0, 0))

    assert rfm(data, wide).members("champions").sum() == table.buyers.sum()
    with pytest.raises(ValueError, match="ascend"):
        Cutoffs(recency=(2, 1, 3, 4), frequency=(1, 2, 3, 4), monetary=(1, 2, 3, 4))


SQL = """
with base as (
    select user, max(day) as last, count(distinct day) as frequency, sum(value * price) as monetary
    from log join items on items.item = log.item group by user
), measured as (
    select user, (select max(day) from log) - last as recency, frequency, monetary from base
), cuts as (
    select {cuts} from one
), scored as (
    select user, recency, frequency, monetary,
        5 - (recency > r1) - (recency > r2) - (recency > r3) - (recency > r4) as r,
        1 + (frequency > f1) + (frequency > f2) + (frequency > f3) + (frequency > f4) as f,
        1 + (monetary > m1) + (monetary > m2) + (monetary > m3) + (monetary > m4) as m
    from measured, cuts
)
select user, recency, frequency, monetary, case
    when r <= 2 and (f + m + 1) / 2 <= 2 then 'hibernating'
    when r <= 2 and (f + m + 1) / 2 <= 4 then 'at risk'
    when r <= 2 then 'cannot lose them'
    when r = 3 and (f + m + 1) / 2 <= 2 then 'about to sleep'
    when r = 3 and (f + m + 1) / 2 = 3 then 'need attention'
    when r <= 4 and (f + m + 1) / 2 >= 4 then 'loyal'
    when r = 5 and (f + m + 1) / 2 >= 4 then 'champions'
    when (f + m + 1) / 2 >= 2 then 'potential loyalists'
    when r = 4 then 'promising' else 'new' end as class
from scored order by user
"""


def by_sql(data):
    """RFM of a log of purchases as a query says it."""
    frame = data.interactions.frame()
    frame["day"] = frame["time"].to_numpy().astype("datetime64[D]").astype(int)
    cuts = ", ".join(
        f"(select {name} from measured order by {name} limit 1 offset ((select count(*) from measured) * {fifth} + 4) / 5 - 1) as {name[0]}{fifth}"
        for name in ("recency", "frequency", "monetary")
        for fifth in range(1, 5)
    )
    with sqlite3.connect(":memory:") as connection:
        frame[["user", "item", "value", "day"]].to_sql("log", connection)
        prices = data.items["price"].rename_axis("item").reset_index()
        prices.to_sql("items", connection)
        pd.DataFrame({"x": [1]}).to_sql("one", connection)
        return pd.read_sql(SQL.format(cuts=cuts), connection)


def agrees(data):
    table, asked = rfm(data), by_sql(data)
    assert data.interactions.user_ids[table.buyers].tolist() == asked["user"].tolist()
    for name in ("recency", "frequency", "monetary"):
        assert getattr(table, name)[table.buyers] == pytest.approx(asked[name].to_numpy(float))
    assert [NAMES[code] for code in table.codes[table.buyers]] == asked["class"].tolist()


def test_the_classes_are_those_of_an_sql_query_of_the_same_definition(data):
    bought = data.take(data.interactions.kinds == 4)

    agrees(bought)


@pytest.mark.slow
@pytest.mark.data
def test_the_classes_of_online_retail_are_those_of_an_sql_query(real_data):
    path = real_data("online-retail/OnlineRetail.csv")
    rows = pd.read_csv(path, encoding="cp1252", dtype={"CustomerID": "str", "StockCode": "str"})
    rows = rows[rows["CustomerID"].notna() & (rows["Quantity"] > 0) & (rows["UnitPrice"] > 0)]
    rows["time"] = pd.to_datetime(rows["InvoiceDate"]).astype("datetime64[us]")
    log = Interactions.from_frame(rows, ColumnMap("CustomerID", "StockCode", "Quantity", "time"))
    log = replace(log, kinds=np.full(len(log), 4, np.uint8))
    prices = rows.groupby("StockCode")[["UnitPrice"]].first().rename(columns={"UnitPrice": "price"})
    data = Dataset.join("retail", log, items=prices)

    agrees(data)
    assert rfm(data).buyers.sum() == 4338


def test_a_saved_segment_is_computed_on_the_data_at_hand_and_knows_who_it_had(workspace, data):
    first = save_dataset(workspace, data)
    rule = Behaviour(measure="recency", high=20)
    saved = segments.save(workspace, first, data, " Lately here ", rule)
    second = shop(seed=1)
    version = save_dataset(workspace, second)

    before, now = mask(data, rule), mask(second, rule)
    found = segments.drift(workspace, second, saved, now)
    assert saved.title == "Lately here"
    assert segments.members(workspace, second, saved.id).tolist() == now.tolist()
    assert (found.before, found.now) == (before.sum(), now.sum())
    assert (found.joined, found.left) == ((now & ~before).sum(), (before & ~now).sum())
    assert found.psi >= 0
    renewed = segments.keep(workspace, version, second, saved.id)
    after = segments.drift(workspace, second, renewed, now)
    assert (after.joined, after.left, after.psi) == (0, 0, 0)
    assert workspace.artefacts.lost(workspace.store.references) == []


def test_segments_are_renamed_redefined_and_deleted(workspace, data):
    version = save_dataset(workspace, data)
    one = segments.save(workspace, version, data, "One", BOOKS)
    two = segments.save(workspace, version, data, "Two", All())

    with pytest.raises(DataError, match="'One' already"):
        segments.rename(workspace, two.id, "One")
    segments.rename(workspace, two.id, "Everyone")
    changed = segments.redefine(workspace, version, data, one.id, Not(of=BOOKS))
    assert changed.kept.size == (~mask(data, BOOKS)).sum()
    assert [each.title for each in segments.listing(workspace, "shop")] == ["Everyone", "One"]
    segments.delete(workspace, one.id)
    with pytest.raises(NotFoundError, match="no segment"):
        segments.members(workspace, data, one.id)
    assert segments.listing(workspace, "another") == []


def test_a_rule_that_matches_nobody_is_not_saved(workspace, data):
    version = save_dataset(workspace, data)

    with pytest.raises(InputError, match="Nobody"):
        segments.save(workspace, version, data, "None", Behaviour(low=1000))
    assert segments.listing(workspace, "shop") == []
    assert load_dataset(workspace, "shop").fingerprint == data.fingerprint


def test_what_sets_customers_apart_is_found_and_what_chance_did_is_not(data):
    known = traits(data)
    drinkers = mask(data, Behaviour(low=2, category="tea"))

    first = known.apart(drinkers)[0]
    assert (first.about, first.value, first.inside) == ("bought in", "tea", 1.0)
    assert first.everyone == pytest.approx(mask(data, Behaviour(low=1, category="tea")).mean())
    assert first.members == drinkers.sum()
    rng = np.random.default_rng(0)
    luck = [bool(known.apart(rng.random(len(drinkers)) < 0.3)) for _ in range(40)]
    assert sum(luck) <= 6


def test_a_segment_says_what_it_brings_and_one_of_few_says_nothing_of_them(data):
    shop = segment_looks.know(data)
    rich = segment_looks.look(shop, Behaviour(measure="spend", low=50))
    few = segment_looks.look(shop, Listed(ids=tuple(data.interactions.user_ids[:19])))

    paid = rfm(data).monetary
    assert rich.spend_share == pytest.approx(paid[paid >= 50].sum() / paid.sum())
    assert (few.size, few.spend, few.spend_share, few.traits) == (19, None, None, ())
    assert "recognised" in few.hidden
    table = segment_looks.people(shop, rich.inside)
    assert table["customer"].tolist() == data.interactions.user_ids[rich.inside].tolist()
    assert table["spend"].min() >= 50


@pytest.mark.parametrize(
    ("values", "what"), [([1, 2, 3, 1], "value"), ([1.5, 2.25, 3, 1], "revenue"), ([1, 1, 1, 1], "purchases")]
)
def test_what_may_be_pieces_is_not_called_revenue(values, what):
    rows = pd.DataFrame(
        {"user": ["a", "a", "b", "c"], "item": ["x", "y", "x", "y"], "value": values, "kind": "purchase"}
    ).assign(time=pd.date_range("2026-01-01", periods=4))
    data = Dataset("", Interactions.from_frame(rows, ColumnMap("user", "item", "value", "time", "kind")))

    assert rfm(data).what == what
