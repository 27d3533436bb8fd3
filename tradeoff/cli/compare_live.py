"""``tradeoff compare --live``: before and after are measured in turns."""

from __future__ import annotations

import shlex
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import typer

from tradeoff.cli.as_json import objective_object, print_json
from tradeoff.cli.asking import check_out, find_modules_here
from tradeoff.cli.outcome import Status
from tradeoff.cli.output import complain, say, table
from tradeoff.cli.sweep import as_option, parts

if TYPE_CHECKING:
    from tradeoff.paired import PairedComparison

DEFAULTS: dict[str, Any] = {
    "batch_size": 1, "concurrency": 1, "budget": "standard", "metrics": "throughput,p50,p99", "dtype": "float32",
    "device": None, "seed": 0, "out": None,
}  # fmt: skip
"""What options of ``--live`` are unless given."""


def compare_live(before: str, after: str, objective: str | None, *, as_json: bool = False, **given: Any) -> int:
    """Measure a pair, print what changed, and return the exit status."""
    from tradeoff.paired import PairInterrupted, measure_pair

    asked = {name: default if given.get(name) is None else given[name] for name, default in DEFAULTS.items()}
    out = asked.pop("out")
    check_out(out)
    if any(":" in name for name in (before, after)):
        find_modules_here()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        try:
            found = measure_pair(before, after, objective=objective, **{**asked, "metrics": parts(asked["metrics"])})
        except ValueError as error:
            raise ValueError(as_option(str(error), asked)) from None
    for warning in caught:
        complain(str(warning.message).replace("in the comparison that was returned", "printed below"))
    if as_json:
        print_json(_document(found))
    else:
        _print(found)
    if out is not None:
        found.run.save(out)
        (complain if as_json else say)(f"Saved in {out}. Next: tradeoff explore {shlex.quote(out)}")
    if any(issubclass(warning.category, PairInterrupted) for warning in caught):
        if out is None:
            complain("It was not saved; --out FOLDER keeps what there is when Ctrl-C comes.")
        raise typer.Exit(Status.INTERRUPTED)
    is_known = ~found.run.points["status"].isin(["failed", "oom"])
    return found.exit_status if is_known.any() else Status.NO


def _print(found: PairedComparison) -> None:
    asked_of = "" if found.objective is None else f"{found.objective}: "
    say(f"{asked_of}{found.verdict.replace('_', ' ')}")
    say(found.sentence())
    for note in found.notes:
        say(note)
    heads = ("", "before", "after", "change", "interval", "")
    table(heads, _rows(found), numeric=heads[1:5])


def _document(found: PairedComparison) -> dict[str, Any]:
    sides = {"before": found.before, "after": found.after}
    return {
        "objective": None if found.objective is None else objective_object(found.objective),
        "verdict": found.verdict,
        "sentence": found.sentence(),
        "notes": found.notes,
        "changes": found.table.to_dict("records"),
        **{
            side: {
                each.metric: {
                    end or "value": float(row[f"{each.column}{end and '_' + end}"]) for end in ("", "lo", "hi")
                }
                for each in found.metrics
            }
            for side, row in sides.items()
        },
        "pairs": found.pairs,
        "block_ms": found.block_ms,
        "start_up_ms": found.start_up_ms,
        "ended": found.ended,
    }


def _rows(found: PairedComparison) -> Iterator[tuple[object, ...]]:
    from tradeoff.compare.text import interval_text, percent, quantity

    for each in found.metrics:
        values = [quantity(float(side[each.column]), each.column) for side in (found.before, found.after)]
        is_known = each.ratio.value == each.ratio.value
        change = (percent(each.ratio.value), interval_text(each.ratio)) if is_known else ("–", "–")
        yield (each.metric, *values, *change, each.verdict.replace("_", " "))
