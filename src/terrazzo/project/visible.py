"""The classes of what is on the screen: a window of an image, from its graph on disk, before the rest is written."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
from distributed import Client
from numpy.typing import NDArray

from terrazzo.blocks import Block, Box
from terrazzo.blockwise.cluster.run_blocks import run_blocks
from terrazzo.blockwise.passes.sources import Sources
from terrazzo.blockwise.passes.stored_passes import given_of
from terrazzo.errors import ParameterError
from terrazzo.io.images.image import Image
from terrazzo.lattice import Lattice
from terrazzo.models.fitted_model import FittedModel
from terrazzo.models.passes.declared import Pass
from terrazzo.project.stored_graph import StoredGraph
from terrazzo.regions.classes.annotation import NOT_ANNOTATED

SIDES = {2: (1024, 1024), 3: (16, 512, 512)}
"""Pixels of a block of a window at most, by axes: smaller ones would read more around them than they show."""

LEAST = 2
"""Blocks of a window, so that threads share it."""


def window_classes(
    model: FittedModel,
    image: Image,
    graph: StoredGraph,
    window: tuple[slice, ...],
    *,
    device: str = "auto",
    client: Client | None = None,
) -> NDArray[np.uint8]:
    """Return the classes of the pixels of a window, as `write_prediction` would write them but for ties.

    Parameters
    ----------
    model : FittedModel
        One on superpixels.
    image : Image
    graph : StoredGraph
        Of that image, made by the recipe of the model.
    window : tuple of slice
        (y, x) or (z, y, x), without steps.
    device : str
        Where the network runs.
    client : distributed.Client, optional
        Where blocks are computed; by default in threads of this process.

    Raises
    ------
    ParameterError
        If the window is none of the image.
    """
    box = _box(window, image.extent)
    blocks = _blocks(box, graph.grid.lattice)
    found = np.full(box.shape, NOT_ANNOTATED, np.uint8)
    sources, last = Sources(image.stored, path=image.path), model.passes(device)[-1]
    for block, classes in run_blocks(_classes, blocks, last, sources, graph, client=client):
        both = block.core.overlap(box)
        if both is not None:
            found[both.within(box)] = classes[both.within(block.core)]
    return found


def _blocks(box: Box, lattice: Lattice) -> list[Block]:
    """Return blocks that hold a box of pixels, and of other pixels no more than their superpixels need."""
    start = [a // size for a, size in zip(box.start, lattice.size, strict=True)]
    stop = [-(-b // size) for b, size in zip(box.stop, lattice.size, strict=True)]
    lengths = [(b - a) * size for a, b, size in zip(start, stop, lattice.size, strict=True)]
    parts = [-(-length // side) for length, side in zip(lengths, SIDES[len(lengths)], strict=True)]
    if math.prod(parts) < LEAST:
        parts[int(np.argmax(lengths))] = LEAST
    ends = [np.unique(np.linspace(a, b, n + 1).astype(int)) for a, b, n in zip(start, stop, parts, strict=True)]
    spans = [list(itertools.pairwise(map(int, one))) for one in ends]
    cells = (Box(*zip(*one, strict=True)) for one in itertools.product(*spans))
    return [Block((number,) + (0,) * (len(start) - 1), one, lattice) for number, one in enumerate(cells)]


def _classes(block: Block, last: Pass, sources: Sources, graph: StoredGraph) -> tuple[Block, Any]:
    return block, given_of((last,), block, sources, graph)["classes"]


def _box(window: tuple[slice, ...], extent: tuple[int, ...]) -> Box:
    if len(window) != len(extent) or any(part.step not in (None, 1) for part in window):
        raise ParameterError(f"the window is {window}; give a slice without a step for each of the {len(extent)} axes")
    spans = [part.indices(length)[:2] for part, length in zip(window, extent, strict=True)]
    if any(a >= b for a, b in spans) or not math.prod(extent):
        raise ParameterError(f"the window {window} holds no pixel of the image, which has {extent}")
    return Box(tuple(a for a, _ in spans), tuple(b for _, b in spans))
