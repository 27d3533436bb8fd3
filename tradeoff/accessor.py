"""``points.tradeoff``: what an ordinary frame of points can do.

Importing this module registers the accessor with pandas.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from tradeoff.frames import Run, validate_points

if TYPE_CHECKING:
    from tradeoff.compare import Comparison
    from tradeoff.explorer import Explorer
    from tradeoff.objective import Decision, Objective


@pd.api.extensions.register_dataframe_accessor("tradeoff")
class TradeoffAccessor:
    """The trade-off in a frame of points: ``points.tradeoff.frontier()`` and its kin.

    Raises
    ------
    AttributeError
        When the frame has no ``point_id``: it is not a frame of points.
    """

    def __init__(self, points: pd.DataFrame) -> None:
        if "point_id" not in points:
            # pandas wants an AttributeError here, so that hasattr() tells the truth.
            raise AttributeError(
                "'.tradeoff' needs a frame of points, with a column 'point_id': take run.points, or make one "
                "with tradeoff.frames.make_points(rows)"
            )
        self._points = points

    def validate(self) -> None:
        """Raise a `FrameError` that lists every problem of the frame."""
        validate_points(self._points)

    def frontier(self, **options: Any) -> pd.Series:
        """Label every row ``frontier``, ``ambiguous`` or ``dominated``; options as in `tradeoff.frontier`."""
        from tradeoff.frontier import frontier

        return frontier(self._points, **options)

    def attainment(self, **options: Any) -> pd.DataFrame:
        """Return the best throughput at each latency limit; options as in `tradeoff.attainment`."""
        from tradeoff.attainment import attainment

        return attainment(self._points, **options)

    def knee(self, **options: Any) -> pd.DataFrame:
        """Find the point with the most throughput per latency; options as in `tradeoff.knee`."""
        from tradeoff.knee import knee

        return knee(self._points, **options)

    def audit(self) -> pd.DataFrame:
        """Find out what the rows can bear; see `tradeoff.audit`."""
        from tradeoff.audit import audit

        return audit(self._points)

    def decide(self, objective: Objective | str) -> Decision:
        """Answer an objective; see `tradeoff.decide`."""
        from tradeoff.objective import decide

        return decide(self._points, objective)

    def compare(self, after: Run | pd.DataFrame, objective: Objective | str, **options: Any) -> Comparison:
        """Compare with what was measured later; see `tradeoff.compare`."""
        from tradeoff.compare import compare

        return compare(self._points, after, objective, **options)

    def explore(self, **options: Any) -> Explorer:
        """Open the explorer on the frame; options as in `tradeoff.Explorer`. Distributions need a whole Run."""
        from tradeoff.explorer import Explorer

        return Explorer(Run(points=self._points), **options)
