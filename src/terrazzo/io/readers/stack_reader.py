"""Files of one section or channel each as one array: what a glob pattern matches, in the order of their numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.errors import InputError
from terrazzo.io.failures import reported_as_input_error
from terrazzo.io.readers.description import Description
from terrazzo.io.readers.formats import FILE_READERS, is_image_path, kind_of
from terrazzo.io.readers.location import matching_files

# The files' own axes come behind one that the caller has to name.
UNNAMED = "?"


@dataclass(frozen=True)
class Stack:
    """Arrays of equal shape, one behind the other along a new first axis; a file is open while it is read.

    Parameters
    ----------
    files : sequence of Path
        The files in their order.
    kind, key : str
        The reader of all of them, and where the array is inside each.
    """

    files: Sequence[Path]
    kind: str
    key: str

    def __getitem__(self, selection: tuple[Any, ...]) -> NDArray[Any]:
        """Read a window, the first of whose parts is a slice or an index of files."""
        first, *rest = selection
        if not isinstance(first, slice):
            return self._window(self.files[first], tuple(rest))
        return np.stack([self._window(file, tuple(rest)) for file in self.files[first]])

    def _window(self, file: Path, selection: tuple[Any, ...]) -> NDArray[Any]:
        return np.asarray(FILE_READERS[self.kind].open_array(str(file), self.key)[selection])


def stack_files(pattern: str) -> list[Path]:
    """Return the images that a pattern matches, in the order of the numbers in their names.

    Raises
    ------
    InputError
        If there is none.
    """
    files = [file for file in matching_files(pattern) if is_image_path(file)]
    if not files:
        raise InputError(f"No image matches '{pattern}'.")
    return files


def describe(path: str, level: int) -> Description:
    """Describe all files by their headers, which must agree; see `Description`."""
    files = stack_files(path)
    kind, first = _described(files[0], level)
    for file in files[1:]:
        other_kind, other = _described(file, level)
        if (other_kind, other.key, other.shape, other.dtype) != (kind, first.key, first.shape, first.dtype):
            raise InputError(
                f"'{file}' is {other.dtype} of shape {other.shape} and '{files[0]}' {first.dtype} of shape "
                f"{first.shape}; the files of a stack must be alike."
            )
    own_axes = first.axes or UNNAMED * len(first.shape)
    return Description(
        key=f"{_digest(files)} {kind} {first.key}",
        shape=(len(files), *first.shape),
        dtype=first.dtype,
        chunks=(1, *(first.chunks or (first.shape if first.whole else (1,) * len(first.shape)))),
        axes=UNNAMED + own_axes,
        pixel_size=first.pixel_size,
        pixel_unit=first.pixel_unit,
        channels=first.channels or tuple(file.stem for file in files),
        alpha=first.alpha,
        levels=first.levels,
    )


def open_array(path: str, key: str) -> Stack:
    """Find the files again, which must be those that were described."""
    digest, kind, inner = key.split(" ", 2)
    files = stack_files(path)
    if _digest(files) != digest:
        raise InputError(f"'{path}' matches other files than when it was opened; open it again.")
    return Stack(files, kind, inner)


def _described(file: Path, level: int) -> tuple[str, Description]:
    kind = kind_of(str(file))
    with reported_as_input_error(file, "read"):
        return kind, FILE_READERS[kind].describe(str(file), level)


def _digest(files: Sequence[Path]) -> str:
    return hashlib.sha256("\n".join(map(str, files)).encode()).hexdigest()[:16]
