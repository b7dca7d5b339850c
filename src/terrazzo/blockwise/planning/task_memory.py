"""What the tasks of a run hold: boxes of the block that holds most, handed to `memory` as integers."""

from __future__ import annotations

import math
from dataclasses import dataclass

from terrazzo.blocks import Block, BlockGrid, Box
from terrazzo.blockwise.inputs.halo_cost import pixels_computed, pixels_read
from terrazzo.io.results.pyramid import Pyramid
from terrazzo.lattice import Lattice
from terrazzo.memory import (
    CLIENT,
    EDGES_PER_NODE,
    OWN_PROCESS_PERCENT,
    WORKER,
    WORKER_WITH_TORCH,
    ClassifyTask,
    SegmentTask,
    table_bytes,
)
from terrazzo.models.gnn.classify_block import cells_needed, cells_reached
from terrazzo.models.gnn.model import Model
from terrazzo.models.gnn.network import GNNConfig
from terrazzo.regions.graphs.block_graph import NAMED_MARGIN, graph_window
from terrazzo.regions.graphs.recipe import Recipe
from terrazzo.regions.superpixels.block_labels import LABEL_MARGIN
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters

_DEFAULTS = SuperpixelParameters()


@dataclass(frozen=True)
class Work:
    """What is done with each block of an image.

    Parameters
    ----------
    recipe : Recipe
        How superpixels and features are made.
    network : GNNConfig
        What labels them.
    itemsize : int
        Bytes per value of the image.
    chunk, held : int
        Bytes of a stored chunk; of an image that each process holds whole.
    masked, probabilities : bool
        Whether there is a mask; whether images of probabilities are written.
    """

    recipe: Recipe
    network: GNNConfig
    itemsize: int
    chunk: int = 0
    held: int = 0
    masked: bool = False
    probabilities: bool = False

    passes = 2

    @classmethod
    def of(
        cls,
        model: Model,
        itemsize: int,
        *,
        chunk: int = 0,
        held: int = 0,
        masked: bool = False,
        probabilities: bool = False,
    ) -> Work:
        """Return the work of a fitted model."""
        return cls(model.recipe, model.network.config, itemsize, chunk, held, masked, probabilities)

    def memory_of_worker(self, grid: BlockGrid, threads: int) -> int:
        """Return the bytes of a Dask worker at its peak, in the pass that takes more."""
        segment, classify = self.tasks(grid)
        threads = min(threads, len(grid))
        return self.held + max(WORKER + threads * segment.bytes, WORKER_WITH_TORCH + threads * classify.bytes)

    def memory_of_own_process(self, grid: BlockGrid, threads: int) -> int:
        """Return the bytes of a process that runs all blocks in threads of its own."""
        tasks = max(task.bytes for task in self.tasks(grid))
        return self.held + WORKER_WITH_TORCH + min(threads, len(grid)) * tasks * (100 + OWN_PROCESS_PERCENT) // 100

    def memory_in_all(self, grid: BlockGrid, workers: int, threads: int) -> int:
        """Return the bytes of all workers and of the process that hands out blocks."""
        return CLIENT + workers * self.memory_of_worker(grid, threads)

    def pixels_read(self, grid: BlockGrid) -> int:
        """Return the pixels that all blocks read together, for the superpixels."""
        return pixels_read(grid, self.recipe)

    def pixels_computed(self, grid: BlockGrid) -> float:
        """Return the pixels that an iteration assigns, on average."""
        return pixels_computed(grid, self.recipe.superpixels)

    def rows(self, lattice: Lattice) -> tuple[int, int]:
        """Return how many superpixels and edges there are at most; in a volume the edges are an estimate."""
        return lattice.number_of_cells, EDGES_PER_NODE[len(lattice.shape)] * lattice.number_of_cells

    def disk(self, grid: BlockGrid) -> dict[str, int]:
        """Return the bytes of each output before compression, the levels of images included."""
        lattice, pixels = grid.lattice, sum(map(math.prod, Pyramid.of(grid).shapes))
        itemsize, axes = lattice.dtype.itemsize, len(lattice.shape)
        nodes, edges = self.rows(lattice)
        features, boundary = len(self.recipe.node_columns), len(self.recipe.edge_columns)
        class_and_probabilities = 1 + 4 * self.network.classes
        images = {"probabilities": pixels * self.network.classes} if self.probabilities else {}
        return {
            "superpixels": pixels * itemsize,
            "classes": pixels,
            **images,
            "nodes": table_bytes(nodes, 0, axes, itemsize, features, 0) + nodes * class_and_probabilities,
            "edges": table_bytes(0, edges, axes, itemsize, 0, boundary),
        }

    def tasks(self, grid: BlockGrid) -> tuple[SegmentTask, ClassifyTask]:
        """Return what the two tasks of the block hold that takes most: the middle one, with the most around it."""
        block = grid[tuple((count - 1) // 2 for count in grid.shape)]
        return self.segment_task(block), self.classify_task(block, grid)

    def segment_task(self, block: Block) -> SegmentTask:
        """Return what segmenting a block takes."""
        parameters, extent = self.recipe.superpixels, block.lattice.shape
        cells = block.cells_with(parameters.halo(LABEL_MARGIN))
        computed = cells.scaled(block.lattice.size, extent)
        smoothed = computed.grown(parameters.smoothing_radius, extent)
        return SegmentTask(
            channels=self.recipe.channels,
            itemsize=self.itemsize,
            axes=len(extent),
            id_itemsize=block.lattice.dtype.itemsize,
            read=_volume(self.recipe.window(block)),
            smoothed=_volume(smoothed),
            section=math.prod(smoothed.shape[-2:]),
            computed=_volume(computed),
            labelled=_volume(block.pixels(LABEL_MARGIN)),
            measured=_volume(graph_window(block, self.recipe.features)),
            core=_volume(block.core),
            computed_cells=_volume(cells),
            named_cells=_volume(block.cells_with(NAMED_MARGIN)),
            nodes=_volume(block.cells),
            node_columns=len(self.recipe.node_columns),
            edge_columns=len(self.recipe.edge_columns),
            chunk=self.chunk,
            masked=self.masked,
            filtered=any(statistic.radius for statistic in self.recipe.features),
            rough=parameters.sigma < _DEFAULTS.sigma or parameters.compactness < _DEFAULTS.compactness,
        )

    def classify_task(self, block: Block, grid: BlockGrid) -> ClassifyTask:
        """Return what labelling and painting a block takes."""
        reach = cells_needed(self.network.layers)
        return ClassifyTask(
            axes=len(block.index),
            id_itemsize=block.lattice.dtype.itemsize,
            core=_volume(block.core),
            nodes=_volume(block.cells),
            read_nodes=sum(_volume(near.cells) for near in grid.neighbours(block, reach)),
            near_nodes=_volume(block.cells_with(reach)),
            ring_nodes=_volume(block.cells_with(cells_reached(self.network.layers))),
            node_columns=len(self.recipe.node_columns),
            edge_columns=len(self.recipe.edge_columns),
            width=self.network.width,
            classes=self.network.classes,
            attention=self.network.aggregation == "attention",
            probabilities=self.probabilities,
        )


def _volume(box: Box) -> int:
    return math.prod(box.shape)
