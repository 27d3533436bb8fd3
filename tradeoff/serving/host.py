"""What the machine's cores did while requests were served: columns and flags of a row, labels of its requests.

The same counters, limits and words as of a sweep (`tradeoff.timing.host_row`); a slice of a fifth of a second stands
where a sweep has a block of calls.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from tradeoff.frames.busy import on_busy_machine
from tradeoff.serving.real.disturbances import PREEMPTED
from tradeoff.serving.window import Window
from tradeoff.timing.host_load import HostLoad, disturbances
from tradeoff.timing.host_row import Stretch, host_columns, host_flags
from tradeoff.timing.host_watch import Slice
from tradeoff.timing.quiet import look

Took = Callable[[HostLoad], Sequence[str]]
"""Says what took cores away in a slice."""


def labelled(samples: pd.DataFrame, slices: Sequence[Slice], took: Took = disturbances) -> pd.DataFrame:
    """Return requests that also say what took cores away between when they were due and when they were answered."""
    hit = [(one, name) for one in slices for name in took(one.load)]
    if not hit or not len(samples):
        return samples
    due, done = (samples[name].to_numpy(dtype=float, na_value=np.nan) for name in ("scheduled_ns", "done_ns"))
    label = samples["label"].astype(object).where(samples["label"].notna(), "").to_numpy(dtype=object, copy=True)
    for name in dict.fromkeys(name for _, name in hit):
        met = np.zeros(len(samples), dtype=np.bool_)
        for one in (one for one, called in hit if called == name):
            met |= (due < one.end) & (done > one.start)
        label[met] = [f"{text};{name}" if text else name for text in label[met]]
    named = pd.Series(label, samples.index, dtype=object).where(lambda text: text != "", None)
    return samples.assign(label=named.astype(samples["label"].dtype))


def stretches_of(samples: pd.DataFrame, slices: Sequence[Slice], window: Window) -> list[Stretch]:
    """Return the slices of which half or more lies in the window, or else those it touches, with its requests.

    A request belongs to the slice in which it was answered, or to the nearest of them.
    """
    inside = [one for one in slices if _shared(one, window) >= 0.5 * (one.end - one.start)]
    inside = inside or [one for one in slices if _shared(one, window) > 0]
    if not inside:
        return []
    done = samples[(samples["phase"] == "measure") & (samples["status"] == "ok")]
    at = np.searchsorted([one.end for one in inside], done["done_ns"].to_numpy(dtype=float))
    at = np.minimum(at, len(inside) - 1)
    lost = done["label"].map(lambda text: isinstance(text, str) and PREEMPTED in text.split(";")).to_numpy(dtype=bool)
    calls = np.bincount(at, minlength=len(inside))
    preempted = np.bincount(at[lost], minlength=len(inside))
    return [
        Stretch(load=one.load, calls=int(n), measured=int(n), preempted=int(waited))
        for one, n, waited in zip(inside, calls, preempted, strict=True)
    ]


def host_of(
    samples: pd.DataFrame, slices: Sequence[Slice], window: Window, *, is_oversubscribed: bool
) -> tuple[dict[str, Any], list[str]]:
    """Return the columns of ``points`` about the cores, and what to flag; see `tradeoff.timing.host_row`."""
    stretches = stretches_of(samples, slices, window)
    return host_columns(stretches, batch_size=1), host_flags(stretches, is_oversubscribed=is_oversubscribed)


def say_if_not_quiet(name: str, *, asks: bool = False) -> None:
    """Say on stderr that other work keeps the machine busy; nothing where it does not.

    Parameters
    ----------
    name
        Of what is served, or of the server that is asked.
    asks
        Whether a server is asked that may be that other work.
    """
    if why := look().not_quiet():
        unless = " (a server that runs here is part of that)" if asks else ""
        print(
            f"{name}: the machine is not quiet: {why}{unless}; what is measured meanwhile is flagged", file=sys.stderr
        )


def say_what_was_busy(name: str, points: pd.DataFrame) -> None:
    """Say on stderr which points were measured on a busy machine; nothing where none was."""
    if told := on_busy_machine(points):
        print(f"{name}: {told}", file=sys.stderr)


def _shared(one: Slice, window: Window) -> int:
    return min(one.end, window.end) - max(one.start, window.start)
