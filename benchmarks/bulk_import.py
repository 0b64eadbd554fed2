"""Usage: python benchmarks/bulk_import.py [--rows 25000000] [--rounds 1] [--explore]: a large CSV through Reco Lab and DuckDB.

DuckDB alone reads all columns as text, sorts the distinct ids and turns the rows into codes, numbers and moments;
Reco Lab's import does that, checks every row, sorts the log and stores it with its checksums. Each runs in a fresh
process; memory is the most that a process and its children had at one moment, and VmHWM of the process alone.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).resolve()
sys.path.insert(0, str(HERE.parents[1]))

CUSTOMERS, ITEMS, BLOCK = 160_000, 60_000, 1_000_000
NAMES = "user_id,item_id,rating,timestamp"
EVERY = 0.02


def write(path: Path, rows: int) -> None:
    """Customers such as u000123, items such as i00042, ratings from 1 to 5, times in seconds, in order of time."""
    import duckdb

    query = f"""
        SELECT format('u{{:06d}}', cast(floor({CUSTOMERS} * power(random(), 2)) AS int)) AS user_id,
               format('i{{:05d}}', cast(floor({ITEMS} * power(random(), 3)) AS int)) AS item_id,
               1 + cast(floor(5 * random()) AS int) AS rating,
               1500000000 + range * 4 + cast(floor(4 * random()) AS int) AS timestamp
        FROM range({rows})
    """  # noqa: S608 - numbers of our own
    duckdb.sql("SELECT setseed(0.5)")
    duckdb.sql(query).write_csv(str(path))


def duckdb_alone(path: Path, _: Path) -> dict[str, Any]:
    """Read all columns as text, number the sorted distinct ids, and join the rows to them."""
    import duckdb

    log = duckdb.connect()
    columns = ", ".join(f"'{name}': 'VARCHAR'" for name in NAMES.split(","))
    log.execute(
        f"CREATE TABLE texts AS FROM read_csv('{path}', auto_detect=false, header=true, delim=',', "
        f"quote='\"', escape='\"', columns={{{columns}}})"
    )
    for role in ("user", "item"):
        log.execute(
            f"CREATE TABLE {role}s AS SELECT id, cast(row_number() OVER (ORDER BY id) - 1 AS int) AS code "  # noqa: S608 - names of our own
            f"FROM (SELECT DISTINCT {role}_id AS id FROM texts)"
        )
    log.execute(
        "CREATE TABLE log AS SELECT users.code AS user, items.code AS item, cast(rating AS float) AS value, "
        "cast(timestamp AS bigint) AS time FROM texts JOIN users ON users.id = user_id JOIN items ON items.id = item_id"
    )
    rows, customers = log.execute("SELECT count(*), max(user) + 1 FROM log").fetchall()[0]
    return {"rows": rows, "customers": customers}


def ours(path: Path, home: Path) -> dict[str, Any]:
    """The import of the page and of the command line."""
    from reco_lab.services.data import import_file
    from reco_lab.workspace import Workspace

    with closing(Workspace.open(home)) as workspace:
        report = import_file(workspace, path, "large")
    return {"rows": report.loaded, "customers": report.summary["customers"], "refused": len(report.refused)}


def explore(_: Path, home: Path) -> dict[str, Any]:
    """What the Explore page needs, from the stored data set on."""
    from reco_lab.services.data import load_dataset
    from reco_lab.services.explore import portrait
    from reco_lab.workspace import Workspace

    with closing(Workspace.open(home)) as workspace:
        begun = time.perf_counter()
        data = load_dataset(workspace, "large")
        loaded = time.perf_counter() - begun
        found = portrait(workspace, data)
    return {"load_s": round(loaded, 1), "portrait_s": round(found.seconds, 1), "faults": len(found.faults)}


WORK: dict[str, Callable[[Path, Path], dict[str, Any]]] = {
    "duckdb": duckdb_alone,
    "ours": ours,
    "explore": explore,
}


def measured(what: str, path: Path, home: Path) -> dict[str, Any]:
    """Do a piece of work in a process of its own, with the file in the system's memory."""
    with path.open("rb") as stream:
        while stream.read(1 << 24):
            pass
    command = [sys.executable, str(HERE), "--work", what, str(path), str(home)]
    begun, most = time.perf_counter(), 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            most = max(most, family_memory(process.pid))
            time.sleep(EVERY)
        wall = time.perf_counter() - begun
        said = process.stdout.read() if process.stdout else ""
    if process.returncode:
        raise SystemExit(process.returncode)
    return json.loads(said.splitlines()[-1]) | {"wall": wall, "peak_mb": most / 1024}


def family_memory(pid: int) -> int:
    """The resident kilobytes of a process and its children."""
    try:
        own = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0
    return (int(own[1]) if own else 0) + sum(family_memory(int(one)) for one in children)


def work(what: str, path: Path, home: Path) -> None:
    import resource

    found = WORK[what](path, home)
    used = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    top = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    found["cpu"] = sum(one.ru_utime + one.ru_stime for one in used)
    print(json.dumps(found | {"own_mb": int(top[1]) / 1024 if top else 0.0}))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=25_000_000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--explore", action="store_true", help="measure the Explore page as well")
    parser.add_argument("--file", type=Path, help="where the file is, or is to be kept")
    wanted = parser.parse_args()
    walls: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as place:
        path = wanted.file or Path(place) / "large.csv"
        if not path.exists():
            write(path, wanted.rows)
        print(f"{wanted.rows:,} rows, {path.stat().st_size / 1e6:,.0f} MB")
        print("what      wall s   CPU s  peak MB  VmHWM MB  found")
        for turn in range(wanted.rounds):
            home = Path(place) / f"home{turn}"
            for what in ("duckdb", "ours", *["explore"] * wanted.explore):
                one = measured(what, path, home)
                walls.setdefault(what, []).append(one["wall"])
                print(
                    f"{what:<8} {one.pop('wall'):7.1f} {one.pop('cpu'):7.1f} {one.pop('peak_mb'):8.0f} "
                    f"{one.pop('own_mb'):9.0f}  {one}",
                    flush=True,
                )
    ratios = [one / other for one, other in zip(walls["ours"], walls["duckdb"], strict=True)]
    print(f"Reco Lab took {median(ratios):.2f} times as long as DuckDB alone.")
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        work(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
    else:
        sys.exit(main())
