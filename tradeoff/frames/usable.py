"""Which rows may compete at all: one rule, for all that ranks, compares or draws them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tradeoff.frames.columns import UNUSABLE
from tradeoff.frames.contradictions import cannot_be


def usable(points: pd.DataFrame) -> NDArray[np.bool_]:
    """Tell which rows may compete at all: for frontier, knee, attainment, decide, compare, plots and pages alike.

    Rows that failed, ran out of memory or beyond capacity (`tradeoff.frames.UNUSABLE`) may not, whatever numbers they
    hold; nor rows that contradict themselves (`tradeoff.frames.contradictions`), nor rows whose throughput is 0,
    negative or infinite: nothing was served, or it was not measured. A throughput that is not known is no reason.
    """
    fit = ~cannot_be(points)
    if "throughput_rps" in points and pd.api.types.is_numeric_dtype(points["throughput_rps"]):
        rate = points["throughput_rps"].to_numpy(dtype="float64", na_value=np.nan)
        fit &= ~((rate <= 0) | np.isposinf(rate))
    if "status" in points:
        bad = [status for status in points["status"].dropna().unique() if str(status).strip().lower() in UNUSABLE]
        fit &= ~points["status"].isin(bad).to_numpy(dtype=bool)
    return fit
