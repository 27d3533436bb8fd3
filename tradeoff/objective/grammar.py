r"""How an objective's text is read.

::

    objective = ("maximize" | "minimize") metric {clause}
    clause    = ("subject to" | "where" | "with" | "under" | ",") part {"and" part}
              | "at" part {"and" part}
    part      = metric ("<=" | ">=") number [unit]            a limit
              | metric "between" number "and" number [unit]   two limits
              | column ["="] value                            rows where a column has this value
              | number "requests/s"                           the same of the request rate, after "at" and "under"

Case does not matter. Also read are

===============  =====================================================================================
maximize         max, maximise, highest, most
minimize         min, minimise, lowest, least
subject to       s.t., st, such that, while
at               for, @
and              a comma, a semicolon, &, &&
<=               ≤, =<, at most, within, and <, under, below, less than
>=               ≥, =>, at least, and >, over, above, more than
=                ==, is
===============  =====================================================================================

``<`` is ``<=``: of what is measured on a continuous scale nobody can tell them apart. Where a column counts (``n_errors
< 1``) the next whole number is meant (``n_errors <= 0``). ``=`` is for columns that say what a point is; a measured
column has a limit instead.

A metric is a numeric column of ``points`` by any name that `tradeoff.frames.names` knows, or in quotes. A time needs
its unit. ``k`` and ``M`` multiply rates and counts; ``%`` goes with percentages, and with shares, which are kept as
fractions. ``str`` of what was read is the one canonical form: it shows how each word was understood, and reads back as
the same objective. What could mean two things is an error that names both.

It is read by recursive descent. A parser generator (lark) would replace the thirty lines of clauses and commas; names
of several words that come from a table, units that depend on the column, and errors that say what to write instead,
which are the rest, stay the same, behind one more dependency.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from decimal import Decimal

from tradeoff.arguments import shown
from tradeoff.frames import IDENTITY_COLUMNS, POINT_COLUMNS, Column
from tradeoff.frames.names import UnknownColumnError, meant, resolve
from tradeoff.objective.objective import (
    EXAMPLE,
    Agreement,
    Constraint,
    Direction,
    Objective,
    ObjectiveError,
    Setting,
    described_as,
    short_of,
    unit_text,
)
from tradeoff.objective.tokens import LONGEST, Token, tokens_of
from tradeoff.objective.units import PERCENT, factor_of, is_time, value_of

_GOALS: dict[str, Direction] = {
    **dict.fromkeys(("maximize", "maximise", "max", "highest", "most"), "maximize"),
    **dict.fromkeys(("minimize", "minimise", "min", "lowest", "least"), "minimize"),
}
_SIGNS = {
    **dict.fromkeys(("<=", "=<", "≤", "⩽", "≦", "at most", "within"), "<="),
    **dict.fromkeys((">=", "=>", "≥", "⩾", "≧", "at least"), ">="),
    **dict.fromkeys(("<", "under", "below", "less than"), "<"),
    **dict.fromkeys((">", "over", "above", "more than"), ">"),
    **dict.fromkeys(("=", "==", "is"), "="),
}
_LIMITING = ("subject to", "such that", "where", "with", "under", "while", "st", "s.t", "s.t.")
_HOLDING = ("at", "for", "@")
_FITS_NUMBERS = ("float64", "Int64")
_MOST_WORDS = 6
"""Words of a metric's name or of a unit at most."""


def read(text: str, *, columns: Collection[str]) -> Objective:
    """Read an objective; see `Objective.parse`."""
    return _Parser(text, columns).objective()


