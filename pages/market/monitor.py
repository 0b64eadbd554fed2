"""Monitor: how what is served does, what moved and why, and what would be better."""

from reco_lab.ui import monitor, page

with page.open("Monitor") as lab:
    monitor.sections(lab)
