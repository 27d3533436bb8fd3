"""A server nobody here wrote: the same perceptron behind LitServe and mosec, and what explains the difference.

The catalogue's mlp, one worker on one thread, batches of up to 8 that wait 5 ms, four times over the same loads: the
server, asked over HTTP by `tradeoff.drive`; `tradeoff.serve`; `tradeoff.simulate` from the service times that serve
saw; and the simulator told the server's own service times and its round trip without work. They take turns, a few
seconds each, and who is not asked is stopped meanwhile. Then the difference of the server from serve, taken apart at
p50 and at p99 by stamps (servers and client read one clock):

  late     the client sent it after it was due
  in, out  HTTP, JSON and hops between processes: measured by an endpoint that does nothing, at the same loads
  wait     for a batch to form and for the worker: what the way in takes beyond that of the endpoint without work
  model    the model's own call: longer where HTTP, the server's other processes and the client want the cores too
  back     what the way out takes beyond that: answers of a batch leave one after the other, and share the cores
  serve    less what serve itself spends on waking up and handing over

Neither server has our policy. LitServe collects for 5 ms from when its loop comes round, not from when a request came,
in polls of a millisecond, and its queues are those of a manager process; with a wait of 0 it polls without pause.
mosec counts the 5 ms from when a worker takes the first request, on a timer of whole milliseconds.

Run with ``pip install litserve mosec aiohttp`` and ``python benchmarks/other_server.py [--server mosec]``. All of it
listens on loopback only, and no process is left. Targets: every request is answered, no stamp is earlier than the one
before it (else the clocks were not one), and the parts add up to the difference of the p50 within 1 %.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import os
import sys
import time
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import pandas as pd
import torch

import tradeoff
from tradeoff.environment import usable_cores
from tradeoff.frames import PERCENTILES
from tradeoff.serving.real.interrupts import Interrupted
from tradeoff.stats.quantiles import percentiles
from tradeoff.timing.breakdown import breakdown

sys.path.insert(0, str(Path(__file__).with_name("servers")))
from running import PATHS, Server, running
from work import LARGEST, SEED, WAIT_MS, WORKLOAD

RATES, CLIENTS = (25, 50, 100, 200), (1, 8)
POLICY = {"max_batch_size": LARGEST, "max_wait_ms": WAIT_MS}
STAGES = {"late": "pre", "in": "batch_wait", "model": "model", "out": "post"}
SUM_WITHIN = 0.01


class Client:
    """Asks over HTTP, and keeps when: sent, began, ended, answered, and the size of the batch."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session: aiohttp.ClientSession | None = None
        self.stamps: dict[int, tuple[int, int, int, int, int]] = {}

    async def send(self, number: int) -> None:
        """Ask once."""
        if self._session is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
            self._closing = asyncio.create_task(self._close_at_the_end())
        sent = time.perf_counter_ns()
        async with self._session.post(self._url, json={"number": number}) as answer:
            answer.raise_for_status()
            told = await answer.json()
        self.stamps[number] = (sent, told["began"], told["ended"], time.perf_counter_ns(), told["size"])

    async def _close_at_the_end(self) -> None:
        """Wait for ever: `drive` cancels what is left when it ends."""
        try:
            await asyncio.Event().wait()
        finally:
            if self._session is not None:
                await self._session.close()


