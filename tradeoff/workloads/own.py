"""The user's own callable: a call that takes a batch size, or a factory that returns the call."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter_ns

from tradeoff.workloads.promises import promise_of, settled
from tradeoff.workloads.protocol import Call, WorkloadError


@dataclass(frozen=True)
class FirstCall:
    """When the first call of all ran, made to find out what the callable is: it, not the next one, was cold.

    `result` is the type of what it returned, `waited` the promises that were waited for.
    """

    submitted_ns: int
    done_ns: int
    result: type
    waited: frozenset[str] = frozenset()


class OwnWorkload:
    """A workload made of any callable of one argument, the batch size.

    When the first result is itself callable, the callable is a factory: it is called once for each call in flight, and
    what it returns is timed. Otherwise the callable is what is timed, with the batch size as its argument.

    A call that hands back a promise of work (a future, a coroutine, a generator) is waited for; a coroutine function
    is such a call (see `tradeoff.workloads.promises`).

    Anything will do: a server's engine, a compiled function, a captured CUDA graph. A graph's ``replay()`` returns
    nothing, so that the factory's call replays it and returns the tensor that the graph writes to::

        def factory(batch_size):
            x = torch.randn(batch_size, 4096, device="cuda")
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):  # after a few calls of the model on another stream, as torch asks for
                out = model(x)

            def call():
                graph.replay()
                return out

            call.inputs = x  # optional: watched for changes (`tradeoff.workloads.observe`)
            return call

    Parameters
    ----------
    function
        The callable. Its arguments are positional: ``function(batch_size)``.
    name
        What the workload is called; the callable's own name unless given.

    Raises
    ------
    WorkloadError
        When it cannot be called with one argument.
    """

    backend = "python"

    def __init__(self, function: Callable[[int], object], *, name: str | None = None) -> None:
        self.name = name or name_of(function)
        self._function = function
        self._is_factory: bool | None = None
        self.first_call: FirstCall | None = None
        check_takes_batch_size(function, name=self.name)

    @property
    def is_factory(self) -> bool | None:
        """Whether the callable makes the call, rather than being it; None before the first `prepare`."""
        return self._is_factory

    def prepare(self, *, batch_size: int, dtype: str, device: str, seed: int) -> Call:
        """Make one call; the callable sees only the batch size, so device, type and seed are its own affair."""
        del dtype, seed
        if self._is_factory:
            return self._made(self._function(batch_size))
        call = functools.partial(self._function, batch_size)
        if self._is_factory is None:
            submitted_ns = perf_counter_ns()
            first = call()
            if callable(first) and promise_of(first) is None:
                self._is_factory = True
                return first
            self._is_factory = False
            waited: set[str] = set()
            settled(first, waited=waited)
            done_ns = perf_counter_ns()
            if device == "cpu":  # elsewhere the call may still be running
                self.first_call = FirstCall(submitted_ns, done_ns, type(first), frozenset(waited))
                call.first_call = self.first_call  # type: ignore[attr-defined]
        return call

    def flops(self, batch_size: int) -> float | None:
        """Unknown."""
        del batch_size
        return None

    def bytes(self, batch_size: int, dtype: str = "float32") -> float | None:
        """Unknown."""
        del batch_size, dtype
        return None

    def _made(self, made: object) -> Call:
        if not callable(made):
            raise TypeError(
                f"{self.name}(batch_size) returned a callable before and now {type(made).__name__}: "
                "return a callable for every batch size, or for none"
            )
        return made


def name_of(function: object) -> str:
    """Name a callable by its own name: ``lambda`` for a lambda, the function's for a partial, else its class's."""
    inner = function.func if isinstance(function, functools.partial) else function
    name = getattr(inner, "__name__", None)
    if name == "<lambda>":
        return "lambda"
    return str(name) if name else type(inner).__name__


def check_takes_batch_size(function: Callable[..., object], *, name: str) -> None:
    """Raise a `WorkloadError` unless ``function(batch_size)`` is a valid call."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return  # a built-in that does not say: the first call will
    try:
        signature.bind(1)
    except TypeError as error:
        raise WorkloadError(
            f"{name}{signature} cannot be called with one argument ({error}): "
            "pass a function of the batch size, such as lambda batch_size: model(inputs[:batch_size])"
        ) from error
