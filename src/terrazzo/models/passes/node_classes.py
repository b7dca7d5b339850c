"""The classes of superpixels, and how they are painted into the pixels of a block."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Block
from terrazzo.kernels.superpixels.ids import cells_of, paint
from terrazzo.regions.classes.annotation import NOT_ANNOTATED, in_8_bits

# A pixel of the core may belong to a superpixel that is seeded one cell outside.
PAINT_MARGIN = 1


@dataclass(frozen=True, eq=False)
class NodeClasses:
    """The probabilities of some superpixels.

    Parameters
    ----------
    ids : ndarray of unsigned int, shape (N,)
        Ascending.
    probabilities : ndarray of float32, shape (N, C)
    """

    ids: NDArray[np.unsignedinteger[Any]]
    probabilities: NDArray[np.float32]

    @property
    def classes(self) -> NDArray[np.uint8]:
        """The most probable class of each; ties go to the lowest."""
        highest: NDArray[np.uint8] = self.probabilities.argmax(axis=1).astype(np.uint8)
        return highest


def paint_classes(ids: NDArray[np.unsignedinteger[Any]], block: Block, nodes: NodeClasses) -> NDArray[np.uint8]:
    """Return the class of each pixel of a block's core, of the shape of its superpixels' `ids`."""
    return next(_painted(ids, block, nodes.ids, [nodes.classes], NOT_ANNOTATED))


def paint_probabilities(
    ids: NDArray[np.unsignedinteger[Any]], block: Block, nodes: NodeClasses
) -> Iterator[NDArray[np.uint8]]:
    """Yield for each class its probability at each pixel of a block's core, in 8 bits; 0 where no superpixel is."""
    return _painted(ids, block, nodes.ids, in_8_bits(nodes.probabilities).T, 0)


def _painted(
    ids: NDArray[np.unsignedinteger[Any]],
    block: Block,
    named_ids: NDArray[np.unsignedinteger[Any]],
    columns: Iterable[NDArray[np.uint8]],
    empty: int,
) -> Iterator[NDArray[np.uint8]]:
    """Yield an image of a block's core for each column of values of the superpixels `named_ids`."""
    volume = block.as_volume
    lattice, core, named = volume.lattice, volume.core, volume.cells_with(PAINT_MARGIN)
    numbered = ids.reshape(core.shape)
    cells, _ = cells_of(numbered, lattice.cells, core.start, lattice.size, named.start, named.shape)
    places = tuple((lattice.cells_of(named_ids) - named.start).T)
    for column in columns:
        values = np.full(named.shape, empty, np.uint8)
        values[places] = column
        yield paint(cells, values.ravel(), empty).reshape(ids.shape)
