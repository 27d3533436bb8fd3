"""``tradeoff.calibrate``: does the simulator tell the truth about this machine? Served, simulated, compared."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from tradeoff.arguments import ArgumentError, shown
from tradeoff.arguments import seed as seed_of
from tradeoff.digits import counted, three
from tradeoff.frames import Run
from tradeoff.serving.calibration import TOLERANCES, compare_with_simulation

if TYPE_CHECKING:
    import plotly.graph_objects as go

BELOW = 0.8
"""Share of the time that workers are busy up to which the simulator has to agree."""

_FEWEST_DRAWS, _MOST_DRAWS = 5, 1000


@dataclass(frozen=True, eq=False)
class Calibration:
    """What was served beside what is simulated from its own service times.

    Attributes
    ----------
    table
        A row for each point: ``utilisation``, and for p50 and p99 ``measured_*_ms`` and ``simulated_*_ms`` with their
        ends (``_lo``, ``_hi``), ``difference_*_pct`` and ``agrees_*`` (within 5 % for p50 and 10 % for p99, or inside
        the interval of the difference; None where the measured interval has no end and it cannot be told);
        ``correlation`` of a batch's time with the next; ``why`` says what may explain a disagreement.
    draws
        Simulations of each point.
    """

    table: pd.DataFrame
    draws: int

    @property
    def agrees(self) -> bool | None:
        """Whether all points below 80 % busy agree; False when one does not, None when it cannot be told."""
        below = self.table[self.table["utilisation"] < BELOW]
        if any(_disagrees(row) for _, row in below.iterrows()):
            return False
        return True if len(below) and all(_is_known(row) for _, row in below.iterrows()) else None

    def sentence(self) -> str:
        """Tell it to a newcomer."""
        below = self.table[self.table["utilisation"] < BELOW]
        if not len(below):
            return (
                f"No point has workers busy for less than {100 * BELOW:.0f} % of the time: above it a little more "
                "service time is much more wait, and nothing is claimed. Serve at lower loads too."
            )
        bad = below[[_disagrees(row) for _, row in below.iterrows()]]
        unknown = sum(not _disagrees(row) and not _is_known(row) for _, row in below.iterrows())
        agree = (
            f"{len(below) - len(bad) - unknown} of {counted(len(below), 'point')} below {100 * BELOW:.0f} % busy agree "
            f"with the simulator: p50 within {100 * TOLERANCES['p50']:.0f} %, p99 within "
            f"{100 * TOLERANCES['p99']:.0f} %, or inside the interval of the difference."
        )
        cannot = "Of {} it cannot be told: too few requests to know how far p99 reaches; serve longer."
        return " ".join(
            [agree, *([cannot.format(unknown)] if unknown else []), *(_told(row) for _, row in bad.iterrows())]
        )

    def plot(self, *, theme: Any = "light") -> go.Figure:
        """Plot p50 and p99, measured and simulated, over the time that workers were busy.

        Parameters
        ----------
        theme
            ``"light"`` or ``"dark"``.

        Returns
        -------
        plotly.graph_objects.Figure
            Not shown.
        """
        from tradeoff.figures.calibration import plot_calibration

        return plot_calibration(self.table, theme=theme)

    def cells(self) -> list[Sequence[str]]:
        """Return the table as text: the heads, and a row for each point."""
        return [_HEADS, *(_cells(row) for _, row in self.table.iterrows())]

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write one HTML page: the figure, the table, and why what disagrees disagrees.

        Parameters
        ----------
        path
            The file; its name ends in ``.html``.

        Returns
        -------
        pathlib.Path
            The file.

        Raises
        ------
        TypeError, ValueError
            When `path` is no path, or its name does not end in ``.html``.
        RunFolderError
            When it cannot be written; a page that was there stays.
        """
        from tradeoff.explorer.report import save_report

        workloads = ", ".join(map(str, self.table["workload"].dropna().unique()[:3]))
        return save_report(
            path,
            title=f"{workloads or 'served requests'}: measured and simulated",
            sentence=self.sentence(),
            figures={theme: self.plot(theme=theme) for theme in ("light", "dark")},
            table=self.cells(),
            notes=[
                ("simulated", (
                    f"the same policy, and in an open loop the same arrivals; each batch's time drawn from those "
                    f"measured at that point, of its size and with as many under way; {self.draws} draws"
                )),
                ("agrees", (
                    "p50 within 5 %, p99 within 10 %, or the difference inside its 95 % interval; 'cannot tell' where "
                    "the measured interval has no upper end"
                )),
                ("why", "times drawn one by one keep their distribution and lose their order: slow spells get shorter"),
            ],
        )  # fmt: skip

    def __repr__(self) -> str:
        return f"Calibration({counted(len(self.table), 'point')}: {self.sentence()})"


