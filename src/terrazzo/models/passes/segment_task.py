"""What the task holds that makes a block's superpixels, nodes and edges: the stages that a block goes through."""

from __future__ import annotations

import math
from dataclasses import dataclass

from terrazzo.blocks import Block, BlockGrid, Box, total_pixels
from terrazzo.kernels.superpixels.connectivity import ADOPTION_CELLS
from terrazzo.memory import CHUNKS_AT_ONCE, EDGES_PER_NODE, WRITING, Reading, table_bytes, with_slack
from terrazzo.regions.graphs.block_graph import NAMED_MARGIN, graph_window
from terrazzo.regions.graphs.recipe import Recipe
from terrazzo.regions.superpixels.block_labels import LABEL_MARGIN
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters

_DEFAULTS = SuperpixelParameters()

# Of 100 pixels of white noise so many begin a run of one label in their row, and so many are in no largest piece: with
# the default smoothing and compactness, and with less of them.
RUNS_PERCENT, STRAYS_PERCENT = {False: 40, True: 100}, {False: 30, True: 100}


def segment_task(recipe: Recipe, block: Block, reading: Reading) -> SegmentTask:
    """Return what segmenting a block by a recipe takes."""
    parameters, extent = recipe.superpixels, block.lattice.shape
    cells = block.cells_with(parameters.halos(LABEL_MARGIN))
    computed = cells.scaled(block.lattice.size, extent)
    smoothed = computed.grown(parameters.smoothing_radius, extent)
    return SegmentTask(
        channels=recipe.channels,
        itemsize=reading.itemsize,
        axes=len(extent),
        id_itemsize=block.lattice.dtype.itemsize,
        read=_volume(recipe.window(block)),
        smoothed=_volume(smoothed),
        section=math.prod(smoothed.shape[-2:]),
        computed=_volume(computed),
        labelled=_volume(block.pixels(LABEL_MARGIN)),
        measured=_volume(graph_window(block, recipe.features)),
        core=_volume(block.core),
        computed_cells=_volume(cells),
        named_cells=_volume(block.cells_with(NAMED_MARGIN)),
        nodes=_volume(block.cells),
        node_columns=len(recipe.node_columns),
        edge_columns=len(recipe.edge_columns),
        chunk=reading.chunk,
        masked=reading.masked,
        responses=max(statistic.bytes_per_pixel for statistic in recipe.features),
        rough=parameters.sigma < _DEFAULTS.sigma or parameters.compactness < _DEFAULTS.compactness,
    )


def segment_bytes(block: Block, grid: BlockGrid, reading: Reading, recipe: Recipe) -> int:  # noqa: ARG001
    """Return the bytes that segmenting a block by a recipe holds at its peak."""
    return segment_task(recipe, block, reading).bytes