@dataclass
class Seen:
    """What was seen of one load, turn by turn: stages of each request that counts in ns, errors, and the busy share."""

    turns: list[pd.DataFrame] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)
    n_errors: int = 0

    def add(self, run: tradeoff.Run, stages: pd.DataFrame) -> None:
        """Add a turn."""
        self.turns.append(stages)
        self.busy.append(float(run.points["utilisation"].iloc[0]))
        self.n_errors += int(run.points["n_errors"].iloc[0]) + int(run.points["n_in_system"].iloc[0])

    @property
    def stages(self) -> pd.DataFrame:
        """All turns."""
        return pd.concat(self.turns, ignore_index=True)

    def percentile(self, where: str) -> float:
        """Return a percentile of the latency in ms; NaN where too few requests were seen."""
        return percentiles(self.stages["latency"].to_numpy(), PERCENTILES)[where].value / 1e6

    def at(self, where: str) -> dict[str, float]:
        """Return the mean stages of the requests around a percentile, adding up to it, in ms."""
        stages = self.stages
        samples = {f"{stage}_ns": stages[part].to_numpy() for part, stage in STAGES.items()}
        nothing = np.zeros(len(stages))
        samples |= {"latency_ns": stages["latency"].to_numpy(), "queue_wait_ns": nothing, "overhead_ns": nothing}
        told = breakdown(
            samples, {"mean": math.nan, "p50": math.nan, "p99": math.nan} | {where: self.percentile(where)}
        )
        return {part: told[f"at_{where}_{stage}_ms"] for part, stage in STAGES.items()}


def loads() -> dict[str, dict[str, Any]]:
    named: dict[str, dict[str, Any]] = {f"{rate} requests/s": {"request_rate": rate} for rate in RATES}
    return named | {f"{n} client{'s' * (n > 1)}": {"concurrency": n} for n in CLIENTS}


def ask(server: Server, load: dict[str, Any], seen: Seen, *, seconds: float, seed: int) -> None:
    """Ask a server, and take what its callers waited apart."""
    client = Client(server.url)
    with server.awake():
        run = tradeoff.drive(client.send, duration_s=seconds, timeout_s=20.0, seed=seed, progress=False, **load)
    samples = counted(run)
    names = ["sent", "began", "ended", "answered", "size"]
    stamps = pd.DataFrame.from_dict(client.stamps, orient="index", columns=names)
    stamps = stamps.reindex(samples["seq"].to_numpy(dtype=int)).reset_index(drop=True)
    latency = samples["latency_ns"].to_numpy(dtype=np.int64)
    late = latency - (stamps["answered"] - stamps["sent"])
    seen.add(run, pd.DataFrame({
        "latency": latency, "late": late, "in": stamps["began"] - stamps["sent"],
        "model": stamps["ended"] - stamps["began"], "out": stamps["answered"] - stamps["ended"],
        "size": stamps["size"], "batch": stamps["began"],
    }))  # fmt: skip


def serve(load: dict[str, Any], seen: Seen, *, seconds: float, seed: int) -> None:
    """Serve the same load by the real loop."""
    run = tradeoff.serve(WORKLOAD, duration_s=seconds, seed=seed, progress=False, **POLICY, **load)
    samples = counted(run)
    hand_over = samples["overhead_ns"] + samples["pre_ns"] + samples["post_ns"]
    seen.add(run, pd.DataFrame({
        "latency": samples["latency_ns"], "late": 0, "in": samples["queue_wait_ns"] + samples["batch_wait_ns"],
        "model": samples["model_ns"], "out": hand_over, "size": samples["batch_size"],
        "batch": samples["dispatched_ns"],
    }).astype("int64"))  # fmt: skip


def counted(run: tradeoff.Run) -> pd.DataFrame:
    samples = run.samples
    return samples[(samples["phase"] == "measure") & (samples["status"] == "ok")].reset_index(drop=True)


def service(seen: Iterable[Seen]) -> dict[int, np.ndarray]:
    """Return the model's times by the size of the batch, each batch once, in ms."""
    batches = pd.concat([turn.drop_duplicates("batch") for one in seen for turn in one.turns], ignore_index=True)
    times = {int(size): rows["model"].to_numpy() / 1e6 for size, rows in batches.groupby("size")}
    return times | {LARGEST: times[max(times)]}  # where no batch was full it costs at least what the largest did


def simulate(times: dict[int, np.ndarray], load: dict[str, Any], network_ms: float = 0.0) -> list[float]:
    asked = POLICY | load | {"pad_to": "measured", "replications": 5, "seed": SEED}
    row = tradeoff.simulate(times, network_ms=network_ms, **asked).points.iloc[0]
    return [float(row[f"latency_{name}_ms"]) for name in ("p50", "p99")]


