"""The disk: when a person is warned, what is kept in reserve, how sizes are said."""

import pytest

from reco_lab.store.disk import Disk, drop_ballast, lay_ballast, size_text
from reco_lab.store.durable import remove_drafts


@pytest.mark.parametrize(
    ("free", "total", "low", "scarce"),
    [(50, 100, False, False), (9, 100, True, False), (4, 100, True, True), (40 << 30, 4 << 40, False, False)],
)
def test_a_disk_is_low_below_a_tenth_and_scarce_below_a_twentieth(free, total, low, scarce, tmp_path):
    seen = Disk(tmp_path, free, total)
    assert (seen.low, seen.scarce) == (low, scarce)


def test_ballast_is_laid_once_where_there_is_room_and_given_up(tmp_path):
    assert lay_ballast(tmp_path, 1 << 20)
    assert (tmp_path / "ballast").stat().st_size == 1 << 20
    assert lay_ballast(tmp_path, 1 << 20)
    assert drop_ballast(tmp_path)
    assert not drop_ballast(tmp_path)
    assert not lay_ballast(tmp_path, 1 << 60)


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1500, "1.5 kB"), (25e6, "25 MB"), (3.2e12, "3.2 TB")],
)
def test_sizes_are_said_for_people(size, text):
    assert size_text(size) == text


def test_the_draft_of_a_process_that_died_goes_whatever_the_file_is_called(tmp_path):
    draft = tmp_path / f".card[1].json.{'a' * 32}.draft"
    for left in (draft, draft.with_suffix(".lock")):
        left.touch()
    remove_drafts(tmp_path)
    assert [*tmp_path.iterdir()] == []
