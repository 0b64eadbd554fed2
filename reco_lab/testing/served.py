"""`reco-lab serve` as a process of its own: started, looked at from outside, stopped or killed."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from reco_lab.testing.load import get

SERVE = "import sys; from reco_lab.cli import main; sys.exit(main(sys.argv[1:]))"
PATIENCE = 120.0
UNLIMITED = {"RECO_LAB_API_RATE_PER_KEY": "0", "RECO_LAB_API_RATE_PER_CUSTOMER": "0"}
_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


@dataclass(eq=False)
class Served:
    """A server process on a port of this machine, with its workers if it has any."""

    process: "subprocess.Popen[str]"
    port: int
    begun: float

    @property
    def pids(self) -> list[int]:
        """The process and those that it started."""
        found = [self.process.pid]
        for pid in found:
            found += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split())
        return found

    def cpu(self) -> float:
        """The processor seconds that it took so far, all workers together."""
        return sum(_cpu(pid) for pid in self.pids)

    def memory(self, name: str = "VmRSS") -> float:
        """The memory of the largest worker now (MB), or its highest (`VmHWM`)."""
        return max(_status(pid, name) for pid in self.pids) / 1024

    def files(self) -> int:
        """How many files and sockets are open."""
        return sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in self.pids)

    def first_answer(self, path: str, key: str) -> float:
        """Ask until an answer of 200 comes; the seconds since the start."""
        while not self._answers(get(path, key)):
            if self.process.poll() is not None or time.perf_counter() - self.begun > PATIENCE:
                raise RuntimeError(f"It does not answer: {self.process.returncode}.")
            time.sleep(0.01)
        return time.perf_counter() - self.begun

    def kill(self) -> None:
        """Kill -9, workers too."""
        for pid in reversed(self.pids):
            os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def _answers(self, request: bytes) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=10) as asked:
                asked.sendall(request)
                return b" 200 " in asked.recv(64)
        except OSError:
            return False


@contextmanager
def serving(
    home: Path, *words: str, port: int = 0, more: Mapping[str, str] | None = None
) -> Iterator[Served]:
    """A server of a workspace, stopped at the end unless it was killed."""
    environment = (
        os.environ | {"RECO_LAB_HOME": str(home), "RECO_LAB_DEMO": "0"} | UNLIMITED | dict(more or {})
    )
    port = port or free_port()
    command = [sys.executable, "-c", SERVE, "serve", "--port", str(port), *words]
    begun = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, text=True)  # noqa: S603 - our own
    try:
        yield Served(process, port, begun)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _status(pid: int, name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text("ascii"), re.MULTILINE)
    return int(found[1]) if found else 0
