"""The JSON header of a model file, checked before anything is built from it: ours, not newer, not edited."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import torch

from terrazzo.errors import ModelError
from terrazzo.version import __version__

FORMAT = 3
# Formats before this one have no seal.
FIRST_SEALED = 3
SEAL = "sha256"


def seal(header: Mapping[str, Any], tensors: Mapping[str, torch.Tensor]) -> str:
    """Return a hash of all tensors and of the whole header but the hash itself."""
    rest = {name: value for name, value in header.items() if name != SEAL}
    digest = hashlib.sha256(json.dumps(rest, sort_keys=True).encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)};".encode())
        digest.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def check_header(header: Mapping[str, Any], tensors: Mapping[str, torch.Tensor], path: object) -> None:
    """Raise unless a header is as `write_model` wrote it.

    Raises
    ------
    ModelError
        If it is of a newer version or was edited.
    KeyError, TypeError
        If it lacks an entry or one is none.
    """
    if header["format"] > FORMAT:
        raise ModelError(
            f"'{path}' was written by terrazzo {header['version']} in format {header['format']}; this version, "
            f"{__version__}, reads up to format {FORMAT}: install a newer terrazzo"
        )
    if (header["format"] >= FIRST_SEALED or SEAL in header) and header.get(SEAL) != seal(header, tensors):
        raise ModelError(f"'{path}' was changed after it was written; fit the model again")
