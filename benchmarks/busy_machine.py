"""Whether a busy machine is seen: points measured beside made-up load are flagged, points on a quiet machine are not.

The load is this script's own: one, two or four processes that compute or walk through memory, all the time, on and
off, pinned to one core, or during a part of the point only. Each ends by itself. Quiet points need a quiet machine:
before and after each the script looks whether it is one, waits for it, and says so when it does not become one.

Then the same code is measured twice, beside load and without, and compared: it must never be called better or worse.

    python benchmarks/busy_machine.py [--trials 100] [--patience 300] [--only busy|quiet|compare]
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import signal
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress

import numpy as np

import tradeoff
from tradeoff.frames.busy import BUSY_FLAGS
from tradeoff.timing import Budget, Measurement, measure
from tradeoff.timing.host_counters import host_counters
from tradeoff.timing.host_load import HostLoad, between
from tradeoff.workloads import as_workload

SECONDS = 1.0
FLAGGED, CALLED_BUSY = 0.95, 0.02
QUIET_SHARE = 0.02
LOAD = """
import os, sys, time
kind, begin, end, on, off, core = sys.argv[1], *map(float, sys.argv[2:])
if core >= 0 and hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {int(core)})
data = bytearray(64 << 20) if kind == "memory" else bytearray(64)
time.sleep(max(0.0, begin - time.time()))
while (now := time.time()) < end:
    if (now - begin) % (on + off) < on:
        data[:] = data[::-1] if kind == "memory" else data
        if kind != "memory":
            sum(range(2000))
    else:
        time.sleep(min(off, 0.01))
