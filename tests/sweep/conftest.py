import pytest

from tradeoff.timing import Budget


@pytest.fixture
def quick() -> Budget:
    """A budget of hundredths of a second: these tests are about the sweep, not about its numbers."""
    return Budget(name="quick", seconds=0.01, max_seconds=0.02, warm_up_seconds=0.001, min_calls=5, max_calls=200)