def calibrate(run: Run, *, draws: int = 20, seed: int = 0) -> Calibration:
    """Simulate what was served for real, from its own service times, and compare p50 and p99 over the load.

    Parameters
    ----------
    run
        Of `tradeoff.serve`, with its samples; several loads make a curve.
    draws
        Simulations of each point, from which the intervals come: 5 to 1000.
    seed
        Of the draws.

    Returns
    -------
    Calibration
        The comparison as a frame (``table``), a sentence, a figure and a page.

    Raises
    ------
    ValueError, TypeError
        When the Run holds nothing to compare, or an argument cannot be used.

    Notes
    -----
    `tradeoff.replay` asks another question: with the recorded times *in their order* the simulator gives the same
    requests at the same nanoseconds. Here the order is lost, as it is when a planner simulates a load that was never
    measured; what remains of the difference is what that costs.
    """
    if not isinstance(run, Run):
        raise TypeError(f"run is {type(run).__name__}, not a Run of tradeoff.serve")
    if isinstance(draws, bool) or not isinstance(draws, int) or not _FEWEST_DRAWS <= draws <= _MOST_DRAWS:
        raise ArgumentError(f"draws must be a whole number from {_FEWEST_DRAWS} to {_MOST_DRAWS}; got {shown(draws)}")
    return Calibration(compare_with_simulation(run, draws=draws, seed=seed_of(seed)), draws)


_HEADS = (
    "load", "busy, %", "p50 measured, ms", "simulated", "difference", "p99 measured, ms", "simulated", "difference",
    "agrees", "why not",
)  # fmt: skip


def _cells(row: pd.Series) -> list[str]:
    from tradeoff.figures.calibration import load_text

    cells = [load_text(row), three(100 * row["utilisation"])]
    for name in TOLERANCES:
        cells += [_interval(row, f"measured_{name}_ms"), _interval(row, f"simulated_{name}_ms")]
        cells.append(f"{row[f'difference_{name}_pct']:+.1f} %".replace("-", "−"))
    agrees = "no" if _disagrees(row) else "yes" if _is_known(row) else "cannot tell"
    return [*cells, agrees, row["why"]]


def _interval(row: pd.Series, name: str) -> str:
    low, high = (float(row[f"{name}_{end}"]) for end in ("lo", "hi"))
    if not math.isfinite(low):
        return three(row[name])
    return f"{three(row[name])} ({three(low)} to {three(high) if math.isfinite(high) else 'unknown'})"


def _disagrees(row: pd.Series) -> bool:
    return any(_is_apart(row, name) for name in TOLERANCES)


def _is_known(row: pd.Series) -> bool:
    return all(pd.notna(row[f"agrees_{name}"]) for name in TOLERANCES)


def _is_apart(row: pd.Series, name: str) -> bool:
    agrees = row[f"agrees_{name}"]
    return bool(pd.notna(agrees) and not agrees)


def _told(row: pd.Series) -> str:
    from tradeoff.figures.calibration import load_text

    parts = []
    for name in TOLERANCES:
        if _is_apart(row, name):
            difference = row[f"difference_{name}_pct"]
            parts.append(f"{name} is {three(abs(difference))} % {'more' if difference > 0 else 'less'} when simulated")
    return f"At {load_text(row)} {' and '.join(parts)}: {row['why']}."
