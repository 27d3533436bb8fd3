"""Promises of work: each kind is waited for, or refused with what helps; plain results are left alone."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import multiprocessing.pool
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from tradeoff.workloads import promises
from tradeoff.workloads.observe import observe
from tradeoff.workloads.promises import Finished, UnfinishedError, is_promise, promise_of, settled


def in_a_thread(cell: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Run a loop where none runs: a browser that an earlier test opened keeps one in this thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(cell())).result()


@pytest.fixture
def done() -> list[int]:
    """What was worked on."""
    return []


@pytest.fixture
def pool():
    with ThreadPoolExecutor(2) as made:
        yield made


def work(done: list[int], number: int = 1) -> int:
    time.sleep(0.001)
    done.append(number)
    return number


async def later(done: list[int], number: int = 1) -> int:
    await asyncio.sleep(0.001)
    done.append(number)
    return number


def gives(done: list[int], count: int = 3):
    for number in range(count):
        yield work(done, number)


async def streams(done: list[int], count: int = 3):
    for number in range(count):
        yield await later(done, number)


class Awaitable:
    def __init__(self, done: list[int]) -> None:
        self.done = done

    def __await__(self):
        return later(self.done).__await__()


class Device:
    """As JAX has its arrays: there at once, computed later."""

    shape, dtype = (2,), "float32"

    def __init__(self, done: list[int]) -> None:
        self.done = done

    def block_until_ready(self) -> Device:
        work(self.done)
        return self


class Iterable:
    def __init__(self, done: list[int]) -> None:
        self.done = done

    def __iter__(self):
        yield from gives(self.done)


@dataclasses.dataclass
class Answer:
    tokens: object


def thread_of(done: list[int]) -> threading.Thread:
    thread = threading.Thread(target=work, args=(done,))
    thread.start()
    return thread


KINDS = {
    "coroutine": (lambda done, pool: later(done), 1, 1),
    "awaitable": (lambda done, pool: Awaitable(done), 1, 1),
    "async generator": (lambda done, pool: streams(done), 3, [0, 1, 2]),
    "generator": (lambda done, pool: gives(done), 3, [0, 1, 2]),
    "map": (lambda done, pool: map(functools.partial(work, done), range(2)), 2, [0, 1]),
    "zip": (lambda done, pool: zip(gives(done), "abc", strict=True), 3, [(0, "a"), (1, "b"), (2, "c")]),
    "iterable": (lambda done, pool: Iterable(done), 3, [0, 1, 2]),
    "future": (lambda done, pool: pool.submit(work, done), 1, 1),
    "executor.map": (lambda done, pool: pool.map(functools.partial(work, done), range(2)), 2, [0, 1]),
    "list of futures": (lambda done, pool: [pool.submit(work, done, n) for n in range(3)], 3, [0, 1, 2]),
    "dict of coroutines": (lambda done, pool: {"a": later(done)}, 1, {"a": 1}),
    "generator of futures": (lambda done, pool: (pool.submit(work, done, 7) for _ in range(2)), 2, [7, 7]),
    "future of a generator": (lambda done, pool: pool.submit(gives, done), 3, [0, 1, 2]),
    "coroutine of a future": (lambda done, pool: promised(done, pool), 1, 1),
    "nested": (lambda done, pool: ("x", [{"y": (gives(done),)}]), 3, ("x", [{"y": ([0, 1, 2],)}])),
    "partial called": (lambda done, pool: functools.partial(later, done)(), 1, 1),
}


async def promised(done: list[int], pool: ThreadPoolExecutor) -> object:
    return pool.submit(work, done)


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_waited_for(kind: str, done, pool) -> None:
    make, count, result = KINDS[kind]
    call = Finished(lambda: make(done, pool))
    for times in (1, 2):
        assert call() == result
        assert len(done) == times * count, "the work was done when the call returned"
    assert call.waited


@pytest.mark.parametrize(
    "make",
    [
        thread_of,
        Device,
        lambda done: [Device(done)],
        lambda done: Answer(Device(done)),
        lambda done: deque([thread_of(done)]),
        lambda done: {thread_of(done)},
    ],
)
def test_what_gives_nothing_is_waited_for_too(make, done) -> None:
    call = Finished(lambda: make(done))
    assert call() is not None
    assert call.waited
    assert done == [1]


def test_an_answer_of_a_pool(done) -> None:
    with multiprocessing.pool.ThreadPool(1) as pool:
        assert Finished(lambda: pool.apply_async(work, (done,)))() == 1
        assert Finished(lambda: pool.imap(functools.partial(work, done), range(2)))() == [0, 1]


def test_a_process_is_waited_for_and_its_failure_is_the_calls() -> None:
    def start(status: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", f"import sys; print('x' * 100_000); sys.exit({status})"],
                                stdout=subprocess.PIPE)  # fmt: skip

    assert len(Finished(lambda: start(0))()[0]) > 100_000
    with pytest.raises(RuntimeError, match="exit status 3"):
        Finished(lambda: start(3))()


def test_a_future_of_nothing_was_waited_for(pool) -> None:
    assert Finished(lambda: pool.submit(time.sleep, 0.001))() is True


def test_what_the_work_raises_is_what_the_call_raises(pool) -> None:
    def fail() -> None:
        raise KeyError("weights")

    async def fails() -> None:
        fail()

    for make in (lambda: pool.submit(fail), fails, lambda: (fail() for _ in range(1))):
        with pytest.raises(KeyError, match="weights"):
            Finished(make)()


def test_all_coroutines_run_in_one_loop_whatever_thread_calls(pool) -> None:
    async def where() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    calls = [Finished(where) for _ in range(4)]
    assert len({*pool.map(lambda call: call(), calls), calls[0]()}) == 1


def test_in_a_notebook_a_loop_runs_already(done) -> None:
    async def cell() -> object:
        return Finished(lambda: later(done))()

    assert in_a_thread(cell) == 1


def test_a_task_of_the_loop_that_waits_cannot_be_waited_for(done) -> None:
    async def cell() -> None:
        call = Finished(lambda: asyncio.ensure_future(later(done)))
        with pytest.raises(UnfinishedError, match="return the coroutine itself"):
            call()

    in_a_thread(cell)


class Lazy:
    def collect(self): ...
    def explain(self): ...


class Delayed:
    def __init__(self, graph: object) -> None:
        self.graph = graph

    def __dask_graph__(self) -> object:
        return self.graph

    def __call__(self) -> None: ...


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (Lazy(), r"a lazy frame.*\.collect\(\) inside"),
        (Delayed({}), r"dask.*\.compute\(\) inside"),
        ([1, {"a": Delayed({})}], r"dask.*\.compute\(\) inside"),
        (lambda: 1, "returned a function.*call it inside"),
        (functools.partial(print, 1), "returned a function"),
        (print, "returned a function"),
    ],
)
def test_what_cannot_be_waited_for_is_refused_with_what_helps(result, said) -> None:
    with pytest.raises(UnfinishedError, match=said):
        Finished(lambda: result)()


def test_what_has_no_end_is_refused(monkeypatch) -> None:
    monkeypatch.setattr(promises, "MOST_ITEMS", 1000)

    def endless():
        while True:
            yield 1

    with pytest.raises(UnfinishedError, match="1000 items and no end"):
        Finished(endless)()


def test_the_same_generator_again_is_used_up(done) -> None:
    once = gives(done)
    call = Finished(lambda: once)
    call()
    with pytest.raises(UnfinishedError, match="same promise as before"):
        call()


class Odd:
    """Answers every question for an attribute, as mocks and some model outputs do."""

    def __getattr__(self, name: str) -> object:
        return lambda *arguments: None


class Model:
    model_fields = ("a",)

    def __iter__(self):
        yield "a", 1


PLAIN = [
    1, "text", b"x", 2.0, None, True, [1, 2], (1, "x"), {"a": [1]}, {1, 2}, range(3), np.ones(3), np.float64(1),
    Odd(), Model(), Answer(3), Delayed(None), int,
]  # fmt: skip


@pytest.mark.parametrize("result", PLAIN, ids=lambda result: type(result).__name__)
def test_plain_results_are_left_alone(result) -> None:
    if not callable(result):
        waited: set[str] = set()
        assert settled(result, waited=waited) is result
        assert not waited
    assert promise_of(result) is None


def test_a_function_beside_other_results_is_a_result() -> None:
    pair = (np.ones(2), lambda: 1)
    assert settled(pair) is pair


def test_classes_of_promises_are_known_by_themselves(pool, done) -> None:
    assert all(map(is_promise, (type(gives(done)), type(pool.submit(int)), threading.Thread)))
    assert not any(map(is_promise, (int, list, dict, np.ndarray, type(None))))


def test_torch_is_plain_and_what_runs_elsewhere_is_not() -> None:
    torch = pytest.importorskip("torch")
    assert settled(torch.ones(2)) is not None
    assert promise_of(torch.ones(2)) is None
    with pytest.raises(UnfinishedError, match="meta device"):
        settled([torch.ones(2, device="meta")])


def test_a_module_that_yields_runs_as_it_would(done) -> None:
    torch = pytest.importorskip("torch")
    from tradeoff.workloads import as_workload

    class Streams(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.mix = torch.nn.Linear(4, 4)

        def forward(self, x):
            for _ in range(3):
                x = self.mix(x)
                done.append(torch.is_inference_mode_enabled())
                yield x

    call = as_workload(Streams(), example=torch.ones(1, 4)).prepare(batch_size=2, dtype="float32", device="cpu", seed=0)
    finished = Finished(call)
    assert [tuple(part.shape) for part in finished()] == [(2, 4)] * 3
    assert done == [True] * 3
    assert observe(finished) == ()
