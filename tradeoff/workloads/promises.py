"""Results that are promises of work: found by what they can do, waited for where that is possible, else refused.

A call that hands back a coroutine, a generator or a future has not done its work when it returns, and its time would
be that of a promise. What can be waited for is: the wait belongs to the call, and to its time.

=========================================== ================================ =======================================
what                                        known by                         what is done
=========================================== ================================ =======================================
coroutine, or anything that can be awaited  ``__await__``                    awaited in an event loop of its own
future or task of asyncio                   ``_asyncio_future_blocking``     awaited in its loop, if that runs
asynchronous generator or stream            ``__aiter__``                    consumed in an event loop of its own
generator, ``map``, ``zip``, any iterator   ``__next__``                     consumed, every item settled
future of threads, processes, a cluster     ``result`` and ``done``          ``.result()``
answer of a pool                            ``get`` and ``ready``            ``.get()``
future of torch                             ``wait`` and ``done``            ``.wait()``
a process that was started                  ``wait`` and ``poll``            ``.communicate()`` or ``.wait()``
a thread that was started                   ``join`` and ``is_alive``        ``.join()``
an event of a device                        ``synchronize`` and ``query``    ``.synchronize()``
a tensor of a GPU, timed by the host        its ``device``                   the device is synchronized
asynchronous array                          ``block_until_ready``            ``.block_until_ready()``
lazy array, frame or query                  ``__dask_graph__``, ``collect``  refused: how it is computed is part of
                                            and ``explain``, ``realize``     what is measured, and yours to say
a function                                  it can be called                 refused
=========================================== ================================ =======================================

They are found in tuples, lists, mappings and dataclasses too. Only the class of a result is looked at, so that no
object's own ``__getattr__`` can answer, and no library is imported.
"""

from __future__ import annotations

import asyncio
import dataclasses
import inspect
import itertools
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, ValuesView
from collections.abc import Set as AnySet
from contextlib import nullcontext
from functools import lru_cache
from typing import Any

from tradeoff.workloads.protocol import Call

MOST_ITEMS = 1_000_000
"""Items of a generator after which it is taken for one without an end."""

_DEEPEST = 8
_PLAIN = (str, bytes, bytearray, int, float, complex, bool, type(None), range, type)
_PLAIN_TYPES = frozenset(_PLAIN)


class UnfinishedError(Exception):
    """What a call returned is a promise of work that cannot be waited for here; the message says what to do."""


@dataclasses.dataclass(frozen=True)
class Promise:
    """One kind of promise.

    Attributes
    ----------
    name
        What people call it.
    remedy
        What to write inside the call instead.
    wait
        Waits for it and returns what it promised; None when it cannot be waited for.
    """

    name: str
    remedy: str
    wait: Callable[[Any], object] | None

    def refusal(self) -> str:
        """Say that it is refused, and what helps."""
        remedy = self.remedy or "wait for it, or consume it, inside the call and return what it gives"
        return f"the call returned {self.name}, and the work is not done: {remedy}"


class Finished:
    """A call that ends when its work is done: promises in what it returns are waited for.

    Parameters
    ----------
    call
        The call as it is. What it shows as ``call.within`` (a maker of contexts) holds while it is waited for too.
    on_host
        Whether the host's clock times it: then what runs on a GPU is waited for too.

    Attributes
    ----------
    waited
        Names of the kinds that were waited for.
    """

    def __init__(self, call: Call, *, on_host: bool = True) -> None:
        self._call, self._on_host = call, on_host
        self._within = getattr(call, "within", nullcontext)
        self._last: object = None
        self.inputs = getattr(call, "inputs", None)
        self.waited: set[str] = set()

    def __call__(self) -> object:
        """Make the call and wait for its end.

        Returns
        -------
        object
            What was promised; True for work that was waited for and gives nothing.

        Raises
        ------
        UnfinishedError
            When it returns something that cannot be waited for, or what it has returned before.
        """
        with self._within():
            result = self._call()
            found = settled(result, waited=self.waited, on_host=self._on_host)
        if found is result:
            return found
        if result is self._last and promise_of(result) is not None:
            raise UnfinishedError(
                "the call returned the same promise as before, whose work was done then: begin the work in each call"
            )
        self._last = result
        return True if found is None else found


def settled(result: object, *, waited: set[str] | None = None, on_host: bool = True) -> object:
    """Return `result` with every promise in it waited for; a generator becomes a list.

    Parameters
    ----------
    result
        What a call returned.
    waited
        Takes the names of what was waited for.
    on_host
        Whether the host's clock times it: then what runs on a GPU is waited for too.

    Raises
    ------
    UnfinishedError
        When it holds something that cannot be waited for, or is a function.
    """
    return _Settling(set() if waited is None else waited, on_host).settle(result, is_own=True)


def promise_of(result: object) -> Promise | None:
    """Return the kind of promise that `result` itself is; None when it is plain."""
    kind = _kind(type(result))  # type: ignore[arg-type, unused-ignore]
    return kind(result) if kind is not None else None


