"""Customers' ids that are personal data, at the door: they become pseudonyms, whatever a recipe foresaw."""

from collections.abc import Iterator

import pandas as pd

from reco_lab.cleaning.steps.pseudonyms import Pseudonyms
from reco_lab.cleaning.typed import read_roles
from reco_lab.core.interactions import ColumnMap
from reco_lab.core.recipe import Reading, Recipe
from reco_lab.core.step import Step, StepContext
from reco_lab.services.attributes import Spell


def of_table(frame: pd.DataFrame, mapping: ColumnMap, ctx: StepContext) -> tuple[Pseudonyms, ...]:
    """Pseudonyms where the customers' ids are personal data."""
    only_ids = read_roles(frame, ColumnMap(mapping.user, mapping.item), ctx.now, Reading())
    return of_ids(only_ids.frame, ctx)


def of_ids(customers: pd.DataFrame, ctx: StepContext) -> tuple[Pseudonyms, ...]:
    """Pseudonyms where these ids (column `user`) are personal data: for all of them or for addresses alone."""
    offered = (found.step for found in Pseudonyms.suggest(customers, ctx) if found.on)
    return tuple(one for one in offered if isinstance(one, Pseudonyms))


def safe(base: Recipe, private: tuple[Pseudonyms, ...]) -> tuple[Step, ...]:
    """The steps of a recipe, and behind them what this file's ids need, unless it was declined.

    Pseudonyms for all ids take the place of those for addresses alone.
    """
    known = {one.which for one in base.steps if isinstance(one, Pseudonyms) and one.role == "user"}
    wanted = tuple(one for one in private if one not in (*base.steps, *base.declined))
    if not wanted or "all" in known:
        return base.steps
    others = tuple(
        one for one in base.steps if not (isinstance(one, Pseudonyms) and one.role == wanted[0].role)
    )
    return others + wanted


def unforeseen(given: Recipe | None, used: Recipe) -> Iterator[str]:
    """What was mended although the recipe did not say so."""
    if given is not None and used.steps != given.steps:
        yield (
            "Customers' ids in this file are personal data, which the recipe did not foresee: they became "
            "pseudonyms. To keep such ids readable, write the step under [[declined]] in the recipe."
        )


def spell(used: Recipe, role: str, ctx: StepContext) -> Spell | None:
    """How ids of other tables become those of the log: by the pseudonyms of the recipe, if there are any."""
    step = next((one for one in used.steps if isinstance(one, Pseudonyms) and one.role == role), None)
    if step is None:
        return None
    return lambda ids: step.apply(pd.DataFrame({role: ids}), ctx).frame[role]
