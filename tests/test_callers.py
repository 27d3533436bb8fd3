from __future__ import annotations

import warnings

import pytest

from tradeoff import callers


@pytest.mark.parametrize("deep", [1, 2, 5])
def test_a_warning_points_to_the_line_outside_of_the_package_however_deep_it_arises(deep):
    # Code that claims to lie in the package, a call within another.
    source = "def f0():\n    warn('odd', stacklevel=level())\n" + "".join(
        f"def f{n}():\n    f{n - 1}()\n" for n in range(1, deep)
    )
    inside = {"warn": warnings.warn, "level": callers.level_of_caller}
    exec(compile(source, callers.__file__.replace("callers", "inner"), "exec"), inside)  # noqa: S102
    with pytest.warns(UserWarning, match="odd") as told:
        inside[f"f{deep - 1}"]()
    assert told[0].filename == __file__
