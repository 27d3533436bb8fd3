"""One number of a row of ``points``, whatever stands there."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd


def number_in(row: Mapping[str, Any] | pd.Series, name: str, missing: float = math.nan) -> float:
    """Return a number of a row as a float; `missing` where the row has none, or no such column."""
    value = row.get(name)
    return missing if value is None or pd.isna(value) else float(value)
