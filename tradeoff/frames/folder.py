"""A Run on disk: a folder that survives a kill at any moment.

``environment.json`` says what it is. A point's samples are written first, to
``samples/<point_id>.parquet``; then ``points/<point_id>.parquet`` marks the point as complete.
Each file is written aside and renamed, so that it is there whole or not at all.
`RunFolder.compact` gathers the marks into ``points.parquet``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tradeoff.frames.arrow import (
    as_told,
    frame_table,
    point_table,
    sample_table,
    table_frame,
    write_points,
    write_samples,
)
from tradeoff.frames.columns import POINT_COLUMNS, SAMPLE_COLUMNS, Column
from tradeoff.frames.run import Run
from tradeoff.frames.tables import make_points, make_samples
from tradeoff.frames.validate import FrameError, validate_points, validate_samples

FORMAT = "tradeoff-run"
VERSION = 1
_OURS = ("environment.json", "points.parquet", "points", "samples")
_POINT_FILE = re.compile(r"[0-9a-f]{12}\.parquet")
_ASIDE = ".part"
_ALWAYS = ("point_id", "workload", "batch_size", "phase", "latency_ns", "status")
"""Columns without which a file cannot be one of ours."""
_AGAIN = "measure what it held again with resume=True (--resume)"


class RunFolderError(OSError, ValueError):
    """A Run folder that cannot be read or written; the message names the file and what to do."""


class RunFolder:
    """The folder of one Run: commit finished points to it, read it back, compact it.

    Parameters
    ----------
    path
        The folder. Nothing is touched until `create` or `open`.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def is_run(self) -> bool:
        """Tell whether the folder holds a Run."""
        return (self.path / "environment.json").is_file()

    def create(self, environment: Mapping[str, Any]) -> RunFolder:
        """Make the folder for a new Run.

        Raises
        ------
        RunFolderError
            When a Run is there already, or the folder cannot be written.
        """
        if self.is_run():
            raise RunFolderError(f"{self.path} holds a Run already: choose another folder, or go on with resume=True")
        stray = next((name for name in _OURS if (self.path / name).exists()), None)
        if stray is not None:
            raise RunFolderError(f"{self.path / stray} is there but {self.path} is not a Run: choose another folder")
        with _named(self.path, "make the folder"):
            (self.path / "points").mkdir(parents=True, exist_ok=True)
            (self.path / "samples").mkdir(exist_ok=True)
        self.set_environment(environment)
        return self

    def open(self) -> RunFolder:
        """Check that the folder is a Run.

        Raises
        ------
        RunFolderError
            When it is not, or was written by a newer version.
        """
        _ = self.environment
        return self

    @property
    def environment(self) -> dict[str, Any]:
        """What it takes to repeat the measurement."""
        file = self.path / "environment.json"
        if not self.path.is_dir():
            raise RunFolderError(f"{self.path} is not a folder: expected a Run folder with an environment.json")
        if not file.is_file():
            raise RunFolderError(f"{file} is missing: {self.path} is not a Run folder")
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise RunFolderError(f"{file} cannot be read as JSON: {error}") from error
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise RunFolderError(f"{file} is not the environment of a Run: expected an object with format {FORMAT!r}")
        if content.get("version") != VERSION:
            raise RunFolderError(
                f"{file} has version {content.get('version')!r}; this tradeoff reads version {VERSION}: upgrade it"
            )
        environment = content.get("environment")
        if not isinstance(environment, dict):
            raise RunFolderError(f"{file} has no environment: expected an object under 'environment'")
        return environment

    def set_environment(self, environment: Mapping[str, Any]) -> None:
        """Write ``environment.json``."""
        content = {"format": FORMAT, "version": VERSION, "environment": dict(environment)}
        text = json.dumps(content, indent=1, sort_keys=True, allow_nan=False) + "\n"
        _write_whole(self.path / "environment.json", lambda file: file.write_text(text, encoding="utf-8"))

    def finished(self) -> set[str]:
        """Return the ids of the points that are complete: those that have their row and their samples."""
        marked = {file.stem for file in self._files("points")}
        compacted = self.path / "points.parquet"
        if compacted.exists():
            marked |= set(_read_table(compacted, {"point_id": POINT_COLUMNS["point_id"]})["point_id"].to_pylist())
        return marked & {file.stem for file in self._files("samples")}

    def commit(self, point: Mapping[str, Any], samples: Mapping[str, Any]) -> None:
        """Keep one finished point: its samples first, then its row as the mark.

        Parameters
        ----------
        point
            One row of ``points``, column name to value, as `make_points` takes it.
        samples
            Its samples, column name to array, as `make_samples` takes them; may be empty.

        Raises
        ------
        RunFolderError
            When a file cannot be written; what was kept before stays.
        ValueError
            When a value cannot be what its column holds.
        """
        row = point_table(point)
        name = str(row["point_id"][0])
        calls = sample_table({**samples, "point_id": name})
        _write_whole(self.path / "samples" / f"{name}.parquet", partial(write_samples, calls))
        _write_whole(self.path / "points" / f"{name}.parquet", partial(write_points, row))

    def read_points(self) -> pd.DataFrame:
        """Read the rows of all complete points, in the order of their ids."""
        tables = [_read_table(file, POINT_COLUMNS, name=file.stem) for file in self._files("points")]
        compacted = self.path / "points.parquet"
        if compacted.exists():
            tables.append(_read_table(compacted, POINT_COLUMNS))
        if not tables:
            return make_points([])
        points = table_frame(tables, POINT_COLUMNS)
        # A mark is newer than the compacted row of the same point, and stands before it here.
        points = points.drop_duplicates("point_id").sort_values("point_id", ignore_index=True)
        try:
            validate_points(points)
        except FrameError as error:
            raise RunFolderError(f"{self.path} holds points that cannot be right: {error}") from error
        return points

    def read(self, *, samples_later: bool = False) -> Run:
        """Read the Run: complete points only, with their samples.

        Parameters
        ----------
        samples_later
            Read the samples when they are first asked for; only then a damaged file of samples is noticed.

        Raises
        ------
        RunFolderError
            When a file is damaged, foreign or missing; it is named, and nothing is changed.
        """
        environment = self.environment
        points = self.read_points()
        complete = set(points["point_id"])
        if samples_later:
            return Run(points, partial(self._read_samples, complete), environment)  # type: ignore[arg-type]
        return Run(points, self._read_samples(complete), environment)

    def _read_samples(self, complete: set[str]) -> pd.DataFrame:
        tables = [
            _read_table(file, SAMPLE_COLUMNS, name=file.stem)
            for file in self._files("samples")
            if file.stem in complete
        ]
        lost = complete - {file.stem for file in self._files("samples")}
        if lost:
            file = self.path / "samples" / f"{min(lost)}.parquet"
            raise RunFolderError(
                f"{file} is missing although its point was measured: put it back from a copy, or {_AGAIN}"
            )
        tables = [table for table in tables if len(table)]
        return table_frame(tables, SAMPLE_COLUMNS) if tables else make_samples({})

    def compact(self, revise: Callable[[pd.DataFrame], pd.DataFrame] | None = None) -> None:
        """Gather the marks into ``points.parquet`` and remove them; safe to be killed at any moment.

        Parameters
        ----------
        revise
            Given all complete rows, returns them with what only all rows together can tell.
        """
        points = self.read_points()
        if revise is not None:
            points = revise(points)
        marks = list(self._files("points"))
        rows = frame_table(points, POINT_COLUMNS)
        _write_whole(self.path / "points.parquet", partial(write_points, rows))
        for mark in marks:
            with _named(mark, "remove the file"):
                mark.unlink()

    def _files(self, kind: str) -> Iterator[Path]:
        folder = self.path / kind
        if not folder.is_dir():
            return
        for file in sorted(folder.iterdir()):
            if file.name.startswith("."):  # ours, half written when a sweep was killed; or the system's
                continue
            if not _POINT_FILE.fullmatch(file.name):
                raise RunFolderError(f"{file} does not belong in a Run folder: move it elsewhere")
            yield file


