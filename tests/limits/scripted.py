"""A scripted device: it copies and multiplies at known rates, in scripted time."""

from dataclasses import dataclass, field

from tradeoff.timing.bench import Bench
from tradeoff.timing.cuda import CudaRunner
from tradeoff.timing.fake import FakeDevice, ScriptedClock
from tradeoff.timing.host import HostRunner
from tradeoff.timing.pipeline import PipelineRunner


@dataclass
class Memory:
    cache_bytes: int = 50 << 20
    free: int = 100 << 30

    def free_bytes(self):
        return self.free

    def flush(self):
        """Nothing."""


@dataclass
class Scripted:
    """Rates in bytes and flop a second; a product of n × n matrices reaches n / (n + half) of its rate."""

    bandwidth: float = 4e12
    rates: dict = field(default_factory=lambda: {"float32": 5e13, "bfloat16": 8e14})
    half: int = 0
    largest: int = 1 << 20
    asynchronous: str = ""
    memory: Memory = field(default_factory=Memory)
    device: str = "a scripted device"
    backend: str = "numpy"
    copy_bytes: int = 2 << 30
    closed: int = 0
    copied: list = field(default_factory=list)
    sizes: list = field(default_factory=list)

    def __post_init__(self):
        self.clock = ScriptedClock(now_ns=1_000_000_000, tick_ns=10)
        self.gpu = FakeDevice(self.clock, poll_ns=400)
        runner = {
            "": lambda: HostRunner(clock=self.clock),
            "events": lambda: CudaRunner(self.gpu, clock=self.clock),
            "pipelined": lambda: PipelineRunner(self.gpu, clock=self.clock),
        }[self.asynchronous]()
        self.bench = Bench(runner=runner, memory=self.memory)

    @property
    def dtypes(self):
        return list(self.rates)

    def _taking(self, seconds):
        work = self.gpu.work if self.asynchronous else self.clock.advance
        return [lambda: work(round(seconds * 1e9))]

    def copies(self, size_bytes):
        self.copied.append(size_bytes)
        return self._taking(2 * size_bytes / self.bandwidth)

    def products(self, size, dtype):
        if dtype not in self.rates:
            raise ValueError(f"dtype={dtype!r} is not known to the script")
        if size > self.largest:
            raise RuntimeError("out of scripted memory")
        self.sizes.append((dtype, size))
        return self._taking(2 * size**3 / self.rates[dtype] * (size + self.half) / size)

    def close(self):
        self.closed += 1
