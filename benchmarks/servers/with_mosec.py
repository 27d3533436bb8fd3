"""The perceptron, or nothing, behind mosec: ``python with_mosec.py PORT model|nothing``."""

from __future__ import annotations

import os
import sys

import mosec
import work


class Model(mosec.Worker):
    """Answers with when its batch began and ended."""

    def __init__(self) -> None:
        super().__init__()
        self._calls = work.calls()

    def forward(self, data: list[object]) -> list[dict[str, int]]:
        """Run a batch."""
        return work.stamped(self._calls[len(data)], len(data))


class Nothing(mosec.Worker):
    """Answers at once."""

    def forward(self, data: object) -> dict[str, int]:
        """Do nothing."""
        del data
        return work.stamped(lambda: None, 1)[0]


if __name__ == "__main__":
    port, what = sys.argv[1:]
    settings = {"ADDRESS": "127.0.0.1", "PORT": port, "TIMEOUT": "30000", "LOG_LEVEL": "warning"}
    os.environ.update({f"MOSEC_{name}": value for name, value in settings.items()})
    sys.argv[1:] = []
    server = mosec.Server()
    if what == "model":
        server.append_worker(Model, max_batch_size=work.LARGEST, max_wait_time=round(work.WAIT_MS))
    else:
        server.append_worker(Nothing)
    server.run()
