"""What pixels are asked by: the weights of a network and the embeddings of superpixels, as tables for the kernel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from terrazzo.blocks import Block, Box
from terrazzo.kernels.classes.asked_pixels import write_answers
from terrazzo.models.lattice.embed_block import EmbeddedCells
from terrazzo.models.lattice.network import LatticeNetwork
from terrazzo.models.lattice.pixel_responses import BANK
from terrazzo.models.lattice.scales import Scales
from terrazzo.regions.statistics.core_responses import CoreResponses, columns_on_levels

Arrays = tuple[NDArray[np.float32], ...]


@dataclass(frozen=True, eq=False)
class AskedPixels:
    """What the pixels of a block's core are asked by, on the CPU wherever the network is.

    Parameters
    ----------
    block : Block
    box : Box
        The cells that the tables are of.
    network, tables : tuple
        As `write_answers` takes them.
    """

    block: Block
    box: Box
    network: tuple[Arrays, Arrays, Arrays]
    tables: Arrays

    @classmethod
    def of(cls, block: Block, found: EmbeddedCells, network: LatticeNetwork, scales: Scales) -> AskedPixels:
        """Project the embeddings of superpixels, and lay out weights by the levels of what is seen."""
        with torch.inference_mode():
            projected = network.projected(found.embeddings)
            own = (projected.own + network.pixel.bias).flatten(0, -2)
            begin = network.decide.bias.expand(len(own), -1)
            if found.added is not None:
                begin = begin + found.added.flatten(0, -2)
            volume = (*found.box.as_volume.shape, own.shape[1])
            tables = tuple(map(_array, (own, projected.around.reshape(volume), begin)))
        weights = _array(network.pixel.weight).T
        columns = [list(some) for some in columns_on_levels(BANK, len(weights) // len(BANK.levels))]
        scale = tuple(np.stack([scales.pixel_mean[some], scales.pixel_std[some]]) for some in columns)
        seen = tuple(np.ascontiguousarray(weights[some]) for some in columns)
        return cls(block, found.box, (scale, seen, (_array(network.decide.weight),)), tables)

    def answers(
        self,
        responses: CoreResponses,
        asked: NDArray[np.bool_],
        cells: NDArray[np.int32],
        classes: NDArray[np.uint8],
    ) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Return the logits (P, C) of the pixels that are asked, and the classes with theirs.

        Parameters
        ----------
        responses : CoreResponses
            Of a part of the core.
        asked, cells, classes : ndarray, shape (y, x) or (z, y, x)
            Of its pixels whether they are asked, the places of their superpixels, and what classes they have so far.
        """
        part = responses.core.as_volume
        found = np.array(classes).reshape(part.shape)
        logits = np.empty((np.count_nonzero(asked), self.tables[2].shape[1]), np.float32)
        write_answers(
            np.ascontiguousarray(asked).reshape(part.shape),
            np.ascontiguousarray(cells).reshape(part.shape),
            (part.start[1], part.start[2]),
            responses.levels,
            self.network,
            self.tables,
            self._places(part),
            found,
            logits,
        )
        return logits, found.reshape(classes.shape)

    def _places(self, part: Box) -> tuple[tuple[NDArray[np.int64], ...], tuple[NDArray[np.int64], ...], Arrays]:
        """Return between the middles of which cells pixels lie, along each axis, and the share of the second."""
        lattice, box = self.block.as_volume.lattice, self.box.as_volume
        below, above, share = [], [], []
        for axis, (first, last) in enumerate(zip(part.start, part.stop, strict=True)):
            at = ((np.arange(first, last) + 0.5) / lattice.size[axis] - 0.5 - box.start[axis]).astype(np.float32)
            floor = np.floor(at)
            # beyond the first and the last cell of the image the rows are theirs
            ends = -box.start[axis], lattice.cells[axis] - 1 - box.start[axis]
            below.append(floor.astype(np.int64).clip(*ends))
            above.append((floor.astype(np.int64) + 1).clip(*ends))
            share.append(at - floor)
        return tuple(below), tuple(above), tuple(share)


def _array(tensor: Tensor) -> NDArray[np.float32]:
    return np.ascontiguousarray(tensor.detach().cpu().numpy())
