"""The experiment file: TOML that says what was asked, checked with errors that name the line."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from reco_lab.core.errors import InputError, SpecError
from reco_lab.core.experiment import Experiment
from reco_lab.core.recommender import recommender
from reco_lab.core.splitting import splitter
from reco_lab.core.toml import pair

Loc = tuple[str | int, ...]


def load(path: Path) -> Experiment:
    """The experiment that a file describes. Raises SpecError naming the file, the line and what is allowed."""
    return parse(text_of(path, "An experiment is a TOML file in UTF-8."), str(path))


def text_of(path: Path, fix: str) -> str:
    """What stands in a file of text. Raises SpecError, with `fix` where it cannot be read as text."""
    if path.is_dir():
        raise SpecError("This is a folder, not a file.", where=str(path), fix="Name a file in it.")
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise SpecError("There is no such file.", where=str(path)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError("The file cannot be read as text.", where=str(path), fix=fix) from error


def parse(text: str, name: str = "experiment.toml") -> Experiment:
    """The experiment that this TOML describes; `name` is how errors call it."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SpecError(f"This is not valid TOML: {error}.", where=name) from error
    except RecursionError as error:
        raise SpecError("It is nested too deeply.", where=name) from error
    values = dict(raw)
    if "recommenders" in raw:
        values["recommenders"] = _recommenders(raw["recommenders"], text, name)
    if "split" in raw:
        values["split"] = _at(("split",), raw["split"], text, name, splitter)
    try:
        return Experiment(**values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise SpecError(_words(first), where=_where(name, text, first["loc"])) from error


def dump(experiment: Experiment) -> str:
    """The experiment as TOML that `parse` reads back to the same experiment."""
    values = experiment.model_dump(mode="json", exclude_none=True)
    tables = {key: values.pop(key) for key in ("data", "split", "metrics", "tuning") if key in values}
    lines = [
        pair(key, value) for key, value in values.items() if key != "recommenders" and value not in ([], ())
    ]
    for key, table in tables.items():
        lines += ["", f"[{key}]", *(pair(name, value) for name, value in table.items() if value is not None)]
    for spec in values["recommenders"]:
        lines += [
            "",
            "[[recommenders]]",
            *(pair(name, value) for name, value in spec.items() if value is not None),
        ]
    return "\n".join(lines) + "\n"


def _recommenders(specs: Any, text: str, name: str) -> Any:
    if not isinstance(specs, list) or not all(isinstance(spec, dict) for spec in specs):
        return specs
    return [_at(("recommenders", place), spec, text, name, recommender) for place, spec in enumerate(specs)]


def _at(loc: Loc, spec: Any, text: str, name: str, read: Any) -> Any:
    """Read one table, and name its line where it is wrong."""
    if not isinstance(spec, Mapping):
        return spec
    try:
        return read(dict(spec))
    except InputError as error:
        key = error.key or ("kind" if loc == ("split",) else "algorithm")
        raise SpecError(error.what, where=_where(name, text, (*loc, key)), fix=error.fix) from error


def _words(error: Mapping[str, Any]) -> str:
    path = ".".join(str(part) for part in error["loc"])
    if error["type"] == "missing":
        return f"{path} is missing."
    if error["type"] == "extra_forbidden":
        return f"{path} is not a setting of an experiment."
    message = str(error["msg"]).removeprefix("Value error, ").rstrip(".")
    return f"{path}: {message}."


def _where(name: str, text: str, loc: Loc) -> str:
    line = line_of(text, loc)
    return f"{name}, line {line}" if line else name


def line_of(text: str, loc: Loc) -> int | None:
    """The line (from 1) where a table or a key of it is written; the table's own line if the key is not there."""
    table = str(loc[0]) if loc else ""
    number = loc[1] if len(loc) > 1 and isinstance(loc[1], int) and table == "recommenders" else None
    key = next((str(part) for part in loc[1:] if isinstance(part, str)), "")
    here, seen, best = "", -1, None
    for place, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[\[?\s*([\w.-]+)\s*\]\]?", line)
        if header:
            here = header[1]
            seen += here == table and number is not None
        inside = here == table and (number is None or seen == number)
        if inside and header:
            best = place
        if inside and key and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line):
            return place
        if not here and re.match(rf"\s*[\"']?{re.escape(table)}[\"']?\s*=", line):
            return place
    return best
