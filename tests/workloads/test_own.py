from __future__ import annotations

import functools

import pytest

from tradeoff.workloads import WorkloadError, as_workload, get
from tradeoff.workloads.observe import observe
from tradeoff.workloads.promises import Finished

HOW = {"batch_size": 6, "dtype": "float32", "device": "cpu", "seed": 0}


def test_a_callable_with_a_result_is_what_is_timed() -> None:
    seen: list[int] = []

    def work(batch_size: int) -> int:
        seen.append(batch_size)
        return batch_size * 2

    workload = as_workload(work)
    call = workload.prepare(**HOW)
    assert (call(), seen) == (12, [6, 6])
    assert call.first_call.done_ns >= call.first_call.submitted_ns
    assert (call.first_call.result, call.first_call.waited) == (int, frozenset())
    assert not hasattr(workload.prepare(**HOW), "first_call")
    assert (workload.name, workload.backend, workload.flops(1), workload.bytes(1)) == ("work", "python", None, None)


def test_a_callable_that_returns_a_callable_is_a_factory() -> None:
    made: list[int] = []

    def factory(batch_size: int):
        made.append(batch_size)
        mine = len(made)
        return lambda: mine

    workload = as_workload(factory)
    assert [workload.prepare(**HOW)() for _ in range(3)] == [1, 2, 3]
    assert made == [6, 6, 6]


def test_what_replays_a_recording_is_a_call_like_any_other() -> None:
    class Graph:  # as a captured CUDA graph: it computes in place, and replay() returns nothing
        def __init__(self, batch_size: int) -> None:
            self.x, self.out = [1.0] * batch_size, [0.0] * batch_size

        def replay(self) -> None:
            self.out[:] = [2 * value for value in self.x]

    def factory(batch_size: int):
        graph = Graph(batch_size)

        def call() -> list[float]:
            graph.replay()
            return graph.out

        call.inputs = graph.x
        return call

    one, other = (as_workload(factory).prepare(**HOW) for _ in range(2))
    assert one() == [2.0] * 6
    assert one() is one() is not other()
    assert observe(one) == ()


def test_a_factory_must_stay_one() -> None:
    answers = iter([lambda: 1, 7])
    workload = as_workload(lambda batch_size: next(answers))
    workload.prepare(**HOW)
    with pytest.raises(TypeError, match="returned a callable before and now int"):
        workload.prepare(**HOW)


def test_what_it_raises_comes_through() -> None:
    with pytest.raises(ZeroDivisionError):
        as_workload(lambda batch_size: 1 / 0).prepare(**HOW)


@pytest.mark.parametrize("function", [lambda: 1, lambda a, b: 1, lambda a, *, b: 1, lambda *, batch_size: 1])
def test_a_wrong_arity_is_said_before_anything_runs(function) -> None:
    with pytest.raises(WorkloadError, match=r"cannot be called with one argument.*lambda batch_size"):
        as_workload(function)


@pytest.mark.parametrize("function", [lambda b: 1, lambda b=1: 1, lambda *a: 1, lambda b, c=2: 1, max, abs, str])
def test_whatever_takes_one_argument_will_do(function) -> None:
    assert as_workload(function).backend == "python"


def test_names() -> None:
    class Thing:
        def __call__(self, batch_size: int) -> int:
            return 1

    assert as_workload(lambda b: 1).name == "lambda"
    assert as_workload(functools.partial(pow, 2)).name == "pow"
    assert as_workload(Thing()).name == "Thing"
    assert as_workload(lambda b: 1, name="mine").name == "mine"
    work = functools.wraps(max)(lambda b: 1)
    work.__name__ = "</script><img>"
    assert as_workload(work).name == "</script><img>", "a hostile name is shown as it is, as text"


def test_a_coroutine_function_is_a_call_that_is_waited_for() -> None:
    async def later(batch_size: int) -> int:
        return batch_size

    call = as_workload(later).prepare(**HOW)
    assert call.first_call.waited == {"a coroutine"}
    assert Finished(call)() == 6


def test_names_and_workloads_pass_through() -> None:
    softmax = get("numpy.softmax")
    assert as_workload(softmax) is softmax
    assert as_workload("numpy.softmax") == softmax


@pytest.mark.parametrize("thing", [None, 3, [1], {"a": 1}])
def test_anything_else_is_refused(thing: object) -> None:
    with pytest.raises(WorkloadError, match=r"must be a name, a callable.*got"):
        as_workload(thing)


def test_an_example_without_a_module_is_refused() -> None:
    with pytest.raises(WorkloadError, match="example="):
        as_workload(lambda b: 1, example=3)
