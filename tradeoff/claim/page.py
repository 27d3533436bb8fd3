"""The claim's page: what is claimed on top, the explorer with its sliders alive below."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from tradeoff.claim import words
from tradeoff.explorer.grid import Grid, PayloadError, lay_out
from tradeoff.explorer.page import page_of
from tradeoff.explorer.place import OWN_NAMES
from tradeoff.explorer.report import report
from tradeoff.frames import Run, make_samples
from tradeoff.objective import Objective

_STYLE = """
.claim { margin: 0 12px; padding: 12px 0; border-bottom: 1px solid #8a8f98;
  font: 400 0.875rem/1.45 system-ui, sans-serif; }
.claim h1 { margin: 0 0 4px; font-size: 1.25rem; font-weight: 600; overflow-wrap: anywhere; }
.claim p { margin: 0 0 6px; max-width: 75em; overflow-wrap: anywhere; }
.claim strong { margin-right: 6px; padding: 1px 7px; border-radius: 3px;
  background: #b04a00; color: #ffffff; font-size: 0.75rem; }
.claim details { max-width: 75em; }
.claim table { border-collapse: collapse; }
.claim :is(th, td) { padding: 1px 14px 1px 0; text-align: left; vertical-align: top; font-weight: 400;
  overflow-wrap: anywhere; }
.claim th { min-width: 11em; opacity: 0.75; }
"""


def claim_page(
    content: Mapping[str, Any],
    points: pd.DataFrame,
    objective: Objective,
    *,
    samples: Callable[[], pd.DataFrame] | None,
    figures: Callable[[str], Any],
) -> str:
    """Write the page.

    Parameters
    ----------
    content
        The claim.
    points, samples
        What the explorer shows; without samples it shows no distributions.
    objective
        What the sliders are set to.
    figures
        Draws the claim's figure in a theme: what is shown where the points cannot be laid out under sliders.

    Returns
    -------
    str
        A whole HTML document that asks no network.
    """
    above = _above(content)
    run = Run(points, make_samples({}) if samples is None else samples(), content["environment"])
    try:
        grid = lay_out(points)
    except PayloadError as error:
        return report(
            title=words.heading(content), sentence=f"No sliders: {error}.", above=above,
            figures={theme: figures(theme) for theme in ("light", "dark")},
            table=[("what", "stated"), *words.table(content)],
        )  # fmt: skip
    state = _state(points, grid, str(content["point"]["point_id"]))
    return page_of(run, state=state, objective=objective, above=above)


def _above(content: Mapping[str, Any]) -> str:
    marks = "".join(f"<strong>{html.escape(mark)}</strong>" for mark in content["marks"])
    rows = "".join(
        f"<tr><th>{html.escape(name)}</th><td>{html.escape(text)}</td></tr>" for name, text in words.table(content)
    )
    findings = "".join(
        f"<p>Audit, {html.escape(one['severity'])}: {html.escape(one['sentence'])}</p>" for one in content["findings"]
    )
    return (
        f'<style>{_STYLE}</style><section class="claim" aria-label="the claim">'
        f"<h1>{html.escape(words.heading(content))}</h1>"
        f"<p>{marks}{html.escape(content['sentence'])}</p>{findings}"
        f"<details><summary>what is claimed, and what it rests on</summary><table>{rows}</table></details></section>"
    )


def _state(points: pd.DataFrame, grid: Grid, point_id: str) -> dict[str, Any]:
    """Stand the sliders at the point of the claim."""
    (row,) = (points["point_id"] == point_id).to_numpy(dtype=bool, na_value=False).nonzero()[0][:1]
    state: dict[str, Any] = {"position": {}}
    for name in grid.axes:
        value = points[name].iloc[row]
        if pd.notna(value):
            (state if name in OWN_NAMES else state["position"])[name] = float(value)
    key = next((one.key for one in grid.slices if int(row) in one.rows), None)
    return state if key is None else {**state, "slice": dict(key)}
