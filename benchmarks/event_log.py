"""Usage: python benchmarks/event_log.py [--seconds 5]: how fast the log takes decisions and events, durably.

CPU is what a call or an event costs in this process, clients included: on a busy machine look at that."""

import argparse
import tempfile
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable
from pathlib import Path

import numpy as np

from reco_lab.core.clock import SystemClock
from reco_lab.core.events import Decision, Feedback, FeedbackKind, Placed, Stage
from reco_lab.store.events import EventLog

CLOCK = SystemClock()
DECISIONS = 20_000
KINDS = tuple(FeedbackKind)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory(prefix="reco-lab-events-") as place:
        log = EventLog.open(Path(place), CLOCK, writer=True)
        made = [decision(number) for number in range(DECISIONS)]
        log.log(made[0])
        log.track([]).result()
        calls(log, made[1:4000], pause=0.0005, label="log, 2,000 calls a second")
        calls(log, made[4000:], pause=0.0, label="log, as fast as it goes")
        log.track([]).result()
        singles(log, seconds)
        batches(log, seconds, clients=16, size=100)
        print(log.counts().feedback)
        log.close()


def calls(log: EventLog, made: list[Decision], pause: float, label: str) -> None:
    """How long a call of `log` takes."""
    times, spent = [], time.thread_time()
    for one in made:
        begun = time.perf_counter()
        log.log(one)
        times.append(time.perf_counter() - begun)
        while pause and time.perf_counter() - begun < pause:
            time.sleep(pause / 4)
    spent = (time.thread_time() - spent) / len(made) * 1e6
    p50, p99 = np.percentile(np.array(times) * 1e6, [50, 99])
    print(f"{label:<34} p50 {p50:6.1f} us   p99 {p99:8.1f} us   CPU {'' if pause else f'{spent:.1f} us'}")


def singles(log: EventLog, seconds: float) -> None:
    """16 threads, each sends an event and waits until it is durable."""
    closed_loop(log, seconds, 16, 1, "track, one event, 16 threads")


def batches(log: EventLog, seconds: float, clients: int, size: int) -> None:
    """Threads that send a batch and wait until it is durable."""
    closed_loop(log, seconds, clients, size, f"track, batches of {size}, {clients} threads")


def closed_loop(log: EventLog, seconds: float, clients: int, size: int, label: str) -> None:
    times: deque[float] = deque()
    until = time.perf_counter() + seconds
    ready = [prepared(size) for _ in range(clients)]

    def client(make: Callable[[], list[Feedback]]) -> None:
        while time.perf_counter() < until:
            events = make()
            begun = time.perf_counter()
            counted = log.track(events).result()
            times.append(time.perf_counter() - begun)
            if counted.accepted < size:
                raise RuntimeError(str(counted.refused[:1]))

    threads = [threading.Thread(target=client, args=(make,)) for make in ready]
    begun, spent = time.perf_counter(), time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rate = len(times) * size / (time.perf_counter() - begun)
    cpu = (time.process_time() - spent) / (len(times) * size) * 1e6
    p50, p99 = np.percentile(np.array(times) * 1e3, [50, 99])
    print(
        f"{label:<34} {rate:8,.0f} events/s   p50 {p50:6.1f} ms   p99 {p99:6.1f} ms   CPU {cpu:.1f} us an event"
    )


def prepared(size: int) -> Callable[[], list[Feedback]]:
    """Makes batches quickly: what is measured is the log."""
    rng = np.random.default_rng(threading.get_ident() % 1000)
    of = [f"{number:032x}-0" for number in rng.integers(DECISIONS, size=4096)]
    state = {"made": 0}
    name = uuid.uuid4().hex[:12]

    def make() -> list[Feedback]:
        now = CLOCK.now()
        first = state["made"]
        state["made"] += size
        return [
            Feedback(f"{name}-{number:x}", of[number % 4096], KINDS[number % 2], now, now)
            for number in range(first, first + size)
        ]

    return make


def decision(number: int) -> Decision:
    request = f"{number:032x}"
    return Decision(
        request_id=request,
        at=CLOCK.now(),
        customer=f"p_{number % 5000:032x}",
        slot="home",
        placed=(Placed(f"{request}-0", f"A{number % 300}", 0, 0.25, 1.5, 0.0, 0.3),),
        candidates="c0ffee" * 4,
        n_candidates=200,
        model_version="ials-3",
        policy="epsilon-greedy",
        arm="",
        stage=Stage.model,
        rules={"not in its flight": 12, "budget used up for now": 3},
        latency_us=140,
    )


if __name__ == "__main__":
    main()
