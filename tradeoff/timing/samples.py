"""Collects the calls of a point, phase by phase, as the columns of ``samples``."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tradeoff.timing.block import Block
from tradeoff.timing.host_load import disturbances
from tradeoff.timing.host_row import Stretch
from tradeoff.timing.raised import Raised, together

PHASES = ("cold", "warmup", "measure", "drain")
PREEMPTED = "preempted"
"""Label of a call that waited for a core."""

_WARMUP, _MEASURE, _DRAIN = (PHASES.index(phase) for phase in ("warmup", "measure", "drain"))

Columns = Mapping[str, NDArray]  # type: ignore[type-arg]


@dataclass
class SampleLog:
    """The blocks of one point with the phase and the label of each call, and the visit in which it was made."""

    batch_size: int
    concurrency: int
    model_clock: str = "host"
    visit: int = 0
    blocks: list[Block] = field(default_factory=list)
    phases: list[NDArray[np.int8]] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    visits: list[int] = field(default_factory=list)

    def add(self, block: Block, *, phase: str, label: str = "") -> None:
        """Keep a block.

        In a measured block only the calls that count (`Block.in_window`) are ``measure``: those before them ramped up
        (``warmup``), those after them ran while other slots had stopped (``drain``).
        """
        code = np.full(len(block), PHASES.index(phase), dtype=np.int8)
        if phase == "measure":
            code += block.place
        self.blocks.append(block)
        self.phases.append(code)
        self.labels.append(label)
        self.visits.append(self.visit)

    def measured(self) -> tuple[NDArray[np.int64], NDArray[np.int64], list[int]]:
        """Return the measured calls in order; those that raised are not among them.

        Returns
        -------
        tuple of two ndarray and a list of int
            Their latency, when they were submitted (pauses between blocks left out), and where each visit begins.
        """
        latency, submitted = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
        starts: dict[int, int] = {}
        passed = calls = 0
        for block, phase, visit in zip(self.blocks, self.phases, self.visits, strict=True):
            here = phase == _MEASURE
            if not here.any():
                continue
            served = here & ~block.failed
            starts.setdefault(visit, calls)
            latency.append((block.done_ns - block.submitted_ns)[served])
            submitted.append(block.submitted_ns[served] - int(block.submitted_ns[0]) + passed)
            passed += int(block.done_ns.max() - block.submitted_ns[0])
            calls += len(latency[-1])
        return np.concatenate(latency), np.concatenate(submitted), list(starts.values())

    def measured_blocks(self) -> tuple[list[Block], list[int]]:
        """Return the blocks that hold measured calls, each with what of its window they span; which start a visit."""
        blocks: list[Block] = []
        starts: dict[int, int] = {}
        for block, phase, visit in zip(self.blocks, self.phases, self.visits, strict=True):
            if not (phase == _MEASURE).any():
                continue
            starts.setdefault(visit, len(blocks))
            blocks.append(block.starting_at(int(block.submitted_ns[phase == _MEASURE].min())))
        return blocks, list(starts.values())

    def demote(self, counts: Sequence[int] | None = None) -> None:
        """Count the first measured calls of each visit as warm-up, `counts` of them, or all measured calls.

        Calls that raised go with those that came after them.
        """
        visits = dict.fromkeys(
            visit for phase, visit in zip(self.phases, self.visits, strict=True) if (phase == _MEASURE).any()
        )
        left = dict(zip(visits, counts or (), strict=False))
        for block, phase, visit in zip(self.blocks, self.phases, self.visits, strict=True):
            measured = phase == _MEASURE
            if counts is None:
                phase[measured] = _WARMUP
                continue
            served, here = measured & ~block.failed, left.get(visit, 0)
            phase[measured & (np.cumsum(served) - served < here)] = _WARMUP
            left[visit] = max(0, here - int(served.sum()))

    @property
    def calls(self) -> int:
        """Calls of all phases."""
        return sum(len(block) for block in self.blocks)

    @property
    def raised(self) -> tuple[Raised, ...]:
        """What calls of any phase raised."""
        return together(kind for block in self.blocks for kind in block.raised)

    def labelled(self) -> dict[str, float]:
        """Share of the measured calls that carry each label."""
        counts = [int((phase == _MEASURE).sum()) for phase in self.phases]
        total = sum(counts)
        shares: dict[str, float] = {}
        for label, count in zip(self.labels, counts, strict=True):
            if label and count:
                shares[label] = shares.get(label, 0.0) + count / total
        return shares

    def stretches(self) -> list[Stretch]:
        """Return what became of the cores in the blocks that hold measured calls, as far as somebody looked."""
        return [
            Stretch(
                load=block.load,
                calls=block.served,
                measured=int(here.sum()),
                preempted=0 if block.preempted is None else int(block.preempted[here].sum()),
            )
            for block, phase in zip(self.blocks, self.phases, strict=True)
            if (here := phase == _MEASURE).any() and block.load is not None
        ]

    def columns(self) -> dict[str, NDArray]:  # type: ignore[type-arg]
        """Arrays named as in ``SAMPLE_COLUMNS``, an entry a call, in order of submission."""
        whole = np.zeros(0, dtype=np.int64)
        times = {
            name: np.concatenate([whole, *(getattr(block, name) for block in self.blocks)])
            for name in ("slot", "submitted_ns", "device_start_ns", "device_end_ns", "done_ns")
        }
        n = times["slot"].shape[0]
        phase = np.concatenate([np.zeros(0, dtype=np.int8), *self.phases])
        failed = [block.failed for block in self.blocks]
        latency = times["done_ns"] - times["submitted_ns"]
        model = times["device_end_ns"] - times["device_start_ns"]
        nothing = np.zeros(n, dtype=np.int64)
        return {
            "replicate": nothing,
            "visit": np.repeat(np.array(self.visits, dtype=np.int64), [len(block) for block in self.blocks]),
            "seq": np.arange(n, dtype=np.int64),
            "batch_id": np.arange(n, dtype=np.int64),
            "phase": np.array(PHASES)[phase],
            "submitted_ns": times["submitted_ns"],
            **self._device_times(times),
            "done_ns": times["done_ns"],
            "pre_ns": nothing,
            "batch_wait_ns": nothing,
            "queue_wait_ns": nothing,
            "model_ns": model,
            "post_ns": nothing,
            "overhead_ns": latency - model,
            "latency_ns": latency,
            "batch_size": np.full(n, self.batch_size, dtype=np.int64),
            "in_flight": self._in_flight(),
            "status": np.where(np.concatenate([np.zeros(0, dtype=np.bool_), *failed]), "error", "ok"),
            **self._labels(),
        }

    def _device_times(self, times: dict[str, NDArray]) -> dict[str, NDArray]:  # type: ignore[type-arg]
        """Give times of the device's own clock; a host clock saw nothing beyond submission and completion."""
        if self.model_clock == "host":
            return {}
        return {name: times[name] for name in ("device_start_ns", "device_end_ns")}

    def _in_flight(self) -> NDArray[np.int64]:
        counts = [np.zeros(0, dtype=np.int64)]
        for block in self.blocks:
            finished = np.searchsorted(np.sort(block.done_ns), block.submitted_ns, side="right")
            counts.append(np.arange(1, len(block) + 1, dtype=np.int64) - finished)
        return np.concatenate(counts)

    def _labels(self) -> dict[str, NDArray]:  # type: ignore[type-arg]
        names = [_names_of(block, label) for block, label in zip(self.blocks, self.labels, strict=True)]
        if not any(names) and not any(block.has_preempted for block in self.blocks):
            return {}
        return {"label": np.concatenate([_labels_of(*both) for both in zip(self.blocks, names, strict=True)])}


def _names_of(block: Block, device: str) -> list[str]:
    """Return what all calls of a block met: what the device said, what took cores away."""
    return [*([device] if device else []), *([] if block.load is None else disturbances(block.load))]


def _labels_of(block: Block, names: list[str]) -> NDArray[np.object_]:
    """Return the label of each call; equal ones are one object, or a million of them would take a second to send."""
    labels = np.empty(len(block), dtype=object)
    labels.fill(sys.intern(";".join(names)) or None)
    if block.preempted is not None:
        labels[block.preempted] = sys.intern(";".join([*names, PREEMPTED]))
    return labels
