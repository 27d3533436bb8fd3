"""The flags of the rows themselves as findings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from tradeoff.arguments import shown
from tradeoff.audit.findings import INFO, SEVERITIES, Found, found
from tradeoff.audit.rows import Rows
from tradeoff.frames import FLAGS
from tradeoff.strangers import shortened

UNKNOWN_FLAG = "unknown_flag"
"""What a finding is called about a flag that the flag table does not know."""


def flagged(rows: Rows, told: Mapping[str, NDArray[np.int8]]) -> Iterator[tuple[str, Found]]:
    """Give every flag of a row that no check has told as gravely, by name, in the order of the flag table.

    Parameters
    ----------
    told
        For each flag that a check tells too, how grave its findings are for each row; -1 where there is none.
    """
    _, names = rows.flags()
    carried = set(names.tolist())
    for name, flag in FLAGS.items():
        if name in carried:
            severity = SEVERITIES.index(flag.severity)
            where = rows.is_flagged(name)
            if name in told:
                where &= told[name] < severity
            yield name, found(where, severity, _as_it_is(f"{flag.meaning} {flag.remedy}"))
    for name in sorted(carried - FLAGS.keys()):
        yield (
            UNKNOWN_FLAG,
            found(
                rows.is_flagged(name),
                INFO,
                f"It carries the flag {_as_it_is(shown(shortened(name)))}, which this version does not know: read what "
                "its source says of it.",
            ),
        )


def _as_it_is(text: str) -> str:
    return text.replace("%", "%%")
