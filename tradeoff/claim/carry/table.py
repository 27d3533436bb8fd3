"""In a CSV file: three more columns, so that every reader of CSV still reads the points.

``claim_role`` says which row is the answer and which the runner-up, ``claim_data_sha256`` is the same on each row, and
``claim_json`` holds the claim in the first row. The data are the cells themselves. A cell that a spreadsheet would take
for a formula begins with an apostrophe, which is taken off again when it is read.
"""

from __future__ import annotations

import csv
import io
import json
import math
import sys
from collections.abc import Mapping
from typing import Any

from tradeoff.claim.carry.taken import unix_lines
from tradeoff.claim.data import Cell, Data, checked
from tradeoff.claim.document import from_text
from tradeoff.claim.errors import ClaimChangedError
from tradeoff.strangers import cell

ROLE, SHA256, JSON = "claim_role", "claim_data_sha256", "claim_json"


def write(document: Mapping[str, Any], data: Data) -> bytes:
    """Write the points with the claim in them.

    Parameters
    ----------
    document
        As `tradeoff.claim.document.document` returns it.
    data
        Its data.
    """
    claim = document["claim"]
    rest = {**document, "data": {"columns": document["data"]["columns"], "rows": []}}
    inside = json.dumps(rest, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    roles = _roles(claim)
    names = [name for name, _ in data.columns]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([_guarded(name) for name in names] + [ROLE, SHA256, JSON])
    for number, row in enumerate(data.rows):
        cells = [_to_text(value) for value in row]
        role = roles.get(row[names.index("point_id")], "")
        writer.writerow([*cells, role, claim["data_sha256"], inside if number == 0 else ""])
    return text.getvalue().encode("utf-8")


def read(content: bytes) -> tuple[dict[str, Any], Data, list[str]] | None:
    """Read a file back.

    Returns
    -------
    None
        When no claim is in it.
    document, data, problems
        The claim without data, the data as the cells say, and a sentence for each thing that is not as it was written.

    Raises
    ------
    ClaimChangedError
        When the claim's own cell cannot be read.
    """
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    try:
        heads, *rows = csv.reader(io.StringIO(unix_lines(content).decode("utf-8-sig"), newline=""))
    except (csv.Error, ValueError):
        return None
    heads = [_bare(head) for head in heads]
    places = {name: at for at, name in enumerate(heads)}
    if JSON not in places:
        return None
    rows = [row + [""] * (len(heads) - len(row)) for row in rows if row]
    inside = [cell for row in rows if (cell := row[places[JSON]])]
    if len(inside) != 1:
        raise ClaimChangedError(f"column {JSON} holds the claim {len(inside)} times, and should once")
    document = from_text(inside[0])
    columns = [(one["name"], one["dtype"]) for one in document["data"]["columns"]]
    problems = [
        f"column {name} is not one of the claim's" for name in heads if name not in (*dict(columns), ROLE, SHA256, JSON)
    ]
    problems += [f"column {name} is gone" for name, _ in columns if name not in places]
    problems += _own_columns(rows, places, document)
    cells = [
        [_from_text(row[places[name]], dtype) if name in places else None for name, dtype in columns] for row in rows
    ]
    data, unusable = checked(columns, cells)
    return document, data, problems + unusable


def _roles(claim: Mapping[str, Any]) -> dict[object, str]:
    """Name what points are to the claim."""
    others = (("contender", claim["contender"]), ("runner-up", claim["runner_up"]))
    roles: dict[object, str] = {one["point_id"]: word for word, one in others if one}
    return roles | {claim["point"]["point_id"]: "nearest" if claim["verdict"] == "infeasible" else "answer"}


def _own_columns(rows: list[list[str]], places: Mapping[str, int], document: Mapping[str, Any]) -> list[str]:
    """Say what the claim's own columns do not hold as they should."""
    claim, problems = document["claim"], []
    roles = _roles(claim)
    for number, row in enumerate(rows, start=1):
        here = _bare(row[places["point_id"]]) if "point_id" in places else ""
        for name, expected in ((SHA256, claim["data_sha256"]), (ROLE, roles.get(here, ""))):
            if name in places and row[places[name]] != expected:
                problems.append(f"row {number}, column {name}: {row[places[name]]!r} is not the claim's")
    return problems


def _to_text(value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return _guarded(value)
    if isinstance(value, list):
        return _guarded(";".join(value))
    return repr(value)


def _from_text(text: str, dtype: str) -> object:
    """Read a cell; what cannot be what its column holds stays text, and is found by who checks."""
    if text == "":
        return None
    bare = _bare(text)
    if dtype == "str":
        return bare
    if dtype == "list":
        return bare.split(";")
    try:
        number = float(bare)
        if dtype == "Int64":
            return int(bare) if bare.lstrip("-").isdecimal() else int(number) if number.is_integer() else bare
    except (ValueError, OverflowError):
        return bare
    return number if math.isfinite(number) else bare


def _guarded(text: str) -> str:
    return f"'{text}" if text.startswith("'") else cell(text)  # what has one of its own comes back with it


def _bare(text: str) -> str:
    return text.removeprefix("'")
