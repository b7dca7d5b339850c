"""Where superpixel seeds stand: a lattice fixed in absolute image coordinates. Integers only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.errors import ParameterError
from terrazzo.named_axes import extent_of, names_axes

# ids are computed in signed 64-bit integers
LARGEST_ID = 2**63 - 1


@dataclass(frozen=True)
class Lattice:
    """A regular lattice of superpixel cells that covers an image.

    Cell `g` spans the pixels `g * size` to `(g + 1) * size`, cut off at the image's end. The superpixel of a
    cell has the id 1 + the cell's raster index: it depends on the image's extent and on nothing else.

    Parameters
    ----------
    shape : tuple of int
        The image's spatial extent in pixels, `(y, x)` or `(z, y, x)`.
    size : tuple of int
        The spacing of the seeds per axis in pixels, at least 2; 1 along z, where each section has superpixels of its
        own, and along an axis with one pixel.
    """

    shape: tuple[int, ...]
    size: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.shape) != len(self.size):
            raise ParameterError(f"size has {len(self.size)} axes and the image {len(self.shape)}; give one each")
        pairs = zip(self.shape, self.size, strict=True)
        spacing(tuple(2 if pair == (1, 1) else pair[1] for pair in pairs), axes=len(self.size))
        if min(self.shape) < 1:
            raise ParameterError(f"the image is empty (shape {self.shape}); it needs at least one pixel per axis")
        if self.number_of_cells > LARGEST_ID:
            raise ParameterError(f"{self.number_of_cells} superpixels exceed 64-bit ids; choose a larger size")

    @classmethod
    def of(cls, image: object, size: int | Sequence[int]) -> Lattice:
        """Return the lattice of an image whose last axes are spatial.

        Parameters
        ----------
        image : Image or array
            Anything with a `shape`: `(y, x)`, `(c, y, x)` or `(c, z, y, x)`; or `(z, y, x)` if `size` has three
            entries. A DataArray of xarray, whose axes have names, in any order.
        size : int or sequence of int
            The spacing of the seeds in pixels, at least 2, for all axes or one per axis; along z it may be 1.

        Raises
        ------
        ParameterError
            If `size` is not made of such numbers, or the image has no pixel.
        """
        if names_axes(image):
            extent = extent_of(image)
            return cls(extent, spacing(size, len(extent)))
        shape = tuple(int(n) for n in getattr(image, "shape", ()))
        if len(shape) not in (2, 3, 4):
            raise ParameterError(f"the image has {len(shape)} axes; it must be (y, x), (c, y, x) or (c, z, y, x)")
        axes = 3 if len(shape) == 4 or (len(shape) == 3 and np.size(size) == 3) else 2
        return cls(shape[-axes:], spacing(size, axes))

    @property
    def cells(self) -> tuple[int, ...]:
        """The number of cells along each axis, partial ones included."""
        return tuple(-(-extent // size) for extent, size in zip(self.shape, self.size, strict=True))

    @property
    def number_of_cells(self) -> int:
        """The number of cells, which is also the largest id."""
        return math.prod(self.cells)

    @property
    def dtype(self) -> np.dtype[np.uint32] | np.dtype[np.uint64]:
        """The dtype of ids: uint32 where they fit, else uint64."""
        return np.dtype(np.uint32) if self.number_of_cells < 2**32 else np.dtype(np.uint64)

    @property
    def as_volume(self) -> Lattice:
        """The same lattice with three axes: an image is a volume of depth 1. Ids are the same."""
        missing = (1,) * (3 - len(self.shape))
        return Lattice(missing + self.shape, missing + self.size)

    def id_of(self, cell: Sequence[int]) -> int:
        """Return the id of the superpixel that is seeded in `cell`."""
        raster = 0
        for position, count in zip(cell, self.cells, strict=True):
            raster = raster * count + position
        return 1 + raster

    def cell_of(self, superpixel: int) -> tuple[int, ...]:
        """Return the cell in which the superpixel of this id is seeded."""
        return tuple(int(i) for i in np.unravel_index(superpixel - 1, self.cells))

    def cells_of(self, ids: NDArray[np.unsignedinteger[Any]]) -> NDArray[np.int64]:
        """Return the cells of many superpixels, of the shape of `ids` with one more axis."""
        return np.stack(np.unravel_index(ids.astype(np.int64) - 1, self.cells), axis=-1)

    def ids_of(self, cells: NDArray[np.int64]) -> NDArray[np.unsignedinteger[Any]]:
        """Return the ids of the superpixels of many cells, which stand along the last axis of `cells`."""
        ids: NDArray[np.unsignedinteger[Any]]
        ids = (1 + np.ravel_multi_index(tuple(np.moveaxis(cells, -1, 0)), self.cells)).astype(self.dtype)
        return ids


def spacing(size: int | Sequence[int], axes: int) -> tuple[int, ...]:
    """Return `size` as one whole number per axis.

    Raises
    ------
    ParameterError
        If it is not made of whole numbers, one or `axes` of them, of at least 2, or 1 along z.
    """
    sizes: tuple[Any, ...] = (size,) * axes if np.ndim(size) == 0 else tuple(size)  # type: ignore[arg-type]
    whole = all(isinstance(s, int | np.integer) and not isinstance(s, bool) for s in sizes)
    least = (1, 2, 2) if axes == 3 else (2,) * axes
    if len(sizes) != axes or not whole or any(s < few for s, few in zip(sizes, least, strict=True)):
        alone = "; 1 along z is of superpixels in one section each" if axes == 3 else ""
        counted = "" if len(sizes) == axes else f", {len(sizes)} long for {axes} axes"
        raise ParameterError(
            f"size is {size!r}{counted}; it must be a whole number of pixels of at least 2, or one per axis{alone}"
        )
    return tuple(int(s) for s in sizes)
