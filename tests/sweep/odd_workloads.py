"""Factories that go wrong in one way each; measured in worker processes by their paths."""

from __future__ import annotations

import os
import signal
import sys

import numpy as np

MEASURED = {"converged", "budget", "unstable"}
"""How a point ends that did not fail; on a busy machine it may not have been steady."""


def fine(batch_size):
    values = np.ones(batch_size)
    return lambda: values.sum()


def raises_at_4(batch_size):
    def call():
        if batch_size == 4:
            raise RuntimeError("no luck with this one")
        return batch_size

    return call


def says_its_process(batch_size):
    return lambda: os.getpid()


def returns_nothing(batch_size):
    return lambda: None


def out_of_memory_at_512(batch_size):
    size = 2**60 if batch_size == 512 else batch_size
    return lambda: np.empty(size, dtype=np.uint8)


def kills_its_process_at_2(batch_size):
    def call():
        if batch_size == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return batch_size

    return call


def exits_at_2(batch_size):
    if batch_size == 2:
        print("goodbye from /home/ada/secret/model.py", file=sys.stderr, flush=True)
        os._exit(7)
    return lambda: batch_size


def prints_a_lot(batch_size):
    def call():
        print("x" * 10_000)
        return batch_size

    return call


def never_returns(batch_size):
    def call():
        while True:
            pass

    return call


def threads(batch_size):
    return lambda: int(os.environ["OMP_NUM_THREADS"])


class Mute(Exception):
    def __str__(self):
        raise ValueError("no words")


def mute(batch_size):
    def call():
        raise Mute

    return call


def leaves(batch_size):
    return lambda: sys.exit(3)
