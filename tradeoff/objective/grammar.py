"""Objectives as text: a small grammar, exact errors, and text that comes back as it was.

::

    objective  = ("maximize" | "minimize") metric
                 [("subject to" | "s.t.") constraint {"and" constraint}]
                 ["at" setting {"and" setting}]
    constraint = metric ("<=" | ">=") number [unit]
    setting    = column value

A metric is a numeric column of ``points`` by its name or its short name (``p99``); a time needs its unit.
"""

from __future__ import annotations

import difflib
import json
import math
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from tradeoff.frames import POINT_COLUMNS, Column, column

Direction = Literal["maximize", "minimize"]
Comparison = Literal["<=", ">="]

TIME_UNITS = {"ns": 1e-6, "us": 1e-3, "µs": 1e-3, "μs": 1e-3, "ms": 1.0, "s": 1e3}
"""Units of time, in milliseconds."""

_EXAMPLE = "maximize throughput subject to p99 <= 20 ms at concurrency 32"
_TOKEN = re.compile(
    r"""(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<compare><=|>=|≤|≥|<|>|==|=)
      | (?P<st>s\.t\.)
      | (?P<rate>/s\b)
      | (?P<text>"(?:[^"\\]|\\.)*")
      | (?P<word>[^\W\d][\w.%/-]*)
      | (?P<other>\S)""",
    re.VERBOSE,
)


class ObjectiveError(ValueError):
    """An objective that cannot be read, or cannot be asked of these points.

    Attributes
    ----------
    text, position
        The objective and the place in it the message is about; None when it is about the points.
    """

    def __init__(self, message: str, *, text: str | None = None, position: int | None = None, length: int = 1) -> None:
        self.text, self.position = text, position
        if text is not None and position is not None:
            line = text.replace("\n", " ").replace("\t", " ")
            message = f"{message}\n  {line}\n  {' ' * position}{'^' * max(1, length)}"
        super().__init__(message)


@dataclass(frozen=True)
class Constraint:
    """A limit on one column, in the column's own unit."""

    metric: str
    comparison: Comparison
    limit: float

    def __post_init__(self) -> None:
        """Check the parts; short names become column names."""
        object.__setattr__(self, "metric", _full_name(self.metric))
        if self.comparison not in ("<=", ">="):
            raise ObjectiveError(f"comparison {self.comparison!r} is not known: use '<=' or '>='")
        if not isinstance(self.limit, int | float) or isinstance(self.limit, bool) or not math.isfinite(self.limit):
            raise ObjectiveError(f"limit {self.limit!r} is not a number")
        object.__setattr__(self, "limit", float(self.limit))

    def __str__(self) -> str:
        described = _described(self.metric)
        return f"{_short(self.metric)} {self.comparison} {_number(self.limit)}{_unit_text(described)}"


@dataclass(frozen=True)
class Setting:
    """A column held at one value: where the objective is asked."""

    column: str
    value: float | str

    def __post_init__(self) -> None:
        """Check the parts; short names become column names."""
        object.__setattr__(self, "column", _full_name(self.column))
        if isinstance(self.value, int | float) and not isinstance(self.value, bool):
            object.__setattr__(self, "value", float(self.value))
        elif not isinstance(self.value, str):
            raise ObjectiveError(f"{self.column} {self.value!r} is neither a number nor text")

    def __str__(self) -> str:
        if isinstance(self.value, str):
            return f"{_short(self.column)} {_quoted(self.value)}"
        return f"{_short(self.column)} {_number(self.value)}{_unit_text(_described(self.column))}"


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
        object.__setattr__(self, "metric", _full_name(self.metric))
        object.__setattr__(self, "constraints", tuple(self.constraints))
        object.__setattr__(self, "at", tuple(self.at))
        described = _described(self.metric)
        if described is not None and described.dtype not in ("float64", "Int64"):
            raise ObjectiveError(f"{self.metric!r} is not a number: it cannot be optimised")

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
            raise ObjectiveError(f"an objective is text such as {_EXAMPLE!r}, not {type(text).__name__}")
        return _Parser(text, set(columns)).objective()

    def __str__(self) -> str:
        parts = [f"{self.direction} {_short(self.metric)}"]
        if self.constraints:
            parts.append("subject to " + " and ".join(map(str, self.constraints)))
        if self.at:
            parts.append("at " + " and ".join(map(str, self.at)))
        return " ".join(parts)


class _Token(NamedTuple):
    kind: str
    text: str
    position: int


