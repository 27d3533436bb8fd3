"""Whether the points can carry the percentiles that an objective names at all."""

from __future__ import annotations

import math

import pandas as pd

from tradeoff.digits import whole
from tradeoff.frames import PERCENTILES, POINT_COLUMNS
from tradeoff.objective import Objective, ObjectiveError


def check_support(points: pd.DataFrame, objective: object) -> None:
    """Refuse an objective that names a percentile for which no point has samples enough.

    Raises
    ------
    ObjectiveError
        Naming the percentile, the largest n and the n that it takes. A percentile that lacks for another reason is
        left to `tradeoff.decide`.
    """
    if not isinstance(objective, Objective):
        return
    for name in dict.fromkeys([objective.metric, *(one.metric for one in objective.constraints)]):
        percentile = name.removesuffix("_ms").rpartition("_")[2]
        if percentile not in PERCENTILES or name not in points or points[name].notna().any():
            continue
        n = points["n"].dropna() if "n" in points else pd.Series(dtype="Int64")
        needed = math.ceil(1.0 / (1.0 - PERCENTILES[percentile]) - 1e-9)
        if len(n) and int(n.max()) < needed:
            short = POINT_COLUMNS[name].short if name in POINT_COLUMNS else name
            seen, least = whole(int(n.max())), whole(needed)
            raise ObjectiveError(
                f"no point carries a {short}: the largest n is {seen}, and a {percentile} takes at least {least} "
                "independent samples; measure longer, or ask for a lower percentile"
            )