"""

VARIANTS = [
    (spinners, kind, when)
    for when in ("always", "on and off", "part", "pinned")
    for kind in ("computing", "memory")
    for spinners in (1, 2, 4)
]


def work(size: int) -> Callable[[int], Callable[[], object]]:
    def make(batch: int) -> Callable[[], object]:
        data = np.random.default_rng(0).standard_normal((batch, size))
        return lambda: np.exp(data).sum()

    return make


WORKLOADS = {"10 us": 1_000, "1 ms": 100_000, "15 ms": 1_500_000}


@contextmanager
def load(spinners: int, kind: str, when: str, *, seconds: float) -> Iterator[None]:
    """Run processes that load the machine for at most `seconds` from now on."""
    begin = time.time() + 0.5  # the interpreter of each has to start
    end, on, off, core = begin + seconds, 1.0, 0.0, -1.0
    if when == "on and off":
        on, off = 0.1, 0.2
    elif when == "part":  # a quarter of the measured second, behind the warm-up
        begin, end = begin + 0.5, begin + 0.75
    elif when == "pinned":
        core = 0.0
    arguments = [kind, *map(str, (begin, end, on, off, core))]
    made = [_strange(arguments) for _ in range(spinners)]
    try:
        time.sleep(max(0.0, begin - time.time()) if when != "part" else 0.3)
        yield
    finally:
        for pid in made:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _strange(arguments: list[str]) -> int:
    """Start a loading process that is no child of this one, whose time would count as ours; return its number."""
    start = (
        "import subprocess, sys; null = subprocess.DEVNULL; "
        "print(subprocess.Popen([sys.executable, '-c', *sys.argv[1:]], stdout=null, stderr=null).pid)"
    )
    said = subprocess.run(
        [sys.executable, "-c", start, LOAD, *arguments], capture_output=True, text=True, check=True, timeout=30
    )
    return int(said.stdout)


def point(size: int, concurrency: int) -> Measurement:
    budget = Budget(
        name="own", seconds=SECONDS, max_seconds=SECONDS, max_calls=10**6, warm_up_seconds=0.1, tolerances={"p50": 1e-9}
    )
    return measure(as_workload(work(size)), batch_size=1, concurrency=concurrency, budget=budget)


def seen_for(seconds: float) -> HostLoad:
    counters = host_counters()
    before = counters.read()
    time.sleep(seconds)
    found = between(before, counters.read())
    counters.close()
    return found


def is_quiet() -> bool:
    return seen_for(0.3).foreign_share <= QUIET_SHARE


def told(found: Measurement) -> str:
    names = ("foreign_load", "steal", "core_wait", "disturbed", "involuntary_per_s", "cpu_pressure")
    return ", ".join(f"{name} {found.point[name]:.3g}" for name in names)


def busy_points(trials: int) -> bool:
    flagged, missed = 0, Counter[tuple[int, str, str]]()
    turns = list(itertools.product(VARIANTS, WORKLOADS.items(), (1, 2)))
    random.Random(0).shuffle(turns)  # noqa: S311
    for variant, (name, size), concurrency in itertools.islice(itertools.cycle(turns), trials):
        with load(*variant, seconds=6 * SECONDS):
            found = point(size, concurrency)
        if set(BUSY_FLAGS) & set(found.point["flags"]):  # type: ignore[call-overload]
            flagged += 1
        else:
            missed[variant] += 1
            print(f"  missed: {variant[0]} {variant[1]}, {variant[2]}; {name} × {concurrency}: {told(found)}")
    print(f"beside load: {flagged} of {trials} flagged (at least {FLAGGED:.0%})")
    return flagged >= FLAGGED * trials


def quiet_points(trials: int, patience_s: float) -> bool:
    tried, called, waited, shares = 0, 0, 0.0, []
    places = itertools.cycle(itertools.product(WORKLOADS.items(), (1, 2)))
    while tried < trials:
        if not is_quiet():
            waited += 0.3
            if waited > patience_s:
                print(f"  the machine did not become quiet for longer: {tried} of {trials} quiet points could be tried")
                break
            continue
        (name, size), concurrency = next(places)
        found = point(size, concurrency)
        if not is_quiet():  # it did not stay quiet: neither the one nor the other
            continue
        tried += 1
        shares.append(float(found.point["foreign_load"]))  # type: ignore[arg-type]
        if set(BUSY_FLAGS) & set(found.point["flags"]):  # type: ignore[call-overload]
            called += 1
            print(f"  called busy: {name} × {concurrency}: {told(found)}")
    if not tried:
        return False
    print(f"on the quiet machine: {called} of {tried} called busy (at most {CALLED_BUSY:.0%})", end="; ")
    print(f"others took {statistics.median(shares):.2%} of the cores (median), {max(shares):.2%} at most")
    return called <= CALLED_BUSY * tried and tried == trials


def compared(rounds: int) -> bool:
    """Compare the same code, measured alone and beside load, in both orders: it is neither better nor worse."""
    wrong = 0
    sides = {"alone": lambda: run_of("alone"), "beside load": lambda: run_of("beside load")}
    for one, other in itertools.islice(itertools.cycle(itertools.permutations(sides, 2)), rounds):
        found = tradeoff.compare(sides[one](), sides[other](), "maximize throughput subject to p99 <= 20 ms")
        if found.verdict != "not_separable" or "run-to-run spread unknown" not in found.sentence():
            wrong += 1
            print(f"  {one}, then {other}: {found.verdict}: {found}")
    print(f"the same code compared: {wrong} of {rounds} called better or worse (none)")
    return wrong == 0


def run_of(side: str) -> tradeoff.Run:
    budget = Budget(name="own", seconds=SECONDS / 2, max_calls=10**6, warm_up_seconds=0.1)
    with load(2, "computing", "always", seconds=30.0) if side == "beside load" else nullcontext():
        return tradeoff.sweep(
            work(WORKLOADS["1 ms"]), batch_size=[1, 2], budget=budget, progress=False, name="exp", isolate=False
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--patience", type=float, default=300.0, help="longest wait for a quiet machine, in seconds")
    parser.add_argument("--only", choices=("busy", "quiet", "compare"), default=None)
    asked = parser.parse_args()
    before = seen_for(1.0)
    state = "quiet" if before.foreign_share <= QUIET_SHARE else "NOT QUIET"
    print(f"machine: {state}, others take {before.foreign_share:.1%} of {before.capacity_s / before.wall_s:.0f} cores")
    if state != "quiet":
        print("  what is beside it is not only this script's own load: run it again on a quiet machine")
    parts: dict[str, Callable[[], bool]] = {
        "quiet": lambda: quiet_points(asked.trials, asked.patience),
        "busy": lambda: busy_points(asked.trials),
        "compare": lambda: compared(max(2, asked.trials // 10)),
    }
    reached = [part() for name, part in parts.items() if asked.only in (None, name)]
    print("targets reached" if all(reached) else "targets missed")
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(main())
