"""``tradeoff audit``."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tradeoff.cli.as_json import JsonOption, print_json
from tradeoff.cli.outcome import Status, told_in_a_sentence
from tradeoff.cli.output import say, table
from tradeoff.digits import counted

if TYPE_CHECKING:
    import pandas as pd


class Severity(enum.StrEnum):
    """How grave a finding must be to fail."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def audit(
    path: Annotated[Path, typer.Argument(help="A Run folder, as 'tradeoff sweep' leaves it.")],
    fail_on: Annotated[
        Severity, typer.Option(help="The least severity that makes the exit status 1.")
    ] = Severity.ERROR,
    each: Annotated[bool, typer.Option("--each", help="Print every finding; one of each kind by default.")] = False,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write every finding to this CSV file.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Say what each row of a Run can and cannot support.

    With --json: sentence, points, and findings, each with point_id, check, severity, observed, expected (in the unit of
    the check) and sentence.

    Exit status: 0 when nothing is found as grave as --fail-on, 1 when something is or there is no row to audit, 2 for
    arguments or files that cannot be used.
    """
    with told_in_a_sentence():
        from tradeoff.audit import audit as find
        from tradeoff.audit import counts
        from tradeoff.readers import read
        from tradeoff.strangers import write_csv

        if out is not None and out.suffix != ".csv":
            raise ValueError(f"--out must be the name of a CSV file, such as findings.csv; got {str(out)!r}")
        points = read(path)
        findings = find(points)
        if out is not None:
            write_csv(findings, out)
        number = len(points.points)
        sentence = f"{counted(number, 'point')}: {counts(findings) if number else 'there is nothing to audit'}."
        if as_json:
            print_json({"sentence": sentence, "points": number, "findings": findings.to_dict("records")})
        else:
            say(sentence)
            if len(findings):
                _print(findings, points.points, each=each)
            if out is not None:
                say(f"Written to {out}.")
    if not number or (findings["severity"] >= fail_on.value).any():
        raise typer.Exit(Status.NO)


def _print(findings: pd.DataFrame, points: pd.DataFrame, *, each: bool) -> None:
    from tradeoff.audit import label_of
    from tradeoff.objective import describe

    rows = points.drop_duplicates("point_id").set_index("point_id", drop=False)
    kinds = findings if each else findings.drop_duplicates(["check", "severity"])
    many = findings.groupby(["check", "severity"], observed=True)["point_id"].nunique().to_dict()
    printed = [
        (
            one["severity"],
            label_of(one["check"]),
            *(() if each else (many[one["check"], one["severity"]],)),
            describe(rows.loc[one["point_id"]]),
            one["sentence"],
        )
        for one in kinds.to_dict("records")
    ]
    columns = ("severity", "check", *(() if each else ("points",)), "point" if each else "such as", "what it means")
    table(columns, printed, numeric=("points",))
