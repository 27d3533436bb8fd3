"""Where a warning points: the line outside of this package that asked."""

from __future__ import annotations

import os
import sys

_HERE = os.path.join(os.path.dirname(__file__), "")  # noqa: PTH118, PTH120  # code names its files as text


def level_of_caller() -> int:
    """Return the ``stacklevel=`` with which ``warnings.warn``, called next to this, points to the user's own line."""
    frame, level = sys._getframe(1), 1
    while frame.f_code.co_filename.startswith(_HERE) and frame.f_back is not None:
        frame, level = frame.f_back, level + 1
    return level
