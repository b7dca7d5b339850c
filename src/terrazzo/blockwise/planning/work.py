"""What the tasks of a run hold, read and write: from the passes of a model and the grid of blocks, integers alone."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from terrazzo.blocks import BlockGrid, total_pixels
from terrazzo.errors import ModelError
from terrazzo.io.images.decoding import decoding
from terrazzo.io.images.image import Image
from terrazzo.io.levels.pyramid import Pyramid
from terrazzo.memory import CLIENT, OWN_PROCESS_PERCENT, Reading, table_bytes
from terrazzo.models.fitted_model import FittedModel
from terrazzo.models.passes.declared import Holds, Pass


@dataclass(frozen=True, eq=False)
class Work:
    """What a model does with each block of an image that is read in some way.

    Parameters
    ----------
    model : FittedModel
    passes : tuple of Pass
    reading : Reading
    """

    model: FittedModel
    passes: tuple[Pass, ...]
    reading: Reading

    @classmethod
    def of(cls, model: FittedModel, reading: Reading) -> Work:
        """Return the work of a model."""
        return cls(model, model.passes(), reading)

    def memory_of_task(self, one: Pass, grid: BlockGrid) -> int:
        """Return the bytes of a pass's task on the middle block, which has the most around it."""
        middle = grid[tuple((count - 1) // 2 for count in grid.shape)]
        return _holds(one).task(middle, grid, self.reading)

    def memory_of_worker(self, grid: BlockGrid, threads: int) -> int:
        """Return the bytes of a Dask worker at its peak, in the pass that takes most."""
        tasks = min(threads, len(grid))
        return self.reading.held + max(
            _holds(one).process + tasks * self.memory_of_task(one, grid) for one in self.passes
        )

    def memory_of_own_process(self, grid: BlockGrid, threads: int) -> int:
        """Return the bytes of a process that runs all blocks in threads of its own."""
        largest = max(self.memory_of_task(one, grid) for one in self.passes)
        tasks = min(threads, len(grid)) * largest * (100 + OWN_PROCESS_PERCENT) // 100
        return self.reading.held + max(_holds(one).process for one in self.passes) + tasks

    def memory_in_all(self, grid: BlockGrid, workers: int, threads: int) -> int:
        """Return the bytes of all workers and of the process that hands out blocks."""
        return CLIENT + workers * self.memory_of_worker(grid, threads)

    def pixels_read(self, grid: BlockGrid) -> int:
        """Return the pixels that all blocks read together, in the first pass that reads any."""
        return total_pixels(grid, self.model.window)

    def pixels_computed(self, grid: BlockGrid) -> float:
        """Return the pixels that all blocks compute together."""
        computed = self.model.pixels_computed(grid)
        return float(self.pixels_read(grid)) if computed is None else computed

    def disk(self, grid: BlockGrid) -> dict[str, int]:
        """Return the bytes of each output before compression, the levels of images included."""
        lattice, pixels = grid.lattice, sum(map(math.prod, Pyramid.of(grid).shapes))
        itemsize, axes, classes = lattice.dtype.itemsize, len(lattice.shape), len(self.model.class_names)
        given = {what for one in self.passes for what in one.gives}
        outputs = {"superpixels": pixels * itemsize} if "labels" in given else {}
        outputs |= {"classes": pixels} if "classes" in given else {}
        outputs |= {"probabilities": pixels * classes} if self.reading.probabilities else {}
        if "rows" in given:
            nodes, edges = self.model.most_rows(grid)
            features, boundary = len(self.model.node_columns), len(self.model.edge_columns)
            class_and_probabilities = 1 + 4 * classes if "node_probabilities" in given else 0
            more = class_and_probabilities + 4 * self.model.embedding_width
            outputs["nodes"] = table_bytes(nodes, 0, axes, itemsize, features, 0) + nodes * more
            outputs["edges"] = table_bytes(0, edges, axes, itemsize, 0, boundary)
            if len(self.passes) > 1:
                # what passes read of blocks around, until the run ends
                meanwhile = self.model.bytes_meanwhile(grid)
                outputs["rows_meanwhile"] = table_bytes(nodes, edges, axes, itemsize, features, boundary) + meanwhile
        return outputs


def _holds(one: Pass) -> Holds:
    if one.holds is None:
        raise ModelError(f"the pass '{one.name}' does not say what memory it holds; give it holds=Holds(…)")
    return one.holds


def reading_of(image: Image, *, masked: bool = False, probabilities: bool = False) -> Reading:
    """Return how a stored image is read; no pixel is."""
    cost = decoding(image.stored)
    return Reading(image.dtype.itemsize, cost.chunk, cost.held, masked, probabilities)


# What may be recommended, in pixels; each worker's thread gets at least so many blocks where the image has them.
SIDES = {
    2: (256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096, 6144, 8192),
    3: (32, 48, 64, 96, 128, 192, 256, 384, 512),
}
BLOCKS_PER_THREAD = 3

# A smaller block is as good as the largest that fits if it reads at most this much more.
AS_GOOD = 1.1


def recommended_block(work: Work, extent: tuple[int, ...], limit: int, workers: int, threads: int) -> int | None:
    """Return the block with which a worker stays within `limit` bytes and little is read twice; None if none does.

    Parameters
    ----------
    work : Work
        What is done with a block.
    extent : tuple of int
        Of the image.
    limit : int
        Bytes that a worker may hold.
    workers, threads : int
        Processes, and tasks that each runs at a time: there should be blocks for all of them.
    """
    fitting = [(side, grid) for side, grid in _grids(work, extent) if work.memory_of_worker(grid, threads) <= limit]
    busy = [(side, grid) for side, grid in fitting if len(grid) >= BLOCKS_PER_THREAD * workers * threads]
    choice = [(work.pixels_read(grid), side) for side, grid in busy or fitting[:1]]
    return min((side for read, side in choice if read <= AS_GOOD * min(choice)[0]), default=None)


def _grids(work: Work, extent: tuple[int, ...]) -> Iterator[tuple[int, BlockGrid]]:
    return ((side, work.model.grid(extent, side)) for side in SIDES[len(extent)])
