"""Which ads may be shown, by which rules, and what stands in when the model has nothing to say."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from reco_lab.algorithms._shapes import SameForAll
from reco_lab.core.ab_test import AbTest, Arm
from reco_lab.core.ads import Ad, Billing
from reco_lab.core.batch import UNKNOWN
from reco_lab.core.events import Stage
from reco_lab.core.interactions import ColumnMap, Interactions, Kind
from reco_lab.core.recommender import Scorer
from reco_lab.policies.greedy import Greedy
from reco_lab.policies.uniform_random import UniformRandom
from reco_lab.serving._kernels.relevance import finite
from reco_lab.serving.accounts import Accounts
from reco_lab.serving.appeal import Appeal
from reco_lab.serving.booked import Booked
from reco_lab.serving.decide import Customer, Standing, choose, weigh
from reco_lab.serving.histories import Histories
from reco_lab.serving.people import People
from reco_lab.serving.reasons import UNRANKED, reasons_of
from reco_lab.serving.snapshot import Ranker, Route, Running, Snapshot

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ITEMS = ["apple", "book", "coat", "desk"]
LOG = Interactions.from_frame(
    pd.DataFrame(
        {
            "user": ["ann", "ann", "bob"],
            "item": ["apple", "book", "coat"],
            "kind": ["view", "purchase", "purchase"],
            "time": pd.to_datetime(["2026-01-01", "2026-01-02", "2026-01-03"]),
        }
    ),
    ColumnMap("user", "item", time="time", kind="kind"),
)


class NearHer(Scorer):
    """Scores an item by how close its code is to the last item of the history; knows nothing of strangers."""

    n_items = 3
    folds_in = True

    def score(self, batch, items=None):
        every = np.arange(self.n_items) if items is None else items
        last = batch.items[batch.indptr[1:] - 1]
        return -np.abs(every[None, :] - last[:, None]).astype(np.float32)

    def state(self):
        raise NotImplementedError


class Broken(NearHer):
    def score(self, batch, items=None):
        return np.full((len(batch), self.n_items), np.nan, np.float32)


def ad(id_, **settings):
    return Ad(id=id_, title=f"Ad {id_}", **settings)


def promoting(**settings):
    return [ad(f"ad-{name}", item=name, **settings) for name in ITEMS[:3]]


def snapshot(ads, scorer=None, policy=None, **settings):
    popular = Ranker(Stage.popular, "popular", SameForAll(np.array([1.0, 2.0, 3.0])))
    chain = (Ranker(Stage.model, "near her", scorer or NearHer()), popular)
    booked = Booked.of(ads, LOG.item_ids, ["fruit", "paper", "cloth"])
    everybody = Route("everybody", policy or Greedy())
    return Snapshot("v1", chain, booked, everybody, hide_bought=False, **settings)


def standing(shot, billed=None, shown=None, clicks=None):
    accounts = Accounts(shot.booked, NOON.date(), billed or {}, shown or {})
    return Standing(Histories(LOG), accounts, Appeal(shot.booked, clicks))


def names(shot, chosen):
    return [shot.booked.ids[place] for place in chosen.places]


def asked(shot, books=None, who="ann", slot="", n=3, now=NOON, **known):
    books = books or standing(shot)
    customer = Customer(books.histories.code(who), who, **known)
    failures = []
    weighed = weigh(shot, books, customer, slot, now, lambda ranker, error: failures.append(error))
    return choose(shot, weighed, n, np.random.default_rng(0)), failures


def test_ads_are_ranked_by_what_they_promote_for_this_customer():
    shot = snapshot(promoting())
    chosen, _ = asked(shot)
    assert names(shot, chosen) == ["ad-book", "ad-apple", "ad-coat"]
    assert chosen.stage is Stage.model
    assert names(shot, asked(shot, who="bob")[0])[0] == "ad-coat"


def test_an_interaction_is_in_the_next_answer():
    shot = snapshot(promoting())
    books = standing(shot)
    books.histories.add("ann", "coat", Kind.view, NOON, 1.0)
    assert names(shot, asked(shot, books)[0])[0] == "ad-coat"
    books.histories.add("new", "apple", Kind.view, NOON, 1.0)
    assert names(shot, asked(shot, books, who="new")[0])[0] == "ad-apple"


def test_a_late_interaction_stands_where_its_time_belongs():
    histories = Histories(LOG)
    histories.add("ann", "coat", Kind.view, NOON, 1.0)
    histories.add("ann", "apple", Kind.view, datetime(2026, 1, 1, 12, tzinfo=UTC), 1.0)
    batch = histories.batch(histories.code("ann"), "ann")
    assert [LOG.item_ids[item] for item in batch.items] == ["apple", "apple", "book", "coat"]


def test_an_item_nobody_knew_gets_a_code_of_its_own_and_models_pass_over_it():
    histories = Histories(LOG)
    histories.add("ann", "sofa", Kind.view, NOON, 1.0)
    assert (histories.item("sofa"), histories.n_items) == (3, 4)
    shot = snapshot(promoting())
    assert (
        names(shot, asked(shot, Standing(histories, standing(shot).accounts, Appeal(shot.booked)))[0])[0]
        == "ad-book"
    )


def test_a_stranger_gets_what_is_popular_and_the_answer_says_so():
    shot = snapshot(promoting())
    chosen, _ = asked(shot, who="nobody")
    assert (chosen.stage, names(shot, chosen)[0]) == (Stage.popular, "ad-coat")


def test_a_model_that_answers_everybody_does_not_speak_for_a_stranger_nor_a_segment_for_one_of_no_segment():
    everybody = SameForAll(np.array([3.0, 2.0, 1.0]))
    chain = tuple(
        Ranker(stage, stage.value, everybody) for stage in (Stage.model, Stage.segment, Stage.popular)
    )
    shot = replace(snapshot(promoting()), chain=chain)
    stages = [asked(shot, who=who)[0].stage for who in ("ann", "nobody")]
    assert stages == [Stage.model, Stage.popular]
    told = pd.DataFrame({"region": ["north"]})
    assert asked(shot, who="nobody", table=told)[0].stage is Stage.popular
    wanting = replace(chain[1], wants_attributes=True)
    assert asked(replace(shot, chain=(wanting, chain[2])), who="nobody", table=told)[0].stage is Stage.segment


def test_a_model_that_fails_is_told_and_the_next_of_the_chain_answers():
    chosen, failures = asked(shot := snapshot(promoting(), Broken()))
    assert (chosen.stage, names(shot, chosen)[0]) == (Stage.popular, "ad-coat")
    assert "not finite" in str(failures[0])


@pytest.mark.parametrize("place", [0, 7, 99])
def test_one_score_that_is_no_number_is_found_wherever_it_is(place):
    scores = np.array([0.0, -0.0, 1e-45, -3.4e38, 3.4e38] * 20, np.float32)
    assert finite(scores)
    for odd in (np.nan, -np.nan, np.inf, -np.inf):
        broken = scores.copy()
        broken[place] = odd
        assert not finite(broken)


def test_where_no_model_answers_the_policy_chooses_by_clicks():
    clicks = {"ad-apple": (100, 1), "ad-book": (100, 50), "ad-coat": (100, 1)}
    shot = replace(snapshot([*promoting(), ad("house", house=True)]), chain=())
    chosen, _ = asked(shot, standing(shot, clicks=clicks))
    assert (chosen.stage, names(shot, chosen)[0]) == (Stage.popular, "ad-book")
    assert set(reasons_of(shot, chosen, str)) == {UNRANKED}
    by_lot = replace(shot, everybody=Route("everybody", UniformRandom()))
    assert asked(by_lot)[0].propensities.tolist() == pytest.approx([1 / 3, 1 / 2, 1.0])


def test_house_ads_fill_what_nothing_else_can():
    shot = snapshot([*promoting(paused=True), ad("house-1", house=True), ad("house-2", house=True)])
    chosen, _ = asked(shot)
    assert (chosen.stage, names(shot, chosen)) == (Stage.house, ["house-1", "house-2"])
    assert chosen.propensities.tolist() == [1.0, 1.0]
    some = snapshot([*promoting()[:1], ad("house", house=True)])
    mixed, _ = asked(some)
    assert (mixed.stage, names(some, mixed)) == (Stage.model, ["ad-apple", "house"])


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({"starts": NOON + timedelta(seconds=1)}, "not in its flight"),
        ({"ends": NOON}, "not in its flight"),
        ({"paused": True}, "not in its flight"),
        ({"slots": ("footer",)}, "not for this slot"),
        ({"segments": ("loyal",)}, "for other customers"),
        ({"attributes": {"region": ("north",)}}, "for other customers"),
        ({"daily_budget": 0.0}, "budget used up for now"),
        ({"total_budget": 0.0}, "budget used up for now"),
    ],
)
def test_each_rule_takes_an_ad_out_and_says_so(settings, rule):
    shot = snapshot([*promoting(), ad("odd", **settings)])
    chosen, _ = asked(shot, n=4)
    assert "odd" not in names(shot, chosen)
    assert not chosen.weighed.rules[rule][shot.booked.places["odd"]]


def test_targeting_lets_those_in_who_have_all_attributes_and_one_segment():
    shot = snapshot([ad("aimed", attributes={"region": ("north", "coast")}, segments=("loyal", "new"))])
    reached = {"attributes": {"region": "coast"}, "segments": frozenset({"loyal"})}
    assert names(shot, asked(shot, **reached)[0]) == ["aimed"]
    for other in (
        {"attributes": {"region": "south"}, "segments": frozenset({"loyal"})},
        {"attributes": {"region": "coast"}},
    ):
        assert not len(asked(shot, **other)[0].places)


def test_an_ad_stands_only_in_its_slots_and_an_unbound_one_everywhere():
    shot = snapshot([ad("top", slots=("header",)), ad("any")])
    assert sorted(names(shot, asked(shot, slot="header")[0])) == ["any", "top"]
    assert names(shot, asked(shot, slot="elsewhere")[0]) == ["any"]


def test_a_budget_is_released_over_the_day_and_passed_by_at_most_one_bill():
    shot = snapshot([ad("dear", daily_budget=24.0, bid=1.0, billing=Billing.decision)])
    books = standing(shot).accounts
    assert not Accounts(shot.booked, NOON.date(), {"dear": (1.0, 1.0)}, {}).open_at(NOON.replace(hour=0))[0]
    bills = 0
    assert books.open_at(NOON)[0]
    while books.open_at(NOON)[0]:
        books.bill(0, 1.0)
        bills += 1
    assert bills == 13
    while books.open_at(NOON.replace(hour=23, minute=59, second=59))[0]:
        books.bill(0, 0.7)
    assert 24.0 * 0.999 <= books.billed(0).today <= 24.7
    fresh = books.next_day(NOON.date() + timedelta(days=1))
    assert fresh.open_at(NOON)[0]
    assert fresh.billed(0).ever == books.billed(0).ever


def test_an_ad_that_was_withdrawn_and_is_booked_again_has_the_bills_it_had():
    terms = {"total_budget": 2.0, "daily_budget": 24.0, "bid": 1.0, "billing": Billing.decision}
    there, away = snapshot([ad("dear", **terms)]).booked, snapshot([ad("other")]).booked
    books = Accounts(there, NOON.date(), {}, {})
    books.bill(0, 2.0)
    again = books.moved(away).next_day(NOON.date() + timedelta(days=1)).moved(there)
    assert (again.billed(0).today, again.billed(0).ever) == (0.0, 2.0)
    assert not again.open_at(NOON + timedelta(days=1))[0]
    later = Accounts(away, NOON.date(), {"dear": (1.0, 2.0)}, {}).moved(there)
    assert (later.billed(0).today, later.billed(0).ever) == (1.0, 2.0)


def test_clicks_after_the_budget_is_used_up_are_not_billed_nor_after_a_restart():
    shot = snapshot([ad("few", total_budget=1.0, bid=0.3)])
    books = standing(shot).accounts
    for _ in range(50):
        books.bill(0, 0.3)
    assert books.billed(0).ever == pytest.approx(1.2)
    again = Accounts(shot.booked, NOON.date(), {"few": (15.0, 15.0)}, {})
    assert again.billed(0).ever == pytest.approx(1.2)
    assert not again.open_at(NOON)[0]


def test_a_customer_has_an_ad_no_more_often_than_its_cap_and_others_are_not_concerned():
    shot = snapshot([ad("often", cap_per_day=2)])
    books = standing(shot, shown={("ann", "often"): 1})
    assert books.accounts.capped("ann") == []
    books.accounts.showed(0, "ann")
    chosen, _ = asked(shot, books)
    assert not chosen.weighed.rules["seen often enough today"][0]
    assert not len(chosen.places)
    assert len(asked(shot, books, who="bob")[0].places) == 1
    assert books.accounts.moved(shot.booked).capped("ann") == [0]


def test_nothing_personal_is_used_of_a_customer_who_objected_or_did_not_consent():
    table = pd.DataFrame({"consent": ["yes", "no"], "region": ["north", "south"]}, index=LOG.user_ids)
    people = People(table, frozenset({"region"}), objecting=frozenset({"p_gone"}))
    assert people.customer(0, "ann").attributes == {"region": "north"}
    assert not people.customer(1, "bob").personal
    assert not people.customer(UNKNOWN, "p_gone").personal
    people.tell("bob", {"consent": "yes"})
    assert people.customer(1, "bob").personal
    shot = snapshot([*promoting(), ad("house", house=True)])
    chosen, _ = asked(shot, personal=False)
    assert (names(shot, chosen), chosen.stage, chosen.weighed.batch) == (["house"], Stage.house, None)


def test_a_customer_is_in_the_segments_that_were_published_and_in_those_a_website_tells_of():
    table = pd.DataFrame({"region": ["north", "south"]}, index=LOG.user_ids)
    people = People(table, frozenset(), members={"Best": np.array([True, False])})
    people.tell("ann", {"segment": "newsletter; vip"})
    assert people.customer(0, "ann").segments == {"Best", "newsletter", "vip"}
    assert people.customer(1, "bob").segments == people.customer(UNKNOWN, "new").segments == frozenset()


def test_what_a_website_told_outranks_the_table_and_models_see_it_as_the_column_has_it():
    table = pd.DataFrame({"age": [30.0, 40.0], "region": ["north", "south"]}, index=LOG.user_ids)
    people = People(table, frozenset({"region"}))
    assert people.customer(0, "ann").table is None
    people.tell("ann", {"age": "31", "region": "coast"})
    known = people.customer(0, "ann")
    assert known.attributes["region"] == "coast"
    assert known.table.to_dict("records") == [{"age": 31.0, "region": "coast"}]


def test_an_ad_that_is_clicked_more_rises_and_an_unseen_one_leans_on_its_advertiser():
    ads = [
        ad("a", advertiser="one"),
        ad("b", advertiser="one"),
        ad("c", advertiser="two"),
        ad("d", advertiser="two"),
    ]
    booked = Booked.of(ads, LOG.item_ids)
    appeal = Appeal(booked, {"a": (2000, 200), "c": (2000, 20)}).factors
    assert appeal[0] > appeal[1] > 1 > appeal[3] > appeal[2]
    assert Appeal(booked, {"a": (50, 0)}).factors.tolist() == [1, 1, 1, 1]


def test_a_bid_counts_as_much_as_it_is_told_to():
    ads = [ad("ad-book", item="book", bid=0.1), ad("ad-coat", item="coat", bid=5.0)]
    assert names(shot := snapshot(ads), asked(shot)[0])[0] == "ad-book"
    assert names(shot := snapshot(ads, bid_weight=1.0), asked(shot)[0])[0] == "ad-coat"


def test_an_ad_for_a_category_stands_as_high_as_the_best_item_of_it():
    shot = snapshot([ad("paper", category="paper"), ad("cloth", category="cloth")])
    assert names(shot, asked(shot)[0]) == ["paper", "cloth"]


def test_a_route_takes_its_customers_to_another_policy_and_names_the_arm():
    shot = snapshot(promoting())
    aside = Route("explorers", UniformRandom(), {"region": ("north",)})
    shot = Snapshot(shot.version, shot.chain, shot.booked, shot.everybody, (aside,))
    assert asked(shot, attributes={"region": "north"})[0].weighed.route.name == "explorers"
    assert asked(shot, attributes={"region": "south"})[0].weighed.route.name == "everybody"


def test_a_running_test_takes_whom_no_route_takes_and_who_lets_her_data_be_used():
    test = AbTest(id="t", arms=[Arm(name="A", share=0.5), Arm(name="B", share=0.5)])
    arms = Running(test, (Route("t/A", Greedy()), Route("t/B", UniformRandom())))
    shot = replace(
        snapshot(promoting()),
        routes=(Route("explorers", Greedy(), {"region": ("north",)}),),
        running=arms,
    )
    for who in ("ann", "bob", "new"):
        mine = ("t/A", "t/B")[test.split.place(who)]
        assert asked(shot, who=who)[0].weighed.route.name == mine
        assert asked(shot, who=who, attributes={"region": "north"})[0].weighed.route.name == "explorers"
        assert asked(shot, who=who, personal=False)[0].weighed.route.name == "everybody"
    few = replace(shot, running=replace(arms, test=test.model_copy(update={"traffic": 1e-9})))
    assert asked(few)[0].weighed.route.name == "everybody"


def test_the_hash_of_candidates_changes_exactly_when_they_do():
    booked = Booked.of(promoting(), LOG.item_ids)
    every, fewer = np.ones(3, bool), np.array([True, True, False])
    assert booked.candidates(every) == booked.candidates(every.copy())
    assert booked.candidates(every) != booked.candidates(fewer)
    assert booked.candidates(every) != Booked.of([ad("x"), ad("y"), ad("z")], LOG.item_ids).candidates(every)


@pytest.mark.parametrize(
    "wrong",
    [
        {"item": "a", "category": "b"},
        {"starts": NOON, "ends": NOON},
        {"bid": -1},
        {"bid": float("nan")},
        {"link": "javascript:alert(1)"},
        {"cap_per_day": 0},
        {"slots": tuple(map(str, range(101)))},
        {"unknown": 1},
        {"starts": "0001-01-01T00:00:00+23:59"},
        {"ends": "9999-12-31T23:59:59-23:59"},
        {"ends": "2027"},
    ],
)
def test_an_ad_that_cannot_be_meant_is_refused(wrong):
    with pytest.raises(ValidationError):
        ad("odd", **wrong)


def test_of_one_id_that_many_share_the_latest_live_interactions_count(monkeypatch):
    monkeypatch.setattr("reco_lab.serving.histories.MOST_LIVE", 3)
    histories = Histories(LOG)
    for item, hour in (("apple", 1), ("book", 3), ("coat", 2), ("desk", 4), ("apple", 0)):
        histories.add("guest", item, Kind.view, NOON + timedelta(hours=hour), 1.0)
    assert [ITEMS[item] for item in histories.batch(UNKNOWN, "guest").items] == ["coat", "book", "desk"]
