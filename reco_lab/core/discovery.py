"""Find what there is by walking the package: one file is one thing, and the file's name is its public id."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache, lru_cache
from importlib.metadata import entry_points
from importlib.util import find_spec
from types import MappingProxyType, ModuleType
from typing import Any, TypeVar, cast

from reco_lab.core.errors import NotFoundError

T = TypeVar("T")


def discover(package: str, base: type[T]) -> Mapping[str, type[T]]:
    """Map public id to class for every concrete subclass of `base` in `package`, and those of outsiders.

    A package, and a module whose name starts with an underscore, is private. Any other must define exactly one concrete
    subclass of `base`. Other distributions join by an entry point in the group named like the package; a name
    that one of the package's own has stays its own, here and in `lookup`.
    """
    found: Mapping[str, type[T]] = _walk(package, cast("Any", base))
    return found


@cache
def _walk(package: str, base: Any) -> Mapping[str, type[Any]]:
    found: dict[str, type[Any]] = {}
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
        if not module.name.startswith("_") and not module.ispkg:
            found[module.name] = _only_class(importlib.import_module(f"{package}.{module.name}"), base)
    for entry in entry_points(group=package):
        if entry.name not in found:
            found[entry.name] = entry.load()
    return MappingProxyType(dict(sorted(found.items())))


@lru_cache(256)
def _own(package: str, base: Any, name: str) -> type[Any] | None:
    if not name.isidentifier() or name.startswith("_"):
        return None
    spec = find_spec(f"{package}.{name}")
    if spec is None or spec.submodule_search_locations is not None:
        return None
    return _only_class(importlib.import_module(spec.name), base)


def lookup(package: str, base: type[T], name: str) -> type[T]:
    """The class with this public id; an unknown id is answered with the nearest known ones.

    For one of the package's own no other file is read.
    """
    if (own := _own(package, cast("Any", base), name)) is not None:
        return cast("type[T]", own)
    known = discover(package, base)
    if name in known:
        return known[name]
    kind = re.sub("ies$", "y", package.rpartition(".")[2]).removesuffix("s")
    near = get_close_matches(name, known, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(known)}."
    raise NotFoundError(f"There is no {kind} called {name!r}.", fix=hint)


def public_id(package: str, base: type[T], thing: type[T]) -> str:
    """The public id of a class; one that discovery does not know goes by the name of its module."""
    names = (name for name, known in discover(package, base).items() if known is thing)
    return next(names, thing.__module__.rpartition(".")[2])


def _only_class(module: ModuleType, base: type[T]) -> type[T]:
    own = [
        thing
        for _, thing in inspect.getmembers(module, inspect.isclass)
        if issubclass(thing, base) and thing.__module__ == module.__name__ and not inspect.isabstract(thing)
    ]
    if len(own) != 1:
        raise TypeError(
            f"{module.__name__} must define exactly one concrete {base.__name__}, not {len(own)}."
        )
    return own[0]
