"""The pictures of one claim: which there are, what they are called, and the words inside them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tradeoff.claim import words
from tradeoff.claim.carry import pdf, png, svg
from tradeoff.claim.pictures import Form, NoPictureError, Pictures
from tradeoff.figures.theme import Theme

if TYPE_CHECKING:
    from tradeoff.claim.claim import Claim

_DESCRIBED = {"svg": svg.described, "png": png.described, "pdf": pdf.described}


class Drawing:
    """The pictures of a claim: begun at once, so that the browser draws them while the other files are made."""

    def __init__(self, claim: Claim, pictures: Pictures, *, with_pdf: bool, dark: bool) -> None:
        self._content, self._absent = claim.content, ""
        forms: dict[Theme, tuple[Form, ...]] = {"light": ("svg", "png", "pdf") if with_pdf else ("svg", "png")}
        if dark:
            forms["dark"] = ("svg", "png")
        self._names = [(_picture_name(theme, form), form) for theme, some in forms.items() for form in some]
        self._begun: list[Callable[[], bytes]] = []
        try:
            for theme, some in forms.items():
                figure = claim.plot(theme=theme)
                self._begun += [pictures.begin(figure, form) for form in some]
        except NoPictureError as error:
            self._absent = self._told(error)

    def finished(self) -> tuple[dict[str, bytes], str]:
        """Return the pictures; or none, and in one sentence why, and which command mends it."""
        title, description = words.heading(self._content), words.alternative(self._content)
        drawn: dict[str, bytes] = {}
        try:
            for (name, form), wait in zip(self._names, () if self._absent else self._begun, strict=False):
                drawn[name] = _DESCRIBED[form](wait(), title=title, description=description)
        except NoPictureError as error:
            drawn, self._absent = {}, self._told(error)
        return drawn, self._absent

    def _told(self, error: NoPictureError) -> str:
        names = words.listed([name for name, _ in self._names])
        return f"{names} are not here, for {error}; then save the claim again."


def _picture_name(theme: Theme, form: Form) -> str:
    return f"figure{'-dark' if theme == 'dark' else ''}.{form}"
