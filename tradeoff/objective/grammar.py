"""How an objective's text is read: a small grammar, exact errors, and text that comes back as it was.

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
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import NamedTuple

from tradeoff.frames import POINT_COLUMNS
from tradeoff.objective.objective import (
    EXAMPLE,
    TIME_UNITS,
    Comparison,
    Constraint,
    Direction,
    Objective,
    ObjectiveError,
    Setting,
    described_as,
    full_name,
    is_rate,
    short_of,
    unit_text,
)

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


_ALIASES = {"batch": "batch_size", "batchsize": "batch_size"}
"""What people write for a column besides its names."""


def read(text: str, *, columns: Collection[str]) -> Objective:
    """Read an objective; see `Objective.parse`."""
    return _Parser(text, columns).objective()


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
        found = Objective(direction, self._metric("the metric to optimise"))
        more = self._take_st()
        while more:
            found = self._with(found, self._constraint)
            more = self._take_word("and")
        more = self._take_word("at")
        while more:
            found = self._with(found, self._setting)
            more = self._take_word("and")
        if self._peek() is not None:
            raise self._wrong("expected 'subject to', 'and', 'at' or the end")
        return found

    def _with(self, found: Objective, read_part: Callable[[], Constraint | Setting]) -> Objective:
        """Read one part more; what it says wrongly, or against the others, is shown where it begins."""
        start = self.place
        try:
            part = read_part()
            if isinstance(part, Constraint):
                return replace(found, constraints=(*found.constraints, part))
            return replace(found, at=(*found.at, part))
        except ObjectiveError as error:
            if error.position is not None:
                raise
            raise self._wrong(str(error), back=self.place - start) from None

    def _direction(self) -> Direction:
        if self._take_word("maximize", "maximise"):
            return "maximize"
        if self._take_word("minimize", "minimise"):
            return "minimize"
        raise self._wrong(f"expected 'maximize' or 'minimize', as in {EXAMPLE!r}")

    def _metric(self, what: str) -> str:
        name = self._column(what)
        described = described_as(name)
        if described is not None and described.dtype not in ("float64", "Int64"):
            raise self._wrong(f"{name!r} is text: {what} must be a number", back=1)
        return name

    def _column(self, what: str) -> str:
        token = self._peek()
        if token is None or token.kind != "word":
            raise self._wrong(f"expected {what}, such as throughput or p99")
        self.place += 1
        if token.text in self.columns or described_as(token.text) is not None:
            return full_name(token.text)
        spelled = _ALIASES.get(token.text.lower(), token.text.lower())
        if described_as(spelled) is not None:
            return full_name(spelled)
        known = {*self.columns, *(c.short for c in POINT_COLUMNS.values())}
        close = difflib.get_close_matches(token.text.lower(), known, n=3)
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
        self._refuse_comma(token)
        described = described_as(metric)
        unit = self._unit()
        if described is not None and described.unit in TIME_UNITS:
            if unit is None:
                raise self._wrong(f"{token.text} needs a unit: {', '.join(('ns', 'us', 'ms', 's'))}")
            if unit not in TIME_UNITS:
                raise self._wrong(f"unit {unit!r} does not measure time: use ns, us, ms or s", back=1)
            # Divided rather than multiplied by a thousandth: 700 us are 0.7 ms, not 0.7000000000000001.
            given, kept = TIME_UNITS[unit], TIME_UNITS[described.unit]
            value = float(token.text) * (given / kept) if given >= kept else float(token.text) / (kept / given)
        elif unit is None or unit == (described.unit if described else None) or (unit == "/s" and is_rate(described)):
            value = float(token.text)
        else:
            own = unit_text(described).strip() or "none"
            raise self._wrong(f"unit {unit!r} does not fit {short_of(metric)}: its unit is {own}", back=1)
        if not math.isfinite(value):
            raise self._wrong(f"{token.text} is too large", back=1)
        return value

    def _refuse_comma(self, token: _Token) -> None:
        comma, after = (self.tokens[at] if at < len(self.tokens) else None for at in (self.place, self.place + 1))
        if comma is not None and comma.text == "," and after is not None and after.kind == "number":
            said = f"{token.text},{after.text}"
            raise self._wrong(f"{said} has a comma: write decimals with a point and thousands without a sign", back=1)

    def _unit(self) -> str | None:
        token = self._peek()
        if token is None or token.kind not in ("word", "rate") or token.text.lower() in ("and", "at"):
            return None
        self.place += 1
        return token.text

    def _setting(self) -> Setting:
        name = self._column("a column to hold")
        described = described_as(name)
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


def _unquoted(text: str) -> str:
    try:
        return str(json.loads(text))
    except ValueError:
        return text[1:-1]
