"""The second pure function of a block: image and labels -> rows of its own nodes and edges."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Block, Box
from terrazzo.errors import InputError
from terrazzo.kernels.adjacency import adjacency
from terrazzo.kernels.ids import cells_of
from terrazzo.kernels.moments import areas, offsets
from terrazzo.kernels.targets import class_counts
from terrazzo.regions.block_labels import BlockLabels, single_precision
from terrazzo.regions.features import FeatureSet, Regions, column_names

# Cells around a core whose labels a block must see, and cells around those that their pixels may name.
LABEL_MARGIN = 1
NAMED_MARGIN = 2


@dataclass(frozen=True, eq=False)
class BlockGraph:
    """The nodes and edges that one block owns, in canonical order.

    Parameters
    ----------
    ids : ndarray of uint32 or uint64, shape (N,)
    positions : ndarray of float64, shape (N, 2)
        Centroids `(y, x)` in pixels of the whole image.
    areas : ndarray of uint32, shape (N,)
    node_features : ndarray of float32, shape (N, F)
    edges : ndarray of uint32 or uint64, shape (2, E)
        The ids of the lower and the higher region.
    edge_features : ndarray of float32, shape (E, G)
    """

    ids: NDArray[np.unsignedinteger[Any]]
    positions: NDArray[np.float64]
    areas: NDArray[np.uint32]
    node_features: NDArray[np.float32]
    edges: NDArray[np.unsignedinteger[Any]]
    edge_features: NDArray[np.float32]


def edge_columns(channels: int) -> tuple[str, ...]:
    """Return the names of the edge features of an image with `channels` channels."""
    return ("boundary_length", *(f"contrast_{channel}" for channel in range(channels)))


def graph_window(block: Block, features: FeatureSet) -> Box:
    """Return the pixels of the image that a block's nodes and edges depend on, given their labels."""
    reach = max((statistic.radius for statistic in features), default=0)
    owned = _owned_pixels(block)
    around = owned.grown(max(reach, 1), block.lattice.shape)
    return around.aligned(math.lcm(*(statistic.alignment for statistic in features)))


def block_graph(
    image: NDArray[Any], window: Box, labels: BlockLabels, block: Block, features: FeatureSet
) -> BlockGraph:
    """Return the nodes and edges that a block owns.

    Parameters
    ----------
    image : ndarray, shape (c, y, x)
        The pixels of `window`, which must hold `graph_window(block, features)`.
    window : Box
        Where `image` lies in the whole image.
    labels : BlockLabels
        Superpixels of the block's core and of one cell around it.
    block : Block
        Whose nodes and edges are wanted.
    features : FeatureSet
        What is measured on each region.

    Raises
    ------
    InputError
        If a label is not one that the block's lattice allows at its place, or a pixel is not finite.
    """
    box = graph_window(block, features)
    cut = single_precision(image[(slice(None), *box.within(window))], box)
    owned = _owned_regions(labels, block)
    positions = owned.cell_origins + offsets(owned.index, owned.pixel_origins) / owned.area[:, None]
    near = _owned_pixels(block).grown(1, block.lattice.shape)
    contrast_image = cut[(slice(None), *near.within(box))]
    low_high, length, contrast = adjacency(
        owned.cells[near.within(labels.box)], owned.columns, owned.mask, contrast_image
    )
    return BlockGraph(
        owned.ids,
        positions,
        owned.area.astype(np.uint32),
        _measure(cut, box, owned, features),
        owned.id_of_cell(low_high),
        np.concatenate([length[:, None], contrast], axis=1).astype(np.float32),
    )


def block_targets(annotation: NDArray[np.uint8], labels: BlockLabels, block: Block, classes: int) -> NDArray[np.uint32]:
    """Return the annotated pixels of each class under each region that a block owns, shape (N, classes).

    Parameters
    ----------
    annotation : ndarray of uint8, shape (y, x)
        The class of each pixel of `labels.box`; 255 is not annotated.
    labels, block
        As for `block_graph`.
    classes : int
        The number of classes.
    """
    owned = _owned_regions(labels, block)
    return class_counts(owned.index, annotation, owned.area.size, classes)


