"""The Pareto frontier of a frame of points, with the uncertainty of the points taken into account."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tradeoff.arguments import shown
from tradeoff.comparable import corners_of, frame_of, groups, numbers_of, sign_of, usable
from tradeoff.dominance import Scores, is_dominated
from tradeoff.frames import Run
from tradeoff.frames.columns import Better
from tradeoff.frames.names import column_of

LABELS = ("frontier", "ambiguous", "dominated")
"""What a row can be, best first."""

LABEL_DTYPE = pd.CategoricalDtype(list(LABELS[::-1]), ordered=True)
"""The dtype of `frontier`: ordered, so that ``labels >= "ambiguous"`` means what it says."""


def frontier(
    points: Run | pd.DataFrame,
    x: str = "latency_p99_ms",
    y: str = "throughput_rps",
    *,
    more: Sequence[str] = (),
    by: Iterable[str] | None = None,
    better: Mapping[str, Better] | None = None,
) -> pd.Series:
    """Label every row ``frontier``, ``ambiguous`` or ``dominated`` within its comparable group.

    A row *dominates* another when it is at least as good on every axis and better on one. With intervals, a row is
    ``dominated`` when some other row's pessimistic corner dominates its optimistic corner; else ``ambiguous`` when
    some row dominates it by the values themselves; else ``frontier``. Ties and duplicates of a frontier row are on the
    frontier. Rows that failed, ran beyond capacity, contradict themselves or served nothing never compete
    (`tradeoff.comparable.usable`), whatever numbers they hold.

    A missing pessimistic end of an interval is unknown, not the value: such a row dominates no other for sure
    (`tradeoff.comparable.corners_of`). Where no row of a group has an interval on an axis, the values are all there is.

    Parameters
    ----------
    points
        A Run or a frame of points; any index.
    x, y
        Two numeric columns, by any name that an objective takes (``"p99"``). ``<name>_lo`` and ``<name>_hi``, where
        present, are their intervals.
    more
        One or two further axes.
    by
        Columns whose values tell comparable groups apart; by default those of `NEVER_POOLED` that are present.
        ``by=()`` lets all rows compete.
    better
        ``{"column": "lower"}`` or ``"higher"``, for columns whose direction the column table leaves open.

    Returns
    -------
    pandas.Series
        Ordered category on the frame's index; missing where a value on an axis is missing, and where a row does not
        compete.

    Raises
    ------
    TypeError, ValueError
        When `points` is neither; when a column is absent, not numeric or without a direction, or there are more than
        four axes.

    Notes
    -----
    Two and three axes take O(n log n); see `tradeoff.dominance`.
    """
    frame = frame_of(points)
    if isinstance(more, str) or not isinstance(more, Sequence):
        raise ValueError(f"more={shown(more)}: give a list of columns, as in more=['energy_j_per_item']")
    named = (("x", x), ("y", y), *(("more", one) for one in more))
    axes = [column_of(frame, name, argument) for argument, name in named]
    if len(set(axes)) != len(axes) or not 2 <= len(axes) <= 4:
        raise ValueError(f"axes {axes!r}: give two to four different columns")
    signs = [sign_of(frame, axis, better) for axis in axes]
    known = usable(frame)
    for axis in axes:
        known &= ~np.isnan(numbers_of(frame, axis))
    competing = list(groups(frame, known, by))
    corners = [corners_of(frame, axis, sign, competing) for axis, sign in zip(axes, signs, strict=True)]
    value, worst, best = _stacked(corners)
    codes = np.full(len(frame), -1, dtype=np.int8)
    for rows in competing:
        whole = len(rows) == len(frame)  # copies of large arrays take longer than the search
        mine = value if whole else value[:, rows]
        codes[rows] = _codes(mine, *((mine, mine) if worst is value else (worst[:, rows], best[:, rows])))
    return pd.Series(pd.Categorical.from_codes(codes, dtype=LABEL_DTYPE), index=frame.index, name="frontier")


def _stacked(corners: Sequence[tuple[Scores, Scores, Scores]]) -> tuple[Scores, Scores, Scores]:
    """Return values, pessimistic and optimistic corners, each (axes, n); one and the same without any interval."""
    value = np.stack([middle for middle, _, _ in corners])
    if all(worst is middle for middle, worst, _ in corners):
        return value, value, value
    return value, np.stack([worst for _, worst, _ in corners]), np.stack([best for _, _, best in corners])


def _codes(value: Scores, worst: Scores, best: Scores) -> NDArray[np.int8]:
    likely = is_dominated(value, by=value)
    certain = likely if worst is value else is_dominated(best, by=worst)
    code = {label: number for number, label in enumerate(LABEL_DTYPE.categories)}
    codes = np.full(value.shape[1], code["frontier"], dtype=np.int8)
    codes[likely] = code["ambiguous"]
    codes[certain] = code["dominated"]
    return codes
