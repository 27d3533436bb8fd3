"""The window of a row: the span of time, and the requests, that everything in the row speaks of.

A request belongs to the window when it was *due* in it, however it ended: ``n``, ``n_errors`` (time-outs among them)
and ``n_rejected`` count those requests, percentiles are of those that were served, and the column ``phase`` of
``samples`` says ``measure`` for exactly them. What the window is divided by is its own length, ``duration_s``:
``throughput_rps = n / duration_s``. Calls, batches and busy time are those inside the span.

Which span, in order:

- of a load with an end (`Trace`, all at once) the whole run: from its beginning until its last request has ended;
- else from a tenth of the time in which requests come until its end. Where the last request ended it, the last
  hundredth of the requests is left out as well: fewer and fewer were with them. In a closed loop the window begins and
  ends with a request that is due, for clients may ask all together;
- where that does not hold the work it is the whole run, too: nothing was due in it, or its clients asked fewer than
  ten times each, or it is shorter than the mean latency, so that by Little's law more requests would be in flight than
  came. The row is flagged ``whole_run``.

A queue that grows without end has no latency, and what was due in the window may never end: there requests belong to
the window in which they ended. Requests that had no end when the run was over are of no window: ``drain``.

Under the virtual clock of `simulate` the cuts are made between two batches, by requests and not by time, and the
window's length is that from one dispatch to another; a rejected request belongs to it when it came between those that
do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tradeoff.stats.rate import EventRate, event_rate

WHOLE_RUN = "whole_run"
"""The flag of a row of an endless load that had to count all of a short run."""

_WARM_UP, _DRAIN = 0.1, 0.01
_ROUNDS = 10
"""Requests of each client from which on it does not matter where in a round of them the window is cut."""

Times = NDArray[np.float64]
Truths = NDArray[np.bool_]


@dataclass(frozen=True)
class Window:
    """A span of time, in ns since the beginning.

    Attributes
    ----------
    start, end
        What is at `start` is inside, what is at `end` is not, but for the whole run.
    is_whole
        Whether it is the whole run.
    by_end
        Whether requests belong to it by when they ended, and not by when they were due.
    """

    start: int
    end: int
    is_whole: bool = False
    by_end: bool = False

    @property
    def duration_s(self) -> float:
        """Its length; a ns at least."""
        return max(1, self.end - self.start) / 1e9

    def phases(self, due: Times, ended: Times) -> NDArray[np.str_]:
        """Return ``warmup``, ``measure`` or ``drain`` for requests; NaN in `ended` for those that have not."""
        at = ended if self.by_end else due
        late = np.isnan(ended) | ((at >= self.end) & (not self.is_whole))
        return np.where(late, "drain", np.where(at < self.start, "warmup", "measure"))

    def rate(self, due: Times, ended: Times, weights: Times | None = None) -> EventRate:
        """Return requests a second, or what they weigh, of requests of the window, with an interval.

        Requests count when they were due; where they belong to the window by their end, or come all at once, when they
        ended.
        """
        at = ended if self.by_end or self.is_whole else due
        return event_rate(at / 1e9, self.start / 1e9, self.start / 1e9 + self.duration_s, weights=weights)

    def shared(self, begin: Times, end: Times) -> float:
        """Return how much of some spans of time lies inside, added up, in ns."""
        return float(np.clip(np.minimum(end, self.end) - np.maximum(begin, self.start), 0.0, None).sum())


def window_of(
    due: Times, ended: Times, served: Truths, *, until: int | None, clients: int = 0, is_finite: bool = False
) -> Window:
    """Return the window of a run under a clock.

    Parameters
    ----------
    due, ended
        When each request was due and when it was answered, failed or was rejected, in ns; NaN where it was not.
    served
        Which of them were answered.
    until
        When requests ceased to come; None where they did with the last of them.
    clients
        Of a closed loop; 0 for an open one.
    is_finite
        Whether the load has an end of its own.
    """
    if not len(due):
        return Window(0, until or 1)
    last = float(due.max())
    asked = 0.0 if until is None or clients or is_finite else float(until)
    whole = Window(0, round(max(last, asked, np.nanmax(ended, initial=0.0))), is_whole=True)
    if is_finite:
        return whole
    found = _steady(due, until, clients)
    return found if _holds_the_work(found, due, ended, served, clients) else whole


def growing_window(due: Times, *, until: int | None) -> Window:
    """Return the window of a queue that grows without end: requests belong to it by when they ended."""
    end = float(due.max()) if until is None else float(until)
    return Window(round(_WARM_UP * end), round(end), by_end=True)


def _steady(due: Times, until: int | None, clients: int) -> Window:
    """Return what is left without warm-up and drain."""
    end = float(np.sort(due)[-1 - int(len(due) * _DRAIN)]) if until is None else float(until)
    start = _WARM_UP * end
    if clients:
        inside = due[(due >= start) & (due <= end)]
        start, end = float(inside.min(initial=end)), float(inside.max(initial=start))
    return Window(round(start), round(end))


def _holds_the_work(window: Window, due: Times, ended: Times, served: Truths, clients: int) -> bool:
    length = window.end - window.start
    inside = (due >= window.start) & (due < window.end) & ~np.isnan(ended)
    if length <= 0 or inside.sum() < max(1, _ROUNDS * clients):
        return False
    latency = (ended - due)[inside & served]
    return not len(latency) or float(latency.mean()) <= length


def ends_of(samples: pd.DataFrame) -> tuple[Times, Times, Truths]:
    """Return of each request when it was due, when it ended (NaN for those that did not), and whether it was served."""
    due, ended = (samples[name].to_numpy(dtype=float, na_value=np.nan) for name in ("scheduled_ns", "done_ns"))
    status = samples["status"]
    return due, np.where(status == "rejected", due, ended), (status == "ok").to_numpy(dtype=bool, na_value=False)


def in_phases(samples: pd.DataFrame, window: Window) -> pd.DataFrame:
    """Return requests that say to which part of the run they belong."""
    due, ended, _ = ends_of(samples)
    return samples.assign(phase=pd.Series(window.phases(due, ended), samples.index, samples["phase"].dtype))
