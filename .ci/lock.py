"""Write the exact pins of the extras `locked` and `dev` into pyproject.toml: python .ci/lock.py [--upgrade] (needs uv).

`locked` pins everything the product needs, `dev` what the tools need on top, for Python 3.11 and newer on
every system. What is pinned now stays where the ranges allow it, unless --upgrade asks for the newest.
"""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
COMPILE = (
    "uv pip compile --universal --no-emit-index-url --no-header --no-annotate --python-version 3.11 --quiet"
)


def resolve(kept: list[str], *inputs: str) -> list[str]:
    """The pins of the inputs, preferring the versions of `kept`."""
    command = [*COMPILE.split(), *inputs, "--constraints", "-"]
    answer = subprocess.run(command, input="\n".join(kept), capture_output=True, text=True, check=False)
    if answer.returncode:
        sys.exit(answer.stderr)
    return answer.stdout.splitlines()


def write(extra: str, pins: list[str]) -> None:
    """Replace the list of one extra."""
    lines = "".join(f'    "{pin}",\n' for pin in pins)
    old = re.compile(rf"^{extra} = \[.*?^\]$", re.MULTILINE | re.DOTALL)
    text = old.sub(lambda _: f"{extra} = [\n{lines}]", PROJECT.read_text("utf-8"), count=1)
    PROJECT.write_text(text, "utf-8")


extras = tomllib.loads(PROJECT.read_text("utf-8"))["project"]["optional-dependencies"]
now = [] if "--upgrade" in sys.argv else [*extras["locked"], *extras["dev"]]
everything = resolve(now, str(PROJECT), "--group", f"{PROJECT}:tools")
product = resolve(everything, str(PROJECT))
write("locked", product)
write("dev", [pin for pin in everything if pin not in product])
