"""The words, numbers and signs that the text of an objective is made of."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from tradeoff.objective.objective import STOPS, WORD, ObjectiveError

LONGEST = 4_000
"""Characters of an objective at most."""

_TOKEN = re.compile(
    rf"""(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<compare><=|=<|>=|=>|[≤≥⩽⩾≦≧]|==?|[<>])
      | (?P<join>&&?|[,;∧])
      | (?P<st>[sS]\.[tT]\.(?!\w))
      | (?P<rate>/\ ?s(?:ec(?:ond)?)?\b)
      | (?P<percent>%)
      | (?P<text>"(?:[^"\\]|\\.)*+"?)
      | (?P<word>{WORD})
      | (?P<other>\S)""",
    re.VERBOSE | re.DOTALL,
)


class Token(NamedTuple):
    """A piece of the text: its kind, a name of a group above; itself; and where it begins."""

    kind: str
    text: str
    position: int

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.position + len(self.text)

    @property
    def stops(self) -> bool:
        """Whether it ends the name of a metric, or a unit."""
        return self.text.lower() in STOPS

    def unquoted(self) -> str:
        """Return what stands in quotes, as JSON reads it; without them where JSON does not."""
        try:
            return str(json.loads(self.text))
        except ValueError:
            return self.text[1:-1]


def tokens_of(text: str) -> list[Token]:
    """Take a text apart; a point at its end is left out.

    Raises
    ------
    ObjectiveError
        When it is longer than `LONGEST`.
    """
    if len(text) > LONGEST:
        raise ObjectiveError(f"an objective has at most {LONGEST} characters; got {len(text)}")
    tokens = [Token(m.lastgroup or "other", m.group(), m.start()) for m in _TOKEN.finditer(text)]
    return tokens[:-1] if tokens and tokens[-1].text == "." else tokens
