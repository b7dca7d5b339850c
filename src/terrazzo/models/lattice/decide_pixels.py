"""The classes of a block's pixels: of superpixels that are sure the superpixel's, of all others the pixel's own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from terrazzo.blocks import Block
from terrazzo.kernels.classes.between_cells import between_cells
from terrazzo.kernels.superpixels.ids import cells_of
from terrazzo.ledger import stage
from terrazzo.models.lattice.embed_block import EmbeddedCells
from terrazzo.models.lattice.network import LatticeNetwork, Projected
from terrazzo.models.lattice.pixel_responses import responses_where
from terrazzo.models.lattice.scales import Scales
from terrazzo.models.lattice.temperatures import Temperatures
from terrazzo.models.passes.declared import Seen
from terrazzo.regions.classes.annotation import NOT_ANNOTATED, in_8_bits


@dataclass(frozen=True, eq=False)
class DecidedPixels:
    """The classes of a block's pixels.

    Parameters
    ----------
    cells : ndarray of int32, shape (y, x) or (z, y, x)
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

    cells: NDArray[np.int32]
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
    asked, own = np.zeros(cells.shape, np.bool_), [np.empty((0, probabilities.shape[1]), np.uint8)]
    if seen is not None:
        asked = np.append(probabilities.max(axis=1) < network.config.settings.sure, False)[cells]
    if seen is not None and asked.any():
        pixels = _Asked(block, found, network, scales)
        with stage("decide pixels"):
            for inside, responses in responses_where(seen, block, asked):
                wanted = asked[inside]
                if wanted.any():
                    # in less than half the time that a mask of bool takes
                    these = responses.reshape(len(responses), -1).take(np.flatnonzero(wanted), axis=1)
                    answers = pixels.logits(inside, wanted, cells[inside][wanted], these)
                    # a view of the core, into which the answers go
                    classes[inside][wanted] = _highest(answers)
                    own.append(in_8_bits(_probabilities(answers / temperatures.pixel)))
    return DecidedPixels(cells, probabilities, np.flatnonzero(asked), np.concatenate(own), classes)


def _probabilities(logits: Tensor) -> NDArray[np.float32]:
    """Return the softmax of each row: class by class, a fifth of the time where there are few."""
    probabilities: NDArray[np.float32] = torch.softmax(logits.T.contiguous(), dim=0).cpu().numpy().T
    return probabilities


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


@dataclass(frozen=True, eq=False)
class _Asked:
    """What pixels of a block's core are asked by."""

    block: Block
    found: EmbeddedCells
    network: LatticeNetwork
    scales: Scales

    @cached_property
    def projected(self) -> Projected:
        with torch.inference_mode():
            return self.network.projected(self.found.embeddings)

    def logits(
        self,
        inside: tuple[slice, ...],
        wanted: NDArray[np.bool_],
        cells: NDArray[np.int32],
        responses: NDArray[np.float32],
    ) -> Tensor:
        """Return the logits (P, C) of the wanted ones of some pixels of the core."""
        lattice, device = self.block.lattice, self.projected.own.device
        seen = torch.from_numpy(self.scales.pixels(responses.T)).to(device)
        own = self.projected.own.flatten(0, -2)[torch.from_numpy(cells).to(device, torch.int64)]
        places, at = np.nonzero(wanted), np.empty((len(cells), wanted.ndim), np.float32)
        for axis, (part, start) in enumerate(zip(inside, self.block.core.start, strict=True)):
            pixels = np.arange(wanted.shape[axis]) + (part.start or 0) + start
            at[:, axis] = ((pixels + 0.5) / lattice.size[axis] - 0.5 - self.found.box.start[axis])[places[axis]]
        around = self._around(at)
        with torch.inference_mode():
            logits: Tensor = self.network.pixel_logits(seen, own, around)
            if self.found.added is not None:
                logits = logits + self.found.added.flatten(0, -2)[torch.from_numpy(cells).to(device, torch.int64)]
        return logits

    def _around(self, at: NDArray[np.float32]) -> Tensor:
        """Return what is around some places, in cells: on the CPU by a kernel, which gives the same bits."""
        table, first = self.projected.around, np.array(self.found.box.start)
        low, high = -first, np.array(self.block.lattice.cells) - 1 - first
        if table.device.type == "cpu":
            return torch.from_numpy(
                between_cells(table.flatten(0, -2).numpy(), np.array(table.shape[:-1]), at, low, high)
            )
        ends = (torch.from_numpy(end).to(table.device) for end in (low, high))
        with torch.inference_mode():
            return interpolated(table, torch.from_numpy(at).to(table.device), *ends)


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
