"""``tradeoff tail``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradeoff.cli.as_json import JsonOption, point_object, print_json
from tradeoff.cli.outcome import Status, told_in_a_sentence
from tradeoff.cli.output import say, table, three_digits

if TYPE_CHECKING:
    from tradeoff.tail import TailExplanation
    from tradeoff.tail.causes import Cause
    from tradeoff.tail.explanation import Stage


_LEAST = 0.005
"""Share of the extra time below which a cause has no row."""


def tail(
    path: Annotated[Path, typer.Argument(help="A Run folder with samples.")],
    point: Annotated[
        str | None,
        typer.Argument(help="The point: its id, or how it begins. By default the frontier's of highest throughput."),
    ] = None,
    q: Annotated[str, typer.Option("--q", help="The percentile, as a probability or by its name: p99.9.")] = "0.99",
    batch_size: Annotated[int | None, typer.Option("--batch-size", "-b", help="The point, by batch size.")] = None,
    concurrency: Annotated[int | None, typer.Option("--concurrency", "-c", help="The point, by concurrency.")] = None,
    what_if: Annotated[bool, typer.Option("--what-if", help="Simulate what a change of the policy would do.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Tell why slow requests are slow: what they have that those around the median lack.

    With --json: point, q, sentence, named (causes that stand out), reason (why nothing can be told), n, n_tail,
    threshold_ms, median_ms, tail_ms, extra_ms, extra_lo_ms, extra_hi_ms, stages, causes, traits, what_if.

    Exit status: 0, also when no cause stands out, or more than one; 1 when there are too few samples to tell; 2 for a
    point or a file that cannot be used.
    """
    with told_in_a_sentence():
        from tradeoff.readers import read
        from tradeoff.tail import explain_tail
        from tradeoff.tail.words import percentile_name

        found = explain_tail(read(path), point, _percentile(q), batch_size=batch_size, concurrency=concurrency)
        answer = " and ".join(found.named) or ("unknown" if found.reason else "none stands out")
        told = found.what_if().sentence() if what_if and not found.reason else None
        if as_json:
            print_json(_document(found, told))
        else:
            say(f"point {found.point_id}, {percentile_name(found.q)}: {answer}")
            say(found.sentence())
            if not found.reason:
                _tables(found)
            if told is not None:
                say(told)
    if found.reason:
        raise typer.Exit(Status.NO)


def _percentile(q: str) -> float | str:
    try:
        return float(q)
    except ValueError:
        return q


def _document(found: TailExplanation, told: str | None) -> dict[str, Any]:
    numbers = ("n", "n_tail", "threshold_ms", "median_ms", "tail_ms", "extra_ms", "extra_lo_ms", "extra_hi_ms")
    return {
        "point": point_object(found.point, ()),
        "q": found.q,
        "sentence": found.sentence(),
        "named": found.named,
        "reason": found.reason or None,
        **{name: getattr(found, name) for name in numbers},
        "stages": [one._asdict() for one in found.stages],
        "causes": [one._asdict() for one in found.causes],
        "traits": [one._asdict() for one in found.traits],
        "what_if": told,
    }


def _tables(found: TailExplanation) -> None:
    from tradeoff.tail.words import STAGE_WORDS

    means, parts = ("around the median", "in the tail"), ("extra, ms", "share of it, %")
    shown = (part for part in found.stages if part.median_ms or part.tail_ms)
    table(
        ("stage, ms", *means, *parts),
        (
            (STAGE_WORDS[one.stage], *map(three_digits, (one.median_ms, one.tail_ms, one.difference_ms)), _share(one))
            for one in shown
        ),
        numeric=(*means, *parts),
    )
    table(
        ("cause", *parts),
        ((part.name, three_digits(part.extra_ms), _share(part)) for part in found.causes if abs(part.share) >= _LEAST),
        numeric=parts,
    )
    if found.traits:
        rows = ((trait.trait, three_digits(trait.median), three_digits(trait.tail)) for trait in found.traits)
        table(("what else", *means), rows, numeric=means)


def _share(part: Stage | Cause) -> str:
    if part.share != part.share:
        return "–"
    share, low, high = (f"{round(100.0 * value, 0) + 0.0:.0f}" for value in (part.share, part.share_lo, part.share_hi))
    return f"{share} ({low} to {high})"
