"""What calls raised while they were measured: each kind once, with how often and where in the user's own code."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from types import CodeType

from tradeoff.digits import counted
from tradeoff.timing.failure import is_out_of_memory, said_by
from tradeoff.timing.origin import named, place_of
from tradeoff.workloads.promises import UnfinishedError

STORM = 5
"""Errors from which on a point is given up when most of its calls raise: one or two may be a call's first days."""

_MOST_KINDS = 16
_OTHERS = ("", None, 0)


@dataclass(frozen=True)
class Raised:
    """One kind of error.

    Attributes
    ----------
    type
        The error's type.
    said
        Type and message, on one line; the message is that of the first.
    where
        File (its name alone), line and function of the last frame of the user's own code; empty when there is none.
    count
        How many calls raised it.
    """

    type: str
    said: str
    where: str
    count: int = 1

    def __str__(self) -> str:
        return f"{self.said} ({self.where})" if self.where else self.said


@dataclass
class RaisedLog:
    """Counts what calls raise; keeps text, since an error holds on to the frames it passed and to their tensors."""

    kinds: dict[tuple[str, CodeType | None, int], Raised] = field(default_factory=dict)

    def note(self, error: Exception) -> None:
        """Count an error.

        Raises
        ------
        BaseException
            The error itself when memory ran out, or a result cannot be waited for: that does not pass by itself.
        """
        if isinstance(error, UnfinishedError) or is_out_of_memory(error):
            raise error
        code, line = place_of(error)
        key = (type(error).__name__, code, line)
        if key in self.kinds:
            self.kinds[key] = replace(self.kinds[key], count=self.kinds[key].count + 1)
        elif len(self.kinds) < _MOST_KINDS:
            self.kinds[key] = Raised(type(error).__name__, said_by(error), named(code, line))
        else:
            others = self.kinds.get(_OTHERS, Raised("", "other errors", "", count=0))
            self.kinds[_OTHERS] = replace(others, count=others.count + 1)

    def found(self) -> tuple[Raised, ...]:
        """Return every kind."""
        return tuple(self.kinds.values())


def together(parts: Iterable[Raised]) -> tuple[Raised, ...]:
    """Add up errors of one type from one place, the most frequent first."""
    sums: dict[tuple[str, str], Raised] = {}
    for part in parts:
        known = sums.get((part.type, part.where))
        sums[part.type, part.where] = replace(known, count=known.count + part.count) if known else part
    return tuple(sorted(sums.values(), key=lambda kind: -kind.count))


def in_words(raised: Iterable[Raised], *, calls: int, counted_in_row: int | None = None) -> str:
    """Say how many of `calls` raised, and what most of those did: ``3 of 150 calls raised ValueError: …``.

    `counted_in_row` is how many of them ``n_errors`` counts; it is said where it does not count all.
    """
    kinds = together(raised)
    count = sum(kind.count for kind in kinds)
    others = f", and {counted(len(kinds) - 1, 'other error')}" if len(kinds) > 1 else ""
    said = f"{count} of {counted(calls, 'call')} raised {kinds[0]}{others}"
    if counted_in_row is None or counted_in_row == count:
        return said
    return f"{said}; n_errors counts {counted_in_row} of them: those in the measured window"


def persistent(call: Callable[[], object], *, tries: int = 10) -> Callable[[], object]:
    """Return a call that is made again when it raises, for where one answer is wanted and no time is taken."""

    def again() -> object:
        for _ in range(tries - 1):
            try:
                return call()
            except Exception as error:
                if is_out_of_memory(error):
                    raise
        return call()

    again.inputs = getattr(call, "inputs", None)  # type: ignore[attr-defined]
    return again


def is_storm(*, raised: int, calls: int) -> bool:
    """Say whether so many calls raised that measuring the others would answer nothing."""
    return raised >= STORM and 2 * raised > calls
