"""Checks of what people pass: everything is checked before anything is measured."""

from __future__ import annotations

import math
import numbers
import os
import re
import reprlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

DTYPES = ("float16", "bfloat16", "tf32", "float32", "float64")
"""The number types that workloads may be asked for."""

LARGEST = 999_999_999
"""The largest batch size and concurrency: beyond it somebody has mistyped."""

_T = TypeVar("_T")
_DEVICE = re.compile(r"cpu|cuda(:\d{1,3})?")


class ArgumentError(ValueError):
    """An argument that cannot be used; the message names it, the value seen and the values allowed."""


def shown(value: Any) -> str:
    """Return a short `repr` that fits into a sentence, whatever the value is."""
    try:
        if isinstance(value, numbers.Number) and hasattr(value, "item"):
            value = value.item()  # numpy's numbers: -3, not np.int64(-3)
        text = reprlib.repr(value)
    except Exception:  # a broken __repr__ must not hide the real mistake
        text = f"a {type(value).__name__}"
    return " ".join(text.split())


def whole_numbers(name: str, value: Any) -> tuple[int, ...]:
    """Return `value`, a whole number from 1 to `LARGEST` or several, as a tuple.

    Raises
    ------
    ArgumentError
        For other numbers, booleans, floats, text, duplicates and an empty list.
    """
    allowed = "a whole number of at least 1, or a list of different ones such as [1, 2, 4]"
    checked = []
    for item in _several(name, value, allowed):
        if not isinstance(item, bool) and isinstance(item, numbers.Integral) and int(item) > LARGEST:
            raise ArgumentError(f"{name} must be at most {LARGEST}; got {_seen(item, value)}")
        if isinstance(item, bool) or not isinstance(item, numbers.Integral) or item < 1:
            raise ArgumentError(f"{name} must be {allowed}; got {_seen(item, value)}")
        checked.append(int(item))
    return _different(name, checked, allowed)


def dtypes(value: Any) -> tuple[str, ...]:
    """Return `value`, a number type or several, as a tuple of names.

    Raises
    ------
    ArgumentError
        For names that are not in `DTYPES`, duplicates and an empty list.
    """
    return words("dtype", value, DTYPES)


def words(name: str, value: Any, allowed: Sequence[str]) -> tuple[str, ...]:
    """Return `value`, one of the `allowed` words or several, as a tuple.

    Raises
    ------
    ArgumentError
        For other words, duplicates and an empty list.
    """
    said = f"one of {', '.join(allowed)}, or a list of them"
    checked = []
    for item in _several(name, value, said):
        if not isinstance(item, str) or item not in allowed:
            raise ArgumentError(f"{name} must be {said}; got {_seen(item, value)}")
        checked.append(item)
    return _different(name, checked, said)


def price(value: Any) -> float | None:
    """Return `value` when it is a price per hour, or None.

    Raises
    ------
    ArgumentError
        For anything but a positive, finite number.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not 0.0 < float(value) < math.inf:
        raise ArgumentError(f"price_per_hour must be a positive number, in any currency, or None; got {shown(value)}")
    return float(value)


def replicates(value: Any, *, isolate: bool) -> int:
    """Return `value` when it is a number of processes: 1 to 16, and more than one only when points are isolated.

    Raises
    ------
    ArgumentError
        For anything else.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or not 1 <= int(value) <= 16:
        raise ArgumentError(f"replicates must be a whole number from 1 to 16; got {shown(value)}")
    if int(value) > 1 and not isolate:
        raise ArgumentError(f"replicates={int(value)} needs processes of their own: leave isolate=False out")
    return int(value)


def device(value: Any) -> str | None:
    """Return `value` when it names a device, or None to let the backend choose.

    Raises
    ------
    ArgumentError
        For anything but ``"cpu"``, ``"cuda"``, ``"cuda:<number>"`` and None.
    """
    if value is None or (isinstance(value, str) and _DEVICE.fullmatch(value)):
        return value
    raise ArgumentError(f"device must be 'cpu', 'cuda', 'cuda:0' (or another number) or None; got {shown(value)}")


def seed(value: Any) -> int:
    """Return `value` when it is a whole number of at least 0 that fits 32 bits.

    Raises
    ------
    ArgumentError
        For anything else.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or not 0 <= int(value) < 2**32:
        raise ArgumentError(f"seed must be a whole number from 0 to 4294967295; got {shown(value)}")
    return int(value)


def folder(value: Any) -> str | os.PathLike[str] | None:
    """Return `value` when it is the path of a folder, or None.

    Raises
    ------
    ArgumentError
        For anything else, and for an empty text.
    """
    if value is None or (isinstance(value, str | os.PathLike) and os.fspath(value)):
        return value
    raise ArgumentError(f"path must be the path of a folder, as text or a Path, or None; got {shown(value)}")


def text(name: str, value: Any) -> str | None:
    """Return `value` when it is text with something in it, or None.

    Raises
    ------
    ArgumentError
        For anything else.
    """
    if value is None or (isinstance(value, str) and value.strip()):
        return value
    raise ArgumentError(f"{name} must be text, or None; got {shown(value)}")


def yes_or_no(name: str, value: Any) -> bool:
    """Return `value` when it is True or False.

    Raises
    ------
    ArgumentError
        For anything else: a text such as ``"no"`` would count as true.
    """
    if not isinstance(value, bool):
        raise ArgumentError(f"{name} must be True or False; got {shown(value)}")
    return value


def _several(name: str, value: Any, allowed: str) -> list[Any]:
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        return [value]
    items = list(value)
    if not items:
        raise ArgumentError(f"{name} must be {allowed}; got an empty {type(value).__name__}")
    return items


def _different(name: str, items: list[_T], allowed: str) -> tuple[_T, ...]:
    twice = next((item for index, item in enumerate(items) if item in items[:index]), None)
    if twice is not None:
        raise ArgumentError(f"{name} must be {allowed}; got {shown(twice)} twice")
    return tuple(items)


def _seen(item: Any, value: Any) -> str:
    return shown(item) if item is value else f"{shown(item)} in {shown(value)}"
