"""The classes of a block's pixels: of superpixels that are sure the superpixel's, of all others the pixel's own."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from terrazzo.blocks import Block
from terrazzo.models.lattice.embed_block import EmbeddedCells
from terrazzo.models.lattice.network import LatticeNetwork, Projected
from terrazzo.models.lattice.scales import Scales
from terrazzo.regions.classes.annotation import NOT_ANNOTATED, in_8_bits

PIXELS_AT_ONCE = 2**16
"""Pixels that are asked at a time: what is alive of them stays in the cache."""

Places = tuple[NDArray[np.int64], ...]
Responses = Callable[[Places], NDArray[np.float32]]
"""Gives the filter responses (K, P) of some pixels, which are named in the whole image."""


@dataclass(frozen=True, eq=False)
class DecidedPixels:
    """The classes of a block's pixels.

    Parameters
    ----------
    cells : ndarray of int64, shape (y, x) or (z, y, x)
        The place of each pixel's superpixel in `regions`; -1 is none.
    regions : ndarray of float32, shape (number of cells, C)
        The probabilities of superpixels.
    asked : ndarray of int64, shape (P,)
        The pixels that decided themselves, by their place in the raster.
    pixels : ndarray of uint8, shape (P, C)
        Their probabilities, in 8 bits.
    classes : ndarray of uint8, shape (y, x) or (z, y, x)
        The most probable class of each; ties go to the lowest, 255 is no superpixel.
    """

    cells: NDArray[np.int64]
    regions: NDArray[np.float32]
    asked: NDArray[np.int64]
    pixels: NDArray[np.uint8]
    classes: NDArray[np.uint8]

    def planes(self) -> Iterator[NDArray[np.uint8]]:
        """Yield for each class its probability at each pixel, in 8 bits; 0 where no superpixel is."""
        # one more, for pixels of none
        values = np.pad(in_8_bits(self.regions), [(0, 1), (0, 0)])
        for column, own in zip(values.T, self.pixels.T, strict=True):
            plane = column[self.cells]
            plane.reshape(-1)[self.asked] = own
            yield plane


def decided_pixels(
    block: Block,
    ids: NDArray[np.unsignedinteger[Any]],
    found: EmbeddedCells,
    network: LatticeNetwork,
    scales: Scales,
    responses: Responses | None,
) -> DecidedPixels:
    """Return the classes of the pixels of a block's core.

    Parameters
    ----------
    block : Block
    ids : ndarray of unsigned int, shape (y, x) or (z, y, x)
        Their superpixels; 0 is none.
    found : EmbeddedCells
    network : LatticeNetwork
    scales : Scales
    responses : callable, or None
        Gives the filter responses of pixels; without it superpixels decide.
    """
    probabilities = torch.softmax(found.logits, dim=-1).flatten(0, -2).cpu().numpy()
    cells = _places_of(ids, block, found)
    # one more, for pixels of none
    classes = np.append(probabilities.argmax(axis=1), NOT_ANNOTATED).astype(np.uint8)[cells]
    asked = np.empty(0, np.int64)
    if responses is not None:
        unsure = np.append(probabilities.max(axis=1) < network.config.settings.sure, False)
        asked = np.flatnonzero(unsure[cells])
    of_pixels = np.empty((asked.size, probabilities.shape[1]), np.uint8)
    if responses is not None and asked.size:
        with torch.inference_mode():
            projected = network.projected(found.embeddings)
            for start in range(0, asked.size, PIXELS_AT_ONCE):
                piece = slice(start, start + PIXELS_AT_ONCE)
                own = _asked(asked[piece], block, cells, found, projected, network, scales, responses)
                classes.reshape(-1)[asked[piece]] = own.argmax(axis=1)
                of_pixels[piece] = in_8_bits(own)
    return DecidedPixels(cells, probabilities, asked, of_pixels, classes)


def _places_of(ids: NDArray[np.unsignedinteger[Any]], block: Block, found: EmbeddedCells) -> NDArray[np.int64]:
    """Return the place of each pixel's superpixel among the embedded cells; -1 is none."""
    numbers = ids.astype(np.int64) - 1
    counts, places = block.lattice.cells, np.zeros(ids.shape, np.int64)
    for axis, (first, span) in enumerate(zip(found.box.start, found.box.shape, strict=True)):
        inner = int(np.prod(counts[axis + 1 :]))
        places = places * span + (numbers // inner % counts[axis] - first)
    places[numbers < 0] = -1
    return places


def _asked(
    asked: NDArray[np.int64],
    block: Block,
    cells: NDArray[np.int64],
    found: EmbeddedCells,
    projected: Projected,
    network: LatticeNetwork,
    scales: Scales,
    responses: Responses,
) -> NDArray[np.float32]:
    """Return the probabilities of some pixels, by their place in the raster, shape (P, C)."""
    inside = np.unravel_index(asked, cells.shape)
    places = tuple(place + start for place, start in zip(inside, block.core.start, strict=True))
    device = projected.own.device
    seen = torch.from_numpy(scales.pixels(responses(places).T)).to(device)
    own = projected.own.flatten(0, -2)[torch.from_numpy(cells.reshape(-1)[asked]).to(device)]
    middles = [
        torch.from_numpy((place + 0.5) / size - 0.5).to(device, torch.float32)
        for place, size in zip(places, block.lattice.size, strict=True)
    ]
    first = torch.tensor(found.box.start, device=device)
    last = torch.tensor([count - 1 for count in block.lattice.cells], device=device)
    around = interpolated(projected.around, torch.stack(middles, dim=1) - first, -first, last - first)
    logits = network.pixel_logits(seen, own, around)
    probabilities: NDArray[np.float32] = torch.softmax(logits, dim=1).cpu().numpy()
    return probabilities


def interpolated(table: Tensor, at: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Return the rows of a grid of cells, interpolated linearly along each axis between the middles of cells.

    Parameters
    ----------
    table : Tensor, shape (*cells, H)
    at : Tensor of float, shape (P, axes)
        Places in cells; 0 is the middle of the table's first cell.
    low, high : Tensor of int64, shape (axes,)
        The first and the last cell that there is, as places: beyond them the rows are theirs.

    Returns
    -------
    Tensor, shape (P, H)
    """
    floor = at.floor()
    share, floor = at - floor, floor.to(torch.int64)
    span, axes = table.shape[:-1], at.shape[1]
    flat, total = table.flatten(0, -2), None
    for corner in itertools.product((0, 1), repeat=axes):
        row: Tensor | int = 0
        weight: Tensor | int = 1
        for axis, step in enumerate(corner):
            place = (floor[:, axis] + step).clamp(low[axis], high[axis])
            row = row * span[axis] + place
            weight = weight * (share[:, axis] if step else 1 - share[:, axis])
        part = flat[row] * weight[:, None]  # type: ignore[index]
        total = part if total is None else total + part
    if total is None:
        raise LookupError("a table without axes has nothing between its cells")
    return total
