"""Usage: python benchmarks/ads.py [--home FOLDER] [--seconds 4] [--rounds 3] [--only throughput,latency,...]: the speed of the ad service."""

import argparse
import itertools
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from _ad_shop import CUSTOMERS, SLOTS, copied, made_shop, moved  # noqa: E402 - the folder is no package; the line above lets it be found

from reco_lab.testing.load import Connection, Load, closed_loop, get, open_loop, post  # noqa: E402 - likewise
from reco_lab.testing.postgres import postgres, why_not  # noqa: E402 - likewise
from reco_lab.testing.served import Served, free_port, serving  # noqa: E402 - likewise

try:
    from uvloop import run
except ImportError:
    from asyncio import run

CONNECTIONS, BATCH, RATE, SAMPLE = 16, 100, 200, 4_096
PARTS = ("throughput", "latency", "events", "effect", "start", "workers")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, default=Path("build/benchmarks/ad-shop"))
    parser.add_argument("--scale", type=float, default=1.0, help="a smaller shop, to try this out")
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(PARTS), help="by comma")
    Bench(parser.parse_args()).run()


class Bench:
    """One run of the table."""

    def __init__(self, wanted: argparse.Namespace) -> None:
        self.seconds, self.rounds, self.only = wanted.seconds, wanted.rounds, wanted.only
        self.home, self.plans = wanted.home, made_shop(wanted.home, wanted.scale)
        self.customers = int(wanted.scale * CUSTOMERS)
        self.rng = np.random.default_rng(0)

    def run(self) -> None:
        print(
            f"load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors; 10,000 ads, load from this process\n"
        )
        line("figure", "measured", "to reach", "met")
        with tempfile.TemporaryDirectory(prefix="reco-lab-ads-") as place, ExitStack() as stack:
            homes = {name: Path(place) / name for name in self.plans}
            keys = {name: copied(self.home, homes[name], plan) for name, plan in self.plans.items()}
            served = {}
            for name, home in homes.items():
                served[name] = stack.enter_context(serving(home))
                seconds = served[name].first_answer("/ads?user_id=u000001", keys[name])
                if "start" in self.only:
                    row(f"start to first answer, {name}", f"{seconds:.1f} s", "5 s", seconds < 5)
            knn = Asked(served["item_knn"], keys["item_knn"], self)
            if "throughput" in self.only:
                self.throughput(knn, Asked(served["ials"], keys["ials"], self))
            if "latency" in self.only:
                self.latency(knn)
            if "events" in self.only:
                self.events(knn)
            if "effect" in self.only:
                self.effect(knn)
            for name, one in served.items():
                row(f"memory, {name}", f"{one.memory():.0f} MB (highest {one.memory('VmHWM'):.0f})", "1,500 MB",
                    one.memory("VmHWM") < 1500)  # fmt: skip
        if "workers" in self.only:
            self.workers()
        print(f"\nload after: {os.getloadavg()[0]:.1f}")

    def throughput(self, knn: "Asked", ials: "Asked") -> None:
        """Rounds of the bare endpoint, the k-NN, the iALS, one after the other."""
        body = knn.one(f"/ads?{knn.question(1)}").body
        with bare(body) as empty:
            cases = {
                "bare": (empty, [get("/ads?user_id=u000001&slot=home")]),
                "one ad, item_knn": (knn.served, knn.questions(1)),
                "one ad, ials": (ials.served, ials.questions(1)),
                "three ads, item_knn": (knn.served, knn.questions(3)),
            }
            found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in cases}
            for _ in range(self.rounds):
                for name, (one, requests) in cases.items():
                    found[name].append(stretch(one, requests, self.seconds))
        base = [median(figure) for figure in zip(*found["bare"], strict=True)]
        row("bare FastAPI", f"{base[0]:,.0f}/s, {base[1]:.0f} us CPU (load: {base[2]:.0f} us)", "", None)
        for name in list(cases)[1:]:
            rate, cpu, _ = (median(figure) for figure in zip(*found[name], strict=True))
            share = median(
                mine[0] / theirs[0] for mine, theirs in zip(found[name], found["bare"], strict=True)
            )
            told = f"{rate:,.0f}/s = {share:.2f} of bare; {cpu:.0f} us CPU = {base[1] / cpu:.2f} of bare"
            goal = 0.6 if name == "one ad, item_knn" else None
            row(f"GET /ads, {name}", told, ".6 of bare" if goal else "", share >= goal if goal else None)

    def latency(self, knn: "Asked") -> None:
        load = run(open_loop(knn.served.port, itertools.cycle(knn.questions(1)), RATE, 4 * self.seconds))
        p50, p99, most = np.percentile([one.seconds * 1000 for one in load.replies], [50, 99, 99.9])
        told = f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, p99.9 {most:.1f} ms, {load.failed} failed"
        row(f"GET /ads, open loop, {RATE}/s", told, "p50 5, p99 20 ms", p50 <= 5 and p99 <= 20)

    def events(self, knn: "Asked") -> None:
        """Clicks and impressions of real decisions, one a request and a hundred a request."""
        asked = run(closed_loop(knn.served.port, knn.questions(3), CONNECTIONS, 4 * self.seconds))
        decisions = [ad["decision_id"] for reply in asked.replies for ad in reply.values["ads"]]
        for size, least, goal in ((1, 1000, "1,000/s, p99 250 ms"), (BATCH, 15_000, "15,000/s")):
            requests = knn.told(decisions, size)
            before = knn.served.cpu()
            load = run(closed_loop(knn.served.port, requests, CONNECTIONS, self.seconds))
            rate = load.rate * size
            cpu = (knn.served.cpu() - before) / len(load.replies) / size * 1e6
            p99 = float(np.percentile([one.seconds * 1000 for one in load.replies], 99))
            accepted = sum(one.values["accepted"] for one in load.replies)
            told = f"{rate:,.0f}/s, p99 {p99:.0f} ms, {cpu:.0f} us CPU an event"
            met = rate >= least and (size > 1 or p99 < 250) and accepted == len(load.replies) * size
            row(f"POST /events, {size} a request, {CONNECTIONS} conns", told, goal, met)

    def effect(self, knn: "Asked") -> None:
        """Strangers who buy one thing: the very next answer is the model's."""
        changed = 0
        for number in range(200):
            name = f"stranger-{number}-{uuid.uuid4().hex[:6]}"
            before = knn.one(f"/ads?user_id={name}&n=3").values
            told = {"event_id": name, "user_id": name, "item_id": f"i{number:05d}", "kind": "purchase"}
            accepted = knn.send("/interactions", {"interactions": [told]}).values["accepted"]
            after = knn.one(f"/ads?user_id={name}&n=3").values
            changed += accepted == 1 and before["fallback"] is not None and after["fallback"] is None
        row("an interaction's effect in the next answer", f"{changed} of 200", "all", changed == 200)

    def workers(self) -> None:
        """One worker and two on PostgreSQL, in turns."""
        if lack := why_not():
            row("1 -> 2 workers", f"not measured: {lack}", "1.5x", None)
            return
        with tempfile.TemporaryDirectory(prefix="reco-lab-ads-") as place, postgres() as server:
            url = server.schema()
            os.environ["RECO_LAB_DATABASE_URL"] = url
            home = Path(place) / "home"
            key = moved(self.home, home, self.plans["item_knn"])
            found: dict[int, list[tuple[float, float, float]]] = {1: [], 2: []}
            for _ in range(self.rounds):
                for count, figures in found.items():
                    with serving(home, "--workers", str(count)) as served:
                        served.first_answer("/ads?user_id=u000001", key)
                        time.sleep(3)
                        asked = Asked(served, key, self)
                        stretch(served, asked.questions(1), 1)
                        figures.append(stretch(served, asked.questions(1), self.seconds))
            os.environ.pop("RECO_LAB_DATABASE_URL")
        one, two = (([median(figure) for figure in zip(*found[count], strict=True)]) for count in (1, 2))
        told = f"{one[0]:,.0f}/s -> {two[0]:,.0f}/s = {two[0] / one[0]:.2f}x; {one[1]:.0f} -> {two[1]:.0f} us CPU"
        row("GET /ads on PostgreSQL, 1 -> 2 workers", told, "1.5x", two[0] / one[0] >= 1.5)