@dataclass(frozen=True)
class SegmentTask:
    """What the task holds that makes a block's superpixels, nodes and edges.

    Parameters
    ----------
    channels, itemsize : int
        Of the image; bytes per value.
    axes : int
        2 or 3.
    id_itemsize : int
        Bytes of a superpixel's id.
    read, smoothed, section, computed, labelled, measured, core : int
        Pixels of a block's boxes: its window; what is smoothed, and one section of it; what is computed of that; its
        labels with one cell around; what its features look at; what it keeps.
    computed_cells, named_cells, nodes : int
        Lattice cells of `computed`; those whose edges are counted; superpixels that the block owns.
    node_columns, edge_columns : int
        Numbers per node and per edge.
    responses : int
        Bytes per pixel of the filter responses of one channel that are alive at once.
    chunk : int
        Bytes of a stored chunk of the image.
    masked, rough : bool
        Whether there is a mask; whether smoothing or compactness is less than by default, which leaves superpixels in
        pieces.
    """

    channels: int
    itemsize: int
    axes: int
    id_itemsize: int
    read: int
    smoothed: int
    section: int
    computed: int
    labelled: int
    measured: int
    core: int
    computed_cells: int
    named_cells: int
    nodes: int
    node_columns: int
    edge_columns: int
    responses: int = 16
    chunk: int = 0
    masked: bool = False
    rough: bool = False

    @property
    def stages(self) -> dict[str, int]:
        """The bytes of each stage."""
        pixels = self.channels * self.read * self.itemsize + self.read * self.masked
        return {
            "read": pixels + max(pixels, 2 * CHUNKS_AT_ONCE * self.chunk),
            "smooth": pixels + self._smooth,
            "cluster": pixels + self._cluster,
            "connect": pixels + self._connect,
            "number": pixels + self._labels + 8 * self.labelled,
            "edges": pixels + self._labels + 4 * self.channels * self.measured + self._edges,
            "features": pixels + self._labels + self._features,
            "write": pixels
            + self.labelled * self.id_itemsize
            + 2 * self.core * self.id_itemsize
            + WRITING * self._tables,
        }

    @property
    def bytes(self) -> int:
        """The bytes of the largest stage, with what allocators keep."""
        return with_slack(self.stages)

    @property
    def _smooth(self) -> int:
        """Single precision; two more for colours, or the smoothed channels with and without borders, five in work."""
        single, smooth = 4 * self.channels * self.smoothed, 4 * self.channels * self.computed
        plane = self.section * 8 if self.axes == 3 else 0
        under_mask = 20 * self.smoothed + self.channels * self.smoothed * self.itemsize if self.masked else 0
        return single + max(2 * single, single + max(smooth, 20 * self.smoothed) + plane) + under_mask

    @property
    def _cluster(self) -> int:
        """Smoothed channels, a code and a cell per pixel, centres and their sums."""
        per_cell = 4 * (self.channels + 3) + 8 * (self.channels + 4)
        return self.computed * (4 * self.channels + 1 + self.masked + 4) + per_cell * self.computed_cells

    @property
    def _connect(self) -> int:
        """Smoothed channels, cells before and after, runs with parents and areas, strays with their adopters."""
        of_runs, of_strays = 4 + 8 + 8, 12 + 4
        runs, strays = RUNS_PERCENT[self.rough], STRAYS_PERCENT[self.rough]
        noise = self.computed * (runs * of_runs + strays * of_strays) // 100
        whole = self.computed * (4 * self.channels + 4 + 4)
        return whole + max(noise + 32 * self.computed_cells, self.labelled * self.id_itemsize)

    @property
    def _labels(self) -> int:
        """The ids, the cell and the row of each labelled pixel."""
        return self.labelled * (self.id_itemsize + 4 + 4)

    @property
    def _edges(self) -> int:
        """A row of touching cells per cell, for faces and for the contrast of each channel; then the edges."""
        higher: int = 5**self.axes // 2
        edges = EDGES_PER_NODE[self.axes] * self.nodes
        return 8 * higher * (1 + self.channels) * self.named_cells + edges * (40 + 16 * self.channels)

    @property
    def _features(self) -> int:
        """Single precision, each pixel's row, filter responses, the tables."""
        per_pixel = 4 * self.channels + 4 + self.responses
        return self.measured * per_pixel + self._tables

    @property
    def _tables(self) -> int:
        edges = EDGES_PER_NODE[self.axes] * self.nodes
        return table_bytes(self.nodes, edges, self.axes, self.id_itemsize, self.node_columns, self.edge_columns)


def _volume(box: Box) -> int:
    return math.prod(box.shape)


def pixels_computed(grid: BlockGrid, parameters: SuperpixelParameters) -> float:
    """Return the pixels that all blocks assign to superpixels together, as the mean of the iterations."""

    def of_iteration(iteration: int) -> int:
        return total_pixels(grid, lambda block: assigned(block, parameters, iteration))

    return sum(map(of_iteration, range(1, parameters.iterations + 1))) / parameters.iterations


def assigned(block: Block, parameters: SuperpixelParameters, iteration: int) -> Box:
    """Return the pixels that a block assigns in an iteration: those on which what it keeps still depends."""
    around = parameters.iterations - iteration + LABEL_MARGIN + ADOPTION_CELLS + 1
    sizes = block.lattice.size
    alone = LABEL_MARGIN, LABEL_MARGIN
    margins = [alone if s == 1 else ((around + 1) * s - s // 2, around * s + s // 2) for s in sizes]
    spans = zip(block.core.start, block.core.stop, margins, block.lattice.shape, strict=True)
    start, stop = zip(*((max(0, a - before), min(n, b + after)) for a, b, (before, after), n in spans), strict=True)
    return Box(start, stop)
