"""What an objective is: a metric to optimise, limits to meet, columns held at a value; and how it is written."""

from __future__ import annotations

import json
import math
import numbers
import re
import reprlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

from tradeoff.arguments import shown
from tradeoff.frames import Column, column
from tradeoff.frames.columns import may_be_negative
from tradeoff.frames.names import UnknownColumnError, meant, resolve
from tradeoff.objective.pointing import pointed_at
from tradeoff.objective.units import TIMES, is_rate

Direction = Literal["maximize", "minimize"]
Comparison = Literal["<=", ">="]

TIME_UNITS = {name: float(unit) for name, unit in TIMES.items()}
"""Units of time, in milliseconds."""

WORD = r"[^\W\d](?:[\w.%/-]*[\w%])?"
"""A word of an objective, as a regular expression."""

STOPS = frozenset(
    {"and", "at", "for", "subject", "such", "st", "s.t", "where", "with", "while", "under", "below", "within", "over",
     "above", "between", "is", "less", "more", "to"}
)  # fmt: skip
"""Words that end the name of a metric; to be a name or a value they take quotes."""

EXAMPLE = "maximize throughput subject to p99 <= 20 ms at concurrency 32"


class ObjectiveError(ValueError):
    """An objective that cannot be read, or cannot be asked of these points.

    Attributes
    ----------
    reason
        What is wrong, without the line and its caret.
    text, position, length
        The objective and the place in it the message is about; None when it is about the points.
    """

    def __init__(self, message: str, *, text: str | None = None, position: int | None = None, length: int = 1) -> None:
        self.reason, self.text, self.position, self.length = message, text, position, length
        if text is not None and position is not None:
            message = "\n".join([message, *pointed_at(text, position, length)])
        super().__init__(message)


@dataclass(frozen=True)
class Constraint:
    """A limit on one column, in the column's own unit."""

    metric: str
    comparison: Comparison
    limit: float

    def __post_init__(self) -> None:
        """Check the parts; short names become column names."""
        object.__setattr__(self, "metric", full_name(self.metric))
        if self.comparison not in ("<=", ">="):
            raise ObjectiveError(f"comparison {self.comparison!r} is not known: use '<=' or '>='")
        if not isinstance(self.limit, numbers.Real) or isinstance(self.limit, bool) or not math.isfinite(self.limit):
            raise ObjectiveError(f"limit {self.limit!r} is not a number")
        object.__setattr__(self, "limit", float(self.limit))
        self._check_possible()

    def _check_possible(self) -> None:
        """Refuse limits that nothing can meet, or everything meets, because the column is never negative."""
        described = described_as(self.metric)
        if described is None or described.dtype not in ("float64", "Int64") or may_be_negative(self.metric):
            return
        least = "above 0" if described.unit in TIME_UNITS or is_rate(described) else "0 or more"
        if self.limit < 0 or (self.limit == 0 and self.comparison == "<=" and least == "above 0"):
            raise ObjectiveError(f"{self} says nothing: {short_of(self.metric)} is always {least}")

    def __str__(self) -> str:
        described = described_as(self.metric)
        return f"{name_text(self.metric)} {self.comparison} {_number(self.limit)}{unit_text(described)}"


@dataclass(frozen=True)
class Setting:
    """A column held at one value: where the objective is asked."""

    column: str
    value: float | str

    def __post_init__(self) -> None:
        """Check the parts; short names become column names."""
        object.__setattr__(self, "column", full_name(self.column))
        if isinstance(self.value, numbers.Real) and not isinstance(self.value, bool):
            object.__setattr__(self, "value", float(self.value))
        elif not isinstance(self.value, str):
            raise ObjectiveError(f"{self.column} {self.value!r} is neither a number nor text")

    def __str__(self) -> str:
        if isinstance(self.value, str):
            # Of a column that the table does not know only quotes say that its values are text.
            is_known = described_as(self.column) is not None
            is_plain = is_known and not meant(f"{short_of(self.column)} {self.value}")  # load detail: load_detail
            return f"{name_text(self.column)} {_quoted(self.value) if is_plain else _text(self.value)}"
        return f"{name_text(self.column)} {_number(self.value)}{unit_text(described_as(self.column))}"


class Agreement:
    """Constraints and settings that do not exclude each other, one by one."""

    def __init__(self) -> None:
        self._tightest: dict[tuple[str, Comparison], Constraint] = {}
        self._held: dict[str, Setting] = {}

    def add(self, part: Constraint | Setting) -> None:
        """Take one more.

        Raises
        ------
        ObjectiveError
            When no point can meet it together with those before.
        """
        if isinstance(part, Setting):
            before = self._held.setdefault(part.column, part)
            if before.value != part.value:
                raise ObjectiveError(f"{before} and {part} exclude each other: hold a column at one value")
            return
        choose = min if part.comparison == "<=" else max
        key = (part.metric, part.comparison)
        self._tightest[key] = choose(self._tightest.get(key, part), part, key=lambda one: one.limit)
        least, most = (self._tightest.get((part.metric, comparison)) for comparison in (">=", "<="))
        if least is not None and most is not None and most.limit < least.limit:
            raise ObjectiveError(f"{least} and {most} exclude each other: no point can meet both")


