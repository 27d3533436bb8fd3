"""What people slide: a Run, and a server that does not exist yet; in a notebook and as one stand-alone page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tradeoff.explorer.grid import PayloadError
from tradeoff.explorer.page import save_page

if TYPE_CHECKING:
    from tradeoff.explorer.whatif import WhatIf
    from tradeoff.explorer.widget import Explorer

__all__ = ["Explorer", "PayloadError", "WhatIf", "save_page"]


def __getattr__(name: str) -> Any:
    """Load a widget when it is first asked for: a page needs neither anywidget nor ipywidgets."""
    if name == "Explorer":
        from tradeoff.explorer.widget import Explorer

        return Explorer
    if name == "WhatIf":
        from tradeoff.explorer.whatif import WhatIf

        return WhatIf
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
