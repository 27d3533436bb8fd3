"""``tradeoff.claim``: one published number, with what it takes to plan against it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pandas as pd

from tradeoff.arguments import ArgumentError, shown
from tradeoff.claim import words
from tradeoff.claim.data import (
    Data,
    frame_of,
    involved,
    one_row_a_point,
    public_objective,
    public_points,
    published,
)
from tradeoff.claim.document import content_of, document
from tradeoff.claim.errors import ClaimError
from tradeoff.claim.findings import findings_of
from tradeoff.claim.private import public_environment
from tradeoff.claim.source import source_of
from tradeoff.figures.claim import claim_axes, plot_claim
from tradeoff.figures.theme import Theme
from tradeoff.frames import POINT_COLUMNS, Run, make_samples
from tradeoff.frontier import frontier
from tradeoff.objective import Objective, ObjectiveError, decide

if TYPE_CHECKING:
    import plotly.graph_objects as go


@dataclass(frozen=True, eq=False, repr=False)
class Claim:
    """One published number, with what it takes to plan against it.

    Attributes
    ----------
    content
        Everything that is claimed, as ``claim`` in ``claim.json``: value, interval, n, objective, verdict, what is
        stated and what is not, machine, software, source, date, and the hash of the data.
    points
        The points that the answer is one of, as they are published.
    problems
        Of a claim that was read from a file: what is not as it was written, a sentence each.
    """

    content: Mapping[str, Any]
    points: pd.DataFrame
    problems: tuple[str, ...] = ()
    _samples: Callable[[], pd.DataFrame] | None = field(default=None, kw_only=True)

    @property
    def verified(self) -> bool:
        """Whether everything is as it was written, and follows from the data."""
        return not self.problems

    @property
    def verdict(self) -> str:
        """``"feasible"``, ``"undecided"`` or ``"infeasible"``."""
        return str(self.content["verdict"])

    @property
    def objective(self) -> Objective:
        """What was asked."""
        return Objective.parse(self.content["objective"], columns=map(str, self.points.columns))

    @property
    def axes(self) -> tuple[str, str]:
        """The columns of the figure: x and y."""
        axes = tuple(self.content["axes"])
        known = len(axes) == 2 and all(n in POINT_COLUMNS and POINT_COLUMNS[n].better != "neither" for n in axes)
        return cast("tuple[str, str]", axes) if known else claim_axes(self.points, self.objective)

    @property
    def findings(self) -> list[dict[str, str]]:
        """What the audit found about the point."""
        return [dict(one) for one in self.content["findings"]]

    def sentence(self) -> str:
        """Return the claim as one line of prose for a document."""
        return str(self.content["sentence"])

    def missing(self) -> list[str]:
        """Name what is not stated and a planner would ask; while this is not empty the claim is incomplete."""
        return list(self.content["missing"])

    def plot(self, *, theme: Theme = "light") -> go.Figure:
        """Plot the frontier with the limit, the answer, and a caption that says everything.

        Parameters
        ----------
        theme
            ``"light"`` or ``"dark"``.

        Returns
        -------
        plotly.graph_objects.Figure
            800 pixels wide; not shown.
        """
        return plot_claim(
            self.points, self.objective, answer=self.content["point"]["point_id"], axes=self.axes,
            marks=self.content["marks"], caption=words.caption(self.content), theme=theme,
        )  # fmt: skip

    def save(
        self, path: str | os.PathLike[str], *, pdf: bool = False, dark: bool = False, overwrite: bool = False
    ) -> Path:
        """Write a bundle: a folder of files that each hold the claim, and can each be verified.

        ``figure.html`` (sliders alive, no network), ``figure.svg`` and ``figure.png`` (800 pixels wide, on white),
        ``points.csv``, ``claim.json``, ``claim.md`` (picture, caption, table). Nothing in them names a person, a host
        or a path, unless it was asked for with ``source=``. Several claims share a browser with `save_claims`.

        Parameters
        ----------
        path
            The folder; other files in it stay.
        pdf
            Write ``figure.pdf`` too.
        dark
            Write ``figure-dark.svg`` and ``figure-dark.png`` too.
        overwrite
            Write over another claim, and over files that are no claims. The same claim is always written again.

        Returns
        -------
        pathlib.Path
            The folder. Without kaleido (extra ``image``) or a browser it has no pictures, and a `NoPicturesWarning`
            and ``claim.md`` say which command gives them.

        Raises
        ------
        ClaimError
            When something else is there already, or the claim was read from a file and does not verify.
        RunFolderError
            When it cannot be written; what was there stays.
        """
        from tradeoff.claim.bundle import save_claims

        return save_claims({path: self}, pdf=pdf, dark=dark, overwrite=overwrite)[0]

    def page(self) -> str:
        """Return the claim as one HTML page with sliders."""
        from tradeoff.claim.page import claim_page

        return claim_page(
            self.content, self.points, self.objective, samples=self._samples,
            figures=lambda theme: self.plot(theme=cast(Theme, theme)),
        )  # fmt: skip

    def document(self) -> dict[str, Any]:
        """Return what ``claim.json`` holds: the claim, its data, and their hashes."""
        return document(self.content, self.data())

    def data(self) -> Data:
        """Return the points as columns and rows of plain values, with their hash."""
        return self._data

    @cached_property
    def _data(self) -> Data:
        return published(self.points)

    def labels(self) -> list[str]:
        """Say of each point whether it is on the frontier, may be, or is dominated; empty where there is no telling."""
        x, y = self.axes
        told = frontier(self.points, x, y, by=())
        return ["" if pd.isna(label) else str(label) for label in told]

    def __str__(self) -> str:
        return self.sentence()

    def __repr__(self) -> str:
        marks = f" {', '.join(self.content['marks'])}:" if self.content["marks"] else ""
        return f"Claim({marks.lstrip()}{' ' if marks else ''}{self.sentence()})"


def claim(
    run: Run | pd.DataFrame,
    objective: Objective | str,
    *,
    date: date | str | None = None,
    source: str | os.PathLike[str] | None = None,
) -> Claim:
    """Answer an objective, and state everything that it takes to plan against the answer.

    Parameters
    ----------
    run
        A Run; a frame of points does too, and leaves the software unstated.
    objective
        As text, ``"maximize throughput subject to p99 <= 20 ms at concurrency 32"``, or an `Objective`.
    date
        The day of the claim, as a date or ``"2026-11-24"``; today in UTC by default.
    source
        The file or Run folder of the points, or what else it is called. It is hashed where it can be read, and
        **named in every file**; by default the points are hashed and nothing is named.

    Returns
    -------
    Claim
        Its ``sentence()``, what is ``missing()``, its figure (``plot()``), and a bundle of files (``save``). A
        verdict of ``infeasible`` is a claim too: that no measured point meets the objective.

    Raises
    ------
    ObjectiveError
        When the objective cannot be read, or cannot be asked of these points: none were measured, all failed, a
        metric is missing, n carries no such percentile, or the points belong to several groups.
    ClaimError
        When two rows are one point, and differ; or the objective names a column that its text cannot.
    ArgumentError, TypeError
        When an argument cannot be used.
    """
    if not isinstance(run, Run | pd.DataFrame):
        raise TypeError(f"run is {type(run).__name__}, not a Run or a frame of points: tradeoff.read(path) reads one")
    day = _day(date)
    whole = run if isinstance(run, Run) else Run(run)
    asked, found = _asked(objective, whole)
    # What the answer competes with is chosen before names are cut: afterwards two may look alike.
    competing = involved(whole.points, asked, found)
    told = public_objective(asked)
    everything = public_points(whole.points, told)
    data = published(one_row_a_point(everything.iloc[competing].reset_index(drop=True)))
    samples = _samples_of(whole, competing)
    seen = Run(frame_of(data), samples, whole.environment)  # type: ignore[arg-type]
    decision = decide(seen, told)
    content = content_of(
        decision,
        data,
        axes=claim_axes(seen.points, told, binding=decision.binding or decision.shortfall),
        environment=public_environment(whole.environment),
        source=source_of(source, everything),
        findings=findings_of(seen, str(decision.point["point_id"])),
        day=day,
    )
    return Claim(content, seen.points, _samples=lambda: seen.samples)


def _asked(objective: Objective | str, run: Run) -> tuple[Objective, pd.Series]:
    """Read the objective and answer it; refuse one that no file could state."""
    columns = [str(name) for name in run.points.columns]
    asked = Objective.of(objective, columns)
    answer = decide(run.points, asked).point  # says what is wrong before anything else does
    told = public_objective(asked)
    try:
        same = Objective.parse(str(told), columns=columns) == told
    except ObjectiveError:
        same = False
    if not same:
        raise ClaimError(f"the objective ({asked}) does not read back from its text: rename the columns it names")
    return asked, answer


def _samples_of(run: Run, places: list[int]) -> Callable[[], pd.DataFrame]:
    """Read the samples of some points when they are first asked for: they may be many, and on a disk."""
    if "point_id" not in run.points:
        return lambda: make_samples({})
    if len(places) == len(run.points):
        return lambda: run.samples
    ids = run.points["point_id"].iloc[places]
    return lambda: run.samples[run.samples["point_id"].isin(ids).to_numpy(dtype=bool)]


def _day(given: object) -> date:
    if given is None:
        return datetime.now(UTC).date()
    if isinstance(given, datetime):
        return given.date()
    if isinstance(given, date):
        return given
    try:
        return date.fromisoformat(given)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise ArgumentError(
            f"date must be a date, such as '2026-11-24', or None for today; got {shown(given)}"
        ) from None
