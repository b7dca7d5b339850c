"""Named arrays in one file that is mapped into memory when it is read: of what nobody looks at, nothing is read.

The file is one of safetensors, uncompressed and aligned, which other programs open as well.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

_TYPES = {
    "BOOL": np.bool_,
    "U8": np.uint8,
    "U16": np.uint16,
    "U32": np.uint32,
    "U64": np.uint64,
    "I32": np.int32,
    "I64": np.int64,
    "F32": np.float32,
    "F64": np.float64,
}


def write_arrays(arrays: Mapping[str, NDArray[Any]], path: Path) -> None:
    """Write arrays whole or not at all: under another name first, its own even where two write the same file."""
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}.partial")
    partial.write_bytes(save({name: np.ascontiguousarray(array) for name, array in arrays.items()}))
    partial.replace(path)


def mapped_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of a file, read-only and mapped: they stay as they are when the file is replaced or removed."""
    mapped = np.memmap(path, np.uint8, "r").view(np.ndarray)
    begins = 8 + int(mapped[:8].view(np.uint64)[0])
    header = json.loads(mapped[8:begins].tobytes())
    header.pop("__metadata__", None)
    found = {}
    for name, entry in header.items():
        first, last = entry["data_offsets"]
        part = mapped[begins + first : begins + last]
        found[name] = part.view(_TYPES[entry["dtype"]]).reshape(entry["shape"])
    return found
