"""Reading a claim back from any file that holds it, and saying what is not as it was written."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from tradeoff.claim.claim import Claim
from tradeoff.claim.data import frame_of
from tradeoff.claim.errors import ClaimError
from tradeoff.claim.formats import find
from tradeoff.objective import Objective, decide

_MOST_BYTES = 1 << 29


def read_claim(path: str | os.PathLike[str]) -> Claim:
    """Read a claim from a file of a bundle: HTML, SVG, PNG, PDF, CSV, JSON or Markdown.

    Parameters
    ----------
    path
        The file. A Markdown document may hold more than the claim.

    Returns
    -------
    Claim
        With ``verified``, and ``problems``: what is not as it was written. Hashes are not signatures: they find what
        was changed, not who wrote it.

    Raises
    ------
    ClaimError
        When the file is not there, is of another kind, or holds no claim.
    ClaimChangedError
        When it holds a claim that can no longer be read.
    """
    if not isinstance(path, str | os.PathLike) or not os.fspath(path):
        raise ClaimError(f"path must be a file that holds a claim, as text or a Path; got {path!r}")
    file = Path(path)
    try:
        if file.is_dir():
            raise ClaimError(f"{file} is a folder: name one of its files, such as {file / 'claim.json'}")
        if file.stat().st_size > _MOST_BYTES:
            raise ClaimError(f"{file} is too large to be a file of a claim")
        found = find(file, file.read_bytes())
    except ClaimError as error:
        raise type(error)(str(error) if str(file) in str(error) else f"{file}: {error}") from error
    except (OSError, ValueError) as error:
        raise ClaimError(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    points = frame_of(found.data)
    problems = found.problems or list(_contradictions(found.content, points))
    return Claim(found.content, points, tuple(problems))


def _contradictions(content: Mapping[str, Any], points: pd.DataFrame) -> Iterator[str]:
    """Say where the claim does not follow from its own data: hashes can be made anew, an answer cannot."""
    try:
        decision = decide(points, Objective.parse(content["objective"], columns=map(str, points.columns)))
    except ValueError as error:
        yield f"the objective cannot be asked of the data: {str(error).splitlines()[0]}"
        return
    if decision.verdict != content["verdict"]:
        yield f"the data say {decision.verdict}, and the claim {content['verdict']}"
    if str(decision.point["point_id"]) != content["point"]["point_id"]:
        yield f"the data say that point {decision.point['point_id']} answers, and the claim another"
        return
    # Claims of before the choice was allowed for state what was measured.
    point = decision.reported() if "among" in content else decision.point
    if content.get("among", decision.among) != decision.among:
        yield f"the data say that the answer is one of {decision.among} alike, and the claim {content['among']}"
    for measure in (content["value"], *content["constraints"], *content["also"]):
        for key, end in (("value", ""), ("low", "_lo"), ("high", "_hi")):
            seen = point.get(f"{measure['metric']}{end}")
            if not _same(measure[key], seen):
                yield f"{measure['metric']}{end} is {seen} in the data, and {measure[key]} in the claim"


def _same(claimed: float | None, seen: Any) -> bool:
    if claimed is None:
        return seen is None or pd.isna(seen) or abs(float(seen)) == float("inf")
    return seen is not None and pd.notna(seen) and float(seen) == float(claimed)
