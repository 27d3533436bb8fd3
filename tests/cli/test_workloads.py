import pytest

from tradeoff import workloads
from tradeoff.cli.workloads import missing
from tradeoff.workloads import devices


def test_every_workload_is_listed(tradeoff_command):
    result = tradeoff_command("workloads")
    assert result.exit_code == 0
    for name in workloads.names():
        assert name in result.stdout


@pytest.mark.parametrize(
    ("backend", "has_cuda", "is_installed", "lacks"),
    [
        ("numpy", False, False, None),
        ("torch", False, True, None),
        ("torch", True, False, "needs torch: pip install 'tradeoff[torch]'"),
        ("cupy", True, True, None),
        ("cupy", False, True, "needs a CUDA GPU"),
        ("cupy", False, False, "needs a CUDA GPU and cupy: pip install 'tradeoff[cupy]'"),
    ],
)
def test_what_a_backend_lacks(monkeypatch, backend, has_cuda, is_installed, lacks):
    monkeypatch.setattr(devices, "has_cuda", lambda: has_cuda)
    monkeypatch.setattr("tradeoff.cli.workloads.find_spec", lambda name: object() if is_installed else None)
    assert missing(backend) == lacks
