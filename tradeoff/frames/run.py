"""A Run: what was measured, where, and how to measure it again."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from tradeoff.frames.tables import make_points, make_samples


class _Samples:
    """Holds the samples, or reads them when they are first asked for: a sweep need not have them all in memory."""

    def __get__(self, run: Run | None, owner: type[Run]) -> Any:
        if run is None:
            return _no_samples  # the default of the field
        held = run.__dict__["_samples"]
        if callable(held):
            held = run.__dict__["_samples"] = held()
        return held

    def __set__(self, run: Run, held: pd.DataFrame | Callable[[], pd.DataFrame]) -> None:
        run.__dict__["_samples"] = held


def _no_samples() -> pd.DataFrame:
    return make_samples({})


def without_steps(samples: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of calls and requests: without those that say what a token model's iterations took."""
    return samples[samples["step"].isna()] if "step" in samples else samples


@dataclass(frozen=True, eq=False, repr=False)
class Run:
    """Two frames and the environment they were measured in.

    Attributes
    ----------
    points
        A row per operating point; columns as in `tradeoff.frames.columns.POINT_COLUMNS`.
    samples
        A row per call or request; columns as in `tradeoff.frames.columns.SAMPLE_COLUMNS`. May be given as a function
        that returns them: it is called when they are first asked for.
    environment
        What it takes to repeat the measurement; JSON-able, and nothing in it names a person or a host.
    """

    points: pd.DataFrame = field(default_factory=lambda: make_points([]))
    samples: pd.DataFrame = _Samples()  # type: ignore[assignment]
    environment: Mapping[str, Any] = field(default_factory=dict)

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write the Run as a folder that `tradeoff.read`, pandas, DuckDB, Dask or Spark can read.

        Parameters
        ----------
        path
            The folder: ``environment.json``, ``points.parquet`` and ``samples/<point_id>.parquet``.
        overwrite
            Replace the Run that is there already; other files in the folder stay.

        Raises
        ------
        RunFolderError
            When the folder holds a Run and `overwrite` is not given, or files that are no Run's under a Run's names,
            or a file cannot be written.
        FrameError
            When a frame does not follow its column table; every problem is listed.
        """
        from tradeoff.frames.save import save_run

        save_run(self, path, overwrite=overwrite)

    def samples_of(self, point_id: str, *, phase: str | None = "measure") -> pd.DataFrame:
        """Return the calls or requests of one point, of one phase or (``phase=None``) of all.

        Raises
        ------
        KeyError
            When no point has this id.
        """
        samples = without_steps(self._rows_of(point_id))
        return samples if phase is None else samples[samples["phase"] == phase]

    def steps_of(self, point_id: str) -> pd.DataFrame:
        """Return the iterations of one point of a token model, in order; no rows where there were none.

        Raises
        ------
        KeyError
            When no point has this id.
        """
        rows = self._rows_of(point_id)
        return rows[rows["step"].notna()] if "step" in rows else rows[:0]

    def _rows_of(self, point_id: str) -> pd.DataFrame:
        if point_id not in set(self.points["point_id"]):
            raise KeyError(f"no point {point_id!r} in this Run; its ids are in run.points['point_id']")
        return self.samples[self.samples["point_id"] == point_id]

    def __repr__(self) -> str:
        workloads = ", ".join(sorted(self.points["workload"].dropna().unique())) if "workload" in self.points else ""
        held = self.__dict__["_samples"]
        samples = "samples not yet looked at" if callable(held) else f"{len(held)} samples"
        samples = "0 samples" if held is _no_samples else samples
        return f"Run({len(self.points)} points, {samples}{': ' + workloads if workloads else ''})"
