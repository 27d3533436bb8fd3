"""What may not run beside what, when two workers share the tests: each group stays with one worker, in order.

``python -m pytest -n 2 --dist loadgroup --no-loadscope-reorder`` shares them out. A file is a group of its own unless
it is named here; the groups named here take longest and begin first. Without ``-n`` nothing changes.
"""

from __future__ import annotations

import pytest

GROUPS = {
    # They measure in real time: never two at once.
    "machine": (
        "notebooks/",
        "tests/cli/test_app.py",
        "tests/cli/test_calibrate.py",
        "tests/cli/test_limits.py",
        "tests/cli/test_replay.py",
        "tests/cli/test_serving.py",
        "tests/cli/test_sweep.py",
        "tests/cli/test_tokens.py",
        "tests/limits/",
        "tests/paired/test_measuring.py",
        "tests/search/test_search.py",
        "tests/serving/outside/",
        "tests/serving/real/",
        "tests/serving/test_drive.py",
        "tests/serving/test_serve.py",
        "tests/serving/tokens/test_costs.py",
        "tests/serving/tokens/test_loop.py",
        "tests/serving/tokens/test_serve.py",
        "tests/sweep/",
        "tests/timing/",
        "tests/workloads/",
    ),
    # They share one JupyterLab.
    "jupyterlab": (
        "tests/explorer/test_jupyterlab.py",
        "tests/explorer/test_whatif_jupyterlab.py",
        "tests/test_notebooks.py",
    ),
    # They share bundles that take a browser seconds to write.
    "claim": ("tests/claim/",),
}


def group(path: str) -> str:
    """Name the group of a file, given by its path from the project's folder."""
    return next((name for name, starts in GROUPS.items() if path.startswith(starts)), path)


def group_of(item: pytest.Item) -> str:
    """Name the group of a test."""
    return group(item.path.relative_to(item.config.rootpath).as_posix())


def mark(item: pytest.Item) -> None:
    """Mark a test with its group, for pytest-xdist's ``loadgroup``."""
    item.add_marker(pytest.mark.xdist_group(group_of(item)))


def longest_first(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put tests of the named groups first; does nothing outside pytest-xdist's workers."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: group_of(item) not in GROUPS)
