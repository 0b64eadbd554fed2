"""Settings: how the workspace is, what is kept how long, backups, and people's wishes."""

from reco_lab.services import upkeep
from reco_lab.ui import board, page, settings

with page.open("Settings") as lab:
    board.running(lab.workspace)
    seen = upkeep.diagnostics(lab.workspace)
    settings.answer(lab, seen)
    settings.sections(lab, seen)
