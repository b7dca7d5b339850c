"""The second pure function of a block: image and labels -> rows of its own nodes and edges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Block, Box
from terrazzo.errors import InputError
from terrazzo.kernels.classes.targets import class_counts
from terrazzo.kernels.measures.moments import areas, offsets
from terrazzo.kernels.superpixels.adjacency import adjacency
from terrazzo.kernels.superpixels.ids import cells_of
from terrazzo.lattice import Lattice
from terrazzo.ledger import stage
from terrazzo.regions.graphs.measure import finite_pixels, measure, measured_window
from terrazzo.regions.statistics.statistic import FeatureSet
from terrazzo.regions.superpixels.block_labels import BlockLabels

# Cells around a core that the pixels of its labels, one cell around included, may name.
NAMED_MARGIN = 2


@dataclass(frozen=True, eq=False)
class BlockGraph:
    """The nodes and edges that one block owns, in canonical order.

    Parameters
    ----------
    ids : ndarray of uint32 or uint64, shape (N,)
    positions : ndarray of float64, shape (N, 2) or (N, 3)
        Centroids `(y, x)` or `(z, y, x)` in pixels of the whole image.
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


def empty_graph(lattice: Lattice, node_columns: Sequence[str], edge_columns: Sequence[str]) -> BlockGraph:
    """Return what a block without superpixels owns."""
    return BlockGraph(
        np.empty(0, lattice.dtype),
        np.empty((0, len(lattice.shape)), np.float64),
        np.empty(0, np.uint32),
        np.empty((0, len(node_columns)), np.float32),
        np.empty((2, 0), lattice.dtype),
        np.empty((0, len(edge_columns)), np.float32),
    )


def edge_columns(channels: int, axes: int) -> tuple[str, ...]:
    """Return the names of the edge features of an image with `channels` channels and 2 or 3 spatial axes."""
    boundary = "boundary_length" if axes == 2 else "boundary_area"
    return (boundary, *(f"contrast_{channel}" for channel in range(channels)))


def graph_window(block: Block, features: FeatureSet) -> Box:
    """Return the pixels of the image that a block's nodes and edges depend on, given their labels."""
    return measured_window(_owned_pixels(block), block.lattice.shape, features)


def block_graph(
    image: NDArray[Any],
    window: Box,
    labels: BlockLabels,
    block: Block,
    features: FeatureSet,
    mask: NDArray[np.bool_] | None = None,
) -> BlockGraph:
    """Return the nodes and edges that a block owns.

    Parameters
    ----------
    image : ndarray, shape (c, y, x) or (c, z, y, x)
        The pixels of `window`, which must hold `graph_window(block, features)`.
    window : Box
        Where `image` lies in the whole image.
    labels : BlockLabels
        Superpixels of the block's core and of one cell around it.
    block : Block
        Whose nodes and edges are wanted.
    features : FeatureSet
        What is measured on each region.
    mask : ndarray of bool, shape (y, x) or (z, y, x), optional
        On the pixels of `window`: where it is False, pixels that are not finite are read as 0.

    Raises
    ------
    InputError
        If a label is not one that the block's lattice allows at its place, or a pixel is not finite.
    """
    box, pixels = graph_window(block, features), _owned_pixels(block)
    with stage("number"):
        owned = _owned_regions(labels, block)
        positions = owned.positions[:, 3 - len(block.index) :]
    inside = box.within(window)
    cut = finite_pixels(image[(slice(None), *inside)], box, None if mask is None else mask[inside])
    index = owned.index.reshape(labels.box.shape)[pixels.within(labels.box)]
    with stage("edges"):
        low_high, faces, contrast = _edges(cut, box, owned)
    return BlockGraph(
        owned.ids,
        positions,
        owned.area.astype(np.uint32),
        measure(cut, box, index, pixels, owned.area, features),
        owned.ids_of(low_high),
        np.concatenate([faces[:, None], contrast], axis=1).astype(np.float32),
    )