def compare(kind: str, *, seconds: float, turns: int) -> bool:
    """Measure, print, and say whether what was to be reached is."""
    print(
        f"\n{kind}: {turns} turns of {seconds:g} s each load, batches of up to {LARGEST} that wait {WAIT_MS:g} ms; ms"
    )
    nothing, theirs, ours = ({name: Seen() for name in loads()} for _ in range(3))
    with running(kind, "nothing") as empty, running(kind, "model") as server:
        load = f"other work here: load {os.getloadavg()[0]:.1f} on {usable_cores()} cores"
        print(f"nobody asks: {server.cores(2.0):.2f} cores busy, {empty.cores(2.0):.2f} without batching; {load}")
        for turn in range(turns):
            for name, load in loads().items():
                ask(empty, load, nothing[name], seconds=seconds, seed=turn)
                ask(server, load, theirs[name], seconds=seconds, seed=turn)
                serve(load, ours[name], seconds=seconds, seed=turn)
    own, told = service(ours.values()), service(theirs.values())
    rows = []
    for name, load in loads().items():
        both = [one[name].percentile(where) for one in (theirs, ours) for where in ("p50", "p99")]
        values = [*both, *simulate(own, load), *simulate(told, load, nothing[name].percentile("p50"))]
        busy = f"{100 * np.mean(ours[name].busy):.0f} %"
        sizes = [one[name].stages.drop_duplicates("batch")["size"].mean() for one in (theirs, ours)]
        rows.append([name, *(f"{value:.2f}" for value in values), busy, *(f"{size:.1f}" for size in sizes)])
    heads = [
        "load",
        "p50",
        "p99",
        "serve p50",
        "p99",
        "simulated",
        "p99",
        "told",
        "p99",
        "serve busy",
        "batch",
        "in serve",
    ]
    show(heads, rows)
    everything = [seen for group in (nothing, theirs, ours) for seen in group.values()]
    met = not any(seen.n_errors for seen in everything)
    met &= all(bool((seen.stages[list(STAGES)] >= 0).all(axis=None)) for seen in everything)
    for where in ("p50", "p99"):
        print(f"the {where} of {kind} less that of serve:")
        rows = []
        for name in loads():
            there, here, without = (one[name].at(where) for one in (theirs, ours, nothing))
            parts = {
                "late": there["late"],
                "in": without["in"],
                "wait": there["in"] - without["in"] - here["in"],
                "model": there["model"] - here["model"],
                "out": without["out"],
                "back": there["out"] - without["out"],
                "serve": -here["out"],
            }
            whole = theirs[name].percentile(where) - ours[name].percentile(where)
            rows.append([name, *(f"{part:.2f}" for part in parts.values()), f"{whole:.2f}"])
            if where == "p50" and math.isfinite(whole):
                met &= abs(sum(parts.values()) - whole) <= SUM_WITHIN * abs(whole) + 1e-6
        show(["load", *parts, "difference"], rows)
    return met


def show(heads: list[str], rows: list[list[str]]) -> None:
    print(pd.DataFrame(rows, columns=heads).to_string(index=False))


def main() -> int:
    parser = argparse.ArgumentParser(description="Served by somebody else, by serve and by the simulator.")
    parser.add_argument("--server", choices=[*PATHS, "both"], default="both")
    parser.add_argument("--seconds", type=float, default=3.0, help="of a turn, 30 at most")
    parser.add_argument("--turns", type=int, default=4, help="10 at most")
    options = parser.parse_args()
    warnings.simplefilter("error", Interrupted)  # what Ctrl-C has stopped is not compared
    torch.set_num_threads(1)
    met = True
    try:
        for kind in PATHS if options.server == "both" else [options.server]:
            met &= compare(kind, seconds=min(options.seconds, 30.0), turns=min(options.turns, 10))
    except (Interrupted, KeyboardInterrupt):
        print("stopped", file=sys.stderr)
        return 130
    print("targets met" if met else "targets missed")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
