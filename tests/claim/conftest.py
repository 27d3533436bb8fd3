"""A bundle with every file in it, written once for the tests that read it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import browser
from tests.claim.runs import OBJECTIVE, hostile_run, private_run, run
from tradeoff.claim import claim, save_claims

DATE = "2026-11-24"


@pytest.fixture(scope="session", autouse=True)
def _the_browser_of_the_tests():
    with pytest.MonkeyPatch.context() as patch:
        path = browser.find()
        if path is None:
            raise browser.NoBrowserError("no Chromium here: python -m tests.browser installs one")
        patch.setenv("BROWSER_PATH", path)
        yield


@pytest.fixture(scope="session")
def bundles(tmp_path_factory, _the_browser_of_the_tests) -> dict[str, Path]:
    """Folders of a plain claim, one with hostile names, and one of a Run that names what must not be named."""
    folder = tmp_path_factory.mktemp("claims")
    runs = {"plain": run(), "hostile": hostile_run(), "private": private_run()}
    made = {folder / name: claim(one, OBJECTIVE, date=DATE) for name, one in runs.items()}
    save_claims(made, pdf=True, dark=True)
    return {name: folder / name for name in runs}


@pytest.fixture(scope="session")
def bundle(bundles) -> Path:
    return bundles["plain"]
