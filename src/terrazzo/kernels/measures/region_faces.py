"""Which regions touch, along how many pixel faces, and how much the image changes across them: any labels.

Lattice superpixels have few possible neighbours, and `adjacency` counts them in a small table; here a region may touch
any other, so that the faces are listed and sorted.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.jit import kernel


def region_faces(
    index: NDArray[np.int32], owned: NDArray[np.bool_], image: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return the edges whose lower region is owned, in the order (low, high).

    Parameters
    ----------
    index : ndarray of int32, shape (z, y, x)
        The region of each pixel, counted from 0; -1 is none.
    owned : ndarray of bool, shape (regions,)
        Which regions' edges are wanted.
    image : ndarray of float32, shape (c, z, y, x)
        The image under `index`.

    Returns
    -------
    edges : ndarray of int64, shape (2, E)
        The lower and the higher region of each edge.
    faces : ndarray of int64, shape (E,)
        The pixel faces between the two.
    contrast : ndarray of float64, shape (E, c)
        The mean absolute difference of intensity across them, summed in raster order.
    """
    listed = np.empty((_list_faces(index, owned, np.empty((0, 3), np.int64)), 3), np.int64)
    _list_faces(index, owned, listed)
    # stable: the faces of an edge stay in raster order
    listed = listed[np.argsort(listed[:, 0], kind="stable")]
    starts = np.flatnonzero(np.diff(listed[:, 0], prepend=-1))
    edges = np.stack(np.divmod(listed[starts, 0], max(owned.size, 1)))
    faces = np.diff(starts, append=len(listed))
    return edges, faces, _summed_changes(listed, starts, image) / faces[:, None]


@kernel
def _list_faces(index, owned, listed):
    """Write each face's pair, axis and first pixel (flat), as far as there are rows; return the number of faces."""
    depth, height, width = index.shape
    row = 0
    for z in range(depth):
        for y in range(height):
            for x in range(width):
                here = index[z, y, x]
                if here < 0:
                    continue
                pixel = (z * height + y) * width + x
                if z + 1 < depth and index[z + 1, y, x] != here:
                    row += _list_face(here, index[z + 1, y, x], 0, pixel, owned, listed, row)
                if y + 1 < height and index[z, y + 1, x] != here:
                    row += _list_face(here, index[z, y + 1, x], 1, pixel, owned, listed, row)
                if x + 1 < width and index[z, y, x + 1] != here:
                    row += _list_face(here, index[z, y, x + 1], 2, pixel, owned, listed, row)
    return row


@kernel
def _list_face(a, b, axis, pixel, owned, listed, row):
    low, high = min(a, b), max(a, b)
    if low < 0 or not owned[low]:
        return 0
    if row < len(listed):
        listed[row] = np.int64(low) * owned.size + high, axis, pixel
    return 1


@kernel
def _summed_changes(listed, starts, image):
    channels, _, height, width = image.shape
    sums = np.zeros((starts.size, channels), np.float64)
    for edge in range(starts.size):
        stop = starts[edge + 1] if edge + 1 < starts.size else len(listed)
        for face in range(starts[edge], stop):
            axis, pixel = listed[face, 1], listed[face, 2]
            z, y, x = pixel // (height * width), pixel // width % height, pixel % width
            other_z, other_y, other_x = z + (axis == 0), y + (axis == 1), x + (axis == 2)
            for channel in range(channels):
                change = np.float64(image[channel, z, y, x]) - np.float64(image[channel, other_z, other_y, other_x])
                sums[edge, channel] += abs(change)
    return sums


def dense_index(labels: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int32]]:
    """Return the labels that occur and the region of each pixel.

    Parameters
    ----------
    labels : ndarray of int, any shape
        A label per pixel; 0 is none.

    Returns
    -------
    ids : ndarray of the labels' dtype, shape (N,)
        The labels that occur, 0 apart, ascending.
    index : ndarray of int32, the shape of `labels`
        The place of each pixel's label in `ids`; -1 is none.
    """
    flat = labels.ravel()
    if flat.size == 0:
        return flat, np.empty(labels.shape, np.int32)
    # runs of one label are numbered, not pixels: there are far fewer to sort
    starts = np.flatnonzero(np.append(True, flat[1:] != flat[:-1]))
    ids, place = np.unique(flat[starts], return_inverse=True)
    none = np.searchsorted(ids, 0)
    if none < ids.size and ids[none] == 0:
        place = np.where(place == none, -1, place - (place > none))
        ids = np.delete(ids, none)
    index = np.repeat(place.astype(np.int32), np.diff(starts, append=flat.size))
    return ids, index.reshape(labels.shape)


@kernel
def extents(index: NDArray[np.int32], number: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the first pixel in raster order, the start and the stop of the bounding box of each region.

    Parameters
    ----------
    index : ndarray of int32, shape (z, y, x)
        The region of each pixel, counted from 0; -1 is none.
    number : int
        The number of regions.

    Returns
    -------
    first, start, stop : ndarray of int64, shape (regions, 3)
        In `(z, y, x)`; `stop` is outside, and 0 for a region without pixels.
    """
    first = np.zeros((number, 3), np.int64)
    start = np.zeros((number, 3), np.int64)
    stop = np.zeros((number, 3), np.int64)
    for z in range(index.shape[0]):
        for y in range(index.shape[1]):
            for x in range(index.shape[2]):
                region = index[z, y, x]
                if region < 0:
                    continue
                if stop[region, 0] == 0:
                    first[region] = start[region] = (z, y, x)
                start[region, 1] = min(start[region, 1], y)
                start[region, 2] = min(start[region, 2], x)
                stop[region, 0] = z + 1
                stop[region, 1] = max(stop[region, 1], y + 1)
                stop[region, 2] = max(stop[region, 2], x + 1)
    return first, start, stop
