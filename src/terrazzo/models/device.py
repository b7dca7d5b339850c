"""Where does a network run?"""

import copy
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import torch

from terrazzo.errors import ParameterError

Network = TypeVar("Network", bound=torch.nn.Module)


def choose_device(name: str = "auto") -> torch.device:
    """The device of that name, checked to be there.

    Parameters
    ----------
    name : str
        "cpu", "cuda", "cuda:N", or "auto" for a CUDA device where there is one.

    Returns
    -------
    torch.device

    Raises
    ------
    ParameterError
        If the name is unknown or the device is not available to this torch.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name == "cpu":
        return torch.device("cpu")
    if not re.fullmatch(r"cuda(:\d+)?", name):
        raise ParameterError(f"there is no device {name!r}; use 'auto', 'cpu', 'cuda' or 'cuda:0', 'cuda:1' …")
    _check_cuda(name)
    return torch.device(name)


def on_device(network: Network, device: torch.device) -> Network:
    """Return a network on a device in evaluation mode: a copy where it has to move, since others may use it."""
    moved = network if device.type == "cpu" else copy.deepcopy(network).to(device)
    return moved.eval()


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Let torch compute in so many threads of a CPU inside the context."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def has_bfloat16(device: torch.device) -> bool:
    """Return whether a device multiplies in bfloat16 by itself, in half the time or less."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    told: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()  # from torch 2.6 on
    return bool(told.get("avx512_bf16") or told.get("amx_bf16"))


def _check_cuda(name: str) -> None:
    if not torch.version.cuda:
        raise ParameterError(
            f"device {name!r} was asked for, but torch {torch.__version__} is built without CUDA; "
            "use 'cpu' or install a CUDA build of torch"
        )
    found = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if found == 0:
        raise ParameterError(f"device {name!r} was asked for, but torch finds no CUDA GPU; use 'cpu' or 'auto'")
    if (torch.device(name).index or 0) >= found:
        raise ParameterError(f"device {name!r} was asked for, but there are {found}: 'cuda:0' to 'cuda:{found - 1}'")
