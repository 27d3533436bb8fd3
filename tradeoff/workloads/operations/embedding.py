"""Embedding look-up: rows gathered from a table, nothing computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from numpy.typing import NDArray

from tradeoff.workloads.draws import Indices, Input, Normal
from tradeoff.workloads.dtypes import itemsize
from tradeoff.workloads.operation import Operation
from tradeoff.workloads.protocol import Call


@dataclass(frozen=True, kw_only=True)
class Embedding(Operation):
    """``table[tokens]``: a request is `tokens` tokens of a table of `vocabulary` rows of `width` numbers."""

    name = "embedding"
    sizes_on_gpu: ClassVar = {"tokens": 512, "vocabulary": 128_000, "width": 4096}
    tokens: int = 128
    vocabulary: int = 8192
    width: int = 256

    def inputs(self, batch_size: int) -> dict[str, Input]:
        """Draw tokens from all of the table, most of which no cache of the processor's keeps."""
        return {
            "tokens": Indices(shape=(batch_size, self.tokens), below=self.vocabulary),
            "table": Normal(shape=(self.vocabulary, self.width)),
        }

    def on_numpy(self, np: Any, tokens: Any, table: Any) -> Call:
        """Take rows, into room of its own."""
        out = np.empty((*tokens.shape, self.width), dtype=table.dtype)
        # In the mode "raise" NumPy writes to a buffer first, and copies that.
        return lambda: np.take(table, tokens, axis=0, out=out, mode="clip")

    def on_cupy(self, cupy: Any, tokens: Any, table: Any) -> Call:
        """Take rows, into room of its own."""
        out = cupy.empty((*tokens.shape, self.width), dtype=table.dtype)
        return lambda: cupy.take(table, tokens, axis=0, out=out)

    def on_torch(self, torch: Any, tokens: Any, table: Any) -> Call:
        """Run torch's own."""
        embedding = torch.nn.functional.embedding
        return lambda: embedding(tokens, table)

    def exact(self, tokens: NDArray[Any], table: NDArray[Any]) -> NDArray[Any]:
        """Take the rows."""
        rows: NDArray[Any] = table[tokens]
        return rows

    def flops(self, batch_size: int) -> float:
        """Count none at all."""
        del batch_size
        return 0.0

    def numbers(self, batch_size: int) -> float:
        """Count rows read and written once."""
        return 2.0 * batch_size * self.tokens * self.width

    def bytes(self, batch_size: int, dtype: str = "float32") -> float:
        """Count rows read and written once, and 8 bytes a token."""
        return float(itemsize(dtype) * self.numbers(batch_size) + 8 * batch_size * self.tokens)
