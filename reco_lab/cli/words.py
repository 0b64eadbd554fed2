"""What is typed as one word and means several things."""

import argparse
from typing import TYPE_CHECKING, Any

from reco_lab.core.words import cut

ROLES = "user=...,item=...[,value=...][,time=...][,kind=...][,title=...][,category=...][,price=...]"

if TYPE_CHECKING:
    from reco_lab.core.experiment import Columns


def columns(text: str) -> "Columns":
    """Parse `user=client,item=3,title=name`: names, or positions from 0."""
    from reco_lab.core.experiment import Columns

    values: dict[str, Any] = {
        role: int(name) if name.isdecimal() else name for role, name in _pairs(text, "user=client").items()
    }
    unknown = sorted(set(values) - set(Columns.model_fields))
    if unknown or not {"user", "item"} <= set(values):
        what = f"{unknown[0]!r} is no role of a column" if unknown else "user and item are needed"
        raise argparse.ArgumentTypeError(f"{cut(what)}; write {ROLES}")
    return Columns(**values)


def kinds(text: str) -> dict[str, str]:
    """Parse `paid=purchase,cancelled=`: what each word of the kind column means; nothing leaves its rows out."""
    from reco_lab.core.interactions import Kind

    known = {"", *Kind.__members__}
    pairs = _pairs(text, "paid=purchase, or paid= to leave its rows out")
    unknown = sorted(set(pairs.values()) - known)
    if unknown:
        raise argparse.ArgumentTypeError(
            f"{cut(repr(unknown[0]))} is no kind; there are: {', '.join(Kind.__members__)}"
        )
    return pairs


def pair(text: str) -> tuple[str, str]:
    """Parse `campaign_id=13`: a column and what it says."""
    ((column, said),) = _pairs(text.replace(",", "\0"), "campaign_id=13").items()
    return column.replace("\0", ","), said.replace("\0", ",")


def _pairs(text: str, example: str) -> dict[str, str]:
    """`a=b,c=d` as a mapping; a part without a word, without `=`, or that says another thing of a word is refused."""
    found: dict[str, str] = {}
    for part in text.split(","):
        word, equals, meaning = (one.strip() for one in part.partition("="))
        if not word or not equals:
            raise argparse.ArgumentTypeError(
                f"{cut(repr(part.strip()))} is not WORD=MEANING; write {example}"
            )
        if found.setdefault(word, meaning) != meaning:
            raise argparse.ArgumentTypeError(f"{cut(repr(word))} is given two meanings")
    return found
