"""From rows of ``samples`` to arrays: what each request went through, and in which batch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tradeoff.frames import STAGES

Numbers = NDArray[np.float64]
Places = NDArray[np.intp]
Truths = NDArray[np.bool_]

_NS_PER_MS = 1e6
_ROUNDING_MS = 5e-7
"""Half a nanosecond: stamps are whole ones."""

_GAP_MS = 1e7
"""Between replicates, which are laid one after the other: each has a clock of its own, and none waits for another."""


@dataclass(frozen=True, eq=False)
class Requests:
    """The requests of one point, or its calls, in the order in which their batches began; times in ms.

    Attributes
    ----------
    counts
        Which of them the percentiles are made of: measured, and answered. The others still kept workers busy.
    latency, arrival, start, done
        What the caller waited; when it was due, when its batch left, and when that was over. NaN where not known.
    stages
        Of shape (stages, requests), in the order of `STAGES`; each column adds up to the latency.
    batch
        Number of its batch, counted from 0 in the order in which they began.
    size, in_flight, output_tokens
        As in ``samples``; NaN where not known.
    is_first
        Whether it was in the first batch of that size that the process ever saw.
    late
        How much later than due it was sent, where requests were sent.
    labels
        Name of each label to whether the request carries it.
    """

    counts: Truths
    latency: Numbers
    arrival: Numbers
    start: Numbers
    done: Numbers
    stages: Numbers
    batch: Places
    size: Numbers
    in_flight: Numbers
    output_tokens: Numbers
    is_first: Truths
    late: Numbers
    labels: dict[str, Truths]

    def __len__(self) -> int:
        return len(self.latency)

    def stage(self, name: str) -> Numbers:
        """Return the times of one stage."""
        times: Numbers = self.stages[STAGES.index(name)]
        return times

    @property
    def host(self) -> Numbers:
        """What the host did for each request, and what was left over."""
        return self.stage("pre") + self.stage("post") + self.stage("overhead")

    @property
    def has_parts(self) -> bool:
        """Whether it is known where the time went: of a server outside only the whole is."""
        return bool(self.stages[:-1, self.counts].any())


def requests_of(samples: pd.DataFrame) -> Requests:
    """Lay the samples of one point out, of all phases.

    Columns that are missing count as not known. Rows without a latency are kept where they kept a worker busy.
    """
    status = _words(samples, "status")
    latency = _ms(samples, "latency_ns")
    arrival = _first_known(_ms(samples, "scheduled_ns"), _ms(samples, "submitted_ns"))
    start = _first_known(_ms(samples, "dispatched_ns"), _ms(samples, "submitted_ns"), arrival)
    done = _first_known(_ms(samples, "done_ns"), arrival + latency)
    replicate = np.nan_to_num(_numbers(samples, "replicate"))
    arrival_ms = arrival
    arrival, start, done = _one_clock(replicate, arrival, start, done)
    order = _by_beginning(replicate, start)
    order = order[status[order] != "rejected"]
    batch = _batches(replicate[order], _numbers(samples, "batch_id")[order])
    answered = (status == "ok") | (status == "")
    counts = answered & (_words(samples, "phase") == "measure") & np.isfinite(latency)
    size = _numbers(samples, "batch_size")[order]
    # Where batches are dispatched, a request is handed over when its batch is: that is no delay of its own.
    late = np.where(np.isnan(_ms(samples, "dispatched_ns")), _ms(samples, "submitted_ns") - arrival_ms, np.nan)
    return Requests(
        counts=counts[order],
        latency=latency[order],
        arrival=arrival[order],
        start=start[order],
        done=done[order],
        stages=_stages(samples, latency)[:, order],
        batch=batch,
        size=size,
        in_flight=_numbers(samples, "in_flight")[order],
        output_tokens=_numbers(samples, "output_tokens")[order],
        is_first=_first_of_size(replicate[order], size, batch),
        late=late[order],
        labels=_labels(samples, order),
    )


def _numbers(samples: pd.DataFrame, name: str) -> Numbers:
    if name not in samples:
        return np.full(len(samples), np.nan)
    return samples[name].to_numpy(dtype="float64", na_value=np.nan)


def _ms(samples: pd.DataFrame, name: str) -> Numbers:
    return _numbers(samples, name) / _NS_PER_MS


def _words(samples: pd.DataFrame, name: str) -> NDArray[np.object_]:
    """Return a column of few different words; missing ones are empty."""
    if name not in samples:
        return np.full(len(samples), "", dtype=object)
    codes, words = pd.factorize(samples[name])
    known = np.array([*map(str, words), ""], dtype=object)
    return known[codes]


def _first_known(*columns: Numbers) -> Numbers:
    found = columns[0]
    for column in columns[1:]:
        if not np.isnan(found).any():
            return found
        found = np.where(np.isnan(found), column, found)
    return found


def _one_clock(replicate: Numbers, *times: Numbers) -> list[Numbers]:
    """Lay replicates one after the other, beginning at 0."""
    moved = [column.copy() for column in times]
    begin = 0.0
    for one in pd.unique(replicate):
        rows = replicate == one
        known = np.concatenate([column[rows] for column in times])
        known = known[np.isfinite(known)]
        if not len(known):
            continue
        for column in moved:
            column[rows] += begin - known.min()
        begin += known.max() - known.min() + _GAP_MS
    return moved


def _stages(samples: pd.DataFrame, latency: Numbers) -> Numbers:
    """Return the parts; what they leave of the latency is overhead, as everywhere."""
    parts = np.stack([_ms(samples, f"{stage}_ns") for stage in STAGES])
    parts[np.isnan(parts)] = 0.0
    rest = latency - parts[:-1].sum(axis=0)
    parts[-1] = np.where(np.isnan(rest) | (np.abs(rest) < _ROUNDING_MS), 0.0, rest)
    return parts


def _by_beginning(replicate: Numbers, start: Numbers) -> Places:
    is_later = (replicate[1:] > replicate[:-1]) | ((replicate[1:] == replicate[:-1]) & (start[1:] >= start[:-1]))
    return np.arange(len(start)) if is_later.all() else np.lexsort((start, replicate))


def _batches(replicate: Numbers, batch_id: Numbers) -> Places:
    """Return the number of each request's batch, by when they begin; a request in none is one by itself."""
    is_later = (batch_id[1:] >= batch_id[:-1]) | (replicate[1:] > replicate[:-1])
    if len(batch_id) and is_later.all():  # as they mostly lie: no table of them is needed
        is_next = (batch_id[1:] != batch_id[:-1]) | (replicate[1:] != replicate[:-1])
        return np.concatenate([[0], np.cumsum(is_next)])
    alone = np.isnan(batch_id)
    return _numbered(replicate, np.where(alone, -1.0 - np.arange(len(batch_id)), batch_id))


