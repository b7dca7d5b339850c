"""The region graph of an image and its labels, lazily."""

from __future__ import annotations

from typing import Any

import dask.array as da
from dask.base import tokenize
from dask.delayed import Delayed
from dask.highlevelgraph import HighLevelGraph
from numpy.typing import NDArray

from terrazzo.blocks import BlockGrid
from terrazzo.blockwise.block_tasks import graph_of_windows
from terrazzo.blockwise.image_array import ImageLike, image_array
from terrazzo.blockwise.windows import window_tasks
from terrazzo.errors import InputError, ParameterError
from terrazzo.lattice import Lattice
from terrazzo.regions.block_graph import LABEL_MARGIN, edge_columns, graph_window
from terrazzo.regions.features import DEFAULT_FEATURES, FeatureSet, column_names
from terrazzo.regions.merge import merge


def region_graph(
    image: ImageLike,
    labels: da.Array | NDArray[Any],
    *,
    lattice: Lattice,
    features: FeatureSet = DEFAULT_FEATURES,
    block: int | None = None,
) -> Delayed:
    """Return the region graph, lazily: `.compute()` gives a RegionGraph.

    Parameters
    ----------
    image : Image or array, shape (y, x) or (c, y, x)
        What is measured, in float32; it need not be the image that the superpixels were made from.
    labels : array of unsigned int, shape (y, x)
        Superpixels, as `superpixels` returns them.
    lattice : Lattice
        The lattice of `labels`: a plain array cannot say that it is lattice-made.
    features : tuple of Statistic
        What is measured on each region.
    block : int, optional
        About how many pixels wide the blocks are that tasks work on: it changes the cost, never the answer.

    Returns
    -------
    dask.delayed.Delayed of RegionGraph

    Raises
    ------
    InputError
        If image, labels and lattice differ in extent, or labels are no whole numbers; on compute, if a label is
        none of the lattice's.

    Examples
    --------
    >>> import dask.array as da, terrazzo as tz
    >>> image = da.random.random((300, 200), chunks=100)
    >>> lattice = tz.Lattice.of(image, size=20)
    >>> graph = tz.region_graph(image, tz.superpixels(image, lattice), lattice=lattice).compute()
    >>> graph.number_of_nodes
    150
    """
    array, labels = image_array(image), da.asarray(labels)
    _check_extents(array, labels, lattice)
    grid = BlockGrid.of(lattice, block)
    blocks = list(grid)
    image_source = array.rechunk((-1, *grid.chunks()))
    labels_source = labels.rechunk(grid.chunks())
    name = f"block-graph-{tokenize(image_source.name, labels_source.name, grid, features)}"
    tasks, windows = window_tasks(image_source, [graph_window(b, features) for b in blocks], f"image-{name}")
    more, label_windows = window_tasks(labels_source, [b.pixels(LABEL_MARGIN) for b in blocks], f"labels-{name}")
    tasks |= more
    features_key = f"features-{name}"
    tasks[features_key] = (tuple, list(features))
    for one, window, label_window in zip(blocks, windows, label_windows, strict=True):
        tasks[(name, *one.index)] = (graph_of_windows, window, label_window, one, features_key)
    parts = [(name, *one.index) for one in blocks]
    key = f"region-{name}"
    tasks[key] = (merge, parts, column_names(features, array.shape[0]), edge_columns(array.shape[0]))
    graph = HighLevelGraph.from_collections(key, tasks, dependencies=[image_source, labels_source])
    return Delayed(key, graph)


def _check_extents(array: da.Array, labels: da.Array, lattice: Lattice) -> None:
    if not isinstance(lattice, Lattice):
        raise ParameterError(f"lattice is {lattice!r}; pass Lattice.of(image, size=…)")
    if labels.ndim != 2 or labels.dtype.kind not in "ui":
        raise InputError(f"labels are {labels.dtype} with {labels.ndim} axes; they must be whole numbers (y, x)")
    extents = {"image": array.shape[1:], "labels": labels.shape, "lattice": lattice.shape}
    if len(set(extents.values())) > 1:
        found = ", ".join(f"the {what} {extent}" for what, extent in extents.items())
        raise InputError(f"the extents (y, x) differ: {found}; they must be those of one image")
