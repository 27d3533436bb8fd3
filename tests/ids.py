"""Names of cases that are the same in every process, as pytest-xdist needs them."""

from __future__ import annotations

import re


def case_id(value: object) -> str:
    """Write a case as `str` does, without the addresses of functions in it."""
    return re.sub(r" at 0x[0-9a-f]+", "", str(value))
