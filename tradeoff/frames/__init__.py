"""The two frames, ``points`` and ``samples``, and the Run that holds them."""

from tradeoff.frames.columns import (
    IDENTITY_COLUMNS,
    NEVER_POOLED,
    PERCENTILES,
    POINT_COLUMNS,
    SAMPLE_COLUMNS,
    STAGES,
    UNUSABLE,
    Column,
    column,
)
from tradeoff.frames.files import RunFolderError
from tradeoff.frames.flags import FLAGS, Flag
from tradeoff.frames.folder import RunFolder
from tradeoff.frames.run import Run, without_steps
from tradeoff.frames.tables import make_points, make_samples, point_id
from tradeoff.frames.validate import FrameError, validate_points, validate_samples

__all__ = [
    "FLAGS",
    "IDENTITY_COLUMNS",
    "NEVER_POOLED",
    "PERCENTILES",
    "POINT_COLUMNS",
    "SAMPLE_COLUMNS",
    "STAGES",
    "UNUSABLE",
    "Column",
    "Flag",
    "FrameError",
    "Run",
    "RunFolder",
    "RunFolderError",
    "column",
    "make_points",
    "make_samples",
    "point_id",
    "validate_points",
    "validate_samples",
    "without_steps",
]
