"""The calls of a point: one for each slot, with inputs of its own, and what the conditions make of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from tradeoff.timing.bench import Bench
from tradeoff.timing.conditions import Conditions, ConditionsError
from tradeoff.timing.memory import copies_of_inputs, in_turn
from tradeoff.workloads.protocol import Call, Workload

_SEEDS_A_SLOT = 1024


@dataclass(kw_only=True)
class CallMaker:
    """Makes the calls of one point.

    Attributes
    ----------
    workload, batch_size, dtype, device, seed
        What is prepared.
    slots
        Calls in flight.
    conditions, bench
        How they are measured, and with what.
    first
        The first call that was prepared, with one copy of its inputs.
    """

    workload: Workload
    batch_size: int
    dtype: str
    device: str
    seed: int
    slots: int
    conditions: Conditions
    bench: Bench
    first: Call = field(init=False)

    def make(self) -> tuple[list[Call], list[str]]:
        """Prepare a call for each slot.

        Returns
        -------
        tuple of list of Call and list of str
            The calls, and the flag ``cache_warm`` when their copies do not fill the cache five times.

        Raises
        ------
        ConditionsError
            When the cache is to be overrun and nobody knows how much a call moves.
        """
        if self.conditions.cache != "cold_rotate":
            calls = [self._prepare(slot) for slot in range(self.slots)]
            self.first = calls[0]
            return calls, []
        call_bytes = self.workload.bytes(self.batch_size, self.dtype)
        if not call_bytes:
            raise ConditionsError(
                f"cache='cold_rotate' needs the bytes that a call moves, and {self.workload.name} does not say them: "
                "use cache='cold_flush', or a workload whose bytes() answers"
            )
        copies, is_cold = copies_of_inputs(
            call_bytes=call_bytes,
            cache_bytes=self.bench.memory.cache_bytes,
            free_bytes=self.bench.memory.free_bytes(),
            slots=self.slots,
        )
        prepared = [[self._prepare(slot, copy) for copy in range(copies)] for slot in range(self.slots)]
        self.first = prepared[0][0]
        return [in_turn(calls) for calls in prepared], [] if is_cold else ["cache_warm"]

    def as_issued(self, calls: list[Call]) -> list[Call]:
        """Return the calls as the mode issues them: captured as graphs, or as they are."""
        if self.conditions.mode != "graph":
            return calls
        if self.bench.capture is None:
            raise ConditionsError(f"mode='graph' needs a CUDA device, and device is {self.device!r}")
        return [self.bench.capture(call) for call in calls]

    def _prepare(self, slot: int, copy: int = 0) -> Call:
        # Copies beside each other have seeds far apart: no two slots share inputs.
        seed = self.seed + slot + _SEEDS_A_SLOT * copy
        return self.workload.prepare(batch_size=self.batch_size, dtype=self.dtype, device=self.device, seed=seed)
