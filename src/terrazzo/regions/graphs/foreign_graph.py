"""What a block owns of labels from elsewhere (Cellpose, StarDist, a watershed): the regions that begin in its core.

A region belongs to the block whose core holds its first pixel in raster order, and `max_extent`, the largest side of a
bounding box, is the halo in which the block sees all of it. No block sees the whole image, and yet none of the regions
that are larger escapes. Let f be the first pixel of one, A the block of f, q the first pixel that A does not see, and
B the block of q. If B takes q for the first pixel, both own the id. Otherwise B sees an earlier pixel r, and A sees it
too. Unless A or B already finds the region too large, r is nearer than `max_extent` to f and to q. So the block of r
sees both of them, and they are farther apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Block, BlockGrid, Box
from terrazzo.errors import InputError, ParameterError
from terrazzo.kernels.measures.moments import areas, offsets
from terrazzo.kernels.measures.region_faces import dense_index, extents, region_faces
from terrazzo.lattice import Lattice
from terrazzo.regions.graphs.block_graph import BlockGraph
from terrazzo.regions.graphs.measure import finite_pixels, labelled_pixels, measure, measured_window
from terrazzo.regions.graphs.merge import merge
from terrazzo.regions.graphs.region_graph import RegionGraph
from terrazzo.regions.statistics.statistic import FeatureSet


def foreign_block_graph(
    image: NDArray[Any],
    labels: NDArray[np.integer[Any]],
    block: Block,
    max_extent: tuple[int, ...],
    features: FeatureSet,
) -> BlockGraph:
    """Return the nodes and edges of the regions that begin in a block's core.

    Parameters
    ----------
    image : ndarray, shape (c, y, x) or (c, z, y, x)
        The pixels of `foreign_graph_window(block, max_extent, features)`.
    labels : ndarray of int, shape (y, x) or (z, y, x)
        The labels of `foreign_window(block, max_extent)`; 0 is none.
    block : Block
        Whose nodes and edges are wanted.
    max_extent : tuple of int
        The largest side of a region's bounding box along each axis, in pixels.
    features : FeatureSet
        What is measured on each region.

    Raises
    ------
    InputError
        If a region that can be seen is larger than `max_extent`, a label is negative, or a labelled pixel is not
        finite.
    """
    box, window = foreign_window(block, max_extent), foreign_graph_window(block, max_extent, features)
    seen = _regions_seen(labels, box, max_extent)
    owned = seen.begin_in(block.core)
    rows, index = np.flatnonzero(owned), seen.numbered_anew(owned)
    area = areas(index, rows.size)
    pixels = finite_pixels(image, window, labelled_pixels(labels, box, window))
    under = pixels[(slice(None), *box.within(window))].reshape(-1, *index.shape)
    edges, faces, contrast = region_faces(seen.index, owned, under)
    return BlockGraph(
        seen.ids[rows],
        _centroids(index, seen.start[rows], box, area),
        area.astype(np.uint32),
        measure(pixels, window, index.reshape(box.shape), box, area, features),
        seen.ids[edges],
        np.concatenate([faces[:, None], contrast], axis=1).astype(np.float32),
    )


def merge_foreign(
    parts: Sequence[BlockGraph], node_columns: tuple[str, ...], edge_columns: tuple[str, ...]
) -> RegionGraph:
    """Return the graph of all parts, as `merge` does.

    Raises
    ------
    InputError
        If two blocks own the same id: its pixels lie farther apart than `max_extent`.
    """
    ids = np.concatenate([part.ids for part in parts])
    order = np.argsort(ids)
    again = np.flatnonzero(ids[order][1:] == ids[order][:-1])
    if again.size:
        places = np.concatenate([part.positions for part in parts])[order[again[0] : again[0] + 2]]
        axes = ", ".join("zyx"[-places.shape[1] :])
        one, other = (tuple(round(at) for at in place) for place in places.tolist())
        raise InputError(
            f"label {ids[order[again[0]]]} is used around pixel ({axes}) = {one} and again around {other}, farther "
            "apart than max_extent; give each region a label of its own, or pass a larger max_extent"
        )
    return merge(parts, node_columns, edge_columns)


@dataclass(frozen=True, eq=False)
class _RegionsSeen:
    """The regions of a window, whole or not: their first pixels and where they start along each axis of the image."""

    ids: NDArray[np.unsignedinteger[Any]]
    index: NDArray[np.int32]
    first: NDArray[np.int64]
    start: NDArray[np.int64]

    def begin_in(self, core: Box) -> NDArray[np.bool_]:
        start, stop = core.as_volume.start, core.as_volume.stop
        inside: NDArray[np.bool_] = np.all((self.first >= start) & (self.first < stop), axis=1)
        return inside

    def numbered_anew(self, kept: NDArray[np.bool_]) -> NDArray[np.int32]:
        """The index of the regions that are kept; -1 for all others."""
        row_of_region = np.full(kept.size + 1, -1, np.int32)  # the last entry serves region -1
        row_of_region[:-1][kept] = np.arange(np.count_nonzero(kept), dtype=np.int32)
        return row_of_region[self.index]


def _regions_seen(labels: NDArray[np.integer[Any]], box: Box, max_extent: tuple[int, ...]) -> _RegionsSeen:
    volume, axes = box.as_volume, len(box.start)
    found, index = dense_index(labels.reshape(volume.shape))
    first, start, stop = extents(index, found.size)
    first += volume.start
    if found.size and found[0] < 0:
        raise InputError(
            f"label {found[0]} at pixel {_place(first[0], axes)} is negative; labels start at 1, 0 is none"
        )
    sides = (stop - start)[:, -axes:]
    large = np.flatnonzero((sides > max_extent).any(axis=1))
    if large.size:
        enough = tuple(np.maximum(max_extent, sides.max(axis=0)).tolist())
        raise InputError(
            f"region {found[large[0]]}, seen at pixel {_place(first[large[0]], axes)}, is at least "
            f"{tuple(sides[large[0]].tolist())} pixels large and max_extent is {max_extent}; pass max_extent={enough} "
            "or more, or, if these are several regions, give each a label of its own"
        )
    dtype = np.uint32 if labels.dtype.itemsize <= 4 else np.uint64
    return _RegionsSeen(found.astype(dtype), index, first, start + volume.start)


def _centroids(
    index: NDArray[np.int32], start: NDArray[np.int64], box: Box, area: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return sums of whole numbers, divided once: the same bits in any block."""
    summed = offsets(index, start - box.as_volume.start) + area[:, None] * start
    centroids: NDArray[np.float64] = summed[:, -len(box.start) :] / area[:, None]
    return centroids


