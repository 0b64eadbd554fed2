"""Versions: everything the product and its tools need is pinned, inside its range, for every Python and system."""

import re
import subprocess
import sys
import tomllib
from importlib import metadata
from itertools import product
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]
WANTED = [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["tools"]]
SYSTEMS = {
    "linux": ("posix", "Linux", "x86_64"),
    "darwin": ("posix", "Darwin", "arm64"),
    "win32": ("nt", "Windows", "AMD64"),
}
PLACES = list(product(["3.11", "3.12", "3.13", "3.14"], SYSTEMS))
# download addresses of registries, in pieces so that this file holds none
ADDRESS = re.compile(r"(?i)py" r"pi\.org|pythonhosted" r"\.|(?:index-url|find-links)\W*http")


def _environment(python, system):
    name, title, machine = SYSTEMS[system]
    return {
        "python_version": python, "python_full_version": f"{python}.0", "sys_platform": system, "os_name": name,
        "platform_system": title, "platform_machine": machine, "implementation_name": "cpython",
        "platform_python_implementation": "CPython", "extra": "",
    }  # fmt: skip


def _pins(python, system, extras=("locked", "dev")):
    """Name to version of the pins that hold there."""
    lines = [Requirement(line) for extra in extras for line in EXTRAS[extra]]
    held = [pin for pin in lines if pin.marker is None or pin.marker.evaluate(_environment(python, system))]
    names = [canonicalize_name(pin.name) for pin in held]
    assert len(set(names)) == len(names), f"pinned twice: {sorted(names)}"
    return {name: str(pin.specifier).removeprefix("==") for name, pin in zip(names, held, strict=True)}


@pytest.mark.parametrize(("python", "system"), PLACES)
def test_every_dependency_is_pinned_inside_its_range(python, system):
    pins = _pins(python, system)

    assert [
        line
        for line in WANTED
        if not (wanted := Requirement(line)).specifier.contains(pins.get(canonicalize_name(wanted.name), "0"))
    ] == []


@pytest.mark.parametrize(("python", "system"), PLACES)
def test_the_product_needs_no_pin_of_the_tools(python, system):
    pins = _pins(python, system, extras=("locked",))

    assert {canonicalize_name(Requirement(line).name) for line in PROJECT["project"]["dependencies"]} <= set(
        pins
    )


def test_every_pin_is_exact_and_names_no_address():
    pattern = re.compile(r"[a-z0-9-]+==[0-9a-z.+]+( ; [^@:/]+)?")

    assert [
        line for extra in ("locked", "dev") for line in EXTRAS[extra] if not pattern.fullmatch(line)
    ] == []


def test_what_the_pinned_need_is_pinned_too():
    pins = _pins(*_here())
    missing = {
        f"{name} needs {need.name}"
        for name in pins
        for need in _needs(name)
        if canonicalize_name(need.name) not in pins
    }

    assert missing == set()


def test_no_file_holds_the_address_of_a_registry():
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    texts = [
        path for path in listed if Path(path).suffix not in {".png", ".parquet"} and (ROOT / path).is_file()
    ]

    assert texts
    assert [
        path for path in texts if ADDRESS.search((ROOT / path).read_text("utf-8", errors="replace"))
    ] == []


def _needs(name):
    """What an installed distribution needs here, its extras aside; nothing for one that is not installed."""
    try:
        lines = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return []
    needs = map(Requirement, lines)
    return [need for need in needs if need.marker is None or need.marker.evaluate({"extra": ""})]


def _here():
    return f"{sys.version_info.major}.{sys.version_info.minor}", sys.platform
