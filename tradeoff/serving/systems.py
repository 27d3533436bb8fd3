"""What is asked to be served: every combination of policy and load, checked before anything is done."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal, get_args

from tradeoff.arguments import ArgumentError, shown
from tradeoff.digits import counted
from tradeoff.serving.loads import AllAtOnce, Constant, Load, Poisson
from tradeoff.serving.policy import FORMATIONS, Policy
from tradeoff.serving.trace import Trace

Think = Literal["constant", "exponential"] | Callable[..., Any]
THINKS: tuple[str, ...] = get_args(get_args(Think)[0])

HostOf = float | Callable[[int], float]

_NAMED: dict[str, Load] = {"poisson": Poisson(), "constant": Constant(), "all_at_once": AllAtOnce()}
_CLASSES = {"gamma": "tradeoff.Gamma(shape)", "mmpp": "tradeoff.MMPP(rates, dwell_s)", "trace": "tradeoff.Trace(times)"}


@dataclass(frozen=True, kw_only=True)
class System:
    """One combination: a policy, and who asks.

    Attributes
    ----------
    policy
        How requests become batches.
    load
        The open-loop load; None for a closed loop.
    request_rate_rps
        Requests a second of an open loop; NaN where its trace has none.
    clients
        Of a closed loop; 0 for an open one.
    think_ms, think
        How long clients think, and how that varies: ``(rng, n) -> ms`` when it is a function.
    host_ms
        Work of the host for each batch: ms, or ``size -> ms``.
    network_ms
        Time that a request and its answer are under way.
    """

    policy: Policy
    load: Load | None = None
    request_rate_rps: float = math.nan
    clients: int = 0
    think_ms: float = 0.0
    think: Think = "constant"
    host_ms: HostOf = 0.0
    network_ms: float = 0.0

    @property
    def is_finite(self) -> bool:
        """Whether the load has a beginning and an end: everything in it counts, nothing is cut off."""
        return self.load is not None and self.load.name in ("trace", "all_at_once")

    @property
    def who(self) -> str:
        """Who asks, in words: ``8 clients``, ``100 requests/s``, ``3 requests in 2.00 s (trace)``."""
        if self.clients:
            return counted(self.clients, "client")
        if isinstance(self.load, Trace):
            return f"{self.load.lasts()} (trace)"
        return f"{self.request_rate_rps:g} requests/s" if math.isfinite(self.request_rate_rps) else "all at once"

    def host_of(self, size: int) -> float:
        """Return what the host takes for a batch.

        Raises
        ------
        ArgumentError
            When the function gives something else than a time.
        """
        value = self.host_ms(size) if callable(self.host_ms) else self.host_ms
        if not isinstance(value, numbers.Real) or not 0.0 <= float(value) < math.inf:
            raise ArgumentError(f"host_ms({size}) must give a time in ms, finite and 0 or more; got {shown(value)}")
        return float(value)

    @property
    def identity(self) -> dict[str, Any]:
        """The columns that say what it is."""
        rate = self.request_rate_rps
        return {
            "mode": "serving",
            "load": "closed" if self.load is None else self.load.name,
            "load_detail": self._detail or None,
            "batch_size": self.policy.max_batch_size,
            "concurrency": self.clients or None,
            "request_rate_rps": rate if math.isfinite(rate) else None,
            "max_wait_ms": float(self.policy.max_wait_ms),
            "workers": self.policy.workers,
            "formation": self.policy.formation,
            "queue_limit": self.policy.queue_limit,
            "think_ms": self.think_ms if self.clients else None,
            "host_ms": None if callable(self.host_ms) else self.host_ms or None,
            "network_ms": self.network_ms or None,
            "latency_basis": "scheduled",
        }

    @property
    def _detail(self) -> str:
        said = []
        if self.load is not None:
            detail = getattr(self.load, "detail", "")
            said += [detail] if detail else []
        elif self.think != "constant":
            said.append("exponential think time" if self.think == "exponential" else "think time of a function")
        if callable(self.host_ms):
            said.append("host time of a function")
        return "; ".join(said)


def systems(
    *,
    max_batch_size: Any,
    request_rate: Any = None,
    concurrency: Any = None,
    load: Any = None,
    think_ms: Any = 0.0,
    think: Any = "constant",
    max_wait_ms: Any = 0.0,
    workers: Any = 1,
    queue_limit: Any = None,
    formation: Any = "shared",
    host_ms: Any = 0.0,
    network_ms: Any = 0.0,
) -> tuple[System, ...]:
    """Span the grid of what was asked for, in the order of the arguments.

    Raises
    ------
    ArgumentError
        When an argument cannot be used, or two exclude each other.
    """
    think_times = _times("think_ms", think_ms)
    waits = _times("max_wait_ms", max_wait_ms, endless=True)
    hosts: list[Any] = [host_ms] if callable(host_ms) else _times("host_ms", host_ms)
    networks = _times("network_ms", network_ms)
    if not (callable(think) or think in THINKS):
        raise ArgumentError(f"think must be {', '.join(THINKS)} or a function (rng, n) -> ms; got {shown(think)}")
    if callable(think) and think_times != [0.0]:
        raise ArgumentError("think_ms has no meaning beside a function for think, which gives the times itself")
    who = _who(request_rate, concurrency, load)
    if think_times != [0.0] and not any(clients for _, _, clients in who):
        raise ArgumentError(f"think_ms={shown(think_ms)} is for closed loops: give concurrency, not a request rate")
    found = []
    for size, (stream, rate, clients), pause, wait, crew, limit, form, host, network in product(
        several("max_batch_size", max_batch_size), who, think_times, waits, several("workers", workers),
        several("queue_limit", queue_limit), several("formation", formation), hosts, networks,
    ):  # fmt: skip
        if form not in FORMATIONS:
            raise ArgumentError(f"formation must be one of {', '.join(FORMATIONS)}, or a list; got {shown(form)}")
        policy = Policy(max_batch_size=size, max_wait_ms=wait, workers=crew, queue_limit=limit, formation=form)
        if clients:
            policy.check_clients(clients)
            is_restless = pause == 0.0 and network == 0.0 and not callable(think)
            # Who finds no place asks again at once, and again: time would stand still.
            if limit is not None and is_restless and clients > limit + (crew if wait == 0.0 or size == 1 else 0):
                raise ArgumentError(
                    f"queue_limit={limit} with {clients} clients that never think: who is rejected would ask again "
                    "at the same moment, for ever; give think_ms or network_ms, or more places"
                )
        found.append(
            System(
                policy=policy, load=stream, request_rate_rps=rate, clients=clients, think_ms=pause if clients else 0.0,
                think=think, host_ms=host, network_ms=network,
            )
        )  # fmt: skip
    _check_different(found)
    return tuple(found)


def _check_different(found: Sequence[System]) -> None:
    """Check that no system is asked for twice: their requests would be told apart by nothing."""
    seen = set()
    for system in found:
        known = {name: value for name, value in system.identity.items() if value is not None}
        if (key := tuple(known.items())) in seen:
            rate = system.request_rate_rps
            who = f"concurrency={system.clients}" if system.clients else f"load={system.load.name!r}"  # type: ignore[union-attr]
            who += f", request_rate={rate:g}" if math.isfinite(rate) else ""
            policy = system.policy
            raise ArgumentError(
                f"every value of a list must be another one: max_batch_size={policy.max_batch_size}, {who}, "
                f"max_wait_ms={policy.max_wait_ms:g}, workers={policy.workers} is asked for twice"
            )
        seen.add(key)


def several(name: str, value: Any) -> Sequence[Any]:
    """Return a value as a list of one, and several as a list.

    Raises
    ------
    ArgumentError
        When there is none.
    """
    if value is None or isinstance(value, str | bytes | Mapping | Load) or not isinstance(value, Iterable):
        return [value]
    items = list(value)
    if not items:
        raise ArgumentError(f"{name} must be one value or several; got an empty {type(value).__name__}")
    return items


def _who(request_rate: Any, concurrency: Any, load: Any) -> list[tuple[Load | None, float, int]]:
    """Return loads with their rates, or numbers of clients."""
    if request_rate is not None and concurrency is not None:
        raise ArgumentError("give request_rate (open loop) or concurrency (closed loop), not both: make two calls")
    loads = several("load", load)
    if concurrency is not None:
        if loads not in ([None], ["closed"]):
            raise ArgumentError(f"load={shown(load)} is open loop, and concurrency closed loop: give one of them")
        return [(None, math.nan, _clients(value)) for value in several("concurrency", concurrency)]
    if loads == ["closed"]:
        raise ArgumentError("load='closed' needs concurrency: the number of clients")
    rates = several("request_rate", request_rate)
    found: list[tuple[Load | None, float, int]] = []
    for rate in rates:
        for stream in map(_load, loads):
            own = stream.own_rate_rps
            if own is not None and rate is not None:
                raise ArgumentError(f"request_rate={shown(rate)}: the load {stream.name} has times of its own")
            if own is None and rate is None:
                raise ArgumentError(
                    "who asks? give request_rate (requests/s, open loop), concurrency (clients, closed loop), or a "
                    "load with a rate of its own, such as tradeoff.Trace(times)"
                )
            found.append((stream, float(own) if own is not None else _rate(rate), 0))
    return found


def _load(value: Any) -> Load:
    if value is None:
        return _NAMED["poisson"]
    if isinstance(value, str) and value in _NAMED:
        return _NAMED[value]
    if isinstance(value, str) and value in _CLASSES:
        raise ArgumentError(f"load={value!r} needs more than its name: load={_CLASSES[value]}")
    if isinstance(value, Load) and not isinstance(value, type):
        return value
    named = ", ".join(["closed", *_NAMED])
    raise ArgumentError(f"load must be {named}, or {', '.join(_CLASSES.values())}; got {shown(value)}")


def _rate(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not 0.0 < float(value) < math.inf:
        raise ArgumentError(f"request_rate must be requests a second, above 0, or several; got {shown(value)}")
    return float(value)


def _clients(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or int(value) < 1:
        raise ArgumentError(f"concurrency must be a whole number of clients, 1 or more, or several; got {shown(value)}")
    return int(value)


def _times(name: str, value: Any, *, endless: bool = False) -> list[float]:
    found = []
    for item in several(name, value):
        most = math.inf if endless else math.nextafter(math.inf, 0)
        if isinstance(item, bool) or not isinstance(item, numbers.Real) or not 0.0 <= float(item) <= most:
            raise ArgumentError(
                f"{name} must be ms, 0 or more{', infinite for full batches' if endless else ''}, or several; got "
                f"{shown(item)}"
            )
        found.append(float(item))
    return found