def _owned_pixels(block: Block) -> Box:
    """Return the pixels that a block's superpixels can reach: half a cell around its core."""
    return block.core.grown([(size + 1) // 2 for size in block.lattice.size], block.lattice.shape)


@dataclass(frozen=True, eq=False)
class _OwnedRegions:
    """The regions that a block owns, on the pixels of its labels."""

    labels: BlockLabels
    block: Block
    cells: NDArray[np.int32]
    named: Box
    mask: NDArray[np.bool_]
    rows: NDArray[np.int64]
    index: NDArray[np.int32]
    area: NDArray[np.int64]

    @property
    def columns(self) -> int:
        return self.named.shape[1]

    @property
    def ids(self) -> NDArray[np.unsignedinteger[Any]]:
        return self.id_of_cell(self.rows)

    @property
    def cell_origins(self) -> NDArray[np.int64]:
        """The first pixel of each region's cell in the whole image."""
        cell = np.stack(np.divmod(self.rows, self.columns), axis=1) + np.array(self.named.start)
        origins: NDArray[np.int64] = cell * np.array(self.block.lattice.size)
        return origins

    @property
    def pixel_origins(self) -> NDArray[np.int64]:
        """The same, counted from the first pixel of the labels."""
        origins: NDArray[np.int64] = self.cell_origins - np.array(self.labels.box.start)
        return origins

    def id_of_cell(self, cell: NDArray[Any]) -> NDArray[np.unsignedinteger[Any]]:
        row, column = np.divmod(cell.astype(np.int64), self.columns)
        lattice = self.block.lattice
        raster = (row + self.named.start[0]) * lattice.cells[1] + column + self.named.start[1]
        return (raster + 1).astype(lattice.dtype)


def _owned_regions(labels: BlockLabels, block: Block) -> _OwnedRegions:
    lattice, named = block.lattice, block.cells_with(NAMED_MARGIN)
    origin, size, first = labels.box.start, lattice.size, named.start
    cells, foreign = cells_of(
        labels.ids,
        lattice.cells[1],
        (origin[0], origin[1]),
        (size[0], size[1]),
        (first[0], first[1]),
        named.shape[1],
    )
    if foreign >= 0:
        _refuse_foreign(labels, block, foreign)
    mask = np.zeros(named.shape, np.bool_)
    mask[block.cells.within(named)] = True
    area = areas(cells, mask.size)
    rows = np.flatnonzero(mask.ravel() & (area > 0))
    row_of_cell = np.full(mask.size + 1, -1, np.int32)  # the last entry serves cell -1
    row_of_cell[rows] = np.arange(rows.size, dtype=np.int32)
    return _OwnedRegions(labels, block, cells, named, mask.ravel(), rows, row_of_cell[cells], area[rows])


def _refuse_foreign(labels: BlockLabels, block: Block, foreign: int) -> None:
    y, x = divmod(foreign, labels.ids.shape[1])
    raise InputError(
        f"label {labels.ids[y, x]} at pixel (y, x) = ({y + labels.box.start[0]}, {x + labels.box.start[1]}) is no "
        f"superpixel of a lattice of size {block.lattice.size} on an image of {block.lattice.shape} pixels; pass "
        "the lattice that the labels were made with"
    )


def _measure(image: NDArray[np.float32], box: Box, owned: _OwnedRegions, features: FeatureSet) -> NDArray[np.float32]:
    """Return all statistics of a feature set, each on a box that starts at the right multiple."""
    table = np.empty((owned.area.size, len(column_names(features, image.shape[0]))), np.float32)
    index = np.full(box.shape, -1, np.int32)
    pixels = _owned_pixels(owned.block)
    index[pixels.within(box)] = owned.index[pixels.within(owned.labels.box)]
    column = 0
    for statistic in features:
        for part in image if statistic.per_channel else [image]:
            values = statistic.measure(Regions(part, index, owned.area))
            table[:, column : column + len(statistic.columns)] = values
            column += len(statistic.columns)
    return table
