"""The story of a rehearsal: what was left open when the time was up is said to be so."""

from reco_lab.services.rehearsal_acts import UNDECIDED, Acts, story
from reco_lab.testing.serving import open_shop
from reco_lab.workspace import Workspace


def test_what_the_time_was_too_short_for_is_said_to_be_undecided(tmp_path):
    room = Workspace.open(tmp_path / "home")
    open_shop(room)
    room.rounds.begin({"dataset": "shop", "settings": {}, "attempts": 1})
    acts = Acts(room, tmp_path / "story.json")

    acts.tick()
    assert story(tmp_path).gate == "What was served and done is being collected."
    acts.end()

    assert story(tmp_path).gate == f"What was served and done is being collected. {UNDECIDED}"
