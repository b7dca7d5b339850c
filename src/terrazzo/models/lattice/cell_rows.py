"""What is known of the superpixels in a box of cells, as a table on the grid of cells."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Box
from terrazzo.lattice import Lattice
from terrazzo.regions.graphs.block_graph import BlockGraph
from terrazzo.regions.graphs.merge import seeded_in

AXES = "zyx"


@dataclass(frozen=True, eq=False)
class CellRows:
    """The rows of the superpixels in a box of cells.

    Parameters
    ----------
    box : Box
        Cells of the lattice.
    rows : ndarray of float32, shape (*cells, F)
        Measured columns, then those of `place_columns`; 0 where there is no superpixel.
    present : ndarray of bool, shape (*cells,)
    """

    box: Box
    rows: NDArray[np.float32]
    present: NDArray[np.bool_]

    def padded(self, multiples: Sequence[int]) -> CellRows:
        """Return the same with empty cells after the last ones, up to a multiple of cells along each axis."""
        more = [(0, -count % multiple) for count, multiple in zip(self.box.shape, multiples, strict=True)]
        if not any(after for _, after in more):
            return self
        stop = tuple(b + after for b, (_, after) in zip(self.box.stop, more, strict=True))
        return CellRows(Box(self.box.start, stop), np.pad(self.rows, [*more, (0, 0)]), np.pad(self.present, more))


def place_columns(axes: int) -> tuple[str, ...]:
    """Return the names of the columns that tell a superpixel's extent and place: how it differs from its cell.

    The first is the side of the square, or cube, of the same area, in cells, less 1; then the offset of the centroid
    from the middle of the cell, in cells, along each axis.
    """
    return ("side", *(f"offset_{axis}" for axis in AXES[-axes:]))


def cell_rows(parts: Sequence[BlockGraph], box: Box, lattice: Lattice) -> CellRows:
    """Return the rows of the superpixels that are seeded in a box of cells.

    Parameters
    ----------
    parts : sequence of BlockGraph
        What the blocks own that have cells in the box.
    box : Box
        Cells of the lattice.
    lattice : Lattice
    """
    columns = parts[0].node_features.shape[1] if parts else 0
    axes = len(box.start)
    rows = np.zeros((*box.shape, columns + 1 + axes), np.float32)
    present = np.zeros(box.shape, np.bool_)
    for part in parts:
        inside = seeded_in(part.ids, box, lattice)
        cells = lattice.cells_of(part.ids[inside])
        places = tuple((cells - box.start).T)
        rows[(*places, slice(None, columns))] = part.node_features[inside]
        rows[(*places, columns)] = _sides(part.areas[inside], lattice)
        rows[(*places, slice(columns + 1, None))] = _offsets(part.positions[inside], cells, lattice)
        present[places] = True
    return CellRows(box, rows, present)


def _sides(areas: NDArray[np.uint32], lattice: Lattice) -> NDArray[np.float64]:
    sides: NDArray[np.float64] = (areas / math.prod(lattice.size)) ** (1 / len(lattice.size)) - 1
    return sides


def _offsets(positions: NDArray[np.float64], cells: NDArray[np.int64], lattice: Lattice) -> NDArray[np.float64]:
    size = np.array(lattice.size)
    offsets: NDArray[np.float64] = (positions - (cells * size + (size - 1) / 2)) / size
    return offsets