def _numbered(*keys: Numbers) -> Places:
    """Return numbers for the different combinations of keys, in the order in which they come."""
    found = np.zeros(len(keys[0]), dtype=np.intp)
    for key in keys:
        codes, different = pd.factorize(key)
        found = pd.factorize(found * max(1, len(different)) + codes)[0]
    return found


def _first_of_size(replicate: Numbers, size: Numbers, batch: Places) -> Truths:
    known = np.flatnonzero(~np.isnan(size))
    kind = _numbered(replicate[known], size[known])
    is_new = kind > np.maximum.accumulate(np.concatenate([[-1], kind]))[:-1]
    first = np.zeros(len(batch) + 1, dtype=np.bool_)
    first[batch[known[is_new]]] = True
    found: Truths = first[batch] & ~np.isnan(size)
    return found


def _labels(samples: pd.DataFrame, order: Places) -> dict[str, Truths]:
    if "label" not in samples:
        return {}
    column = samples["label"]
    said = column.notna().to_numpy(dtype=bool)
    if not said.any():
        return {}
    codes, words = pd.factorize(column)
    found: dict[str, Truths] = {}
    for code, word in enumerate(words):
        for name in filter(None, map(str.strip, str(word).split(";"))):
            carries = (codes == code)[order]
            found[name] = found[name] | carries if name in found else carries
    return found
