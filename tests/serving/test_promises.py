"""Promises of work where requests are served: waited for in `serve`, awaited in `drive`, never taken for answers."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import tradeoff
from tradeoff.arguments import ArgumentError


class Lazy:
    def collect(self): ...
    def explain(self): ...


def serve(workload, **asked):
    return tradeoff.serve(
        workload, **{"max_batch_size": 2, "concurrency": 2, "duration_s": 0.3, "progress": False} | asked
    )


def test_a_future_is_waited_for_and_what_it_gives_is_post_processed() -> None:
    seen = []
    with ThreadPoolExecutor(1) as pool:
        run = serve(lambda batch: pool.submit(lambda: time.sleep(0.003) or batch), postprocess=seen.append)
    (row,) = run.points.to_dict("records")
    assert row["model_mean_ms"] >= 3.0
    assert "waited_for" in row["flags"]
    assert set(seen) <= {1, 2}
    assert seen


def test_a_stream_is_consumed() -> None:
    def stream(batch):
        for _ in range(3):
            time.sleep(0.001)
            yield batch

    seen = []
    (row,) = serve(lambda batch: stream(batch), postprocess=seen.append).points.to_dict("records")
    assert row["model_mean_ms"] >= 3.0
    assert seen[0] in ([1, 1, 1], [2, 2, 2])


def test_what_cannot_be_waited_for_is_refused_before_anything_is_served() -> None:
    with pytest.raises(ArgumentError, match=r"cannot be served: the call returned a lazy frame.*\.collect\(\) inside"):
        serve(lambda batch: Lazy())


@pytest.mark.parametrize("which", ["preprocess", "postprocess"])
def test_host_work_must_be_done_when_it_returns(which) -> None:
    async def later(what):
        return what

    def stream(what):
        yield what

    for function in (later, stream):
        with pytest.raises(ArgumentError, match=f"{which} must have done its work when it returns"):
            serve(lambda batch: batch, **{which: function})


def test_a_promise_that_comes_later_is_an_error_and_no_answer() -> None:
    made = []

    def call(batch):
        made.append(1)
        return (number for number in range(3)) if len(made) > 30 else batch

    run = serve(call)
    assert (run.points["n_errors"] > 0).all()


def test_without_promises_nothing_is_waited_for() -> None:
    assert "waited_for" not in serve(lambda batch: batch).points["flags"][0]


@pytest.mark.parametrize("kind", ["generator", "stream"])
def test_an_answer_that_is_a_promise_is_no_answer(kind) -> None:
    async def many():
        yield 1

    async def send(number):
        return {"generator": (n for n in range(3)), "stream": many()}[kind]

    with pytest.raises(ArgumentError, match="await or consume it inside send"):
        tradeoff.drive(send, concurrency=1, duration_s=0.2, progress=False)
