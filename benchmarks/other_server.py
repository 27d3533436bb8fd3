"""A server nobody here wrote: the same perceptron behind LitServe and mosec, and what explains the difference.

The catalogue's mlp, one worker on one thread, batches of up to 8 that wait 5 ms, four times over the same loads: the
server, asked over HTTP by `tradeoff.drive`; `tradeoff.serve`; `tradeoff.simulate` from the service times that serve
saw; and the simulator told the server's own service times and its round trip without work. Then the difference of the
server from serve, taken apart at p50 and at p99 by stamps: servers and client read one clock.

  late     the client sent it after it was due
  in, out  HTTP, JSON and hops between processes; measured by an endpoint that does nothing, at the same loads
  wait     for a batch to form and for the worker: what the way in takes beyond that of the endpoint without work
  model    the call of the model itself: longer where HTTP, the server's own processes and the client take the cores
  back     what the way out takes beyond that of the endpoint without work

Run with ``pip install litserve mosec aiohttp`` and ``python benchmarks/other_server.py [--server mosec]``. Everything
listens on loopback only, and no process is left. Targets: every request is answered, the parts add up, and the
simulator, told the server's times and its round trip, is within 25 % of its p50 below 60 % load.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import numpy as np
import pandas as pd
import torch

import tradeoff
from tradeoff.frames import PERCENTILES
from tradeoff.stats.quantiles import percentiles
from tradeoff.timing.breakdown import breakdown

sys.path.insert(0, str(Path(__file__).with_name("servers")))
from running import PATHS, running
from work import LARGEST, SEED, WAIT_MS, WORKLOAD

RATES, CLIENTS = (25, 50, 100, 200), (1, 8)
POLICY = {"max_batch_size": LARGEST, "max_wait_ms": WAIT_MS}
PARTS = ("late", "in", "model", "out")
_NEAR, _CALM = 0.25, 0.6


class Client:
    """Asks over HTTP, and keeps when: sent, began, ended, answered, and the size of the batch."""

    def __init__(self, url: str) -> None:
        self._url, self._session = url, None
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
        """Wait for ever; `drive` cancels what is left when it ends."""
        try:
            await asyncio.Event().wait()
        finally:
            await self._session.close()


class Seen(NamedTuple):
    """What was seen of one load: the row of ``points``, and the stages of each request that counts, in ns."""

    row: pd.Series
    stages: pd.DataFrame

    def at(self, where: str) -> dict[str, float]:
        """Return the mean stages of the requests around a percentile, adding up to it, in ms."""
        latency = self.stages["latency"].to_numpy()
        found = {name: quantile.value / 1e6 for name, quantile in percentiles(latency, PERCENTILES).items()}
        columns = dict(zip(("pre", "batch_wait", "model", "post"), PARTS, strict=True))
        samples = {f"{stage}_ns": self.stages[part].to_numpy() for stage, part in columns.items()}
        zero = np.zeros(len(latency))
        samples |= {"latency_ns": latency, "queue_wait_ns": zero, "overhead_ns": zero}
        told = breakdown(samples, found | {"mean": float(latency.mean()) / 1e6})
        return {"total": found[where], **{part: told[f"at_{where}_{stage}_ms"] for stage, part in columns.items()}}


def loads() -> Iterable[tuple[str, dict[str, Any]]]:
    for rate in RATES:
        yield f"{rate} requests/s", {"request_rate": rate}
    for clients in CLIENTS:
        yield f"{clients} clients" if clients > 1 else "1 client", {"concurrency": clients}


def asked(url: str, load: dict[str, Any], seconds: float) -> Seen:
    """Ask a server, and take what its callers waited apart."""
    client = Client(url)
    run = tradeoff.drive(client.send, duration_s=seconds, timeout_s=20.0, seed=SEED, progress=False, **load)
    samples = run.samples[(run.samples["phase"] == "measure") & (run.samples["status"] == "ok")]
    stamps = pd.DataFrame.from_dict(
        client.stamps, orient="index", columns=["sent", "began", "ended", "answered", "size"]
    )
    stamps = stamps.loc[samples["seq"].to_numpy(dtype=int)]
    latency = samples["latency_ns"].to_numpy(dtype=np.int64)
    stages = pd.DataFrame(
        {
            "latency": latency,
            "late": latency - (stamps["answered"] - stamps["sent"]).to_numpy(),
            "in": (stamps["began"] - stamps["sent"]).to_numpy(),
            "model": (stamps["ended"] - stamps["began"]).to_numpy(),
            "out": (stamps["answered"] - stamps["ended"]).to_numpy(),
            "size": stamps["size"].to_numpy(),
        }
    )
    return Seen(run.points.iloc[0], stages)


def served(load: dict[str, Any], seconds: float) -> Seen:
    """Serve the same load by the real loop."""
    run = tradeoff.serve(WORKLOAD, duration_s=seconds, seed=SEED, progress=False, **POLICY, **load)
    samples = run.samples[(run.samples["phase"] == "measure") & (run.samples["status"] == "ok")]
    stages = pd.DataFrame(
        {
            "latency": samples["latency_ns"],
            "late": 0 * samples["latency_ns"],
            "in": samples["queue_wait_ns"] + samples["batch_wait_ns"],
            "model": samples["model_ns"],
            "out": samples["overhead_ns"],
            "size": samples["batch_size"],
            "batch": samples["batch_id"],
        }
    ).astype("int64")
    return Seen(run.points.iloc[0], stages)


def service(seen: Iterable[Seen]) -> dict[int, np.ndarray]:
    """Return the model's times by the size of the batch, each batch once, in ms."""
    stages = pd.concat([one.stages for one in seen], ignore_index=True)
    batches = stages.drop_duplicates(["model", "size"])
    return {int(size): rows["model"].to_numpy() / 1e6 for size, rows in batches.groupby("size")}


