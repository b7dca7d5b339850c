"""What passes messages on a device: DGL where it can, plain torch elsewhere."""

from __future__ import annotations

import logging
import os
from functools import cache
from typing import Any, Literal

import torch

from terrazzo.errors import ParameterError

Backend = Literal["auto", "dgl", "torch"]
BACKENDS = ("auto", "dgl", "torch")

_log = logging.getLogger(__name__)


def chosen_backend(backend: str, device: torch.device) -> str:
    """Return "dgl" or "torch".

    Parameters
    ----------
    backend : {"auto", "dgl", "torch"}
        "auto" is DGL where it can serve the device, plain torch otherwise, which is logged once.
    device : torch.device
        Where the tensors will be.

    Raises
    ------
    ParameterError
        If the backend is unknown, or is "dgl" where DGL cannot serve the device.
    """
    if backend not in BACKENDS:
        raise ParameterError(f"there is no message passing backend {backend!r}; use 'auto', 'dgl' or 'torch'")
    if backend == "torch":
        return "torch"
    reason = why_dgl_cannot(device.type)
    if reason is None:
        return "dgl"
    if backend == "dgl":
        raise ParameterError(
            f"{reason}; use backend 'torch', or install a DGL that serves {device.type} "
            "(its CUDA builds come from DGL's own wheel index)"
        )
    _say_once(reason)
    return "torch"


@cache
def why_dgl_cannot(device: str) -> str | None:
    """The reason why DGL cannot serve the device (of that type: "cpu" or "cuda"), or None if it can.

    A DGL may be missing, be broken beside this torch, or be built without CUDA; only trying tells.
    """
    try:
        empty = torch.zeros(0, dtype=torch.int64)
        loaded_dgl().graph((empty, empty), num_nodes=1).to(device)
    except ImportError as error:
        return f"DGL cannot be imported ({_first_line(error)})"
    except Exception as error:  # a broken DGL raises whatever its loader or its C library raises
        return f"this DGL cannot serve {device} ({_first_line(error)})"
    return None


@cache
def loaded_dgl() -> Any:
    """Return the module, which is loaded when it is needed."""
    # without it DGL writes a configuration file to the user's home
    os.environ.setdefault("DGLBACKEND", "pytorch")
    import dgl

    return dgl


@cache
def _say_once(reason: str) -> None:
    _log.warning("%s; messages are passed in plain torch, with the same results", reason)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
