"""What the tasks of a U-Net's run hold and read, from its description and the grid of blocks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

from terrazzo.blocks import BlockGrid
from terrazzo.blockwise.inputs.halo_cost import total_pixels
from terrazzo.io.results.pyramid import Pyramid
from terrazzo.lattice import Lattice
from terrazzo.memory import CLIENT, OWN_PROCESS_PERCENT, WORKER_WITH_TORCH, PixelTask
from terrazzo.models.unet.classify_pixels import pixel_window
from terrazzo.models.unet.cost import values_alive
from terrazzo.models.unet.description import UNetDescription
from terrazzo.models.unet.model import UNetModel

# The weights as they came, as a model, and ready for prediction.
COPIES_OF_WEIGHTS = 3


@dataclass(frozen=True)
class UNetWork:
    """What a U-Net does with each block of an image; the methods are those of `Work`.

    Parameters
    ----------
    description : UNetDescription
    weights : int
        Bytes of the network.
    itemsize : int
        Bytes per value of the image.
    chunk, held, masked
        As for `Work`.
    """

    description: UNetDescription
    weights: int
    itemsize: int
    chunk: int = 0
    held: int = 0
    masked: bool = False

    passes = 1

    @classmethod
    def of(cls, model: UNetModel, itemsize: int, *, chunk: int = 0, held: int = 0, masked: bool = False) -> UNetWork:
        """Return the work of a fitted model."""
        weights = sum(tensor.numel() * tensor.element_size() for tensor in model.network.state_dict().values())
        return cls(model.network.description, weights, itemsize, chunk, held, masked)

    def memory_of_worker(self, grid: BlockGrid, threads: int) -> int:
        """Return the bytes of a Dask worker at its peak."""
        return self._process + min(threads, len(grid)) * self.task(grid).bytes

    def memory_of_own_process(self, grid: BlockGrid, threads: int) -> int:
        """Return the bytes of a process that runs all blocks in threads of its own."""
        tasks = min(threads, len(grid)) * self.task(grid).bytes
        return self._process + tasks * (100 + OWN_PROCESS_PERCENT) // 100

    def memory_in_all(self, grid: BlockGrid, workers: int, threads: int) -> int:
        """Return the bytes of all workers and of the process that hands out blocks."""
        return CLIENT + workers * self.memory_of_worker(grid, threads)

    def task(self, grid: BlockGrid) -> PixelTask:
        """Return what the task of the middle block holds, which has the most around it."""
        block = grid[tuple((count - 1) // 2 for count in grid.shape)]
        read = pixel_window(self.description, block).shape
        padded = math.prod(-(-n // step) * step for n, step in zip(read, self.description.stride, strict=True))
        return PixelTask(
            channels=self.description.inputs,
            itemsize=self.itemsize,
            classes=self.description.classes,
            read=math.prod(read),
            padded=padded,
            core=math.prod(block.core.shape),
            alive=values_alive(self.description, padded),
            chunk=self.chunk,
            masked=self.masked,
        )

    def pixels_read(self, grid: BlockGrid) -> int:
        """Return the pixels that all blocks read together."""
        return total_pixels(grid, partial(pixel_window, self.description))

    def pixels_computed(self, grid: BlockGrid) -> float:
        """Return the pixels that go through the network: all that are read."""
        return float(self.pixels_read(grid))

    def rows(self, lattice: Lattice) -> tuple[int, int]:  # noqa: ARG002
        """Return how many superpixels and edges there are: none."""
        return 0, 0

    def disk(self, grid: BlockGrid) -> dict[str, int]:
        """Return the bytes of each output before compression, the levels of images included."""
        return {"classes": sum(map(math.prod, Pyramid.of(grid).shapes))}

    @property
    def _process(self) -> int:
        return self.held + WORKER_WITH_TORCH + COPIES_OF_WEIGHTS * self.weights