class _Parser:
    def __init__(self, text: str, columns: Collection[str]) -> None:
        self.text = text
        self.columns = columns
        self.tokens = [_Token(m.lastgroup or "other", m.group(), m.start()) for m in _TOKEN.finditer(text)]
        self.place = 0

    def objective(self) -> Objective:
        direction = self._direction()
        metric = self._metric("the metric to optimise")
        constraints: list[Constraint] = []
        if self._take_st():
            constraints.append(self._constraint())
            while self._take_word("and"):
                constraints.append(self._constraint())
        settings: list[Setting] = []
        if self._take_word("at"):
            settings.append(self._setting())
            while self._take_word("and"):
                settings.append(self._setting())
        if self._peek() is not None:
            raise self._wrong("expected 'subject to', 'and', 'at' or the end")
        return Objective(direction, metric, tuple(constraints), tuple(settings))

    def _direction(self) -> Direction:
        if self._take_word("maximize", "maximise"):
            return "maximize"
        if self._take_word("minimize", "minimise"):
            return "minimize"
        raise self._wrong(f"expected 'maximize' or 'minimize', as in {_EXAMPLE!r}")

    def _metric(self, what: str) -> str:
        name = self._column(what)
        described = _described(name)
        if described is not None and described.dtype not in ("float64", "Int64"):
            raise self._wrong(f"{name!r} is text: {what} must be a number", back=1)
        return name

    def _column(self, what: str) -> str:
        token = self._peek()
        if token is None or token.kind != "word":
            raise self._wrong(f"expected {what}, such as throughput or p99")
        self.place += 1
        if token.text in self.columns or _described(_full_name(token.text)) is not None:
            return _full_name(token.text)
        known = {*self.columns, *(c.short for c in POINT_COLUMNS.values())}
        close = difflib.get_close_matches(token.text, known, n=3)
        hint = f"did you mean {' or '.join(close)}?" if close else "name a column of the points"
        raise self._wrong(f"no column {token.text!r}: {hint}", back=1)

    def _constraint(self) -> Constraint:
        metric = self._metric("a metric to limit")
        token = self._peek()
        signs: dict[str, Comparison] = {"<=": "<=", "≤": "<=", ">=": ">=", "≥": ">="}
        if token is None or token.text not in signs:
            raise self._wrong("expected '<=' or '>='")
        self.place += 1
        return Constraint(metric, signs[token.text], self._quantity(metric))

    def _quantity(self, metric: str) -> float:
        token = self._peek()
        if token is None or token.kind != "number":
            raise self._wrong("expected a number")
        self.place += 1
        described = _described(metric)
        unit = self._unit()
        if described is not None and described.unit in TIME_UNITS:
            if unit is None:
                raise self._wrong(f"{token.text} needs a unit: {', '.join(('ns', 'us', 'ms', 's'))}")
            if unit not in TIME_UNITS:
                raise self._wrong(f"unit {unit!r} does not measure time: use ns, us, ms or s", back=1)
            value = float(token.text) * (TIME_UNITS[unit] / TIME_UNITS[described.unit])
        elif unit is None or unit == (described.unit if described else None) or (unit == "/s" and _is_rate(described)):
            value = float(token.text)
        else:
            own = _unit_text(described).strip() or "none"
            raise self._wrong(f"unit {unit!r} does not fit {_short(metric)}: its unit is {own}", back=1)
        if not math.isfinite(value):
            raise self._wrong(f"{token.text} is too large", back=1)
        return value

    def _unit(self) -> str | None:
        token = self._peek()
        if token is None or token.kind not in ("word", "rate") or token.text.lower() in ("and", "at"):
            return None
        self.place += 1
        return token.text

    def _setting(self) -> Setting:
        name = self._column("a column to hold")
        described = _described(name)
        token = self._peek()
        if token is not None and token.kind == "compare" and token.text in ("=", "=="):
            self.place += 1
            token = self._peek()
        if described is not None and described.dtype == "str":
            if token is None or token.kind not in ("word", "text", "number"):
                raise self._wrong(f"expected a value for {name}")
            self.place += 1
            return Setting(name, _unquoted(token.text) if token.kind == "text" else token.text)
        if token is not None and token.kind == "text" and described is None:
            self.place += 1
            return Setting(name, _unquoted(token.text))
        return Setting(name, self._quantity(name))

    def _peek(self) -> _Token | None:
        return self.tokens[self.place] if self.place < len(self.tokens) else None

    def _take_word(self, *words: str) -> bool:
        token = self._peek()
        if token is not None and token.kind == "word" and token.text.lower() in words:
            self.place += 1
            return True
        return False

    def _take_st(self) -> bool:
        token = self._peek()
        if token is not None and (token.kind == "st" or token.text.lower() in ("st", "s.t")):
            self.place += 1
            return True
        if self._take_word("subject"):
            if not self._take_word("to"):
                raise self._wrong("expected 'to' after 'subject'")
            return True
        return False

    def _wrong(self, message: str, *, back: int = 0) -> ObjectiveError:
        place = self.place - back
        token = self.tokens[place] if 0 <= place < len(self.tokens) else None
        position, length = (token.position, len(token.text)) if token else (len(self.text.rstrip()) + 1, 1)
        return ObjectiveError(message, text=self.text, position=position, length=length)


def _full_name(name: str) -> str:
    described = _described(name)
    return name if described is None else described.name


def _described(name: str) -> Column | None:
    try:
        return column(name)
    except KeyError:
        return None


def _short(name: str) -> str:
    described = _described(name)
    return name if described is None else described.short


def _is_rate(described: Column | None) -> bool:
    return described is not None and described.unit.endswith("/s")


def _unit_text(described: Column | None) -> str:
    if described is None:
        return ""
    if described.unit in TIME_UNITS:
        return f" {described.unit}"
    return "/s" if _is_rate(described) else ""


def _number(value: float) -> str:
    return repr(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def _quoted(value: str) -> str:
    plain = re.fullmatch(r"[^\W\d][\w.%/-]*", value) and value.lower() not in ("and", "at")
    return value if plain else json.dumps(value, ensure_ascii=False)


def _unquoted(text: str) -> str:
    try:
        return str(json.loads(text))
    except ValueError:
        return text[1:-1]
