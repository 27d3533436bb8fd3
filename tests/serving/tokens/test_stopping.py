import signal
import threading

import pytest

from tradeoff.serving.tokens.stopping import interrupts_counted


def test_ctrl_c_is_counted_and_the_third_one_is_heard():
    before = signal.getsignal(signal.SIGINT)
    with interrupts_counted() as stops:
        assert stops() == 0
        signal.raise_signal(signal.SIGINT)
        assert stops() == 1
        signal.raise_signal(signal.SIGINT)
        assert stops() == 2
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_it_is_put_back_when_something_goes_wrong():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(RuntimeError, match="wrong"), interrupts_counted():
        raise RuntimeError("wrong")
    assert signal.getsignal(signal.SIGINT) is before


def test_another_thread_hears_nothing():
    seen = []

    def work():
        with interrupts_counted() as stops:
            seen.append(stops())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [0]
