"""The first pure function of a block: image -> superpixel labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Block, Box
from terrazzo.errors import InputError
from terrazzo.kernels.filters import gaussian, masked_gaussian, sharpen_into
from terrazzo.kernels.superpixels.connectivity import ADOPTION_CELLS, connect
from terrazzo.kernels.superpixels.ids import ids_of
from terrazzo.kernels.superpixels.slic import slic
from terrazzo.ledger import stage
from terrazzo.regions.superpixels.compared_channels import compared_channels
from terrazzo.regions.superpixels.single_precision import LEAST, MOST, is_within, single_precision
from terrazzo.regions.superpixels.superpixel_parameters import SURROUND, SuperpixelParameters

SHARPENING = np.float32(0.5)  # as in sharpen_into

# A squared difference of so many scales is finite in float32, summed over many channels.
MOST_SCALES = 1e17

# Cells around a core whose labels a block must see.
LABEL_MARGIN = 1


@dataclass(frozen=True, eq=False)
class BlockLabels:
    """The superpixels of a box of pixels.

    Parameters
    ----------
    box : Box
        The pixels.
    ids : ndarray of uint32 or uint64, shape (y, x) or (z, y, x)
        The superpixel of each pixel; 0 is none.
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
    mask: NDArray[np.bool_] | None = None,
    halo: int | None = None,
    chaotic: bool = False,
) -> BlockLabels:
    """Return the superpixels of a block's core and of `margin` cells around it.

    Parameters
    ----------
    image : ndarray, shape (c, y, x) or (c, z, y, x)
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
    mask : ndarray of bool, shape (y, x) or (z, y, x), optional
        On the pixels of `window`: False is no superpixel, and no part of what smoothing sees.
    halo, chaotic
        For tests: compute from that many cells instead; use the chaotic distance.

    Raises
    ------
    InputError
        If a pixel inside the mask is NaN, infinite or larger than 1e17 times the scale, or the scale is below 1e-36.
    """
    box = block.pixels(margin)
    if mask is not None and not mask[box.within(window)].any():
        return BlockLabels(box, np.zeros(box.shape, block.lattice.dtype), 0)
    cells = block.cells_with(parameters.halos(margin) if halo is None else halo)
    pixels = cells.scaled(block.lattice.size, block.lattice.shape)
    with stage("smooth"):
        smooth, inside = _smoothed(image, window, pixels, block.lattice.shape, parameters, scale, mask)
    volume, cells, pixels = block.as_volume, cells.as_volume, pixels.as_volume
    lattice = volume.lattice
    size = _triple(lattice.size)
    adopting = tuple(margin + ADOPTION_CELLS * (along > 1) for along in size)
    z, y, x = ((along.start, along.stop) for along in volume.cells_with(adopting).within(cells))
    with stage("assign"):
        nearest = slic(smooth, size, parameters.compactness, parameters.iterations, (z, y, x), inside, chaotic)
    with stage("connect"):
        connected, left = connect(nearest, smooth, size)
    with stage("number"):
        cut = connected[volume.pixels(margin).within(pixels)]
        ids = np.empty(cut.shape, lattice.dtype)
        ids_of(cut, _triple(cells.shape), _triple(cells.start), _triple(lattice.cells), ids)
    unadopted = _count_inside(left, volume.core.within(pixels))
    return BlockLabels(box, ids.reshape(box.shape), unadopted)


def of_core(value: Any, block: Block) -> Any:
    """Return what is known of a block, cut to the block's core if it is labels of more."""
    return value.cut(block.core) if isinstance(value, BlockLabels) else value


def _smoothed(
    image: NDArray[Any],
    window: Box,
    pixels: Box,
    extent: tuple[int, ...],
    parameters: SuperpixelParameters,
    scale: float,
    mask: NDArray[np.bool_] | None,
) -> tuple[NDArray[np.float32], NDArray[np.bool_] | None]:
    """Return a box of pixels as it is compared, (c, z, y, x), and the mask on it, (z, y, x)."""
    around = pixels.grown(parameters.smoothing_radius, extent)
    cut = image[(slice(None), *around.within(window))]
    sigmas = _triple((0.0,) * (3 - len(extent)) + parameters.sigmas)
    inner, shape = pixels.as_volume.within(around.as_volume), around.as_volume.shape
    if scale < LEAST:
        raise InputError(
            f"the intensity scale is {scale:.3g}, and below {LEAST:g} single precision has too few digits; multiply "
            "the image so that its intensities are larger"
        )
    unit, most = np.float32(1.0 / scale), min(MOST, MOST_SCALES * scale)
    if mask is None:
        channels = _compared(cut, around, parameters, most).reshape(-1, *shape)
        return _sharpened(channels, unit, sigmas, None, inner), None
    inside = mask[around.within(window)]
    filled = np.where(inside, cut, cut.dtype.type(0))
    channels = _compared(filled, around, parameters, most).reshape(-1, *shape)
    volume = np.ascontiguousarray(inside.reshape(shape))
    return _sharpened(channels, unit, sigmas, volume, inner), volume[inner]


def _sharpened(
    channels: NDArray[np.float32],
    unit: np.float32,
    sigmas: tuple[float, float, float],
    mask: NDArray[np.bool_] | None,
    inner: tuple[slice, ...],
) -> NDArray[np.float32]:
    """Return the inner part of volumes smoothed, then moved away from their surroundings: edges keep their contrast."""
    wide = _triple(tuple(SURROUND * sigma for sigma in sigmas))
    found = np.empty((len(channels), *(along.stop - along.start for along in inner)), np.float32)
    by_section = mask is None and (channels.shape[1] == 1 or not sigmas[0])
    scaled = np.empty(channels.shape[1:], np.float32)
    for channel, sharp in zip(channels, found, strict=True):
        np.multiply(channel, unit, out=scaled)
        if by_section:
            for section, result in zip(scaled[inner[0]], sharp, strict=True):
                sharpen_into(section, sigmas[1:], wide[1:], (inner[1], inner[2]), result)
            continue
        near, far = (
            gaussian(scaled, each, np.float32) if mask is None else masked_gaussian(scaled, mask, each, np.float32)
            for each in (sigmas, wide)
        )
        np.subtract(near[inner], far[inner], out=sharp)
        sharp *= SHARPENING
        sharp += near[inner]
    return found


def _compared(image: NDArray[Any], window: Box, parameters: SuperpixelParameters, most: float) -> NDArray[np.float32]:
    channels = compared_channels(image, parameters)
    because = "" if most == MOST else f", {MOST_SCALES:g} times the intensity scale"
    if is_within(channels, most):
        return channels
    single_precision(image, window, most, because)  # names the pixel with the value that the image has there
    return single_precision(channels, window, most, because)


def _count_inside(left: NDArray[np.int32], box: tuple[slice, ...]) -> int:
    within = [(place >= along.start) & (place < along.stop) for place, along in zip(left.T, box, strict=True)]
    return int(np.logical_and.reduce(within).sum())


def _triple(values: tuple[Any, ...]) -> tuple[Any, Any, Any]:
    z, y, x = values
    return z, y, x
