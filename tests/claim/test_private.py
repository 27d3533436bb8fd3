import pytest

from tradeoff.claim.private import public_environment, public_text


@pytest.mark.parametrize(
    ("text", "public"),
    [
        ("softmax", "softmax"),
        ("meta-llama/Llama-3.1-8B", "meta-llama/Llama-3.1-8B"),
        ("/data/models/llama 7b", "llama 7b"),
        ("~/models/llama", "llama"),
        ("~somebody/llama", "llama"),
        (r"C:\Users\somebody\llama", "llama"),
        (r"\\server\share\llama", "llama"),
        ("model=/data/x/llama v2", "model=llama v2"),
        ("read '/data/x/llama' here", "read 'llama' here"),
        ("s3://bucket/x/llama", "llama"),
        ("http://server:8000", "(address)"),
        ("at http://server:8000/v1/completions?key=1 now", "at completions now"),
        ("somebody@example.org", "(address)"),
        ("at 10.0.0.7:8000", "at (address)"),
        ("driver 550.54.15", "driver 550.54.15"),
        ("1000 requests/s", "1000 requests/s"),
        ("a\x00b\r\n c\x1b[2J", "a b c [2J"),
        ("a\ufffeb\ud800c", "a b?c"),
        ("x" * 300, "x" * 199 + "…"),
        (12, "12"),
    ],
)
def test_text(text, public):
    assert public_text(text) == public


@pytest.mark.parametrize("text", ["softmax", "/data/models/llama", "http://server/v1", "x" * 300, "--></script>"])
def test_it_changes_nothing_the_second_time(text):
    assert public_text(public_text(text)) == public_text(text)


def test_of_an_environment_only_what_is_listed_stays():
    found = public_environment({
        "recorded_at": "2026-11-20T10:00:00Z", "host": "gpu-box-17", "command": "python /srv/run.py",
        "machine": {"cpu": "A processor", "cores": 4, "hostname": "gpu-box-17", "governor": None, "memory_bytes": True},
        "gpus": [{"name": "NVIDIA H200", "driver": "570.1", "uuid": "GPU-1"}, {"uuid": "GPU-2"}, "text"],
        "python": {"version": "3.12.1", "executable": "/srv/python"},
        "packages": {"numpy": "2.4.6", "own": "/srv/own", "file:///x": "1.0", "torch": "2.13.0+cpu", 5: "1"},
    })  # fmt: skip
    assert found == {
        "recorded_on": "2026-11-20", "machine": {"cpu": "A processor", "cores": 4},
        "gpus": [{"name": "NVIDIA H200", "driver": "570.1"}], "python": {"version": "3.12.1"},
        "packages": {"numpy": "2.4.6", "torch": "2.13.0+cpu"},
    }  # fmt: skip


@pytest.mark.parametrize(
    "environment",
    [{}, {"recorded_at": 5, "machine": [], "gpus": {}, "python": None, "packages": "x"}, {"recorded_at": "2026-13-99"}],
)
def test_an_environment_of_any_shape_is_borne(environment):
    assert public_environment(environment) == {}