def _place(pixel: NDArray[np.int64], axes: int) -> str:
    return f"({', '.join('zyx'[-axes:])}) = {tuple(pixel[-axes:].tolist())}"


# How fine the default blocks are cut, and how many times wider than the largest region they are at least.
CUT, BLOCK_PER_EXTENT = 32, 4


def largest_extent(max_extent: int | Sequence[int], axes: int) -> tuple[int, ...]:
    """Return `max_extent` as one whole number of pixels per axis.

    Raises
    ------
    ParameterError
        If it is not made of whole numbers of at least 1, one or `axes` of them.
    """
    sides = (max_extent,) * axes if np.ndim(max_extent) == 0 else tuple(max_extent)  # type: ignore[arg-type]
    whole = all(isinstance(s, int | np.integer) and not isinstance(s, bool) and s >= 1 for s in sides)
    if len(sides) != axes or not whole:
        raise ParameterError(
            f"max_extent is {max_extent!r}; it must be the largest side of a region's bounding box, a whole number of "
            f"pixels of at least 1, or one for each of the {axes} axes"
        )
    return tuple(int(s) for s in sides)  # type: ignore[arg-type]


def foreign_grid(extent: tuple[int, ...], max_extent: tuple[int, ...], block: int | None = None) -> BlockGrid:
    """Return the blocks that labels from elsewhere are worked in: the cells of a lattice that only cuts.

    Parameters
    ----------
    extent : tuple of int
        The image's, in pixels.
    max_extent : tuple of int
        The largest side of a region's bounding box along each axis, in pixels.
    block : int, optional
        The blocks' width in pixels; by default what suits the extent, and at least four regions along each axis.
    """
    axes = len(extent)
    suited = BlockGrid.of(Lattice(extent, (CUT,) * axes), block)
    sides = [max(CUT * cells, BLOCK_PER_EXTENT * m) for cells, m in zip(suited.block_cells, max_extent, strict=True)]
    if block is not None:
        sides = [max(2, block)] * axes
    return BlockGrid(Lattice(extent, tuple(sides)), (1,) * axes)


def foreign_window(block: Block, max_extent: tuple[int, ...]) -> Box:
    """Return the pixels whose labels a block looks at: all that its own regions can reach, and touch."""
    return block.core.grown(max_extent, block.lattice.shape)


def foreign_graph_window(block: Block, max_extent: tuple[int, ...], features: FeatureSet) -> Box:
    """Return the pixels of the image that the nodes and edges of a block's regions depend on."""
    own = block.core.grown([side - 1 for side in max_extent], block.lattice.shape)
    return measured_window(own, block.lattice.shape, features)
