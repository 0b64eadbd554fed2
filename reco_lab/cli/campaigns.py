"""Commands about campaigns."""

import argparse
from dataclasses import asdict

from reco_lab.cli.answer import Answer
from reco_lab.cli.opening import opened
from reco_lab.services.campaign_results import observe_list


def observe(options: argparse.Namespace) -> Answer:
    """Compare those who got a campaign with customers who were alike before it."""
    found = observe_list(
        opened(options),
        options.data,
        options.file,
        options.customer,
        options.start,
        options.days,
        options.only,
    )
    values = {
        "sentence": found.sentence,
        "credible": found.credible,
        "after": asdict(found.after),
        "before": None if found.placebo is None else asdict(found.placebo),
    }
    return Answer(values, found.sentence)
