"""Blocks of a prediction and an annotation of which one is an array: each computed once, in one Dask graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, TypeAlias, TypeVar
from uuid import uuid4

import dask
import dask.array as da
import numpy as np
from dask.delayed import Delayed
from dask.highlevelgraph import HighLevelGraph
from distributed import Client

from terrazzo.blocks import Block, Box
from terrazzo.blockwise.cluster.run_blocks import Done
from terrazzo.blockwise.inputs.image_array import ImageLike, plane_array
from terrazzo.blockwise.inputs.windows import Window, assemble, window_tasks
from terrazzo.blockwise.runs.score_block import LabelWindow
from terrazzo.errors import InputError
from terrazzo.io.images.image import Image
from terrazzo.io.images.stored_array import StoredArray

T = TypeVar("T")
LabelImage: TypeAlias = Image | da.Array
HOW_TO_FILL = "da.ma.filled({}, 255)"


def source_of(labels: LabelImage) -> StoredArray | da.Array:
    """Return what windows of a label image are read from."""
    return labels.stored if isinstance(labels, Image) else labels


def extent_of(labels: LabelImage) -> tuple[int, ...]:
    """Return the lengths of a label image along (y, x) or (z, y, x).

    Raises
    ------
    InputError
        If it has more than one channel.
    """
    extent: tuple[int, ...] = labels.plane.shape if isinstance(labels, Image) else labels.shape
    return extent


def label_plane(labels: ImageLike, what: str) -> LabelImage:
    """Return a label image on disk as it is, and an array as a Dask array (y, x) or (z, y, x) of whole numbers.

    Raises
    ------
    InputError
        If it holds other values, has a mask of its own, or a DataArray has more than one channel.
    ParameterError
        If it is a path.
    """
    if isinstance(labels, Image):
        if labels.dtype.kind not in "bui":
            found = f"{what} '{labels.path}' holds {labels.dtype} values"
            raise InputError(f"{found}; it must hold whole numbers, a class each")
        return labels
    plane = plane_array(labels, what, HOW_TO_FILL.format(what.split()[-1]))
    if plane.dtype.kind not in "bui" or plane.ndim not in (2, 3):
        raise InputError(
            f"{what} is {plane.dtype} with {plane.ndim} axes; it must hold whole numbers (y, x) or (z, y, x), a "
            "class each"
        )
    return plane.astype(np.uint8) if plane.dtype.kind == "b" else plane


def run_on_windows(
    function: Callable[..., T],
    blocks: Iterable[Block],
    window: Callable[[Block], Box],
    *shared: Any,
    client: Client | None = None,
    done: Done | None = None,
) -> Iterator[T]:
    """Yield `function(block, *shared)` of each block, where Dask arrays among `shared` are windows of their pixels."""
    waiting, name = list(blocks), f"windows-{uuid4().hex}"
    boxes, arrays = [window(block) for block in waiting], [one for one in shared if isinstance(one, da.Array)]
    tasks: dict[Any, Any] = {}
    windows = []
    for number, array in enumerate(arrays):
        cuts, cut = window_tasks(array, boxes, f"{name}-{number}")
        tasks |= cuts
        windows.append(cut)
    keys = [f"{name}-block-{number}" for number in range(len(waiting))]
    fixed = [None if isinstance(one, da.Array) else one for one in shared]
    for key, block, box, *parts in zip(keys, waiting, boxes, *windows, strict=True):
        tasks[key] = (partial(_in_window, function, block, box, fixed), parts)
    # one graph and no arrays of their own, which Dask would optimise, and what they build on compute, one by one
    graph = HighLevelGraph.from_collections(name, tasks, dependencies=arrays)
    lazy = [Delayed(key, graph, layer=name) for key in keys]
    found = dask.compute(*lazy, **({} if client is None else {"scheduler": client}))
    for block, result in zip(waiting, found, strict=True):
        if done is not None:
            done(block)
        yield result


def _in_window(function: Callable[..., T], block: Block, box: Box, fixed: list[Any], windows: list[Window]) -> T:
    cut = iter(windows)
    shared = (LabelWindow(box, assemble(next(cut))) if one is None else one for one in fixed)
    return function(block, *shared)
