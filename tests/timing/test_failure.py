from __future__ import annotations

import numpy as np
import pytest

from tradeoff.timing.failure import describe_failure, is_out_of_memory, one_line


class OutOfMemoryError(RuntimeError):
    """As torch and CuPy name theirs."""


@pytest.mark.parametrize(
    ("error", "wanted"),
    [
        (MemoryError("Unable to allocate 7.45 GiB for an array with shape (1000, 1000)"), "7.45 GiB"),
        (OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity"), "20.00 GiB"),
        (
            OutOfMemoryError("Out of memory allocating 8,000,000,512 bytes (allocated so far: 0 bytes)."),
            "8,000,000,512 bytes",
        ),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 40000 bytes."), "40000 bytes"),
    ],
)
def test_out_of_memory_says_how_much_it_wanted(error: BaseException, wanted: str) -> None:
    failure = describe_failure(error, batch_size=512)
    assert failure.status == "oom"
    assert f"out of memory at batch size 512, it wanted {wanted}" in failure.reason


def test_numpys_own_error_is_understood() -> None:
    with pytest.raises(MemoryError) as caught:
        np.empty(2**60, dtype=np.float32)
    failure = describe_failure(caught.value, batch_size=3)
    assert (failure.status, "it wanted 4.00 EiB" in failure.reason) == ("oom", True)


def test_an_error_without_an_amount_is_still_out_of_memory() -> None:
    assert describe_failure(MemoryError(), batch_size=1).reason == "out of memory at batch size 1 (MemoryError)"
    assert not is_out_of_memory(ValueError("out of memory"))


def test_the_reason_has_type_and_message_on_one_line() -> None:
    assert describe_failure(ValueError("a\n  b"), batch_size=1).reason == "raised ValueError: a b"


@pytest.mark.parametrize(
    "text",
    [
        "cannot open /home/ada/secret/model.pt",
        "in '/srv/root/x/model.pt', line 3",
        r"cannot open C:\Users\ada\model.pt",
        "file=/var/lib/ada/model.pt",
    ],
)
def test_directories_of_this_machine_are_left_out(text: str) -> None:
    told = one_line(text)
    assert "model.pt" in told
    assert not any(part in told for part in ("ada", "root", "secret", "lib"))


@pytest.mark.parametrize(
    "text",
    ["no route to 10.0.0.7:8000", "cannot reach grpc://ada:50051/model", "ask ada@example.org", "\x1b[31mred\x07"],
)
def test_addresses_and_control_characters_are_left_out(text: str) -> None:
    told = one_line(text)
    assert not any(part in told for part in ("10.0.0.7", "ada", "\x1b", "\x07"))


def test_a_home_folder_leaves_no_name(monkeypatch) -> None:
    monkeypatch.setattr("tradeoff.timing.failure._HOME", "/home/ada")
    assert "ada" not in one_line("permission denied: '/home/ada'")


def test_fractions_and_rates_survive() -> None:
    assert one_line("got 3/4 of 10 MB/s at 1/2") == "got 3/4 of 10 MB/s at 1/2"


def test_long_messages_are_cut() -> None:
    assert len(one_line("x" * 10_000)) == 300
