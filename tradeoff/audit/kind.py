"""Which latency a row gives: of the model or of the system, alone on its device or beside others."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tradeoff.audit.findings import INFO, WARNING, Found, found
from tradeoff.audit.rows import Rows
from tradeoff.audit.words import count, time
from tradeoff.frames import PERCENTILES

_TOLERANCE = 0.01
_ROUNDING = 1e-6


def model_or_system(rows: Rows) -> Iterator[Found]:
    """Find rows whose latency is not what a user waits."""
    latency, model = (
        rows.has_any(f"{stem}_{name}_ms" for name in ("mean", *PERCENTILES)) for stem in ("latency", "model")
    )
    only_model = model & ~latency
    inside = latency & rows.is_one_of("latency_basis", ("device",))
    is_device = rows.is_device
    yield found(
        only_model | inside,
        np.where(is_device, INFO, WARNING),
        "Its latency is that of the model on the device: users also wait for a batch to form, in the queue, and for "
        "what comes before and after the model. A limit on what users wait cannot be checked against it.",
    )
    yield found(
        is_device & latency & ~inside,
        INFO,
        "Its latency is that of a call with a fixed number in flight: a service adds the wait for a batch and for a "
        "worker. Simulate or serve before checking a limit on what users wait.",
    )


def contention(rows: Rows) -> Iterator[Found]:
    """Find simulated workers that share a device, with the times of a device of their own."""
    workers = rows.number("workers")
    alone = rows.is_flagged("uncontended_service")
    yield found(
        alone & (workers > 1),
        WARNING,
        "%s workers were simulated with times of batches that had the device to themselves: on one device they slow "
        "each other down, so that it is slower than the row says. Read it as so many devices, or simulate from a sweep "
        "with that many calls in flight.",
        count(workers),
        observed=workers,
        expected=1.0,
    )


def parts(rows: Rows) -> Iterator[Found]:
    """Find parts of a latency that are more than the whole."""
    left = np.ones(rows.length, dtype=np.bool_)
    for where in ("mean", "p50", "p99"):
        overhead, latency = rows.number(f"at_{where}_overhead_ms"), rows.number(f"latency_{where}_ms")
        share = -overhead / np.where(latency > 0, latency, np.nan)
        wrong = left & (overhead < 0) & ~(share < _ROUNDING)
        left &= ~wrong
        yield found(
            wrong,
            np.where(share < _TOLERANCE, INFO, WARNING),
            f"Its parts are more than its latency ({where}): they overlap or were timed by different clocks, and leave "
            "an overhead of %s. Do not read the breakdown as shares of the latency.",
            time(overhead),
            observed=overhead,
            expected=0.0,
        )
    model, latency = rows.number("model_mean_ms"), rows.number("latency_mean_ms")
    yield found(
        left & (model > latency * (1 + _TOLERANCE)),
        WARNING,
        "The model alone takes %s on average, and the whole request %s: they are not of the same requests.",
        time(model),
        time(latency),
        observed=model,
        expected=latency,
    )
