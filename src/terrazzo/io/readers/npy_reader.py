"""NPY files, mapped into memory and never unpickled."""

import math
from pathlib import Path

import numpy as np

from terrazzo.errors import InputError
from terrazzo.io.failures import require_level
from terrazzo.io.readers.description import Description


def describe(path: str, level: int) -> Description:
    """Shape and type from the header; see `Description`."""
    require_level(path, level, 1)
    _refuse_short(path)
    mapped = open_array(path, "")
    return Description(key="", shape=mapped.shape, dtype=mapped.dtype)


def open_array(path: str, key: str) -> np.memmap:  # noqa: ARG001
    """Map the file: windows of it are read from disk when they are used."""
    return np.lib.format.open_memmap(path, mode="r")


def _refuse_short(path: str) -> None:
    """A file that holds less than its header says: numpy's own words on it name no number."""
    read_header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    with Path(path).open("rb") as file:
        version = np.lib.format.read_magic(file)
        if version not in read_header:
            return  # of structured values, which no image has
        shape, _, dtype = read_header[version](file)
        held = Path(path).stat().st_size - file.tell()
    wanted = math.prod(shape) * dtype.itemsize
    if wanted > held and not dtype.hasobject:
        raise InputError(
            f"'{path}' is cut short: its header says {shape} values of {dtype}, {wanted} bytes, and it holds {held}; "
            "copy it again"
        )