def is_later(function: object) -> bool:
    """Say whether a function is known to hand back a promise: it is async, or yields."""
    kinds = (inspect.iscoroutinefunction, inspect.isasyncgenfunction, inspect.isgeneratorfunction)
    return any(known(function) for known in kinds)


def check_done(result: object) -> object:
    """Return a result of which the caller does not wait.

    Raises
    ------
    UnfinishedError
        When it is a promise of work.
    """
    promise = promise_of(result)
    if promise is not None:
        raise UnfinishedError(promise.refusal())
    return result


def is_promise(kind: type) -> bool:
    """Say whether results of a class may be promises: for results of which only the class was kept."""
    return _kind(kind) is not None


@dataclasses.dataclass
class _Settling:
    """Walks a result and waits for the promises in it."""

    waited: set[str]
    on_host: bool
    depth: int = 0

    def settle(self, result: object, *, is_own: bool = False) -> object:
        if isinstance(result, _PLAIN) or self.depth > _DEEPEST:
            return result
        promise = promise_of(result) or (_on_device(result) if self.on_host else None)
        if promise is not None:
            if promise.wait is None:
                raise UnfinishedError(promise.refusal())
            self.waited.add(promise.name)
            found = promise.wait(result)
            return found if found is result else self._deeper(found, is_own=is_own)
        if is_own and _is_function(result):
            raise UnfinishedError(
                "the call returned a function, and nothing has called that: call it inside and return its output"
            )
        return self._with_parts(result)

    def _deeper(self, result: object, *, is_own: bool = False) -> object:
        self.depth += 1
        try:
            return self.settle(result, is_own=is_own)
        finally:
            self.depth -= 1

    def _with_parts(self, result: Any) -> object:
        """Settle the parts of a structure; lists, tuples and dicts are made anew where a part was a promise."""
        kind = type(result)
        if isinstance(result, Mapping):
            old = list(result.values())
            new = [self._deeper(part) for part in old]
            return dict(zip(result, new, strict=True)) if kind is dict and _differ(old, new) else result
        if isinstance(result, (list, tuple, AnySet, ValuesView, deque)):
            old = list(result)
            new = [part if type(part) in _PLAIN_TYPES else self._deeper(part) for part in old]
            return kind(new) if kind in (list, tuple) and _differ(old, new) else result
        if dataclasses.is_dataclass(result):
            for field in dataclasses.fields(result):
                self._deeper(getattr(result, field.name, None))
        return result


def _differ(old: list[object], new: list[object]) -> bool:
    return any(before is not after for before, after in zip(old, new, strict=True))


def _is_function(result: object) -> bool:
    return callable(result) and not hasattr(type(result), "shape")


def _has(kind: type, *names: str) -> bool:
    return all(callable(getattr(kind, name, None)) for name in names)


@lru_cache(maxsize=4096)
def _kind(kind: Any) -> Callable[[Any], Promise | None] | None:
    """Return what tells which promise an object of this class is; None for classes of plain results."""
    if issubclass(kind, _PLAIN) or hasattr(kind, "__array_interface__"):
        return None
    for names, promise in _REFUSED:
        if _has(kind, *names):
            return _only_with_a_graph(promise) if names == ("__dask_graph__",) else _always(promise)
    if kind.__module__.partition(".")[0] == "mlx":
        return _always(_MLX)
    if hasattr(kind, "_asyncio_future_blocking"):
        return _future_of_a_loop
    for names, promise in _WAITED:
        if _has(kind, *names):
            return _always(promise)
    iterates = getattr(kind, "__iter__", None)
    # What has a length or places holds its items; a model of pydantic gives its fields.
    holds = ("__len__", "__getitem__", "model_fields", "__fields__")
    is_lazy = inspect.isgeneratorfunction(iterates) and not any(hasattr(kind, name) for name in holds)
    return _always(_ITERABLE) if is_lazy else None


def _always(promise: Promise) -> Callable[[Any], Promise | None]:
    return lambda _: promise


def _only_with_a_graph(promise: Promise) -> Callable[[Any], Promise | None]:
    """Tell arrays that may or may not be lazy: those of xarray have a graph only when they are."""
    return lambda result: promise if result.__dask_graph__() is not None else None


def _future_of_a_loop(future: Any) -> Promise | None:
    return _TASK if not future.done() and not _runs_elsewhere(future.get_loop()) else _RUNNING_TASK


def _consumed(items: Iterable[object]) -> list[object]:
    settle = _Settling(set(), on_host=True, depth=1).settle
    iterator = iter(items)
    found = [item if type(item) in _PLAIN_TYPES else settle(item) for item in itertools.islice(iterator, MOST_ITEMS)]
    if len(found) == MOST_ITEMS and next(iterator, found) is not found:
        raise UnfinishedError(
            f"the call returned an iterator that has given {MOST_ITEMS} items and no end: return what is to be served"
        )
    return found


# --- what runs in an event loop -----------------------------------------------------------------------------------


