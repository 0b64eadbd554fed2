"""Calibration: does this laboratory compute correctly? Published results, recomputed here."""

from reco_lab.services.certificate import look
from reco_lab.ui import board, certificate, page, show

with page.open("Calibration", of_data=False) as lab:
    busy = board.running(lab.workspace)

    def answer() -> None:
        """What the certificate says now."""
        with page.guard(lab.workspace):
            lines = look(lab.workspace)
            show.answer(certificate.sentence(lines), certificate.detail(lines))

    def tables() -> None:
        """The figures as they stand now."""
        with page.guard(lab.workspace):
            certificate.tables(look(lab.workspace), expert=lab.expert, busy=busy)

    certificate.live(answer, "answer", busy=busy)
    certificate.begin(lab.workspace, look(lab.workspace), busy=busy, expert=lab.expert)
    certificate.data(lab.workspace)
    certificate.live(tables, "tables", busy=busy)