def simulated(times: dict[int, np.ndarray], load: dict[str, Any], network_ms: float = 0.0) -> pd.Series:
    if max(times) < LARGEST:  # no batch was full: it costs at least what the largest did
        times = times | {LARGEST: times[max(times)]}
    run = tradeoff.simulate(
        times, network_ms=network_ms, replications=5, seed=SEED, pad_to="measured", **POLICY, **load
    )
    return run.points.iloc[0]


def compare(kind: str, seconds: float) -> bool:
    """Measure, print, and say whether what was to be reached is."""
    print(f"\n{kind}: {seconds:g} s each load, batches of up to {LARGEST} that wait {WAIT_MS:g} ms; ms")
    names = dict(loads())
    with running(kind, "nothing") as server:
        idle = server.cores(2.0)
        nothing = {name: asked(server.url, load, seconds) for name, load in names.items()}
    with running(kind, "model") as server:
        print(f"nobody asks: its processes keep {server.cores(2.0):.2f} cores busy (without batching {idle:.2f})")
        theirs = {name: asked(server.url, load, seconds) for name, load in names.items()}
    ours = {name: served(load, seconds) for name, load in names.items()}
    own, told = service(ours.values()), service(theirs.values())
    rows, met = [], True
    for name, load in names.items():
        trip = nothing[name].at("p50")["total"] if len(nothing[name].stages) else float("nan")
        ideal, informed = simulated(own, load), simulated(told, load, trip)
        p50 = theirs[name].row["latency_p50_ms"]
        off = informed["latency_p50_ms"] / p50 - 1
        met &= int(theirs[name].row["n_errors"]) == 0
        if informed["utilisation"] < _CALM:
            met &= bool(abs(off) <= _NEAR)
        rows.append([name, *_both(theirs[name].row), *_both(ours[name].row), *_both(ideal), *_both(informed),
                     f"{100 * off:+.0f} %", f"{100 * ours[name].row['utilisation']:.0f} %"])  # fmt: skip
    _print(["load", "p50", "p99", "serve p50", "p99", "simulated p50", "p99", "told p50", "p99", "off", "busy"], rows)
    for where in ("p50", "p99"):
        print(f"\nthe {where} of {kind} less that of serve:")
        rows = []
        for name in names:
            try:
                there, here, empty = (seen[name].at(where) for seen in (theirs, ours, nothing))
            except (ValueError, IndexError):
                continue
            parts = {
                "late": there["late"] - here["late"],
                "in": empty["in"],
                "wait": there["in"] - empty["in"] - here["in"],
                "model": there["model"] - here["model"],
                "out": empty["out"],
                "back": there["out"] - empty["out"] - here["out"],
            }
            whole = there["total"] - here["total"]
            met &= bool(np.isnan(whole) or abs(sum(parts.values()) - whole) < 1e-3 + 1e-3 * abs(whole))
            sizes = [seen[name].stages["size"] for seen in (theirs, ours)]
            rows.append([name, *(f"{part:.2f}" for part in parts.values()), f"{whole:.2f}",
                         *(f"{size.mean():.1f}" for size in sizes)])  # fmt: skip
        _print(["load", *parts, "sum", "batch of a request", "in serve"], rows)
    return met


def _both(row: pd.Series) -> list[str]:
    return [f"{row[f'latency_{name}_ms']:.2f}" for name in ("p50", "p99")]


def _print(heads: list[str], rows: list[list[str]]) -> None:
    print(pd.DataFrame(rows, columns=heads).to_string(index=False))


def main() -> int:
    parser = argparse.ArgumentParser(description="Served by somebody else, by serve and by the simulator.")
    parser.add_argument("--server", choices=[*PATHS, "both"], default="both")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each load, 60 at most")
    options = parser.parse_args()
    warnings.simplefilter("error", UserWarning)  # what Ctrl-C stopped is not compared
    kinds = list(PATHS) if options.server == "both" else [options.server]
    torch.set_num_threads(1)
    met = True
    for kind in kinds:
        met &= compare(kind, min(options.seconds, 60.0))
    print("targets met" if met else "targets missed")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