class _Loop:
    """One event loop for all calls in flight, in a thread of its own: an asynchronous client belongs to one loop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def run(self, awaited: Any) -> object:
        """Wait for something that can be awaited."""
        return _wait_in(self._running(), awaited)

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="tradeoff-event-loop", daemon=True).start()
            return self._loop


_LOOP = _Loop()


async def _awaited(thing: Any) -> object:
    return await thing


async def _gathered(stream: Any) -> list[object]:
    found: list[object] = []
    async for item in stream:
        found.append(item)
        if len(found) > MOST_ITEMS:
            raise UnfinishedError(f"the call returned a stream that has given {MOST_ITEMS} items and no end")
    return found


def _wait_in(loop: asyncio.AbstractEventLoop, awaited: Any) -> object:
    future = asyncio.run_coroutine_threadsafe(_awaited(awaited), loop)
    try:
        return future.result()
    except BaseException:
        future.cancel()  # Ctrl-C while it runs: what nobody waits for any more is not left behind
        raise


def _runs_elsewhere(loop: asyncio.AbstractEventLoop) -> bool:
    try:
        here = asyncio.get_running_loop()
    except RuntimeError:
        here = None
    return loop.is_running() and loop is not here


def _ended_task(future: Any) -> object:
    return future.result() if future.done() else _wait_in(future.get_loop(), future)


def _on_device(result: Any) -> Promise | None:
    """Find work that a device may still be at when the host's clock stops: of torch and of CuPy."""
    kind = type(result)
    if hasattr(kind, "is_cuda") and hasattr(kind, "device"):
        where = str(getattr(result.device, "type", "cpu"))
        if where == "meta":
            return _META
        synchronize = getattr(getattr(sys.modules.get("torch"), where, None), "synchronize", None)
        return None if where == "cpu" or synchronize is None else _device_of(where, synchronize)
    if kind.__module__.partition(".")[0] == "cupy" and hasattr(kind, "device"):
        return _device_of("cuda", result.device.synchronize)
    return None


def _device_of(where: str, synchronize: Callable[[], object]) -> Promise:
    def wait(result: object) -> object:
        synchronize()
        return result

    return Promise(f"work of a {where} device", "", wait)


def _process_ended(process: Any) -> object:
    found = process.communicate() if _has(type(process), "communicate") else process.wait()
    if getattr(process, "returncode", 0):
        raise RuntimeError(f"the process ended with exit status {process.returncode}")
    return found


def _joined(thread: Any) -> str:
    thread.join()
    if getattr(thread, "exitcode", 0):
        raise RuntimeError(f"the process ended with exit status {thread.exitcode}")
    return "joined"


# --- the kinds ----------------------------------------------------------------------------------------------------

_TASK = Promise(
    "a future of an event loop that does not run while the call is measured",
    "return the coroutine itself, or the answer, as in asyncio.run(...)",
    None,
)
_RUNNING_TASK = Promise("a future", "return its result()", _ended_task)
_MLX = Promise("a lazy array", "call mlx.core.eval(...) inside your call", None)
_META = Promise(
    "a tensor of the meta device", "nothing is computed there: move the model and its inputs to a device", None
)
_ITERABLE = Promise("an iterable that makes its items when it is asked", "consume it inside your call", _consumed)

_REFUSED: tuple[tuple[tuple[str, ...], Promise], ...] = (
    (("__dask_graph__",), Promise("a lazy dask object", "call .compute() inside your call", None)),
    (("collect", "explain"), Promise("a lazy frame", "call .collect() inside your call", None)),
    (("execute", "explain"), Promise("a lazy query", "call .execute() or .fetchall() inside your call", None)),
    (("execute", "compile"), Promise("a lazy expression", "call .execute() inside your call", None)),
    (("realize", "numpy"), Promise("a lazy array", "call .realize() inside your call", None)),
)
"""Methods of the class, and what it is then: what has them all is refused."""

_WAITED: tuple[tuple[tuple[str, ...], Promise], ...] = (
    (("block_until_ready",), Promise("an asynchronous array", "", lambda array: array.block_until_ready())),
    (("wait_to_read",), Promise("an asynchronous array", "", lambda array: array.wait_to_read() or array)),
    (("result", "done"), Promise("a future", "", lambda future: future.result())),
    (("get", "ready"), Promise("a future", "", lambda answer: answer.get())),
    (("wait", "done"), Promise("a future", "", lambda future: future.wait())),
    (("wait", "is_completed"), Promise("a handle of work", "", lambda work: work.wait())),
    (("wait", "poll"), Promise("a process", "", _process_ended)),
    (("synchronize", "query"), Promise("an event of a device", "", lambda event: event.synchronize())),
    (("join", "is_alive"), Promise("a thread or process", "", _joined)),
    (("__await__",), Promise("a coroutine", "", lambda awaited: _LOOP.run(awaited))),
    (("__aiter__",), Promise("an asynchronous generator", "", lambda stream: _LOOP.run(_gathered(stream)))),
    (("__next__",), Promise("a generator", "", _consumed)),
)
"""Methods of the class, and what it is then, the first that fits."""
