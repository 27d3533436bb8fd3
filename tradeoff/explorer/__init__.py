"""The explorer: one view of a Run, in a notebook and as one stand-alone page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tradeoff.explorer.grid import PayloadError
from tradeoff.explorer.page import save_page

if TYPE_CHECKING:
    from tradeoff.explorer.widget import Explorer

__all__ = ["Explorer", "PayloadError", "save_page"]


def __getattr__(name: str) -> Any:
    """Load the widget when it is first asked for: a page needs neither anywidget nor ipywidgets."""
    if name == "Explorer":
        from tradeoff.explorer.widget import Explorer

        return Explorer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