class _Parser:
    def __init__(self, text: str, columns: Collection[str]) -> None:
        self.text = text
        self.columns = columns
        self.tokens = tokens_of(text)
        self.place = 0
        self.constraints: list[Constraint] = []
        self.at: list[Setting] = []
        self.agreement = Agreement()

    def objective(self) -> Objective:
        direction = self._direction()
        metric = self._metric("the metric to optimise")
        clause = ""
        while self._peek() is not None:
            joined = self._take("and") or self._take_kind("join")
            opened = next(filter(self._take, (*_LIMITING, *_HOLDING)), "")
            clause = opened or clause or ("," if joined else "")
            if not (opened or (joined and clause)):
                raise self._misplaced()
            start = self.place
            try:
                self._part(clause)
            except ObjectiveError as error:
                if error.position is not None:
                    raise
                raise self._wrong(str(error), at=start) from None
        found = Objective(direction, metric, tuple(self.constraints), tuple(self.at))
        if (
            len(self.text) > LONGEST // 8 and len(str(found)) > LONGEST
        ):  # quotes and signs may grow in the canonical form
            raise ObjectiveError(f"written out, an objective has at most {LONGEST} characters; got {len(str(found))}")
        return found

    def _direction(self) -> Direction:
        token = self._peek()
        if token is not None and token.text.lower() in _GOALS:
            self.place += 1
            return _GOALS[token.text.lower()]
        raise self._wrong(f"expected 'maximize' or 'minimize'{self._without_goal()}")

    def _without_goal(self) -> str:
        """Say what is missing of a text that names a metric, or limits, and nothing to optimise."""
        for start in ("maximize throughput subject to ", "maximize "):
            try:
                found = _Parser(start + self.text, self.columns).objective()
            except ObjectiveError:
                continue
            if start != "maximize ":
                return f": a limit says what must hold, not what is best. Write {str(found)!r}"
            better = found.metric in POINT_COLUMNS and POINT_COLUMNS[found.metric].better == "lower"
            return f", as in {str(found).replace('maximize', 'minimize' if better else 'maximize', 1)!r}"
        return f", as in {EXAMPLE!r}"

    def _part(self, clause: str) -> None:
        """Read a limit, or a column that is held at a value."""
        token = self._peek()
        if token is not None and token.kind == "number" and not self._longest_name():
            self._load(clause)
            return
        start = self.place
        name = self._column("a column to hold" if clause in _HOLDING else "a metric to limit")
        said = self._sign()
        if self._take("between"):
            self._numeric(name, start)
            self._between(name)
        elif said in ("<", "<=", ">", ">="):
            self._numeric(name, start)
            limit = self._quantity(name)
            self._add(Constraint(name, "<=" if said[0] == "<" else ">=", _least_beyond(name, said, limit)))
        elif said == "=" and clause not in _HOLDING and name in POINT_COLUMNS and name not in IDENTITY_COLUMNS:
            raise self._wrong(f"{short_of(name)} is measured and hits no value exactly: use '<=' or '>='", back=1)
        elif said == "=" or clause in _HOLDING:
            self._add(self._held(name))
        else:
            self._numeric(name, start)
            held = f"; a column that is held at a value stands behind 'at', as in 'at {short_of(name)} 8'"
            raise self._wrong(f"expected '<=' or '>='{held if name in IDENTITY_COLUMNS else ''}")

    def _add(self, part: Constraint | Setting) -> None:
        self.agreement.add(part)
        if isinstance(part, Constraint):
            self.constraints.append(part)
        else:
            self.at.append(part)

    def _load(self, clause: str) -> None:
        """Read a request rate without its name: ``at 1000 requests/s``."""
        start, token = self.place, self.tokens[self.place]
        self.place += 1
        unit, factor = self._unit(POINT_COLUMNS["request_rate_rps"])
        if factor is None or not unit or clause not in (*_HOLDING, "under"):
            said = self.text[token.position : self.tokens[self.place - 1].end]
            what = "a column to hold, as in 'concurrency 8'" if clause in _HOLDING else "a metric, as in 'p99 <= 20 ms'"
            raise self._wrong(f"{shown(said)} of what? Expected {what}", at=start)
        self.place = start
        self._add(Setting("request_rate_rps", self._quantity("request_rate_rps")))

    def _between(self, name: str) -> None:
        """Read two limits; a unit that stands behind the second is that of both."""
        low = self.place
        self._skip_number()
        self._unit(described_as(name))
        if not (self._take("and") or self._take("to")):
            raise self._wrong("expected 'and', as in 'between 5 and 20 ms'")
        high = self.place
        most = self._quantity(name)
        unit = range(low + 1, high - 1) or range(high + 1, self.place)
        self._add(Constraint(name, ">=", self._scaled(low, unit, name)))
        self._add(Constraint(name, "<=", most))

    def _held(self, name: str) -> Setting:
        described = described_as(name)
        token = self._peek()
        if described is not None and described.dtype not in _FITS_NUMBERS:
            if token is None or token.kind not in ("word", "text", "number"):
                raise self._wrong(f"expected a value for {name}")
            self.place += 1
            return Setting(name, self._text_of(token) if token.kind == "text" else token.text)
        if token is not None and token.kind == "text" and described is None:
            self.place += 1
            return Setting(name, self._text_of(token))
        return Setting(name, self._quantity(name))

    def _metric(self, what: str) -> str:
        start = self.place
        name = self._column(what)
        self._numeric(name, start, what)
        return name

    def _numeric(self, name: str, start: int, what: str = "a metric to limit") -> None:
        described = described_as(name)
        if described is not None and described.dtype not in _FITS_NUMBERS:
            raise self._wrong(f"{name!r} is text: {what} must be a number", at=start)

    def _column(self, what: str) -> str:
        token = self._peek()
        if token is not None and token.kind == "text":
            self.place += 1
            named, said = self._text_of(token), token
        else:
            count = self._longest_name()
            if token is None or (not count and (token.kind != "word" or token.stops)):
                raise self._wrong(f"expected {what}, such as throughput or p99")
            count = count or max(1, sum(1 for _ in self._words("word")))
            said = Token("word", self.text[token.position : self.tokens[self.place + count - 1].end], token.position)
            named = said.text
            self.place += count
        try:
            return resolve(named, self.columns)
        except UnknownColumnError as error:
            raise ObjectiveError(error.reason, text=self.text, position=said.position, length=len(said.text)) from None

    def _words(self, *kinds: str) -> Iterator[Token]:
        """Yield what comes next and may be a name or a unit."""
        for token in self.tokens[self.place : self.place + _MOST_WORDS]:
            if token.kind not in kinds or token.stops:
                return
            yield token

    def _longest_name(self) -> int:
        """Return how many of the next words are the name of a column, or an ambiguous one; 0 when none is."""
        words = list(self._words("word", "number"))
        for count in range(len(words), 0, -1):
            name = self.text[words[0].position : words[count - 1].end]
            if name in self.columns or meant(name):
                return count
        return 0

    def _quantity(self, name: str) -> float:
        start = self.place
        self._skip_number()
        self._unit(described_as(name))
        return self._scaled(start, range(start + 1, self.place), name)

    def _skip_number(self) -> None:
        token = self._peek()
        if token is None or token.kind != "number":
            raise self._wrong("expected a number")
        self.place += 1
        comma, after = [*self.tokens[self.place : self.place + 2], token, token][:2]
        glued = comma.position == token.end and after.position == comma.end
        if comma.text == "," and after.kind == "number" and glued:
            said = f"{_number(token)},{_number(after)}"
            raise self._wrong(f"{said} has a comma: write decimals with a point and thousands without a sign", back=1)
        if comma.kind == "number" and comma is not token:
            raise self._wrong(
                f"{_number(token)} {_number(comma)} are two numbers: write thousands without a space", back=1
            )

    def _unit(self, column: Column | None) -> tuple[str, Decimal | None]:
        """Take the unit, as far as it fits the column; else one word, which then does not."""
        texts = [token.text for token in self._words("word", "rate", "percent")]
        for count in range(len(texts), 0, -1):
            unit = " ".join(texts[:count])
            if (factor := factor_of(unit, column)) is not None:
                self.place += count
                return unit, factor
        self.place += bool(texts)
        return (texts[0], None) if texts else ("", factor_of("", column))

    def _scaled(self, number: int, unit_places: range, name: str) -> float:
        described, said = described_as(name), self.tokens[number].text
        unit = " ".join(self.tokens[place].text for place in unit_places)
        factor = factor_of(unit, described)
        if factor is None and not unit:
            raise self._wrong(f"{_number(self.tokens[number])} needs a unit: ns, us, ms, s")
        if factor is None:
            own = unit_text(described).strip() or "none"
            hint = "fit: write a fraction" if unit.lower() in PERCENT else f"fit {short_of(name)}: its unit is {own}"
            why = "measure time: use ns, us, ms or s" if is_time(described) else hint
            raise self._wrong(f"unit {shown(unit)} does not {why}", at=unit_places[0])
        value = value_of(said, factor)
        if not math.isfinite(value):
            raise self._wrong(f"{_number(self.tokens[number])} is too large", at=number)
        return value

    def _sign(self) -> str:
        token = self._peek()
        if token is not None and token.kind == "compare":
            self.place += 1
            return _SIGNS[token.text]
        is_said = self._take("is")
        for words, sign in _SIGNS.items():
            if words[0].isalpha() and words != "is" and self._take(words):
                return sign
        return "=" if is_said else ""

    def _text_of(self, token: Token) -> str:
        if len(token.text) < 2 or not token.text.endswith('"'):
            raise self._wrong("the quote is not closed", back=1)
        return token.unquoted()

    def _peek(self) -> Token | None:
        return self.tokens[self.place] if self.place < len(self.tokens) else None

    def _take_kind(self, kind: str) -> bool:
        token = self._peek()
        taken = token is not None and token.kind == kind
        self.place += taken
        return taken

    def _take(self, words: str) -> bool:
        """Take a word, or several in a row, when they come next."""
        wanted = words.split()
        coming = [token.text.lower() for token in self.tokens[self.place : self.place + len(wanted)]]
        if coming == wanted:
            self.place += len(wanted)
            return True
        if words == "subject to" and coming[:1] == ["subject"]:
            self.place += 1
            raise self._wrong("expected 'to' after 'subject'")
        return False

    def _misplaced(self) -> ObjectiveError:
        token = self._peek()
        if token is not None and token.text.lower() in ("or", "|", "not"):
            return self._wrong(f"{token.text!r} is not read: a point has to meet every limit; ask for each by itself")
        return self._wrong("expected 'subject to', 'and', 'at' or the end")

    def _wrong(self, message: str, *, back: int = 0, at: int | None = None) -> ObjectiveError:
        place = self.place - back if at is None else at
        token = self.tokens[place] if 0 <= place < len(self.tokens) else None
        position, length = (token.position, len(token.text)) if token else (len(self.text.rstrip()) + 1, 1)
        return ObjectiveError(message, text=self.text, position=position, length=length)


def _number(token: Token) -> str:
    return token.text if len(token.text) <= 30 else f"{token.text[:29]}…"


def _least_beyond(name: str, sign: str, limit: float) -> float:
    """Return the limit that ``<`` or ``>`` means: of whole numbers the next one, else the same."""
    described = described_as(name)
    if sign in ("<=", ">=") or described is None or described.dtype != "Int64":
        return limit
    return float(math.ceil(limit) - 1 if sign == "<" else math.floor(limit) + 1)
