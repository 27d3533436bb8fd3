"""Writing a bundle: every file is made first, then all are put in their place."""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tradeoff.claim import words
from tradeoff.claim.carry import pdf, png, svg, table
from tradeoff.claim.document import as_text
from tradeoff.claim.errors import ClaimError, NoPicturesWarning
from tradeoff.claim.formats import find, with_claim
from tradeoff.claim.pictures import Form, NoPictureError, Pictures
from tradeoff.claim.text import markdown
from tradeoff.figures.theme import Theme
from tradeoff.frames import RunFolderError
from tradeoff.frames.files import named
from tradeoff.frames.folder import folder_path

if TYPE_CHECKING:
    from tradeoff.claim.claim import Claim

FILES = (
    "figure.html", "figure.svg", "figure.png", "figure.pdf", "figure-dark.svg", "figure-dark.png", "points.csv",
    "claim.json", "claim.md",
)  # fmt: skip
"""What a bundle may hold."""

_DESCRIBED = {"svg": svg.described, "png": png.described, "pdf": pdf.described}


def save_claims(
    claims: Mapping[str | os.PathLike[str], Claim], *, pdf: bool = False, dark: bool = False, overwrite: bool = False
) -> list[Path]:
    """Write several claims, each to its folder, with one browser for all their pictures.

    Parameters
    ----------
    claims
        Folder to claim.
    pdf, dark, overwrite
        As in `Claim.save`.

    Returns
    -------
    list of pathlib.Path
        The folders.

    Raises
    ------
    ClaimError, RunFolderError
        As in `Claim.save`; what was written before stays.
    """
    with Pictures() as pictures:
        return [
            save_bundle(claim, folder, pictures, with_pdf=pdf, dark=dark, overwrite=overwrite)
            for folder, claim in claims.items()
        ]


def save_bundle(
    claim: Claim,
    path: str | os.PathLike[str],
    pictures: Pictures,
    *,
    with_pdf: bool = False,
    dark: bool = False,
    overwrite: bool = False,
) -> Path:
    """Write one bundle; see `Claim.save`."""
    target = folder_path(path)
    target = target.resolve() if target.is_symlink() else target
    if claim.problems:
        raise ClaimError(f"this claim does not verify ({claim.problems[0]}): make it anew from its Run")
    if target.exists() and not target.is_dir():
        raise RunFolderError(f"{target} is a file: choose a folder")
    stale = _stale(target, claim, overwrite=overwrite)
    files, absent = contents(claim, pictures, with_pdf=with_pdf, dark=dark)
    with named(target, "make the folder"):
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        _place(files, stale - files.keys(), target, aside)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    if absent:
        warnings.warn(absent, NoPicturesWarning, stacklevel=4)
    return target


def contents(
    claim: Claim, pictures: Pictures, *, with_pdf: bool = False, dark: bool = False
) -> tuple[dict[str, bytes], str]:
    """Make every file of a bundle.

    Returns
    -------
    files : dict
        Name to bytes; pictures that cannot be drawn are left out.
    absent : str
        Why they are, as ``claim.md`` says it too; empty when they are there.
    """
    drawing = _Drawing(claim, pictures, with_pdf=with_pdf, dark=dark)
    whole, data = claim.document(), claim.data()
    page = claim.page().encode("utf-8")
    drawn, absent = drawing.finished()
    text = markdown(claim.content, claim.points, claim.labels(), claim.axes, pictures=list(drawn), absent=absent)
    files = {"figure.html": page, **drawn, "claim.md": text.encode("utf-8")}
    made = {name: with_claim(name, content, whole) for name, content in files.items()}
    return {**made, "points.csv": table.write(whole, data), "claim.json": as_text(whole).encode("utf-8")}, absent


class _Drawing:
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


def _stale(target: Path, claim: Claim, *, overwrite: bool) -> set[str]:
    """Look at what is there: refuse to write over anything but this very claim, and name files of another one.

    Returns
    -------
    set of str
        Files that hold another claim: those that are not written over would contradict the rest.
    """
    stale = set()
    for name in FILES if target.is_dir() else ():
        file = target / name
        if not file.exists():
            continue
        again = "choose another folder, or pass overwrite=True (--overwrite)"
        try:
            found = find(file, file.read_bytes())
        except (ValueError, OSError):
            if not overwrite:
                raise ClaimError(f"{file} is there and holds no claim that can be read: {again}") from None
            continue
        if found.content != claim.content:
            stale.add(name)
            if not overwrite:
                raise ClaimError(f"{file} holds another claim ({found.content['objective']}): {again}")
        elif found.problems and not overwrite:
            raise ClaimError(f"{file} has been changed since it was written: {again}")
    return stale


def _place(files: Mapping[str, bytes], stale: Iterable[str], target: Path, aside: Path) -> None:
    """Write everything aside first: what is put in place then is whole."""
    made = aside / "new"
    with named(target, "write the bundle"):
        made.mkdir()
        for name, content in files.items():
            (made / name).write_bytes(content)
        if not target.exists():
            made.rename(target)
            return
        for name in files:
            (made / name).replace(target / name)
        for name in stale:
            (target / name).unlink()
