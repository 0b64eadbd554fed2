"""A PostgreSQL server of one's own for tests: in a temporary folder, on loopback, gone afterwards."""

import atexit
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import quote

DEBIAN = Path("/usr/lib/postgresql")
PASSWORD = "p%ss/w@rd:7"  # noqa: S105 - the password of a server that lives for one test run; awkward on purpose
SETTINGS = ("fsync=off", "full_page_writes=off", "max_connections=60", "shared_buffers=32MB")


@dataclass(frozen=True)
class Server:
    """A running server; `url` lets its owner in."""

    url: str
    folder: Path
    command: tuple[str, ...]

    def schema(self) -> str:
        """Make an empty schema; the address of it."""
        name = f"test_{uuid.uuid4().hex}"
        psql = str(Path(self.command[-3]).with_name("psql"))
        _run((psql, "--no-psqlrc", "-q", self.url, "-c", f"CREATE SCHEMA {name}"))
        return f"{self.url}?options=-csearch_path%3D{name}"

    def restart(self) -> None:
        """Stop the server at once, as when it crashes, and start it again."""
        self.stop()
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        _run(self.command, "-w", "-l", str(self.folder / "log"), "start")

    def stop(self) -> None:
        """Stop it at once."""
        _run(self.command, "-m", "immediate", "stop")


def why_not() -> str:
    """Why no server can be started here; empty if one can."""
    if sys.platform == "win32":
        return "the tests start PostgreSQL on Unix only"
    if _binaries() is None:
        return "there is no PostgreSQL on this machine (Debian: apt-get install postgresql)"
    if os.geteuid() == 0 and (shutil.which("setpriv") is None or _stranger() is None):
        return "PostgreSQL refuses to run as root, and there is no other user to run it as"
    return ""


@contextmanager
def postgres() -> Iterator[Server]:
    """Make and start a server that lets in by password only; remove it afterwards."""
    binaries = _binaries()
    if binaries is None:
        raise FileNotFoundError(why_not())
    folder = Path(tempfile.mkdtemp(prefix="reco-lab-postgres-"))
    try:
        _run(("cp", "-a", str(_made(binaries) / "data"), str(folder / "data")))
        if (owner := _owner()) is not None:
            os.chown(folder, *owner)
        port = _free_port()
        with (folder / "data" / "postgresql.conf").open("a") as stream:
            stream.writelines(f"{line}\n" for line in SETTINGS)
            stream.write(f"port={port}\nlisten_addresses='127.0.0.1'\nunix_socket_directories=''\n")
        url = f"postgresql://lab:{quote(PASSWORD, safe='')}@127.0.0.1:{port}/postgres"
        command = (*_as_somebody(), str(binaries / "pg_ctl"), "-D", str(folder / "data"))
        server = Server(url, folder, command)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@cache
def _made(binaries: Path) -> Path:
    """The folder of a server that never ran; each one that runs begins as a copy."""
    folder = Path(tempfile.mkdtemp(prefix="reco-lab-postgres-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "password").write_text(PASSWORD)
    if (owner := _owner()) is not None:
        for path in (folder, folder / "password"):
            os.chown(path, *owner)
    options = ["-U", "lab", "-A", "scram-sha-256", f"--pwfile={folder / 'password'}", "--no-sync"]
    initdb = (*_as_somebody(), str(binaries / "initdb"), "-D", str(folder / "data"))
    _run(initdb, *options, "--encoding=UTF8", "--locale=C.UTF-8")
    return folder


def _binaries() -> Path | None:
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else []
    places += sorted(DEBIAN.glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    return next((place for place in places if (place / "pg_ctl").exists()), None)


def _stranger() -> tuple[int, int] | None:
    """The user and group ids of somebody without rights."""
    import pwd

    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name)[2:4]
    return None


def _owner() -> tuple[int, int] | None:
    return _stranger() if os.geteuid() == 0 else None


def _as_somebody() -> tuple[str, ...]:
    if (owner := _owner()) is None:
        return ()
    return ("setpriv", f"--reuid={owner[0]}", f"--regid={owner[1]}", "--clear-groups")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port


def _run(command: tuple[str, ...], *options: str) -> None:
    # no pipe: the server would inherit it and keep it open
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(  # noqa: S603 - the server's own commands
            [*command, *options], stdout=output, stderr=output, cwd="/", check=False
        )
        output.seek(0)
        if done.returncode:
            raise RuntimeError(output.read().decode(errors="replace"))
