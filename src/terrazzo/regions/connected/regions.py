"""Connected regions of classes with what is measured of them, as sums, so that parts of a region add up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.measure import label

from terrazzo.blocks import Block
from terrazzo.regions.classes.annotation import NOT_ANNOTATED

# where bincount, which counts in float64, is still exact
EXACT = 2**53


@dataclass(frozen=True, eq=False)
class Regions:
    """Regions, or parts of them, one row each.

    Parameters
    ----------
    classes : ndarray of uint8, shape (R,)
        The class of each.
    areas : ndarray of int64, shape (R,)
        Pixels.
    positions : ndarray of int64, shape (R, axes)
        Sums of the pixels' coordinates in the image.
    intensities : ndarray of int64 or float64, shape (R, channels)
        Sums of intensities: of images of whole numbers exact.
    last : ndarray of int64, shape (R,)
        The raster index in the image of the last pixel.
    """

    classes: NDArray[np.uint8]
    areas: NDArray[np.int64]
    positions: NDArray[np.int64]
    intensities: NDArray[Any]
    last: NDArray[np.int64]

    def __len__(self) -> int:
        return self.classes.size

    def taken(self, rows: NDArray[Any]) -> Regions:
        """Return some of the rows."""
        return Regions(*(column[rows] for column in vars(self).values()))

    def merged(self, region: NDArray[np.int64]) -> Regions:
        """Return one row for each of the numbers 0, 1, … that rows have, of all the rows that have it."""
        count = region.max(initial=-1) + 1
        classes = np.zeros(count, np.uint8)
        classes[region] = self.classes
        last = np.zeros(count, np.int64)
        np.maximum.at(last, region, self.last)
        areas, positions, intensities = (
            _added(column, region, count) for column in (self.areas, self.positions, self.intensities)
        )
        return Regions(classes, areas, positions, intensities, last)

    @staticmethod
    def joined(parts: Sequence[Regions]) -> Regions:
        """Return the rows of all parts."""
        return Regions(*(np.concatenate(columns) for columns in zip(*(vars(p).values() for p in parts), strict=True)))


@dataclass(frozen=True, eq=False)
class BlockRegions:
    """The connected pieces of each class in a block's core.

    Parameters
    ----------
    index : tuple of int
        Of the block.
    regions : Regions
        The pieces.
    low, high : tuple of ndarray of int32
        Per axis the block's first and last layer of pixels: 1 + the row of the piece, 0 where no class is.
    """

    index: tuple[int, ...]
    regions: Regions
    low: tuple[NDArray[np.int32], ...]
    high: tuple[NDArray[np.int32], ...]


def block_regions(classes: NDArray[np.uint8], channels: Iterable[NDArray[Any]], block: Block) -> BlockRegions:
    """Return the connected pieces of each class in a block: pixels connect along their faces.

    Parameters
    ----------
    classes : ndarray of uint8
        Of the block's core.
    channels : iterable of ndarray
        The intensities of the core, channel by channel.
    block : Block
    """
    pieces = label(classes, background=NOT_ANNOTATED, connectivity=1).astype(np.int32)
    count, flat = int(pieces.max(initial=0)) + 1, pieces.ravel()
    of_class, last = np.zeros(count, np.uint8), np.zeros(count, np.int64)
    of_class[flat] = classes.ravel()
    # of several pixels that are assigned to one place the last stays
    last[flat] = np.arange(flat.size)
    areas = np.bincount(flat, minlength=count)
    inside = np.unravel_index(last, classes.shape)
    extent = block.lattice.shape
    found = Regions(
        of_class,
        areas.astype(np.int64),
        np.stack(list(_positions(pieces, areas, block.core.start)), axis=1),
        np.stack(
            [*(_sums(flat, channel.ravel(), count) for channel in channels)] or [np.zeros((0, count))], axis=-1
        ).reshape(count, -1),
        np.ravel_multi_index([a + b for a, b in zip(inside, block.core.start, strict=True)], extent).astype(np.int64),
    )
    axes = range(pieces.ndim)
    low, high = ((tuple(pieces.take(at, axis).copy() for axis in axes)) for at in (0, -1))
    return BlockRegions(block.index, found.taken(np.arange(1, count)), low, high)


def _added(column: NDArray[Any], region: NDArray[np.int64], count: int) -> NDArray[Any]:
    total = np.zeros((count, *column.shape[1:]), column.dtype)
    np.add.at(total, region, column)
    return total


def _positions(
    pieces: NDArray[np.int32], areas: NDArray[np.int64], start: tuple[int, ...]
) -> Iterator[NDArray[np.int64]]:
    """Yield for each axis the sums of the coordinates of each piece's pixels."""
    for axis, first in enumerate(start):
        shape = [1] * pieces.ndim
        shape[axis] = -1
        places = np.broadcast_to(np.arange(pieces.shape[axis], dtype=np.float64).reshape(shape), pieces.shape)
        inside = np.bincount(pieces.ravel(), weights=places.ravel(), minlength=areas.size)
        yield inside.astype(np.int64) + first * areas


def _sums(flat: NDArray[np.int32], values: NDArray[Any], count: int) -> NDArray[Any]:
    """Return the sum of the values of each piece."""
    if values.dtype.kind == "f":
        return np.bincount(flat, weights=values, minlength=count)
    if values.size * 2.0 ** (8 * values.dtype.itemsize) < EXACT:
        return np.bincount(flat, weights=values, minlength=count).astype(np.int64)
    sums = np.zeros(count, np.int64)
    np.add.at(sums, flat, values.astype(np.int64))
    return sums