def block_targets(annotation: NDArray[np.uint8], labels: BlockLabels, block: Block, classes: int) -> NDArray[np.uint32]:
    """Return the annotated pixels of each class under each region that a block owns, shape (N, classes).

    Parameters
    ----------
    annotation : ndarray of uint8, shape (y, x) or (z, y, x)
        The class of each pixel of `labels.box`; 255 is not annotated.
    labels, block
        As for `block_graph`.
    classes : int
        The number of classes.
    """
    owned = _owned_regions(labels, block)
    return class_counts(owned.index, annotation.reshape(owned.index.shape), owned.area.size, classes)


def _owned_pixels(block: Block) -> Box:
    """Return the pixels that a block's superpixels can reach: half a cell around its core, of cells of 1 none."""
    return block.core.grown([(size + 1) // 2 * (size > 1) for size in block.lattice.size], block.lattice.shape)


@dataclass(frozen=True, eq=False)
class _OwnedRegions:
    """The regions that a block owns, on the pixels of its labels; all of it with three axes."""

    block: Block
    box: Box
    named: Box
    cells: NDArray[np.int32]
    wanted: NDArray[np.bool_]
    rows: NDArray[np.int64]
    index: NDArray[np.int32]
    area: NDArray[np.int64]

    @property
    def ids(self) -> NDArray[np.unsignedinteger[Any]]:
        return self.ids_of(self.rows)

    @property
    def positions(self) -> NDArray[np.float64]:
        """Centroids, from sums that are relative to each region's own cell."""
        origins = self._lattice_cells(self.rows) * np.array(self.block.lattice.size)
        summed = offsets(self.index, origins - np.array(self.box.start))
        positions: NDArray[np.float64] = origins + summed / self.area[:, None]
        return positions

    def ids_of(self, cell: NDArray[Any]) -> NDArray[np.unsignedinteger[Any]]:
        return self.block.lattice.ids_of(self._lattice_cells(cell))

    def _lattice_cells(self, cell: NDArray[Any]) -> NDArray[np.int64]:
        cells: NDArray[np.int64] = np.stack(np.unravel_index(cell, self.named.shape), axis=-1) + self.named.start
        return cells


def _owned_regions(labels: BlockLabels, block: Block) -> _OwnedRegions:
    volume, box = block.as_volume, labels.box.as_volume
    lattice, named = volume.lattice, volume.cells_with(NAMED_MARGIN)
    ids = labels.ids.reshape(box.shape)
    cells, foreign = cells_of(ids, lattice.cells, box.start, lattice.size, named.start, named.shape)
    if foreign >= 0:
        _refuse_foreign(labels, block, foreign)
    wanted = np.zeros(named.shape, np.bool_)
    wanted[volume.cells.within(named)] = True
    area = areas(cells, wanted.size)
    rows = np.flatnonzero(wanted.ravel() & (area > 0))
    row_of_cell = np.full(wanted.size + 1, -1, np.int32)  # the last entry serves cell -1
    row_of_cell[rows] = np.arange(rows.size, dtype=np.int32)
    return _OwnedRegions(volume, box, named, cells, wanted.ravel(), rows, row_of_cell[cells], area[rows])


def _refuse_foreign(labels: BlockLabels, block: Block, foreign: int) -> None:
    at = np.unravel_index(foreign, labels.ids.shape)
    axes = ", ".join("zyx"[-len(at) :])
    pixel = tuple(int(i) + start for i, start in zip(at, labels.box.start, strict=True))
    raise InputError(
        f"label {labels.ids[at]} at pixel ({axes}) = {pixel} is no superpixel of a lattice of size "
        f"{block.lattice.size} on an image of {block.lattice.shape} pixels; pass the lattice that the labels were "
        "made with"
    )


def _edges(
    image: NDArray[np.float32], box: Box, owned: _OwnedRegions
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.float64]]:
    near = _owned_pixels(owned.block).grown(1, owned.block.lattice.shape)
    volume = image.reshape(len(image), *box.as_volume.shape)
    pixels = volume[(slice(None), *near.within(box.as_volume))]
    return adjacency(owned.cells[near.within(owned.box)], owned.named.shape, owned.wanted, pixels)
