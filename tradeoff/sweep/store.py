"""Where a sweep keeps its points: in memory, or in a Run folder that survives a kill."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from tradeoff import environment
from tradeoff.callers import level_of_caller
from tradeoff.digits import counted
from tradeoff.frames import NEVER_POOLED, Run, RunFolder, RunFolderError, make_points, make_samples
from tradeoff.frames.busy import is_busy
from tradeoff.limits import Limits, recorded_limits
from tradeoff.sweep.grid import GridPoint
from tradeoff.timing import Measurement, is_gil_bound


@dataclass
class Memory:
    """Keeps the points of a sweep that has no folder."""

    environment: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    samples: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def held(self) -> AbstractContextManager[object]:
        """Nobody else writes to memory."""
        return nullcontext()

    def left(self, points: Sequence[GridPoint], spec: Mapping[str, Any]) -> list[GridPoint]:
        """Return the points that need measuring: all of them."""
        del spec
        return list(points)

    def known(self) -> pd.DataFrame:
        """Return the points that were there before: none."""
        return make_points([])

    def begin(self, spec: dict[str, Any], limits: Limits | None = None) -> None:
        """Record the environment and what is asked for."""
        self.environment = {**environment.capture(), "sweeps": [spec], **_recorded(limits)}

    def keep(self, point: GridPoint, measured: Measurement) -> None:
        """Keep what is known of a point, in place of what was before."""
        self.rows[point.point_id] = {**point.identity(), **measured.point}
        if measured.samples:
            self.samples[point.point_id] = {"point_id": point.point_id, "replicate": 0, **measured.samples}

    def end(self) -> Run:
        """Return everything that was kept."""
        points = make_points(list(self.rows.values())).sort_values("point_id", ignore_index=True)
        # A frame of a million calls takes a second to make, and not everybody looks at it.
        return Run(flag_gil_bound(points), self._frame, self.environment)  # type: ignore[arg-type]

    def _frame(self) -> pd.DataFrame:
        frames = [make_samples(columns) for columns in self.samples.values()]
        return pd.concat(frames, ignore_index=True) if frames else make_samples({})


class Folder:
    """Commits each point to a Run folder as it is finished.

    Parameters
    ----------
    folder
        The folder.
    resume
        Go on with what is there.
    retry_failed
        Measure points that failed or ran out of memory once more.
    """

    def __init__(self, folder: RunFolder, *, resume: bool, retry_failed: bool = False) -> None:
        self._folder, self._resume, self._retry_failed = folder, resume, retry_failed
        self._finished: set[str] = set()

    def held(self) -> AbstractContextManager[object]:
        """Keep other sweeps from writing to the folder."""
        return self._folder.writing()

    def left(self, points: Sequence[GridPoint], spec: Mapping[str, Any]) -> list[GridPoint]:
        """Return the points that need measuring.

        Raises
        ------
        RunFolderError
            When there are points and `resume` is not given, or they are those of another workload of the same name.
        """
        if not self._folder.is_run():
            return list(points)
        self._finished = self._folder.finished()
        if self._finished and not self._resume:
            raise RunFolderError(
                f"{self._folder.path} holds {counted(len(self._finished), 'measured point')}: choose another folder, "
                "or pass resume=True (--resume) to go on"
            )
        before = self._folder.environment.get("sweeps", [])
        if self._finished:
            self._compare(before, spec)
        again = self._folder.with_status("partial", *(("failed", "oom") if self._retry_failed else ()))
        done = self._finished - again
        return [point for point in points if point.point_id not in done]

    def _compare(self, before: Sequence[Mapping[str, Any]], spec: Mapping[str, Any]) -> None:
        same = [each for each in before if each.get("workload") == spec.get("workload")]
        other = next((each["path"] for each in same if each.get("path", spec.get("path")) != spec.get("path")), None)
        if other is not None and spec.get("path") is not None:
            raise RunFolderError(
                f"{self._folder.path} holds points of {other}, and {spec['path']} would go by the same name: "
                "give it another with name= (--name), or choose another folder"
            )
        then, now = _settings(same[-1] if same else {}), _settings(spec)
        differ = [name for name in now if name in then and then[name] != now[name]]
        if differ:
            old, new = (", ".join(f"{name} {told[name]}" for name in differ) for told in (then, now))
            warnings.warn(
                f"{self._folder.path}: the points that are there stay as they are, measured with {old}; "
                f"this sweep has {new}",
                stacklevel=level_of_caller(),
            )

    def known(self) -> pd.DataFrame:
        """Return the points that were there before."""
        return self._folder.read_points()

    def begin(self, spec: dict[str, Any], limits: Limits | None = None) -> None:
        """Record the environment and what is asked for."""
        now = environment.capture()
        if not self._folder.is_run():
            self._folder.create({**now, "sweeps": [spec], **_recorded(limits)})
            return
        before = self._folder.environment
        changed = environment.differences(before, now)
        if changed and self._finished:
            warnings.warn(
                f"{self._folder.path} was measured elsewhere or otherwise: {'; '.join(changed)}",
                stacklevel=level_of_caller(),
            )
        sweeps = [*before.get("sweeps", []), spec]
        kept = before if self._finished else now
        self._folder.set_environment({**kept, "sweeps": sweeps, **_recorded(limits, recorded_limits(before))})

    def keep(self, point: GridPoint, measured: Measurement) -> None:
        """Keep what is known of a point, in place of what was before."""
        self._folder.commit({**point.identity(), **measured.point}, {"replicate": 0, **measured.samples})

    def end(self) -> Run:
        """Return everything that was kept."""
        self._folder.compact(flag_gil_bound)
        return self._folder.read(samples_later=True)


def _settings(spec: Mapping[str, Any]) -> dict[str, object]:
    """Return what changes how well a point is known, or at what it is known, and is no part of what a point is."""
    settings = {name: spec[name] for name in ("seed", "replicates") if name in spec}
    budget = spec.get("budget")
    return {"budget": budget["name"], **settings} if isinstance(budget, Mapping) and "name" in budget else settings


def _recorded(limits: Limits | None, before: Sequence[Limits] = ()) -> dict[str, Any]:
    """Return what the environment says of limits: the newest of each device and backend, or nothing."""
    found = {(each.device, each.backend): each.to_dict() for each in (*before, *([] if limits is None else [limits]))}
    return {"limits": list(found.values())} if found else {}


def flag_gil_bound(points: pd.DataFrame) -> pd.DataFrame:
    """Flag host rows whose second call in flight gained nothing: it takes the rows at 1 and at 2 to tell.

    Rows of which it is not known whether cores were idle stay as they are; where the machine was busy, nobody can tell.
    """
    flags = [list(row) for row in points["flags"]]
    same = [*NEVER_POOLED, "batch_size"]
    host = points[(points["model_clock"] == "host") & (points["source"] == "tradeoff")]
    for _, rows in host.groupby(same, dropna=False):
        told = rows.dropna(subset=["concurrency"]).set_index("concurrency")
        numbers = told[["calls_per_s", "cores_used", "cores_idle"]].astype("float64").to_dict("index")
        if 1 not in numbers or 2 not in numbers or math.isnan(numbers[2]["cores_used"] + numbers[2]["cores_idle"]):
            continue
        bound = not is_busy(told.loc[[1, 2]]).any() and is_gil_bound(
            rate_one=numbers[1]["calls_per_s"],
            rate_two=numbers[2]["calls_per_s"],
            cores_used=numbers[2]["cores_used"],
            cores_idle=numbers[2]["cores_idle"],
        )
        for place in points.index.get_indexer(rows.index[rows["concurrency"] >= 2]):
            flags[place] = [flag for flag in flags[place] if flag != "gil_bound"] + ["gil_bound"] * int(bound)
    return points.assign(flags=pd.Series(flags, index=points.index, dtype="object"))
