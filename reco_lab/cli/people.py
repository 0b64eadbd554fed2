"""The commands about one customer: her copy of everything, and her erasure."""

import argparse
import getpass
from dataclasses import asdict

from reco_lab.cli.answer import Answer
from reco_lab.cli.opening import opened
from reco_lab.cli.text import progress
from reco_lab.core.words import count
from reco_lab.services import erasure, portrait


def erase(options: argparse.Namespace) -> Answer:
    """Erase a customer everywhere; the answer is the receipt."""
    receipt = erasure.erase(opened(options), options.customer, who=me(), report=progress())
    values = asdict(receipt) | {"at": receipt.at.isoformat()}
    lines = [f"{receipt.customer} is erased ({receipt.at:%Y-%m-%d %H:%M} UTC).", receipt.sentence]
    return Answer(values, "\n".join(lines))


def export_customer(options: argparse.Namespace) -> Answer:
    """Write everything that is known of a customer into a file."""
    found = portrait.portrait(opened(options), options.customer, who=me())
    portrait.write(found, options.to)
    rows = sum(len(one["rows"]) for one in found["data_sets"])
    decisions, visits = len(found["decisions"]), len(found["visits"])
    return Answer(
        {"path": str(options.to), "rows": rows, "decisions": decisions, "visits": visits},
        f"Everything known of her is in {options.to}: {count(rows, 'row')} of data, "
        f"{count(decisions, 'decision')}, {count(visits, 'visit')}.",
    )


def me() -> str:
    """Who asks: the user of this machine, for the audit trail."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "the command line"
