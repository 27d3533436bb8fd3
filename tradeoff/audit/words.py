"""Sentences about many rows: numbers that look alike are written once, and Arrow puts the pieces together.

Three digits leave some thousand different numbers however many rows there are. That, and no Python for each row, lets
half a million sentences be made in a fraction of a second.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tradeoff.digits import three, whole
from tradeoff.strangers import shortened

Numbers = NDArray[np.float64]
Truths = NDArray[np.bool_]
Places = NDArray[np.intp]
Words = Callable[[Places], pa.Array]
"""Gives the words of the rows at some places."""

_EXTREME = 280
"""Powers of ten beyond which rounding by division would leave the range of floats."""


def sentences(sentence: str, words: Sequence[Words], rows: Places) -> pa.Array:
    """Put the words of each row where ``%s`` stands in a sentence; ``%%`` is a percent sign.

    Returns
    -------
    pyarrow.Array
        A sentence for each row; without words a single one, which stands for all.
    """
    pieces = [""]
    for part in re.split("(%%|%s)", sentence):
        if part == "%s":
            pieces.append("")
        else:
            pieces[-1] += part.replace("%%", "%")
    if len(pieces) != len(words) + 1:
        raise ValueError(f"{len(words)} words for {len(pieces) - 1} places in {sentence!r}")
    parts: list[object] = [pa.scalar(pieces[0])]
    for each, piece in zip(words, pieces[1:], strict=True):
        parts += [each(rows), pa.scalar(piece)]
    return pc.binary_join_element_wise(*parts, "") if words else pa.array(pieces)


def number(values: Numbers) -> Words:
    """Write with three significant digits: ``41 800``."""
    return lambda rows: _once(_rounded(values[rows]), three)


def share(values: Numbers) -> Words:
    """Write a share of one as ``12.3 %``."""
    return lambda rows: _once(_rounded(100.0 * values[rows]), lambda value: f"{three(value)} %")


def time(values_ms: Numbers) -> Words:
    """Write a time in ms as ``9.80 ms``, from a second on as ``6.80 s``."""
    return lambda rows: _once(_rounded(values_ms[rows]), _time)


def count(values: Numbers) -> Words:
    """Write a whole number: ``2 400``; of a fraction three digits."""
    return lambda rows: _once(values[rows], _count)


def text(values: pd.Series, frame: str = "%s", *, otherwise: str = "") -> Words:
    """Write what a row says itself, on one line, inside `frame`; `otherwise` where it says nothing."""

    def words(rows: Places) -> pa.Array:
        said = (shortened(each, longest=200) if isinstance(each, str) else "" for each in values.iloc[rows])
        return pa.array([frame % each if each else otherwise for each in said], pa.string())

    return words


def choice(which: Truths, otherwise: str, holding: str) -> Words:
    """Write `holding` where something holds, else `otherwise`."""
    return lambda rows: pc.if_else(pa.array(which[rows]), holding, otherwise)


def only(holds: Truths, sentence: str, words: Words) -> Words:
    """Write a part of a sentence where something holds, and nothing elsewhere."""
    return lambda rows: pc.if_else(pa.array(holds[rows]), sentences(sentence, [words], rows), "")


def listed(things: Mapping[str, Truths]) -> Words:
    """Write those of several things that hold of a row: ``the hardware and the batching policy``."""
    names = list(things)
    codes = np.sum([holds.astype(np.float64) * 2**place for place, holds in enumerate(things.values())], axis=0)

    def enumerated(code: float) -> str:
        holding = [name for place, name in enumerate(names) if int(code) >> place & 1]
        return " and ".join(filter(None, [", ".join(holding[:-1]), *holding[-1:]]))

    return lambda rows: _once(codes[rows], enumerated)


def _rounded(values: Numbers) -> Numbers:
    """Round to three digits, so that numbers that are written alike are equal."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        power = np.floor(np.log10(np.abs(values))) - 2.0
        scale = 10.0**power
        return np.where(np.abs(power) < _EXTREME, np.rint(values / scale) * scale, values)


def _once(values: Numbers, write: Callable[[float], str]) -> pa.Array:
    places, different = pd.factorize(values, use_na_sentinel=False)
    return pa.array([write(float(value)) for value in different], pa.string()).take(pa.array(places))


def _time(ms: float) -> str:
    return f"{three(ms / 1e3)} s" if abs(ms) >= 1e3 else f"{three(ms)} ms"


def _count(value: float) -> str:
    return whole(value) if value == round(value, 0) and abs(value) < 1e15 else three(value)
