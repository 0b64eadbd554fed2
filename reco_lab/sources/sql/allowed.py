"""What an administrator allows: the machines that may be asked, and the folders whose database files may be opened."""

import ipaddress
import os
import socket
from pathlib import Path

from reco_lab.core.errors import InputError, NotFoundError

HOSTS = "RECO_LAB_DATABASE_HOSTS"
FOLDERS = "RECO_LAB_DATABASE_FILES"
_METADATA = {ipaddress.ip_address(one) for one in ("100.100.100.200", "192.0.0.192", "fd00:ec2::254")}
MOST_FILES = 1_000
_BEGINS = {"sqlite": (0, b"SQLite format 3\0"), "duckdb": (8, b"DUCK")}
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def allowed_hosts() -> tuple[tuple[str, int], ...]:
    """The machines and ports that an administrator names in RECO_LAB_DATABASE_HOSTS, parted by commas."""
    named = [one.strip().rpartition(":") for one in os.environ.get(HOSTS, "").split(",") if one.strip()]
    return tuple(
        (host.strip("[]").lower(), int(port)) for host, _, port in named if host and port.isdecimal()
    )


def allowed_folders() -> tuple[Path, ...]:
    """The folders that an administrator names in RECO_LAB_DATABASE_FILES, parted as in PATH; links followed."""
    named = os.environ.get(FOLDERS, "").split(os.pathsep)
    return tuple(Path(one).resolve() for one in named if one.strip())


def address(host: str, port: int) -> str:
    """The one address to connect to: the name is looked up once, and nobody looks it up again.

    Raises InputError for a machine that is not on the list, and for a name that leads to this machine, to a cloud's
    own services or to nobody's network.
    """
    where, known = f"{host}:{port}", allowed_hosts()
    if (host.lower(), port) not in known:
        what = "The administrator has not allowed this server." if known else "Reading from servers is off."
        fix = f"To allow it, an administrator sets {HOSTS} to {where} (more of them parted by commas)."
        raise InputError(what, where=where, fix=fix)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise InputError("There is no machine of this name.", where=where, fix="Check its name.") from error
    addresses = [_plain(str(one[4][0])) for one in found]
    for one in addresses:
        if _forbidden(one) or (one.is_loopback and not _means_itself(host)):
            raise InputError(
                "The name leads to an address that is never asked.",
                where=where,
                fix="Ask the administrator which address the name should have.",
            )
    return str(addresses[0])


def database_file(text: str, but: Path) -> Path:
    """The database file that a person means, links followed, below a folder of RECO_LAB_DATABASE_FILES.

    Nothing in the folder `but` is ever meant. Raises InputError for a place that is not allowed, NotFoundError for a
    file that is not there.
    """
    folders = allowed_folders()
    if not folders:
        raise InputError(
            "Reading database files is off.",
            where=text,
            fix=f"To allow it, an administrator sets {FOLDERS} to the folder that holds them.",
        )
    try:
        path = (folders[0] / text.strip()).resolve()
        inside = any(path.is_relative_to(one) for one in folders) and not path.is_relative_to(but)
        there = inside and path.is_file()
    except (OSError, RuntimeError, ValueError):
        inside = there = False
    if not inside:
        fix = f"Put it into {' or '.join(map(str, folders))}, or have an administrator add its folder to {FOLDERS}."
        raise InputError("The app may not open this place.", where=text, fix=fix)
    if not there:
        raise NotFoundError("There is no such file.", where=text, fix="Check its name.")
    return path


def files_of(kind: str) -> tuple[str, ...]:
    """The database files of a kind that lie in the allowed folders, by what they begin with."""
    place, mark = _BEGINS[kind]
    found = [path for folder in allowed_folders() for path in folder.glob("*") if path.is_file()]
    return tuple(str(path) for path in sorted(found)[:MOST_FILES] if _begins(path, place, mark))


def _begins(path: Path, place: int, mark: bytes) -> bool:
    try:
        with path.open("rb") as stream:
            return stream.read(place + len(mark))[place:] == mark
    except OSError:
        return False


def _plain(text: str) -> Address:
    found = ipaddress.ip_address(text.partition("%")[0])
    inner = found.ipv4_mapped or found.sixtofour if isinstance(found, ipaddress.IPv6Address) else None
    return inner or found


def _forbidden(one: Address) -> bool:
    odd = one.is_link_local or one.is_multicast or one.is_unspecified or one in _METADATA
    return odd or (one.is_reserved and not one.is_loopback)


def _means_itself(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