def save_run(run: Run, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
    """Write `run` to the folder `path`, whole or not at all; see `Run.save`."""
    validate_points(run.points)
    validate_samples(run.samples, run.points)
    target = Path(path)
    if RunFolder(target).is_run() and not overwrite:
        raise RunFolderError(f"{target} holds a Run already: choose another folder, or pass overwrite=True")
    if target.exists() and not target.is_dir():
        raise RunFolderError(f"{target} is a file: choose a folder")
    with _named(target, "make the folder"):
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        _fill(RunFolder(aside), run)
        with _named(target, "write the folder"):
            aside.chmod(0o777 & ~_umask())
            if target.is_dir():
                for item in target.iterdir():
                    if item.name not in _OURS:
                        item.rename(aside / item.name)
                shutil.rmtree(target)
            aside.rename(target)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _fill(folder: RunFolder, run: Run) -> None:
    folder.create(run.environment)
    by_point = dict(iter(run.samples.groupby("point_id", sort=False)))
    for name in run.points["point_id"]:
        samples = frame_table(by_point.get(name, run.samples.iloc[:0]), SAMPLE_COLUMNS)
        _write_whole(folder.path / "samples" / f"{name}.parquet", partial(write_samples, samples))
    _write_whole(folder.path / "points.parquet", partial(write_points, frame_table(run.points, POINT_COLUMNS)))


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@contextmanager
def _named(file: Path, what: str) -> Iterator[None]:
    """Turn an OSError into one that says which file and what was tried."""
    try:
        yield
    except RunFolderError:
        raise
    except OSError as error:
        why = error.strerror or str(error)
        raise RunFolderError(f"{file}: cannot {what}: {why}. What was kept before is unharmed") from error


def _write_whole(file: Path, write: Callable[[Path], object]) -> None:
    aside = file.with_name(f".{file.name}{_ASIDE}")
    with _named(file, "write the file"):
        try:
            write(aside)
            aside.replace(file)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise


def _read_table(file: Path, columns: Mapping[str, Column], *, name: str | None = None) -> pa.Table:
    try:
        with pq.ParquetFile(file, page_checksum_verification=True) as parquet:
            table = parquet.read(columns=list(columns) if len(columns) == 1 else None)
    except (OSError, ValueError, pa.ArrowException) as error:  # a flipped byte may end as bad UTF-8 in the footer
        raise RunFolderError(
            f"{file} is damaged or not a Parquet file ({_first_line(error)}): put it back from a copy, "
            f"or move it away and {_AGAIN}"
        ) from error
    # A Run written by an older version lacks the columns that have come since: they are missing, as they were then.
    there = set(table.column_names)
    absent = [column for column in _ALWAYS if column in columns and column not in there]
    if absent:
        raise RunFolderError(f"{file} does not belong in a Run: column {absent[0]!r} is missing; move it elsewhere")
    try:
        table = as_told(table, columns)
    except ValueError as error:
        raise RunFolderError(f"{file} does not belong in a Run: {_first_line(error)}; move it elsewhere") from error
    if name is not None and set(table["point_id"].unique().to_pylist()) - {name}:
        raise RunFolderError(f"{file} holds another point than its name says; move it elsewhere")
    return table


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
