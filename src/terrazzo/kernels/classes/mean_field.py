"""The mean field of a random field in which each pixel hears those of a window around it, row by row."""

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.exponential import exp
from terrazzo.kernels.jit import kernel

_ZERO = np.float32(0)


def mean_field(
    unary: NDArray[np.float32],
    image: NDArray[np.float32],
    steps: int,
    offsets: NDArray[np.int64],
    alike: NDArray[np.float32],
    around: NDArray[np.float32],
    unlike: NDArray[np.float32],
    badly: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Return the logits after some steps, each ``unary - badly @ sum_j k_ij softmax(logits_j)``.

    A pixel's logits are the same bits whatever lies farther away than `steps` times the window.

    Parameters
    ----------
    unary : ndarray of float32, shape (C, z, y, x)
        Logits of pixels by themselves.
    image : ndarray of float32, shape (channels, z, y, x)
        Intensities v.
    steps : int
    offsets : ndarray of int64, shape (K, 3)
        One of each two opposite offsets of the window, that which comes later in raster order.
    alike, around : ndarray of float32, shape (K,)
        ``k_ij = alike exp(-sum_c unlike_c (v_ic - v_jc)²) + around`` for the offset between i and j.
    unlike : ndarray of float32, shape (channels,)
    badly : ndarray of float32, shape (C, C)

    Returns
    -------
    ndarray of float32, shape (C, z, y, x)
    """
    logits, shares, heard = unary.copy(), np.empty_like(unary), np.empty_like(unary)
    for _ in range(steps):
        _softmax(logits, shares)
        _hear(shares, image, offsets, alike, around, unlike, heard)
        _answer(unary, heard, badly, logits)
    return logits


@kernel
def _softmax(logits, shares):
    classes, depth, height, width = logits.shape
    highest, total = np.empty(width, np.float32), np.empty(width, np.float32)
    for z in range(depth):
        for y in range(height):
            highest[:] = logits[0, z, y]
            total[:] = _ZERO
            for c in range(1, classes):
                row = logits[c, z, y]
                for x in range(width):
                    highest[x] = max(highest[x], row[x])
            for c in range(classes):
                row, share = logits[c, z, y], shares[c, z, y]
                for x in range(width):
                    one = exp(row[x] - highest[x])
                    share[x] = one
                    total[x] += one
            for c in range(classes):
                share = shares[c, z, y]
                for x in range(width):
                    share[x] /= total[x]


@kernel
def _hear(shares, image, offsets, alike, around, unlike, heard):
    """Fill `heard` with what each pixel hears: row by row, offset by offset, so in one order for each."""
    classes, depth, height, width = shares.shape
    near = np.empty(width, np.float32)
    heard[:] = _ZERO
    for z in range(depth):
        for y in range(height):
            for k in range(len(offsets)):
                to_z, to_y, step = z + offsets[k, 0], y + offsets[k, 1], offsets[k, 2]
                if to_z >= depth or to_y < 0 or to_y >= height or abs(step) >= width:
                    continue
                first, last = max(0, -step), min(width, width - step)
                there = slice(first + step, last + step)
                weights = near[first:last]
                weights[:] = _ZERO
                for channel in range(len(image)):
                    here, other = image[channel, z, y, first:last], image[channel, to_z, to_y, there]
                    for x in range(len(weights)):
                        apart = here[x] - other[x]
                        weights[x] += unlike[channel] * apart * apart
                for x in range(len(weights)):
                    weights[x] = alike[k] * exp(-weights[x]) + around[k]
                for c in range(classes):
                    _add(heard[c, z, y, first:last], weights, shares[c, to_z, to_y, there])
                    _add(heard[c, to_z, to_y, there], weights, shares[c, z, y, first:last])


@kernel
def _add(heard, weights, shares):
    for x in range(len(weights)):
        heard[x] += weights[x] * shares[x]


@kernel
def _answer(unary, heard, badly, logits):
    classes, depth, height, width = unary.shape
    for z in range(depth):
        for y in range(height):
            for c in range(classes):
                row = logits[c, z, y]
                row[:] = unary[c, z, y]
                for other in range(classes):
                    said, weight = heard[other, z, y], badly[c, other]
                    for x in range(width):
                        row[x] -= weight * said[x]