@dataclass(frozen=True)
class Objective:
    """What is optimised, under which constraints, at which load.

    Attributes
    ----------
    direction
        ``"maximize"`` or ``"minimize"``.
    metric
        The column that is optimised; short names are taken.
    constraints
        Limits that a point has to meet.
    at
        Columns held at one value.

    Examples
    --------
    >>> print(Objective("maximize", "throughput", (Constraint("p99", "<=", 20),)))
    maximize throughput subject to p99 <= 20 ms
    """

    direction: Direction
    metric: str
    constraints: tuple[Constraint, ...] = ()
    at: tuple[Setting, ...] = ()

    def __post_init__(self) -> None:
        """Check the parts; short names become column names, lists become tuples."""
        if self.direction not in ("maximize", "minimize"):
            raise ObjectiveError(f"direction {self.direction!r} is not known: use 'maximize' or 'minimize'")
        object.__setattr__(self, "metric", full_name(self.metric))
        object.__setattr__(self, "constraints", _as_tuple(self.constraints))
        object.__setattr__(self, "at", _as_tuple(self.at))
        described = described_as(self.metric)
        if described is not None and described.dtype not in ("float64", "Int64"):
            raise ObjectiveError(f"{self.metric!r} is not a number: it cannot be optimised")
        _check_parts(self.constraints, Constraint, "constraints", "Constraint('p99', '<=', 20)")
        _check_parts(self.at, Setting, "at", "Setting('concurrency', 32)")
        agreement = Agreement()
        for one in self.constraints:
            agreement.add(one)
        for held in self.at:
            agreement.add(held)

    @classmethod
    def parse(cls, text: str, *, columns: Iterable[str] = ()) -> Objective:
        """Read an objective.

        Parameters
        ----------
        text
            As in ``"maximize throughput subject to p99 <= 20 ms at concurrency 32"``.
        columns
            Names of further columns that may be used: those of the frame at hand.

        Raises
        ------
        ObjectiveError
            With the line and a caret under the word that is wrong.
        """
        if not isinstance(text, str):
            raise ObjectiveError(f"an objective is text such as {EXAMPLE!r}, not {type(text).__name__}")
        from tradeoff.objective.grammar import read

        return read(text, columns=set(columns))

    @classmethod
    def of(cls, asked: Objective | str, columns: Iterable[Any] = ()) -> Objective:
        """Return an objective as it is asked of a frame: its text read, its metrics named as the frame names them.

        Parameters
        ----------
        asked
            As text, or an Objective, whose metrics may be called as in the text (``"latency p99"``).
        columns
            Names of the frame's columns.

        Raises
        ------
        TypeError
            When `asked` is neither.
        ObjectiveError
            When the text cannot be read, or a metric is not known.
        """
        columns = set(columns)
        if isinstance(asked, str):
            return cls.parse(asked, columns=columns)
        if not isinstance(asked, Objective):
            raise TypeError(f"objective must be text such as {EXAMPLE!r}, or an Objective; got {shown(asked)}")
        try:
            return replace(
                asked,
                metric=resolve(asked.metric, columns),
                constraints=tuple(replace(one, metric=resolve(one.metric, columns)) for one in asked.constraints),
                at=tuple(replace(one, column=resolve(one.column, columns)) for one in asked.at),
            )
        except UnknownColumnError as error:
            raise ObjectiveError(error.reason) from None

    @property
    def asks_for_the_worse(self) -> bool:
        """Whether the column table says that the other direction is the better one."""
        described = described_as(self.metric)
        worse = {"maximize": "lower", "minimize": "higher"}[self.direction]
        return described is not None and described.better == worse

    def __str__(self) -> str:
        parts = [f"{self.direction} {name_text(self.metric)}"]
        if self.constraints:
            parts.append("subject to " + " and ".join(map(str, self.constraints)))
        if self.at:
            parts.append("at " + " and ".join(map(str, self.at)))
        return " ".join(parts)


def _as_tuple(parts: Any) -> tuple[Any, ...]:
    return tuple(parts) if isinstance(parts, Iterable) and not isinstance(parts, str) else (parts,)


def _check_parts(parts: tuple[Any, ...], kind: type, name: str, example: str) -> None:
    wrong = next((part for part in parts if not isinstance(part, kind)), None)
    if wrong is not None or None in parts:
        raise ObjectiveError(f"{name} must hold {kind.__name__}s, such as {example}; got {reprlib.repr(wrong)}")


def full_name(name: str) -> str:
    """Return the full name of a column, given by its name or its short name; another name as it is."""
    described = described_as(name)
    return name if described is None else described.name


def described_as(name: str) -> Column | None:
    """Look a column up in the table; None when it is not in it."""
    try:
        return column(name)
    except KeyError:
        return None


def short_of(name: str) -> str:
    """Return the short name of a column; that of one the table does not know is its name."""
    described = described_as(name)
    return name if described is None else described.short


def name_text(name: str) -> str:
    """Return a column as an objective names it: by its short name, in quotes where it would not be read as one."""
    return _quoted(short_of(name))


def unit_text(described: Column | None) -> str:
    """Return the unit of a column as it stands behind a number: ``" ms"``, ``"/s"`` or nothing."""
    if described is None:
        return ""
    if described.unit in TIME_UNITS:
        return f" {described.unit}"
    return "/s" if is_rate(described) else ""


def _number(value: float) -> str:
    return repr(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def _quoted(value: str) -> str:
    return value if re.fullmatch(WORD, value) and value.lower() not in STOPS else _text(value)


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
