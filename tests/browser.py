"""A real Chromium for the tests: found, or installed, or loudly missed. No browser test is ever skipped.

``python -m tests.browser`` finds one or installs one, and prints where it is.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class NoBrowserError(RuntimeError):
    """There is no Chromium and none could be installed."""


def find() -> str | None:
    """Return the path of a Chromium: the one named by BROWSER_PATH, on the PATH, or installed by Playwright."""
    named = os.environ.get("BROWSER_PATH")
    if named and shutil.which(named):
        return named
    for name in NAMES:
        if path := shutil.which(name):
            return path
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if os.path.exists(own) else None  # noqa: PTH110


def install() -> str:
    """Install a Chromium, by Debian's package when we are root there, by Playwright's own download otherwise.

    Raises
    ------
    NoBrowserError
        When there is none afterwards.
    """
    attempts = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        quiet = ["apt-get", "-qq", "-o", "Dpkg::Use-Pty=0"]
        packages = ["chromium", "fonts-dejavu-core"]
        attempts = [
            [*quiet, "update"],
            [*quiet, "install", "-y", "--no-install-recommends", *packages],
        ]
    for command in attempts:
        print("$", " ".join(command), flush=True)
        subprocess.run(command, check=False, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
    path = find()
    if path is None:
        raise NoBrowserError(
            f"no Chromium: {' && '.join(map(' '.join, attempts))} did not give one. "
            "Install chromium or Chrome by hand, or name it in BROWSER_PATH"
        )
    return path


@pytest.fixture(scope="session")
def playwright_driver() -> Iterator[Playwright]:
    """Playwright, once a session."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def chromium(playwright_driver: Playwright) -> Iterator[Browser]:
    """One Chromium, once a session."""
    path = find()
    if path is None:
        raise NoBrowserError("no Chromium here: python -m tests.browser installs one")
    browser = playwright_driver.chromium.launch(executable_path=path, args=list(ARGUMENTS))
    yield browser
    browser.close()


@contextmanager
def fresh_page(browser: Browser, *, width: int = 1400, height: int = 900) -> Iterator[Page]:
    """Open a page in a context of its own; what its scripts complain about fails the test."""
    context = browser.new_context(viewport={"width": width, "height": height})
    fresh = context.new_page()
    errors: list[str] = []
    fresh.on("pageerror", lambda error: errors.append(str(error)))
    yield fresh
    context.close()
    assert not errors, errors


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A fresh page, a test."""
    with fresh_page(chromium) as fresh:
        yield fresh


if __name__ == "__main__":
    print("browser:", find() or install())
