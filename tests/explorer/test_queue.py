"""The virtual clock in the browser: the same path as Python's, to the last digit."""

from __future__ import annotations

import math
from random import Random

import numpy as np
import pytest

from tradeoff.explorer.assets import _folder, join_modules
from tradeoff.frames import PERCENTILES
from tradeoff.serving.costs import costs_of
from tradeoff.serving.policy import Policy
from tradeoff.serving.virtual import engine
from tradeoff.serving.virtual.grid import Point, Shared
from tradeoff.serving.virtual.kernels import SEEN
from tradeoff.serving.virtual.summary import summary

LARGEST, WORKERS = 6, 3

_RUN = """
(cases) => cases.map(({ system, unit, scale, host, table, uniforms, warmUp, tail }) => {
  const room = roomFor(unit.length);
  const found = serve(system, Float64Array.from(unit), scale, host, table, uniforms, room);
  const summary = summarise(room, found, { warmUp, tail, network: system.network, workers: system.workers });
  const batches = (column) => Array.from(column.subarray(0, found.batches));
  return {
    ...found,
    summary,
    began: Array.from(room.began.subarray(0, found.served)),
    refused: Array.from(room.rejected.subarray(0, found.rejected)),
    free: batches(room.free), dispatch: batches(room.dispatch), done: batches(room.done),
    host: batches(room.host), model: batches(room.model), sizes: batches(room.sizes),
  };
})
"""


def case(seed):
    random, rng = Random(seed), np.random.default_rng(seed)  # noqa: S311
    n = random.randint(1, 300)
    clients = random.choice([0, 0, 1, 4, 9])
    wait = random.choice([0.0, 0.5, 1.0, 3.0, math.inf])
    limit = random.choice([None, None, 0, 2, 6])
    if limit is not None and math.isinf(wait):
        limit += WORKERS * LARGEST
    policy = Policy(
        max_batch_size=random.randint(1, LARGEST), max_wait_ms=wait, workers=random.randint(1, WORKERS),
        queue_limit=limit, formation=random.choice(["shared", "per_worker"]),
    )  # fmt: skip
    if clients and math.isinf(wait) and clients < policy.needed_for_a_full_batch:
        clients = policy.needed_for_a_full_batch
    if random.random() < 0.5:  # halves: ties are ties
        distances = rng.integers(1 if clients else 0, 6, n) / 2.0
    else:
        distances = rng.exponential(1.3, n) + 0.01
    unit = distances if clients else np.cumsum(distances)
    costs = costs_of({size: rng.integers(1, 9, 7) / 2.0 for size in (1, 3, LARGEST)})
    shared = Shared(unit, rng.random(n), np.arange(LARGEST + 1)[None] * 0.25, costs.table(LARGEST, WORKERS))
    return Point(
        policy=policy,
        scale=random.choice([1.0, 1.3]),
        clients=clients,
        n=n,
        network_ms=0.5,
        warm_up=n // 10,
        tail=n // 50,
    ), shared


def for_javascript(point, shared):
    policy, table = point.policy, shared.table
    arrays = {"lowAt": table.low_at, "lowN": table.low_n, "highAt": table.high_at, "highN": table.high_n}
    return {
        "system": {
            "size": policy.max_batch_size, "wait": policy.max_wait_ms, "workers": policy.workers,
            "limit": -1 if policy.queue_limit is None else policy.queue_limit,
            "perWorker": policy.formation == "per_worker", "clients": point.clients, "network": point.network_ms,
        },
        "unit": shared.unit.tolist(), "scale": point.scale, "host": shared.host_ms[0].tolist(),
        "uniforms": shared.uniforms.tolist(), "warmUp": point.warm_up, "tail": point.tail,
        "table": {
            "times": table.times.tolist(), "weight": table.weight.ravel().tolist(), "rows": len(table.weight),
            "columns": table.weight.shape[1], **{name: array.ravel().tolist() for name, array in arrays.items()},
        },
    }  # fmt: skip


def test_python_and_javascript_agree_path_by_path(page):
    cases = [case(seed) for seed in range(200)]
    page.goto("about:blank")
    for name in ("queue.js", "summary.js"):
        page.add_script_tag(content=join_modules(_folder("js"), name))
    found = page.evaluate(_RUN, [for_javascript(*one) for one in cases])
    for (point, shared), there in zip(cases, found, strict=True):
        served = engine.serve(point, shared, inner=engine.INTERPRETED)
        assert there["began"] == served.arrivals.tolist(), point
        assert there["refused"] == served.rejected.tolist()
        for column, name in enumerate(("free", "dispatch", "done", "host", "model")):
            assert there[name] == served.batches[:, column].tolist(), name
        assert there["sizes"] == served.sizes.tolist()
        assert there["left"] == served.left
        seen = dict(zip(SEEN, summary(served, point), strict=True))
        assert there["summary"]["n"] == seen["n"]
        assert there["summary"]["rejected"] == seen["rejected"]
        if seen["n"]:
            mine = there["summary"]
            names = {"mean": "latency_mean", **{name: f"latency_{name}" for name in PERCENTILES}}
            for name, ours in {**names, "duration": "duration"}.items():
                assert mine[name] == pytest.approx(seen[ours], rel=1e-9, nan_ok=True), name
            assert mine["throughput"] == pytest.approx(1e3 * seen["n"] / seen["duration"], rel=1e-9)
            for where in ("p50", "p99"):
                for stage, value in mine["at"][where].items():
                    assert value == pytest.approx(seen[f"at_{where}_{stage}"], rel=1e-9, abs=1e-12), (where, stage)
