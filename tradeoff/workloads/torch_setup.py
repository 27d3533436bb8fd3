"""What everything that runs in torch shares: the module, devices, number types, the tf32 setting."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from tradeoff.workloads.dtypes import BY_BACKEND, check_dtype
from tradeoff.workloads.protocol import Call, WorkloadError


def torch_module() -> ModuleType:
    """Return ``torch``.

    Raises
    ------
    WorkloadError
        When it is not installed.
    """
    try:
        import torch
    except ImportError as error:
        raise WorkloadError("torch is not installed: pip install 'tradeoff[torch]', or use a numpy workload") from error
    module: ModuleType = torch
    return module


def torch_device(device: str) -> Any:
    """Return the torch device of this name, when it is here.

    Raises
    ------
    WorkloadError
        When torch does not know the name or cannot reach the device.
    """
    torch = torch_module()
    try:
        found = torch.device(device)
    except RuntimeError as error:
        raise WorkloadError(f"device={device!r} is not known: use 'cpu', 'cuda' or 'cuda:0'") from error
    if found.type == "cuda" and not torch.cuda.is_available():
        raise WorkloadError(f"device={device!r} needs a CUDA GPU that torch can reach: use 'cpu'")
    return found


def torch_dtypes(device: str) -> tuple[str, ...]:
    """Names of the number types that products of matrices know on `device`: tf32 is a setting of CUDA's."""
    return (*BY_BACKEND["torch"], "tf32") if device.startswith("cuda") else BY_BACKEND["torch"]


def torch_dtype(dtype: str, *, device: str, name: str = "torch workloads") -> Any:
    """Return the torch dtype of this name; tensors of ``"tf32"`` are float32.

    Raises
    ------
    WorkloadError
        When it is not one that is computed in on `device`.
    """
    check_dtype(dtype, allowed=torch_dtypes(device), where=f"{name} on {device}")
    return getattr(torch_module(), "float32" if dtype == "tf32" else dtype)


def with_tf32(call: Call, *, dtype: str, device: str) -> Call:
    """Return `call` so that on CUDA its float32 products use TF32 when `dtype` says tf32, and never otherwise.

    torch keeps one setting a process for products of matrices and one for convolutions, whose default is TF32. Where
    they differ from what is wanted they are set around each call, and restored after: about 5 us of the processor's
    time. Where they do not, the call is returned as it is.
    """
    if not device.startswith("cuda") or dtype not in ("float32", "tf32"):
        return call
    wrong = [knob for knob in _knobs() if knob.allows() is not (dtype == "tf32")]
    if not wrong:
        return call
    wanted = [knob.value(allow=dtype == "tf32") for knob in wrong]

    def set_and_call() -> object:
        before = [knob.get() for knob in wrong]
        for knob, value in zip(wrong, wanted, strict=True):
            knob.set(value)
        try:
            return call()
        finally:
            for knob, value in zip(wrong, before, strict=True):
                knob.set(value)

    return set_and_call


class _Knob:
    """One of torch's two TF32 settings, by its newer name (from torch 2.9) where there is one.

    Once the newer name was used, reading the older one raises.
    """

    def __init__(self, owner: Any, older: Any) -> None:
        self._newer = hasattr(owner, "fp32_precision")
        self._owner, self._name = (owner, "fp32_precision") if self._newer else (older, "allow_tf32")

    def get(self) -> Any:
        return getattr(self._owner, self._name)

    def set(self, value: Any) -> None:
        setattr(self._owner, self._name, value)

    def value(self, *, allow: bool) -> Any:
        return ("tf32" if allow else "ieee") if self._newer else allow

    def allows(self) -> bool | None:
        """Whether TF32 is allowed; None when it is left to a wider setting."""
        return {"tf32": True, "ieee": False, True: True, False: False}.get(self.get())


def _knobs() -> tuple[_Knob, _Knob]:
    backends = torch_module().backends
    return (
        _Knob(backends.cuda.matmul, backends.cuda.matmul),
        _Knob(getattr(backends.cudnn, "conv", None), backends.cudnn),
    )
