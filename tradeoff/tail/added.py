"""What each cause adds to a slow request: its extra time, divided.

The means of a tail would not do. Where half of it waited for the limit and half, with full batches, for a worker, each
half has less of what the other has, and the means say that neither waited:

                       limit  queue   extra      of the limit  of the queue
      around median        5      0
      one of the tail     10      0       5               5             0
      another              0     12       7               0             7

So each request's extra time is divided among the parts of which it has more than those around the median have, in
proportion to how much more. What is added is never below zero, and adds up to the extra time.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tradeoff.tail.requests import Numbers, Places


def added_by(parts: Mapping[str, Numbers], middle: Places) -> dict[str, Numbers]:
    """Return what each part adds to each request, in ms; nothing where a request takes no longer than the middle.

    Parameters
    ----------
    parts
        Of every request; all of them make up its latency.
    middle
        Places of the requests around the median.
    """
    more = np.stack(list(parts.values()))
    more -= more[:, middle].mean(axis=1, keepdims=True)
    longer = np.maximum(0.0, more.sum(axis=0))
    np.maximum(more, 0.0, out=more)
    wholes = more.sum(axis=0)
    added = more * np.divide(longer, wholes, out=np.zeros(len(wholes)), where=wholes > 0)
    return dict(zip(parts, added, strict=True))
