"""The first pure function of a block: image -> superpixel labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Block, Box
from terrazzo.errors import InputError
from terrazzo.kernels.connectivity import connect
from terrazzo.kernels.filters import gaussian, radius
from terrazzo.kernels.ids import ids_of
from terrazzo.kernels.slic import slic
from terrazzo.regions.superpixel_parameters import SuperpixelParameters


@dataclass(frozen=True, eq=False)
class BlockLabels:
    """The superpixels of a box of pixels.

    Parameters
    ----------
    box : Box
        The pixels.
    ids : ndarray of uint32 or uint64, shape (y, x)
        The superpixel of each pixel.
    unadopted : int
        Pixels of the block's core that are cut off from their superpixel and that no neighbour could adopt.
    """

    box: Box
    ids: NDArray[np.unsignedinteger[Any]]
    unadopted: int

    def cut(self, box: Box) -> NDArray[np.unsignedinteger[Any]]:
        """Return the ids of a smaller box."""
        return self.ids[box.within(self.box)]


def block_labels(
    image: NDArray[Any],
    window: Box,
    block: Block,
    parameters: SuperpixelParameters,
    *,
    scale: float,
    margin: int = 0,
    halo: int | None = None,
    chaotic: bool = False,
) -> BlockLabels:
    """Return the superpixels of a block's core and of `margin` cells around it.

    Parameters
    ----------
    image : ndarray, shape (c, y, x)
        The pixels of `window`, which must hold `parameters.window(block, margin)`.
    window : Box
        Where `image` lies in the whole image.
    block : Block
        Whose labels are wanted.
    parameters : SuperpixelParameters
        How superpixels are made.
    scale : float
        The intensity difference that counts as 1.
    margin : int
        How many cells around the core are wanted as well.
    halo, chaotic
        For tests: compute from that many cells instead; use the chaotic distance.

    Raises
    ------
    InputError
        If a pixel is NaN or infinite.
    """
    lattice = block.lattice
    cells = block.cells_with(parameters.halo(margin) if halo is None else halo)
    pixels = cells.scaled(lattice.size, lattice.shape)
    size = (lattice.size[0], lattice.size[1])
    smooth = _smoothed(image, window, pixels, lattice.shape, parameters.sigma, scale)
    inner = block.cells_with(margin).within(cells)
    kept = (inner[0].start, inner[0].stop, inner[1].start, inner[1].stop)
    nearest = slic(smooth, size, parameters.compactness, parameters.iterations, kept, chaotic)
    connected, left = connect(nearest, size)
    box = block.pixels(margin)
    cut = connected[box.within(pixels)]
    ids = np.empty(cut.shape, lattice.dtype)
    ids_of(cut, cells.shape[1], (cells.start[0], cells.start[1]), lattice.cells[1], ids)
    return BlockLabels(box, ids, _count_inside(left, connected.shape, block.core.within(pixels)))


def single_precision(image: NDArray[Any], window: Box) -> NDArray[np.float32]:
    """Return the pixels of `window` (c, y, x) as contiguous float32.

    Raises
    ------
    InputError
        If a pixel is NaN, infinite or too large for float32; it names the first.
    """
    with np.errstate(over="ignore"):
        single = np.ascontiguousarray(image, dtype=np.float32)
    if np.isfinite(single).all():
        return single
    channel, y, x = (int(i) for i in np.argwhere(~np.isfinite(single))[0])
    raise InputError(
        f"the image is {image[channel, y, x]} in channel {channel} at pixel (y, x) = "
        f"({y + window.start[0]}, {x + window.start[1]}); replace NaN, infinite and huge values (above 3.4e38) first"
    )


def _smoothed(
    image: NDArray[Any], window: Box, pixels: Box, extent: tuple[int, ...], sigma: float, scale: float
) -> NDArray[np.float32]:
    around = pixels.grown(radius(sigma), extent)
    cut = single_precision(image[(slice(None), *around.within(window))], around)
    unit = np.float32(1.0 / scale)
    inner = pixels.within(around)
    return np.stack([gaussian(channel * unit, sigma)[inner] for channel in cut])


def _count_inside(left: NDArray[np.int64], shape: tuple[int, ...], box: tuple[slice, ...]) -> int:
    y, x = np.unravel_index(left, shape)
    inside = (y >= box[0].start) & (y < box[0].stop) & (x >= box[1].start) & (x < box[1].stop)
    return int(inside.sum())
