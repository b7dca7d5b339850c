"""The classes of a block's pixels: of superpixels that are sure the superpixel's, of all others the pixel's own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from terrazzo.blocks import Block
from terrazzo.kernels.superpixels.ids import cells_of
from terrazzo.ledger import stage
from terrazzo.models.lattice.asked_pixels import AskedPixels
from terrazzo.models.lattice.embed_block import EmbeddedCells
from terrazzo.models.lattice.network import LatticeNetwork
from terrazzo.models.lattice.pixel_responses import responses_where
from terrazzo.models.lattice.scales import Scales
from terrazzo.models.lattice.temperatures import Temperatures
from terrazzo.models.passes.declared import Seen
from terrazzo.regions.classes.annotation import NOT_ANNOTATED, in_8_bits

# Rows whose probabilities are computed together.
ROWS = 2**16


@dataclass(frozen=True, eq=False)
class Answers:
    """What the pixels of a part of a block's core have answered.

    Parameters
    ----------
    inside : tuple of slice
        The part.
    asked : ndarray of bool, shape (y, x) or (z, y, x)
        Which of its pixels.
    logits : ndarray of float32, shape (P, C)
        Theirs, in raster order, divided by no temperature.
    """

    inside: tuple[slice, ...]
    asked: NDArray[np.bool_]
    logits: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class DecidedPixels:
    """The classes of a block's pixels.

    Parameters
    ----------
    cells : ndarray of int32, shape (y, x) or (z, y, x)
        The place of each pixel's superpixel in `regions`; -1 is none.
    regions : ndarray of float32, shape (number of cells, C)
        The probabilities of superpixels.
    answers : tuple of Answers
        Of the pixels that decided themselves.
    temperature : float
        By what their logits are divided.
    classes : ndarray of uint8, shape (y, x) or (z, y, x)
        The most probable class of each; ties go to the lowest, 255 is no superpixel.
    """

    cells: NDArray[np.int32]
    regions: NDArray[np.float32]
    answers: tuple[Answers, ...]
    temperature: float
    classes: NDArray[np.uint8]

    def planes(self) -> Iterator[NDArray[np.uint8]]:
        """Yield for each class its probability at each pixel, in 8 bits; 0 where no superpixel is."""
        # one more, for pixels of none
        values = np.pad(in_8_bits(self.regions), [(0, 1), (0, 0)])
        pixels = [_in_8_bits(answer.logits, self.temperature) for answer in self.answers]
        for value, column in enumerate(values.T):
            plane = column[self.cells]
            for answer, own in zip(self.answers, pixels, strict=True):
                plane[answer.inside][answer.asked] = own[:, value]
            yield plane


def decided_pixels(
    block: Block,
    ids: NDArray[np.unsignedinteger[Any]],
    found: EmbeddedCells,
    network: LatticeNetwork,
    scales: Scales,
    seen: Seen | None,
    temperatures: Temperatures = Temperatures(),
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
    seen : Seen, or None
        The pixels of `response_window`; without them superpixels decide.
    temperatures : Temperatures
        By what logits are divided. They decide which superpixels are sure, and no other class.
    """
    logits = found.logits.flatten(0, -2)
    probabilities = torch.softmax(logits / temperatures.region, dim=-1).cpu().numpy()
    with stage("paint"):
        cells = _places_of(ids, block, found)
        # one more, for pixels of none
        classes = np.append(_highest(logits), NOT_ANNOTATED).astype(np.uint8)[cells]
    answers: tuple[Answers, ...] = ()
    if seen is not None:
        with stage("decide pixels"):
            asked = np.append(probabilities.max(axis=1) < network.config.settings.sure, False)[cells]
            answers = tuple(_answers(block, found, network, scales, seen, (asked, cells, classes)))
    return DecidedPixels(cells, probabilities, answers, temperatures.pixel, classes)


def _answers(
    block: Block,
    found: EmbeddedCells,
    network: LatticeNetwork,
    scales: Scales,
    seen: Seen,
    core: tuple[NDArray[np.bool_], NDArray[np.int32], NDArray[np.uint8]],
) -> Iterator[Answers]:
    """Yield what pixels answer, tile by tile, and write their classes into those of the core."""
    asked, cells, classes = core
    if not asked.any():
        return
    pixels = AskedPixels.of(block, found, network, scales)
    for responses in responses_where(seen, block, asked):
        inside = responses.core.within(block.core)
        logits, classes[inside] = pixels.answers(responses, asked[inside], cells[inside], classes[inside])
        # before those of the next tile
        del responses
        yield Answers(inside, asked[inside], logits)


def _in_8_bits(logits: NDArray[np.float32], temperature: float) -> NDArray[np.uint8]:
    """Return the probabilities that follow from logits (P, C): class by class, a fifth of the time where few are."""
    found = np.empty(logits.shape, np.uint8)
    for first in range(0, len(logits), ROWS):
        rows = torch.from_numpy(logits[first : first + ROWS]) / temperature
        found[first : first + ROWS] = in_8_bits(torch.softmax(rows.T.contiguous(), dim=0).numpy().T)
    return found


def _highest(logits: Tensor) -> NDArray[np.uint8]:
    """Return the class of each row: the logits' own, which no temperature changes, not even where they nearly tie."""
    highest: NDArray[np.uint8] = logits.cpu().numpy().argmax(axis=1).astype(np.uint8)
    return highest


def _places_of(ids: NDArray[np.unsignedinteger[Any]], block: Block, found: EmbeddedCells) -> NDArray[np.int32]:
    """Return the place of each pixel's superpixel among the embedded cells; -1 is none."""
    volume, box = block.as_volume, found.box.as_volume
    lattice, core = volume.lattice, volume.core
    places, _ = cells_of(ids.reshape(core.shape), lattice.cells, core.start, lattice.size, box.start, box.shape)
    return places.reshape(ids.shape)


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
