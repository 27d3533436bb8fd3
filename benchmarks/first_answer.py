"""How long the first answer of `tradeoff.simulate` takes in a fresh process, and whether compiling ever holds one up.

Run with ``python benchmarks/first_answer.py``, with numba installed. Each measurement is a process of its own; compiled
code is kept in a folder of this run, which is empty at first. Without it answers come from NumPy, and a thread
compiles behind them.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile

ASK = """
import json, time

import tradeoff

def ask():
    return tradeoff.simulate(
        {1: [5.0, 5.2, 9.0], 8: [12.0, 12.5, 30.0]}, max_batch_size=[1, 2, 4, 8], request_rate=[50, 100], max_wait_ms=2
    ).points["latency_p99_ms"].tolist()

times = [time.perf_counter()]
p99 = ask()
times.append(time.perf_counter())
cpu = time.process_time()

from tradeoff.serving.virtual import compiled

# More answers while the compiler is at work: none waits for it.
while compiled._warming is not None and compiled._warming.is_alive():
    ask()
    times.append(time.perf_counter())
took = [after - before for before, after in zip(times, times[1:])]
compiles = compiled._warming is not None
print(json.dumps({"first": took[0], "cpu": cpu, "behind": took[1:], "p99": p99, "compiles": compiles}))
"""


def ask(folder: str) -> dict:
    """Ask in a fresh process, whose compiled code is kept in a folder."""
    done = subprocess.run(
        [sys.executable, "-c", ASK], check=True, capture_output=True, text=True,
        env={**os.environ, "NUMBA_CACHE_DIR": folder},
    )  # fmt: skip
    return json.loads(done.stdout)


def told(name: str, found: list[dict], wanted: float) -> bool:
    first, cpu = (statistics.median(one[key] for one in found) for key in ("first", "cpu"))
    verdict = "reached" if first <= wanted else "MISSED"
    print(f"first answer, {name:24} {first:5.2f} s, {cpu:5.2f} s of processors   wanted {wanted:g} s   {verdict}")
    return first <= wanted


def main() -> int:
    cold: list[dict] = []
    warm: list[dict] = []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as folder:
            cold.append(ask(folder))
            warm += [ask(folder) for _ in range(2)]
    reached = [told("nothing compiled", cold, 8.0), told("compiled code on disk", warm, 2.0)]
    behind = [took for one in cold for took in one["behind"]]
    compiling = statistics.median(one["first"] + sum(one["behind"]) for one in cold)
    print(f"{len(behind)} answers while it compiled, for {compiling:.1f} s: the longest took {max(behind):.2f} s")
    kept = sum(not one["compiles"] for one in warm)
    same = all(one["p99"] == cold[0]["p99"] for one in (*cold, *warm))
    print(
        f"compiled code on disk was used {kept} times of {len(warm)}; p99 of both is {'' if same else 'NOT '}the same"
    )
    reached += [kept == len(warm), same, all(len(one["behind"]) > 1 for one in cold)]
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(main())
