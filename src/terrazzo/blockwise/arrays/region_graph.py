"""The region graph of an image and its labels, lazily."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import dask.array as da
from dask.base import tokenize
from dask.delayed import Delayed
from dask.highlevelgraph import HighLevelGraph
from numpy.typing import NDArray

from terrazzo.blocks import Block, BlockGrid, Box
from terrazzo.blockwise.inputs.block_inputs import warn_of_halo
from terrazzo.blockwise.inputs.data_array import check_same_places
from terrazzo.blockwise.inputs.image_array import ImageLike, axis_names, image_array, plane_array
from terrazzo.blockwise.inputs.windows import Window, assemble, window_tasks
from terrazzo.blockwise.passes.lazy_passes import LazyGraph
from terrazzo.errors import InputError, ParameterError
from terrazzo.io.images.image import Image
from terrazzo.io.images.unmasked import FILLED
from terrazzo.lattice import Lattice
from terrazzo.regions.graphs.block_graph import BlockGraph, block_graph, edge_columns, graph_window
from terrazzo.regions.graphs.foreign_graph import (
    foreign_block_graph,
    foreign_graph_window,
    foreign_grid,
    foreign_window,
    largest_extent,
    merge_foreign,
)
from terrazzo.regions.graphs.measure import labelled_pixels
from terrazzo.regions.graphs.merge import merge
from terrazzo.regions.statistics.features import DEFAULT_FEATURES, FeatureSet, column_names
from terrazzo.regions.superpixels.block_labels import LABEL_MARGIN, BlockLabels

LabelsLike: TypeAlias = "Image | da.Array | NDArray[Any]"


def region_graph(
    image: ImageLike,
    labels: LabelsLike,
    *,
    lattice: Lattice | None = None,
    max_extent: int | Sequence[int] | None = None,
    features: FeatureSet = DEFAULT_FEATURES,
    block: int | None = None,
) -> Delayed:
    """Return the region graph, lazily: `.compute()` gives a RegionGraph.

    Chunks and blocks never change it, nor whether it is an error.

    Parameters
    ----------
    image : Image or array, shape (y, x), (c, y, x), (z, y, x) or (c, z, y, x)
        What is measured, in float32; it need not be the image that the labels were made from. Three axes are
        (z, y, x) if the labels have three.
    labels : Image or array of whole numbers, shape (y, x) or (z, y, x)
        The region of each pixel; 0 is none, and there the image may be NaN or infinite.
    lattice : Lattice, optional
        For superpixels, as `superpixels` returns them: their lattice, which a plain array cannot tell.
    max_extent : int or sequence of int, optional
        For labels that were made in any other way: the largest side of a region's bounding box in pixels, for all
        axes or one per axis. A region need not be connected. It is what a block reads around itself: larger costs
        more, and changes nothing else.
    features : tuple of Statistic
        What is measured on each region.
    block : int, optional
        About how many pixels wide the blocks are that tasks work on: it changes the cost, never the answer.

    Returns
    -------
    dask.delayed.Delayed of RegionGraph
        Its ids are the labels: uint32 if theirs have at most 32 bits, else uint64.

    Raises
    ------
    ParameterError
        If not exactly one of `lattice` and `max_extent` is given, or it is none.
    InputError
        If image, labels and lattice differ in extent, or labels are no whole numbers; on compute, if a label is
        none of the lattice's, if the bounding box of all pixels of one label is larger than `max_extent`, if a
        label is negative, or if a pixel with a label is not finite.

    Examples
    --------
    >>> import dask.array as da, terrazzo as tz
    >>> image = da.random.random((300, 200), chunks=100)
    >>> lattice = tz.Lattice.of(image, size=20)
    >>> graph = tz.region_graph(image, tz.superpixels(image, lattice), lattice=lattice).compute()
    >>> graph.number_of_nodes
    150

    The squares of a checkerboard, which no lattice of this package made:

    >>> squares = da.arange(60_000).reshape(300, 200) // 4000 * 10 + da.arange(200) // 20 + 1
    >>> tz.region_graph(image, squares, max_extent=20).compute().number_of_edges
    275
    """
    check_same_places(image, labels, "the label image")
    labels = plane_array(labels, "labels", FILLED.format("labels", 0))
    _check_labels(labels)
    array = image_array(image, labels.ndim)
    _check_extents({"image": array.shape[1:], "labels": labels.shape})
    if lattice is not None and max_extent is None:
        plan = _of_superpixels(labels, lattice, features, block)
    elif lattice is None and max_extent is not None:
        plan = _of_foreign_labels(labels, max_extent, features, block)
    else:
        given = "neither" if lattice is None else "both"
        raise ParameterError(
            f"{given} of lattice and max_extent are given; pass the lattice of labels that terrazzo.superpixels made, "
            "and max_extent, the largest side of a region in pixels, for any others"
        )
    return _lazy_graph(array, labels, plan, features)


@dataclass(frozen=True)
class _Plan:
    """Which windows of an image and of its labels tasks get, what they do with them, and who joins the results."""

    grid: BlockGrid
    image_window: Callable[[Block], Box]
    label_window: Callable[[Block], Box]
    graph: Callable[..., Any]
    join: Callable[..., Any]


def _of_superpixels(labels: da.Array, lattice: Lattice, features: FeatureSet, block: int | None) -> _Plan:
    if not isinstance(lattice, Lattice):
        raise ParameterError(f"lattice is {lattice!r}; pass Lattice.of(image, size=…)")
    _check_extents({"labels": labels.shape, "lattice": lattice.shape})
    window = partial(graph_window, features=features)
    return _Plan(BlockGrid.of(lattice, block), window, lambda b: b.pixels(LABEL_MARGIN), _graph_of_windows, merge)


def _of_foreign_labels(
    labels: da.Array, max_extent: int | Sequence[int], features: FeatureSet, block: int | None
) -> _Plan:
    limit = largest_extent(max_extent, labels.ndim)
    return _Plan(
        foreign_grid(labels.shape, limit, block),
        partial(foreign_graph_window, max_extent=limit, features=features),
        partial(foreign_window, max_extent=limit),
        partial(_foreign_graph_of_windows, max_extent=limit),
        merge_foreign,
    )


def _lazy_graph(array: da.Array, labels: da.Array, plan: _Plan, features: FeatureSet) -> Delayed:
    grid, blocks = plan.grid, list(plan.grid)
    warn_of_halo(grid, plan.image_window)
    image_source, labels_source = array.rechunk((-1, *grid.chunks())), labels.rechunk(grid.chunks())
    name = f"block-graph-{tokenize(image_source.name, labels_source.name, grid, features, plan.graph)}"
    tasks, windows = window_tasks(image_source, [plan.image_window(b) for b in blocks], f"image-{name}")
    more, label_windows = window_tasks(labels_source, [plan.label_window(b) for b in blocks], f"labels-{name}")
    tasks |= more
    features_key = f"features-{name}"
    tasks[features_key] = (tuple, list(features))
    for one, window, label_window in zip(blocks, windows, label_windows, strict=True):
        tasks[(name, *one.index)] = (plan.graph, window, label_window, one, features_key)
    parts = [(name, *one.index) for one in blocks]
    key, channels = f"region-{name}", array.shape[0]
    columns = column_names(features, channels), edge_columns(channels, labels.ndim)
    tasks[key] = (plan.join, parts, *columns)
    graph = HighLevelGraph.from_collections(key, tasks, dependencies=[image_source, labels_source])
    return LazyGraph(key, graph)


def _check_labels(labels: da.Array) -> None:
    if labels.ndim not in (2, 3) or labels.dtype.kind not in "ui":
        raise InputError(
            f"labels are {labels.dtype} with {labels.ndim} axes; they must be whole numbers (y, x) or (z, y, x)"
        )


def _check_extents(extents: dict[str, tuple[int, ...]]) -> None:
    if len(set(extents.values())) > 1:
        found = ", ".join(f"the {what} {extent}" for what, extent in extents.items())
        axes = axis_names(len(extents["labels"]))
        raise InputError(f"the extents {axes} differ: {found}; they must be those of one image")


def _graph_of_windows(image_window: Window, labels_window: Window, block: Block, features: FeatureSet) -> BlockGraph:
    """Return what a block owns of an image with labels."""
    labels, window = BlockLabels(block.pixels(LABEL_MARGIN), assemble(labels_window), 0), graph_window(block, features)
    mask = labelled_pixels(labels.ids, labels.box, window)
    return block_graph(assemble(image_window), window, labels, block, features, mask)


def _foreign_graph_of_windows(
    image_window: Window, labels_window: Window, block: Block, features: FeatureSet, max_extent: tuple[int, ...]
) -> BlockGraph:
    """Return what a block owns of an image with labels from elsewhere."""
    return foreign_block_graph(assemble(image_window), assemble(labels_window), block, max_extent, features)