class Asked:
    """A server with a key for it and questions to ask."""

    def __init__(self, served: Served, key: str, bench: Bench) -> None:
        self.served, self.key, self.bench = served, key, bench

    def question(self, n: int) -> str:
        user = int(self.bench.rng.integers(self.bench.customers))
        return f"user_id=u{user:06d}&slot={SLOTS[user % len(SLOTS)]}&n={n}"

    def questions(self, n: int) -> list[bytes]:
        return [get(f"/ads?{self.question(n)}", self.key) for _ in range(SAMPLE)]

    def told(self, decisions: Sequence[str], size: int) -> Iterator[bytes]:
        """Events that were never sent before, most of them impressions."""
        name, turns = uuid.uuid4().hex[:8], itertools.cycle(decisions)
        for number in itertools.count():
            rows = [
                {"event_id": f"{name}-{number}-{place}", "decision_id": next(turns),
                 "kind": "click" if place % 20 == 19 else "impression"}
                for place in range(size)
            ]  # fmt: skip
            yield post("/events", {"events": rows}, self.key)

    def one(self, path: str):  # noqa: ANN201 - a Reply
        return run(alone(self.served.port, get(path, self.key)))

    def send(self, path: str, values: dict):  # noqa: ANN201 - a Reply
        return run(alone(self.served.port, post(path, values, self.key)))


async def alone(port: int, request: bytes):  # noqa: ANN201 - a Reply
    connection = await Connection.open(port)
    try:
        return await connection.ask(request)
    finally:
        connection.close()


def stretch(served: Served, requests: Sequence[bytes], seconds: float) -> tuple[float, float, float]:
    """Requests a second, and processor microseconds a request: the server's and the load's own."""
    before, own = served.cpu(), time.process_time()
    load: Load = run(closed_loop(served.port, itertools.cycle(requests), CONNECTIONS, seconds))
    own = time.process_time() - own
    time.sleep(0.2)  # what was put off is its work too
    count = len(load.replies)
    if load.failed:
        raise RuntimeError(f"{load.failed} of {count} requests failed: {load.replies[-1].body[:200]!r}")
    return load.rate, (served.cpu() - before) / count * 1e6, own / count * 1e6


@contextmanager
def bare(body: bytes) -> Iterator[Served]:
    """A bare endpoint with a constant answer."""
    port = free_port()
    command = [sys.executable, str(HERE / "_bare.py"), str(port)]
    with tempfile.TemporaryFile() as constant:
        constant.write(body)
        constant.seek(0)
        process = subprocess.Popen(command, stdin=constant)
    served = Served(process, port, time.perf_counter())
    served.first_answer("/ads", "")
    yield served
    process.terminate()
    process.wait()


def row(figure: str, measured: str, target: str, met: bool | None) -> None:
    line(figure, measured, target, "" if met is None else "yes" if met else "no")


def line(figure: str, measured: str, target: str, met: str) -> None:
    print(f"{figure:<44}{measured:<64}{target:<22}{met}".rstrip(), flush=True)


if __name__ == "__main__":
    main()
