from dataclasses import replace

import numpy as np
import pytest

from reco_lab.core.errors import SplitError
from reco_lab.core.parameters import tunable
from reco_lab.core.splitting import Split, Splitter, splitter, splitters
from reco_lab.testing import splits as contract
from reco_lab.testing.splits import CHECKS


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", splitters())
def test_every_splitter_keeps_the_contract(name, check):
    check(splitters()[name]())


@pytest.mark.parametrize("name", splitters())
def test_every_splitter_can_be_named_in_an_experiment(name):
    assert splitter(splitters()[name]().to_dict()) == splitters()[name]()


class Honest(Splitter):
    label, summary = "Honest", "Thirds."
    shift: int = tunable(0, 0, 2, help="Where to begin.")

    def split(self, data, rng):
        rows = np.arange(len(data.interactions))
        if len(rows) < 3:
            raise SplitError("Too few rows.")
        part = rng.permutation(rows) % 3
        yield Split("honest", data, *(rows[part == (self.shift + n) % 3] for n in range(3)))


class Altered(Honest):
    def alter(self, split):
        return split

    def split(self, data, rng):
        yield from map(self.alter, super().split(data, rng))


class Unexplained(Honest):
    shift: int = tunable(0, 0, 2, help="")


class Forgetful(Honest):
    def to_dict(self):
        return {"kind": "forgetful"}


class Overlapping(Altered):
    def alter(self, split):
        return replace(split, train_rows=np.sort(np.append(split.train_rows, split.test_rows[0])))


class Lossy(Altered):
    def alter(self, split):
        return replace(split, train_rows=split.train_rows[1:])


class Recoding(Altered):
    def alter(self, split):
        log = split.data.interactions
        return replace(
            split, data=replace(split.data, interactions=replace(log, user_ids=log.user_ids[::-1]))
        )


class Clairvoyant(Altered):
    time_aware = True

    def alter(self, split):
        times = split.data.interactions.times
        moment = None if times is None else times[split.test_rows].min()
        return replace(split, as_of=moment, validation_as_of=moment)


class Leaking(Altered):
    def alter(self, split):
        half = len(split.train_rows) // 2
        return replace(split, train_rows=split.train_rows[:half], history_rows=split.train_rows[half:])


class Moody(Honest):
    def split(self, data, rng):
        yield from super().split(data, np.random.default_rng())


class Meddling(Honest):
    def split(self, data, rng):
        yield from super().split(data, rng)
        data.interactions.values[:] = 0


class Timeless(Honest):
    needs_times = True


class Reckless(Honest):
    def split(self, data, rng):
        if len(data.interactions) == 1:
            row = np.zeros(1, int)
            yield Split("reckless", data, row[:0], row[:0], row)
        else:
            yield from super().split(data, rng)


VILLAINS = {
    contract.documents_itself: Unexplained,
    contract.survives_json: Forgetful,
    contract.parts_do_not_overlap: Overlapping,
    contract.every_row_has_a_part: Lossy,
    contract.codes_keep_their_meaning: Recoding,
    contract.a_time_aware_cut_hides_the_future: Clairvoyant,
    contract.histories_are_of_customers_nobody_learned_from: Leaking,
    contract.the_same_generator_gives_the_same_cut: Moody,
    contract.leaves_the_data_untouched: Meddling,
    contract.without_times_it_works_or_refuses: Timeless,
    contract.a_single_row_is_refused: Reckless,
}


def test_every_check_has_its_villain_and_an_honest_splitter_passes_them_all():
    assert set(VILLAINS) == set(CHECKS)
    for check in CHECKS:
        check(Honest())


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_villain_is_caught_by_its_check_and_by_no_other(check):
    villain = VILLAINS[check]()
    caught = []
    for other in CHECKS:
        try:
            other(villain)
        except AssertionError:
            caught.append(other)
    assert caught == [check]
