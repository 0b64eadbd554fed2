"""Recipes: written and read as TOML, kept with a version, suggested for the next file of the same shape."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from reco_lab.core.errors import InputError, SpecError
from reco_lab.core.recipe import Recipe, shape_key
from reco_lab.core.step import Step, step
from reco_lab.core.toml import pair
from reco_lab.store.records import DatasetVersion
from reco_lab.workspace import Workspace

_TITLE = "# A recipe of Reco Lab: what the columns of a file mean and how its rows are mended.\n"
_MENDS = ("steps", "declined")
_OPTIONAL = ("customers", "items")


def dump(recipe: Recipe) -> str:
    """The recipe as TOML that `parse` reads back to the same recipe."""
    values = recipe.model_dump(mode="json", exclude_none=True)
    values = {name: value for name, value in values.items() if name not in _MENDS}
    tables = {name: value for name, value in values.items() if isinstance(value, dict)}
    lines = [pair(name, value) for name, value in values.items() if name not in tables and value != []]
    for name, table in tables.items():
        inner = [pair(key, one) for key, one in table.items() if one not in ([], {}, None)]
        lines += ["", f"[{name}]", *inner] if inner or name in _OPTIONAL else []
    for name in _MENDS:
        for one in getattr(recipe, name):
            lines += ["", *lines_of(one, name)]
    return _TITLE + "\n".join(lines) + "\n"


def lines_of(mend: Step, where: str = "steps") -> list[str]:
    """What stands in a recipe for a step."""
    return [f"[[{where}]]", *(pair(key, value) for key, value in mend.to_dict().items() if value is not None)]


def parse(text: str, name: str = "recipe.toml") -> Recipe:
    """The recipe that this TOML describes. Raises SpecError that says where it is wrong and what is allowed."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SpecError(f"This is not valid TOML: {error}.", where=name) from error
    except RecursionError as error:
        raise SpecError("It is nested too deeply.", where=name) from error
    for mends in _MENDS:
        _check_mends(raw.get(mends, []), mends, text, name)
    try:
        return Recipe(**raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = ".".join(str(part) for part in first["loc"])
        message = str(first["msg"]).removeprefix("Value error, ").rstrip(".")
        raise SpecError(f"{path}: {message}.", where=name) from error


def _check_mends(specs: Any, mends: str, text: str, name: str) -> None:
    places = _places(text, mends)
    if not isinstance(specs, list) or not all(isinstance(one, Mapping) for one in specs):
        raise SpecError(f"{mends} must be tables.", where=name, fix=f"Begin each with [[{mends}]].")
    for place, spec in enumerate(specs):
        try:
            step(spec)
        except InputError as error:
            line = f", line {places[place]}" if place < len(places) else ""
            raise SpecError(error.what, where=f"{name}{line}", fix=error.fix) from error


def load(path: Path) -> Recipe:
    """The recipe in a file. Raises SpecError naming the file."""
    try:
        return parse(path.read_text("utf-8-sig"), path.name)
    except FileNotFoundError as error:
        raise SpecError("There is no such file.", where=str(path)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(
            "It cannot be read as text.", where=path.name, fix="A recipe is a TOML file in UTF-8."
        ) from error


def keep(workspace: Workspace, version: DatasetVersion, recipe: Recipe) -> None:
    """Keep a recipe with the version that it made, and as the suggestion for files of its shape."""
    text = dump(recipe)
    workspace.store.set_setting(_of_version(version), text)
    workspace.store.set_setting(f"recipe-of-shape/{shape_key(recipe.shape)}", text)


def recipe_of(workspace: Workspace, version: DatasetVersion) -> Recipe | None:
    """The recipe that made a version; None where it was made without one."""
    return _kept(workspace, _of_version(version))


def keep_mark(workspace: Workspace, version: DatasetVersion, mark: Mapping[str, Any]) -> None:
    """Keep with a version how far the growing column of its table was read."""
    workspace.store.set_setting(_mark_of(version), dict(mark))


def mark_of(workspace: Workspace, version: DatasetVersion) -> Mapping[str, Any] | None:
    """How far the growing column of a version's table was read; None where it has none."""
    kept: Mapping[str, Any] | None = workspace.store.get_setting(_mark_of(version))
    return kept


def pass_on(workspace: Workspace, came: DatasetVersion, version: DatasetVersion) -> None:
    """Keep with a version that was made of another where that came from: what comes since can still be brought."""
    if (recipe := recipe_of(workspace, came)) is not None:
        keep(workspace, version, recipe)
    if (mark := mark_of(workspace, came)) is not None:
        keep_mark(workspace, version, mark)


def suggested(workspace: Workspace, columns: Sequence[str]) -> Recipe | None:
    """The recipe last used for a file with columns of these names; None for a new shape."""
    return _kept(workspace, f"recipe-of-shape/{shape_key(list(columns))}")


def check_shape(recipe: Recipe, columns: Sequence[str], name: str) -> None:
    """Raise SpecError where a file lacks columns that the recipe's mapping or steps use."""
    needed = [one for one in recipe.columns.model_dump().values() if isinstance(one, str)]
    lacking = [one for one in needed if one not in set(columns)]
    if lacking:
        raise SpecError(
            f"The recipe is for another shape of file: there is no column {', '.join(map(repr, lacking))}.",
            where=name,
            fix=f"There are: {', '.join(map(str, columns[:30]))}.",
        )


def _of_version(version: DatasetVersion) -> str:
    return f"recipe/{version.name[:32]}/{version.fingerprint}"


def _mark_of(version: DatasetVersion) -> str:
    return f"mark/{version.name[:32]}/{version.fingerprint}"


def _kept(workspace: Workspace, name: str) -> Recipe | None:
    text = workspace.store.get_setting(name)
    return None if text is None else parse(text)


def _places(text: str, mends: str) -> list[int]:
    lines = enumerate(text.splitlines(), 1)
    return [number for number, line in lines if re.match(rf"\s*\[\[\s*{mends}\s*\]\]", line)]
