"""The peers' own environments: they want other versions of numpy and pandas than we do, and of each other."""

import os
import subprocess
import sys
from pathlib import Path

PEERS = {
    "implicit": ["implicit==0.7.3"],
    "rectools": ["rectools==0.19.0"],
    "lenskit": ["lenskit==2025.8.1"],
    "cornac": ["cornac==3.0.1"],
    "recbole": ["recbole==1.2.1", "numpy<1.24", "setuptools<81"],
    "surprise": ["scikit-surprise==1.1.5"],
}
IMPLICIT_INSIDE = ("item_knn", "ials_64", "ials_256", "bpr")


def pythons(folder: Path, wanted: set[str]) -> dict[str, str]:
    """The Python of each engine that can be had here; who is missing is said and left out."""
    found = {"ours": sys.executable} if "ours" in wanted else {}
    for peer in sorted(wanted - {"ours"}):
        try:
            found[peer] = _environment(folder, peer)
        except subprocess.CalledProcessError:
            print(f"missing: {peer}, for pip could not install {' '.join(PEERS[peer])} here")
    return found


def settings(engine: str, work: str, threads: int, root: Path) -> dict[str, str]:
    """The same number of threads for all; implicit asks for one BLAS thread below its own."""
    blas = 1 if engine in {"implicit", "rectools"} and work in IMPLICIT_INSIDE else threads
    limits = {name: str(threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")}
    own = {"PYTHONPATH": str(root)} if engine == "ours" else {}
    return dict(os.environ) | limits | {"OPENBLAS_NUM_THREADS": str(blas)} | own


def _environment(folder: Path, peer: str) -> str:
    """Made where it is not there yet."""
    place = folder / peer
    ready = place / "ready"
    python = str(place / "bin" / "python")
    if not ready.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(place)], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PEERS[peer]], check=True)
        ready.touch()
    return python
