"""One call of a workload before anything is measured: what it returns must be its output."""

from __future__ import annotations

from collections.abc import Iterable

from tradeoff.workloads.own import FirstCall
from tradeoff.workloads.promises import Finished, UnfinishedError
from tradeoff.workloads.protocol import Workload, WorkloadError

_MOST_SIZES = 3

RETURNED_NOTHING = (
    "the call returned nothing (None): return its output, so that it is known to have been computed; a call that "
    "writes to a buffer of its own returns that buffer"
)


def refusal_of(workload: Workload, *, batch_sizes: Iterable[int], dtype: str, device: str, seed: int) -> str | None:
    """Try a call, and say why the workload cannot be measured; None when it can, or when that is not known.

    The smallest batch size is tried. One at which the call raises, or runs out of memory, says nothing of the others:
    the next is tried, three at most.

    Parameters
    ----------
    workload, dtype, device, seed
        What is prepared.
    batch_sizes
        Those that are to be measured.

    Raises
    ------
    WorkloadError
        When it cannot be prepared as it was asked for.
    """
    for batch_size in sorted(set(batch_sizes))[:_MOST_SIZES]:
        try:
            call = workload.prepare(batch_size=batch_size, dtype=dtype, device=device, seed=seed)
            first = getattr(call, "first_call", None) or getattr(workload, "first_call", None)
            if isinstance(first, FirstCall):
                returned, waited = first.result, bool(first.waited)
            else:
                finished = Finished(call, on_host=device == "cpu")
                returned, waited = type(finished()), bool(finished.waited)
        except UnfinishedError as error:
            return str(error)
        except (KeyboardInterrupt, WorkloadError):
            raise
        except BaseException:  # noqa: S112  # its point will say what went wrong
            continue
        return RETURNED_NOTHING if returned is type(None) and not waited else None
    return None
