"""The perceptron, or nothing, behind LitServe: ``python with_litserve.py PORT model|nothing``."""

from __future__ import annotations

import sys

import litserve
import work


class Api(litserve.LitAPI):
    """Answers with when its batch began and ended."""

    def setup(self, device: str) -> None:
        """Make the calls, in the worker."""
        del device
        self._calls = work.calls() if self.max_batch_size > 1 else {1: lambda: None}

    def decode_request(self, request: dict[str, int]) -> int:
        """Take what was sent."""
        return request["number"]

    def predict(self, numbers: list[int] | int) -> object:
        """Run a batch."""
        if self.max_batch_size == 1:
            return work.stamped(self._calls[1], 1)[0]
        return work.stamped(self._calls[len(numbers)], len(numbers))

    def encode_response(self, output: dict[str, int]) -> dict[str, int]:
        """Return what is sent."""
        return output


if __name__ == "__main__":
    port, what = sys.argv[1:]
    batching = {"max_batch_size": work.LARGEST, "batch_timeout": work.WAIT_MS / 1e3} if what == "model" else {}
    server = litserve.LitServer(Api(**batching), accelerator="cpu", workers_per_device=1, timeout=30)
    server.run(host="127.0.0.1", port=int(port), num_api_servers=1, generate_client_file=False, log_level="warning")
