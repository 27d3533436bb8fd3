import errno
import os

import pytest
import typer

from tradeoff.cli.outcome import told_in_a_sentence


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (ValueError("batch_size must be positive"), 2, "batch_size must be positive"),
        (FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), "page.html"), 2, "page.html: No such file"),
        (PermissionError(errno.EACCES, os.strerror(errno.EACCES), "page.html"), 2, "page.html: Permission denied"),
        (OSError("the disk is full"), 2, "the disk is full"),
        (ValueError(), 2, "ValueError"),
        (MemoryError("Unable to allocate 745 GiB"), 2, "There is not enough memory"),
        (KeyboardInterrupt(), 130, "Stopped."),
    ],
)
def test_a_mistake_is_a_sentence_and_a_status(capsys, error, status, said):
    with pytest.raises(typer.Exit) as ended, told_in_a_sentence():
        raise error
    assert ended.value.exit_code == status
    assert capsys.readouterr().err.startswith(said)


def test_a_fault_of_our_own_is_not_hidden():
    with pytest.raises(KeyError), told_in_a_sentence():
        raise KeyError("bug")
