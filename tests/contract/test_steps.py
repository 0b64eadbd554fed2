import numpy as np
import pandas as pd
import pytest

from reco_lab.cleaning.steps._leaving import LeavesOut
from reco_lab.cleaning.steps.not_positive import NotPositive
from reco_lab.core.errors import NotFoundError, ParameterError, SpecError
from reco_lab.core.parameters import tunable
from reco_lab.core.step import Mended, Step, Suggestion, require_column, step, steps
from reco_lab.testing import steps as contract
from reco_lab.testing.steps import CHECKS


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", steps())
def test_every_step_keeps_the_contract(name, check):
    check(steps()[name])


@pytest.mark.parametrize(
    "name", [name for name in steps() if name not in {"repeated_ratings", "constant_column"}]
)
def test_every_step_finds_its_fault_in_a_dirty_table(name):
    assert list(steps()[name].suggest(contract.dirty_table(), contract.context()))


@pytest.mark.parametrize("name", steps())
def test_every_step_can_be_named_in_a_recipe(name):
    for one in contract.steps_of(steps()[name]):
        assert step(one.to_dict()) == one
        assert one.to_dict()["step"] == name


@pytest.mark.parametrize("name", steps())
def test_a_step_that_goes_row_by_row_says_of_each_row_alone_what_it_says_of_it_among_others(name):
    table, ctx = contract.dirty_table(), contract.context()
    for one in contract.steps_of(steps()[name]):
        if isinstance(one, LeavesOut) and one.row_by_row:
            alone = [bool(one.flagged(table.iloc[[at]], ctx)[0]) for at in range(0, len(table), 7)]
            assert alone == one.flagged(table, ctx)[::7].tolist()


def test_the_steps_that_go_row_by_row():
    made = [one for kind in steps().values() for one in contract.steps_of(kind)]
    found = {one.kind() for one in made if isinstance(one, LeavesOut) and one.row_by_row}

    assert found == {"impossible_times", "missing_ids", "not_positive", "unreadable"}
    assert not NotPositive(column="price", what="price").row_by_row


def test_a_wrong_step_is_answered_with_what_is_allowed():
    with pytest.raises(NotFoundError, match="Did you mean 'missing_ids'"):
        step({"step": "missing_id"})
    with pytest.raises(ParameterError, match="one of user, item"):
        step({"step": "missing_ids", "role": "shop"})
    with pytest.raises(SpecError, match="A step needs its name"):
        step({"role": "user"})


class Honest(Step):
    """Leaves out rows with a price of 9.50."""

    label, summary = "Honest", "Leaves out what costs 9.50."
    limit: float = tunable(9.0, 0.0, 100.0, help="What is too dear.")

    @property
    def reason(self):
        return "is too dear"

    @classmethod
    def suggest(cls, frame, ctx):
        if len(frame) and cls().mask(frame).any() and frame["user"].isna().any():
            yield Suggestion(cls(), "Some things are dear.", on=True)

    def mask(self, frame):
        return (pd.to_numeric(require_column(frame, "price", self)) > self.limit).to_numpy(bool)

    def apply(self, frame, ctx):
        mask = self.mask(frame)
        return Mended(frame[~mask], frame[mask])


class Unexplained(Honest):
    limit: float = tunable(9.0, 0.0, 100.0, help="")


class Forgetful(Honest):
    @classmethod
    def suggest(cls, frame, ctx):
        return (Suggestion(cls(limit=8.0), one.sentence, on=one.on) for one in super().suggest(frame, ctx))

    def to_dict(self):
        return {"step": "forgetful"}


class Careless(Honest):
    def apply(self, frame, ctx):
        mended = super().apply(frame, ctx)
        return Mended(mended.frame.iloc[1:], mended.dropped)


class Meddling(Honest):
    def apply(self, frame, ctx):
        mended = super().apply(frame, ctx)
        frame["state"] = "paid"
        return mended


class Secretive(Honest):
    def apply(self, frame, ctx):
        mended = super().apply(frame, ctx)
        return Mended(mended.frame.assign(item="x"), mended.dropped)


class Idle(Honest):
    def apply(self, frame, ctx):
        require_column(frame, "price", self)
        return Mended(frame, frame.iloc[:0])


class Alarmist(Honest):
    @classmethod
    def suggest(cls, frame, ctx):
        if len(frame):
            yield Suggestion(cls(), "Some things are dear.", on=True)


class Moody(Honest):
    def apply(self, frame, ctx):
        mask = np.zeros(len(frame), bool)
        if len(frame):
            require_column(frame, "price", self)
            mask[np.random.default_rng().integers(len(frame), size=50)] = True
        return Mended(frame[~mask], frame[mask])


class Fragile(Honest):
    @classmethod
    def suggest(cls, frame, ctx):
        if len(frame) == 0:
            yield Suggestion(cls(), "Nothing is here.")
        yield from super().suggest(frame, ctx)


class Curt(Honest):
    def mask(self, frame):
        return (pd.to_numeric(frame["price"]) > self.limit).to_numpy(bool)


VILLAINS = {
    contract.documents_itself: Unexplained,
    contract.survives_json: Forgetful,
    contract.parts_the_rows_in_two: Careless,
    contract.leaves_the_table_untouched: Meddling,
    contract.says_what_it_changed: Secretive,
    contract.suggests_what_does_something: Idle,
    contract.leaves_a_clean_table_alone: Alarmist,
    contract.gives_the_same_answer_twice: Moody,
    contract.takes_an_empty_table: Fragile,
    contract.refuses_a_table_without_its_column: Curt,
}


def test_every_check_has_its_villain_and_an_honest_step_passes_them_all():
    assert set(VILLAINS) == set(CHECKS)
    for check in CHECKS:
        check(Honest)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_villain_is_caught_by_its_check_and_by_no_other(check):
    caught = []
    for other in CHECKS:
        try:
            other(VILLAINS[check])
        except AssertionError:
            caught.append(other)
    assert caught == [check]
