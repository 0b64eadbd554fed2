"""Calibration: does this laboratory compute correctly? Published results, recomputed here."""

from reco_lab.services import certificate as certificates
from reco_lab.ui import board, certificate, page, show

with page.open("Calibration", of_data=False) as lab:
    busy = board.running(lab.workspace)
    lines = certificates.look(lab.workspace)
    show.answer(certificate.sentence(lines), certificate.detail(lines))
    certificate.begin(lab.workspace, lines, busy=busy, expert=lab.expert)
    certificate.data(lab.workspace)
    certificate.tables(lines, expert=lab.expert)
