"""Which changes bear on causes: of the policy, and of what made batches slow."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tradeoff.digits import three
from tradeoff.serving.policy import Policy


@dataclass(frozen=True, eq=False)
class Change:
    """A change, and what it leads to.

    Attributes
    ----------
    name
        What is done, as the beginning of a sentence.
    policy
        The policy then.
    without_slow, without_pauses
        Whether slow batches, and those that the host held up, would take what is ordinary.
    """

    name: str
    policy: Policy
    without_slow: bool = False
    without_pauses: bool = False


def changes_for(causes: Sequence[str], policy: Policy) -> Iterator[Change]:
    """Yield the changes that bear on causes; all changes of the policy where none stands out.

    A spike of the device and a pause of the host are not the policy's: what the tail would be without them says what
    there is to gain.
    """

    def bears_on(*names: str) -> bool:
        return any(name in causes for name in names)

    is_open = not causes
    if bears_on("spikes"):
        yield Change("Without the slow batches", policy, without_slow=True)
    if bears_on("host pauses"):
        yield Change("Without the pauses", policy, without_pauses=True)
    if (is_open or bears_on("wait limit")) and 0.0 < policy.max_wait_ms < math.inf:
        half_ms = policy.max_wait_ms / 2.0
        yield Change(f"Halving the wait limit to {three(half_ms)} ms", replace(policy, max_wait_ms=half_ms))
    if (is_open or bears_on("wait limit", "mixed batch sizes")) and policy.max_batch_size > 1:
        size = policy.max_batch_size // 2
        yield Change(f"Halving the largest batch to {size}", replace(policy, max_batch_size=size))
    if is_open or bears_on("queue"):
        size = policy.max_batch_size * 2
        yield Change(f"Doubling the largest batch to {size}", replace(policy, max_batch_size=size))
    if is_open or bears_on("queue", "spikes", "host pauses", "mixed batch sizes"):
        yield Change("One more worker", replace(policy, workers=policy.workers + 1))
