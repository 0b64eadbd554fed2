"""What is typed as one word and means several things."""

import argparse
from typing import TYPE_CHECKING, Any

ROLES = "user=...,item=...[,value=...][,time=...][,kind=...][,title=...][,category=...][,price=...]"

if TYPE_CHECKING:
    from reco_lab.core.experiment import Columns


def columns(text: str) -> "Columns":
    """Parse `user=client,item=3,title=name`: names, or positions from 0."""
    from reco_lab.core.experiment import Columns

    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    values: dict[str, Any] = {
        role.strip(): int(name) if name.strip().isdecimal() else name.strip() for role, _, name in pairs
    }
    unknown = sorted(set(values) - set(Columns.model_fields))
    if unknown or not {"user", "item"} <= set(values):
        what = f"{unknown[0]!r} is no role of a column" if unknown else "user and item are needed"
        raise argparse.ArgumentTypeError(f"{what}; write {ROLES}")
    return Columns(**values)


def kinds(text: str) -> dict[str, str]:
    """Parse `paid=purchase,cancelled=`: what each word of the kind column means; nothing leaves its rows out."""
    from reco_lab.core.interactions import Kind

    known = {"", *Kind.__members__}
    pairs = {
        word.strip(): kind.strip() for word, _, kind in (part.partition("=") for part in text.split(","))
    }
    unknown = sorted(set(pairs.values()) - known)
    if unknown:
        raise argparse.ArgumentTypeError(
            f"{unknown[0]!r} is no kind; there are: {', '.join(Kind.__members__)}"
        )
    return pairs
