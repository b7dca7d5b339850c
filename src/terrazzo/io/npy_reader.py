"""NPY files, mapped into memory and never unpickled."""

import numpy as np

from terrazzo.io.description import Description
from terrazzo.io.failures import require_level


def describe(path: str, level: int) -> Description:
    """Shape and type from the header; see `Description`."""
    require_level(path, level, 1)
    mapped = open_array(path, "")
    return Description(key="", shape=mapped.shape, dtype=mapped.dtype)


def open_array(path: str, key: str) -> np.memmap:  # noqa: ARG001
    """Map the file: windows of it are read from disk when they are used."""
    return np.lib.format.open_memmap(path, mode="r")
