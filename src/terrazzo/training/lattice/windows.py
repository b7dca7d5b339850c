"""What does a network see in one step? Windows of cells, drawn where pixels are annotated, turned and altered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Box
from terrazzo.models.lattice.cell_rows import CellRows
from terrazzo.training.lattice.tables import Table


@dataclass(frozen=True, eq=False)
class Places:
    """Annotated tiles of all images, to draw windows around.

    Parameters
    ----------
    images : ndarray of int64, shape (T,)
        The number of each tile's image.
    start, stop : ndarray of int64, shape (T, axes)
        Its first cell, and the one after its last.
    weights : ndarray of float64, shape (T,)
        How often it is drawn.
    """

    images: NDArray[np.int64]
    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    weights: NDArray[np.float64]

    def drawn(
        self, rng: np.random.Generator, sides: Sequence[int], lattices: Sequence[tuple[int, ...]]
    ) -> tuple[int, Box]:
        """Return the number of an image and a window of so many cells along each axis that holds a cell of a tile.

        Parameters
        ----------
        rng : numpy.random.Generator
        sides : sequence of int
        lattices : sequence of tuple of int
            The cells of each image: the window lies inside, where it fits.
        """
        tile = rng.choice(len(self.weights), p=self.weights / self.weights.sum())
        image = int(self.images[tile])
        cell = rng.integers(self.start[tile], self.stop[tile])
        start = cell - rng.integers(0, sides)
        start = np.maximum(np.minimum(start, np.array(lattices[image]) - sides), 0)
        return image, Box(tuple(map(int, start)), tuple(map(int, start + sides)))


def turned(table: Table, rng: np.random.Generator, sizes: tuple[int, ...]) -> Table:
    """Return a table whose cells are mirrored along axes and whose last two axes change places, each as often as not.

    Columns of rows that know a direction follow: an offset changes its sign where its axis is mirrored, and changes
    places where axes do. All others are taken to know none.

    Parameters
    ----------
    table : Table
        Its box has as many cells along each of the last two axes.
    rng : numpy.random.Generator
    sizes : tuple of int
        Pixels along the sides of a cell: axes with other sizes do not change places.
    """
    box, rows, present = table.cells.box, table.cells.rows, table.cells.present
    counts, axes = table.counts, len(table.cells.box.start)
    cells, middles = table.samples.cells - box.start, table.samples.middles - box.start
    ends = None if table.edges is None else table.edges.cells - np.array(box.start, np.int32)
    for axis in range(axes):
        if rng.random() < 0.5:
            rows, present, counts = np.flip(rows, axis), np.flip(present, axis), np.flip(counts, axis)
            sign = np.ones(rows.shape[-1], np.float32)
            sign[axis - axes] = -1
            rows = rows * sign
            last = box.shape[axis] - 1
            cells[:, axis], middles[:, axis] = last - cells[:, axis], last - middles[:, axis]
            if ends is not None:
                ends[..., axis] = last - ends[..., axis]
    if sizes[-1] == sizes[-2] and rng.random() < 0.5:
        order = [*range(axes - 2), axes - 1, axes - 2]
        rows = rows.transpose(*order, axes)
        rows = np.concatenate([rows[..., :-2], rows[..., [-1]], rows[..., [-2]]], axis=-1)
        present, counts = present.transpose(order), counts.transpose(*order, axes)
        cells, middles = cells[:, order], middles[:, order]
        ends = None if ends is None else ends[..., order]
    samples = replace(table.samples, cells=cells + box.start, middles=middles + box.start)
    edges = table.edges
    if edges is not None and ends is not None:
        edges = replace(edges, cells=ends + np.array(box.start, np.int32))
    return Table(CellRows(box, np.ascontiguousarray(rows), present.copy()), counts.copy(), samples, edges)
