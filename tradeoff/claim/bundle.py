"""Writing a bundle: every file is made first, then all are put in their place."""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tradeoff.callers import level_of_caller
from tradeoff.claim.carry import table
from tradeoff.claim.document import as_text
from tradeoff.claim.drawing import Drawing
from tradeoff.claim.errors import ClaimError, NoPicturesWarning
from tradeoff.claim.formats import find, with_claim
from tradeoff.claim.pictures import Pictures
from tradeoff.claim.text import markdown
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
        As in `Claim.save`, for whichever claim: all are checked before any is written.
    """
    checked = [(claim, *_target(path, claim, overwrite=overwrite)) for path, claim in claims.items()]
    with Pictures() as pictures:
        # All are begun at once: while the browser draws one, the files of another are made.
        drawings = [Drawing(claim, pictures, with_pdf=pdf, dark=dark) for claim, _, _ in checked]
        for (claim, target, stale), drawing in zip(checked, drawings, strict=True):
            files, absent = contents(claim, drawing)
            _place(files, stale - files.keys(), target)
            if absent:
                warnings.warn(absent, NoPicturesWarning, stacklevel=level_of_caller())
    return [target for _, target, _ in checked]


def contents(claim: Claim, drawing: Drawing) -> tuple[dict[str, bytes], str]:
    """Make every file of a bundle.

    Returns
    -------
    files : dict
        Name to bytes; pictures that cannot be drawn are left out.
    absent : str
        Why they are, as ``claim.md`` says it too; empty when they are there.
    """
    whole, data = claim.document(), claim.data()
    page = claim.page().encode("utf-8")
    drawn, absent = drawing.finished()
    text = markdown(claim.content, claim.points, claim.labels(), claim.axes, pictures=list(drawn), absent=absent)
    files = {"figure.html": page, **drawn, "claim.md": text.encode("utf-8")}
    made = {name: with_claim(name, content, whole) for name, content in files.items()}
    return {**made, "points.csv": table.write(whole, data), "claim.json": as_text(whole).encode("utf-8")}, absent


def _target(path: str | os.PathLike[str], claim: Claim, *, overwrite: bool) -> tuple[Path, set[str]]:
    """Check what is to be written, and where; nothing is written before everything is checked."""
    target = folder_path(path)
    target = target.resolve() if target.is_symlink() else target
    if claim.problems:
        raise ClaimError(f"this claim does not verify ({claim.problems[0]}): make it anew from its Run")
    if target.exists() and not target.is_dir():
        raise RunFolderError(f"{target} is a file: choose a folder")
    return target, _stale(target, claim, overwrite=overwrite)


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


def _place(files: Mapping[str, bytes], stale: Iterable[str], target: Path) -> None:
    """Write everything aside first: what is put in place then is whole."""
    with named(target, "make the folder"):
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
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
    finally:
        shutil.rmtree(aside, ignore_errors=True)
