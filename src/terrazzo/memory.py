"""How many bytes does a task hold at once? Projected before it runs, from integers alone.

A task goes through stages, and its peak is the stage that holds most. Each stage below adds up the arrays that are
alive in it, in bytes per pixel or per row, in the order in which the code makes them. What depends on the image's
content (pieces of superpixels, edges) is taken as white noise has it, which is more than any picture has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MIB = 2**20
UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")

# What a Dask worker holds before its first block, measured: numpy, zarr, pyarrow and numba that has just compiled the
# kernels (200 MiB less where they come from its cache); the same with torch and DGL; and the process that hands out
# blocks, with Dask's scheduler.
WORKER, WORKER_WITH_TORCH, CLIENT = 520 * MIB, 950 * MIB, 450 * MIB

# What the allocator keeps and nobody uses: little in a Dask worker, whose nanny tells it to give memory back; up to as
# much again in the threads of any other process.
SLACK_PERCENT, OWN_PROCESS_PERCENT = 10, 100

# What the pools of pyarrow, torch and zarr grow by in a task, whatever its size.
POOLS = 24 * MIB

# What a convolution's library keeps beside the features that it reads and writes, measured: up to 10 %.
SCRATCH_PERCENT = 15

# A table, its Arrow columns with their levels, and its pages: times a table that is being written.
WRITING = 4

# zarr decodes so many stored chunks at a time, each with its compressed bytes beside it.
CHUNKS_AT_ONCE = 10

# Of 100 pixels of white noise so many begin a run of one label in their row, and so many are in no largest piece: with
# the default smoothing and compactness, and with less of them.
RUNS_PERCENT, STRAYS_PERCENT = {False: 40, True: 100}, {False: 30, True: 100}

# Edges per superpixel: in an image at most 3 (the graph is planar), in a volume more than white noise has (8.5).
EDGES_PER_NODE = {2: 3, 3: 10}

# Filter responses of one channel, alive at once, in bytes per pixel: mean, deviation, gradient and Laplacian.
RESPONSES = 16


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
    chunk : int
        Bytes of a stored chunk of the image.
    masked, filtered, rough : bool
        Whether there is a mask; whether a feature looks around its region; whether smoothing or compactness is less
        than by default, which leaves superpixels in pieces.
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
    chunk: int = 0
    masked: bool = False
    filtered: bool = True
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
        return _with_slack(self.stages)

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
        per_pixel = 4 * self.channels + 4 + RESPONSES * self.filtered
        return self.measured * per_pixel + self._tables

    @property
    def _tables(self) -> int:
        edges = EDGES_PER_NODE[self.axes] * self.nodes
        return table_bytes(self.nodes, edges, self.axes, self.id_itemsize, self.node_columns, self.edge_columns)


@dataclass(frozen=True)
class ClassifyTask:
    """What the task holds that labels a block's superpixels and paints them.

    The task that writes coarser levels holds less: the ids of a tile, which has as many pixels as a block, twice.

    Parameters
    ----------
    axes, id_itemsize, core, nodes, node_columns, edge_columns : int
        As for `SegmentTask`.
    read_nodes : int
        Superpixels of all blocks whose tables are read.
    near_nodes, ring_nodes : int
        Those of them that the block's classes could depend on, and those that they do.
    width, classes : int
        Of the network.
    attention, probabilities : bool
        Whether its messages are weighted edge by edge; whether an image of each class's probability is painted.
    """

    axes: int
    id_itemsize: int
    core: int
    nodes: int
    read_nodes: int
    near_nodes: int
    ring_nodes: int
    node_columns: int
    edge_columns: int
    width: int
    classes: int
    attention: bool = False
    probabilities: bool = False

    @property
    def stages(self) -> dict[str, int]:
        """The bytes of each stage."""
        ids = self.core * self.id_itemsize
        read, near = self._tables(self.read_nodes), self._tables(self.near_nodes)
        return {
            "read": 2 * ids + read + self._tables(self.nodes),
            "merge": ids + read + 3 * near + 24 * self._edges(self.near_nodes),
            "network": ids + read + near + self._tables(self.ring_nodes) + self._network,
            "paint": ids + read + self.core * (4 + 1 + 2 * self.probabilities),
            "write": ids + read + self.core * 2 + WRITING * (self._tables(self.nodes) + 4 * self.classes * self.nodes),
        }

    @property
    def bytes(self) -> int:
        """The bytes of the largest stage, with what allocators keep."""
        return _with_slack(self.stages)

    @property
    def _network(self) -> int:
        """The ends of its edges, the graph in three sparse formats, scaled features, the activations of one layer."""
        nodes, directed = self.ring_nodes, 2 * self._edges(self.ring_nodes)
        graph = directed * (16 + 3 * 16 + 8 * self.edge_columns)
        activations = 8 * 4 * self.width * nodes
        if self.attention:
            activations += 6 * 4 * self.width * directed
        return graph + 2 * 4 * self.node_columns * nodes + activations

    def _edges(self, nodes: int) -> int:
        return EDGES_PER_NODE[self.axes] * nodes

    def _tables(self, nodes: int) -> int:
        edges = self._edges(nodes)
        return table_bytes(nodes, edges, self.axes, self.id_itemsize, self.node_columns, self.edge_columns)


@dataclass(frozen=True)
class PixelTask:
    """What the task holds that classifies a block's pixels by a U-Net.

    Parameters
    ----------
    channels, itemsize : int
        Of the image; bytes per value.
    classes : int
        Of the network.
    read, padded, core : int
        Pixels of the block's window; of the same in whole strides; of what the block keeps.
    alive : int
        The most values that the network's features hold at once.
    chunk, masked
        As for `SegmentTask`.
    """

    channels: int
    itemsize: int
    classes: int
    read: int
    padded: int
    core: int
    alive: int
    chunk: int = 0
    masked: bool = False

    @property
    def stages(self) -> dict[str, int]:
        """The bytes of each stage."""
        pixels = self.channels * self.read * self.itemsize + self.read * self.masked
        single = 4 * self.channels * self.padded
        return {
            "read": pixels + max(pixels, 2 * CHUNKS_AT_ONCE * self.chunk),
            "scale": pixels + 3 * single,
            "network": pixels + 2 * single + 4 * self.alive * (100 + SCRATCH_PERCENT) // 100,
            "classes": pixels + single + 4 * self.classes * self.padded + (8 + 1) * self.core,
            "write": pixels + 3 * self.core,
        }

    @property
    def bytes(self) -> int:
        """The bytes of the largest stage, with what allocators keep."""
        return _with_slack(self.stages)


def table_bytes(nodes: int, edges: int, axes: int, id_itemsize: int, node_columns: int, edge_columns: int) -> int:
    """Return the bytes of a node table and an edge table: ids, positions, areas and features."""
    node = id_itemsize + 8 * axes + 4 + 4 * node_columns
    return nodes * node + edges * (2 * id_itemsize + 4 * edge_columns)


def readable_bytes(count: float) -> str:
    """Return a number of bytes as people read it, such as "1.5 GiB"."""
    step = 0
    while count >= 1024 and step < len(UNITS) - 1:
        count, step = count / 1024, step + 1
    return f"{count:.1f} {UNITS[step]}" if step > 2 and count < 100 else f"{count:.0f} {UNITS[step]}"


def _with_slack(stages: Mapping[str, int]) -> int:
    return POOLS + max(stages.values()) * (100 + SLACK_PERCENT) // 100
